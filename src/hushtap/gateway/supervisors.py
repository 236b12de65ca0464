"""Who may listen to calls that are up, and how a call is played to them over a WebSocket.

The file of listeners, as ``[monitor]`` names it::

    [ann-lee]                      the name in the audit log
    token = "0123456789abcdef..."  16 characters or more
    queues = ["billing"]           calls of these queues,
    agents = ["bob"]               and those that these agents took;
    all = false                    or all of them
    at_once = 16                   calls that this token may hear at a time

What is sent is in docs/gateway.md.
"""

from __future__ import annotations

import asyncio
import hmac
import struct
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError
from starlette.responses import JSONResponse
from starlette.websockets import WebSocketDisconnect

from hushtap.errors import HushtapError, UsageError
from hushtap.gateway.config import read_toml
from hushtap.gateway.listening import LEAST_SECRET, Section
from hushtap.observe import Log, LogEvent, Name, RecordingId
from hushtap.timeline import to_samples, to_seconds
from hushtap.vault.audit.events import Activity, Actor, Kind, Outcome, Thing, is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from starlette.websockets import WebSocket

    from hushtap.gateway.calls import Calls, GatewayCall
    from hushtap.gateway.config import MonitorSection
    from hushtap.gateway.monitor import Monitor
    from hushtap.vault.recordings import Vault

STEP_S: Final = 0.1
"""Seconds between two looks at what is due."""

MOST: Final = 64
"""Listeners at once: what each is owed is a copy of 32 kB a second at 8 kHz."""

EACH: Final = 16
"""Of these for one token, unless the file says otherwise: nobody keeps all others out."""

REVOKED: Final = 1008
"""The close code (RFC 6455, policy violation) where the right to listen ended before the call."""

PATIENCE_S: Final = 60.0
"""Seconds that one message may take: more than a network stands still for."""

_INDEX: Final = struct.Struct("<Q")
_log = Log(__name__)


class Listener(Section):
    """One of the file: a token, and which calls it reaches."""

    token: Annotated[str, Field(min_length=LEAST_SECRET, repr=False)]
    queues: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    all: bool = False
    at_once: Annotated[int, Field(ge=1, le=MOST)] = EACH

    def reaches(self, call: GatewayCall) -> bool:
        """Return whether this call may be listened to."""
        details = call.details
        if details is None or self.all:
            return self.all
        return details.queue in self.queues or details.agent in self.agents


