"""Legal holds: cases for which recordings are kept, whatever their term says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, insert, select, update

from hushtap.errors import UsageError, VaultError
from hushtap.vault.audit.events import Activity, Change, Kind, Thing, is_name
from hushtap.vault.catalog import State
from hushtap.vault.details import looks_sensitive
from hushtap.vault.schema import holds, recordings

if TYPE_CHECKING:
    from hushtap.vault.audit.log import Journal
    from hushtap.vault.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Hold:
    """A case for which a recording is kept; ``placed`` is UTC, ``placed_by`` an account."""

    case: str
    placed: datetime
    placed_by: str


class Holds:
    """The holds of one vault.

    Raises:
        VaultError: from every method, where the recording is unknown, or the catalog
            or the audit log cannot be used.
    """

    def __init__(self, catalog: Catalog, journal: Journal) -> None:
        self._catalog = catalog
        self._journal = journal

    def of(self, recording_id: str) -> tuple[Hold, ...]:
        """Return what keeps a recording, by the full id of it."""
        query = select(holds).where(holds.c.recording_id == recording_id).order_by(holds.c.case)
        with self._catalog.database.reading() as connection:
            return tuple(
                Hold(row.case, datetime.fromisoformat(row.placed), row.placed_by)
                for row in connection.execute(query)
            )

    def place(self, recording_id: str, case: str) -> str:
        """Keep a recording for ``case`` until that is released; return the recording's id.

        Placing the same hold again changes nothing.

        Raises:
            UsageError: ``case`` is no reference.
            VaultError: the recording was disposed of.
        """
        case = checked(case)
        info = self._catalog.find(recording_id)[0]
        things = (Thing(Kind.RECORDING, info.id), Thing(Kind.CASE, case))
        now = datetime.now(UTC).replace(microsecond=0).isoformat()
        values = {
            "recording_id": info.id,
            "case": case,
            "placed": now,
            "placed_by": self._journal.actor.user,
        }
        here = (holds.c.recording_id == info.id, holds.c.case == case)
        with (
            self._journal.act(Activity.HOLD, *things, change=Change.PLACE),
            self._catalog.database.writing() as connection,
        ):
            # In the transaction: a disposal that is under way has either begun, or finds this.
            table = recordings.c
            if connection.scalar(select(table.state).where(table.id == info.id)) == State.DISPOSED:
                raise VaultError(f"recording {info.id} was disposed of: there is nothing to hold")
            if not connection.scalar(select(exists().where(*here))):
                connection.execute(insert(holds).values(values))
            connection.execute(update(recordings).where(table.id == info.id).values(held=True))
        return info.id

    def release(self, recording_id: str, case: str | None = None) -> str:
        """Release one hold, or the only one; return the recording's id.

        Raises:
            VaultError: there is no such hold, or ``case`` does not say which of several.
        """
        info = self._catalog.find(recording_id)[0]
        cases = [hold.case for hold in self.of(info.id)]
        if case is None and len(cases) > 1:
            raise VaultError(
                f"recording {info.id} is held for {', '.join(cases)}: name the case to release"
            )
        found = case or (cases[0] if cases else None)
        if found not in cases:
            of = "" if case is None else f" for {checked(case)}"
            raise VaultError(f"recording {info.id} is not held{of}")
        things = (Thing(Kind.RECORDING, info.id), Thing(Kind.CASE, found))
        with (
            self._journal.act(Activity.HOLD, *things, change=Change.RELEASE),
            self._catalog.database.writing() as connection,
        ):
            of_it = holds.c.recording_id == info.id
            connection.execute(delete(holds).where(of_it, holds.c.case == found))
            left = bool(connection.scalar(select(exists().where(of_it))))
            connection.execute(
                update(recordings).where(recordings.c.id == info.id).values(held=left)
            )
        return info.id


def checked(case: str) -> str:
    """Return ``case`` where it is a reference that the audit log can carry.

    Raises:
        UsageError: it is prose, or looks like a card number.
    """
    if not is_name(case) or looks_sensitive(case):
        raise UsageError(
            "the reason must be a reference such as case-2026-114: "
            "letters, digits and _ . : @ / - only, 128 at most, and no card number"
        )
    return case
