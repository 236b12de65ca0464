"""Flags and comments on a call, and the list of what was flagged."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Final

from fastapi import Form, Request
from starlette.responses import Response

from hushtap.timeline import Span, to_samples
from hushtap.values import Entity
from hushtap.vault.audit.events import Activity, Kind, Thing
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.review import FlagKind, FlagState
from hushtap.web.roles import Permission

routes = Routes()
MOST_CASES: Final = 200
Seconds = Annotated[float, Form(ge=0, le=1e6, allow_inf_nan=False)]


@routes.page("POST", "/calls/{recording_id}/flags", Permission.CALLS_FLAG)
def flag(
    request: Request,
    session: Signed,
    recording_id: str,
    kind: Annotated[FlagKind, Form()],
    channel: Annotated[int, Form(ge=0, le=1)],
    start: Seconds,
    end: Seconds,
    entity: Annotated[Entity, Form()],
) -> Response:
    """Mute what was missed, or note what was muted wrongly."""
    desk = request.app.state.desk
    info = desk.info(session, recording_id)
    rate = info.audio_format.sample_rate
    first, last = to_samples(start, rate), min(to_samples(end, rate), info.samples)
    span = Span(min(first, last), last)
    done = "overmute"
    if kind is FlagKind.MISS:
        state = desk.mute(session, recording_id, channel, span, entity)
        done = "muted" if state is FlagState.MUTED else "held"
    else:
        desk.overmute(session, recording_id, channel, span, entity)
    return go(request, f"/calls/{info.id}?done={done}#t={max(0.0, start - 2):.1f}")


@routes.page("POST", "/calls/{recording_id}/comments", Permission.CALLS_COMMENT)
def comment(
    request: Request,
    session: Signed,
    recording_id: str,
    text: Annotated[str, Form(max_length=2000)],
    at: Annotated[str, Form(max_length=16)] = "",
) -> Response:
    """Keep a comment."""
    desk = request.app.state.desk
    info = desk.info(session, recording_id)
    moment = None
    with suppress(ValueError):
        moment = min(max(0.0, float(at)), info.samples / info.audio_format.sample_rate)
    desk.note(session, Activity.FLAG, Thing(Kind.RECORDING, info.id))
    desk.review.comment(info.id, session.account.name, text, moment)
    place = "" if moment is None else f"#t={moment:.1f}"
    return go(request, f"/calls/{info.id}?done=comment{place}")


@routes.page("GET", "/cases", Permission.CASES_LIST)
def cases(request: Request, session: Signed) -> Response:
    """List what was flagged in the calls in reach, the newest first."""
    state = request.app.state
    state.cases.purge(state.vault)
    found = state.desk.cases(session.account, MOST_CASES)
    learned = {case.id: case for case in state.cases.all()}
    return render(request, "cases.html", cases=found, learned=learned)
