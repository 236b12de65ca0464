"""Tracks that say when each piece of their audio was: put on one clock, gaps as silence.

For streams that keep their order (WebSocket, TCP). Synchronous, without a clock of its
own: arrivals are told in seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.taps.pressed import Pressed
from hushtap.timeline import Span, to_samples
from hushtap.values import PcmChunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.values import AudioFormat, Samples

SLACK_S: Final = 0.010
"""Seconds by which a time may differ from where the track stands and still go on there:
times are rounded, and half a frame of 20 ms is less than a frame that was lost."""

LAG_S: Final = 1.0
"""Seconds that a track may stay behind another before it is silent."""

AHEAD_S: Final = 10.0
"""Seconds that a track may be ahead of the clock of arrivals: its times are not true then."""


class Tracks:
    """The tracks of one call, a channel each."""

    def __init__(self, audio: AudioFormat) -> None:
        self.pieces = 0
        self.late = 0
        """Pieces that came when their time was over: dropped, at least in part."""
        self.jumps = 0
        """Times that could not be true: what followed was put where the track stood."""
        self.filled = 0
        """Samples of silence where nothing came."""
        self._rate = audio.sample_rate
        self._pressed = [Pressed() for _ in range(audio.channels)]
        self._ends = [0] * audio.channels
        self._shifts = [0] * audio.channels
        self._zero: tuple[int, float] | None = None
        self._slack = to_samples(SLACK_S, self._rate)
        self._lag = to_samples(LAG_S, self._rate)

    def push(
        self, channel: int, milliseconds: int, samples: Samples, now: float
    ) -> Iterator[PcmChunk]:
        """Yield what became final with audio said to begin at ``milliseconds`` of the stream.

        Each channel goes on where it stopped; one that stays behind is filled with silence.
        """
        self.pieces += 1
        began = milliseconds * self._rate // 1000
        if self._zero is None:
            self._zero = began, now
        place = began - self._zero[0] + self._shifts[channel]
        end = self._ends[channel]
        if place > to_samples(now - self._zero[1] + AHEAD_S, self._rate):
            self.jumps += 1
            self._shifts[channel] += end - place
            place = end
        if abs(place - end) <= self._slack:
            place = end
        if place < end:
            self.late += 1
            samples = samples[end - place :]
            place = end
        yield from self._fill(channel, place)
        if len(samples):
            yield self._chunk(channel, samples)
        yield from self._catch_up(max(self._ends) - self._lag)

    def press(self, channel: int) -> None:
        """Take note that a key was pressed on a channel about now."""
        self._pressed[channel].note()

    def finish(self) -> Iterator[PcmChunk]:
        """Yield what tells of keys that came after the last audio."""
        for channel, pressed in enumerate(self._pressed):
            if pressed.waits:
                yield self._chunk(channel, np.zeros(1, np.int16))

    def _catch_up(self, until: int) -> Iterator[PcmChunk]:
        for channel in range(len(self._ends)):
            yield from self._fill(channel, until)

    def _fill(self, channel: int, until: int) -> Iterator[PcmChunk]:
        while (missing := until - self._ends[channel]) > 0:
            missing = min(missing, self._rate)
            self.filled += missing
            yield self._chunk(channel, np.zeros(missing, np.int16))

    def _chunk(self, channel: int, samples: Samples) -> PcmChunk:
        start = self._ends[channel]
        self._ends[channel] = start + len(samples)
        keys = self._pressed[channel].take(start, self._rate)
        return PcmChunk(channel, Span(start, start + len(samples)), samples, keys)
