"""Disposal: asked for by one privacy officer, agreed to by another."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Form, Request
from starlette.responses import PlainTextResponse, Response

from hushtap.errors import HeldError, UsageError
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.recordings import Consent, State
from hushtap.web.disposals import REFUSED, WITHDRAWN, Standing
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission

routes = Routes()
_SAID: Final = {WITHDRAWN: Consent.WITHDRAWN, REFUSED: Consent.REFUSED}


@routes.page("GET", "/disposals", Permission.CALLS_DISPOSE)
def disposals(request: Request) -> Response:
    """List what is asked for and what became of it."""
    return render(request, "disposals.html", requests=request.app.state.disposals.list())


@routes.page("POST", "/calls/{recording_id}/disposal", Permission.CALLS_DISPOSE)
def ask(
    request: Request,
    session: Signed,
    recording_id: str,
    reason: Annotated[str, Form(max_length=128)],
) -> Response:
    """Ask for the disposal of a call."""
    state = request.app.state
    info = state.desk.info(session, recording_id)
    if info.state in {State.OPEN, State.DISPOSED}:
        raise UsageError("a call that is being recorded, or is gone, cannot be disposed of")
    reason = reason.strip()
    state.disposals.check(info.id, reason)
    things = (Thing(Kind.RECORDING, info.id), Thing(Kind.CASE, reason))
    state.desk.note(session, Activity.APPROVAL, *things)
    state.disposals.ask(info.id, reason, session.account.name)
    return go(request, "/disposals")


@routes.page("POST", "/disposals/{number}/agree", Permission.CALLS_DISPOSE)
def agree(request: Request, session: Signed, number: int) -> Response:
    """Agree: the keys of the recording are destroyed, now and for good."""
    state = request.app.state
    _decide(request, session, number, Standing.AGREED)
    found = state.disposals.get(number)
    vault = state.desk.log(session)
    if found.of_caller:
        erasure = vault.subjects.erase(state.disposals.caller(number))
        # What a hold keeps is asked for anew once that is released.
        over = not (erasure.open or erasure.failed or erasure.left)
        state.disposals.erased(number, erasure.statement, whole=over)
        if over:
            state.disposals.settle(number, Standing.HELD if erasure.held else Standing.DONE)
        state.cases.purge(state.vault)
        return go(request, "/disposals")
    try:
        if found.reason in _SAID:
            vault.life.consent(found.recording, _SAID[found.reason])
        else:
            vault.life.dispose(found.recording, found.reason)
    except HeldError:
        state.disposals.settle(number, Standing.HELD)
        raise
    held = vault.info(found.recording).state is not State.DISPOSED
    state.disposals.settle(number, Standing.HELD if held else Standing.DONE)
    state.cases.purge(state.vault)
    return go(request, "/disposals")


@routes.page("GET", "/disposals/{number}/statement", Permission.CALLS_DISPOSE)
def statement(request: Request, number: int) -> Response:
    """Give the signed statement of what came of an erasure."""
    text = request.app.state.disposals.statement(number)
    headers = {"content-disposition": f'attachment; filename="erasure-{number}.txt"'}
    return PlainTextResponse(text, headers=headers)


@routes.page("POST", "/disposals/{number}/decline", Permission.CALLS_DISPOSE)
def decline(request: Request, session: Signed, number: int) -> Response:
    """Decline, or take back what one asked for oneself."""
    _decide(request, session, number, Standing.DECLINED)
    request.app.state.cases.purge(request.app.state.vault)
    return go(request, "/disposals")


def _decide(request: Request, session: Signed, number: int, standing: Standing) -> None:
    """Decide on a request; it is on record before it counts."""
    state = request.app.state
    found = state.disposals.open(number, session.account.name, standing)
    things = [Thing(Kind.CASE, found.reason)]
    if not found.of_caller:
        things.insert(0, Thing(Kind.RECORDING, found.recording))
    change = Change.GIVEN if standing is Standing.AGREED else Change.DECLINED
    state.desk.note(session, Activity.APPROVAL, *things, change=change)
    state.disposals.decide(number, session.account.name, standing)
