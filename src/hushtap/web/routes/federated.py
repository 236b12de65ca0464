"""Signing in at a provider of OpenID Connect, and coming back from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from hushtap.errors import UsageError
from hushtap.vault.audit.events import UNKNOWN, Activity, Actor, Kind, Outcome, Thing
from hushtap.web.errors import SignInError
from hushtap.web.federation import GOOD_FOR, RETURN
from hushtap.web.guard import Routes, address_of, check_site, cookie_name
from hushtap.web.pages import render
from hushtap.web.roles import Permission
from hushtap.web.routes.signin import let_in, tell

if TYPE_CHECKING:
    from hushtap.web.federation import Federation

routes = Routes()
_LONGEST: Final = 4096


@routes.page("GET", "/sign-in/oidc", Permission.PUBLIC)
def leave(request: Request) -> Response:
    """Send the browser to the provider."""
    # Another site must not use up the tries of whoever looks at it.
    check_site(request)
    request.app.state.throttle.take(address_of(request))
    try:
        leaving = _federation(request).leave()
    except SignInError as error:
        return render(request, "sign_in.html", error.status, problem=str(error))
    response = RedirectResponse(leaving.url, 303)
    # Lax: it has to come along from the provider's page. It is good for one return.
    response.set_cookie(
        _cookie(request),
        leaving.bound,
        max_age=GOOD_FOR,
        path="/",
        secure=request.app.state.settings.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@routes.page("GET", RETURN, Permission.PUBLIC)
def come_back(request: Request) -> Response:
    """Let in whoever comes back, if the provider says who, and a group of theirs is known."""
    state = request.app.state
    bound = request.cookies.get(_cookie(request), "")
    # What never left from here is counted apart: any site can send browsers to this address.
    (state.throttle if bound else state.strays).take(address_of(request))
    given = {name: value[:_LONGEST] for name, value in request.query_params.items()}
    federation = _federation(request)

    def changes(name: str) -> None:
        actor = Actor(name, "none", address_of(request))
        journal = state.vault.acting_as(actor).journal
        journal.note(Activity.ACCOUNT_CHANGE, Outcome.SUCCESS, Thing(Kind.ACCOUNT, name))

    try:
        name = federation.come_back(given, bound, changes)
        account = state.accounts.admit(name)
    except SignInError as error:
        tell(request, UNKNOWN, Outcome.FAILURE)
        return render(request, "sign_in.html", error.status, problem=str(error))
    # A page of ours goes on from here: browsers keep strict cookies from what another site began.
    response = let_in(request, account, render(request, "signed_in.html"))
    response.delete_cookie(_cookie(request), path="/", httponly=True, samesite="lax")
    return response


def _federation(request: Request) -> Federation:
    found: Federation | None = request.app.state.federation
    if found is None:
        raise UsageError("no provider of sign-ins is named in the desk's rules")
    return found


def _cookie(request: Request) -> str:
    return f"{cookie_name(request)}-oidc"
