"""The door: every route says which permission it needs, and none is served that does not."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from hushtap.vault.audit.events import Actor
from hushtap.web.api import API, PROBLEMS, TOKEN
from hushtap.web.credentials import form_token
from hushtap.web.errors import ForbiddenError, SignInError
from hushtap.web.roles import Permission, may
from hushtap.web.sessions import Session, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from hushtap.web.accounts import Account
    from hushtap.web.tokens import Token

SAFE: Final = frozenset({"GET", "HEAD"})
FORM_FIELD: Final = "form_token"
FORM_HEADER: Final = "x-form-token"


class Gate:
    """Lets a request past that has ``permission``, and the form token where it changes things.

    Raises:
        SignInError: nobody is signed in, or not far enough.
        ForbiddenError: the role lacks it, or the request is not of our own pages.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request) -> None:
        """Leave who is signed in as ``request.state.session``, or raise as the class says."""
        session = await run_in_threadpool(_session, request)
        request.state.session = session
        if request.method not in SAFE:
            await _check_form(request, session)
        wanted = self.permission
        if wanted is Permission.PUBLIC:
            return
        if session is None:
            raise SignInError("Sign in first.")
        if wanted is Permission.HALF:
            if session.stage is Stage.FULL:
                raise ForbiddenError("You are signed in already.")
            return
        if session.stage is not Stage.FULL:
            raise SignInError("Sign in first.")
        if not may(session.account.role, wanted):
            raise ForbiddenError(f"A {session.account.role} may not do this ({wanted}).")


class TokenGate(Gate):
    """Lets a request of the API past: a token with that right, of an account that has it still.

    A cookie is no way in: no other site can make a browser ask.

    Raises:
        SignInError: there is no token, or none that is good now.
        ForbiddenError: the token or the role lacks the permission.
    """

    async def __call__(self, request: Request) -> None:
        """Leave a session that lasts as long as the request as ``request.state.session``."""
        request.state.session = session = await run_in_threadpool(_session_of_token, request)
        wanted = self.permission
        if wanted is not Permission.OWN and wanted not in session.scopes:
            raise ForbiddenError(f"This token may not do this ({wanted}).")


class Routes(APIRouter):
    """A router whose routes cannot be made without a permission."""

    def api(
        self,
        method: str,
        path: str,
        permission: Permission,
        model: Any,  # noqa: ANN401 - FastAPI's
        *,
        status: int = 200,
        media: str = "application/json",
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Serve ``path`` of the API for tokens that have ``permission``, as ``model``."""
        responses = dict(PROBLEMS)
        if media != "application/json":
            content = {media: {"schema": {"type": "string", "format": "binary"}}}
            responses |= {
                200: {"content": content, "description": "All of it."},
                206: {"content": content, "description": "The range that was asked for."},
                416: {"description": "The range lies outside."},
            }

        def declare(endpoint: Callable[..., Any]) -> Callable[..., Any]:
            self.add_api_route(
                f"{API}{path}",
                endpoint,
                methods=[method],
                dependencies=[Depends(TokenGate(permission)), Depends(_known_filters)],
                response_model=model,
                response_class=JSONResponse if media == "application/json" else Response,
                status_code=status,
                responses=responses,
                openapi_extra={
                    "x-permission": str(permission),
                    "security": [{TOKEN: [str(permission)]}],
                },
            )
            return endpoint

        return declare

    def page(
        self, method: str, path: str, permission: Permission
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Serve ``path`` for those who have ``permission``."""

        def declare(endpoint: Callable[..., Any]) -> Callable[..., Any]:
            self.add_api_route(
                path,
                endpoint,
                methods=[method],
                dependencies=[Depends(Gate(permission))],
                response_model=None,
                openapi_extra={"x-permission": str(permission)},
            )
            return endpoint

        return declare


def _known_filters(request: Request) -> None:
    """Refuse what no filter is named: left out in silence, it would find too much."""
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError([{"loc": ("query", name)} for name in unknown])


def undeclared(app: FastAPI) -> list[str]:
    """Return the paths that ``app`` serves without a permission, but for the static files."""
    return [
        getattr(route, "path", "?")
        for route in app.routes
        if not (isinstance(route, APIRoute) and any(_gates(route)))
        and getattr(route, "path", "") != "/static"
    ]


def _gates(route: APIRoute) -> list[Gate]:
    return [one.dependency for one in route.dependencies if isinstance(one.dependency, Gate)]


def cookie_name(request: Request) -> str:
    """Return the name of the session's cookie; browsers keep ``__Host-`` to TLS and this host."""
    return "__Host-hushtap" if request.app.state.settings.secure else "hushtap"


def visitor_cookie(request: Request) -> str:
    """Return the name of the cookie that forms go with while nobody is signed in."""
    return f"{cookie_name(request)}-form"


def signed_in(request: Request) -> Session:
    """Return the session that ``Gate`` found."""
    session: Session | None = request.state.session
    if session is None:
        raise SignInError("Sign in first.")
    return session


Signed = Annotated[Session, Depends(signed_in)]


def actor_of(session: Session) -> Actor:
    """Return who acts, as the audit log names them; a token is named with the address."""
    place = session.address if session.token is None else f"{session.token}@{session.address}"
    return Actor(session.account.name, str(session.account.role), place)


def lasts(request: Request) -> bool:
    """Return whether the session or token that ``request`` came with is good still."""
    return account_now(request) is not None


def account_now(request: Request) -> Account | None:
    """Return whose session or token that is, with the rights of this moment; ``None``: of nobody.

    A token's account may do more than the token.
    """
    if request.state.session is not None and request.state.session.token is not None:
        found: tuple[Token, Account] | None = request.app.state.tokens.find(_bearer(request))
        return None if found is None else found[1]
    session = _session(request)
    return None if session is None else session.account


def address_of(request: Request) -> str:
    """Return the address of whoever asks, as the audit log can carry it."""
    host = request.client.host if request.client else "local"
    return f"ipv6/{host}" if ":" in host else host


def _bearer(request: Request) -> str:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def _session_of_token(request: Request) -> Session:
    state, text, address = request.app.state, _bearer(request), address_of(request)
    found = state.tokens.find(text) if text else None
    if found is None:
        if text:
            state.throttle.take(address)
        raise SignInError("Give a token: Authorization: Bearer ...")
    token, account = found
    state.watch.reached(account.name, address)
    return Session(
        id=f"token-{token.id}",
        stage=Stage.FULL,
        account=account,
        created=token.made,
        seen=token.made,
        address=address,
        browser="API",
        token=f"token-{token.id}",
        scopes=token.scopes,
    )


def _session(request: Request) -> Session | None:
    token = request.cookies.get(cookie_name(request))
    found: Session | None = request.app.state.sessions.find(token) if token else None
    return found


def check_site(request: Request) -> None:
    """Refuse what a browser says that another site began. Raises ``ForbiddenError``."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError("This came from another site.")


async def _check_form(request: Request, session: Session | None) -> None:
    """Refuse what another site made this browser send."""
    check_site(request)
    if session is not None:
        wanted = session.form
    else:
        visitor = request.cookies.get(visitor_cookie(request), "")
        wanted = form_token(visitor) if visitor else ""
    given = request.headers.get(FORM_HEADER)
    if given is None:
        given = str((await request.form()).get(FORM_FIELD, ""))
    if not wanted or not secrets.compare_digest(wanted.encode(), given.encode()):
        raise ForbiddenError("This form is too old: load the page again, then repeat it.")
