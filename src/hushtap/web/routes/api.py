"""The API: calls as JSON, for tokens, with the rights of whoever made the token."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Query as Asked
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from hushtap.errors import UsageError
from hushtap.timeline import Span, to_samples, to_seconds
from hushtap.values import Entity
from hushtap.vault.recordings import Consent, Direction, Query, State
from hushtap.web.api import described
from hushtap.web.guard import Routes, Signed
from hushtap.web.review import FlagKind, FlagState
from hushtap.web.roles import Permission
from hushtap.web.routes import listen
from hushtap.web.views import length

if TYPE_CHECKING:
    from hushtap.vault.recordings import RecordingInfo
    from hushtap.web.desk import Desk
    from hushtap.web.review import Flag

routes = Routes()
_Id: Final = r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$"
Name = Annotated[str | None, Asked(max_length=128)]
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]


class CallOut(BaseModel):
    """What is known of a call without opening it; ``length`` in seconds, ``findings`` counts."""

    id: str
    started: datetime
    length: float
    channels: int
    sample_rate: int
    state: State
    agent: str | None
    queue: str | None
    direction: Direction | None
    consent: Consent
    held: bool
    findings: dict[str, int]
    flagged: bool


class CallsOut(BaseModel):
    """A page of calls, the newest first; ``after`` asks for the next one."""

    calls: list[CallOut]
    after: str | None


class FindingOut(BaseModel):
    """A stretch of one channel that was found; times in seconds. What was said is nowhere."""

    entity: Entity
    channel: int
    start: float
    end: float
    score: float
    source: str
    muted: bool


class FlagOut(BaseModel):
    """What somebody said of a stretch, and what came of it."""

    id: int
    kind: FlagKind
    state: FlagState
    entity: Entity
    channel: int
    start: float
    end: float
    account: str
    made: float


class FlagIn(BaseModel):
    """A stretch of one channel, in seconds. A ``miss`` is muted for good."""

    model_config = ConfigDict(extra="forbid")

    kind: FlagKind
    entity: Entity
    channel: Annotated[int, Field(ge=0, le=1)]
    start: Seconds
    end: Seconds


@routes.api("GET", "/calls", Permission.CALLS_LIST, CallsOut)
def calls(
    request: Request,
    session: Signed,
    since: datetime | None = None,
    until: datetime | None = None,
    agent: Name = None,
    queue: Name = None,
    call_id: Name = None,
    entity: Entity | None = None,
    state: State | None = None,
    consent: Consent | None = None,
    held: bool | None = None,  # noqa: FBT001 - a filter by its name
    shortest: Annotated[float | None, Asked(ge=0, le=1e6, allow_inf_nan=False)] = None,
    longest: Annotated[float | None, Asked(ge=0, le=1e6, allow_inf_nan=False)] = None,
    limit: Annotated[int, Asked(ge=1, le=200)] = 50,
    after: Annotated[str | None, Asked(pattern=_Id)] = None,
) -> CallsOut:
    """List the calls in reach that fit, the newest first; lengths in seconds."""
    desk: Desk = request.app.state.desk
    if not all(one is None or one.isprintable() for one in (agent, queue, call_id)):
        raise UsageError("a filter cannot be printed")
    try:
        query = Query(
            since=since,
            until=until,
            agent=agent,
            queue=queue,
            call_id=call_id,
            entity=entity,
            state=state,
            consent=consent,
            held=held,
            shortest=shortest,
            longest=longest,
            after=after,
        )
        page = desk.page(session.account, query, limit)
    except OverflowError:
        raise UsageError("that day is beyond the calendar") from None
    flagged = desk.review.flagged(info.id for info in page.calls)
    found = [_call(info, flagged=info.id in flagged) for info in page.calls]
    return CallsOut(calls=found, after=page.calls[-1].id if page.more else None)


@routes.api("GET", "/calls/{recording_id}", Permission.CALLS_LIST, CallOut)
def call(request: Request, session: Signed, recording_id: str) -> CallOut:
    """Tell what is known of a call."""
    desk: Desk = request.app.state.desk
    info = desk.info(session, recording_id)
    return _call(info, flagged=bool(desk.review.flagged([info.id])))


@routes.api("GET", "/calls/{recording_id}/findings", Permission.CALLS_LISTEN, list[FindingOut])
def findings(request: Request, session: Signed, recording_id: str) -> list[FindingOut]:
    """Tell what was found in a call, in order of time; that it is opened is on record first."""
    desk: Desk = request.app.state.desk
    playback = desk.open(session, recording_id)
    rate = playback.audio_format.sample_rate
    return [
        FindingOut(
            entity=one.entity,
            channel=one.channel,
            start=to_seconds(one.span.start, rate),
            end=to_seconds(one.span.end, rate),
            score=one.score,
            source=one.source,
            muted=one.muted,
        )
        for one in sorted(playback.findings, key=lambda one: (one.span, one.channel))
    ]


@routes.api("GET", "/calls/{recording_id}/audio", Permission.CALLS_LISTEN, None, media="audio/wav")
def audio(request: Request, session: Signed, recording_id: str) -> Response:
    """Give the redacted call as WAV, whole or by range; on record before its first byte."""
    given: Response = listen.audio(request, session, recording_id)
    return given


@routes.api("GET", "/calls/{recording_id}/flags", Permission.CALLS_LIST, list[FlagOut])
def flags(request: Request, session: Signed, recording_id: str) -> list[FlagOut]:
    """Tell what was flagged in a call, the newest first."""
    desk: Desk = request.app.state.desk
    info = desk.info(session, recording_id)
    rate = info.audio_format.sample_rate
    return [_flag(one, rate) for one in desk.review.flags(info.id)]


@routes.api("POST", "/calls/{recording_id}/flags", Permission.CALLS_FLAG, FlagOut, status=201)
def flag(request: Request, session: Signed, recording_id: str, given: FlagIn) -> FlagOut:
    """Mute what was missed, for good; or note what was muted wrongly."""
    desk: Desk = request.app.state.desk
    info = desk.info(session, recording_id)
    rate = info.audio_format.sample_rate
    first, last = to_samples(given.start, rate), to_samples(given.end, rate)
    if last > info.samples + rate // 10:
        # What is muted is gone for good: a slip of the hand must not take the rest of a call.
        raise UsageError("end: lies after the end of the call")
    last = min(last, info.samples)
    span = Span(min(first, last), last)
    put = desk.mute if given.kind is FlagKind.MISS else desk.overmute
    put(session, info.id, given.channel, span, given.entity)
    return _flag(desk.review.flags(info.id, limit=1)[0], rate)


@routes.api("GET", "/openapi.json", Permission.OWN, None)
def openapi(request: Request) -> Response:
    """Describe this API, as OpenAPI 3.1."""
    return JSONResponse(described(request.app))


def _call(info: RecordingInfo, *, flagged: bool) -> CallOut:
    return CallOut(
        id=info.id,
        started=info.started,
        length=length(info),
        channels=info.audio_format.channels,
        sample_rate=info.audio_format.sample_rate,
        state=info.state,
        agent=info.agent,
        queue=info.queue,
        direction=info.direction,
        consent=info.consent,
        held=info.held,
        findings=dict(info.findings),
        flagged=flagged,
    )


def _flag(one: Flag, rate: int) -> FlagOut:
    return FlagOut(
        id=one.id,
        kind=one.kind,
        state=one.state,
        entity=one.entity,
        channel=one.channel,
        start=to_seconds(one.span.start, rate),
        end=to_seconds(one.span.end, rate),
        account=one.account,
        made=one.made,
    )
