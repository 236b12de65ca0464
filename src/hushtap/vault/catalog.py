"""The list of recordings and their wrapped keys, in a database: counts and labels, never text.

The catalog is not authenticated. What it says of a recording's end is compared
with the sealed file whenever that is opened (``reader``). It holds the only copies
of the wrapped data keys: without one a file can never be opened again.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from hushtap.errors import HeldError, NotFoundError, VaultError
from hushtap.values import AudioFormat
from hushtap.vault.database import Database
from hushtap.vault.details import Consent, Direction
from hushtap.vault.schema import found, keys, prepare, recordings, wrapped_keys
from hushtap.vault.search import Query, State, begins, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import ColumnElement

    from hushtap.vault.details import CallDetails

__all__ = ["Catalog", "Query", "RecordingInfo", "State"]

_AT_ONCE = 500
"""Ids in one question."""

_LAST = "\U0010ffff"
"""Sorts after all that an id is made of. (A pattern would look at every row.)"""


@dataclass(frozen=True, slots=True)
class RecordingInfo:
    """What is known of a recording without opening it.

    ``started`` is UTC; ``samples`` counts what every channel has (0 while open);
    ``policy`` is the fingerprint of the policy that redacted it; ``findings``
    counts by entity, empty where the writer died before it could tell. ``caller`` is
    a keyed hash (``callers``); ``held`` tells whether a legal hold keeps it.
    """

    id: str
    started: datetime
    audio_format: AudioFormat
    state: State
    samples: int
    source: str
    policy: str
    findings: Mapping[str, int]
    agent: str | None = None
    queue: str | None = None
    direction: Direction | None = None
    caller: str | None = None
    call_id: str | None = field(default=None, repr=False)
    consent: Consent = Consent.UNKNOWN
    held: bool = False


def info_of_call(
    audio_format: AudioFormat,
    source: str,
    policy: str,
    started: datetime | None,
    call: CallDetails,
    *,
    caller: str | None,
) -> RecordingInfo:
    """Return what a recording is listed as that begins; ``caller`` is the hash of the call's.

    ``started`` is now unless given (any time zone).
    """
    start = (started or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    return RecordingInfo(
        id=f"{begins(start)}-{secrets.token_hex(4)}",
        started=start,
        audio_format=audio_format,
        state=State.OPEN,
        samples=0,
        source=source,
        policy=policy,
        findings={},
        agent=call.agent,
        queue=call.queue,
        direction=call.direction,
        caller=caller,
        call_id=call.call_id,
        consent=call.consent,
    )


class Catalog:
    """The recordings of one vault, in a file or at a URL. For several threads and processes.

    ``first_key`` tells id and label of the key that a new vault seals to, and that a vault of
    schema 1 goes on with; it is asked for then only.

    Raises:
        VaultError: from every method, where the database cannot be used.
    """

    def __init__(
        self,
        place: Path | str,
        *,
        create: bool = False,
        first_key: Callable[[], tuple[str, str] | None],
    ) -> None:
        self.database = Database(place, create=create)
        prepare(self.database, create=create, first_key=first_key)
        # Searches are right without it, only slower.
        with suppress(VaultError):
            self.database.take_stock()

    def add(self, info: RecordingInfo, wrapped: Mapping[str, bytes]) -> bool:
        """Add a recording that begins, and its data key as wrapped for each key; on disk then.

        Returns ``False``, and adds nothing, where ``wrapped`` is not for exactly
        the keys that are active at this moment.
        """
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
            "agent": info.agent,
            "queue": info.queue,
            "direction": info.direction,
            "caller": info.caller,
            "call_id": info.call_id,
            "consent": info.consent,
        }
        rows = [
            {"recording_id": info.id, "key_id": key_id, "wrapped": sealed}
            for key_id, sealed in wrapped.items()
        ]
        active = select(keys.c.id).where(keys.c.state == "active")
        with self.database.writing() as connection:
            if not rows or set(connection.scalars(active)) != wrapped.keys():
                return False
            connection.execute(insert(recordings).values(values))
            connection.execute(insert(wrapped_keys), rows)
        return True

    def finish(
        self, recording_id: str, state: State, samples: int, findings: Mapping[str, int] | None
    ) -> None:
        """Note how an open recording ended; one that has ended is left as it is."""
        values: dict[str, Any] = {"state": state, "samples": samples}
        if findings is not None:
            values["findings"] = dict(findings)
        with self.database.writing() as connection:
            ended = connection.execute(
                update(recordings)
                .where(recordings.c.id == recording_id, recordings.c.state == State.OPEN)
                .values(values)
            ).rowcount
            if ended and findings:
                counts = [
                    {"recording_id": recording_id, "entity": entity, "count": count}
                    for entity, count in findings.items()
                ]
                connection.execute(insert(found), counts)

    def search(self, query: Query, caller: str | None = None) -> tuple[RecordingInfo, ...]:
        """Return one page of the recordings that fit; ``caller`` is the keyed hash of the query's.

        It takes time by the length of the page, not of the catalog.
        """
        with self.database.reading() as connection:
            return tuple(_info(row) for row in connection.execute(statement(query, caller)))

    def list(self, *, state: State | None = None) -> tuple[RecordingInfo, ...]:
        """Return the recordings, oldest first; only those in ``state`` where one is given."""
        query = select(recordings).order_by(recordings.c.id)
        if state is not None:
            query = query.where(recordings.c.state == state)
        with self.database.reading() as connection:
            return tuple(_info(row) for row in connection.execute(query))

    def find(self, recording_id: str) -> tuple[RecordingInfo, Mapping[str, bytes]]:
        """Return the one recording whose id begins with ``recording_id``, and its wrapped keys.

        They are by the id of the key that opens each, and none where they were destroyed.

        Raises:
            NotFoundError: none or several begin so, or no id is given.
        """
        name = self.database.name
        if not recording_id:
            # All begin with nothing: an unset variable must not name the only recording.
            raise NotFoundError(
                f"{self.database.name}: an empty id names no recording; list the vault's ids"
            )
        query = (
            select(recordings)
            .where(recordings.c.id >= recording_id, recordings.c.id <= recording_id + _LAST)
            .limit(2)
        )
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
            if len(rows) == 1:
                sealed = select(wrapped_keys).where(wrapped_keys.c.recording_id == rows[0].id)
                wrapped = {row.key_id: row.wrapped for row in connection.execute(sealed)}
                return _info(rows[0]), wrapped
        if not rows:
            raise NotFoundError(
                f"{self.database.name}: no recording {recording_id!r}; list the vault's ids"
            )
        raise NotFoundError(
            f"{name}: several recordings begin with {recording_id!r}; give more of the id"
        )

    def with_their_keys(self) -> Iterator[tuple[RecordingInfo, Mapping[str, bytes]]]:
        """Yield what ``find`` returns of every recording, oldest first, a page in memory."""
        after = ""
        while True:
            query = select(recordings).where(recordings.c.id > after)
            with self.database.reading() as connection:
                page = connection.execute(query.order_by(recordings.c.id).limit(_AT_ONCE)).all()
                if not page:
                    return
                # (PostgreSQL takes no collation within BETWEEN.)
                sealed = select(wrapped_keys).where(
                    wrapped_keys.c.recording_id >= page[0].id,
                    wrapped_keys.c.recording_id <= page[-1].id,
                )
                wrapped: dict[str, dict[str, bytes]] = {row.id: {} for row in page}
                for row in connection.execute(sealed):
                    # Who writes the catalog by other means may have left one of no recording.
                    wrapped.setdefault(row.recording_id, {})[row.key_id] = row.wrapped
            for row in page:
                yield _info(row), wrapped[row.id]
            after = page[-1].id

    def ended(self, ids: Iterable[str]) -> set[str]:
        """Return those of ``ids`` that have ended and were not disposed of."""
        return self._among(ids, recordings.c.state.in_([State.CLOSED, State.INTERRUPTED]))

    def known(self, ids: Iterable[str]) -> set[str]:
        """Return those of ``ids`` that there are rows of."""
        return self._among(ids)

    def _among(self, ids: Iterable[str], *conditions: ColumnElement[bool]) -> set[str]:
        asked = sorted(ids)
        found: set[str] = set()
        with self.database.reading() as connection:
            for at in range(0, len(asked), _AT_ONCE):
                some = recordings.c.id.in_(asked[at : at + _AT_ONCE])
                found.update(connection.scalars(select(recordings.c.id).where(some, *conditions)))
        return found

    def with_keys(self) -> set[str]:
        """Return the recordings that have any wrapped key."""
        with self.database.reading() as connection:
            return set(connection.scalars(select(wrapped_keys.c.recording_id).distinct()))

    def destroy_keys(self, recording_id: str) -> int:
        """Delete every wrapped key of a recording, and what is left of it; return how many.

        Its row stays, as ``State.DISPOSED``.

        Raises:
            HeldError: a legal hold keeps it.
            VaultError: they may still lie in the database's files: call it again.
        """
        with self.database.writing() as connection:
            gone = delete_keys(connection, recording_id)
        self.database.scrub(recording_id)
        return len(gone)


def delete_keys(connection: Connection, recording_id: str) -> dict[str, bytes]:
    """Delete the wrapped keys of a recording, within a transaction; return them.

    Copies of them lie in the database's files until ``Database.scrub``.

    Raises:
        HeldError: a legal hold keeps it.
    """
    this = recordings.c.id == recording_id
    if connection.scalar(select(recordings.c.held).where(this)):
        raise HeldError(f"recording {recording_id} is under a legal hold; release that first")
    of_it = wrapped_keys.c.recording_id == recording_id
    rows = connection.execute(select(wrapped_keys).where(of_it))
    gone = {row.key_id: row.wrapped for row in rows}
    connection.execute(delete(wrapped_keys).where(of_it))
    connection.execute(update(recordings).where(this).values(state=State.DISPOSED))
    return gone


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
        agent=row.agent,
        queue=row.queue,
        direction=None if row.direction is None else Direction(row.direction),
        caller=row.caller,
        call_id=row.call_id,
        consent=Consent(row.consent),
        held=row.held,
    )
