"""Health, metrics and control over HTTP.

::

    GET  /healthz                 200 while the process does its work
    GET  /readyz                  200 while one more call would be taken
    GET  /metrics                 for Prometheus
    GET  /calls                   what is up (bearer token; of a listener: what it reaches)
    POST /calls/ID/arm|disarm     every number counts, from now on or no more (bearer token)
    POST /calls/ID/mute|unmute    silence, from now on or no more (bearer token)
    GET  /calls/ID/listen         a WebSocket that plays it, redacted (token of a listener)
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from hushtap.errors import HushtapError
from hushtap.gateway.control import LONGEST_S, SHORTEST_S, Order
from hushtap.gateway.listening import read_secret
from hushtap.vault.audit.events import Actor

if TYPE_CHECKING:
    from starlette.requests import Request

    from hushtap.ears.shared import Ears
    from hushtap.gateway.calls import Calls
    from hushtap.gateway.config import HttpSection
    from hushtap.gateway.control import Control
    from hushtap.gateway.figures import Figures
    from hushtap.gateway.supervisors import Supervisors

STALE_S: Final = 30.0
"""Seconds without a turn of the loop after which the process is not well."""

_NO_STORE: Final = {"Cache-Control": "no-store"}


class Desk:
    """The application. Raises ``UsageError``: the token cannot be read."""

    def __init__(
        self,
        section: HttpSection,
        calls: Calls,
        *,
        ears: Ears,
        figures: Figures,
        control: Control,
        supervisors: Supervisors | None = None,
    ) -> None:
        self._tokens = read_secret(section.token) if section.token else ()
        self._calls = calls
        self._ears = ears
        self._figures = figures
        self._control = control
        self._supervisors = supervisors
        routes: list[BaseRoute] = [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
            Route("/calls", self._list),
            Route("/calls/{call}/{order}", self._order, methods=["POST"]),
        ]
        if supervisors is not None:
            routes.append(WebSocketRoute("/calls/{call}/listen", supervisors.listen))
        self.app = Starlette(routes=routes)

    async def _healthz(self, _request: Request) -> Response:
        well = self._ears.alive and self._figures.age < STALE_S
        return PlainTextResponse("ok\n" if well else "the ears are gone\n", 200 if well else 503)

    async def _readyz(self, _request: Request) -> Response:
        refusal = self._calls.admission.refusal()
        if not self._ears.alive:
            return PlainTextResponse("the ears are gone\n", 503)
        return PlainTextResponse(f"{refusal or 'ok'}\n", 503 if refusal else 200)

    async def _metrics(self, _request: Request) -> Response:
        return Response(self._figures.text(), media_type="text/plain; version=0.0.4")

    async def _list(self, request: Request) -> Response:
        up = self._calls.up()
        who = self._supervisors.who(request.headers) if self._supervisors else None
        if who is not None:
            up = [call for call in up if who[1].reaches(call)]
        elif isinstance(actor := self._actor(request), Response):
            return actor
        calls = [self._control.look(call) for call in up]
        return JSONResponse({"calls": calls}, headers=_NO_STORE)

    async def _order(self, request: Request) -> Response:
        actor = self._actor(request)
        if isinstance(actor, Response):
            return actor
        try:
            order = Order(request.path_params["order"])
        except ValueError:
            return _refused(404, f"there is no such order: give one of {', '.join(Order)}")
        call = self._calls.find(request.path_params["call"])
        if call is None or call.over:
            return _refused(404, "no such call is up")
        seconds = _seconds(request.query_params.get("seconds"), order)
        if seconds is None:
            return _refused(422, f"seconds must be a number from {SHORTEST_S:g} to {LONGEST_S:g}")
        try:
            state = await self._control.give(call, order, seconds, actor)
        except HushtapError as error:
            # No order without its entry in the audit log.
            return _refused(503, f"the order is not on record ({type(error).__name__})")
        return JSONResponse(state, headers=_NO_STORE)

    def _actor(self, request: Request) -> Actor | Response:
        """Return who asks, or the refusal."""
        if not self._tokens:
            return _refused(403, "no token is set: name a file as token under [http]")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        # All are compared, so that time tells nothing.
        right = [
            hmac.compare_digest(given.encode(), token.encode()) and scheme.lower() == "bearer"
            for token in self._tokens
        ]
        if not any(right):
            refusal = _refused(401, "the bearer token is missing or wrong")
            refusal.headers["WWW-Authenticate"] = "Bearer"
            return refusal
        origin = request.client.host if request.client else "unknown"
        return Actor(f"token-{right.index(True) + 1}", "control", origin)


def _seconds(given: str | None, order: Order) -> float | None:
    if given is None:
        return order.usual
    try:
        seconds = float(given)
    except ValueError:
        return None
    # NaN is in no range.
    return seconds if SHORTEST_S <= seconds <= LONGEST_S else None


def _refused(status: int, reason: str) -> Response:
    body: dict[str, Any] = {"error": reason}
    return JSONResponse(body, status, headers=_NO_STORE)
