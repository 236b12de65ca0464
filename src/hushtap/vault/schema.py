"""The tables of the catalog, and how those of an earlier Hushtap become them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    text,
)

from hushtap.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.vault.database import Database

SCHEMA = 2

metadata = MetaData()
recordings = Table(
    "recordings",
    metadata,
    Column("id", String, primary_key=True),
    Column("started", String, nullable=False),
    Column("sample_rate", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("samples", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("findings", JSON, nullable=False),
)
keys = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("label", String, nullable=False),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),
    Column("created", String, nullable=False),
    Column("retired", String),
)
wrapped_keys = Table(
    "wrapped_keys",
    metadata,
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True),
    Column("key_id", ForeignKey("keys.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    # In this order a rotation works through them.
    Index("ix_wrapped_keys_by_key", "key_id", "recording_id"),
)


def prepare(
    database: Database, *, create: bool, first_key: Callable[[], tuple[str, str] | None]
) -> None:
    """Bring the tables of ``database`` to the present schema; all of it happens, or nothing.

    ``first_key`` tells id and label of the key that a vault is made with, and the one that a vault
    of schema 1 goes on with.

    Raises:
        VaultError: they are of a later schema, absent, or cannot be used; or there
            is no ``first_key`` where one is needed.
    """
    if _version(database) == SCHEMA:
        return
    with database.writing() as connection:
        # Another process may have been faster.
        version = connection.scalar(text("PRAGMA user_version"))
        if version == SCHEMA:
            return
        if version == 0 and create:
            metadata.create_all(connection)
        elif version == 1:
            _from_schema_1(connection)
        else:
            raise _unknown(database, version)
        key = first_key()
        if key is None:
            raise VaultError(
                f"{database.path}: its public key is missing; put the vault's public key back"
            )
        _add_first_key(connection, *key)
        connection.execute(text(f"PRAGMA user_version = {SCHEMA}"))


def _version(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.scalar(text("PRAGMA user_version")) or 0)


def _from_schema_1(connection: Connection) -> None:
    """Give each wrapped key a row of its own; the keys they were sealed to can only open."""
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    connection.execute(text("ALTER TABLE recordings RENAME TO recordings_1"))
    connection.execute(text("DROP INDEX ix_recordings_state"))
    metadata.create_all(connection)
    kept = ", ".join(column.name for column in recordings.columns)
    for statement in (
        f"INSERT INTO recordings ({kept}) SELECT {kept} FROM recordings_1",  # noqa: S608 - our own names
        "INSERT INTO keys (id, label, role, state, created, retired)"
        " SELECT key_id, 'of an earlier vault', 'main', 'retired', min(started), :now"
        " FROM recordings_1 GROUP BY key_id",
        "INSERT INTO wrapped_keys SELECT id, key_id, wrapped_key FROM recordings_1",
        "DROP TABLE recordings_1",
    ):
        connection.execute(text(statement), {"now": now} if ":now" in statement else {})


def _add_first_key(connection: Connection, key_id: str, label: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    row = {"id": key_id, "label": label, "role": "main", "state": "active", "created": now}
    connection.execute(insert(keys).values(row).prefix_with("OR REPLACE"))


def _unknown(database: Database, version: int | None) -> VaultError:
    return VaultError(
        f"{database.path}: catalog of version {version}, this Hushtap knows {SCHEMA}; "
        "use the Hushtap that made it"
    )
