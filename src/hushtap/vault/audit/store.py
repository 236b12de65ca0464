"""The file of an audit log: a SQLite database that only grows.

An entry is on the disk when ``append`` returns (WAL, ``synchronous = FULL``).
Writers of several threads and processes take turns by SQLite's own lock; who
waits longer than ``WAIT_S`` for it fails. Triggers refuse changes; they guard
against accidents, the tree and its signed checkpoints against intent.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from hushtap.errors import VaultError
from hushtap.vault.audit.merkle import HASH_BYTES, Frontier, completed_by, leaf_hash, peaks_of
from hushtap.vault.audit.note import Checkpoint
from hushtap.vault.files import PRIVATE_FILE, reason, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.vault.audit.note import Signer

WAIT_S: Final = 10.0
"""Seconds that an append waits for others: 200 calls that begin at once take under one."""

CHECKPOINT_EVERY: Final = 100
"""Entries after which a checkpoint is made, where none of them asked for one."""

APPLICATION_ID: Final = 0x48754C67
SCHEMA: Final = 1

TABLES: Final = {
    "log": "CREATE TABLE log (origin TEXT NOT NULL) STRICT",
    "entries": (
        "CREATE TABLE entries (number INTEGER PRIMARY KEY, entry BLOB NOT NULL, "
        "nodes BLOB NOT NULL) STRICT"
    ),
    "checkpoints": "CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT",
    "exports": (
        "CREATE TABLE exports (target TEXT PRIMARY KEY, sent INTEGER NOT NULL, "
        "failures INTEGER NOT NULL, failed TEXT, reason TEXT) STRICT"
    ),
}
TRIGGERS: Final = {
    f"{table}_{act.lower()}": (
        f"CREATE TRIGGER {table}_{act.lower()} BEFORE {act} ON {table} "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
    )
    for table in ("log", "entries", "checkpoints")
    for act in ("UPDATE", "DELETE")
} | {
    # Without them, INSERT OR REPLACE would delete and fire nothing.
    "entries_insert": (
        "CREATE TRIGGER entries_insert BEFORE INSERT ON entries "
        "WHEN NEW.number IS NOT (SELECT ifnull(max(number), 0) + 1 FROM entries) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
    ),
    "checkpoints_insert": (
        "CREATE TRIGGER checkpoints_insert BEFORE INSERT ON checkpoints "
        "WHEN NEW.size <= (SELECT ifnull(max(size), 0) FROM checkpoints) "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
    ),
}


def create(path: Path, origin: str) -> None:
    """Make an empty log, readable by its owner only; one that is there is left alone.

    Raises:
        VaultError: it cannot be written.
    """
    try:
        with suppress(FileExistsError):
            # SQLite gives the files beside it the same permissions.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE_FILE))
            sync_folder(path.parent)
    except OSError as error:
        raise VaultError(f"{path}: the audit log cannot be made ({reason(error)})") from None
    store = Store(path)
    try:
        with store.writing(empty=True) as connection:
            if connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,):
                return
            for statement in (*TABLES.values(), *TRIGGERS.values()):
                connection.execute(statement)
            connection.execute("INSERT INTO log VALUES (?)", (origin,))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA}")
    finally:
        store.close()


class Store:
    """Writes to one log. Thread-safe; its connection is opened when first needed.

    Raises:
        VaultError: from every method, where the log is absent, locked, full, cut or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._owner = 0
        self._file: os.stat_result | None = None
        self._frontier = Frontier()
        self._finalizer: weakref.finalize[..., Store] | None = None

    def append(self, entry: bytes, signer: Signer | None = None, *, seal: bool = False) -> int:
        """Add an entry and return its number, counted from 1.

        With ``seal``, and each ``CHECKPOINT_EVERY`` entries, a checkpoint goes with it.
        """
        with self.writing() as connection:
            frontier = self._current(connection)
            nodes = frontier.append(leaf_hash(entry))
            connection.execute(
                "INSERT INTO entries VALUES (?, ?, ?)", (frontier.size, entry, b"".join(nodes))
            )
            if signer is not None and (seal or frontier.size % CHECKPOINT_EVERY == 0):
                _sign(connection, frontier, signer)
            number = frontier.size
        self._frontier = frontier
        return number

    def checkpoint(self, signer: Signer) -> str:
        """Return the signed head of the log as it is now; it is stored as well."""
        with self.writing() as connection:
            frontier = self._current(connection)
            row = connection.execute(
                "SELECT note FROM checkpoints WHERE size = ?", (frontier.size,)
            ).fetchone()
            return str(row[0]) if row else _sign(connection, frontier, signer)

    def exported(self, target: str, sent: int) -> None:
        """Note that ``target`` has the entries up to number ``sent``."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO exports VALUES (?1, ?2, 0, NULL, NULL) ON CONFLICT (target) "
                "DO UPDATE SET sent = max(sent, ?2), failures = 0, failed = NULL, reason = NULL",
                (target, sent),
            )

    def export_failed(self, target: str, failed: str, why: str) -> None:
        """Count a failure to send to ``target``, at the time ``failed``."""
        with self.writing() as connection:
            connection.execute(
                "INSERT INTO exports VALUES (?1, 0, 1, ?2, ?3) ON CONFLICT (target) "
                "DO UPDATE SET failures = failures + 1, failed = ?2, reason = ?3",
                (target, failed, why),
            )

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            self._drop()

    @contextmanager
    def writing(self, *, empty: bool = False) -> Iterator[sqlite3.Connection]:
        """Give a transaction that no other writer overlaps; it is on disk afterwards.

        With ``empty`` the file need not be a log yet.
        """
        if not self._lock.acquire(timeout=WAIT_S):
            raise self._unusable("it is busy")
        try:
            connection = self._open(empty=empty)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            # Whatever ends it, an interrupt by the keyboard among it, leaves no half of it.
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            if not self.path.with_name(f"{self.path.name}-wal").exists():
                raise self._unusable("its file -wal was removed while it was in use")
        except sqlite3.Error as error:
            self._drop()
            raise self._unusable(str(error)) from None
        except OSError as error:
            raise self._unusable(reason(error)) from None
        finally:
            self._lock.release()

    def _open(self, *, empty: bool) -> sqlite3.Connection:
        file = self.path.stat()
        if self._connection is not None and self._owner == os.getpid():
            if self._file is None or not os.path.samestat(file, self._file):
                raise self._unusable("it was replaced while it was in use")
            return self._connection
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=WAIT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            if not empty:
                _check_kind(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error:
            connection.close()
            raise
        self._connection, self._owner, self._file = connection, os.getpid(), file
        self._frontier = Frontier()
        self._finalizer = weakref.finalize(self, _close, connection, self._owner)
        return connection

    def _drop(self) -> None:
        if self._finalizer is not None:
            self._finalizer()
        self._connection = self._finalizer = None

    def _current(self, connection: sqlite3.Connection) -> Frontier:
        """Return a copy of the tree's frontier as the file has it now."""
        size, signed = connection.execute(
            "SELECT (SELECT ifnull(max(number), 0) FROM entries), "
            "(SELECT ifnull(max(size), 0) FROM checkpoints)"
        ).fetchone()
        if size < max(signed, self._frontier.size):
            raise self._unusable(
                f"it was cut: {size} entries of {max(signed, self._frontier.size)}"
            )
        if size == self._frontier.size:
            return Frontier(size, list(self._frontier.peaks))
        frontier = Frontier(size)
        for last, height in peaks_of(size):
            row = connection.execute(
                "SELECT nodes FROM entries WHERE number = ?", (last,)
            ).fetchone()
            if row is None or len(row[0]) != completed_by(last) * HASH_BYTES:
                raise self._unusable(f"entry {last} is damaged")
            frontier.peaks.append(row[0][height * HASH_BYTES :][:HASH_BYTES])
        return frontier

    def _unusable(self, why: str) -> VaultError:
        return VaultError(
            f"{self.path}: the audit log cannot be written ({why}), and nothing is done unlogged; "
            "free space, make it writable, or restore it"
        )


def _check_kind(connection: sqlite3.Connection) -> None:
    found = tuple(
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    if found != (APPLICATION_ID, SCHEMA):
        raise sqlite3.DatabaseError("not an audit log that this Hushtap knows")


def _sign(connection: sqlite3.Connection, frontier: Frontier, signer: Signer) -> str:
    note = signer.sign(Checkpoint(signer.name, frontier.size, frontier.root()).text())
    if frontier.size:
        connection.execute("INSERT INTO checkpoints VALUES (?, ?)", (frontier.size, note))
    return note


def _close(connection: sqlite3.Connection, owner: int) -> None:
    # A connection that was made before a fork belongs to the parent alone.
    if owner == os.getpid():
        with suppress(sqlite3.Error):
            connection.close()