class Supervisors:
    """Plays calls that are up to who may listen. For the gateway's event loop.

    Raises:
        UsageError: the file of listeners cannot be used.
    """

    def __init__(self, section: MonitorSection, calls: Calls, vault: Vault) -> None:
        self.up = 0
        """How many listen."""
        self.lost = 0.0
        """Seconds that came too late for a listener, or that one was too slow for."""
        self._by_name: Counter[str] = Counter()
        self._section = section
        self.used = self.load()
        """Those who may listen, by their names; who is not among them any more is cut off."""
        self._delay = section.delay
        self._calls = calls
        self._vault = vault

    def load(self) -> dict[str, Listener]:
        """Return the listeners as their file stands now, to be ``used`` or not.

        Raises:
            UsageError: it is missing or wrong.
        """
        return read_listeners(self._section.listeners)

    def who(self, headers: Mapping[str, str]) -> tuple[str, Listener] | None:
        """Return name and reach of the listener whose bearer token a request carries."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        # All are compared, so that time tells nothing.
        found = [
            (name, one)
            for name, one in self.used.items()
            if hmac.compare_digest(given.encode(), one.token.encode())
        ]
        return found[0] if found and scheme.lower() == "bearer" else None

    async def listen(self, socket: WebSocket) -> None:
        """Answer ``/calls/{call}/listen``: on record first, then the sound until the call ends."""
        who = self.who(socket.headers)
        if who is None:
            return await _refuse(socket, 403, "the bearer token is none that may listen")
        call = self._calls.find(socket.path_params["call"])
        if call is None or call.over or call.monitor is None:
            return await _refuse(socket, 404, "no such call is up")
        name, listener = who
        if not listener.reaches(call):
            return await _refuse(socket, 403, "this call is not in the listener's reach")
        if self.up >= MOST:
            return await _refuse(socket, 503, f"{MOST} listen already")
        if self._by_name[name] >= listener.at_once:
            return await _refuse(socket, 503, f"this token hears {listener.at_once} calls already")
        self.up += 1
        self._by_name[name] += 1
        try:
            origin = socket.client.host if socket.client else "unknown"
            journal = self._vault.acting_as(Actor(name, "monitor", origin)).journal
            thing = Thing(Kind.RECORDING, call.id)
            # No sound without its entry in the audit log.
            await asyncio.to_thread(journal.note, Activity.LISTEN, Outcome.SUCCESS, thing)
            _log.info(LogEvent.LISTENED, {Name.RECORDING: RecordingId(call.id)})
            await self._play(socket, name, listener.token, call, call.monitor)
        except HushtapError as error:
            await _refuse(socket, 503, f"the listening is not on record ({type(error).__name__})")
        finally:
            self.up -= 1
            self._by_name[name] -= 1
        return None

    async def _play(
        self, socket: WebSocket, name: str, token: str, call: GatewayCall, monitor: Monitor
    ) -> None:
        await socket.accept()

        def may() -> bool:
            # As the file and the call stand now.
            one = self.used.get(name)
            return one is not None and one.token == token and one.reaches(call)

        sending = asyncio.create_task(self._send_all(socket, call, monitor, may))
        gone = asyncio.create_task(_gone(socket))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            # What became of a connection that is gone is of no interest.
            await asyncio.gather(sending, gone, return_exceptions=True)

    async def _send_all(
        self, socket: WebSocket, call: GatewayCall, monitor: Monitor, may: Callable[[], bool]
    ) -> None:
        rate = call.format.sample_rate
        delay = to_samples(self._delay, rate)
        at = max(0, call.session.position - delay)
        start = {
            "type": "start",
            "version": 1,
            "id": call.id,
            "rate": rate,
            "channels": call.format.channels,
            "encoding": "s16le",
            "delay": self._delay,
            "sample": at,
        }
        await socket.send_json(start)
        over = False
        while not over:
            over = monitor.over
            due = monitor.end if over else call.session.position - delay
            for first, frames in monitor.between(at, due):
                if not may():
                    break
                async with asyncio.timeout(PATIENCE_S):
                    await socket.send_bytes(_INDEX.pack(first) + frames.astype("<i2").tobytes())
                self.lost += to_seconds(first - at, rate)
                at = first + len(frames)
            if not may():
                return await socket.close(REVOKED)
            if not over:
                # What is not there when it is due is never sent: the delay stays what it is.
                self.lost += to_seconds(max(0, due - at), rate)
                at = max(at, due)
                await asyncio.sleep(STEP_S)
        await socket.send_json({"type": "end", "sample": at})
        return await socket.close()


async def _gone(socket: WebSocket) -> None:
    """Return once the far end is gone; what it sends is nothing to us."""
    with suppress(WebSocketDisconnect):
        while (await socket.receive())["type"] != "websocket.disconnect":
            pass


async def _refuse(socket: WebSocket, status: int, reason: str) -> None:
    await socket.send_denial_response(
        JSONResponse({"error": reason}, status, headers={"Cache-Control": "no-store"})
    )


def read_listeners(path: Path) -> dict[str, Listener]:
    """Return the listeners of a file by their names. Raises ``UsageError``."""
    try:
        listeners = TypeAdapter(dict[str, Listener]).validate_python(read_toml(path))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"][1:]))
        raise UsageError(
            f"{path}: [{first['loc'][0]}] {place}: {first['msg'][0].lower()}{first['msg'][1:]}"
        ) from None
    for name in listeners:
        if not is_name(name):
            raise UsageError(f"{path}: a listener's name must be letters, digits and ._@:/-")
    tokens = [one.token for one in listeners.values()]
    if not tokens or len(set(tokens)) < len(tokens):
        raise UsageError(f"{path}: give listeners, each with a token of its own")
    return listeners
