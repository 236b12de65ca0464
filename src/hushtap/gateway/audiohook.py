"""The AudioHook server: a WebSocket is a session, which is a call of one or two channels."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hushtap.errors import TapError, UsageError
from hushtap.gateway.calls import TapName
from hushtap.gateway.details import details_from
from hushtap.gateway.farend import Ending, FarEnd, RefusedError
from hushtap.gateway.listening import LEAST_SECRET
from hushtap.gateway.media import Fate, Gap, MediaFigures
from hushtap.gateway.once import Once
from hushtap.gateway.sockets import SocketEnd, SocketServer
from hushtap.taps.audiohook import (
    EXTERNAL,
    RATE,
    Close,
    Conversation,
    Format,
    Key,
    Open,
    Paused,
    Ping,
    Skipped,
    Update,
    chosen,
)
from hushtap.taps.httpsignature import Signatures
from hushtap.taps.pressed import Pressed
from hushtap.timeline import Span, to_samples
from hushtap.values import AudioFormat, PcmChunk

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from starlette.websockets import WebSocket

    from hushtap.gateway.calls import Calls, GatewayCall
    from hushtap.gateway.config import AudioHookSection
    from hushtap.values import Samples

GOODBYE_S: Final = 2.0
"""Seconds that a client has to close a session that we disconnected."""
PAUSE_S: Final = 1.0
"""Seconds by which a paused call stays behind the clock: the client says where it goes on."""
AHEAD_S: Final = 10.0
"""Seconds by which a gap that the client tells of may be ahead of the clock."""

_REASONS: Final = {
    Ending.DONE: ("completed", "the call is over here"),
    Ending.BUSY: ("error", "no more calls are taken now: try later"),
    Ending.REFUSED: ("unauthorized", "the session may not be sent here"),
    Ending.MALFORMED: ("error", "a message makes no sense"),
    Ending.FAILED: ("error", "the call cannot be recorded"),
}


BEGAN: Final = time.time()
"""When this process began to be one that takes handshakes: it has seen none from before."""


class AudioHookServer(SocketServer):
    """Takes sessions of Genesys Cloud. ``idle``: seconds without a message.

    Raises:
        UsageError: the file of API keys cannot be used.
    """

    name = TapName.AUDIOHOOK.value

    def __init__(self, section: AudioHookSection, calls: Calls, *, idle: float) -> None:
        self._section = section
        self._calls = calls
        self._idle = idle
        self._once = Once()
        self._signatures: Signatures | None = None
        if section.api_keys:
            self._signatures = Signatures(read_keys(section.api_keys), since=BEGAN)
        super().__init__(section, section.path, "audiohook")

    def admits(self, socket: WebSocket) -> bool:
        """Return whether a handshake is signed, where signatures are asked for."""
        if self._signatures is None:
            return True
        query = socket.scope["query_string"].decode("latin-1")
        path = (socket.scope.get("raw_path") or b"").decode("latin-1").partition("?")[0]
        target = f"{path}?{query}" if query else path
        headers = {
            name: ", ".join(one.strip() for one in socket.headers.getlist(name))
            for name in set(socket.headers.keys())
        }
        return self._signatures.is_right(target, headers, time.time())

    def far_end(self, socket: WebSocket) -> FarEnd:
        """Return who takes the session of a connection."""
        return _Session(socket, self._idle, partial(self._admit, socket))

    async def _admit(self, socket: WebSocket, said: Open, channels: int) -> GatewayCall:
        """Take the call of a session. Raises what ``Calls.admit`` does, and ``RefusedError``."""
        headers = socket.headers
        signed = self._signatures is not None
        for name, value in (
            ("audiohook-session-id", said.session),
            ("audiohook-organization-id", said.organization),
        ):
            # What was signed is the header, so the message must say the same.
            if (signed or name in headers) and headers.get(name) != value:
                raise RefusedError("AudioHook: the session is not the one of the handshake")
        if self._section.organization not in {None, said.organization}:
            raise RefusedError("AudioHook: the organization may not call")
        queue = self._section.queue
        details = details_from(
            {"call_id": said.conversation, "caller": said.caller, "queue": queue}
        )
        audio = AudioFormat(RATE, channels)
        with self._once.claim(said.session):
            return await self._calls.admit(details, audio, tap=TapName.AUDIOHOOK, queue=queue)


class _Session(SocketEnd):
    def __init__(
        self,
        socket: WebSocket,
        idle: float,
        admit: Callable[[Open, int], Awaitable[GatewayCall]],
    ) -> None:
        super().__init__(socket, idle=idle)
        self._admit = admit
        self._said = Conversation()
        self._format: Format | None = None
        self._opened = self._closed = False
        self._at = 0
        self._began = 0.0
        self._paused = False
        self._pressed = Pressed()
        self._figures = MediaFigures()

    async def read(self) -> None:
        """Take messages and audio until the client closes the session."""
        try:
            async for data in self.messages():
                if isinstance(data, bytes):
                    self._hear(data)
                elif await self._act(data):
                    return
        finally:
            if self._pressed.waits and self._format is not None:
                self._offer(np.zeros((1, len(self._format.channels)), np.int16))

    async def close(self, ending: Ending) -> None:
        """Tell the client why, let it close the session, and close the connection."""
        if not self._closed:
            reason, info = _REASONS[ending]
            await self._answer("disconnect", {"reason": reason, "info": info})
            with suppress(TimeoutError, TapError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._goodbye()
        await super().close(ending)

    async def _goodbye(self) -> None:
        async for data in self.messages():
            if not isinstance(data, bytes) and isinstance(self._said.read(data), Close):
                await self._answer("closed")
                return

    async def _act(self, text: str) -> bool:
        """Do what a message says; return whether the session is over."""
        message = self._said.read(text)
        if self.call is not None:
            # A client that pauses sends no audio, but pings.
            self.heard()
        if isinstance(message, Open):
            await self._open(message)
        elif isinstance(message, Close):
            self._closed = True
            await self._answer("closed")
        elif isinstance(message, Ping):
            if self._paused:
                self._fill(self._elapsed() - PAUSE_S)
            await self._answer("pong")
        elif isinstance(message, Update):
            await self._answer("updated")
        elif isinstance(message, Skipped):
            self._skip(message)
        elif isinstance(message, Paused):
            self._paused = True
        elif isinstance(message, Key):
            self._pressed.note()
        return self._closed

    async def _open(self, said: Open) -> None:
        if self._opened:
            raise TapError("AudioHook: a session that opens twice")
        self._opened = True
        form = chosen(said.offered)
        if form is None and not said.is_probe:
            raise TapError("AudioHook: no audio is offered that can be read")
        if not said.is_probe and form is not None:
            call = await self._admit(said, len(form.channels))
            call.figures = self._counted
            self._format, self._began = form, asyncio.get_running_loop().time()
            self.begin(call)
        media = [form.told()] if form else []
        await self._answer("opened", {"startPaused": False, "media": media})

    async def _answer(self, kind: str, parameters: dict[str, Any] | None = None) -> None:
        await self.say(self._said.write(kind, parameters))

    def _hear(self, data: bytes) -> None:
        if self._format is None or self.call is None:
            raise TapError("AudioHook: audio before the session is open")
        samples, self._paused = self._format.samples(data), False
        self._figures.packets[Fate.TAKEN] += 1
        if len(samples):
            self._offer(samples)
        self.heard()

    def _skip(self, skipped: Skipped) -> None:
        """Put silence in the place of what will not come, as far as that can be true."""
        if self._format is None:
            raise TapError("AudioHook: a gap before the session is open")
        self._paused = False
        self._fill(min(skipped.start + skipped.length, self._elapsed() + AHEAD_S))

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._began

    def _fill(self, until: float) -> None:
        """Be silent up to ``until`` seconds of the call."""
        if self._format is None or self.call is None:
            return
        end = to_samples(max(0.0, until), RATE)
        self._figures.silence[Gap.QUIET] += max(0, end - self._at) / RATE
        while self._at < end and not self.call.over:
            count = min(end - self._at, RATE)
            self._offer(np.zeros((count, len(self._format.channels)), np.int16))

    def _offer(self, samples: Samples) -> None:
        """Hand on samples, shape ``(n, channels)``: the agent's to channel 0, the caller's to 1."""
        assert self._format is not None  # noqa: S101 - it was agreed on
        if self.call is None:
            return
        span = Span(self._at, self._at + len(samples))
        keys = self._pressed.take(span.start, RATE)
        for channel, name in enumerate(sorted(self._format.channels, reverse=True)):
            part = np.ascontiguousarray(samples[:, self._format.channels.index(name)])
            told = keys if name == EXTERNAL or len(self._format.channels) == 1 else ()
            self.call.offer(PcmChunk(channel, span, part, told))
        self._at = span.end

    def _counted(self) -> MediaFigures:
        return self._figures


def read_keys(path: Path) -> dict[str, bytes]:
    """Return the client secret of each API key in a file: pairs, one a line.

    Raises:
        UsageError: it cannot be read, or a line is no such pair. It is not quoted.
    """
    try:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    except OSError as error:
        raise UsageError(f"{path}: the API keys cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        lines = [[]]
    found: dict[str, bytes] = {}
    for line in filter(None, lines):
        try:
            key, secret = line
            found[key] = base64.b64decode(secret, validate=True)
        except (ValueError, binascii.Error):
            found.clear()
            break
    if not found or min(map(len, found.values())) < LEAST_SECRET:
        raise UsageError(
            f"{path}: give an API key and its client secret in base64 ({LEAST_SECRET} bytes or "
            "more), parted by a space, one pair a line"
        )
    return found
