"""The application: the desk's parts put together, and what becomes of errors."""

from __future__ import annotations

import logging
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from hushtap.errors import HeldError, HushtapError, UsageError, VaultError
from hushtap.vault.audit.log import LOG_NAME
from hushtap.web.access import AccessReviews
from hushtap.web.accounts import Accounts
from hushtap.web.api import API
from hushtap.web.cases import TuningCases
from hushtap.web.desk import Desk
from hushtap.web.disposals import DisposalRequests
from hushtap.web.errors import DeskError, SignInError
from hushtap.web.federation import Federation
from hushtap.web.gateway import Gateway
from hushtap.web.guard import SAFE, undeclared
from hushtap.web.headers import Headers
from hushtap.web.judging import Scores, Views
from hushtap.web.pages import HERE, go, render
from hushtap.web.passkeys import Passkeys
from hushtap.web.review import Review
from hushtap.web.routes import (
    access,
    alerts,
    api,
    breaches,
    calls,
    disposals,
    exports,
    federated,
    governing,
    listen,
    live,
    passkeys,
    people,
    review,
    signin,
    work,
)
from hushtap.web.rules import Rules, load
from hushtap.web.sessions import Sessions
from hushtap.web.settings import Settings
from hushtap.web.supervision import Supervision
from hushtap.web.throttle import Throttle
from hushtap.web.tokens import Tokens
from hushtap.web.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.vault.recordings import Playback, Vault
    from hushtap.web.database import DeskDatabase
    from hushtap.web.review import Flag

_LOGGER: Final = logging.getLogger("hushtap.web")
PARTS: Final = (
    *(signin, federated, passkeys, calls, listen, live, review, work, people),
    *(access, alerts, breaches, disposals, exports, governing, api),
)
_FIELD: Final = re.compile(r"[a-z_]{1,40}")
"""Names of fields that an answer repeats: what is sent as one may be anything."""


def make_app(
    vault: Vault,
    database: DeskDatabase,
    settings: Settings | None = None,
    *,
    rules: Rules | None = None,
    clock: Callable[[], float] | None = None,
    demo: bool = False,
) -> FastAPI:
    """Return the desk over ``vault``; ``clock`` gives seconds since 1970.

    The ``rules`` are those that ship, unless given.

    Raises:
        UsageError: the rules are wrong.
        VaultError: the vault's audit log cannot be written.
    """
    settings = settings or Settings()
    timed = {} if clock is None else {"clock": clock}
    app = FastAPI(
        title="Hushtap review desk",
        version=version("hushtap"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    state: Any = app.state
    state.settings = settings
    state.database = database
    state.accounts = Accounts(database, settings, **timed)
    state.sessions = Sessions(database, settings, **timed)
    state.passkeys = Passkeys(database, settings, **timed)
    state.tokens = Tokens(database, settings, **timed)
    state.disposals = DisposalRequests(database, settings, **timed)
    state.access = AccessReviews(database, settings, **timed)
    state.throttle, state.strays = Throttle(settings.attempts), Throttle(settings.attempts)
    state.vault = vault
    state.rules = rules = rules or load()
    state.watch = Watch(database, rules.alerts, **timed)
    state.cases = TuningCases(database, settings, **timed)
    if rules.cases.sounds and not state.cases.can_seal:
        raise UsageError("[cases] sounds: there is no key to seal them to: hushtap cases init")
    state.cases.purge(vault)

    def learn(flag: Flag, playback: Playback, others: list[Flag]) -> Callable[[], None]:
        heard = state.cases.hear(flag, playback, rules.cases, others)

        def keep() -> None:
            if heard is not None:
                state.cases.keep(heard)
            state.cases.purge(vault)

        return keep

    review_of = Review(database, settings, **timed)
    state.desk = Desk(vault, review_of, state.watch, **timed, learn=learn)
    state.scores = Scores(database, settings, **timed)
    state.views = Views(database, settings, **timed)
    state.supervision = Supervision(state.desk, state.scores, rules, **timed)
    state.gateway = None if rules.gateway is None else Gateway(rules.gateway)
    oidc = rules.oidc
    state.federation = None if oidc is None else Federation(database, oidc, settings, **timed)
    state.origin = vault.origin
    state.log_path = vault.path / LOG_NAME
    state.demo = demo
    for part in PARTS:
        # As they are: an included router would hide them from ``undeclared``.
        app.router.routes.extend(part.routes.routes)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    missing = undeclared(app)
    if missing:
        raise RuntimeError(f"routes without a permission: {', '.join(missing)}")
    app.add_middleware(Headers, secure=settings.secure)
    app.add_exception_handler(HushtapError, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)
    return app


def _refused(request: Request, error: Exception) -> Response:
    """Answer what Hushtap raises on purpose. Paths of the vault are not shown."""
    if isinstance(error, SignInError) and request.method in SAFE and _is_page(request):
        return go(request, "/sign-in")
    if isinstance(error, DeskError):
        return _page(request, error.status, str(error))
    if isinstance(error, UsageError):
        return _page(request, 422, f"{str(error)[:1].upper()}{str(error)[1:]}")
    if isinstance(error, HeldError):
        return _page(request, 409, "A legal hold keeps this recording as it is.")
    _LOGGER.error("%s", error)
    if isinstance(error, VaultError):
        return _page(request, 503, "The vault cannot do that now; it is told in the desk's log.")
    return _page(request, 500, "That failed; it is told in the desk's log.")


def _not_understood(request: Request, error: Exception) -> Response:
    """Name what is wrong; the error's own text would repeat what was sent."""
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    names = (str(name) for one in wrong for name in one["loc"][1:2])
    named = ", ".join(dict.fromkeys(filter(_FIELD.fullmatch, names)))
    text = "That request is not complete, or a value is out of range"
    return _page(request, 422, f"{text}: {named}." if named else f"{text}.")


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    texts = {404: "There is no such page.", 405: "Not that way."}
    return _page(request, status, texts.get(status, "That is not possible."))


def _unexpected(request: Request, error: Exception) -> Response:
    """Answer what nobody expected; its text could carry speech and goes nowhere."""
    _LOGGER.error("unexpected %s", type(error).__name__)
    return _page(request, 500, "That failed; it is told in the desk's log.")


def _page(request: Request, status: int, text: str) -> Response:
    if request.url.path.startswith(API):
        headers = {"www-authenticate": "Bearer"} if status == 401 else None  # noqa: PLR2004
        return JSONResponse({"detail": text}, status, headers)
    if not _is_page(request):
        return PlainTextResponse(text, status)
    return render(request, "problem.html", status, text=text, status_code=status)


def _is_page(request: Request) -> bool:
    asked = "text/html" in request.headers.get("accept", "")
    return asked and hasattr(request.state, "nonce") and not request.url.path.startswith(API)
