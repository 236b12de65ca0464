"""Access reviews."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from starlette.responses import Response

from hushtap.errors import UsageError
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.web.access import Decision, digest_of
from hushtap.web.errors import ForbiddenError
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission

routes = Routes()


@routes.page("GET", "/access", Permission.ACCESS_REVIEW)
def access(request: Request) -> Response:
    """List the accounts with what they may and when they were last used."""
    return render(request, "access.html", accounts=request.app.state.access.all())


@routes.page("POST", "/access/{name}", Permission.ACCESS_REVIEW)
def decide(
    request: Request,
    session: Signed,
    name: str,
    decision: Annotated[Decision, Form()],
    rights: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Confirm an account as it was shown, or disable it from this moment."""
    state = request.app.state
    if name == session.account.name:
        raise ForbiddenError("Not one's own account: ask another administrator.")
    account = state.accounts.get(name)
    confirmed = decision is Decision.CONFIRM
    if confirmed and rights != digest_of(account):
        raise UsageError("that account has changed since it was shown: load the page again")
    change = Change.GIVEN if confirmed else Change.DECLINED
    thing = Thing(Kind.ACCOUNT, account.name)
    state.desk.note(session, Activity.ACCOUNT_CHANGE, thing, change=change)
    if not confirmed:
        state.accounts.disable(account.name)
    state.access.decide(account, decision, session.account.name)
    return go(request, "/access")
