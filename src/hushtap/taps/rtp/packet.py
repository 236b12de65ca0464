"""One RTP packet: RFC 3550 section 5.1, and the telephone events of RFC 4733 in it.

What is malformed is ``None``, for the caller to count. No field holds a digit that
somebody pressed: of an event only its length in time is read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

HEADER: Final = 12
LONGEST: Final = 2_048
"""Bytes of the longest datagram that is taken for RTP with audio."""

_VERSION: Final = 2
_RTCP: Final = range(192, 224)
"""Second bytes that are RTCP's packet types (RFC 5761 section 4)."""
_EVENT: Final = 4
_TONES: Final = 16
"""Event codes below are DTMF: 0-9, star, pound, A-D."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What a packet says. ``timestamp`` is in ticks of the payload's clock, modulo 2**32."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes = field(repr=False)


def parse(data: bytes) -> Packet | None:
    """Return the packet in a datagram; None where it is none, or RTCP, STUN or DTLS.

    Contributing sources, the header extension and padding are left out of the payload.
    """
    if not HEADER <= len(data) <= LONGEST or data[0] >> 6 != _VERSION or data[1] in _RTCP:
        return None
    first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    start = HEADER + 4 * (first & 0x0F)
    if first & 0x10:
        if start + 4 > len(data):
            return None
        (words,) = struct.unpack_from("!H", data, start + 2)
        start += 4 + 4 * words
    end = len(data)
    if first & 0x20:
        if not data[-1]:
            return None
        end -= data[-1]
    if start > end:
        return None
    payload = data[start:end]
    return Packet(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, payload)


@dataclass(frozen=True, slots=True)
class Event:
    """One report of a telephone event: which kind, never which key.

    ``duration`` is in ticks, from the packet's timestamp on; ``ended`` tells that it
    is final. ``is_dtmf`` is False for modem tones and the like.
    """

    is_dtmf: bool
    ended: bool
    duration: int


def parse_event(payload: bytes) -> Event | None:
    """Return the event that a payload reports (RFC 4733 section 2.3); None if malformed."""
    if len(payload) < _EVENT:
        return None
    code, flags, duration = struct.unpack_from("!BBH", payload)
    return Event(is_dtmf=code < _TONES, ended=bool(flags & 0x80), duration=duration)


def looks_like_event(payload: bytes) -> bool:
    """Return whether a payload that nothing explains may be an event: four bytes, R unset."""
    return len(payload) == _EVENT and not payload[1] & 0x40
