"""Offers of a recording client and our answers to them (RFC 8866, RFC 3264, RFC 7866).

Every line of the offer is answered, in its order, by one that only receives. Lines that
cannot be taken are answered with port 0.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from hushtap.taps.rtp.codecs import EVENTS, NOISE, STATIC, Format, make_decoder, parse_format
from hushtap.taps.siprec import sdes
from hushtap.taps.siprec.message import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST: Final = 65_536
MOST_LINES: Final = 2_000
MOST_MEDIA: Final = 16
"""Media lines of one offer; two are usual, and a video beside each audio."""

_MEDIA: Final = re.compile(
    r"([a-z]{1,16}) ([0-9]{1,5})(?:/[0-9]{1,5})? ([A-Za-z0-9/]{1,32})((?: [!-~]{1,64})*)"
)
_ATTRIBUTE: Final = re.compile(r"([A-Za-z0-9_-]{1,64})(?::(.*))?")
_NUMBERED: Final = re.compile(r"([0-9]{1,3}) ([ -~]{1,256})")
_LABEL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,64}")
_PLAIN: Final = frozenset({"RTP/AVP", "RTP/AVPF"})
_SECURE: Final = frozenset({"RTP/SAVP", "RTP/SAVPF"})
_ANY: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - the address of who is on hold


class Direction(StrEnum):
    """Who sends, as the line's author sees it."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Media:
    """One media line of an offer.

    ``payloads`` are those that it lists and that have a name; ``host`` is a numeric
    address, where there is one. ``crypto`` is the key that would be taken.
    """

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    payloads: dict[int, Format]
    parameters: dict[int, str] = field(repr=False)
    direction: Direction
    label: str | None
    host: str | None
    crypto: sdes.Crypto | None = field(repr=False)

    @property
    def is_audio(self) -> bool:
        """Whether it is an audio stream by RTP that is not refused or ended."""
        return self.kind == "audio" and self.port > 0 and self.protocol in _PLAIN | _SECURE

    @property
    def is_secure(self) -> bool:
        """Whether its packets are SRTP."""
        return self.protocol in _SECURE

    @property
    def is_sending(self) -> bool:
        """Whether packets are to come: it is not on hold."""
        return self.direction in {Direction.SENDRECV, Direction.SENDONLY} and self.host not in _ANY

    def rate(self) -> int | None:
        """Return the rate of the codec that it likes best, in Hz; None where none is known."""
        return next((one.rate for one in self.payloads.values() if one.is_audio), None)

    def decodable(self, rate: int) -> dict[int, Format]:
        """Return what of its payloads can be taken in a call of ``rate`` Hz."""
        return {
            kind: one
            for kind, one in self.payloads.items()
            if one.name in {EVENTS, NOISE} or make_decoder(one, rate) is not None
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """How a media line is answered: received at ``port``, or refused where that is 0."""

    media: Media
    port: int = 0
    payloads: dict[int, Format] = field(default_factory=dict)


def parse(data: bytes) -> tuple[Media, ...]:
    """Return the media lines of an SDP.

    Raises:
        RefusedError: 400, or 488 where there are more lines than any call has.
    """
    if len(data) > LONGEST:
        raise RefusedError(400, "the SDP is too long")
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if not lines[0].startswith("v=0") or len(lines) > MOST_LINES:
        raise RefusedError(400, "the SDP is malformed")
    starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
    if len(starts) > MOST_MEDIA:
        raise RefusedError(488, "the SDP has too many media lines")
    session = lines[: starts[0]] if starts else lines
    return tuple(
        _media(lines[start], lines[start + 1 : end], session)
        for start, end in pairwise([*starts, len(lines)])
    )


def answer(
    taken: Sequence[Taken], host: str, *, session: int, version: int, keys: dict[int, str]
) -> bytes:
    """Return the SDP that answers an offer, from media received at ``host``.

    ``session`` and ``version`` are those of our origin line; ``keys`` are ``a=crypto``
    values by media line.
    """
    family = "IP6" if ":" in host else "IP4"
    lines = ["v=0", f"o=hushtap {session} {version} IN {family} {host}", "s=-"]
    lines += [f"c=IN {family} {host}", "t=0 0"]
    for number, one in enumerate(taken):
        lines += _answered(one, keys.get(number))
    return "\r\n".join([*lines, ""]).encode()


def _answered(one: Taken, key: str | None) -> Iterator[str]:
    media = one.media
    if not one.port:
        yield f"m={media.kind} 0 {media.protocol} {' '.join(media.formats) or '0'}"
        return
    yield f"m=audio {one.port} {media.protocol} {' '.join(map(str, one.payloads))}"
    for kind, known in one.payloads.items():
        yield f"a=rtpmap:{kind} {str(known).replace(EVENTS, EVENTS.lower())}"
        if kind in media.parameters:
            yield f"a=fmtp:{kind} {media.parameters[kind]}"
    if key is not None:
        yield f"a=crypto:{key}"
    if media.label is not None:
        yield f"a=label:{media.label}"
    yield "a=recvonly" if media.is_sending else "a=inactive"


def _media(head: str, lines: list[str], session: list[str]) -> Media:
    match = _MEDIA.fullmatch(head.removeprefix("m=").strip())
    if match is None or int(match[2]) > 65_535:  # noqa: PLR2004
        raise RefusedError(400, "a media line of the SDP is malformed")
    formats = tuple(match[4].split())
    attributes = list(_attributes(lines))
    label = next((value for name, value in attributes if name == "label"), "").strip()
    cryptos = (value for name, value in attributes if name == "crypto")
    return Media(
        kind=match[1],
        port=int(match[2]),
        protocol=match[3].upper(),
        formats=formats,
        payloads=_payloads(formats, attributes),
        parameters=dict(_numbered(attributes, "fmtp")),
        direction=_direction([*_attributes(session), *attributes]),
        label=label if _LABEL.fullmatch(label) else None,
        host=_host(lines) or _host(session),
        crypto=sdes.first(cryptos),
    )


def _payloads(formats: tuple[str, ...], attributes: list[tuple[str, str]]) -> dict[int, Format]:
    """Return what the listed payload types are, in the order in which they are liked."""
    maps = dict(_numbered(attributes, "rtpmap"))
    found: dict[int, Format] = {}
    for text in formats:
        if not re.fullmatch(r"[0-9]{1,3}", text) or int(text) > 127:  # noqa: PLR2004
            continue
        kind = int(text)
        known = parse_format(maps[kind]) if kind in maps else STATIC.get(kind)
        if known is not None:
            found[kind] = known
    return found


def _attributes(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        match = _ATTRIBUTE.fullmatch(line.removeprefix("a=").strip()) if line[:2] == "a=" else None
        if match:
            yield match[1], match[2] or ""


def _numbered(attributes: list[tuple[str, str]], name: str) -> Iterator[tuple[int, str]]:
    for one, value in attributes:
        match = _NUMBERED.fullmatch(value) if one == name else None
        if match and int(match[1]) < 128:  # noqa: PLR2004
            yield int(match[1]), match[2].strip()


def _direction(attributes: list[tuple[str, str]]) -> Direction:
    """Return what the last attribute about it says: a line's own stands behind the session's."""
    named = [name for name, _ in attributes if name in set(Direction)]
    return Direction(named[-1]) if named else Direction.SENDRECV


def _host(lines: list[str]) -> str | None:
    for line in lines:
        if line.startswith("c="):
            try:
                text = line.rsplit(maxsplit=1)[-1].partition("/")[0]
                return str(ipaddress.ip_address(text))
            except (ValueError, IndexError):
                return None
    return None
