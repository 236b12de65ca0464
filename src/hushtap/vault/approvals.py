"""Dual control: audio leaves the vault once a second person has agreed.

One account asks, another approves, within 24 hours the first exports, once. Both steps are
acts of the audit log, and an approval counts only where the log tells of it too: a new row
in the catalog opens nothing. To end dual control takes two as well.

Accounts are those the acts are logged under: of the system for commands, of whoever signed
in elsewhere (``Vault.acting_as``). It binds who uses the vault through Hushtap, not who
holds the private key and the files, nor who can change the catalog's rows by other means:
an approval made unused again, or the setting deleted, is not found out.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from hushtap.errors import ApprovalError, VaultError, VerificationError
from hushtap.vault import statements
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.audit.reading import reading
from hushtap.vault.schema import approvals, settings

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Row

    from hushtap.vault.audit.log import Journal
    from hushtap.vault.database import Database

TERM: Final = timedelta(hours=24)
"""How long a request can be approved, and what was approved can be done."""

DUAL_CONTROL: Final = "dual-control"
"""What is asked for where dual control itself is to end."""

_SETTING: Final = "export-approval"
_TWO: Final = "required"


@dataclass(frozen=True, slots=True)
class Request:
    """Something that two people are to agree on. Times are UTC.

    ``what`` is a recording, or ``DUAL_CONTROL``. ``approved_by`` is ``None`` until somebody
    has; ``used`` where it was done.
    """

    id: str
    what: str
    asked_by: str
    asked: datetime
    approved_by: str | None = None
    used: bool = False

    @property
    def ends(self) -> datetime:
        """After which it is worth nothing."""
        return self.asked + TERM

    def state(self, now: datetime) -> str:
        """Return ``used``, ``expired``, ``approved`` or ``waiting``."""
        if self.used:
            return "used"
        if now >= self.ends:
            return "expired"
        return "waiting" if self.approved_by is None else "approved"


class Approvals:
    """The dual control of one vault; ``log`` is the path of its audit log.

    Raises:
        VaultError: from every method, where the catalog or the audit log cannot be used.
    """

    def __init__(self, database: Database, journal: Journal, log: Path) -> None:
        self._database = database
        self._journal = journal
        self._log = log

    @property
    def required(self) -> bool:
        """Whether exports need a second person. What cannot be understood means yes."""
        query = select(settings.c.value).where(settings.c.name == _SETTING)
        with self._database.reading() as connection:
            return connection.scalar(query) is not None

    def require(self) -> None:
        """Let exports need a second person from now on."""
        with (
            self._journal.act(Activity.POLICY_CHANGE, Thing(Kind.POLICY, _SETTING)),
            self._database.writing() as connection,
        ):
            connection.execute(delete(settings).where(settings.c.name == _SETTING))
            connection.execute(insert(settings).values(name=_SETTING, value=_TWO))

    def end(self) -> None:
        """Let one person export again.

        Raises:
            ApprovalError: nobody else has approved that.
        """
        case = self.spend(DUAL_CONTROL)
        with (
            self._journal.act(Activity.POLICY_CHANGE, Thing(Kind.POLICY, _SETTING), case),
            self._database.writing() as connection,
        ):
            connection.execute(delete(settings).where(settings.c.name == _SETTING))

    def all(self) -> tuple[Request, ...]:
        """Return every request, the oldest first."""
        query = select(approvals).order_by(approvals.c.asked, approvals.c.id)
        with self._database.reading() as connection:
            return tuple(_request(row) for row in connection.execute(query))

    def ask(self, what: str) -> Request:
        """Ask for the export of a recording, by its full id, or for ``DUAL_CONTROL`` to end."""
        now = datetime.now(UTC).replace(microsecond=0)
        made = Request(f"request-{secrets.token_hex(4)}", what, self._journal.actor.user, now)
        values = {
            "id": made.id,
            "what": what,
            "asked_by": made.asked_by,
            "asked": now.isoformat(),
            "used": False,
        }
        with (
            self._journal.act(Activity.APPROVAL, *_things(made), change=Change.ASKED),
            self._database.writing() as connection,
        ):
            connection.execute(insert(approvals).values(values))
        return made

    def approve(self, request_id: str) -> Request:
        """Agree to a request of somebody else.

        Raises:
            ApprovalError: it is one's own, approved already, used or expired.
            VaultError: there is none of that id.
        """
        request = self._find(request_id)
        user = self._journal.actor.user
        if user == request.asked_by:
            raise ApprovalError(f"{request.id} was asked for by {user}: another is to approve it")
        state = request.state(datetime.now(UTC))
        if state != "waiting":
            raise ApprovalError(f"{request.id} is {state}: ask again")
        open_still = (approvals.c.id == request.id, approvals.c.approved_by.is_(None))
        with (
            self._journal.act(Activity.APPROVAL, *_things(request), change=Change.GIVEN) as entry,
            self._database.writing() as connection,
        ):
            said = update(approvals).where(*open_still).values(approved_by=user, entry=entry)
            if not connection.execute(said).rowcount:
                raise ApprovalError(f"{request.id} was approved meanwhile")
        return self._find(request.id)

    def spend(self, what: str) -> Thing:
        """Use up an approval that the one who acts was given; return the case of it.

        Raises:
            ApprovalError: there is none that counts.
        """
        user, now = self._journal.actor.user, datetime.now(UTC)
        for request in self.all():
            if (request.what, request.asked_by) != (what, user):
                continue
            if request.state(now) == "approved" and self._told(request) and self._take(request):
                return Thing(Kind.CASE, request.id)
        raise ApprovalError(
            f"{what}: needs a second person; ask with hushtap vault approval ask"
            f"{' --end' if what == DUAL_CONTROL else ''}, and another "
            "account is to approve it"
        )

    def _take(self, request: Request) -> bool:
        unused = (approvals.c.id == request.id, approvals.c.used.is_(False))
        with self._database.writing() as connection:
            taken = update(approvals).where(*unused).values(used=True)
            return bool(connection.execute(taken).rowcount)

    def _told(self, request: Request) -> bool:
        """Return whether the audit log tells of the approval, by who is named for it."""
        with self._database.reading() as connection:
            number = connection.scalar(
                select(approvals.c.entry).where(approvals.c.id == request.id)
            )
        if number is None:
            return False
        try:
            with reading(self._log) as log:
                begun = statements.told(log, number)[0]["entry"]
        except VerificationError:
            return False
        return _says(begun, request)

    def _find(self, request_id: str) -> Request:
        found = [one for one in self.all() if one.id.startswith(request_id)]
        if len(found) != 1 or not request_id:
            raise VaultError(f"{self._database.name}: no request {request_id!r}; list them")
        return found[0]


def _says(entry: dict[str, Any], request: Request) -> bool:
    objects = [{"id": thing.id, "kind": thing.kind} for thing in _things(request)]
    return (
        entry.get("activity") == Activity.APPROVAL
        and entry.get("change") == Change.GIVEN
        and entry.get("objects") == objects
        and entry["actor"]["user"] == request.approved_by != request.asked_by
    )


def _things(request: Request) -> tuple[Thing, ...]:
    whose = Thing(Kind.ACCOUNT, request.asked_by)
    if request.what == DUAL_CONTROL:
        return (Thing(Kind.CASE, request.id), Thing(Kind.POLICY, _SETTING), whose)
    return (Thing(Kind.CASE, request.id), Thing(Kind.RECORDING, request.what), whose)


def _request(row: Row[Any]) -> Request:
    asked = datetime.fromisoformat(row.asked)
    return Request(row.id, row.what, row.asked_by, asked, row.approved_by, row.used)
