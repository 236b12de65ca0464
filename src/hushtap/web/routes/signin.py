"""Signing in and out: password, then a code; or, the first time, one's own of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import segno
from fastapi import Form, Request
from markupsafe import Markup
from starlette.responses import Response

from hushtap.errors import UsageError, VaultError
from hushtap.vault.audit.events import UNKNOWN, Activity, Actor, Kind, Outcome, Thing
from hushtap.web import credentials
from hushtap.web.errors import ForbiddenError, SignInError
from hushtap.web.guard import Routes, Signed, address_of, cookie_name
from hushtap.web.pages import drop_session, go, render, set_session
from hushtap.web.roles import Permission
from hushtap.web.sessions import Stage

if TYPE_CHECKING:
    from hushtap.web.accounts import Account
    from hushtap.web.sessions import Session

routes = Routes()
Text = Annotated[str, Form(max_length=256)]
_HOME: Final = "/"


@routes.page("GET", "/sign-in", Permission.PUBLIC)
def sign_in_page(request: Request) -> Response:
    """Ask for name and password."""
    session: Session | None = request.state.session
    if session is not None:
        return go(
            request,
            {Stage.FULL: "/", Stage.PASSWORD: "/sign-in/code"}.get(session.stage, "/sign-in/setup"),
        )
    return render(request, "sign_in.html", problem=None)


@routes.page("POST", "/sign-in", Permission.PUBLIC)
def sign_in(request: Request, name: Text, password: Text) -> Response:
    """Take name and password; a code is due next."""
    state, address = request.app.state, address_of(request)
    state.throttle.take(address)
    name = name.strip().lower()
    try:
        account = state.accounts.check_password(name, password)
    except SignInError as error:
        # What is no account may be a password, or a number, in the wrong field.
        known = name in {one.name for one in state.accounts.list()}
        tell(request, name if known else UNKNOWN, Outcome.FAILURE)
        return render(request, "sign_in.html", error.status, problem=str(error))
    due = Stage.PASSWORD if account.has_totp and not account.temporary else Stage.SETUP
    browser = request.headers.get("user-agent", "")
    old = request.cookies.get(cookie_name(request))
    token = state.sessions.begin(account.name, due, address, browser, instead=old)
    response = go(request, "/sign-in/code" if due is Stage.PASSWORD else "/sign-in/setup")
    set_session(request, response, token)
    return response


@routes.page("GET", "/sign-in/code", Permission.HALF)
def code_page(request: Request, session: Signed) -> Response:
    """Ask for the code."""
    if session.stage is not Stage.PASSWORD:
        return go(request, "/sign-in/setup")
    return render(request, "code.html", problem=None)


@routes.page("POST", "/sign-in/code", Permission.HALF)
def code(request: Request, session: Signed, code: Text) -> Response:
    """Take the code."""
    state, name = request.app.state, session.account.name
    if session.stage is not Stage.PASSWORD:
        raise ForbiddenError("No code is due.")
    state.throttle.take(address_of(request))
    try:
        state.accounts.check_code(name, code)
    except SignInError as error:
        tell(request, name, Outcome.FAILURE)
        return render(request, "code.html", error.status, problem=str(error))
    return let_in(request, session.account, go(request, _HOME))


@routes.page("GET", "/sign-in/setup", Permission.HALF)
def setup_page(request: Request, session: Signed) -> Response:
    """Ask for a password of their own, and show the secret of their codes."""
    if session.stage is not Stage.SETUP:
        return go(request, "/sign-in/code")
    return _setup(request, session, credentials.new_totp())


@routes.page("POST", "/sign-in/setup", Permission.HALF)
def setup(
    request: Request, session: Signed, password: Text, code: Text, sealed: Annotated[str, Form()]
) -> Response:
    """Take both, and show the recovery codes once."""
    state, name = request.app.state, session.account.name
    if session.stage is not Stage.SETUP:
        raise ForbiddenError("This account is set up already.")
    state.throttle.take(address_of(request))
    try:
        owner, _, secret = state.database.unseal(sealed.encode()).partition("|")
    except VaultError:
        damaged = "That form was damaged on its way: scan the picture anew."
        return _setup(request, session, credentials.new_totp(), damaged)
    if owner != name:
        raise ForbiddenError("This form is another's.")
    try:
        credentials.check_new_password(password, name, state.settings)
        codes = state.accounts.enrol(name, secret, code)
        state.accounts.change_password(name, password)
    except (SignInError, UsageError) as error:
        return _setup(request, session, secret, str(error))
    return let_in(request, session.account, render(request, "codes.html", codes=codes))


@routes.page("POST", "/sign-out", Permission.OWN)
def sign_out(request: Request, session: Signed) -> Response:
    """End the session."""
    thing = Thing(Kind.ACCOUNT, session.account.name)
    request.app.state.desk.note(session, Activity.LOGOUT, thing)
    request.app.state.sessions.end(session.id)
    request.app.state.desk.forget(session.id)
    response = go(request, "/sign-in")
    drop_session(request, response)
    return response


def _setup(request: Request, session: Session, secret: str, problem: str | None = None) -> Response:
    name = session.account.name
    picture = segno.make(credentials.totp_uri(secret, name), error="m")
    return render(
        request,
        "setup.html",
        200 if problem is None else 422,
        problem=problem,
        # Made here, of nothing that anybody typed but the account's narrow name.
        picture=Markup(picture.svg_inline(scale=4, border=2, dark="#000", light="#fff")),  # noqa: S704
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        sealed=request.app.state.database.seal(f"{name}|{secret}").decode(),
        shortest=request.app.state.settings.shortest_password,
    )


def let_in(request: Request, account: Account, response: Response) -> Response:
    """Begin the real session, under a new token, once that is on record."""
    state = request.app.state
    tell(request, account.name, Outcome.SUCCESS, role=str(account.role))
    state.watch.entered(account.name, address_of(request))
    old = request.cookies.get(cookie_name(request))
    browser = request.headers.get("user-agent", "")
    token = state.sessions.begin(
        account.name, Stage.FULL, address_of(request), browser, instead=old
    )
    set_session(request, response, token)
    return response


def tell(request: Request, name: str, outcome: Outcome, role: str = "none") -> None:
    """Put a sign-in, or one that failed, on record. Raises ``VaultError``."""
    actor = Actor(name, role, address_of(request))
    reason = None if outcome is Outcome.SUCCESS else SignInError.__name__
    vault: Any = request.app.state.vault
    vault.acting_as(actor).journal.note(
        Activity.LOGIN, outcome, Thing(Kind.ACCOUNT, name), reason=reason
    )
