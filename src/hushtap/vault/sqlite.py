"""A catalog in a file: SQLite, with nothing left of what was deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, NullPool, create_engine, event, exc, text

from hushtap.errors import VaultError
from hushtap.vault.files import reason, why_unwritable

if TYPE_CHECKING:
    from pathlib import Path

_ROOM: Final = 1 << 17
"""Bytes that a transaction may need beside its rows: log, index of the log, pages."""

_FEW: Final = 1000
"""Rows that are searched fast whatever the index, and rows of an index that are looked at."""


class Sqlite:
    """See ``database.Backend``. It lies in the folder of its one vault."""

    shared: bool = False

    def __init__(self, path: Path, wait_seconds: float) -> None:
        self.name = str(path)
        self._path = path
        # A connection lasts one operation: the last to close moves the log into the
        # database, so that no old page lingers beside it.
        self.engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={"timeout": wait_seconds},
        )
        event.listen(self.engine, "connect", _prepare)
        event.listen(self.engine, "begin", _begin)

    def exists(self) -> bool:
        """Return whether the file is there."""
        try:
            return self._path.is_file()
        except OSError as error:
            raise VaultError(f"{self._path}: cannot be looked at ({reason(error)})") from None

    def version(self) -> int:
        """Return what the file says."""
        with self.engine.begin() as connection:
            return self.version_within(connection)

    def version_within(self, connection: Connection) -> int:
        """Return what the file says."""
        return int(connection.scalar(text("PRAGMA user_version")) or 0)

    def set_version(self, connection: Connection, version: int) -> None:
        """Note it in the file's head."""
        connection.execute(text(f"PRAGMA user_version = {version}"))

    def scrub(self, recording_id: str) -> None:
        """Overwrite the log with nothing: old pages may hold what was deleted of any recording."""
        del recording_id
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.close()
        finally:
            raw.close()
        if busy:
            raise VaultError(
                f"{self._path}: deleted, but another process holds the log that remembers it; "
                "do the same again once that has ended"
            )

    def take_stock(self) -> None:
        """Count the indices, where there is ten times what SQLite knows of.

        Without that it takes every index for equally good, and reads all recordings that
        are closed to find the two with a rare finding.
        """
        with self.engine.begin() as connection:
            rows = connection.scalar(text("SELECT max(rowid) FROM recordings")) or 0
            known = 0
            if connection.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")):
                stat = "SELECT max(stat + 0) FROM sqlite_stat1 WHERE tbl = 'recordings'"
                known = connection.scalar(text(stat)) or 0
        if rows < max(_FEW, 10 * known):
            return
        with self.engine.execution_options(hushtap_writes=True).begin() as connection:
            connection.execute(text(f"PRAGMA analysis_limit = {_FEW}"))
            connection.execute(text("ANALYZE"))

    def explain(self, error: exc.DBAPIError) -> VaultError:
        """Return SQLite's own message: it names tables and conditions, never values."""
        if _out_of_space(error) and (full := why_unwritable(self._path.parent, _ROOM)):
            return VaultError(
                f"{self._path}: cannot be written ({full}); free space or choose another place"
            )
        return VaultError(f"{self._path}: the catalog cannot be used ({error.orig})")


def _out_of_space(error: exc.DBAPIError) -> bool:
    """Whether the disk may be full. SQLite maps its log to memory: that failing is "disk I/O"."""
    name = getattr(error.orig, "sqlite_errorname", None) or ""
    return name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN"))


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
