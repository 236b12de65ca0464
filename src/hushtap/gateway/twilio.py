"""The Media Streams server: a WebSocket is a call, each of its tracks a channel."""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketState

from hushtap.errors import TapError
from hushtap.gateway.calls import TapName
from hushtap.gateway.details import details_from, picked
from hushtap.gateway.farend import Ending, FarEnd, RefusedError
from hushtap.gateway.listening import read_secret
from hushtap.gateway.media import of_tracks
from hushtap.gateway.web import WebServer
from hushtap.taps.encoding import Encoding
from hushtap.taps.stdin import g711_table
from hushtap.taps.tracks import Tracks
from hushtap.taps.twilio import Key, Media, Start, Stop, is_signed, parse
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from starlette.websockets import WebSocket

    from hushtap.gateway.calls import Calls, GatewayCall
    from hushtap.gateway.config import TwilioSection
    from hushtap.values import PcmChunk

RATE: Final = 8_000
FIRST_S: Final = 10.0
"""Seconds in which a connection must say which stream it is."""
REMEMBERED: Final = 10_000
"""Streams of which none may begin again."""

CODES: Final = {
    Ending.DONE: 1000,
    Ending.MALFORMED: 1007,
    Ending.REFUSED: 1008,
    Ending.FAILED: 1011,
    Ending.BUSY: 1013,
}
"""Codes of RFC 6455, and of its registry."""

_TABLE: Final = g711_table(Encoding.MULAW)


class TwilioServer:
    """Takes calls from Twilio, and whoever streams as it does. ``idle``: seconds without audio.

    Raises:
        UsageError: a file of secrets cannot be read.
    """

    name = TapName.TWILIO.value

    def __init__(self, section: TwilioSection, calls: Calls, *, idle: float) -> None:
        self._section = section
        self._calls = calls
        self._idle = idle
        self._signing = read_secret(section.auth_token) if section.auth_token else ()
        self._tokens = read_secret(section.token) if section.token else ()
        self._starting: set[str] = set()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._streams: set[asyncio.Task[None]] = set()
        app = Starlette(routes=[WebSocketRoute(section.path, self._take)])
        self._web = WebServer(app, section, section="twilio")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._web.port

    async def start(self) -> None:
        """Bind and take calls. Raises ``UsageError``."""
        await self._web.start()

    async def drain(self) -> None:
        """Take no new calls: they are told to try later, which needs the port."""

    async def stop(self) -> None:
        """End every call in order."""
        for stream in list(self._streams):
            stream.cancel()
        if self._streams:
            await asyncio.wait(self._streams)
        await self._web.stop()

    async def _take(self, socket: WebSocket) -> None:
        given = socket.headers.get("x-twilio-signature", "")
        url = self._section.url or ""
        if self._signing and not is_signed(given, url, self._signing):
            # Before the handshake is answered: 403.
            await socket.close(CODES[Ending.REFUSED])
            return
        await socket.accept()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the server made one
        self._streams.add(task)
        try:
            await _Stream(socket, self._section, self._idle, self._admit).run()
        except asyncio.CancelledError:
            # stop() asked for it, and the call has ended in order.
            return
        finally:
            self._streams.discard(task)

    async def _admit(self, start: Start) -> GatewayCall:
        """Take the call of a stream. Raises what ``Calls.admit`` does, and ``RefusedError``."""
        given = start.parameters.get("token", "").encode()
        matches = [hmac.compare_digest(given, token.encode()) for token in self._tokens]
        if self._tokens and not any(matches):
            raise RefusedError("Media Streams: the token is wrong")
        if start.stream in self._seen or start.stream in self._starting:
            raise RefusedError("Media Streams: the stream was there before")
        details = details_from(
            {
                "queue": self._section.queue,
                **start.parameters,
                "call_id": start.call,
            }
        )
        audio = AudioFormat(RATE, max(1, len(start.tracks)))
        queue = picked(details.queue, self._section.queues, self._section.queue)
        self._starting.add(start.stream)
        try:
            call = await self._calls.admit(details, audio, tap=TapName.TWILIO, queue=queue)
        finally:
            self._starting.discard(start.stream)
        # A stream that was refused may be tried again.
        self._seen[start.stream] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return call


class _Stream(FarEnd):
    def __init__(
        self,
        socket: WebSocket,
        section: TwilioSection,
        idle: float,
        admit: Callable[[Start], Awaitable[GatewayCall]],
    ) -> None:
        super().__init__(first=FIRST_S, idle=idle)
        self._socket = socket
        self._section = section
        self._admit = admit
        self._channels: dict[str, int] = {}
        self._tracks: Tracks | None = None

    async def read(self) -> None:
        """Take messages until the stream stops."""
        try:
            await self._read_on()
        finally:
            self._hand_on(self._tracks.finish() if self._tracks else ())

    async def _read_on(self) -> None:
        async for text in self._texts():
            message = parse(text)
            if isinstance(message, Stop):
                return
            if isinstance(message, Start):
                await self._start(message)
            elif isinstance(message, Media):
                self._hear(message)
            elif isinstance(message, Key):
                self._press(message)

    async def close(self, ending: Ending) -> None:
        """Close with the code that says why."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError):
                # The far end may have closed meanwhile.
                await self._socket.close(CODES[ending])

    async def _texts(self) -> AsyncIterator[str]:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            if text is None:
                raise TapError("Media Streams: a message is no text")
            yield text

    async def _start(self, start: Start) -> None:
        if self.call is not None:
            raise TapError("Media Streams: a stream that starts twice")
        call = await self._admit(start)
        # The agent is channel 0, the caller channel 1.
        ordered = sorted(start.tracks, key=lambda track: track == self._section.caller)
        self._channels = {track: channel for channel, track in enumerate(ordered)}
        self._tracks = tracks = Tracks(call.format)
        call.figures = partial(of_tracks, tracks, RATE)
        self.begin(call)

    def _hear(self, media: Media) -> None:
        channel = self._channels.get(media.track)
        if self.call is None or self._tracks is None or channel is None:
            raise TapError("Media Streams: audio of a track that did not start")
        samples = _TABLE[np.frombuffer(media.payload, np.uint8)]
        now = asyncio.get_running_loop().time()
        self._hand_on(self._tracks.push(channel, media.milliseconds, samples, now))
        self.heard()

    def _press(self, key: Key) -> None:
        # Nothing is heard of a track that is not recorded.
        if self._tracks is not None and key.track in self._channels:
            self._tracks.press(self._channels[key.track])

    def _hand_on(self, chunks: Iterable[PcmChunk]) -> None:
        if self.call is not None:
            for chunk in chunks:
                self.call.offer(chunk)
