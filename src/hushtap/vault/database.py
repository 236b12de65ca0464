"""The SQLite file under the catalog: transactions, durability, and what deletion leaves behind."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, NullPool, create_engine, event, exc

from hushtap.errors import VaultError
from hushtap.vault.files import reason, why_unwritable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WAIT_SECONDS = 30
_ROOM = 1 << 17
"""Bytes that a transaction may need beside its rows: log, index of the log, pages."""


class Database:
    """One SQLite database. Safe to use from several threads and processes.

    ``wait_seconds`` is how long a transaction, or the emptying of the log, waits for
    other processes.

    Raises:
        VaultError: from every method, where the database cannot be used.
    """

    def __init__(self, path: Path, *, create: bool, wait_seconds: float = _WAIT_SECONDS) -> None:
        self.path = path
        if not create and not _is_file(path):
            raise VaultError(f"{path}: no vault here; create one or check the path")
        # A connection lasts one operation: the last to close moves the log into the
        # database, so that no old page lingers beside it.
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={"timeout": wait_seconds},
        )
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose queries all see the same moment."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that no other writer can come between; committed at the end.

        What it did is on disk once the block is left without an error.
        """
        engine = self._engine.execution_options(hushtap_writes=True)
        with self._translated(), engine.begin() as connection:
            yield connection

    def empty_log(self) -> None:
        """Overwrite the log with nothing: old pages may hold what was deleted.

        Raises:
            VaultError: another process reads on; what was deleted is then deleted,
                but may still lie in the log.
        """
        with self._translated():
            raw = self._engine.raw_connection()
            try:
                cursor = raw.cursor()
                busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                cursor.close()
            finally:
                raw.close()
        if busy:
            raise VaultError(
                f"{self.path}: deleted, but another process holds the log that remembers it; "
                "do the same again once that has ended"
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except exc.DBAPIError as error:
            if _out_of_space(error) and (full := why_unwritable(self.path.parent, _ROOM)):
                raise VaultError(
                    f"{self.path}: cannot be written ({full}); free space or choose another place"
                ) from None
            # SQLite's own message names tables and conditions, never values.
            raise VaultError(f"{self.path}: the catalog cannot be used ({error.orig})") from None
        except (exc.SQLAlchemyError, ValueError):
            raise VaultError(
                f"{self.path}: the catalog is damaged; restore it from a backup"
            ) from None


def _out_of_space(error: exc.DBAPIError) -> bool:
    """Whether the disk may be full. SQLite maps its log to memory: that failing is "disk I/O"."""
    name = getattr(error.orig, "sqlite_errorname", None) or ""
    return name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN"))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise VaultError(f"{path}: cannot be looked at ({reason(error)})") from None


def _prepare(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's object
    # Transactions begin below, not where the driver guesses that one is meant.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        "foreign_keys = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("hushtap_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
