"""Legal holds, what callers said to being recorded, and access and erasure by caller."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from fastapi import Form, Request
from starlette.responses import Response

from hushtap.errors import UsageError, VaultError
from hushtap.vault.audit.events import Activity, Kind, Thing, is_name
from hushtap.vault.details import looks_sensitive
from hushtap.vault.recordings import Consent, State
from hushtap.web.disposals import REFUSED, WITHDRAWN
from hushtap.web.guard import Routes, Signed
from hushtap.web.pages import go, render
from hushtap.web.roles import Permission

routes = Routes()
_FINAL: Final = {Consent.REFUSED, Consent.WITHDRAWN}
Reference = Annotated[str, Form(max_length=128)]


class Held(StrEnum):
    """What becomes of a hold."""

    PLACE = "place"
    RELEASE = "release"


class Said(StrEnum):
    """What a caller said."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@routes.page("POST", "/calls/{recording_id}/hold", Permission.CALLS_GOVERN)
def hold(
    request: Request,
    session: Signed,
    recording_id: str,
    change: Annotated[Held, Form()],
    reason: Reference,
) -> Response:
    """Keep a call for a case, whatever its term; or release that."""
    desk = request.app.state.desk
    info = desk.info(session, recording_id)
    if not is_name(reason) or looks_sensitive(reason):
        raise UsageError("give the case as a reference such as case-2026-114: no prose")
    if info.state is State.DISPOSED:
        raise UsageError("that call is gone")
    life = desk.log(session).life
    if change is Held.PLACE:
        life.hold(info.id, reason)
        return go(request, f"/calls/{info.id}?done=hold")
    if reason not in {one.case for one in life.holds.of(info.id)}:
        raise UsageError("there is no hold for that case on the call")
    life.release(info.id, reason)
    # What waited for it is muted now, for good.
    desk.log(session).mute_waiting(info.id)
    return go(request, f"/calls/{info.id}?done=release")


@routes.page("POST", "/calls/{recording_id}/consent", Permission.CALLS_GOVERN)
def consent(
    request: Request, session: Signed, recording_id: str, said: Annotated[Said, Form()]
) -> Response:
    """Note that a caller agrees; where they do not, ask for the disposal that goes with it."""
    state = request.app.state
    info = state.desk.info(session, recording_id)
    if info.state is State.OPEN:
        raise UsageError("that call is being recorded still: hushtap vault consent ends it at once")
    final = {Consent.WITHDRAWN} if said is Said.WITHDRAWN else _FINAL
    if info.state is State.DISPOSED or info.consent in final:
        raise UsageError("that cannot follow what the caller said before")
    if said is Said.GIVEN:
        state.desk.log(session).life.consent(info.id, Consent.GIVEN)
        return go(request, f"/calls/{info.id}?done=consent")
    reason = WITHDRAWN if said is Said.WITHDRAWN else REFUSED
    state.disposals.check(info.id, reason)
    things = (Thing(Kind.RECORDING, info.id), Thing(Kind.CASE, reason))
    state.desk.note(session, Activity.APPROVAL, *things)
    state.disposals.ask(info.id, reason, session.account.name)
    return go(request, "/disposals")


@routes.page("GET", "/callers", Permission.CALLS_GOVERN)
def callers(request: Request) -> Response:
    """Ask whose calls are looked for."""
    return render(request, "callers.html", found=None, sealed="", problem=None)


@routes.page("POST", "/callers", Permission.CALLS_GOVERN)
def find(
    request: Request, session: Signed, caller: Annotated[str, Form(max_length=128)]
) -> Response:
    """List the calls of one caller, whose number goes into no address and no log."""
    state, caller = request.app.state, caller.strip()
    if not caller:
        raise UsageError("give the caller as it was recorded")
    found = state.desk.log(session).subjects.find(caller)
    sealed = state.database.seal(caller).decode()
    return render(request, "callers.html", found=found[::-1], sealed=sealed, problem=None)


@routes.page("POST", "/callers/erasure", Permission.CALLS_DISPOSE)
def erase(
    request: Request, session: Signed, sealed: Annotated[str, Form()], reason: Reference
) -> Response:
    """Ask for the erasure of a caller; another privacy officer has to agree."""
    state = request.app.state
    try:
        caller = state.database.unseal(sealed.encode())
    except VaultError:
        raise UsageError("that form was damaged on its way: look for the caller anew") from None
    state.disposals.check("", reason)
    state.desk.note(session, Activity.APPROVAL, Thing(Kind.CASE, reason))
    state.disposals.ask_erasure(caller, reason, session.account.name)
    return go(request, "/disposals")
