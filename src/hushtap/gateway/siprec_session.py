"""One recorded session: its media lines, what was agreed on them, and the call they become."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hushtap.gateway.siprec_media import CHANNELS, Media, Terms
from hushtap.observe import Reason
from hushtap.taps.rtp.codecs import STATIC
from hushtap.taps.rtp.packet import LONGEST
from hushtap.taps.siprec import sdes, sdp
from hushtap.taps.siprec.message import RefusedError
from hushtap.taps.siprec.metadata import Metadata
from hushtap.taps.siprec.roles import channels
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from hushtap.gateway.calls import GatewayCall
    from hushtap.gateway.siprec_config import SiprecSection
    from hushtap.gateway.siprec_media import MediaThread
    from hushtap.gateway.siprec_ports import PortPair, Ports
    from hushtap.taps.siprec.message import Request

_AT_ONCE: Final = 64
"""Datagrams that are read from one socket before others have their turn."""


@dataclass(slots=True, eq=False)
class _Line:
    """One media line that is, or was, received. ``stream`` is its number in the call's media."""

    stream: int
    channel: int
    pair: PortPair | None = None
    offered: sdes.Crypto | None = field(default=None, repr=False)
    answered: str | None = field(default=None, repr=False)


class Recorded:
    """A session from its offer to its end. For the event loop.

    Raises:
        RefusedError: 488, nothing in the offer can be recorded.
        BusyError: there are no ports.
    """

    def __init__(
        self,
        section: SiprecSection,
        ports: Ports,
        request: Request,
        offer: tuple[sdp.Media, ...],
        known: Metadata,
    ) -> None:
        self.known = known
        self.call: GatewayCall | None = None
        self.media: Media | None = None
        self.sdp = b""
        """Our answer to the last offer."""
        self._section = section
        self._ports = ports
        self._loop = asyncio.get_running_loop()
        self._lines: dict[int, _Line] = {}
        self._streams = 0
        self._count = 0
        self._session, self._version = secrets.randbits(31), 0
        self._agreed: list[tuple[int, Terms]] = []
        rates = [one.rate() for one in offer if self._wanted(one)]
        self.format = AudioFormat(max((rate for rate in rates if rate), default=8_000), CHANNELS)
        self.negotiate(offer, request)
        if not self._lines:
            raise RefusedError(488, "no audio that can be recorded is offered")

    def begin(self, call: GatewayCall, thread: MediaThread, failed: asyncio.Event) -> None:
        """Let the audio go into ``call``; ``failed`` is set where it cannot be read on."""
        self.call = call

        def on_failed() -> None:
            self._loop.call_soon_threadsafe(failed.set)

        self.media = media = Media(self.format, call.offer, on_failed)
        call.figures = media.figures
        for stream, terms in self._agreed:
            self.media.agree(stream, terms)
        self._agreed.clear()
        thread.add(self.media)

    def negotiate(self, offer: tuple[sdp.Media, ...], request: Request) -> bytes:
        """Take an offer, the first or a later one; return the answer.

        Raises:
            RefusedError: 488. All stays as it was.
            BusyError: there are no ports; all stays as it was.
        """
        if len(offer) < self._count:
            raise RefusedError(488, "media lines are missing")
        payloads = [one.decodable(self.format.sample_rate) for one in offer]
        taken = [
            self._wanted(one) and any(known.is_audio for known in carried.values())
            for one, carried in zip(offer, payloads, strict=True)
        ]
        if not any(taken) and any(one.port for one in offer):
            raise RefusedError(488, "no audio that can be recorded is offered")
        placed = self._placed(offer, taken, request)
        pairs = self._pairs(taken)
        answered: list[sdp.Taken] = []
        for number, media in enumerate(offer):
            if not taken[number]:
                self._drop(number)
                answered.append(sdp.Taken(media))
                continue
            line = self._lines.get(number)
            if line is None:
                line = self._lines[number] = _Line(self._streams, placed[number])
                self._streams += 1
            if number in pairs:
                self._listen(line, pairs[number])
            self._agree(line, media)
            port = line.pair.port if line.pair else 0
            answered.append(sdp.Taken(media, port, payloads[number]))
        self._count = len(offer)
        self._version += 1
        keys = {n: line.answered for n, line in self._lines.items() if line.answered}
        self.sdp = sdp.answer(
            answered, self._section.told, session=self._session, version=self._version, keys=keys
        )
        return self.sdp

    def close(self) -> None:
        """Receive nothing more."""
        for number in self._lines:
            self._drop(number)

    async def end(self, thread: MediaThread, reason: Reason | None) -> None:
        """Finish the call with what came."""
        self.close()
        if self.media is not None:
            thread.remove(self.media)
            if not await asyncio.to_thread(self.media.finish):
                reason = Reason.TAP_FAILED
        if self.call is not None:
            await self.call.end(reason)

    def _wanted(self, media: sdp.Media) -> bool:
        if media.is_secure:
            return media.is_audio and media.crypto is not None
        return media.is_audio and self._section.srtp != "required"

    def _pairs(self, taken: list[bool]) -> dict[int, PortPair]:
        """Return new ports for the lines that need some: all of them or none."""
        made: dict[int, PortPair] = {}
        with ExitStack() as undo:
            for number, one in enumerate(taken):
                line = self._lines.get(number)
                if one and (line is None or line.pair is None):
                    made[number] = self._ports.take()
                    undo.callback(made[number].close)
            undo.pop_all()
        return made

    def _placed(
        self, offer: tuple[sdp.Media, ...], taken: list[bool], request: Request
    ) -> dict[int, int]:
        """Return the channel of every line that is taken; a line keeps the one it has."""
        numbers = [number for number, one in enumerate(taken) if one]
        labels = [offer[number].label for number in numbers]
        told = dict(
            zip(numbers, channels(labels, self.known, request, self._section.rule), strict=True)
        )
        used = {line.channel for n, line in self._lines.items() if n in told}
        for number in numbers:
            if number in self._lines:
                told[number] = self._lines[number].channel
            elif len(used) == 1:
                # Somebody new does not speak over another while a channel is free.
                told[number] = 1 - used.copy().pop()
                used.add(told[number])
        return told

    def _agree(self, line: _Line, media: sdp.Media) -> None:
        if line.offered != media.crypto or not media.is_secure:
            line.offered = media.crypto if media.is_secure else None
            line.answered = sdes.answer(line.offered, secrets.token_bytes) if line.offered else None
        key = line.offered.key if line.offered else None
        terms = Terms(line.channel, {**STATIC, **media.payloads}, key)
        if self.media is None:
            self._agreed.append((line.stream, terms))
        else:
            self.media.agree(line.stream, terms)

    def _listen(self, line: _Line, pair: PortPair) -> None:
        line.pair = pair
        self._loop.add_reader(pair.rtp, self._readable, line.stream, pair)

    def _readable(self, stream: int, pair: PortPair) -> None:
        for _ in range(_AT_ONCE):
            try:
                data, source = pair.rtp.recvfrom(LONGEST + 1)
            except OSError:
                # Nothing more is there, or an error that somebody else's packet caused.
                return
            if self.media is not None:
                self.media.put(stream, data, source[:2], time.monotonic())

    def _drop(self, number: int) -> None:
        line = self._lines.get(number)
        if line is not None and line.pair is not None:
            self._loop.remove_reader(line.pair.rtp)
            line.pair.close()
            line.pair = None
