"""A call as a file: asked for by one, agreed to by another, fetched once, on record before that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import Request
from starlette.responses import Response, StreamingResponse

from hushtap.errors import ApprovalError, UsageError
from hushtap.vault.approvals import DUAL_CONTROL
from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing
from hushtap.web.errors import ForbiddenError
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission, may
from hushtap.web.routes.listen import stream, wav_header
from hushtap.web.views import playable

if TYPE_CHECKING:
    from hushtap.vault.approvals import Request as Asked

routes = Routes()
MOST = 200


@routes.page("GET", "/exports", Permission.EXPORTS_SEE)
def exports(request: Request, session: Signed) -> Response:
    """List what one asked for oneself; to those who agree, what everybody asked for."""
    account = session.account
    agrees = may(account.role, Permission.EXPORTS_AGREE)
    found = [one for one in _all(request, session) if agrees or one.asked_by == account.name]
    return render(
        *(request, "exports.html"), requests=found[:MOST], agrees=agrees, now=datetime.now(UTC)
    )


@routes.page("POST", "/calls/{recording_id}/export", Permission.CALLS_EXPORT)
def ask(request: Request, session: Signed, recording_id: str) -> Response:
    """Ask for a call as a file."""
    desk = request.app.state.desk
    info = desk.info(session, recording_id)
    if not playable(info):
        raise UsageError("a call that is being recorded, or is gone, cannot be exported")
    desk.log(session).life.approvals.ask(info.id)
    return go(request, "/exports")


@routes.page("POST", "/exports/{request_id}/agree", Permission.EXPORTS_AGREE)
def agree(request: Request, session: Signed, request_id: str) -> Response:
    """Agree that another may fetch a call, once, within 24 hours of their asking."""
    if request_id not in {one.id for one in _all(request, session)}:
        raise UsageError("there is nothing to agree to any more: load the page again")
    try:
        request.app.state.desk.log(session).life.approvals.approve(request_id)
    except ApprovalError as error:
        raise UsageError(str(error)) from None
    return go(request, "/exports")


@routes.page("POST", "/calls/{recording_id}/export/file", Permission.CALLS_EXPORT)
def fetch(request: Request, session: Signed, recording_id: str) -> Response:
    """Give the redacted call as WAV, whole; the agreement is used up before the first byte."""
    desk = request.app.state.desk
    info = desk.info(session, recording_id)
    playback = desk.open(session, info.id)
    vault = desk.log(session)
    try:
        case = vault.life.approvals.spend(info.id)
    except ApprovalError:
        raise ForbiddenError("Another has to agree first: see Exports.") from None
    things = (Thing(Kind.RECORDING, info.id), case)
    vault.journal.note(Activity.EXPORT, Outcome.SUCCESS, *things)
    header = wav_header(playback)
    size = len(header) + info.samples * 2 * info.audio_format.channels
    headers = {
        "content-length": str(size),
        "content-disposition": f'attachment; filename="{info.id}.wav"',
    }
    sound = stream(request, playback, header, 0, size)
    return StreamingResponse(sound, headers=headers, media_type="audio/wav")


def _all(request: Request, session: Signed) -> list[Asked]:
    """Return the requests for calls, the newest first."""
    found = request.app.state.desk.log(session).life.approvals.all()
    return [one for one in reversed(found) if one.what != DUAL_CONTROL]
