"""The list of calls, and one call."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from hushtap.errors import UsageError, VaultError, VerificationError
from hushtap.values import Entity
from hushtap.vault.audit.events import is_name
from hushtap.vault.recordings import Consent, Query, State
from hushtap.web import views
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission, Reach, may, reach

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hushtap.web.sessions import Session

routes = Routes()
PAGE: Final = 50

FIELDS: Final = (
    *("since", "until", "agent", "queue", "entity", "state", "held", "consent"),
    *("shortest", "longest", "call_id"),
)


@routes.page("GET", "/", Permission.OWN)
def home(request: Request, session: Signed) -> Response:
    """Go where this role has most to do."""
    role = session.account.role
    for permission, path in (
        (Permission.CALLS_LIST, "/calls"),
        (Permission.PEOPLE_READ, "/people"),
        (Permission.LOG_READ, "/log"),
    ):
        if may(role, permission):
            return go(request, path)
    return go(request, "/account")


@routes.page("GET", "/calls", Permission.CALLS_LIST)
def calls(request: Request, session: Signed) -> Response:
    """List the calls in reach that fit the filters, the newest first."""
    given = {name: request.query_params.get(name, "").strip() for name in FIELDS}
    problem = None
    query = Query()
    try:
        query = query_of(given)
    except UsageError as error:
        problem = str(error)
    after = request.query_params.get("after") or None
    if after is not None and not is_name(after):
        raise UsageError("That is no page of the list.")
    desk, account = request.app.state.desk, session.account
    page, figures = desk.overview(account, query, PAGE)
    if after is not None:
        page = desk.page(account, replace(query, after=after), PAGE)
    older = None
    if page.more:
        kept = {name: value for name, value in given.items() if value}
        older = "/calls?" + urlencode(kept | {"after": page.calls[-1].id})
    return render(
        request,
        "calls.html",
        200 if problem is None else 422,
        problem=problem,
        page=page,
        older=older,
        first=after is None,
        given=given,
        filtered=any(given.values()),
        given_kept={name: value for name, value in given.items() if value},
        figures=figures,
        flagged=desk.review.flagged(info.id for info in page.calls),
        entities=views.NAMES,
        states=list(State),
        consents=list(Consent),
        scope=_scope(session),
        saved=[
            (name, "/calls?" + urlencode(filters), filters)
            for name, filters in request.app.state.views.of(account.name)
        ],
    )


@routes.page("GET", "/calls/{recording_id}", Permission.CALLS_LIST)
def call(request: Request, session: Signed, recording_id: str) -> Response:
    """Show one call; with its sound and words to those who may listen."""
    desk = request.app.state.desk
    info = desk.info(session, recording_id)
    flags = desk.review.flags(info.id)
    context = {
        "info": info,
        "flags": flags,
        "comments": desk.review.comments(info.id),
        "questions": request.app.state.rules.question,
        "scores": request.app.state.scores.of(info.id),
        "sides": sides(info.audio_format.channels),
        "entities": views.NAMES,
        "holds": (),
        "playback": None,
        "redactions": [],
        "turns": [],
        "problem": None,
        "done": request.query_params.get("done"),
        "version": "",
    }
    if may(session.account.role, Permission.CALLS_GOVERN):
        context["holds"] = desk.log(session).life.holds.of(info.id)
    if may(session.account.role, Permission.CALLS_LISTEN) and views.playable(info):
        try:
            playback = desk.open(session, info.id)
            waiting = desk.waiting(playback)
        except VerificationError:
            context["problem"] = (
                "This recording is not what was sealed. It is not played; tell whoever "
                "looks after the vault."
            )
        except VaultError:
            # A mute or a disposal may have come in between.
            if desk.info(session, recording_id).state is not State.DISPOSED:
                raise
        else:
            context |= {
                "playback": playback,
                "version": f"{playback.version}-{len(waiting)}",
                "info": replace(playback.info, held=info.held, consent=info.consent),
                "redactions": views.redactions(playback, waiting),
                "turns": views.transcript(playback, waiting),
            }
    return render(request, "call.html", **context)


def query_of(given: Mapping[str, str]) -> Query:
    """Return what the filters ask for. Raises ``UsageError``: one of them is no filter."""
    if not all(value.isprintable() for value in given.values()):
        raise UsageError("One of the filters is not to be understood: it cannot be printed.")
    until = _day("until", given["until"])
    with suppress(ValueError, OverflowError):
        return Query(
            since=_day("since", given["since"]),
            until=None if until is None else until + timedelta(days=1),
            agent=given["agent"] or None,
            queue=given["queue"] or None,
            entity=Entity(given["entity"]) if given["entity"] else None,
            state=State(given["state"]) if given["state"] else None,
            held=True if given["held"] == "yes" else None,
            consent=Consent(given["consent"]) if given["consent"] else None,
            call_id=given["call_id"] or None,
            shortest=float(given["shortest"]) * 60 if given["shortest"] else None,
            longest=float(given["longest"]) * 60 if given["longest"] else None,
        )
    raise UsageError("One of the filters is not to be understood: lengths are minutes.")


def sides(channels: int) -> list[str]:
    """Return what the channels of a call are called."""
    return ["Agent", "Caller"] if channels > 1 else ["Call"]


def _day(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{name}: give a day as 2026-11-01.") from None


def _scope(session: Session) -> str:
    account = session.account
    return {
        Reach.QUEUES: "Queues: " + ", ".join(account.queues),
        Reach.TEAM: "Team: " + ", ".join(account.agents),
    }.get(reach(account.role), "All calls")
