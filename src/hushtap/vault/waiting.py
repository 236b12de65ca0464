"""Mutes that were asked for under a legal hold: kept until it is released, silent meanwhile.

The file of a held recording stays as it is. What waits is silent, and its words are
masked, in everything that the vault gives out of it, exports among it: whoever needs the
evidence as it was recorded has the file and the key.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, insert, select

from hushtap.timeline import Span
from hushtap.values import Entity, Finding
from hushtap.vault.resealing import masked
from hushtap.vault.schema import waiting_mutes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.values import TranscriptWord
    from hushtap.vault.database import Database
    from hushtap.vault.reader import OpenedRecording

REVIEWED = "review"
"""The ``source`` of a finding that a person flagged."""


class WaitingMutes:
    """What waits in one vault. Raises ``VaultError``: the catalog cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, recording_id: str) -> tuple[Finding, ...]:
        """Return what waits for a recording, by its full id, in the order it was asked for."""
        query = (
            select(waiting_mutes)
            .where(waiting_mutes.c.recording_id == recording_id)
            .order_by(waiting_mutes.c.asked, waiting_mutes.c.start)
        )
        with self._database.reading() as connection:
            return tuple(
                Finding(Entity(row.entity), Span(row.start, row.end), row.channel, 1.0, REVIEWED)
                for row in connection.execute(query)
            )

    def add(self, recording_id: str, finding: Finding, asked_by: str) -> None:
        """Let a mute wait; one that waits already changes nothing."""
        values = {
            "recording_id": recording_id,
            "channel": finding.channel,
            "start": finding.span.start,
            "end": finding.span.end,
            "entity": str(finding.entity),
            "asked": datetime.now(UTC).isoformat(timespec="microseconds"),
            "asked_by": asked_by,
        }
        with self._database.writing() as connection:
            there = select(waiting_mutes.c.asked).where(this(recording_id, finding))
            if connection.scalar(there) is None:
                connection.execute(insert(waiting_mutes).values(values))


def this(recording_id: str, finding: Finding) -> ColumnElement[bool]:
    """Return what is true of the row of one mute."""
    table = waiting_mutes.c
    return and_(
        table.recording_id == recording_id,
        table.channel == finding.channel,
        table.start == finding.span.start,
        table.end == finding.span.end,
        table.entity == str(finding.entity),
    )


def silenced(opened: OpenedRecording, waiting: Iterable[Finding]) -> OpenedRecording:
    """Return a recording in which what waits is silent and its words are masked."""
    for finding in waiting:
        opened.samples[finding.span.start : finding.span.end, finding.channel] = 0
    words = masked_words(opened.words, waiting, opened.audio_format.sample_rate)
    return replace(opened, words=words)


def masked_words(
    words: Iterable[TranscriptWord], waiting: Iterable[Finding], sample_rate: int
) -> tuple[TranscriptWord, ...]:
    """Return ``words`` with those masked that stand near what waits."""
    found = tuple(words)
    for finding in waiting:
        found = tuple(masked(word, finding, sample_rate) for word in found)
    return found
