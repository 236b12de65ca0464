"""What taps over WebSockets have in common: a connection is a call, each in its own task."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketState

from hushtap.gateway.farend import Ending, FarEnd
from hushtap.gateway.web import WebServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.websockets import WebSocket

    from hushtap.gateway.listening import Listen

FIRST_S: Final = 10.0
"""Seconds in which a connection must say which call it is."""

CODES: Final = {
    Ending.DONE: 1000,
    Ending.MALFORMED: 1007,
    Ending.REFUSED: 1008,
    Ending.FAILED: 1011,
    Ending.BUSY: 1013,
}
"""Codes of RFC 6455, and of its registry."""


class SocketServer(ABC):
    """A tap that listens at ``path`` of the address of ``section``; ``name`` is the tap's."""

    def __init__(self, section: Listen, path: str, name: str) -> None:
        self._streams: set[asyncio.Task[None]] = set()
        app = Starlette(routes=[WebSocketRoute(path, self._take)])
        self._web = WebServer(app, section, section=name)

    @abstractmethod
    def admits(self, socket: WebSocket) -> bool:
        """Return whether a handshake may be answered."""

    @abstractmethod
    def far_end(self, socket: WebSocket) -> FarEnd:
        """Return who takes the call of a connection."""

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._web.port

    async def start(self) -> None:
        """Bind and take calls. Raises ``UsageError``."""
        await self._web.start()

    async def drain(self) -> None:  # noqa: B027 - admission refuses them
        """Take no new calls: they are told to try later, which needs the port."""

    async def stop(self) -> None:
        """End every call in order."""
        for stream in list(self._streams):
            stream.cancel()
        if self._streams:
            await asyncio.wait(self._streams)
        await self._web.stop()

    async def _take(self, socket: WebSocket) -> None:
        if not self.admits(socket):
            # Before the handshake is answered: 403.
            await socket.close(CODES[Ending.REFUSED])
            return
        await socket.accept()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the server made one
        self._streams.add(task)
        try:
            await self.far_end(socket).run()
        except asyncio.CancelledError:
            # stop() asked for it, and the call has ended in order.
            return
        finally:
            self._streams.discard(task)


class SocketEnd(FarEnd):
    """One connection over a WebSocket."""

    def __init__(self, socket: WebSocket, *, idle: float) -> None:
        super().__init__(first=FIRST_S, idle=idle)
        self._socket = socket

    async def close(self, ending: Ending) -> None:
        """Close with the code that says why."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError):
                # The far end may have closed meanwhile.
                await self._socket.close(CODES[ending])

    async def say(self, text: str) -> None:
        """Send a message, where there is still somebody to take it."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError):
                await self._socket.send_text(text)

    async def messages(self) -> AsyncIterator[str | bytes]:
        """Yield what comes, until the far end is gone."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            yield message.get("bytes", b"") if text is None else text
