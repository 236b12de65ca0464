"""Rendering: one template engine, and what every page gets to know."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hushtap.web.credentials import form_token
from hushtap.web.guard import cookie_name, visitor_cookie
from hushtap.web.roles import Permission, may
from hushtap.web.sessions import Stage
from hushtap.web.views import FILTERS, NAMES

if TYPE_CHECKING:
    from starlette.requests import Request

    from hushtap.web.sessions import Session

HERE: Final = Path(__file__).parent

_ENGINE: Final = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENGINE.filters.update(FILTERS)
_ENGINE.globals.update({"Permission": Permission, "ENTITY_NAMES": NAMES})


def render(
    request: Request,
    template: str,
    status: int = 200,
    **context: Any,  # noqa: ANN401
) -> HTMLResponse:
    """Return a page."""
    session: Session | None = getattr(request.state, "session", None)
    full = session is not None and session.stage is Stage.FULL
    visitor = None
    if session is not None:
        token = session.form
    else:
        visitor = request.cookies.get(visitor_cookie(request)) or secrets.token_urlsafe(32)
        token = form_token(visitor)

    def allowed(permission: Permission) -> bool:
        return full and session is not None and may(session.account.role, permission)

    text = _ENGINE.get_template(template).render(
        **context,
        alerts_open=(
            request.app.state.watch.unsettled() if allowed(Permission.ALERTS_HANDLE) else 0
        ),
        me=session.account if full and session is not None else None,
        may=allowed,
        form_token=token,
        nonce=request.state.nonce,
        path=request.url.path,
        idle=request.app.state.settings.idle,
        demo=request.app.state.demo,
        federation=request.app.state.federation,
        has_gateway=request.app.state.gateway is not None,
    )
    response = HTMLResponse(text, status)
    if visitor is not None:
        _set(request, response, visitor_cookie(request), visitor)
    return response


def go(request: Request, path: str) -> Response:
    """Send the browser on to ``path``, by a reload where htmx asked."""
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"hx-redirect": path})
    return RedirectResponse(path, 303)


def set_session(request: Request, response: Response, token: str) -> None:
    """Give the browser a session."""
    _set(request, response, cookie_name(request), token)


def drop_session(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    secure = request.app.state.settings.secure
    response.delete_cookie(
        cookie_name(request), path="/", secure=secure, httponly=True, samesite="strict"
    )
    response.headers["clear-site-data"] = '"cache", "storage"'


def _set(request: Request, response: Response, name: str, value: str) -> None:
    secure = request.app.state.settings.secure
    response.set_cookie(name, value, path="/", secure=secure, httponly=True, samesite="strict")
