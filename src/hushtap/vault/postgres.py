"""A catalog in PostgreSQL: one writer at a time, and deleted keys gone from its tables' files.

PostgreSQL never overwrites a deleted row, and its ``VACUUM`` leaves the bytes in the
page. The table of wrapped keys is therefore split into ``PARTS`` by the hash of the
recording, and after a disposal the recording's part is written anew and its old file
dropped. The write-ahead log, replicas and backups of the server are beyond that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final
from weakref import finalize

from sqlalchemy import (
    URL,
    Connection,
    Table,
    create_engine,
    event,
    exc,
    make_url,
    text,
)

from hushtap.errors import UsageError, VaultError

if TYPE_CHECKING:
    from sqlalchemy import Engine

PARTS: Final = 32
"""Parts of the table of wrapped keys: of 100 000 recordings, one has 4 MB."""

_SPLIT: Final = "wrapped_keys"
_LOCK: Final = 0x68757368746170
"""Of ``pg_advisory_xact_lock``: whoever holds it writes the catalog."""

_KEPT: Final = 2
_MORE: Final = 8
"""Connections that a process keeps, and may have more of while several threads ask at once."""

_FEW_PAGES: Final = 10
"""Pages of a table that is searched fast whatever the index."""

_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OPTIONS: Final = frozenset(
    {"host", "options", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
)
_LIBPQ: Final = {
    "application_name": "hushtap",
    "connect_timeout": "10",
    # A server that is gone is told from one that is slow.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
}


def checked(url: str) -> URL:
    """Return ``url`` as SQLAlchemy takes it; to another machine with its certificate verified.

    Raises:
        UsageError: it is none, has a password in it, or an option that is not known.
    """
    try:
        found = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise UsageError("the catalog's database must be a postgresql:// URL") from None
    if found.password is not None:
        raise UsageError(
            "a password has no place in the URL of the catalog's database: "
            "set PGPASSWORD, or put it into the passfile (~/.pgpass)"
        )
    unknown = sorted(set(found.query) - _OPTIONS)
    if unknown:
        raise UsageError(
            f"the URL of the catalog's database may have {', '.join(sorted(_OPTIONS))}; "
            "a password stands in the passfile"
        )
    found = found.set(drivername="postgresql+psycopg")
    socket = str(found.query.get("host", found.host or "/"))
    if "sslmode" not in found.query and socket not in _HERE and not socket.startswith("/"):
        found = found.update_query_dict({"sslmode": "verify-full"})
        if "sslrootcert" not in found.query:
            found = found.update_query_dict({"sslrootcert": "system"})
    return found


class Postgres:
    """See ``database.Backend``. Raises ``VaultError``: the URL or the installation is wrong."""

    shared: bool = True

    def __init__(self, url: str, wait_seconds: float) -> None:
        try:
            found = checked(url)
        except UsageError as error:
            raise VaultError(str(error)) from None
        at = found.query.get("host", found.host) or "a local socket"
        self.name = f"PostgreSQL database {found.database} at {at}"
        self._wait = round(wait_seconds * 1000) or 1
        self.engine = self._engine(found)
        event.listen(self.engine, "connect", partial(_prepare, self._wait))
        # Whoever has nothing to do with the catalog any more keeps no connection of the server.
        finalize(self, self.engine.dispose)
        event.listen(self.engine, "begin", _begin)

    def _engine(self, url: URL) -> Engine:
        settings = {name: value for name, value in _LIBPQ.items() if name not in url.query}
        try:
            # To connect takes a server twenty times as long as to answer.
            return create_engine(
                url,
                pool_size=_KEPT,
                max_overflow=_MORE,
                pool_timeout=self._wait / 1000,
                pool_pre_ping=True,
                hide_parameters=True,
                connect_args=settings,
            )
        except ImportError:
            raise VaultError(
                "the catalog is in PostgreSQL: pip install 'hushtap[postgres]'"
            ) from None

    def exists(self) -> bool:
        """Return whether the tables are there."""
        return self.version() > 0

    def version(self) -> int:
        """Return what the table of settings says; 0 without one."""
        with self.engine.execution_options(hushtap_asks=True).begin() as connection:
            return self.version_within(connection)

    def version_within(self, connection: Connection) -> int:
        """Return the same."""
        if connection.scalar(text("SELECT to_regclass('settings')")) is None:
            return 0
        said = connection.scalar(text("SELECT value FROM settings WHERE name = 'schema'"))
        return int(said or 0)

    def set_version(self, connection: Connection, version: int) -> None:
        """Note it among the settings."""
        connection.execute(text("DELETE FROM settings WHERE name = 'schema'"))
        connection.execute(
            text("INSERT INTO settings (name, value) VALUES ('schema', :value)"),
            {"value": str(version)},
        )

    def scrub(self, recording_id: str) -> None:
        """Write the recording's part of the wrapped keys anew, without what was deleted of it."""
        # TRUNCATE gives the table a new file; the old one goes at the end of the transaction.
        where = text(
            "SELECT part FROM generate_series(0, :parts - 1) part WHERE satisfies_hash_partition("
            "to_regclass(:table), :parts, part, CAST(:id AS varchar))"
        )
        with self.engine.execution_options(hushtap_writes=True).begin() as connection:
            number = connection.scalar(where, {"parts": PARTS, "id": recording_id, "table": _SPLIT})
            part = _part(int(number or 0))
            for statement in (
                f"LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE",
                f"CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM {part}",  # noqa: S608 - our own names
                f"TRUNCATE {part}",
                f"INSERT INTO {part} SELECT * FROM kept",  # noqa: S608 - same
            ):
                connection.execute(text(statement))

    def take_stock(self) -> None:
        """Count what lies in the tables, where there is ten times what the server knows of.

        It counts by itself, a minute late, unless its autovacuum is off. Until then it reads
        all of a finding to see which are on hold: 300 ms in place of one.
        """
        pages = text(
            "SELECT pg_relation_size(oid) / current_setting('block_size')::int, relpages "
            "FROM pg_class WHERE oid = to_regclass('recordings')"
        )
        with self.engine.execution_options(hushtap_asks=True).begin() as connection:
            found = connection.execute(pages).one()
            if found[0] > max(_FEW_PAGES, 10 * found[1]):
                connection.execute(text("ANALYZE recordings, found"))

    def explain(self, error: exc.DBAPIError) -> VaultError:
        """Return the class of the error: the server's own message may quote a value."""
        name = type(error.orig).__name__
        if name == "LockNotAvailable":
            return VaultError(
                f"{self.name}: another process holds it; do the same again once that has ended"
            )
        state = getattr(error.orig, "sqlstate", None)
        if state is None:
            return VaultError(
                f"{self.name}: cannot be reached; look at its address, certificate and password"
            )
        return VaultError(f"{self.name}: the catalog cannot be used ({name}, SQLSTATE {state})")


def _prepare(wait: int, connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's object
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, false), "
            # A server that confirms what is not on its disk yet would lose keys.
            "CASE WHEN current_setting('synchronous_commit') = 'off' "
            "THEN set_config('synchronous_commit', 'on', false) END",
            (f"{wait}ms",),
        )
    connection.commit()


def split(target: Table, connection: Connection, **_known: object) -> None:
    """Make the parts of the table of wrapped keys, once it is made itself."""
    del target
    if connection.dialect.name == "postgresql":
        for number in range(PARTS):
            connection.execute(
                text(
                    f"CREATE TABLE {_part(number)} PARTITION OF {_SPLIT} "
                    f"FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {number})"
                )
            )


def _part(number: int) -> str:
    return f"{_SPLIT}_{number:02}"


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("hushtap_asks", False):
        return
    if options.get("hushtap_writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        return
    connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    # Before the moment is chosen: a part that is written anew looks empty to earlier ones.
    connection.exec_driver_sql(f"LOCK TABLE {_SPLIT} IN ACCESS SHARE MODE")
