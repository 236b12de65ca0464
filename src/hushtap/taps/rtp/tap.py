"""A live call as RTP over UDP: one port for each direction, no signalling.

A thread takes datagrams off the sockets and notes when each came; the listener may be
slower for a while. Between the two stands a bounded queue: what does not fit is lost,
which the sequence numbers show, and becomes silence.
"""

from __future__ import annotations

import queue
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.addresses import Address, parse_address, shown
from hushtap.errors import TapError, UsageError
from hushtap.observe import Metrics, Queue
from hushtap.taps.rtp.directions import QUIET_S, Directions
from hushtap.taps.rtp.encrypted import EncryptedError
from hushtap.taps.rtp.latch import LEARNED, Latch
from hushtap.taps.rtp.packet import LONGEST, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hushtap.taps.rtp.codecs import PayloadMap
    from hushtap.values import AudioFormat, PcmChunk

QUEUED: Final = 4_096
"""Datagrams: 40 s of two directions in packets of 20 ms, longer than any backlog behind it."""
IDLE_S: Final = 30.0
"""Seconds without a packet after which a call is over."""
_SOCKET_BYTES: Final = 1 << 20
_PATIENCE: Final = 0.1
"""How soon, in seconds, a thread that waits notices that it should end."""
_STEP_S: Final = 0.02

_Item: TypeAlias = tuple[int, bytes, float]


class RtpTap:
    """A call on one or two UDP ports, one for each channel; the ports are bound at once.

    ``payloads`` says what payload types carry. What comes is kept from now on and
    yielded once iterated, until nothing came for ``idle`` seconds, or ``close``. At most
    ``queued`` datagrams wait for that; ``metrics`` is told how many.

    A port listens to one address alone once that is known (``Latch``); with ``any_source``
    to all of them.

    Raises:
        UsageError: an address is not numeric, or cannot be bound.
        TapError: while iterating: nothing came at all, or it is encrypted.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        audio: AudioFormat,
        payloads: PayloadMap,
        *,
        idle: float = IDLE_S,
        queued: int = QUEUED,
        any_source: bool = False,
        metrics: Metrics | None = None,
    ) -> None:
        if len(addresses) != audio.channels:
            raise UsageError(f"{len(addresses)} ports do not make {audio.channels} channels")
        self.format = audio
        self.label = "RTP"
        self.dropped = 0
        """Datagrams for which there was no room in the queue."""
        self.strangers = 0
        """Datagrams from another address than the port listens to."""
        self._latches = [
            None if any_source else Latch(learned=LEARNED, moves=False) for _ in addresses
        ]
        self._metrics = metrics or Metrics()
        self._directions = Directions([payloads] * audio.channels, audio, quiet=QUIET_S)
        self.counts = self._directions.counts
        self._idle = idle
        self._queue: queue.Queue[_Item] = queue.Queue(queued)
        self._closing = threading.Event()
        self._sockets: list[socket.socket] = []
        try:
            for address in addresses:
                self._sockets.append(_bound(address))
        except UsageError:
            self._release()
            raise
        self.addresses = tuple(map(_name, self._sockets))
        """Where packets are taken, in channel order."""
        self._reader = threading.Thread(target=self._read, name="hushtap-rtp", daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[PcmChunk]:
        """Yield the call as it comes, once."""
        try:
            yield from self._chunks()
        finally:
            self.close()
            self._reader.join()

    def close(self) -> None:
        """Take no more packets; those that came are still yielded."""
        self._closing.set()

    def depth(self) -> int:
        """Return how many datagrams wait in the queue, for the metrics."""
        return self._queue.qsize()

    def _chunks(self) -> Iterator[PcmChunk]:
        directions = self._directions
        begun, last = False, time.monotonic()
        advanced = last
        while True:
            try:
                channel, data, now = self._queue.get(timeout=_STEP_S)
            except queue.Empty:
                self._metrics.depth(Queue.PACKETS, 0)
                now = time.monotonic()
                if now - last >= self._idle or not self._reader.is_alive():
                    break
            else:
                self._metrics.depth(Queue.PACKETS, self.depth() + 1)
                try:
                    if directions.push(channel, data, now):
                        begun, last = True, max(last, now)
                except EncryptedError as exc:
                    raise TapError(f"{shown(self.addresses[channel])}: {exc}") from None
            if now - advanced >= _STEP_S:
                advanced = now
                yield from directions.advance(now)
        if not begun and not self._closing.is_set():
            where = " or ".join(map(shown, self.addresses))
            raise TapError(f"no RTP came to {where} in {self._idle:g} s: check the sender's target")
        yield from directions.finish()

    def _read(self) -> None:
        """Move datagrams into the queue; runs in the reader's thread."""
        with selectors.DefaultSelector() as selector:
            for channel, one in enumerate(self._sockets):
                selector.register(one, selectors.EVENT_READ, channel)
            while not self._closing.is_set():
                for key, _ in selector.select(_PATIENCE):
                    self._take(self._sockets[key.data], key.data)
        self._release()

    def _take(self, one: socket.socket, channel: int) -> None:
        try:
            # One byte more than is allowed shows what is longer.
            data, source = one.recvfrom(LONGEST + 1)
        except OSError:
            # An ICMP error that somebody else's packet caused.
            return
        latch = self._latches[channel]
        if latch is not None and not latch.admits(source, parse(data)):
            self.strangers += 1
            return
        try:
            self._queue.put_nowait((channel, data, time.monotonic()))
        except queue.Full:
            self.dropped += 1

    def _release(self) -> None:
        for one in self._sockets:
            one.close()


def parse_addresses(text: str) -> list[Address]:
    """Return ``HOST:PORT[,HOST:PORT]`` as addresses; IPv6 in brackets.

    Raises:
        UsageError: that is not what it says, or a host is no numeric address.
    """
    try:
        found = [parse_address(part) for part in text.split(",")]
    except ValueError as error:
        raise UsageError(str(error)) from None
    fixed = [address for address in found if address[1]]
    if len(found) > 2 or len(set(fixed)) < len(fixed):  # noqa: PLR2004
        raise UsageError(f"{text!r}: give one port, or one for each of two directions")
    return found


def _bound(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
        one.setblocking(False)
        one.bind(address)
    except OSError as exc:
        one.close()
        raise UsageError(
            f"{shown(address)} cannot be bound ({exc.strerror}): choose another port"
        ) from exc
    return one


def _name(one: socket.socket) -> tuple[str, int]:
    host, port, *_ = one.getsockname()
    return host, port
