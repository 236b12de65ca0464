"""Passkeys: made from one's own account, and a way to sign in."""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Form, Request
from starlette.responses import Response

from hushtap.errors import UsageError
from hushtap.vault.audit.events import UNKNOWN, Activity, Kind, Outcome, Thing
from hushtap.web.errors import SignInError
from hushtap.web.guard import Routes, Signed, address_of, visitor_cookie
from hushtap.web.pages import go, render
from hushtap.web.passkeys import Site
from hushtap.web.roles import Permission
from hushtap.web.routes.signin import let_in, tell

if TYPE_CHECKING:
    from hushtap.web.sessions import Session

routes = Routes()
Text = Annotated[str, Form(max_length=256)]
Answer = Annotated[str, Form(max_length=16_384)]


@routes.page("POST", "/account/passkeys/options", Permission.OWN)
def creation(request: Request, session: Signed, password: Text) -> Response:
    """Begin to make a passkey; the password is asked for once more."""
    state, name = request.app.state, session.account.name
    state.throttle.take(session.address)
    state.accounts.check_password(name, password)
    return _json(state.passkeys.creation(name, site_of(request), _adding(session)))


@routes.page("POST", "/account/passkeys", Permission.OWN)
def add(request: Request, session: Signed, credential: Answer, label: Text = "") -> Response:
    """Keep the passkey that the browser made."""
    state, name = request.app.state, session.account.name
    state.desk.note(session, Activity.ACCOUNT_CHANGE, Thing(Kind.ACCOUNT, name))
    state.passkeys.add(name, site_of(request), _adding(session), label, credential)
    return go(request, "/account?done=passkey")


@routes.page("POST", "/account/passkeys/drop", Permission.OWN)
def drop(request: Request, session: Signed, passkey: Annotated[str, Form()]) -> Response:
    """Delete one of one's own passkeys."""
    state, name = request.app.state, session.account.name
    state.desk.note(session, Activity.ACCOUNT_CHANGE, Thing(Kind.ACCOUNT, name))
    state.passkeys.drop(name, passkey)
    return go(request, "/account")


@routes.page("POST", "/sign-in/passkey/options", Permission.PUBLIC)
def request_options(request: Request) -> Response:
    """Begin to sign in with a passkey."""
    state = request.app.state
    state.throttle.take(address_of(request))
    return _json(state.passkeys.request(site_of(request), _entering(request)))


@routes.page("POST", "/sign-in/passkey", Permission.PUBLIC)
def sign_in(request: Request, credential: Answer) -> Response:
    """Let in whose passkey answered."""
    state = request.app.state
    state.throttle.take(address_of(request))
    name = UNKNOWN
    try:
        name = state.passkeys.check(site_of(request), _entering(request), credential)
        account = state.accounts.admit(name)
    except SignInError as error:
        tell(request, name, Outcome.FAILURE)
        return render(request, "sign_in.html", error.status, problem=str(error))
    return let_in(request, account, go(request, "/"))


def site_of(request: Request) -> Site:
    """Return where the browser says that it is. Raises ``UsageError``: no passkeys there."""
    host = request.url.hostname or ""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        raise UsageError("Passkeys need a host name: open the desk by its name, not its address.")
    return Site(host, f"{request.url.scheme}://{request.url.netloc}")


def _adding(session: Session) -> str:
    return f"add|{session.id}"


def _entering(request: Request) -> str:
    state: Any = request.state
    visitor = state.session.form if state.session else request.cookies.get(visitor_cookie(request))
    return f"enter|{visitor}"


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
