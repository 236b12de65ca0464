"""A client of AudioHook, written to the protocol's description, and its signed handshake."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from gateway.rig import port_of
from gateway.test_twilio import mulaw
from hushtap.gateway.audiohook import BEGAN
from hushtap.taps.httpsignature import REQUIRED, SKEW_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hushtap.gateway.serve import Gateway
    from hushtap.values import Samples

ORGANIZATION, CONVERSATION = (str(uuid.UUID(int=number)) for number in (7, 8))
BOTH = {"type": "audio", "format": "PCMU", "channels": ["external", "internal"], "rate": 8000}
ONE = BOTH | {"channels": ["external"]}
API_KEY, SECRET = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh", b"a client secret of 32 bytes or so"


class Client:
    """One session: numbers its messages, and checks those that it is told."""

    def __init__(self, socket: ClientConnection, session: str) -> None:
        self.socket = socket
        self.session = session
        self.seq = self.serverseq = 0

    async def say(self, kind: str, **parameters: Any) -> None:  # noqa: ANN401 - whatever JSON has
        self.seq += 1
        message = {
            "version": "2",
            "type": kind,
            "id": self.session,
            "seq": self.seq,
            "serverseq": self.serverseq,
            "position": "PT0S",
            "parameters": parameters,
        }
        await self.socket.send(json.dumps(message))

    async def told(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self.socket.recv())
        assert message["version"] == "2"
        assert message["clientseq"] <= self.seq
        self.serverseq += 1
        assert message["seq"] == self.serverseq
        return message

    async def open(self, *media: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
        said = {
            "organizationId": ORGANIZATION,
            "conversationId": CONVERSATION,
            "participant": {"id": ORGANIZATION, "ani": "tel:+12125550123", "dnis": "tel:+1"},
            "media": list(media) or [BOTH, ONE],
        }
        await self.say("open", **(said | more))
        return await self.told()

    async def close(self) -> None:
        await self.say("close", reason="end")
        assert (await self.told())["type"] == "closed"

    async def hear(self, external: Samples, internal: Samples, size: int = 800) -> None:
        both = np.stack([external, internal], axis=1).reshape(-1)
        for at in range(0, len(both), 2 * size):
            await self.socket.send(mulaw(both[at : at + 2 * size]))


@asynccontextmanager
async def client(
    gateway: Gateway, session: str | None = None, **headers: str
) -> AsyncIterator[Client]:
    """Connect; raises ``InvalidStatus`` where the handshake is refused."""
    session = session or str(uuid.uuid4())
    address = f"ws://127.0.0.1:{port_of(gateway, 'audiohook')}/audiohook"
    async with connect(address, additional_headers=headers, compression=None) as socket:
        yield Client(socket, session)


def handshake(session: str, port: int, *, secret: bytes = SECRET) -> dict[str, str]:
    """Return the headers of a handshake, signed now, by a clock that is a little ahead."""
    while (created := int(time.time()) + int(SKEW_S)) <= BEGAN + SKEW_S:
        # The process began in this very second.
        time.sleep(0.05)
    headers = {
        "audiohook-organization-id": ORGANIZATION,
        "audiohook-session-id": session,
        "audiohook-correlation-id": str(uuid.uuid4()),
        "x-api-key": API_KEY,
    }
    values = {"@request-target": "/audiohook", "@authority": f"127.0.0.1:{port}", **headers}
    names = " ".join(f'"{name}"' for name in REQUIRED)
    parameters = (
        f'({names});keyid="{API_KEY}";nonce="{secrets.token_urlsafe(24)}";alg="hmac-sha256"'
        f";created={created};expires={created + 30}"
    )
    lines = [f'"{name}": {values[name]}' for name in REQUIRED]
    base = "\n".join([*lines, f'"@signature-params": {parameters}'])
    mark = base64.b64encode(hmac.new(secret, base.encode(), hashlib.sha256).digest()).decode()
    return headers | {"signature-input": f"sig1={parameters}", "signature": f"sig1=:{mark}:"}
