"""Which recordings, and whose, a compromised account, key or host had in reach.

From the audit log, which tells who did what, and the table of keys, which tells what
a key opens. Where they leave it open, a recording counts: a list that is too long
can be explained to a regulator, one that is too short cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import UsageError, VerificationError
from hushtap.vault.audit.events import Activity, Kind, Outcome, is_name, unpack
from hushtap.vault.audit.reading import reading
from hushtap.vault.catalog import Query
from hushtap.vault.details import looks_sensitive
from hushtap.vault.keytable import KeyState, KeyTable
from hushtap.vault.report import every

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hushtap.vault.catalog import Catalog
    from hushtap.vault.keytable import KeyInfo

_AT_ONCE: Final = 1000
_FIRST: Final = "0"
_LAST: Final = "9999"
"""Sort before and after all times of the log, which are ISO 8601 in UTC."""

_ENDS: Final = {Outcome.SUCCESS, Outcome.FAILURE}


class How(StrEnum):
    """How a recording was in reach."""

    READ = "read"
    EXPORTED = "exported"
    VERIFIED = "verified"
    """Decrypted in memory, to be checked."""
    RECORDED = "recorded"
    """Made there: it passed through the memory of the recorder."""
    KEY = "key"
    """The key opens it, or may have."""
    TRIED = "tried"
    """An attempt to open it failed."""


_ACTS: Final = {
    Activity.READ: How.READ,
    Activity.LISTEN: How.READ,
    # It is decrypted, and sealed anew.
    Activity.MUTE: How.READ,
    Activity.EXPORT: How.EXPORTED,
    Activity.VERIFY: How.VERIFIED,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is compromised, and when: accounts, hosts and keys by their full ids.

    Times without a zone are UTC. A host is the machine that wrote the log's entry, or
    the address a request came from. With neither account, host nor key it is everyone,
    and needs ``since``.

    Raises:
        UsageError: it names nothing, or what cannot stand in the log.
    """

    accounts: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what would find nothing, or everything, by mistake."""
        if not (self.accounts or self.hosts or self.keys or self.since):
            raise UsageError("name an account, a host or a key, or a time with --since")
        for name in (*self.accounts, *self.hosts, *self.keys):
            if not is_name(name):
                raise UsageError("accounts, hosts and keys are named as the audit log has them")
        if any(map(looks_sensitive, (*self.accounts, *self.hosts))):
            raise UsageError("an account or host looks like a card number or an SSN")
        if _stamp(self.until, _LAST) < _stamp(self.since, _FIRST):
            raise UsageError("the time ends before it begins")


@dataclass(slots=True)
class Touched:
    """One recording: in which ways, and the keyed hash of its caller, where one is known."""

    recording_id: str
    how: set[How]
    caller: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as a line of a list."""
        return {
            "caller": self.caller,
            "how": sorted(self.how),
            "recording": self.recording_id,
        }


@dataclass(frozen=True, slots=True)
class Affected:
    """The recordings in order of their ids; ``keys_used`` by the accounts and hosts meanwhile."""

    recordings: tuple[Touched, ...]
    keys_used: tuple[str, ...]

    @property
    def callers(self) -> int:
        """How many callers are known to be among them."""
        return len({one.caller for one in self.recordings if one.caller is not None})

    @property
    def without_caller(self) -> int:
        """Recordings of which it is not known, or no longer, whose they are."""
        return sum(one.caller is None for one in self.recordings)


def affected(catalog: Catalog, log: Path, scope: Scope) -> Affected:
    """Return what was in reach.

    Raises:
        UsageError: the vault never had such a key.
        VerificationError: an entry of the log is damaged: nothing can be concluded.
        VaultError: catalog or log cannot be read.
    """
    table = KeyTable(catalog.database)
    keys = {key.key_id: key for key in table.list()}
    for key_id in scope.keys:
        if key_id not in keys:
            raise UsageError(f"key {key_id}: the vault never had it; give its whole id")
    seen = _Seen(scope)
    _read(log, seen)
    for key_id in scope.keys:
        for recording_id in _sealed_to(table, key_id):
            seen.touch(recording_id, How.KEY)
    named = [keys[key_id] for key_id in scope.keys]
    for info in every(catalog, Query()):
        seen.exists(info.id, _stamp(info.started, _FIRST), named)
        if info.id in seen.found:
            seen.found[info.id].caller = info.caller
    return Affected(
        tuple(seen.found[name] for name in sorted(seen.found)), tuple(sorted(seen.keys_used))
    )


def _read(log: Path, seen: _Seen) -> None:
    with reading(log) as reader:
        for row in reader.rows():
            try:
                seen.take(row.number, unpack(row.entry))
            except (KeyError, TypeError, ValueError):
                raise VerificationError(
                    f"{log}: entry {row.number} is damaged; see hushtap audit-log verify"
                ) from None
    seen.end()


@dataclass(slots=True)
class _Act:
    """What began and has not ended: when, on which recordings or (none) on all of them."""

    at: str
    how: How
    things: tuple[str, ...]


