"""A gateway that plays made-up calls as docs/gateway.md has it, on a real port."""

from __future__ import annotations

import asyncio
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from web.browser import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from starlette.requests import Request
    from starlette.websockets import WebSocket

TOKEN = "fedcba9876543210fedcba9876543210"  # noqa: S105 - of nobody
RATE = 8000
FIRST = 48_000


@dataclass
class Playing:
    """What a gateway plays: ``pieces`` at their places, then the end, unless it just stops."""

    pieces: list[tuple[int, NDArray[np.int16]]]
    up: list[str]
    url: str = ""
    pause: float = 0.0
    ends: bool = True
    start: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def tone(seconds: float, channel: int = 0) -> NDArray[np.int16]:
    """A tone on one of two channels."""
    at = np.arange(round(seconds * RATE))
    frames = np.zeros((len(at), 2), np.int16)
    frames[:, channel] = (8000 * np.sin(2 * np.pi * 400 * at / RATE)).astype(np.int16)
    return frames


@contextmanager
def gateway(playing: Playing) -> Iterator[Playing]:
    """Serve ``playing`` until the block is left."""

    def may(headers: Any) -> bool:  # noqa: ANN401 - Starlette's
        return bool(headers.get("authorization") == f"Bearer {TOKEN}")

    async def calls(request: Request) -> Response:
        if not may(request.headers):
            return JSONResponse({"error": "no"}, 401)
        return JSONResponse(
            {"calls": [{"id": one, "seconds": 12.5, "mutes": {"CVV": 2}} for one in playing.up]}
        )

    async def listen(socket: WebSocket) -> None:
        playing.asked.append(socket.path_params["call"])
        if not may(socket.headers) or socket.path_params["call"] not in playing.up:
            return await socket.send_denial_response(JSONResponse({"error": "no"}, 403))
        await socket.accept()
        start = {"type": "start", "version": 1, "id": socket.path_params["call"], "rate": RATE}
        start |= {"channels": 2, "encoding": "s16le", "delay": 10.0, "sample": FIRST}
        await socket.send_json(start | playing.start)
        for at, frames in playing.pieces:
            await socket.send_bytes(struct.pack("<Q", at) + frames.astype("<i2").tobytes())
            await asyncio.sleep(playing.pause)
        if playing.ends:
            await socket.send_json({"type": "end", "sample": FIRST})
            await socket.close()
        else:
            await socket.receive()
        return None

    app = Starlette(routes=[Route("/calls", calls), WebSocketRoute("/calls/{call}/listen", listen)])
    with running(app) as port:
        playing.url = f"http://127.0.0.1:{port}"
        yield playing
