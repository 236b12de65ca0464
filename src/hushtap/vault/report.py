"""What is due for disposal, and what outlived its term: from catalog, folder and audit log."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from hushtap.vault.audit.events import Change
from hushtap.vault.audit.reading import reading
from hushtap.vault.catalog import Query, State
from hushtap.vault.details import Consent
from hushtap.vault.statements import MOST_NAMED
from hushtap.vault.verifying import strays

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from hushtap.vault.catalog import Catalog, RecordingInfo
    from hushtap.vault.retention import Retention
    from hushtap.vault.sealedfiles import SealedFiles

_AT_ONCE: Final = 1000


@dataclass(frozen=True, slots=True)
class Due:
    """A recording that is to be disposed of, why, and since when (UTC) where that is known."""

    info: RecordingInfo
    cause: Change
    since: datetime | None = None


@dataclass(slots=True)
class Report:
    """What is left of every recording that the vault has listed, at the moment ``at`` (UTC).

    ``retention`` is the fingerprint of the rules, or none. Counts: ``disposed`` of
    which nothing is left, ``open`` being written, ``within`` their term, ``endless``
    without one. The lists name recordings:

    - ``overdue``: kept though their term is over, or their caller refused or withdrew.
    - ``held``: the same, and a legal hold keeps them.
    - ``unfinished``: disposed of, and keys or object are still there.
    - ``returned``: alive, while the audit log tells that they were disposed of.
    - ``unexplained``: without keys, while the audit log tells of no disposal.
    - ``strays``: files that the catalog does not know.
    """

    at: datetime
    retention: str | None
    disposed: int = 0
    open: int = 0
    within: int = 0
    endless: int = 0
    overdue: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing outlived its term but what a hold keeps."""
        return not (
            self.overdue or self.unfinished or self.returned or self.unexplained or self.strays
        )

    def as_json(self) -> dict[str, Any]:
        """Return counts and lists; of each list at most ``MOST_NAMED`` names in all."""
        left = MOST_NAMED
        fields: dict[str, Any] = {
            "at": self.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "retention": self.retention,
            "ok": self.ok,
            "disposed": self.disposed,
            "open": self.open,
            "within": self.within,
            "endless": self.endless,
        }
        for name in ("overdue", "held", "unfinished", "returned", "unexplained", "strays"):
            found: list[str] = getattr(self, name)
            fields[name] = {"count": len(found), "recordings": found[:left]}
            left -= len(found[:left])
        return fields


def due(catalog: Catalog, retention: Retention | None, log: Path, now: datetime) -> Iterator[Due]:
    """Yield what is to be disposed of now, holds or not, oldest first."""
    with reading(log) as reader:
        disposals = reader.disposals()
    for info in every(catalog, Query()):
        found = _due(info, retention, disposals, now)
        if found is not None:
            yield found


def report(
    catalog: Catalog, retention: Retention | None, log: Path, files: SealedFiles, now: datetime
) -> Report:
    """Look at every recording and every file, while nothing is disposed of; see ``Report``."""
    with reading(log) as reader:
        disposals = reader.disposals()
    keyed, there = catalog.with_keys(), set(files.ids())
    found = Report(now, None if retention is None else retention.fingerprint)
    for info in every(catalog, Query()):
        if info.state is State.OPEN:
            found.open += 1
        elif info.state is State.DISPOSED:
            if info.id in keyed or info.id in there:
                found.unfinished.append(info.id)
            elif info.id not in disposals:
                found.unexplained.append(info.id)
            else:
                found.disposed += 1
        elif info.id not in keyed and info.id not in disposals:
            found.unexplained.append(info.id)
        else:
            _sort_in(found, info, _due(info, retention, disposals, now), retention)
    found.strays = [one.recording_id for one in strays(files, catalog)]
    return found


def _sort_in(
    found: Report, info: RecordingInfo, one: Due | None, retention: Retention | None
) -> None:
    if one is None:
        endless = retention is None or retention.term_of(info) is None
        found.endless += endless
        found.within += not endless
    elif info.held:
        found.held.append(info.id)
    elif one.cause is Change.AGAIN:
        found.returned.append(info.id)
    else:
        found.overdue.append(info.id)


def _due(
    info: RecordingInfo, retention: Retention | None, disposals: dict[str, bool], now: datetime
) -> Due | None:
    if info.state in {State.OPEN, State.DISPOSED}:
        return None
    if disposals.get(info.id):
        return Due(info, Change.AGAIN)
    if info.consent is Consent.REFUSED:
        return Due(info, Change.REFUSED)
    if info.consent is Consent.WITHDRAWN:
        return Due(info, Change.WITHDRAWN)
    term = None if retention is None else retention.term_of(info)
    if term is not None and now - info.started >= term:
        return Due(info, Change.TERM, info.started + term)
    return None


def every(catalog: Catalog, query: Query) -> Iterator[RecordingInfo]:
    """Yield all recordings that fit, a page in memory at a time."""
    page: tuple[RecordingInfo, ...] = ()
    while True:
        after = page[-1].id if page else None
        page = catalog.search(replace(query, limit=_AT_ONCE, after=after))
        yield from page
        if len(page) < _AT_ONCE:
            return
