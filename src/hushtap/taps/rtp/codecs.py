"""What payload types carry (RFC 3551, SDP's rtpmap), and decoders to int16.

A decoder gives each payload's samples at the call's own rate, exactly as many as
the payload's time takes up. It is fed in the order of the call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import av
import numpy as np

from hushtap.errors import UsageError
from hushtap.taps.encoding import Encoding
from hushtap.taps.rtp.packet import looks_like_event
from hushtap.taps.rtp.rates import Converter
from hushtap.taps.stdin import g711_table
from hushtap.timeline import to_samples
from hushtap.values import MAX_RATE, MIN_RATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from av.audio.codeccontext import AudioCodecContext

    from hushtap.taps.rtp.packet import Packet
    from hushtap.values import Samples

LONGEST_PACKET_S: Final = 0.2
"""Seconds of audio in one packet, at most (RFC 3551 section 4.2)."""
EVENTS: Final = "TELEPHONE-EVENT"
NOISE: Final = "CN"
"""Comfort noise: silence, described (RFC 3389)."""
_G722: Final = "G722"
_L16: Final = "L16"
_G711: Final = {"PCMU": Encoding.MULAW, "PCMA": Encoding.ALAW}
_DYNAMIC: Final = range(96, 128)
_TYPES: Final = range(128)


@dataclass(frozen=True, slots=True)
class Format:
    """One entry of a payload map: ``name/clock[/channels]``.

    ``clock`` is the timestamps' rate in Hz, which for G.722 is not that of its samples.
    """

    name: str
    clock: int
    channels: int = 1

    @property
    def rate(self) -> int:
        """The rate of the audio itself, in Hz."""
        # RFC 3551 section 4.5.2: an old mistake, kept so that everybody makes the same.
        return 2 * self.clock if self.name == _G722 else self.clock

    @property
    def is_audio(self) -> bool:
        """Whether it can be decoded."""
        known = self.name in {*_G711, _G722, _L16}
        return known and MIN_RATE <= self.rate <= MAX_RATE and self.channels in {1, 2}

    def __str__(self) -> str:
        return f"{self.name}/{self.clock}" + (f"/{self.channels}" if self.channels > 1 else "")


PayloadMap: TypeAlias = Mapping[int, Format]

STATIC: Final[PayloadMap] = {
    0: Format("PCMU", 8_000),
    8: Format("PCMA", 8_000),
    9: Format(_G722, 8_000),
    10: Format(_L16, 44_100, 2),
    11: Format(_L16, 44_100),
    13: Format(NOISE, 8_000),
    19: Format(NOISE, 8_000),
}
"""RFC 3551 table 4, as far as it can be decoded; 19 is what old equipment has for 13."""


def parse_rtpmap(entries: Iterable[str]) -> dict[int, Format]:
    """Return ``STATIC`` with ``entries`` such as ``96=L16/16000`` added.

    Raises:
        UsageError: an entry is no payload type with its format.
    """
    found = dict(STATIC)
    for entry in entries:
        number, _, text = entry.partition("=")
        one = parse_format(text)
        if not number.isascii() or not number.isdecimal() or int(number) not in _TYPES or not one:
            raise UsageError(f"{entry!r} is no payload type: write it like 96=L16/16000")
        found[int(number)] = one
    return found


def parse_format(text: str) -> Format | None:
    """Return what ``NAME/CLOCK[/CHANNELS]`` says (RFC 8866 section 6.6), or None."""
    name, *numbers = text.strip().split("/")
    if not name or not 1 <= len(numbers) <= 2 or not all(_is_small(n) for n in numbers):  # noqa: PLR2004
        return None
    return Format(name.upper(), *map(int, numbers))


def _is_small(number: str) -> bool:
    return number.isascii() and number.isdecimal() and 0 < int(number[:9]) < 1_000_000  # noqa: PLR2004


class Decoder(Protocol):
    """Payloads of one format, in order, to samples."""

    def decode(self, payload: bytes) -> Samples:
        """Return the samples of ``payload``; what it cannot read is silence or nothing."""
        ...


def make_decoder(audio: Format, rate: int) -> Decoder | None:
    """Return a decoder to mono at ``rate``; None where there is none for it."""
    if not audio.is_audio or (max(rate, audio.rate) % min(rate, audio.rate)):
        return None
    if audio.name in _G711:
        plain: Decoder = _G711Decoder(_G711[audio.name], audio.channels)
    elif audio.name == _L16:
        plain = _L16Decoder(audio.channels)
    else:
        plain = _G722Decoder()
    return plain if rate == audio.rate else _Converted(plain, audio.rate, rate)


class Decoders:
    """All that one direction carries, decoded to mono at ``rate`` Hz."""

    def __init__(self, payloads: PayloadMap, rate: int) -> None:
        self._payloads = payloads
        self._rate = rate
        self._made: dict[int, Decoder | None] = {}

    def format_of(self, kind: int) -> Format | None:
        """Return what a payload type is; None where nothing says so."""
        return self._payloads.get(kind)

    def renew(self, payloads: PayloadMap) -> None:
        """Go by ``payloads`` from now on; decoders of what stays the same keep their state."""
        for kind in [one for one in self._made if self._payloads.get(one) != payloads.get(one)]:
            del self._made[kind]
        self._payloads = payloads

    def decode(self, kind: int, payload: bytes) -> Samples | None:
        """Return the samples of a payload; None where there is no decoder for its type."""
        if kind not in self._made:
            known = self._payloads.get(kind)
            self._made[kind] = None if known is None else make_decoder(known, self._rate)
        decoder = self._made[kind]
        if decoder is None:
            return None
        return decoder.decode(payload)[: to_samples(LONGEST_PACKET_S, self._rate)]


def is_event(known: Format | None, packet: Packet) -> bool:
    """Return whether a packet reports a key, by its format or, where it has none, by its look."""
    if known is not None:
        return known.name == EVENTS
    return packet.payload_type in _DYNAMIC and looks_like_event(packet.payload)


class _G711Decoder:
    def __init__(self, encoding: Encoding, channels: int) -> None:
        self._table = g711_table(encoding)
        self._channels = channels

    def decode(self, payload: bytes) -> Samples:
        return _mono(self._table[np.frombuffer(payload, np.uint8)], self._channels)


class _L16Decoder:
    def __init__(self, channels: int) -> None:
        self._channels = channels

    def decode(self, payload: bytes) -> Samples:
        whole = len(payload) - len(payload) % 2
        return _mono(np.frombuffer(payload[:whole], ">i2").astype(np.int16), self._channels)


class _G722Decoder:
    """FFmpeg's decoder; its state follows the sender's, so it is kept over losses."""

    def __init__(self) -> None:
        self._codec: AudioCodecContext = av.CodecContext.create("g722", "r")

    def decode(self, payload: bytes) -> Samples:
        if not payload:
            return np.zeros(0, np.int16)
        try:
            frames = self._codec.decode(av.Packet(payload))
        except av.FFmpegError:
            return np.zeros(2 * len(payload), np.int16)
        return np.concatenate(
            [np.zeros(0, np.int16), *(f.to_ndarray().reshape(-1) for f in frames)]
        )


class _Converted:
    def __init__(self, plain: Decoder, rate: int, to_rate: int) -> None:
        self._plain = plain
        self._converter = Converter(rate, to_rate)

    def decode(self, payload: bytes) -> Samples:
        return self._converter.convert(self._plain.decode(payload))


def _mono(samples: Samples, channels: int) -> Samples:
    """Return the mean of interleaved channels: a direction is one voice."""
    if channels == 1:
        return samples
    whole = len(samples) - len(samples) % channels
    mixed: Samples = samples[:whole].reshape(-1, channels).mean(1).round().astype(np.int16)
    return mixed
