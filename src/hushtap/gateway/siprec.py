"""The SIPREC recording server: sessions of recording clients become calls of the gateway."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from hushtap.errors import BusyError, ConsentError
from hushtap.gateway.calls import TapName
from hushtap.gateway.details import picked
from hushtap.gateway.siprec_media import MediaThread
from hushtap.gateway.siprec_ports import Ports
from hushtap.gateway.siprec_session import Recorded
from hushtap.gateway.siprec_transport import Transport
from hushtap.observe import Log, LogEvent, Name, Reason
from hushtap.taps.siprec import metadata, roles, sdp
from hushtap.taps.siprec.application import Cause
from hushtap.taps.siprec.bodies import bodies
from hushtap.taps.siprec.message import RefusedError, parse, salvaged
from hushtap.taps.siprec.metadata import Metadata
from hushtap.taps.siprec.useragent import UserAgent

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hushtap.gateway.calls import Calls
    from hushtap.gateway.siprec_config import SiprecSection
    from hushtap.taps.siprec.application import Invitation
    from hushtap.taps.siprec.dialogs import Dialog
    from hushtap.taps.siprec.flows import Flow
    from hushtap.taps.siprec.message import Request

TICK_S: Final = 0.1
"""Seconds between looks at what is due: a fifth of the shortest timer of SIP."""
DRAIN_S: Final = 30
"""Seconds after which refused clients may ask again, when this server goes."""

_log = Log(__name__)
_FAILED: Final = frozenset({Cause.EXPIRED, Cause.UNACKNOWLEDGED})


class SiprecServer:
    """A recording server (RFC 7866). ``section`` says where, ``calls`` takes what it records.

    ``idle`` is for taps without signalling: a session says itself when it is over.
    """

    name = "siprec"

    def __init__(self, section: SiprecSection, calls: Calls, *, idle: float = 0.0) -> None:
        del idle
        self.refused: Counter[int] = Counter()
        """Messages and sessions that were refused, by status."""
        self._section = section
        self._calls = calls
        self._transport = Transport(section, self._take, self._reject)
        self._agent = UserAgent(self, self._transport.send, session_s=section.session)
        self._ports = Ports(section.media, section.port_range, section.rest, time.monotonic)
        self._thread = MediaThread()
        self._sessions: dict[Dialog, Recorded] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ticker: asyncio.TimerHandle | None = None
        self._stopping = False

    @property
    def addresses(self) -> dict[str, tuple[str, int]]:
        """Where it listens, by transport: UDP, TCP, TLS."""
        return self._transport.addresses

    @property
    def ports(self) -> dict[str, int]:
        """The ports that it listens on, by transport in lower case."""
        return {name.lower(): port for name, (_, port) in self.addresses.items()}

    # --- as a tap of the gateway

    async def start(self) -> None:
        """Bind and take sessions. Raises ``UsageError``."""
        await self._transport.start()
        self._thread.start()
        self._tick()

    async def drain(self) -> None:
        """Take no new sessions; those that are up go on."""
        self._agent.draining = DRAIN_S

    async def stop(self) -> None:
        """Hang up what is still up, and free every port."""
        await self.drain()
        self._stopping = True
        for dialog in list(self._sessions):
            self._agent.hang_up(dialog, time.monotonic())
        while self._tasks:
            await asyncio.wait(self._tasks)
        if self._ticker is not None:
            self._ticker.cancel()
        self._thread.stop()
        await self._transport.stop()

    # --- messages

    def _take(self, data: bytes, flow: Flow) -> None:
        try:
            self._agent.receive(parse(data), flow, time.monotonic())
        except RefusedError as error:
            self._reject(RefusedError(error.status, str(error), message=data), flow)
        except Exception as exc:  # noqa: BLE001 - one message must not end the server
            _log.warning(LogEvent.REFUSED, {Name.ERROR: type(exc), Name.STATUS: 500})

    def _reject(self, error: RefusedError, flow: Flow) -> None:
        """Answer what is left of a message that cannot be taken, if enough is left."""
        self.refused[error.status] += 1
        try:
            request = salvaged(error.message)
            if request is not None:
                self._agent.reject(request, flow, error)
        except RefusedError:
            return

    def _tick(self) -> None:
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        now = time.monotonic()
        self._agent.tick(now)
        for dialog, recorded in list(self._sessions.items()):
            heard = recorded.media.heard if recorded.media else None
            if now - max(dialog.heard, heard or 0.0) > self._section.idle:
                self._agent.hang_up(dialog, now, Cause.EXPIRED)

    # --- as the application of the user agent

    def invited(self, invitation: Invitation) -> None:
        """Read the offer, and have the call admitted; raises ``RefusedError``."""
        carried = bodies(invitation.request)
        if carried.sdp is None:
            raise RefusedError(488, "there is no SDP")
        known = metadata.parse(carried.metadata) if carried.metadata else None
        try:
            recorded = Recorded(
                self._section,
                self._ports,
                invitation.request,
                sdp.parse(carried.sdp),
                known or Metadata(),
            )
        except BusyError as error:
            raise _busy(error) from None
        self._spawn(self._admit(invitation, recorded))

    def cancelled(self, invitation: Invitation) -> None:
        """Nothing: who admits it will find out."""

    def changed(self, dialog: Dialog, request: Request) -> bytes:
        """Take new metadata and a new offer; raises ``RefusedError``."""
        recorded = self._sessions[dialog]
        carried = bodies(request)
        if carried.metadata and (newer := metadata.parse(carried.metadata)) is not None:
            recorded.known = recorded.known.updated(newer)
        if carried.sdp is None:
            return recorded.sdp if request.method == "INVITE" else b""
        try:
            return recorded.negotiate(sdp.parse(carried.sdp), request)
        except BusyError as error:
            raise _busy(error) from None

    def pressed(self, dialog: Dialog, now: float) -> None:
        """Let what was heard about ``now`` be silent."""
        recorded = self._sessions.get(dialog)
        if recorded is not None and recorded.media is not None:
            recorded.media.press(now)

    def ended(self, dialog: Dialog, cause: Cause) -> None:
        """Finish the call of a session."""
        recorded = self._sessions.pop(dialog, None)
        if recorded is not None:
            reason = Reason.TAP_FAILED if cause in _FAILED else None
            self._spawn(recorded.end(self._thread, reason))

    async def _admit(self, invitation: Invitation, recorded: Recorded) -> None:
        try:
            await self._begin(invitation, recorded)
        except Exception as error:  # noqa: BLE001 - whatever broke, nothing of it may stay taken
            await recorded.end(self._thread, Reason.TAP_FAILED)
            refusal = _refusal(error)
            self.refused[refusal.status] += 1
            _log.warning(LogEvent.REFUSED, {Name.STATUS: refusal.status, Name.ERROR: type(error)})
            if invitation.is_open:
                self._agent.refuse(invitation, refusal, time.monotonic())

    async def _begin(self, invitation: Invitation, recorded: Recorded) -> None:
        details = roles.details(recorded.known, invitation.request, self._section.rule)
        queue = picked(details.queue, self._section.queues, None)
        call = await self._calls.admit(*(details, recorded.format), tap=TapName.SIPREC, queue=queue)
        failed = asyncio.Event()
        recorded.begin(call, self._thread, failed)
        dialog: Dialog | None = None
        if self._stopping:
            gone = RefusedError(503, "the server stops", headers=[("Retry-After", str(DRAIN_S))])
            self._agent.refuse(invitation, gone, time.monotonic())
        if invitation.is_open:
            try:
                dialog = self._agent.accept(invitation, recorded.sdp, time.monotonic())
            except RefusedError as error:
                self._agent.refuse(invitation, error, time.monotonic())
        if dialog is None:
            await recorded.end(self._thread, Reason.CANCELLED)
            return
        self._sessions[dialog] = recorded
        self._spawn(self._watch(dialog, recorded, failed))

    async def _watch(self, dialog: Dialog, recorded: Recorded, failed: asyncio.Event) -> None:
        """Hang up where the call cannot go on."""
        assert recorded.call is not None  # noqa: S101 - it was begun
        over = asyncio.create_task(recorded.call.wait_over())
        broken = asyncio.create_task(failed.wait())
        await asyncio.wait({over, broken}, return_when=asyncio.FIRST_COMPLETED)
        for task in (over, broken):
            task.cancel()
        if not dialog.over:
            cause = Cause.UNACKNOWLEDGED if failed.is_set() else Cause.HUNG_UP
            self._agent.hang_up(dialog, time.monotonic(), cause)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _busy(error: BusyError) -> RefusedError:
    headers = [("Retry-After", str(error.retry_after))]
    return RefusedError(503, "no more calls are taken now", headers=headers)


def _refusal(error: Exception) -> RefusedError:
    if isinstance(error, BusyError):
        return _busy(error)
    if isinstance(error, ConsentError):
        return RefusedError(603, "the caller does not want to be recorded")
    return RefusedError(500, "the recording cannot be written")
