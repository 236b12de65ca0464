"""A gateway in the test's own event loop, ears that hear nothing, and calls to send to it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hushtap.ears.engine import Heard
from hushtap.ears.shared import Ear, Ears
from hushtap.gateway.config import Settings
from hushtap.gateway.serve import Gateway
from hushtap.taps.audiosocket import HANG_UP, UUID, Frame
from hushtap.timeline import Span
from hushtap.values import PcmChunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from numpy.typing import NDArray

    from hushtap.values import Samples
    from hushtap.vault.recordings import OpenedRecording, Vault

RATE: Final = 8_000
FRAME: Final = 160
TOKEN: Final = "a-token-of-some-length"  # noqa: S105 - of these tests alone
ANY_PORT: Final = "127.0.0.1:0"


class DeafEar:
    """Hears nothing, at once: all of a call is released as it came."""

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        return [Heard((), looped=False) for _ in windows]


@dataclass
class StuckEar:
    """Answers nothing until it is let go."""

    entered: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        self.entered.set()
        self.let_go.wait()
        return [Heard((), looped=False) for _ in windows]


@asynccontextmanager
async def serving(
    vault: Vault, ear: Ear | None = None, **sections: dict[str, Any]
) -> AsyncIterator[Gateway]:
    """Run a gateway with these sections; leaving the block drains it."""
    sections.setdefault("http", {})
    for name in ("http", "audiosocket", "twilio", "audiohook"):
        if name in sections:
            sections[name].setdefault("listen", ANY_PORT)
    settings = Settings(**sections)  # type: ignore[arg-type]
    with Ears(ear or DeafEar()) as ears:
        gateway = Gateway(settings, vault, ears)
        ready = asyncio.Event()
        running = asyncio.create_task(gateway.run(ready.set))
        started = asyncio.create_task(ready.wait())
        await asyncio.wait({running, started}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            started.cancel()
            await running
        try:
            yield gateway
        finally:
            gateway.stop()
            await running


def port_of(gateway: Gateway, name: str) -> int:
    """Return the port of a tap."""
    tap: Any = next(tap for tap in gateway.taps if tap.name == name)
    return int(tap.port)


def speech(seconds: float, seed: int = 1) -> Samples:
    """Return noise in bursts, loud enough to be taken for speech: 8 kHz."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE)
    bursts = np.sin(np.arange(count) / RATE * 2 * np.pi * 1.7) > -0.3
    return (random.normal(0, 3_000, count) * bursts).clip(-32_000, 32_000).astype(np.int16)


def chunks(*channels: Samples, size: int = FRAME) -> Iterator[PcmChunk]:
    """Yield the channels in turns."""
    for start in range(0, len(channels[0]), size):
        for channel, samples in enumerate(channels):
            part = samples[start : start + size]
            yield PcmChunk(channel, Span(start, start + len(part)), part)


def frames(samples: Samples, kind: int = 0x10, size: int = FRAME) -> Iterator[bytes]:
    """Yield AudioSocket frames of audio."""
    for start in range(0, len(samples), size):
        yield Frame(kind, samples[start : start + size].astype("<i2").tobytes()).pack()


def identity(number: int) -> bytes:
    """Return the frame that says whose call it is."""
    return Frame(UUID, bytes([number] * 16)).pack()


def hang_up() -> bytes:
    """Return the frame that hangs up."""
    return Frame(HANG_UP, b"").pack()


async def in_time(count: int) -> AsyncIterator[int]:
    """Yield numbers from 0 on, each when a packet of 20 ms is due."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for n in range(count):
        await asyncio.sleep(max(0.0, start + 0.02 * n - loop.time()))
        yield n


async def begun(gateway: Gateway, calls: int = 1) -> None:
    """Return once so many calls are up."""
    while len(gateway.calls.up()) < calls:  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def ended(gateway: Gateway) -> None:
    """Return once no call is up."""
    await gateway.calls.gone()


def recordings(vault: Vault) -> list[OpenedRecording]:
    """Return all recordings of a vault, opened, oldest first."""
    return [vault.read(info.id) for info in vault.list()]
