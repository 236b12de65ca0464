"""An ASGI application on an address of its own, in the gateway's event loop."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from hushtap.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from starlette.applications import Starlette

    from hushtap.gateway.listening import Listen

LONGEST_MESSAGE: Final = 64 * 1024
"""Bytes of one WebSocket message; a longer one ends its connection."""

_CONNECTIONS: Final = 1_000
_BACKLOG: Final = 128
_GOODBYE_S: Final = 2


class WebServer:
    """Serves ``app`` where ``listen`` says; ``section`` names it in errors."""

    def __init__(self, app: Starlette, listen: Listen, *, section: str) -> None:
        self._app = app
        self._listen = listen
        self._section = section
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._socket is not None  # noqa: S101 - it was started
        return int(self._socket.getsockname()[1])

    async def start(self) -> None:
        """Bind and serve.

        Raises:
            UsageError: the address cannot be bound, or the certificate cannot be used.
        """
        # Checked here: the server would end the process.
        self._listen.tls()
        self._socket = self._bound()
        # What it logs quotes addresses, and what was sent.
        logging.getLogger("uvicorn").addHandler(logging.NullHandler())
        logging.getLogger("uvicorn").propagate = False
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=LONGEST_MESSAGE,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GOODBYE_S,
            ssl_certfile=self._listen.tls_cert,
            ssl_keyfile=self._listen.tls_key,
        )
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - its own way
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """End every connection and free the port."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
        if self._socket is not None:
            self._socket.close()

    def _bound(self) -> socket.socket:
        host, port = self._listen.address
        one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, port))
            one.listen(_BACKLOG)
        except OSError as error:
            one.close()
            raise UsageError(
                f"[{self._section}] {self._listen.listen} cannot be bound ({error.strerror}): "
                "choose another port"
            ) from None
        return one


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[Any]:  # type: ignore[override]
        """Leave the signals to the gateway."""
        return nullcontext()
