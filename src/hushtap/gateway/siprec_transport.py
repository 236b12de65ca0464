"""SIP over UDP, TCP and TLS: bytes to messages and back. What they mean is decided elsewhere."""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from hushtap.addresses import parse_address
from hushtap.errors import UsageError
from hushtap.taps.siprec.flows import Flow
from hushtap.taps.siprec.framing import PING, PONG, Framer
from hushtap.taps.siprec.message import RefusedError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from hushtap.gateway.siprec_config import SiprecSection

SLOW_S: Final = 20.0
"""Seconds within which a message that began on a stream has to be whole."""
SILENT_S: Final = 1_200.0
"""Seconds without a byte after which a connection is closed; a client opens another."""
_HANDSHAKE_S: Final = 10.0
_SHUTDOWN_S: Final = 2.0
_READ: Final = 65_536
_UNREAD: Final = 1 << 20
"""Bytes that a peer may leave unread before it is disconnected."""


class Transport:
    """All addresses that a server listens at.

    ``take`` gets each message with its flow, ``refuse`` the head of one that is too long
    or cannot be framed.
    """

    def __init__(
        self,
        section: SiprecSection,
        take: Callable[[bytes, Flow], None],
        refuse: Callable[[RefusedError, Flow], None],
        *,
        slow: float = SLOW_S,
    ) -> None:
        self.addresses: dict[str, tuple[str, int]] = {}
        """Where it listens, by transport."""
        self._section = section
        self._take = take
        self._refuse = refuse
        self._slow = slow
        self._numbers = count(1)
        self._udp: asyncio.DatagramTransport | None = None
        self._servers: list[asyncio.Server] = []
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Bind. Raises ``UsageError`` where an address cannot be bound, or TLS not be used."""
        context = self._section.context()
        try:
            if self._section.udp:
                await self._bind_udp(parse_address(self._section.udp))
            if self._section.tcp:
                await self._bind("TCP", parse_address(self._section.tcp), None)
            if self._section.tls:
                await self._bind("TLS", parse_address(self._section.tls), context)
        except OSError as error:
            await self.stop()
            raise UsageError(
                f"[siprec]: cannot listen ({error.strerror}): choose other addresses"
            ) from None

    async def stop(self) -> None:
        """Close everything."""
        if self._udp is not None:
            self._udp.close()
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def send(self, flow: Flow, data: bytes) -> None:
        """Send at once, or not at all: the connection may be gone."""
        if flow.transport == "UDP":
            if self._udp is not None and not self._udp.is_closing():
                self._udp.sendto(data, flow.remote)
            return
        writer = self._writers.get(flow.number)
        if writer is None or writer.is_closing():
            return
        if writer.transport.get_write_buffer_size() > _UNREAD:
            writer.transport.abort()
            return
        writer.write(data)

    def admits(self, host: str) -> bool:
        """Return whether a peer may call."""
        networks = self._section.networks
        return not networks or any(ipaddress.ip_address(host) in one for one in networks)

    async def _bind_udp(self, address: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._datagram), local_addr=address
        )
        self._udp = transport
        self.addresses["UDP"] = transport.get_extra_info("sockname")[:2]

    async def _bind(
        self, name: str, address: tuple[str, int], context: ssl.SSLContext | None
    ) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            await self._serve(name, reader, writer)

        server = await asyncio.start_server(
            serve,
            *address,
            ssl=context,
            ssl_handshake_timeout=_HANDSHAKE_S if context else None,
            ssl_shutdown_timeout=_SHUTDOWN_S if context else None,
        )
        self._servers.append(server)
        self.addresses[name] = server.sockets[0].getsockname()[:2]

    def _datagram(self, data: bytes, remote: tuple[str, int]) -> None:
        if self.admits(remote[0]) and data.strip():
            self._take(data, Flow("UDP", remote, self._local("UDP")))

    def _local(self, name: str) -> tuple[str, int]:
        host, port = self.addresses[name]
        return self._section.advertise or host, port

    async def _serve(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        remote = writer.get_extra_info("peername")[:2]
        number = next(self._numbers)
        flow = Flow(name, remote, self._local(name), number)
        try:
            if self.admits(remote[0]) and len(self._writers) < self._section.connections:
                self._writers[number] = writer
                with suppress(OSError, TimeoutError):
                    await self._read(reader, writer, flow)
        finally:
            self._writers.pop(number, None)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _read(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flow: Flow
    ) -> None:
        framer, loop = Framer(), asyncio.get_running_loop()
        until = loop.time() + SILENT_S
        while True:
            async with asyncio.timeout_at(until):
                data = await reader.read(_READ)
            if not data:
                return
            was_within = framer.within
            try:
                for message in framer.feed(data):
                    was_within = False
                    if message == PING:
                        writer.write(PONG)
                    else:
                        self._take(message, flow)
            except RefusedError as error:
                self._refuse(error, flow)
                await writer.drain()
                return
            if not framer.within:
                until = loop.time() + SILENT_S
            elif not was_within:
                until = loop.time() + self._slow


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, take: Callable[[bytes, tuple[str, int]], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._take(data, addr[:2])
