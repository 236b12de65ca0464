from __future__ import annotations

import asyncio
import io

from hushtap.taps.pace import WallClock, paced
from hushtap.taps.stdin import StreamTap
from hushtap.values import AudioFormat


class ManualClock:
    """A clock that moves only when someone sleeps."""

    def __init__(self) -> None:
        self.time = 100.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


def _tap() -> StreamTap:
    return StreamTap(io.BytesIO(bytes(2 * 2 * 1_000)), AudioFormat(8_000, 2), chunk=160)


def test_each_chunk_comes_when_it_would_have_been_spoken() -> None:
    clock = ManualClock()

    async def run() -> list[tuple[int, float]]:
        return [(chunk.span.end, clock.now() - 100) async for chunk in paced(_tap(), clock)]

    seen = asyncio.run(run())
    assert [end for end, _ in seen] == [end for end in range(160, 961, 160) for _ in "ab"] + [
        1000
    ] * 2
    for end, at in seen:
        assert abs(at - end / 8_000) < 1e-9


def test_a_late_chunk_does_not_delay_the_next() -> None:
    clock = ManualClock()

    async def run() -> float:
        async for chunk in paced(_tap(), clock):
            if chunk.span.start == 160:
                clock.time += 0.03
        return clock.now() - 100

    assert abs(asyncio.run(run()) - 0.125) < 1e-9


def test_the_wall_clock_moves_on() -> None:
    clock = WallClock()
    before = clock.now()
    asyncio.run(clock.sleep(0))
    assert clock.now() >= before
