"""What every answer carries, whatever the page; and what no request may."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse

from hushtap.web.api import API

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_BODY: Final = 64 * 1024
"""Bytes of a form: it stays in memory, never in a temporary file."""
_YEAR: Final = 365 * 24 * 3600

_FIXED: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def content_policy(nonce: str) -> str:
    """Return the policy of a page. ``nonce`` is for the style that wavesurfer.js brings along."""
    return (
        "default-src 'none'; script-src 'self'; "
        f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


class Headers:
    """Adds the headers and refuses bodies that are no small form."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        static = scope["path"].startswith("/static/")

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _FIXED.items():
                    headers[name] = value
                headers["content-security-policy"] = content_policy(nonce)
                # What is static is the same for everybody, and compared each time.
                headers["cache-control"] = "no-cache" if static else "no-store"
                if self._secure:
                    headers["strict-transport-security"] = f"max-age={_YEAR}; includeSubDomains"
            await send(message)

        problem = _problem(scope)
        if problem is not None:
            status, text = problem
            is_api = scope["path"].startswith(API)
            answer = (
                JSONResponse({"detail": text}, status)
                if is_api
                else PlainTextResponse(text, status)
            )
            await answer(scope, receive, sending)
            return
        await self._app(scope, _bounded(receive), sending)


def _problem(scope: Scope) -> tuple[int, str] | None:
    headers = {name.lower(): value for name, value in scope["headers"]}
    if scope["method"] in {"GET", "HEAD"}:
        return None
    kind = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
    if scope["path"].startswith(API):
        if kind not in {b"", b"application/json"}:
            return 415, "Send JSON."
    elif kind not in {b"", b"application/x-www-form-urlencoded"}:
        return 415, "Send a form."
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > LONGEST_BODY:
        return 413, "Too long."
    return None


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LONGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return receiving
