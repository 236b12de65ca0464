"""The gateway as the desk asks it: which calls are up, and the sound of one, a fixed delay late.

What it sends is in docs/gateway.md. Its token is the desk's own; who of the desk may
hear which call is for the desk to say, before it asks.
"""

from __future__ import annotations

import asyncio
import json
import math
import ssl
import struct
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from hushtap.errors import HushtapError, UsageError
from hushtap.gateway.listening import read_secret
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from websockets.asyncio.client import ClientConnection

    from hushtap.web.rules import GatewayRules

TIMEOUT_S: Final = 5.0
LONGEST_LIST: Final = 1 << 22
"""Bytes: some thousands of calls."""
LONGEST_DELAY_S: Final = 3600.0
LAST_SAMPLE: Final = 1 << 53
"""What a browser can count to."""
LONGEST_MESSAGE: Final = 1 << 21
"""Bytes: ten seconds of two channels at 48 kHz, which come at once when a call ends."""
INDEX: Final = struct.Struct("<Q")
"""Before the samples of a message: the number of the first."""


class GatewayError(HushtapError):
    """The gateway does not answer, refuses, or speaks another protocol. Shown as 502."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a call is that begins to play; ``delay`` in seconds, ``sample`` the first to come."""

    audio_format: AudioFormat
    delay: float
    sample: int


class Feed:
    """The sound of one call, until it ends."""

    def __init__(self, socket: ClientConnection, head: Head) -> None:
        self._socket = socket
        self.head = head
        self.ended = False
        """Whether the call ended, rather than the connection."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield messages as they came: ``INDEX``, then interleaved int16, little-endian."""
        from websockets.exceptions import WebSocketException  # noqa: PLC0415

        frame = 2 * self.head.audio_format.channels
        try:
            async for message in self._socket:
                if isinstance(message, str):
                    self.ended = _told(message).get("type") == "end"
                    return
                if len(message) <= INDEX.size or (len(message) - INDEX.size) % frame:
                    return
                yield message
        except WebSocketException:
            return


class Gateway:
    """A gateway as the desk's rules name it.

    Raises:
        UsageError: its token or certificates cannot be read.
    """

    def __init__(self, rules: GatewayRules, timeout: float = TIMEOUT_S) -> None:
        """``timeout`` in seconds: for a whole list, and until a call begins to play."""
        self._timeout = timeout
        self._url = rules.url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {read_secret(rules.token_file)[0]}"}
        self._tls: ssl.SSLContext | None = None
        if urlsplit(self._url).scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=rules.ca)
            except OSError as error:
                raise UsageError(f"{rules.ca}: no certificates ({type(error).__name__})") from None

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return the calls that are up by the ids of their recordings. Not for an event loop.

        Raises:
            GatewayError: it does not answer, not in time, or more than ``LONGEST_LIST``.
        """
        try:
            found = json.loads(asyncio.run(self._list()))["calls"]
            calls = {str(one["id"]): dict(one) for one in found}
            if all(math.isfinite(one["seconds"]) for one in calls.values()):
                return calls
            problem: type[Exception] = ValueError
        except (
            *(httpx.HTTPError, TimeoutError, RecursionError),
            *(ValueError, KeyError, TypeError, OverflowError),
        ) as error:
            problem = type(error)
        raise GatewayError(f"the gateway does not answer ({problem.__name__})")

    async def _list(self) -> bytes:
        client = httpx.AsyncClient(
            # The limit is on all of it: reads that each are in time may go on for good.
            timeout=self._timeout,
            verify=self._tls or True,
            trust_env=False,
        )
        headers = {**self._headers, "Accept-Encoding": "identity"}
        async with (
            asyncio.timeout(self._timeout),
            client,
            client.stream("GET", f"{self._url}/calls", headers=headers) as answer,
        ):
            answer.raise_for_status()
            found = bytearray()
            async for part in answer.aiter_raw():
                found += part
                if len(found) > LONGEST_LIST:
                    raise ValueError("too long")
            return bytes(found)

    @asynccontextmanager
    async def listen(self, call: str) -> AsyncIterator[Feed]:
        """Give the sound of a call that is up. Raises ``GatewayError``."""
        from websockets.asyncio.client import connect  # noqa: PLC0415 - of the extra
        from websockets.exceptions import WebSocketException  # noqa: PLC0415

        url = f"ws{self._url.removeprefix('http')}/calls/{call}/listen"
        try:
            socket = await connect(
                url,
                additional_headers=self._headers,
                ssl=self._tls,
                proxy=None,
                open_timeout=self._timeout,
                close_timeout=1,
                max_size=LONGEST_MESSAGE,
            )
        except (OSError, WebSocketException, TimeoutError) as error:
            raise GatewayError(f"the gateway plays nothing ({type(error).__name__})") from None
        try:
            yield Feed(socket, await _head(socket, self._timeout))
        finally:
            await socket.close()


async def _head(socket: ClientConnection, patience: float) -> Head:
    from websockets.exceptions import WebSocketException  # noqa: PLC0415

    try:
        async with asyncio.timeout(patience):
            told = _told(await socket.recv())
        if told["type"] == "start" and told["version"] == 1 and told["encoding"] == "s16le":
            audio_format = AudioFormat(int(told["rate"]), int(told["channels"]))
            head = Head(audio_format, float(told["delay"]), int(told["sample"]))
            if 0 <= head.delay <= LONGEST_DELAY_S and 0 <= head.sample <= LAST_SAMPLE:
                return head
    except (
        *(WebSocketException, TimeoutError),
        *(KeyError, TypeError, ValueError, OverflowError),
    ):
        pass
    raise GatewayError("the gateway speaks another protocol: use the same release of both")


def _told(message: str | bytes) -> dict[str, Any]:
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
