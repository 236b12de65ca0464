"""Review work: the queue, scores, saved views, and the figures."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Form, Query, Request
from starlette.responses import Response

from hushtap.errors import UsageError
from hushtap.vault.audit.events import Activity, Kind, Thing
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission
from hushtap.web.routes.calls import FIELDS

routes = Routes()
PERIODS: Final = (7, 30, 90)
QUESTION: Final = "q-"
"""Before the id of a question, in the names of the form's fields."""


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a form whose names are not known beforehand."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


Fields = Annotated[dict[str, str], Depends(fields_of)]
ViewName = Annotated[str, Form(max_length=80)]


@routes.page("GET", "/queue", Permission.CALLS_REVIEW)
def queue(request: Request, session: Signed) -> Response:
    """List the calls that wait for a review."""
    state = request.app.state
    waiting = state.supervision.queue(session.account)
    return render(request, "queue.html", waiting=waiting, rules=state.rules)


@routes.page("POST", "/calls/{recording_id}/score", Permission.CALLS_REVIEW)
def score(request: Request, session: Signed, recording_id: str, fields: Fields) -> Response:
    """Keep one's own score of a call, in place of an earlier one."""
    state = request.app.state
    info = state.desk.info(session, recording_id)
    given = {
        name.removeprefix(QUESTION): value
        for name, value in fields.items()
        if name.startswith(QUESTION)
    }
    state.desk.note(session, Activity.FLAG, Thing(Kind.RECORDING, info.id))
    state.scores.give(info.id, session.account.name, state.rules, given)
    return go(request, f"/calls/{info.id}?done=score")


@routes.page("GET", "/figures", Permission.FIGURES_READ)
def figures(
    request: Request, session: Signed, days: Annotated[int, Query(ge=1, le=90)] = PERIODS[1]
) -> Response:
    """Show what the calls in reach add up to."""
    if days not in PERIODS:
        raise UsageError(f"figures are of {', '.join(map(str, PERIODS))} days")
    board = request.app.state.supervision.dashboard(session.account, days)
    return render(request, "figures.html", board=board, periods=PERIODS)


@routes.page("POST", "/views", Permission.CALLS_LIST)
def save_view(request: Request, session: Signed, name: ViewName, fields: Fields) -> Response:
    """Keep the filters that are set, under a name."""
    filters = {key: fields.get(f"f-{key}", "") for key in FIELDS}
    request.app.state.views.save(session.account.name, name, filters)
    kept = {key: value for key, value in filters.items() if value}
    return go(request, f"/calls?{urlencode(kept)}")


@routes.page("POST", "/views/drop", Permission.CALLS_LIST)
def drop_view(request: Request, session: Signed, name: ViewName) -> Response:
    """Forget a saved view."""
    request.app.state.views.drop(session.account.name, name)
    return go(request, "/calls")
