"""Calls that are up: a list, and their sound a fixed delay late, for those who may hear it."""

from __future__ import annotations

import struct
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from hushtap.web.desk import in_reach
from hushtap.web.errors import DeskError
from hushtap.web.gateway import GatewayError
from hushtap.web.guard import Routes, Signed, account_now
from hushtap.web.pages import render
from hushtap.web.roles import Permission, may
from hushtap.web.routes.calls import sides

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hushtap.vault.recordings import RecordingInfo
    from hushtap.web.gateway import Feed, Gateway

routes = Routes()
LENGTH: Final = struct.Struct("<I")
"""Before each message of the answer: its bytes; 0 where the call has ended."""
_LOOKS_EVERY_S: Final = 1.0


class NoGatewayError(DeskError):
    """There is none, or it does not answer."""

    status = 503


@routes.page("GET", "/live", Permission.CALLS_LIVE)
def live(request: Request, session: Signed) -> Response:
    """List the calls in reach that are up."""
    problem, found = None, []
    try:
        up = _gateway(request).calls()
        infos = request.app.state.desk.on_air(session.account, up)
        found = [(info, up[info.id]) for info in infos]
    except (NoGatewayError, GatewayError) as error:
        problem = _sentence(error)
    return render(request, "live.html", found=found, problem=problem)


@routes.page("GET", "/live/{recording_id}", Permission.CALLS_LIVE)
def live_call(request: Request, session: Signed, recording_id: str) -> Response:
    """Show one that is up; nothing is played before somebody starts it."""
    info = request.app.state.desk.info(session, recording_id)
    names = sides(info.audio_format.channels)
    return render(request, "live_call.html", info=info, sides=names)


@routes.page("GET", "/live/{recording_id}/sound", Permission.CALLS_LIVE)
async def sound(request: Request, session: Signed, recording_id: str) -> Response:
    """Give the sound as it is cleared, for as long as the call, the session and the right last.

    On record before its first byte. Each message is its length and what the gateway sent.
    """
    desk = request.app.state.desk
    info = await run_in_threadpool(desk.info, session, recording_id)
    async with AsyncExitStack() as opened:
        try:
            feed = await opened.enter_async_context(_gateway(request).listen(info.id))
        except GatewayError as error:
            raise NoGatewayError(_sentence(error)) from None
        await run_in_threadpool(desk.listens_live, session, info)
        keep = opened.pop_all()
    head = feed.head
    headers = {
        "x-rate": str(head.audio_format.sample_rate),
        "x-channels": str(head.audio_format.channels),
        "x-delay": f"{head.delay:g}",
        "x-sample": str(head.sample),
    }
    return StreamingResponse(
        _stream(request, info, feed, keep), headers=headers, media_type="application/octet-stream"
    )


async def _stream(
    request: Request, info: RecordingInfo, feed: Feed, keep: AsyncExitStack
) -> AsyncIterator[bytes]:
    async with keep:
        looked = time.monotonic()
        async for message in feed:
            if time.monotonic() - looked > _LOOKS_EVERY_S:
                looked = time.monotonic()
                if not await run_in_threadpool(_may_hear, request, info):
                    return
            yield LENGTH.pack(len(message)) + message
        if feed.ended:
            yield LENGTH.pack(0)


def _may_hear(request: Request, info: RecordingInfo) -> bool:
    """Return whether whoever listens may do so at this moment."""
    account = account_now(request)
    if account is None or not may(account.role, Permission.CALLS_LIVE):
        return False
    return in_reach(account, info)


def _gateway(request: Request) -> Gateway:
    found: Gateway | None = request.app.state.gateway
    if found is None:
        raise NoGatewayError("No gateway is named in the desk's rules: see [gateway] there.")
    return found


def _sentence(error: Exception) -> str:
    text = str(error).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
