"""The desk's own database beside the vault: people, sessions, and what they say of calls.

What is secret in it is sealed or hashed: time-based codes' secrets and comments
under ``desk.key``, passwords by Argon2id, tokens and recovery codes by SHA-256.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import URL, Connection, create_engine, event, exc, text

from hushtap.errors import VaultError
from hushtap.web.tables import SCHEMA, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PRIVATE: Final = 0o600
_WAITS_MS: Final = 10_000
_WAITS_FOR_READERS_MS: Final = 500


class DeskDatabase:
    """The database in ``folder``, made where there is none. Safe in several threads.

    Raises:
        VaultError: from every method, where it cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "desk.db"
        self._turn = threading.Lock()
        self.owed = True
        """Whether the log of changes may hold what was deleted: by an earlier process, too."""
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            self._box = Fernet(_key(folder / "desk.key"))
            with suppress(FileExistsError):
                # Only where there is none: to close a file that this process has open by
                # SQLite as well takes SQLite's locks away, and with them what others write.
                os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE))
        except (OSError, ValueError):
            raise VaultError(
                f"{folder}: the review desk's key or database cannot be read or made here; "
                "give this account the folder, or restore it from a backup"
            ) from None
        self._engine = create_engine(
            URL.create("sqlite", database=str(self.path)),
            hide_parameters=True,
            connect_args={"timeout": _WAITS_MS / 1000, "check_same_thread": False},
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        with self.writing() as connection:
            version = connection.scalar(text("PRAGMA user_version"))
            if version in range(SCHEMA):
                metadata.create_all(connection)
                connection.execute(text(f"PRAGMA user_version = {SCHEMA}"))
            elif version != SCHEMA:
                raise VaultError(
                    f"{self.path}: of version {version}, this Hushtap knows {SCHEMA}; "
                    "use the Hushtap that made it"
                )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose queries all see the same moment."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that no other writer comes between; committed at the end."""
        engine = self._engine.execution_options(hushtap_writes=True)
        # Threads wait here, in turn: SQLite's own waiting sleeps for up to a tenth of a second.
        with self._turn, self._translated(), engine.begin() as connection:
            yield connection

    def emptied(self) -> bool:
        """Overwrite the log of changes, which may hold what was deleted; return whether it was.

        Whoever reads keeps it from that: it is ``owed`` then, and to be done again.
        """
        with self._translated():
            raw = self._engine.raw_connection()
            try:
                cursor = raw.cursor()
                cursor.execute(f"PRAGMA busy_timeout = {_WAITS_FOR_READERS_MS}")
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                cursor.execute(f"PRAGMA busy_timeout = {_WAITS_MS}")
                cursor.close()
            except sqlite3.Error as error:
                raw.invalidate()
                raise exc.DatabaseError(None, None, error) from None
            finally:
                raw.close()
        self.owed = bool(busy)
        return not busy

    def seal(self, clear: str) -> bytes:
        """Return ``clear`` sealed under the desk's key."""
        return self._box.encrypt(clear.encode())

    def unseal(self, sealed: bytes) -> str:
        """Return what was sealed. Raises ``VaultError``: under another key, or changed."""
        try:
            return self._box.decrypt(sealed).decode()
        except InvalidToken:
            raise VaultError(
                f"{self.folder / 'desk.key'}: not the key that {self.path} was sealed with; "
                "put the right one back"
            ) from None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.SQLAlchemyError as error:
            name = type(error).__name__
            raise VaultError(
                f"{self.path}: cannot be used ({name}); look at the disk, or restore it"
            ) from None


def _key(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        key = Fernet.generate_key()
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    return key


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's object
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "secure_delete = ON", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("hushtap_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
