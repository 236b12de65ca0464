"""What an entry of the audit log says, and how it is written: RFC 8785 canonical JSON.

There is no free text: activities, outcomes and kinds are enumerations, all else
is an identifier of a narrow alphabet. What is said in a call has no way in.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import version
from typing import Any, Final

UNKNOWN: Final = "unknown"
"""Stands for a name that is not of the alphabet of names."""

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@\\/-]{0,127}")


class Activity(StrEnum):
    """What is done."""

    RECORD = "record"
    CLOSE = "close"
    INTERRUPT = "interrupt"
    READ = "read"
    LISTEN = "listen"
    MUTE = "mute"
    """More of a finished recording is muted; it is sealed anew."""
    FLAG = "flag"
    """A person says that a recording was muted wrongly."""
    EXPORT = "export"
    APPROVAL = "approval"
    """An export is asked for, or approved by a second person."""
    VERIFY = "verify"
    KEY_USE = "key-use"
    KEY_CHANGE = "key-change"
    POLICY_CHANGE = "policy-change"
    LOGIN = "login"
    LOGOUT = "logout"
    ACCOUNT_CHANGE = "account-change"
    DISPOSE = "dispose"
    HOLD = "hold"
    CONSENT = "consent"
    REPORT = "report"
    """A person's recordings, or what outlived its term, is looked up."""
    BREACH = "breach"
    """A breach of data is entered in the register, amended or closed."""
    IMPORT = "import"
    """A file of an archive is replaced by a recording."""
    ORDER = "order"
    """A call that is being recorded is armed, disarmed, muted or unmuted from outside."""
    ALERT = "alert"
    """Access that is out of the ordinary was looked into."""
    LOG_READ = "log-read"
    LOG_EXPORT = "log-export"


class Change(StrEnum):
    """What an act of several kinds does; why ``dispose`` does it."""

    ADD = "add"
    """A key is made or taken in: recordings are sealed to it from now on."""
    ROTATE = "rotate"
    """A new main key takes over from others."""
    RECOVER = "recover"
    """The same, by means of an escrow key."""
    RETIRE = "retire"
    DESTROY = "destroy"

    OPEN = "open"
    """A breach is entered; ``amend`` adds to what is known of it, ``close`` ends it."""
    AMEND = "amend"
    CLOSE = "close"

    CHECK = "check"
    """An independent ear found nothing left in what a file of an archive became."""
    SEAL = "seal"
    """The original is sealed under the undo key."""
    REPLACE = "replace"
    """The original is deleted where it lay."""
    RESTORE = "restore"
    """The original is written in clear again."""

    PLACE = "place"
    RELEASE = "release"

    ASKED = "asked"
    GIVEN = "given"
    DECLINED = "declined"
    """A second person does not agree, or who asked takes it back."""
    REFUSED = "refused"
    """The caller does not want to be recorded; also why a recording is disposed of."""
    WITHDRAWN = "withdrawn"
    """The caller does not want it any more; also why a recording is disposed of."""

    TERM = "term"
    """Its term of retention is over."""
    ERASURE = "erasure"
    """Whose call it was asked for it."""
    ORDER = "order"
    """Somebody named it."""
    AGAIN = "again"
    """It was disposed of before, and came back."""

    ARM = "arm"
    """Every number that is said counts."""
    DISARM = "disarm"
    MUTE = "mute"
    """All is silenced."""
    UNMUTE = "unmute"


class Outcome(StrEnum):
    """How far it went."""

    BEGUN = "begun"
    """About to be done. Without a later entry of it, the process ended before it could tell."""
    SUCCESS = "success"
    FAILURE = "failure"


class Kind(StrEnum):
    """What it is done to."""

    RECORDING = "recording"
    KEY = "key"
    POLICY = "policy"
    VAULT = "vault"
    LOG = "log"
    ACCOUNT = "account"
    OBJECT = "object"
    """A sealed file, as ``sha256:`` and the hash."""
    CASE = "case"
    """A reference that somebody gave for a reason."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of an activity. An ``id`` that is no name is written as ``unknown``."""

    kind: Kind
    id: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", _name(self.id))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: an account, the role it acts in, and where the request came from.

    What is no name is written as ``unknown``.
    """

    user: str
    role: str
    origin: str

    def __post_init__(self) -> None:
        for field in ("user", "role", "origin"):
            object.__setattr__(self, field, _name(getattr(self, field)))

    @staticmethod
    def of_process() -> Actor:
        """Return the system account that this process runs under, whatever its environment says."""
        uid = os.getuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = f"uid:{uid}"
        return Actor(name, "system", "local")


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. ``of`` is the number of the entry that began it; ``reason`` a class of error.

    ``change`` goes with those that ``Change`` names.
    """

    activity: Activity
    outcome: Outcome
    actor: Actor
    things: tuple[Thing, ...]
    of: int | None = None
    reason: str | None = None
    change: Change | None = None

    def pack(self) -> bytes:
        """Return the entry as of now on this host: canonical JSON in ASCII, under 4 KiB."""
        fields: dict[str, Any] = {
            "activity": self.activity,
            "actor": {
                "origin": self.actor.origin,
                "role": self.actor.role,
                "user": self.actor.user,
            },
            "host": _host(),
            "objects": [{"id": thing.id, "kind": thing.kind} for thing in self.things],
            "outcome": self.outcome,
            "time": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "version": _version(),
        }
        if self.change is not None:
            fields["change"] = self.change
        if self.of is not None:
            fields["of"] = self.of
        if self.reason is not None:
            fields["reason"] = _name(self.reason)
        return canonical(fields)


def canonical(fields: dict[str, Any]) -> bytes:
    """Return ``fields`` as RFC 8785 writes objects of ASCII strings and whole numbers."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")


def unpack(entry: bytes) -> dict[str, Any]:
    """Read an entry. Raises ``ValueError``: it is not canonical JSON of an object."""
    fields = json.loads(entry)
    if not isinstance(fields, dict) or canonical(fields) != entry:
        raise ValueError("not canonical")
    return fields


def is_name(text: str) -> bool:
    """Return whether an entry can carry ``text`` as a name."""
    return bool(_NAME.fullmatch(text))


def _name(text: str) -> str:
    return text if is_name(text) else UNKNOWN


@cache
def _version() -> str:
    return version("hushtap")


def _host() -> str:
    return _name(socket.gethostname())
