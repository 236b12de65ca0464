"""Disposal with four eyes: one privacy officer asks, another one agrees, then it is done.

What is disposed of is a recording, or all recordings of a caller who wants to be erased.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, insert, select, update

from hushtap.errors import UsageError
from hushtap.vault.audit.events import is_name
from hushtap.vault.details import looks_sensitive
from hushtap.web.errors import ForbiddenError
from hushtap.web.store import Store
from hushtap.web.tables import disposals, erasures

GOOD_FOR: Final = 7 * 24 * 3600
"""Seconds within which a request can be agreed to."""


class Standing(StrEnum):
    """Where a request stands."""

    ASKED = "asked"
    AGREED = "agreed"
    """It is being done; or that failed, and to agree again finishes it."""
    DONE = "done"
    HELD = "held"
    """A legal hold kept the recording."""
    DECLINED = "declined"
    EXPIRED = "expired"


WITHDRAWN: Final = "consent-withdrawn"
REFUSED: Final = "consent-refused"
"""Reasons that are more than a reference: what the caller said is noted with it."""

_OVER: Final = "there is nothing to decide any more: load the page again"
_OPEN: Final = {
    Standing.AGREED: {Standing.ASKED, Standing.AGREED},
    Standing.DECLINED: {Standing.ASKED},
}
"""From where each decision can be made."""


@dataclass(frozen=True, slots=True)
class Request:
    """A recording that somebody wants disposed of, for ``reason``, which is a reference."""

    id: int
    recording: str
    reason: str
    standing: Standing
    asked_by: str
    asked: float
    decided_by: str | None
    decided: float | None

    @property
    def of_caller(self) -> bool:
        """Whether it is of a caller, who is named nowhere."""
        return not self.recording


class DisposalRequests(Store):
    """The requests of a desk."""

    def ask(self, recording: str, reason: str, account: str) -> None:
        """Ask for a disposal.

        Raises:
            UsageError: the reason is no reference, or it is asked for already.
        """
        self.check(recording, reason)
        with self._database.writing() as connection:
            connection.execute(insert(disposals).values(self._row(recording, reason, account)))

    def ask_erasure(self, caller: str, reason: str, account: str) -> None:
        """Ask for the erasure of a caller. Raises ``UsageError``: the reason is no reference."""
        self.check("", reason)
        made = insert(disposals).values(self._row("", reason, account)).returning(disposals.c.id)
        with self._database.writing() as connection:
            row = {"id": connection.scalar(made), "caller": self._database.seal(caller)}
            connection.execute(insert(erasures).values(row))

    def caller(self, request: int) -> str:
        """Return whose erasure a request is. Raises ``UsageError``: it is done, or none."""
        query = select(erasures.c.caller).where(erasures.c.id == request)
        with self._database.reading() as connection:
            sealed = connection.scalar(query)
        if sealed is None:
            raise UsageError(_OVER)
        return self._database.unseal(sealed)

    def erased(self, request: int, statement: str, *, whole: bool) -> None:
        """Keep what came of an erasure; whose it was only where it is to be done again."""
        values: dict[str, Any] = {"statement": statement}
        if whole:
            values["caller"] = None
            self._database.owed = True
        with self._database.writing() as connection:
            connection.execute(update(erasures).where(erasures.c.id == request).values(values))

    def forget_callers(self) -> None:
        """Forget whose erasure was asked for, where there is nothing to decide any more."""
        late = disposals.c.asked < self._clock() - GOOD_FOR
        over = disposals.c.state.in_([Standing.DONE, Standing.HELD, Standing.DECLINED])
        done = select(disposals.c.id).where(over | ((disposals.c.state == Standing.ASKED) & late))
        here = (erasures.c.caller.is_not(None), erasures.c.id.in_(done))
        with self._database.writing() as connection:
            if connection.execute(update(erasures).where(*here).values(caller=None)).rowcount:
                self._database.owed = True

    def statement(self, request: int) -> str:
        """Return the signed statement of an erasure. Raises ``UsageError``: there is none."""
        query = select(erasures.c.statement).where(erasures.c.id == request)
        with self._database.reading() as connection:
            found = connection.scalar(query)
        if found is None:
            raise UsageError("there is no statement of that: it is not done")
        return str(found)

    def _row(self, recording: str, reason: str, account: str) -> dict[str, Any]:
        return {
            "recording": recording,
            "reason": reason,
            "asked_by": account,
            "state": Standing.ASKED,
            "asked": self._clock(),
        }

    def check(self, recording: str, reason: str) -> None:
        """Refuse what ``ask`` would refuse. Raises ``UsageError``."""
        if not is_name(reason) or looks_sensitive(reason):
            raise UsageError("give the reason as a reference such as case-2026-114: no prose")
        if not recording:
            return
        query = select(disposals).where(disposals.c.recording == recording)
        with self._database.reading() as connection:
            known = [self._request(row) for row in connection.execute(query)]
        if any(one.standing in {Standing.ASKED, Standing.AGREED} for one in known):
            raise UsageError("it is asked for already: another privacy officer is to agree")

    def get(self, request: int) -> Request:
        """Return a request. Raises ``UsageError``: there is none of that number."""
        query = select(disposals).where(disposals.c.id == request)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise UsageError(_OVER)
        return self._request(row)

    def open(self, request: int, account: str, standing: Standing) -> Request:
        """Return a request on which ``account`` may decide so: agree, or decline.

        Raises:
            UsageError: there is no such request, or nothing is to be decided any more.
            ForbiddenError: whoever asked cannot agree.
        """
        found = self.get(request)
        if found.standing not in _OPEN.get(standing, ()):
            raise UsageError(_OVER)
        if standing is Standing.AGREED and account == found.asked_by:
            raise ForbiddenError("You asked for it: another privacy officer has to agree.")
        return found

    def decide(self, request: int, account: str, standing: Standing) -> None:
        """Agree to a request or decline it; what failed may be agreed to again.

        Raises:
            UsageError, ForbiddenError: as ``open`` does.
        """
        found = self.open(request, account, standing)
        values = {"state": standing, "decided_by": account, "decided": self._clock()}
        here = (disposals.c.id == request, disposals.c.state == found.standing)
        with self._database.writing() as connection:
            # Of two who agree at once, one does.
            if not connection.execute(update(disposals).where(*here).values(values)).rowcount:
                raise UsageError(_OVER)
            if standing is Standing.DECLINED:
                whose = update(erasures).where(erasures.c.id == request)
                connection.execute(whose.values(caller=None))
                self._database.owed = True

    def settle(self, request: int, standing: Standing) -> None:
        """Note what came of one that was agreed to."""
        with self._database.writing() as connection:
            here = disposals.c.id == request
            connection.execute(update(disposals).where(here).values(state=standing))

    def list(self, most: int = 200) -> list[Request]:
        """Return the requests, the newest first."""
        query = select(disposals).order_by(disposals.c.id.desc()).limit(most)
        with self._database.reading() as connection:
            return [self._request(row) for row in connection.execute(query)]

    def _request(self, row: Row[Any]) -> Request:
        standing = Standing(row.state)
        if standing is Standing.ASKED and self._clock() - row.asked > GOOD_FOR:
            standing = Standing.EXPIRED
        return Request(
            id=row.id,
            recording=row.recording,
            reason=row.reason,
            standing=standing,
            asked_by=row.asked_by,
            asked=row.asked,
            decided_by=row.decided_by,
            decided=row.decided,
        )
