"""One's own account, everybody's accounts, and the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Form, Request
from starlette.responses import JSONResponse, Response

from hushtap.errors import UsageError
from hushtap.vault.audit.events import Activity, Kind, Thing, unpack
from hushtap.vault.audit.reading import reading
from hushtap.web.errors import ForbiddenError, SignInError
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission, Role
from hushtap.web.tokens import LONGEST_DAYS, scopes_of

routes = Routes()
Text = Annotated[str, Form(max_length=256)]
LOG_ENTRIES: Final = 200


@routes.page("GET", "/account", Permission.OWN)
def account(request: Request, session: Signed) -> Response:
    """Show one's own account and where it is signed in."""
    done = {"passkey": "The passkey is kept."}.get(request.query_params.get("done", ""))
    return _account(request, session, done=done)


@routes.page("POST", "/account/sessions/{session_id}/end", Permission.OWN)
def end_session(request: Request, session: Signed, session_id: str) -> Response:
    """End one of one's own sessions."""
    state = request.app.state
    state.desk.note(session, Activity.LOGOUT, Thing(Kind.ACCOUNT, session.account.name))
    state.sessions.end(session_id, account=session.account.name)
    state.desk.forget(session_id)
    return go(request, "/account")


@routes.page("POST", "/account/sessions/end-others", Permission.OWN)
def end_others(request: Request, session: Signed) -> Response:
    """End every other session of one's own."""
    state = request.app.state
    state.desk.note(session, Activity.LOGOUT, Thing(Kind.ACCOUNT, session.account.name))
    state.sessions.end_others(session.account.name, session.id)
    return go(request, "/account")


@routes.page("POST", "/account/password", Permission.OWN)
def change_password(request: Request, session: Signed, old: Text, new: Text) -> Response:
    """Change one's own password; every other session ends."""
    state, name = request.app.state, session.account.name
    state.throttle.take(session.address)
    try:
        state.accounts.check_password(name, old)
        state.desk.note(session, Activity.ACCOUNT_CHANGE, Thing(Kind.ACCOUNT, name))
        state.accounts.change_password(name, new)
    except (SignInError, UsageError) as error:
        return _account(request, session, problem=str(error))
    state.sessions.end_others(name, session.id)
    return _account(request, session, done="The password is changed; other sessions have ended.")


@routes.page("POST", "/account/tokens", Permission.OWN)
def make_token(
    request: Request,
    session: Signed,
    label: Text,
    password: Text,
    days: Annotated[int, Form(ge=1, le=LONGEST_DAYS)],
    scope: Annotated[list[Permission] | None, Form()] = None,
) -> Response:
    """Make a token for the API and show it, once; the password is asked for once more."""
    state, account = request.app.state, session.account
    state.throttle.take(session.address)
    try:
        state.accounts.check_password(account.name, password)
        state.desk.note(session, Activity.ACCOUNT_CHANGE, Thing(Kind.ACCOUNT, account.name))
        made = state.tokens.make(account, label, scope or (), days)
    except (SignInError, UsageError) as error:
        return _account(request, session, problem=str(error))
    return _account(request, session, token=made)


@routes.page("POST", "/account/tokens/drop", Permission.OWN)
def drop_token(request: Request, session: Signed, token: Text) -> Response:
    """Revoke one of one's own tokens, from this moment."""
    state, name = request.app.state, session.account.name
    state.desk.note(session, Activity.ACCOUNT_CHANGE, Thing(Kind.ACCOUNT, name))
    state.tokens.drop(name, token)
    return go(request, "/account")


@routes.page("GET", "/people", Permission.PEOPLE_READ)
def people(request: Request) -> Response:
    """List the accounts."""
    return _people(request)


@routes.page("POST", "/people", Permission.PEOPLE_CHANGE)
def add_person(
    request: Request,
    session: Signed,
    name: Text,
    role: Annotated[Role, Form()],
    queues: Text = "",
    agents: Text = "",
) -> Response:
    """Make an account and show its first password, once."""
    state, name = request.app.state, name.strip().lower()
    scope = {"queues": _names(queues), "agents": _names(agents)}
    try:
        # What is typed is no name, and not for the log, before it was looked at.
        state.accounts.check_new(name, role, **scope)
        state.desk.note(session, Activity.ACCOUNT_CHANGE, Thing(Kind.ACCOUNT, name))
        password = state.accounts.add(name, role, **scope)
    except UsageError as error:
        return _people(request, problem=str(error))
    return _people(request, made=(name, password))


@routes.page("POST", "/people/{name}/{change}", Permission.PEOPLE_CHANGE)
def change_person(request: Request, session: Signed, name: str, change: str) -> Response:
    """Disable, enable or reset an account."""
    state = request.app.state
    if name == session.account.name:
        raise ForbiddenError("Not one's own account: ask another administrator.")
    if change not in {"disable", "enable", "reset"}:
        raise UsageError("an account is disabled, enabled or reset")
    state.accounts.get(name)
    state.desk.note(session, Activity.ACCOUNT_CHANGE, Thing(Kind.ACCOUNT, name))
    if change == "reset":
        return _people(request, made=(name, state.accounts.reset(name)))
    state.accounts.disable(name, disabled=change == "disable")
    return go(request, "/people")


@routes.page("GET", "/log", Permission.LOG_READ)
def log(request: Request, session: Signed) -> Response:
    """Show the end of the audit log; that it is shown is in it first."""
    state = request.app.state
    state.desk.note(session, Activity.LOG_READ, Thing(Kind.LOG, state.origin))
    entries: list[dict[str, Any]] = []
    with reading(state.log_path) as reader:
        for row in reader.rows(max(1, reader.size - LOG_ENTRIES + 1)):
            try:
                entries.append(unpack(row.entry) | {"number": row.number})
            except (TypeError, ValueError):
                entries.append({"number": row.number})
    return render(request, "log.html", entries=entries[::-1], size=reader.size)


@routes.page("GET", "/openapi.json", Permission.OWN)
def openapi(request: Request) -> Response:
    """Describe every route and the permission that it needs."""
    return JSONResponse(request.app.openapi())


@routes.page("GET", "/healthz", Permission.PUBLIC)
def healthz() -> Response:
    """Say that the desk is there."""
    return Response("ok", media_type="text/plain")


def _account(
    request: Request,
    session: Signed,
    *,
    problem: str | None = None,
    done: str | None = None,
    token: str | None = None,
) -> Response:
    state, name = request.app.state, session.account.name
    return render(
        request,
        "account.html",
        200 if problem is None else 422,
        problem=problem,
        done=done,
        sessions=state.sessions.of(name),
        here=session.id,
        passkeys=state.passkeys.of(name),
        tokens=state.tokens.of(name),
        scopes=scopes_of(session.account.role),
        token=token,
        codes_left=state.accounts.recovery_codes_left(name),
    )


def _people(
    request: Request, *, problem: str | None = None, made: tuple[str, str] | None = None
) -> Response:
    status = 200 if problem is None else 422
    everybody = request.app.state.accounts.list()
    return render(
        *(request, "people.html", status),
        people=everybody,
        roles=list(Role),
        problem=problem,
        made=made,
    )


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]