@dataclass(slots=True)
class _Seen:
    """Reads the log from its beginning; what overlaps the time of the scope counts."""

    scope: Scope
    found: dict[str, Touched] = field(default_factory=dict)
    keys_used: set[str] = field(default_factory=set)
    _acts: dict[int, _Act] = field(default_factory=dict)
    _recorded: dict[str, str] = field(default_factory=dict)
    _began: dict[int, str] = field(default_factory=dict)
    _looks: list[tuple[str, str]] = field(default_factory=list)
    _gone: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)

    @property
    def since(self) -> str:
        return _stamp(self.scope.since, _FIRST)

    @property
    def until(self) -> str:
        return _stamp(self.scope.until, _LAST)

    def touch(self, recording_id: str, how: How) -> None:
        self.found.setdefault(recording_id, Touched(recording_id, set())).how.add(how)

    def take(self, number: int, entry: Mapping[str, Any]) -> None:
        """Take the next entry."""
        activity, at = entry["activity"], str(entry["time"])
        begins = entry["outcome"] == Outcome.BEGUN
        if activity in _ACTS:
            self._access(number, entry, at, begins=begins)
        elif activity == Activity.RECORD:
            self._record(number, entry, at, begins=begins)
        elif activity in {Activity.CLOSE, Activity.INTERRUPT}:
            for name in _ids(entry, Kind.RECORDING):
                self._overlap(name, How.RECORDED, self._recorded.pop(name, None), at)
        elif activity == Activity.DISPOSE and entry["outcome"] == Outcome.SUCCESS:
            for name in _ids(entry, Kind.RECORDING):
                self._gone[name] = (at, frozenset(_ids(entry, Kind.KEY)))
        elif activity == Activity.KEY_USE and self._within(at) and self._theirs(entry):
            self.keys_used.update(_ids(entry, Kind.KEY))

    def end(self) -> None:
        """Take what never ended: a process was killed, or goes on."""
        for act in self._acts.values():
            # How far it came nobody knows: it counts as done.
            self._done(act, act.how, act.at)
        for name, began in self._recorded.items():
            self._overlap(name, How.RECORDED, began, _LAST)

    def exists(self, recording_id: str, started: str, keys: list[KeyInfo]) -> None:
        """Take a recording that the catalog has, for what was done to all of them."""
        if started > self.until:
            # What the key opens now it did not open then.
            self.found.pop(recording_id, None)
            return
        gone, its_keys = self._gone.get(recording_id, (_LAST, frozenset[str]()))
        for first, last in self._looks:
            if started <= last and gone >= first:
                self.touch(recording_id, How.VERIFIED)
        if gone < self.since:
            return
        for key in keys:
            # Its rows went as others took over; whoever copied them before has them still.
            retired = _stamp(key.retired, _LAST)
            was = key.state is not KeyState.ACTIVE and started <= retired
            if was or key.key_id in its_keys:
                self.touch(recording_id, How.KEY)

    def _access(self, number: int, entry: Mapping[str, Any], at: str, *, begins: bool) -> None:
        if begins:
            if self._theirs(entry):
                how, names = _ACTS[entry["activity"]], _ids(entry, Kind.RECORDING)
                if names or how is How.VERIFIED:
                    self._acts[number] = _Act(at, how, names)
            return
        names = _ids(entry, Kind.RECORDING)
        if entry["activity"] == Activity.LISTEN and self._theirs(entry):
            # One entry, before it begins.
            self._done(_Act(at, How.READ, names), How.READ, at)
        act = self._acts.get(entry.get("of", 0))
        # A check of a vault notes each recording that fails, and goes on.
        if act is not None and names == act.things:
            del self._acts[entry["of"]]
            failed = entry["outcome"] == Outcome.FAILURE
            self._done(act, How.TRIED if failed else act.how, at)

    def _done(self, act: _Act, how: How, at: str) -> None:
        if at < self.since or act.at > self.until:
            return
        if not act.things:
            self._looks.append((act.at, at))
        for name in act.things:
            self.touch(name, how)

    def _record(self, number: int, entry: Mapping[str, Any], at: str, *, begins: bool) -> None:
        names = _ids(entry, Kind.RECORDING)
        if not begins:
            self._recorded.pop(self._began.pop(entry.get("of", 0), ""), None)
        elif self._theirs(entry):
            for name in names:
                self._recorded[name] = at
                self._began[number] = name

    def _overlap(self, name: str, how: How, began: str | None, ended: str) -> None:
        if began is not None and ended >= self.since and began <= self.until:
            self.touch(name, how)

    def _within(self, at: str) -> bool:
        return self.since <= at <= self.until

    def _theirs(self, entry: Mapping[str, Any]) -> bool:
        scope, actor = self.scope, entry["actor"]
        if not (scope.accounts or scope.hosts):
            return not scope.keys
        return (
            actor["user"] in scope.accounts
            or actor["origin"] in scope.hosts
            or entry["host"] in scope.hosts
        )


def _ids(entry: Mapping[str, Any], kind: Kind) -> tuple[str, ...]:
    return tuple(str(thing["id"]) for thing in entry["objects"] if thing["kind"] == kind)


def _stamp(moment: datetime | None, otherwise: str) -> str:
    if moment is None:
        return otherwise
    at = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _sealed_to(table: KeyTable, key_id: str) -> Iterator[str]:
    after = ""
    while batch := table.sealed_to(key_id, after, _AT_ONCE):
        yield from (name for name, _ in batch)
        after = batch[-1][0]
