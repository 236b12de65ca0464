"""RTP without signalling: a pair of ports is a line, and what comes on it after a pause a call."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from hushtap.addresses import is_loopback
from hushtap.errors import BusyError, HushtapError, UsageError
from hushtap.gateway.calls import TapName
from hushtap.gateway.details import details_from
from hushtap.gateway.media import MediaFigures, of_rtp
from hushtap.observe import Log, LogEvent, Name, Reason
from hushtap.taps.rtp.codecs import parse_rtpmap
from hushtap.taps.rtp.directions import QUIET_S, Directions
from hushtap.taps.rtp.encrypted import EncryptedError
from hushtap.taps.rtp.latch import LEARNED, Latch
from hushtap.taps.rtp.packet import parse
from hushtap.taps.rtp.tap import QUEUED, parse_addresses
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.gateway.calls import Calls, GatewayCall
    from hushtap.gateway.config import RtpPair, RtpSection
    from hushtap.values import PcmChunk

TICK_S: Final = 0.1
"""Seconds between two looks at what became final."""

_log = Log(__name__)


class RtpServer:
    """Takes calls on the pairs of ports that ``section`` names. ``idle``: seconds, ends them.

    Raises:
        UsageError: an address or a payload type makes no sense, or the address is reached
            from other machines without ``allow_plain``.
    """

    name = TapName.RTP.value

    def __init__(self, section: RtpSection, calls: Calls, *, idle: float) -> None:
        self._lines = [Line(pair, calls, idle=idle) for pair in section.pairs]
        if not section.allow_plain and any(line.exposed for line in self._lines):
            raise UsageError(
                "[rtp] a pair is reached from other machines, and RTP is neither encrypted nor"
                " signed: bind to 127.0.0.1, or say allow_plain = true"
            )

    @property
    def ports(self) -> list[list[int]]:
        """The ports of each pair, once started."""
        return [line.ports for line in self._lines]

    async def start(self) -> None:
        """Bind and take calls. Raises ``UsageError``."""
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.stop)
            for line in self._lines:
                await line.open()
            undo.pop_all()

    async def drain(self) -> None:
        """Take no new calls: admission refuses them."""

    async def stop(self) -> None:
        """End every call in order, and free the ports."""
        await asyncio.gather(*(line.close() for line in self._lines))


class Line:
    """One pair of ports, or a single one, and the call that is on it."""

    def __init__(self, pair: RtpPair, calls: Calls, *, idle: float) -> None:
        self._addresses = parse_addresses(pair.listen)
        self._audio = AudioFormat(pair.rate, len(self._addresses))
        self._payloads = parse_rtpmap(pair.rtpmap)
        self._queue = pair.queue
        self._details = details_from({"queue": pair.queue, "agent": pair.agent})
        self._calls = calls
        self._idle = idle
        self._transports: list[asyncio.DatagramTransport] = []
        self._directions: Directions | None = None
        self._latches: list[Latch] = []
        self._task: asyncio.Task[None] | None = None
        self._last = 0.0
        self._deaf_until = 0.0
        self._waiting = 0
        self._dropped = 0

    @property
    def exposed(self) -> bool:
        """Whether other machines reach it."""
        return not all(map(is_loopback, self._addresses))

    @property
    def ports(self) -> list[int]:
        """Its ports, once open."""
        return [one.get_extra_info("sockname")[1] for one in self._transports]

    async def open(self) -> None:
        """Bind its ports. Raises ``UsageError``."""
        loop = asyncio.get_running_loop()
        for channel, (host, port) in enumerate(self._addresses):
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    partial(_Port, self, channel), local_addr=(host, port)
                )
            except OSError as error:
                await self.close()
                raise UsageError(
                    f"[rtp] {host}:{port} cannot be bound ({error.strerror}): choose another port"
                ) from None
            self._transports.append(transport)

    async def close(self) -> None:
        """End its call in order, and free the ports."""
        for transport in self._transports:
            transport.close()
        self._transports.clear()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def take(self, channel: int, data: bytes, source: object) -> None:
        """Take a datagram from ``source``; during a call a port listens to one address alone."""
        now = asyncio.get_running_loop().time()
        ending = self._directions is None and self._task is not None and not self._task.done()
        if ending or now < self._deaf_until:
            return
        directions = self._directions
        if directions is None:
            # A new call, which may come from elsewhere.
            directions = Directions(
                [self._payloads] * self._audio.channels, self._audio, quiet=QUIET_S
            )
            self._waiting = self._dropped = 0
            self._latches = [Latch(learned=LEARNED, moves=False) for _ in self._addresses]
        if not self._latches[channel].admits(source, parse(data)):
            return
        if self._waiting >= QUEUED:
            # While a slow disk keeps the call from beginning, or the loop from its turns.
            self._dropped += 1
            return
        try:
            if not directions.push(channel, data, now):
                return
        except EncryptedError:
            self._refuse(now + self._idle)
            return
        self._waiting += 1
        self._last = now
        if self._task is None or self._task.done():
            self._directions = directions
            self._task = asyncio.create_task(self._run(directions))

    def _figures(self, directions: Directions) -> MediaFigures:
        refused = sum(latch.refused for latch in self._latches)
        rate = self._audio.sample_rate
        return of_rtp(directions.counts, rate, dropped=self._dropped, refused=refused)

    def _refuse(self, until: float) -> None:
        """Listen to nothing before ``until`` (seconds of the loop), and let the call fail."""
        self._deaf_until = until
        self._directions = None
        _log.warning(LogEvent.FAILED_CLOSED, {Name.REASON: Reason.TAP_FAILED})

    async def _run(self, directions: Directions) -> None:
        loop = asyncio.get_running_loop()
        try:
            call = await self._calls.admit(
                *(self._details, self._audio), tap=TapName.RTP, queue=self._queue
            )
        except HushtapError as error:
            after = error.retry_after if isinstance(error, BusyError) else self._idle
            self._deaf_until = loop.time() + after
            self._directions = None
            return
        reason: Reason | None = None
        call.figures = partial(self._figures, directions)
        try:
            while not call.over:
                await asyncio.sleep(TICK_S)
                if self._directions is not directions:
                    reason = Reason.TAP_FAILED
                    break
                if loop.time() - self._last >= self._idle:
                    break
                self._waiting = 0
                _hand_on(call, directions.advance(loop.time()))
        except Exception as error:  # noqa: BLE001 - it must not matter to the others how it broke
            reason = Reason.TAP_FAILED
            _log.warning(LogEvent.FAILED_CLOSED, {Name.ERROR: type(error), Name.REASON: reason})
        finally:
            self._directions = None
            # Those of the next call are counted anew.
            call.figures = partial(_same, self._figures(directions))
            try:
                if reason is None and not call.over:
                    _hand_on(call, directions.finish())
            finally:
                await call.end(reason)


class _Port(asyncio.DatagramProtocol):
    def __init__(self, line: Line, channel: int) -> None:
        self._line = line
        self._channel = channel

    def datagram_received(self, data: bytes, address: object) -> None:
        self._line.take(self._channel, data, address)


def _same(figures: MediaFigures) -> MediaFigures:
    return figures


def _hand_on(call: GatewayCall, chunks: Iterable[PcmChunk]) -> None:
    for chunk in chunks:
        call.offer(chunk)
