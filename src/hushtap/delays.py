"""How long samples wait between the tap and their release, and what for.

The delay of a sample is the wall time of its release less that of its arrival.
It is measured apart for ordinary speech, for what was held because of a number,
and for silence, since each has a promise of its own.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from hushtap.observe import Held
from hushtap.timeline import Span, merge, overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.observe import Metrics
    from hushtap.pipeline import Call

GRAIN_S: Final = 0.02
"""Arrivals are noted for stretches of this many seconds at least, by their last sample."""


class Delays:
    """The delays of one call. For one thread at a time, but for ``arrived``."""

    def __init__(self, rate: int, channels: int, metrics: Metrics) -> None:
        self._rate = rate
        self._grain = int(GRAIN_S * rate)
        self._metrics = metrics
        self._begun = [(0, 0.0)] * channels
        self._arrived: list[deque[tuple[int, float]]] = [deque() for _ in range(channels)]
        self._out = [0] * channels
        self._numbers: list[list[Span]] = [[] for _ in range(channels)]

    def arrived(self, channel: int, end: int, now: float) -> None:
        """Note that the samples before ``end`` were there at ``now`` (monotonic seconds)."""
        arrived = self._arrived[channel]
        self._begun[channel] = (end, now)
        if not arrived or end - arrived[-1][0] >= self._grain:
            arrived.append((end, now))

    def watch(self, call: Call) -> None:
        """Look at what the call is waiting for now: audio held for a number counts as such."""
        for channel in range(len(self._numbers)):
            start = call.held_from(channel)
            end = call.cleared_until(channel) + call.depth(channel)
            if start is not None and start < end:
                self._numbers[channel] = merge([*self._numbers[channel], Span(start, end)])

    def released(
        self, call: Call, channel: int, until: int, muted: Sequence[Span], now: float
    ) -> float:
        """Measure all up to ``until``; return the delay of the sample before it, in seconds."""
        arrived = self._arrived[channel]
        delay = 0.0
        while self._out[channel] < until:
            end, at = arrived[0] if arrived else self._begun[channel]
            if not arrived and end <= self._out[channel]:
                break
            span = Span(self._out[channel], min(end, until))
            delay = now - at
            kind = self._kind(call, channel, span, muted)
            self._metrics.release_delay[kind].observe(delay, len(span))
            self._out[channel] = span.end
            if arrived and span.end >= end:
                arrived.popleft()
        self._numbers[channel] = [s for s in self._numbers[channel] if s.end > until]
        return delay

    def _kind(self, call: Call, channel: int, span: Span, muted: Sequence[Span]) -> Held:
        if 2 * overlap([span], [*self._numbers[channel], *muted]) >= len(span):
            return Held.NUMBER
        return Held.SPEECH if call.voiced(channel, span) else Held.SILENCE
