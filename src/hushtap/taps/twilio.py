"""Twilio Media Streams: JSON messages over a WebSocket, and the signature of its handshake.

Messages: https://www.twilio.com/docs/voice/media-streams/websocket-messages. Numbers in
them are strings; of what may be left out, nothing is required that is not needed. Pure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hushtap.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST: Final = 64 * 1024
"""Characters of a message: one carries 20 ms as a rule, which is under 400."""
INBOUND: Final = "inbound"
OUTBOUND: Final = "outbound"
_TRACKS: Final = (INBOUND, OUTBOUND)
_LONGEST_TIME_MS: Final = 7 * 24 * 3_600_000
_LONGEST_TIME_DIGITS: Final = 12
_MOST_PARAMETERS: Final = 64


@dataclass(frozen=True, slots=True)
class Start:
    """A stream begins: its id, its call's, its tracks, and what the TwiML says of it."""

    stream: str = field(repr=False)
    call: str = field(repr=False)
    tracks: tuple[str, ...]
    parameters: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Media:
    """Mu-law at 8 kHz of one track, from ``milliseconds`` of the stream on."""

    track: str
    milliseconds: int
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """A key was pressed on a track; which one is not kept."""

    track: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The stream is over."""


Message: TypeAlias = Start | Media | Key | Stop


def parse(text: str) -> Message | None:
    """Return what a message says; None for one that says nothing about the audio.

    Raises:
        TapError: it is none of Media Streams.
    """
    if len(text) > LONGEST:
        raise TapError("Media Streams: a message is too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise TapError("Media Streams: a message is no JSON") from None
    event = found.get("event") if isinstance(found, dict) else None
    if event == "media":
        return _media(_part(found, "media"))
    if event == "start":
        return _start(_part(found, "start"))
    if event == "dtmf":
        return _key(found.get("dtmf"))
    if event == "stop":
        return Stop()
    if not isinstance(event, str):
        raise TapError("Media Streams: a message has no event")
    # "connected", "mark", and whatever will be added.
    return None


def signature(url: str, token: str, parameters: Mapping[str, str] | None = None) -> str:
    """Return what ``X-Twilio-Signature`` is for a request to ``url``.

    https://www.twilio.com/docs/usage/security: HMAC-SHA1, by the account's token, of the
    URL and the sorted parameters of a form. A handshake has none.
    """
    text = url + "".join(name + value for name, value in sorted((parameters or {}).items()))
    # The digest is Twilio's choice.
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode("ascii")


def is_signed(given: str, url: str, tokens: Iterable[str]) -> bool:
    """Return whether ``given`` is the signature of a handshake at ``url`` by one of ``tokens``.

    Twilio signs the address as it was written, or with a slash at its end.
    """
    written = url.rstrip("/")
    right = False
    for token in tokens:
        for one in (written, f"{written}/"):
            right |= hmac.compare_digest(given.encode(), signature(one, token).encode())
    return right


def _start(part: Mapping[str, Any]) -> Start:
    tracks = part.get("tracks", [INBOUND])
    parameters = part.get("customParameters") or {}
    if not isinstance(parameters, dict) or len(parameters) > _MOST_PARAMETERS:
        raise TapError("Media Streams: the parameters make no sense")
    if not isinstance(tracks, list) or not all(t in _TRACKS for t in tracks):
        raise TapError("Media Streams: the tracks make no sense")
    carried = part.get("mediaFormat") or {}
    if not isinstance(carried, dict) or (
        carried.get("encoding", "audio/x-mulaw") != "audio/x-mulaw"
        or str(carried.get("sampleRate", 8000)) != "8000"
        or str(carried.get("channels", 1)) != "1"
    ):
        raise TapError("Media Streams: the audio is not mu-law at 8 kHz")
    return Start(
        stream=_text(part, "streamSid"),
        call=_text(part, "callSid"),
        tracks=tuple(t for t in _TRACKS if t in tracks),
        parameters={str(k): v for k, v in parameters.items() if isinstance(v, str)},
    )


def _media(part: Mapping[str, Any]) -> Media:
    track = part.get("track", INBOUND)
    time = part.get("timestamp")
    if track not in _TRACKS:
        raise TapError("Media Streams: a track makes no sense")
    if not isinstance(time, str | int) or isinstance(time, bool):
        raise TapError("Media Streams: a timestamp is missing")
    digits = str(time)
    sound = len(digits) <= _LONGEST_TIME_DIGITS and digits.isascii() and digits.isdecimal()
    if not sound or int(digits) > _LONGEST_TIME_MS:
        raise TapError("Media Streams: a timestamp makes no sense")
    try:
        payload = base64.b64decode(_text(part, "payload"), validate=True)
    except (binascii.Error, ValueError):
        raise TapError("Media Streams: a payload is no base64") from None
    return Media(track, int(digits), payload)


def _key(part: object) -> Key:
    track = part.get("track") if isinstance(part, dict) else None
    # Whose it is reads "inbound_track"; where that makes no sense, it is the caller's.
    name = track.removesuffix("_track") if isinstance(track, str) else INBOUND
    return Key(name if name in _TRACKS else INBOUND)


def _part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = found.get(name)
    if not isinstance(part, dict):
        raise TapError(f"Media Streams: {name} is missing")
    return part


def _text(part: Mapping[str, Any], name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str):
        raise TapError(f"Media Streams: {name} is missing")
    return value
