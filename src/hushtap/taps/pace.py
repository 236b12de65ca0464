"""A tap at its natural pace: each chunk when its last sample would have been spoken."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Protocol

from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hushtap.taps import Tap
    from hushtap.values import PcmChunk


class Clock(Protocol):
    """Time in seconds from any fixed point, and a way to wait for it."""

    def now(self) -> float:
        """Return the time; it never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        ...


class WallClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Return seconds from an arbitrary point."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for ``seconds``."""
        await asyncio.sleep(seconds)


async def paced(tap: Tap, clock: Clock) -> AsyncIterator[PcmChunk]:
    """Yield ``tap``'s chunks, none before its last sample is due.

    Due times count from the first request, so lateness of one chunk is not added
    to the next.
    """
    start = clock.now()
    rate = tap.format.sample_rate
    for chunk in tap:
        early = start + to_seconds(chunk.span.end, rate) - clock.now()
        if early > 0:
            await clock.sleep(early)
        yield chunk
