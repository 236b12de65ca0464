"""The door: every route says which permission it needs, and none is served that does not."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from hushtap.vault.audit.events import Actor
from hushtap.web.credentials import form_token
from hushtap.web.errors import ForbiddenError, SignInError
from hushtap.web.roles import Permission, may
from hushtap.web.sessions import Session, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

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


class Routes(APIRouter):
    """A router whose routes cannot be made without a permission."""

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
    """Return who acts, as the audit log names them."""
    return Actor(session.account.name, str(session.account.role), session.address)


def _session(request: Request) -> Session | None:
    token = request.cookies.get(cookie_name(request))
    found: Session | None = request.app.state.sessions.find(token) if token else None
    return found


async def _check_form(request: Request, session: Session | None) -> None:
    """Refuse what another site made this browser send."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise ForbiddenError("This came from another site.")
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
