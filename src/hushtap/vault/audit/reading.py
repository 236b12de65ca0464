"""Reading an audit log without changing it, from a copy on read-only media as well."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Activity, Kind, Outcome, unpack
from hushtap.vault.audit.store import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_AT_ONCE: Final = 1000
"""Rows in memory at a time."""


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it lies in the file: bytes where nobody changed their type."""

    number: int
    entry: Any
    nodes: Any


@dataclass(frozen=True, slots=True)
class ExportState:
    """How far a target is; ``failures`` since the last success, the last at ``failed`` (UTC)."""

    target: str
    sent: int
    pending: int
    failures: int
    failed: str | None
    reason: str | None


class Reader:
    """One state of a log, however it grows meanwhile. Made by ``reading``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.origin = str(self._one("SELECT origin FROM log"))
        self.size = int(self._one("SELECT ifnull(max(number), 0) FROM entries"))
        """The number of the last entry."""

    def rows(self, first: int = 1, last: int | None = None) -> Iterator[Row]:
        """Yield entries in order of their numbers, from ``first`` to ``last``, both included."""
        cursor = self._connection.execute(
            "SELECT number, entry, nodes FROM entries WHERE number BETWEEN ? AND ? ORDER BY number",
            (first, self.size if last is None else last),
        )
        while rows := cursor.fetchmany(_AT_ONCE):
            yield from (Row(*row) for row in rows)

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Yield the sizes and notes of the checkpoints stored in the log, smallest first."""
        yield from self._connection.execute("SELECT size, note FROM checkpoints ORDER BY size")

    def last_checkpoint(self) -> tuple[int, str] | None:
        """Return size and note of the newest stored checkpoint."""
        row: tuple[int, str] | None = self._connection.execute(
            "SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1"
        ).fetchone()
        return row

    def exports(self) -> list[ExportState]:
        """Return how far every known target is."""
        rows = self._connection.execute(
            "SELECT target, sent, max(?1 - sent, 0), failures, failed, reason FROM exports "
            "ORDER BY target",
            (self.size,),
        )
        return [ExportState(*row) for row in rows]

    def disposals(self) -> dict[str, bool]:
        """Return the recordings whose keys were to be destroyed, and whether that was completed."""
        found: dict[str, bool] = {}
        for entry in self.entries_with(b'"activity":"dispose"'):
            with suppress(KeyError, TypeError, ValueError):
                fields = unpack(entry)
                # A failure ends what was begun, or tells that a hold refused it.
                refused = fields["outcome"] == Outcome.FAILURE
                if fields["activity"] == Activity.DISPOSE and not refused:
                    done = fields["outcome"] == Outcome.SUCCESS
                    for thing in fields["objects"]:
                        if thing["kind"] == Kind.RECORDING:
                            found[thing["id"]] = found.get(thing["id"], False) or done
        return found

    def entries_with(self, part: bytes) -> Iterator[bytes]:
        """Yield the entries that ``part`` stands in, oldest first: a first sieve only."""
        cursor = self._connection.execute(
            "SELECT entry FROM entries WHERE instr(entry, ?) ORDER BY number", (part,)
        )
        yield from (entry for (entry,) in cursor)

    def schema(self) -> dict[str, str]:
        """Return the SQL of every table and trigger, by its name."""
        return dict(
            self._connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'trigger')"
            ).fetchall()
        )

    def _one(self, query: str) -> Any:  # noqa: ANN401 - whatever the file holds
        row = self._connection.execute(query).fetchone()
        return None if row is None else row[0]


class DamagedLogError(VaultError):
    """The file of the log is no database any more."""

    exit_code = 3


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    """Give one state of the log at ``path``.

    Raises:
        DamagedLogError: it is not a log, or cannot be read as a database.
        VaultError: there is none, or it is of a later version.
    """
    if not path.is_file():
        raise VaultError(f"{path}: no audit log here; name the vault that has one")
    wal = path.with_name(f"{path.name}-wal")
    try:
        try:
            connection = _connect(path, "mode=ro")
        except sqlite3.OperationalError:
            # A folder that cannot be written has no place for SQLite's shared memory.
            if wal.exists() and wal.stat().st_size:
                raise
            connection = _connect(path, "mode=ro&immutable=1")
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > SCHEMA:
                raise VaultError(f"{path}: an audit log of version {version}; use a newer Hushtap")
            connection.execute("BEGIN")
            yield Reader(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DamagedLogError(
            f"{path}: not readable as an audit log ({error}); restore it from a backup"
        ) from None


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{options}", uri=True, timeout=10, isolation_level=None
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection
