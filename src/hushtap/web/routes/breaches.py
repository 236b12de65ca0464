"""The register of breaches, over the vault's: what was in reach, what 33(3) asks, until when."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Form, Request
from starlette.responses import Response

from hushtap.errors import UsageError
from hushtap.vault.breaches import REQUIRED, Answers
from hushtap.vault.exposure import Scope
from hushtap.web.errors import MissingError
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission

if TYPE_CHECKING:
    from hushtap.vault.breaches import Breach

routes = Routes()
Text = Annotated[str, Form(max_length=2000)]
Names = Annotated[str, Form(max_length=1000)]
ASKED: Final = {
    "nature": "What happened",
    "contact": "Who can be asked",
    "consequences": "What may come of it",
    "measures": "What is done about it",
    "notified": "When the authority was told",
    "delay": "Why it was told late",
    "no_notice": "Why it need not be told",
}
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,40}")


@routes.page("GET", "/breaches", Permission.BREACHES_HANDLE)
def breaches(request: Request, session: Signed) -> Response:
    """List the breaches, the newest first, and offer to enter one."""
    found = request.app.state.desk.log(session).life.breaches.all()
    return render(request, "breaches.html", breaches=found[::-1], now=datetime.now(UTC))


@routes.page("POST", "/breaches", Permission.BREACHES_HANDLE)
def enter(
    request: Request,
    session: Signed,
    nature: Text,
    accounts: Names = "",
    hosts: Names = "",
    keys: Names = "",
    since: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Enter a breach with all that was in reach until now; the 72 hours run from this moment."""
    scope = Scope(
        accounts=_names(accounts), hosts=_names(hosts), keys=_names(keys), since=_time(since)
    )
    answers = Answers(nature=nature.strip() or None)
    made = request.app.state.desk.log(session).life.breaches.open(scope, answers)
    return go(request, f"/breaches/{made.id}")


@routes.page("GET", "/breaches/{breach}", Permission.BREACHES_HANDLE)
def breach(request: Request, session: Signed, breach: str) -> Response:
    """Show one: what was in reach, what is answered, what is missing."""
    found = _found(request, session, breach)
    return render(
        *(request, "breach.html"),
        breach=found,
        asked=ASKED,
        required=REQUIRED,
        now=datetime.now(UTC),
    )


@routes.page("POST", "/breaches/{breach}/answers", Permission.BREACHES_HANDLE)
def amend(
    request: Request, session: Signed, breach: str, what: Annotated[str, Form()], said: Text
) -> Response:
    """Add to what is known of one, or change it; each step is signed."""
    found = _found(request, session, breach)
    if what not in ASKED:
        raise UsageError("that is not asked of a breach")
    _open(found)
    Answers(**{what: said})
    request.app.state.desk.log(session).life.breaches.amend(found.id, **{what: said})
    return go(request, f"/breaches/{found.id}")


@routes.page("POST", "/breaches/{breach}/close", Permission.BREACHES_HANDLE)
def close(request: Request, session: Signed, breach: str) -> Response:
    """Close one of which all is answered."""
    found = _found(request, session, breach)
    _open(found)
    if found.missing:
        raise UsageError(f"still to be answered: {', '.join(ASKED[one] for one in found.missing)}")
    request.app.state.desk.log(session).life.breaches.close(found.id)
    return go(request, f"/breaches/{found.id}")


def _open(found: Breach) -> None:
    if found.state != "open":
        raise UsageError("that breach is closed")


def _found(request: Request, session: Signed, breach: str) -> Breach:
    known: dict[str, Breach] = {
        one.id: one for one in request.app.state.desk.log(session).life.breaches.all()
    }
    if not _ID.fullmatch(breach) or breach not in known:
        raise MissingError("There is no such breach.")
    return known[breach]


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError("give the time as 2026-11-01T09:00") from None
