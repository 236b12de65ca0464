"""What SIP in the same capture says of the media: who called, which streams, which codecs.

Only INVITEs and their answers over UDP are read, and of these only what media need: the
Call-ID and the SDP (RFC 8866). No name or number of a party is looked at.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from hushtap.taps.pcap.datagrams import Address
from hushtap.taps.rtp.codecs import Format, parse_format

MOST_CALLS: Final = 10_000
_LONGEST: Final = 65_536

Place: TypeAlias = tuple[int, int]
"""Number of the media line, and who: 0 sends by the offer, 1 by the answer."""

_CALL_ID = re.compile(rb"^(?:call-id|i)[ \t]*:[ \t]*(\S+)", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(rb"^(?:from|f)[ \t]*:.*;[ \t]*tag=([^;\s]+)", re.IGNORECASE | re.MULTILINE)
_CSEQ = re.compile(rb"^cseq[ \t]*:[ \t]*\d+[ \t]+INVITE", re.IGNORECASE | re.MULTILINE)
_RTPMAP = re.compile(r"a=rtpmap:(\d{1,3}) (\S+)")
_MEDIA = re.compile(r"m=(\S+) (\d{1,5})")


@dataclass(slots=True)
class Media:
    """One audio line of an SDP: where its sender wants to receive, and what."""

    address: Address
    payloads: dict[int, Format] = field(default_factory=dict)


@dataclass(slots=True)
class Dialog:
    """One call: where its streams come from and go to.

    ``caller`` is the tag of who sent the first INVITE: a later one may be the other's.
    """

    caller: bytes
    places: dict[tuple[Address, bool], tuple[Place, dict[int, Format]]] = field(
        default_factory=dict
    )
    """By a stream's address and whether it is its target: its place and payload types."""


class Signalling:
    """All INVITEs of a capture."""

    def __init__(self) -> None:
        self.dialogs: dict[bytes, Dialog] = {}

    def read(self, payload: bytes) -> bool:
        """Take a datagram; return whether it is SIP."""
        offer = payload.startswith(b"INVITE ")
        if not offer and not payload.startswith(b"SIP/2.0 "):
            return payload[:4] in {b"ACK ", b"BYE ", b"OPTI", b"REGI", b"CANC", b"UPDA", b"INFO"}
        head, _, body = payload[:_LONGEST].partition(b"\r\n\r\n")
        found = _CALL_ID.search(head)
        about_invite = offer or (payload[8:9] in b"12" and _CSEQ.search(head))
        start = body.find(b"v=0")
        if found and about_invite and start >= 0 and len(self.dialogs) < MOST_CALLS:
            tag = _TAG.search(head)
            caller = tag[1] if tag else b""
            dialog = self.dialogs.setdefault(found[1], Dialog(caller))
            media = _audio_lines(body[start:].decode("utf-8", "replace"))
            _note(dialog, media, int((caller == dialog.caller) != offer))
        return True


def _note(dialog: Dialog, media: list[Media], side: int) -> None:
    """Note where streams of a call are sent from and to: later offers add, none takes away."""
    for line, one in enumerate(media):
        # Who receives here also sends from here, mostly; what comes here, the other sends.
        dialog.places.setdefault((one.address, False), ((line, side), one.payloads))
        dialog.places.setdefault((one.address, True), ((line, 1 - side), one.payloads))


def _audio_lines(sdp: str) -> list[Media]:
    host: bytes | None = None
    media: list[Media] = []
    in_audio, before_media = False, True
    for line in sdp.splitlines():
        if line.startswith("m="):
            before_media = False
            match = _MEDIA.match(line)
            in_audio = match is not None and match[1] == "audio" and 0 < int(match[2]) < 65_536  # noqa: PLR2004
            if match is not None and in_audio:
                media.append(Media((host or b"", int(match[2]))))
        elif line.startswith("c="):
            found = _host(line)
            if before_media:
                host = found
            elif in_audio and found:
                media[-1].address = (found, media[-1].address[1])
        elif in_audio and (match := _RTPMAP.match(line)):
            kind, known = int(match[1]), parse_format(match[2])
            if known is not None and kind < 128:  # noqa: PLR2004
                media[-1].payloads[kind] = known
    return [one for one in media if one.address[0]]


def _host(line: str) -> bytes | None:
    try:
        return ipaddress.ip_address(line.rsplit(maxsplit=1)[-1].partition("/")[0]).packed
    except (ValueError, IndexError):
        return None
