"""What people say of recordings: misses that they muted, mutes that were wrong, comments."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, case, delete, func, insert, select, update

from hushtap.errors import UsageError
from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.vault.details import looks_sensitive
from hushtap.web.store import Store, portions
from hushtap.web.tables import comments, flags, muted

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_COMMENT: Final = 1000
_DIGITS: Final = re.compile(r"\d(?:[\s.,/-]*\d){4,}")
"""Five digits in a row, however they are parted: no comment needs them."""


class FlagKind(StrEnum):
    """What is said of a span."""

    MISS = "miss"
    """It should have been muted."""
    OVERMUTE = "overmute"
    """It should not have been."""


class FlagState(StrEnum):
    """What came of it."""

    BEGUN = "begun"
    """It is being muted; or that failed. The desk plays silence there."""
    MUTED = "muted"
    HELD = "held"
    """A legal hold keeps the recording as it is. The desk plays silence there."""
    NOTED = "noted"
    """There is nothing to be done to the recording."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A span of one channel that somebody flagged; ``made`` in seconds since 1970."""

    id: int
    recording: str
    kind: FlagKind
    state: FlagState
    channel: int
    span: Span
    entity: Entity
    account: str
    made: float


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote about a recording, ``at`` seconds into it where that was said."""

    account: str
    made: float
    at: float | None
    text: str = field(repr=False)


class Review(Store):
    """The flags and comments of a desk."""

    def flag(
        self,
        recording: str,
        kind: FlagKind,
        *,
        channel: int,
        span: Span,
        entity: Entity,
        account: str,
    ) -> int:
        """Note a flag; return its number. A miss is ``BEGUN``, an over-mute ``NOTED``."""
        row = {
            "recording": recording,
            "kind": kind,
            "state": FlagState.BEGUN if kind is FlagKind.MISS else FlagState.NOTED,
            "channel": channel,
            "start": span.start,
            "end": span.end,
            "entity": str(entity),
            "account": account,
            "made": self._clock(),
        }
        with self._database.writing() as connection:
            made = insert(flags).values(row).returning(flags.c.id)
            return int(connection.scalar(made) or 0)

    def among(self, recordings: Iterable[str]) -> list[Flag]:
        """Return the flags of many recordings, the oldest first."""
        found: list[Flag] = []
        with self._database.reading() as connection:
            for some in portions(recordings):
                query = select(flags).where(flags.c.recording.in_(some)).order_by(flags.c.id)
                found += [_flag(row) for row in connection.execute(query)]
        return found

    def opened(self, recording: str, seconds: float) -> None:
        """Note how much of a recording is muted, in seconds of all channels together."""
        row = {"recording": recording, "seconds": seconds}
        with self._database.writing() as connection:
            connection.execute(delete(muted).where(muted.c.recording == recording))
            connection.execute(insert(muted).values(row))

    def muted(self, recordings: Iterable[str]) -> dict[str, float]:
        """Return the same of those of ``recordings`` that were ever opened."""
        found: dict[str, float] = {}
        with self._database.reading() as connection:
            for some in portions(recordings):
                rows = connection.execute(select(muted).where(muted.c.recording.in_(some)))
                found |= {row.recording: row.seconds for row in rows}
        return found

    def settle(self, flag: int, state: FlagState) -> None:
        """Note what came of a flag."""
        with self._database.writing() as connection:
            connection.execute(update(flags).where(flags.c.id == flag).values(state=state))

    def flags(
        self, recording: str | None = None, *, before: int | None = None, limit: int = 200
    ) -> list[Flag]:
        """Return the flags of one recording or of all, the newest first, from ``before`` on."""
        query = select(flags).order_by(flags.c.id.desc()).limit(limit)
        if recording is not None:
            query = query.where(flags.c.recording == recording)
        if before is not None:
            query = query.where(flags.c.id < before)
        with self._database.reading() as connection:
            return [_flag(row) for row in connection.execute(query)]

    def flagged(self, recordings: Iterable[str]) -> dict[str, int]:
        """Return how many misses each of ``recordings`` had, of those that were flagged at all."""
        misses = func.sum(case((flags.c.kind == FlagKind.MISS, 1), else_=0))
        found: dict[str, int] = {}
        with self._database.reading() as connection:
            for some in portions(recordings):
                query = select(flags.c.recording, misses).where(flags.c.recording.in_(some))
                rows = connection.execute(query.group_by(flags.c.recording))
                found |= {recording: int(count) for recording, count in rows}
        return found

    def waiting(self, recording: str) -> list[Flag]:
        """Return all that was missed and is not muted in the file yet."""
        query = select(flags).where(
            flags.c.recording == recording,
            flags.c.kind == FlagKind.MISS,
            flags.c.state.in_([FlagState.BEGUN, FlagState.HELD]),
        )
        with self._database.reading() as connection:
            return [_flag(row) for row in connection.execute(query)]

    def silent(self, recording: str) -> list[tuple[int, Span]]:
        """Return (channel, span) of the same."""
        return [(flag.channel, flag.span) for flag in self.waiting(recording)]

    def comment(self, recording: str, account: str, text: str, at: float | None) -> None:
        """Keep a comment, sealed.

        Raises:
            UsageError: it is empty, too long, or holds a row of digits.
        """
        text = " ".join(text.split())
        if not 0 < len(text) <= LONGEST_COMMENT:
            raise UsageError(f"a comment has 1 to {LONGEST_COMMENT} characters")
        if looks_sensitive(text) or _DIGITS.search(text):
            raise UsageError("no rows of digits in comments: say where it is, not what it is")
        row = {
            "recording": recording,
            "account": account,
            "made": self._clock(),
            "at": at,
            "text": self._database.seal(text),
        }
        with self._database.writing() as connection:
            connection.execute(insert(comments).values(row))

    def comments(self, recording: str) -> list[Comment]:
        """Return what was written about a recording, the oldest first."""
        query = select(comments).where(comments.c.recording == recording).order_by(comments.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Comment(row.account, row.made, row.at, self._database.unseal(row.text)) for row in rows
        ]


def _flag(row: Row[Any]) -> Flag:
    return Flag(
        id=row.id,
        recording=row.recording,
        kind=FlagKind(row.kind),
        state=FlagState(row.state),
        channel=row.channel,
        span=Span(row.start, row.end),
        entity=Entity(row.entity),
        account=row.account,
        made=row.made,
    )
