"""Which recordings are wanted, and the one SQL statement that finds a page of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import false, select

from hushtap.errors import UsageError
from hushtap.values import Entity
from hushtap.vault.schema import found, recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Select

    from hushtap.vault.details import Consent


class State(StrEnum):
    """Where a recording stands."""

    OPEN = "open"
    """Being written now."""
    CLOSED = "closed"
    """Complete."""
    INTERRUPTED = "interrupted"
    """Its writer failed, was stopped or died: an exact beginning is there."""
    DISPOSED = "disposed"
    """Its keys were destroyed: nothing opens it."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a recording must be; what is left out does not count.

    ``since`` is included and ``until`` is not; without a time zone they are UTC, in
    whole seconds. ``shortest`` and ``longest`` are lengths in seconds, both included, of
    recordings that have ended. ``caller`` is as it was given when the call was recorded, and
    hashed before it is looked for. A page is ``limit`` recordings, the oldest first
    (or the ``newest``); the next one begins ``after`` the id of its last.

    Raises:
        UsageError: ``limit`` is below 1.
    """

    since: datetime | None = None
    until: datetime | None = None
    agent: str | None = None
    queue: str | None = None
    entity: Entity | None = None
    state: State | None = None
    held: bool | None = None
    consent: Consent | None = None
    caller: str | None = field(default=None, repr=False)
    call_id: str | None = field(default=None, repr=False)
    shortest: float | None = None
    longest: float | None = None
    limit: int | None = None
    after: str | None = None
    newest: bool = False

    def __post_init__(self) -> None:
        """Refuse a page without recordings."""
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"a page of {self.limit} recordings: give a limit of 1 or more")


def begins(started: datetime) -> str:
    """Return what the id of a recording begins with: its start in UTC, so that ids sort by time."""
    return f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def statement(query: Query, caller: str | None) -> Select[Any]:
    """Return the SQL of ``query``; ``caller`` is the keyed hash of its caller, if it has one.

    Every filter has an index that ends in the id, so that a page is read and not sorted.
    """
    table = recordings.c
    sql = select(recordings)
    # Both say the same; whichever table is read first, its own bounds are needed.
    at: list[ColumnElement[str]] = [table.id]
    if query.entity is not None:
        sql = sql.join(found, found.c.recording_id == table.id)
        sql = sql.where(found.c.entity == query.entity)
        at.append(found.c.recording_id)
    for column, value in (
        (table.agent, query.agent),
        (table.queue, query.queue),
        (table.state, query.state),
        (table.consent, query.consent),
        (table.call_id, query.call_id),
    ):
        if value is not None:
            sql = sql.where(column == value)
    sql = sql.where(*_lengths(query))
    if query.held is not None:
        sql = sql.where(table.held == query.held)
    if query.caller is not None:
        sql = sql.where(false() if caller is None else table.caller == caller)
    for one in at:
        if query.since is not None:
            sql = sql.where(one >= begins(_utc(query.since)))
        if query.until is not None:
            sql = sql.where(one < begins(_utc(query.until)))
        if query.after is not None:
            sql = sql.where(one < query.after if query.newest else one > query.after)
    return sql.order_by(at[-1].desc() if query.newest else at[-1]).limit(query.limit)


def _lengths(query: Query) -> Iterator[ColumnElement[bool]]:
    if query.shortest is not None:
        yield recordings.c.samples >= query.shortest * recordings.c.sample_rate
    if query.longest is not None:
        yield recordings.c.samples <= query.longest * recordings.c.sample_rate


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
