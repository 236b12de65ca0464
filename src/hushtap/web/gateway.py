"""The gateway as the desk asks it: which calls are up, and the sound of one, a fixed delay late.

What it sends is in docs/gateway.md. Its token is the desk's own; who of the desk may
hear which call is for the desk to say, before it asks.
"""

from __future__ import annotations

import asyncio
import json
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

    def __init__(self, rules: GatewayRules) -> None:
        self._url = rules.url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {read_secret(rules.token_file)[0]}"}
        self._tls: ssl.SSLContext | None = None
        if urlsplit(self._url).scheme == "https":
            try:
                self._tls = ssl.create_default_context(cafile=rules.ca)
            except OSError as error:
                raise UsageError(f"{rules.ca}: no certificates ({type(error).__name__})") from None

    def calls(self) -> dict[str, dict[str, Any]]:
        """Return the calls that are up by the ids of their recordings. Raises ``GatewayError``."""
        try:
            answer = httpx.get(
                f"{self._url}/calls",
                headers=self._headers,
                timeout=TIMEOUT_S,
                verify=self._tls or True,
                trust_env=False,
            )
            found = answer.raise_for_status().json()["calls"]
            return {str(one["id"]): dict(one) for one in found}
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise GatewayError(f"the gateway does not answer ({type(error).__name__})") from None

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
                open_timeout=TIMEOUT_S,
                close_timeout=1,
                max_size=LONGEST_MESSAGE,
            )
        except (OSError, WebSocketException, TimeoutError) as error:
            raise GatewayError(f"the gateway plays nothing ({type(error).__name__})") from None
        try:
            yield Feed(socket, await _head(socket))
        finally:
            await socket.close()


async def _head(socket: ClientConnection) -> Head:
    from websockets.exceptions import WebSocketException  # noqa: PLC0415

    try:
        async with asyncio.timeout(TIMEOUT_S):
            told = _told(await socket.recv())
        if told["type"] == "start" and told["version"] == 1 and told["encoding"] == "s16le":
            audio_format = AudioFormat(int(told["rate"]), int(told["channels"]))
            return Head(audio_format, float(told["delay"]), int(told["sample"]))
    except (WebSocketException, TimeoutError, KeyError, TypeError, ValueError):
        pass
    raise GatewayError("the gateway speaks another protocol: use the same release of both")


def _told(message: str | bytes) -> dict[str, Any]:
    try:
        told = json.loads(message)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
