"""The list of recordings and their wrapped keys, in SQLite: counts and labels, never text.

The catalog is not authenticated. What it says of a recording's end is compared
with the sealed file whenever that is opened (``reader``). It holds the only copy
of each wrapped data key: without the row a file can never be opened again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    URL,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    NullPool,
    Row,
    String,
    Table,
    create_engine,
    event,
    exc,
    insert,
    select,
    text,
    update,
)

from hushtap.errors import VaultError
from hushtap.values import AudioFormat
from hushtap.vault.files import reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SCHEMA = 1

_metadata = MetaData()
_recordings = Table(
    "recordings",
    _metadata,
    Column("id", String, primary_key=True),
    Column("started", String, nullable=False),
    Column("sample_rate", Integer, nullable=False),
    Column("channels", Integer, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("samples", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("key_id", String, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
)


class State(StrEnum):
    """Where a recording stands."""

    OPEN = "open"
    """Being written now."""
    CLOSED = "closed"
    """Complete."""
    INTERRUPTED = "interrupted"
    """Its writer failed, was stopped or died: an exact beginning is there."""


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What is known of a recording without opening it.

    ``started`` is UTC; ``samples`` counts what every channel has (0 while open);
    ``policy`` is the fingerprint of the policy that redacted it; ``findings``
    counts by entity, empty where the writer died before it could tell; ``key_id``
    names the key pair it was sealed to.
    """

    id: str
    started: datetime
    audio_format: AudioFormat
    state: State
    samples: int
    source: str
    policy: str
    findings: Mapping[str, int]
    key_id: str


class Catalog:
    """The recordings of one vault. Safe to use from several threads and processes.

    Raises:
        VaultError: from every method, where the database cannot be used.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not _is_file(path):
            raise VaultError(f"{path}: no vault here; create one or check the path")
        # A connection lasts one operation: the last to close moves the log into the
        # database, so that no old page lingers beside it.
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)),
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={"timeout": 30},
        )
        event.listen(self._engine, "connect", _set_pragmas)
        with self._transaction() as connection:
            version = connection.scalar(text("PRAGMA user_version"))
            if version == 0 and create:
                _metadata.create_all(connection)
                connection.execute(text(f"PRAGMA user_version = {SCHEMA}"))
            elif version != SCHEMA:
                raise VaultError(
                    f"{path}: catalog of version {version}, this Hushtap knows {SCHEMA}; "
                    "use the Hushtap that made it"
                )

    def add(self, info: RecordingInfo, wrapped_key: bytes) -> None:
        """Add a recording that begins; on disk when this returns."""
        values = {
            "id": info.id,
            "started": info.started.isoformat(),
            "sample_rate": info.audio_format.sample_rate,
            "channels": info.audio_format.channels,
            "state": info.state,
            "samples": info.samples,
            "source": info.source,
            "policy": info.policy,
            "findings": dict(info.findings),
            "key_id": info.key_id,
            "wrapped_key": wrapped_key,
        }
        with self._transaction() as connection:
            connection.execute(insert(_recordings).values(values))

    def finish(
        self, recording_id: str, state: State, samples: int, findings: Mapping[str, int] | None
    ) -> None:
        """Note how an open recording ended; one that has ended is left as it is."""
        values: dict[str, Any] = {"state": state, "samples": samples}
        if findings is not None:
            values["findings"] = dict(findings)
        with self._transaction() as connection:
            connection.execute(
                update(_recordings)
                .where(_recordings.c.id == recording_id, _recordings.c.state == State.OPEN)
                .values(values)
            )

    def list(self, *, state: State | None = None) -> tuple[RecordingInfo, ...]:
        """Return the recordings, oldest first; only those in ``state`` where one is given."""
        query = select(_recordings).order_by(_recordings.c.id)
        if state is not None:
            query = query.where(_recordings.c.state == state)
        with self._transaction() as connection:
            return tuple(_info(row) for row in connection.execute(query))

    def find(self, recording_id: str) -> tuple[RecordingInfo, bytes]:
        """Return the one recording whose id begins with ``recording_id``, and its wrapped key.

        Raises:
            VaultError: none or several begin so.
        """
        query = (
            select(_recordings)
            .where(_recordings.c.id.startswith(recording_id, autoescape=True))
            .limit(2)
        )
        with self._transaction() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise VaultError(f"{self.path}: no recording {recording_id!r}; list the vault's ids")
        if len(rows) > 1:
            raise VaultError(
                f"{self.path}: several recordings begin with {recording_id!r}; give more of the id"
            )
        return _info(rows[0]), rows[0].wrapped_key

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except exc.DBAPIError as error:
            # SQLite's own message names tables and conditions, never values.
            raise VaultError(f"{self.path}: the catalog cannot be used ({error.orig})") from None
        except (exc.SQLAlchemyError, ValueError):
            raise VaultError(
                f"{self.path}: the catalog is damaged; restore it from a backup"
            ) from None


def _info(row: Row[Any]) -> RecordingInfo:
    return RecordingInfo(
        id=row.id,
        started=datetime.fromisoformat(row.started),
        audio_format=AudioFormat(row.sample_rate, row.channels),
        state=State(row.state),
        samples=row.samples,
        source=row.source,
        policy=row.policy,
        findings=row.findings,
        key_id=row.key_id,
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        raise VaultError(f"{path}: cannot be looked at ({reason(error)})") from None


def _set_pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's object
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
