"""Genesys AudioHook, version 2: JSON messages and interleaved audio over a WebSocket.

https://developer.genesys.cloud/devapps/audiohook/protocol-reference. ``Conversation`` keeps
the numbers of both sides. What may be left out is not required; what a client says of a
message that is unknown is passed over. Pure: text and bytes in, values out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from hushtap.errors import TapError
from hushtap.taps.encoding import Encoding
from hushtap.taps.stdin import g711_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hushtap.values import Samples

LONGEST: Final = 64 * 1024
"""Characters of a message."""
RATE: Final = 8_000
EXTERNAL: Final = "external"
"""The caller's channel."""
INTERNAL: Final = "internal"
PROBE: Final = "00000000-0000-0000-0000-000000000000"
"""The conversation of a client that only looks whether it would be answered."""

_VERSION: Final = "2"
_FORMATS: Final = ("PCMU", "L16")
_CHANNELS: Final = ((EXTERNAL, INTERNAL), (INTERNAL, EXTERNAL), (EXTERNAL,), (INTERNAL,))
_DURATION: Final = re.compile(r"PT([0-9]{1,7}(?:\.[0-9]{1,9})?)S")
_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TABLE: Final = g711_table(Encoding.MULAW)


@dataclass(frozen=True, slots=True)
class Format:
    """What audio is: ``PCMU`` or ``L16`` (little-endian) at 8 kHz, channels interleaved."""

    name: str
    channels: tuple[str, ...]

    def samples(self, data: bytes) -> Samples:
        """Return a frame's audio, shape ``(n, channels)``.

        Raises:
            TapError: it ends within a sample, or has not as many of each channel.
        """
        size = len(self.channels) * (1 if self.name == "PCMU" else 2)
        if len(data) % size:
            raise TapError("AudioHook: a frame of audio ends within a sample")
        if self.name == "PCMU":
            flat = _TABLE[np.frombuffer(data, np.uint8)]
        else:
            flat = np.frombuffer(data, "<i2").astype(np.int16)
        return flat.reshape(-1, len(self.channels))

    def told(self) -> dict[str, Any]:
        """Return it as JSON says it."""
        channels = list(self.channels)
        return {"type": "audio", "format": self.name, "channels": channels, "rate": RATE}


@dataclass(frozen=True, slots=True)
class Open:
    """A session begins; ``offered`` are the formats to choose from."""

    session: str
    organization: str
    conversation: str
    caller: str | None = field(repr=False)
    offered: tuple[Format, ...]

    @property
    def is_probe(self) -> bool:
        """Whether there will be no call."""
        return self.conversation == PROBE


@dataclass(frozen=True, slots=True)
class Skipped:
    """Audio from ``start`` of the stream on, for ``length`` seconds, will not come."""

    start: float
    length: float


@dataclass(frozen=True, slots=True)
class Paused:
    """No audio comes until it is resumed."""


@dataclass(frozen=True, slots=True)
class Key:
    """The caller pressed a key; which one is not kept."""


@dataclass(frozen=True, slots=True)
class Ping:
    """The client wants to know that somebody is there."""


@dataclass(frozen=True, slots=True)
class Update:
    """The client tells of another language."""


@dataclass(frozen=True, slots=True)
class Close:
    """The session is over."""


@dataclass(frozen=True, slots=True)
class Other:
    """Nothing that matters to a recording: an error, what later versions say."""


Message: TypeAlias = Open | Skipped | Paused | Key | Ping | Update | Close | Other


class Conversation:
    """The messages of one session, ours and theirs, each numbered from 1."""

    def __init__(self) -> None:
        self.session: str | None = None
        """Its id, once the client said it."""
        self._theirs = 0
        self._ours = 0

    def read(self, text: str) -> Message:
        """Return what a message of the client says.

        Raises:
            TapError: it is none of AudioHook, or out of order.
        """
        found = _object(text)
        seq, ours = _number(found.get("seq")), _number(found.get("serverseq"))
        parameters = found.get("parameters")
        kind, session = found.get("type"), found.get("id")
        if found.get("version") != _VERSION or not isinstance(kind, str):
            raise TapError("AudioHook: a message is not of version 2")
        if not isinstance(parameters, dict):
            raise TapError("AudioHook: a message has no parameters")
        if not isinstance(session, str) or not _ID.fullmatch(session):
            raise TapError("AudioHook: a message has no session")
        if self.session not in {None, session}:
            raise TapError("AudioHook: a message is of another session")
        if seq != self._theirs + 1:
            raise TapError("AudioHook: a message is missing")
        if not 0 <= ours <= self._ours:
            raise TapError("AudioHook: a message answers what was never sent")
        self._theirs, self.session = self._theirs + 1, session
        return _message(kind, session, parameters)

    def write(self, kind: str, parameters: Mapping[str, Any] | None = None) -> str:
        """Return our next message."""
        self._ours += 1
        return json.dumps(
            {
                "version": _VERSION,
                "type": kind,
                "id": self.session or PROBE,
                "seq": self._ours,
                "clientseq": self._theirs,
                "parameters": dict(parameters or {}),
            }
        )


def seconds(text: object) -> float:
    """Return the length of a duration such as ``PT1.23S``. Raises ``TapError``."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise TapError("AudioHook: a duration makes no sense")
    return float(found[1])


def _message(kind: str, session: str, parameters: Mapping[str, Any]) -> Message:
    if kind == "open":
        return _open(session, parameters)
    if kind in {"discarded", "resumed"}:
        return Skipped(seconds(parameters.get("start")), seconds(parameters.get("discarded")))
    kinds: dict[str, Message] = {
        "dtmf": Key(),
        "paused": Paused(),
        "ping": Ping(),
        "update": Update(),
        "close": Close(),
    }
    return kinds.get(kind, Other())


def _open(session: str, parameters: Mapping[str, Any]) -> Open:
    organization, conversation = (
        parameters.get(name) for name in ("organizationId", "conversationId")
    )
    if not isinstance(organization, str) or not isinstance(conversation, str):
        raise TapError("AudioHook: whose call it is makes no sense")
    if not (_ID.fullmatch(organization) and _ID.fullmatch(conversation)):
        raise TapError("AudioHook: whose call it is makes no sense")
    who = parameters.get("participant")
    ani = who.get("ani") if isinstance(who, dict) else None
    caller = ani.removeprefix("tel:") if isinstance(ani, str) and ani else None
    offered = [_format(one) for one in _list(parameters.get("media"))]
    return Open(
        *(session, organization, conversation, caller),
        tuple(one for one in offered if one is not None),
    )


def _format(found: object) -> Format | None:
    """Return a format that is offered; None for one that is not understood."""
    if not isinstance(found, dict) or found.get("type") != "audio" or found.get("rate") != RATE:
        return None
    channels, name = tuple(map(str, _list(found.get("channels")))), found.get("format")
    return Format(name, channels) if name in _FORMATS and channels in _CHANNELS else None


def chosen(offered: tuple[Format, ...]) -> Format | None:
    """Return the format to ask for: both channels before one, then the order of the offer."""
    return max(offered, key=lambda one: len(one.channels), default=None)


def _object(text: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise TapError("AudioHook: a message is too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise TapError("AudioHook: a message is no JSON") from None
    if not isinstance(found, dict):
        raise TapError("AudioHook: a message is no object")
    return found


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def _number(found: object) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) else -1
