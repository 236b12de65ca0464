"""The AudioSocket server: a TCP connection is a call of one channel; silence is sent back."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.errors import TapError, UsageError
from hushtap.gateway.calls import TapName
from hushtap.gateway.details import details_from
from hushtap.gateway.farend import Ending, FarEnd
from hushtap.taps.audiosocket import ERROR, HANG_UP, KEY, UUID, UUID_BYTES, Frame, Frames
from hushtap.taps.pressed import Pressed
from hushtap.timeline import Span
from hushtap.values import MAX_RATE, AudioFormat, PcmChunk

if TYPE_CHECKING:
    from hushtap.gateway.calls import Calls, GatewayCall
    from hushtap.gateway.config import AudioSocketSection
    from hushtap.values import Samples

FIRST_S: Final = 5.0
"""Seconds in which a connection must bring audio."""
MOST: Final = 1_000
"""Connections at once, those that have not brought audio among them."""
_READ: Final = 16 * 1024
_UNREAD: Final = 64 * 1024
"""Bytes of silence that a peer may leave unread before it is sent no more."""


class AudioSocketServer:
    """Takes calls from Asterisk's ``AudioSocket()``. ``idle``: seconds without audio."""

    name = TapName.AUDIOSOCKET.value

    def __init__(self, section: AudioSocketSection, calls: Calls, *, idle: float) -> None:
        self._section = section
        self._calls = calls
        self._idle = idle
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None  # noqa: S101 - it was started
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Bind and take calls. Raises ``UsageError``."""
        host, port = self._section.address
        tls = self._section.tls()
        try:
            self._server = await asyncio.start_server(
                self._accept, host, port, limit=_READ, ssl=tls
            )
        except OSError as error:
            raise UsageError(
                f"[audiosocket] {self._section.listen} cannot be bound ({error.strerror}): "
                "choose another port"
            ) from None

    async def drain(self) -> None:
        """Take no new connections."""
        if self._server is not None:
            self._server.close()

    async def stop(self) -> None:
        """End every call in order."""
        await self.drain()
        for connection in list(self._connections):
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the server made one
        if len(self._connections) >= MOST:
            writer.close()
            return
        self._connections.add(task)
        try:
            await _Connection(reader, writer, self._calls, self._section, self._idle).run()
        except asyncio.CancelledError:
            # stop() asked for it, and the call has ended in order.
            return
        finally:
            self._connections.discard(task)


class _Connection(FarEnd):
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        calls: Calls,
        section: AudioSocketSection,
        idle: float,
    ) -> None:
        super().__init__(first=FIRST_S, idle=idle)
        self._reader = reader
        self._writer = writer
        self._calls = calls
        self._section = section
        self._id: str | None = None
        self._at = 0
        self._pressed = Pressed()

    async def read(self) -> None:
        """Take frames until the far end hangs up."""
        try:
            await self._read_on()
        finally:
            if self._pressed.waits and self.call is not None:
                self._offer(self.call, np.zeros(1, np.int16))

    async def _read_on(self) -> None:
        frames = Frames()
        while data := await self._reader.read(_READ):
            for frame in frames.feed(data):
                if frame.kind in {HANG_UP, ERROR}:
                    return
                if frame.kind == UUID:
                    self._identify(frame.payload)
                elif frame.kind == KEY:
                    self._pressed.note()
                elif frame.rate is not None:
                    await self._hear(frame, frame.rate)
                # What is unknown says nothing.

    async def close(self, ending: Ending) -> None:
        """Say that it is over, or that it failed."""
        failed = ending in {Ending.MALFORMED, Ending.FAILED}
        self._writer.write(Frame(ERROR if failed else HANG_UP, b"").pack())
        self._writer.close()

    def _identify(self, payload: bytes) -> None:
        if self._id is not None or len(payload) != UUID_BYTES:
            raise TapError("AudioSocket: whose call it is makes no sense")
        self._id = str(uuid.UUID(bytes=payload))

    async def _hear(self, frame: Frame, rate: int) -> None:
        if self._id is None:
            raise TapError("AudioSocket: audio before it is said whose")
        if rate > MAX_RATE or (self.call and self.call.format.sample_rate != rate):
            raise TapError("AudioSocket: a rate that the call cannot have")
        samples = frame.samples()
        if self.call is None:
            details = details_from({"call_id": self._id, "queue": self._section.queue})
            audio = AudioFormat(rate, 1)
            queue = self._section.queue
            self.begin(
                await self._calls.admit(details, audio, tap=TapName.AUDIOSOCKET, queue=queue)
            )
        if len(samples) and self.call is not None:
            self._offer(self.call, samples)
            self.heard()
        if self._writer.transport.get_write_buffer_size() < _UNREAD:
            # Asterisk hangs up late where nothing is sent.
            self._writer.write(frame.silent())

    def _offer(self, call: GatewayCall, samples: Samples) -> None:
        span = Span(self._at, self._at + len(samples))
        keys = self._pressed.take(span.start, call.format.sample_rate)
        call.offer(PcmChunk(0, span, samples, keys))
        self._at = span.end
