"""The Media Streams server: a WebSocket is a call, each of its tracks a channel."""

from __future__ import annotations

import asyncio
import hmac
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.errors import TapError
from hushtap.gateway.calls import TapName
from hushtap.gateway.details import details_from, picked
from hushtap.gateway.farend import FarEnd, RefusedError
from hushtap.gateway.listening import read_secret
from hushtap.gateway.media import of_tracks
from hushtap.gateway.once import Once
from hushtap.gateway.sockets import SocketEnd, SocketServer
from hushtap.taps.encoding import Encoding
from hushtap.taps.stdin import g711_table
from hushtap.taps.tracks import Tracks
from hushtap.taps.twilio import Key, Media, Start, Stop, is_signed, parse
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from starlette.websockets import WebSocket

    from hushtap.gateway.calls import Calls, GatewayCall
    from hushtap.gateway.config import TwilioSection
    from hushtap.values import PcmChunk

RATE: Final = 8_000

_TABLE: Final = g711_table(Encoding.MULAW)


class TwilioServer(SocketServer):
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
        self._once = Once()
        super().__init__(section, section.path, "twilio")

    def admits(self, socket: WebSocket) -> bool:
        """Return whether a handshake is signed, where signatures are asked for."""
        given = socket.headers.get("x-twilio-signature", "")
        url = self._section.url or ""
        return not self._signing or is_signed(given, url, self._signing)

    def far_end(self, socket: WebSocket) -> FarEnd:
        """Return who takes the stream of a connection."""
        return _Stream(socket, self._section, self._idle, self._admit)

    async def _admit(self, start: Start) -> GatewayCall:
        """Take the call of a stream. Raises what ``Calls.admit`` does, and ``RefusedError``."""
        given = start.parameters.get("token", "").encode()
        matches = [hmac.compare_digest(given, token.encode()) for token in self._tokens]
        if self._tokens and not any(matches):
            raise RefusedError("Media Streams: the token is wrong")
        details = details_from(
            {
                "queue": self._section.queue,
                **start.parameters,
                "call_id": start.call,
            }
        )
        audio = AudioFormat(RATE, max(1, len(start.tracks)))
        queue = picked(details.queue, self._section.queues, self._section.queue)
        with self._once.claim(start.stream):
            return await self._calls.admit(details, audio, tap=TapName.TWILIO, queue=queue)


class _Stream(SocketEnd):
    def __init__(
        self,
        socket: WebSocket,
        section: TwilioSection,
        idle: float,
        admit: Callable[[Start], Awaitable[GatewayCall]],
    ) -> None:
        super().__init__(socket, idle=idle)
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
        async for text in self.messages():
            if isinstance(text, bytes):
                raise TapError("Media Streams: a message is no text")
            message = parse(text)
            if isinstance(message, Stop):
                return
            if isinstance(message, Start):
                await self._start(message)
            elif isinstance(message, Media):
                self._hear(message)
            elif isinstance(message, Key):
                self._press(message)

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
