"""The tables of the catalog, and how those of an earlier Hushtap become them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    event,
    false,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import VARCHAR
from sqlalchemy.schema import CreateColumn

from hushtap.errors import VaultError
from hushtap.vault.postgres import split

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.vault.database import Database

SCHEMA = 4

_Text = String().with_variant(VARCHAR(collation="C"), "postgresql")
"""Sorted by bytes in either: pages go by the order of ids, and rules of a language differ."""

_Count = Integer().with_variant(BigInteger, "postgresql")
"""64 bits in either."""


def _texts(*names: str) -> list[Column[str]]:
    """Return columns of text that is always there."""
    return [Column(name, _Text, nullable=False) for name in names]


metadata = MetaData()
recordings = Table(
    "recordings",
    metadata,
    Column("id", _Text, primary_key=True),
    *_texts("started"),
    Column("sample_rate", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    *_texts("state"),
    Column("samples", _Count, nullable=False),
    *_texts("source", "policy"),
    Column("findings", JSON, nullable=False),
    # From here on of schema 3.
    Column("agent", _Text),
    Column("queue", _Text),
    Column("direction", _Text),
    Column("caller", _Text),
    Column("call_id", _Text),
    Column("consent", _Text, nullable=False, server_default="unknown"),
    # Whether any row of ``holds`` is in force.
    Column("held", Boolean, nullable=False, server_default=false()),
    # A search reads one of these in the order of ids, wherever a page begins.
    *(
        Index(f"ix_recordings_{name}_id", name, "id")
        for name in ("state", "agent", "queue", "caller", "call_id", "consent", "held")
    ),
)
found = Table(
    "found",
    metadata,
    # What ``recordings.findings`` counts, to search by.
    Column("entity", _Text, primary_key=True),
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True),
    Column("count", Integer, nullable=False),
    Index("ix_found_by_recording", "recording_id"),
)
settings = Table(
    "settings",
    metadata,
    Column("name", _Text, primary_key=True),
    *_texts("value"),
)
holds = Table(
    "holds",
    metadata,
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True),
    Column("case", _Text, primary_key=True),
    *_texts("placed", "placed_by"),
)
waiting_mutes = Table(
    "waiting_mutes",
    metadata,
    # A span of one channel that is to be muted once no hold keeps the recording.
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True),
    Column("channel", Integer, primary_key=True),
    Column("start", _Count, primary_key=True),
    Column("end", _Count, primary_key=True),
    Column("entity", _Text, primary_key=True),
    *_texts("asked", "asked_by"),
)
approvals = Table(
    "approvals",
    metadata,
    Column("id", _Text, primary_key=True),
    *_texts("what", "asked_by", "asked"),
    Column("approved_by", _Text),
    # The number of the audit log's entry that begins the approval.
    Column("entry", _Count),
    Column("used", Boolean, nullable=False),
)
disposals = Table(
    "disposals",
    metadata,
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True),
    *_texts("cause"),
    # What of the audit log tells of it: things beside the recording, as [kind, id].
    Column("things", JSON, nullable=False),
    # The number of the entry that ends it; none while it is under way.
    Column("entry", _Count, index=True),
)
keys = Table(
    "keys",
    metadata,
    Column("id", _Text, primary_key=True),
    *_texts("label", "role", "state", "created"),
    Column("retired", _Text),
)
wrapped_keys = Table(
    "wrapped_keys",
    metadata,
    Column("recording_id", ForeignKey("recordings.id"), primary_key=True),
    Column("key_id", ForeignKey("keys.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    # In this order a rotation works through them.
    Index("ix_wrapped_keys_by_key", "key_id", "recording_id"),
    postgresql_partition_by="HASH (recording_id)",
)
event.listen(wrapped_keys, "after_create", split)


_SCHEMA_1 = "id, started, sample_rate, channels, state, samples, source, policy, findings"


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
    if database.version() == SCHEMA:
        return
    with database.writing() as connection:
        # Another process may have been faster.
        version = database.version(connection)
        if version == SCHEMA:
            return
        if version == 0 and create:
            metadata.create_all(connection)
        elif version == 1:
            _from_schema_1(connection)
        elif version == 2:  # noqa: PLR2004 - a version
            _from_schema_2(connection)
        elif version == 3:  # noqa: PLR2004 - same
            metadata.create_all(connection)
        else:
            raise _unknown(database, version)
        if version in {0, 1}:
            key = first_key()
            if key is None:
                raise VaultError(
                    f"{database.name}: its public key is missing; put the vault's public key back"
                )
            _add_first_key(connection, *key)
        database.set_version(connection, SCHEMA)


def _from_schema_1(connection: Connection) -> None:
    """Give each wrapped key a row of its own; the keys they were sealed to can only open."""
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    connection.execute(text("ALTER TABLE recordings RENAME TO recordings_1"))
    connection.execute(text("DROP INDEX ix_recordings_state"))
    metadata.create_all(connection)
    for statement in (
        f"INSERT INTO recordings ({_SCHEMA_1}) SELECT {_SCHEMA_1} FROM recordings_1",  # noqa: S608 - our own names
        "INSERT INTO keys (id, label, role, state, created, retired)"
        " SELECT key_id, 'of an earlier vault', 'main', 'retired', min(started), :now"
        " FROM recordings_1 GROUP BY key_id",
        "INSERT INTO wrapped_keys SELECT id, key_id, wrapped_key FROM recordings_1",
        "DROP TABLE recordings_1",
    ):
        connection.execute(text(statement), {"now": now} if ":now" in statement else {})
    _fill_found(connection)


def _from_schema_2(connection: Connection) -> None:
    """Give each recording the columns that it lacks; nobody knows what stands in them."""
    connection.execute(text("DROP INDEX ix_recordings_state"))
    for column in list(recordings.columns)[_SCHEMA_1.count(",") + 1 :]:
        described = CreateColumn(column).compile(connection)
        connection.execute(text(f"ALTER TABLE recordings ADD COLUMN {described}"))
    for index in recordings.indexes:
        index.create(connection)
    metadata.create_all(connection)
    _fill_found(connection)


def _fill_found(connection: Connection) -> None:
    rows = connection.execute(select(recordings.c.id, recordings.c.findings)).all()
    counts = [
        {"recording_id": row.id, "entity": entity, "count": count}
        for row in rows
        for entity, count in row.findings.items()
    ]
    if counts:
        connection.execute(insert(found), counts)


def _add_first_key(connection: Connection, key_id: str, label: str) -> None:
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    row = {"id": key_id, "label": label, "role": "main", "state": "active", "created": now}
    # A vault of schema 1 has it already, as one that can only open.
    if not connection.execute(update(keys).where(keys.c.id == key_id).values(row)).rowcount:
        connection.execute(insert(keys).values(row))


def _unknown(database: Database, version: int | None) -> VaultError:
    return VaultError(
        f"{database.name}: catalog of version {version}, this Hushtap knows {SCHEMA}; "
        "use the Hushtap that made it"
    )
