"""The delay buffer, and the only maker of ``RedactedChunk``.

Raw samples wait here, in memory, until the plan clears them. They leave with
every mute applied that is known by then, or not at all.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from hushtap.mute import apply_mutes
from hushtap.timeline import Span
from hushtap.values import PcmChunk, RedactedChunk, Samples

if TYPE_CHECKING:
    from hushtap.values import AudioFormat, MuteStyle, Plan


class HoldBack:
    """Holds the audio of one call, channel by channel, until it is cleared."""

    def __init__(self, audio_format: AudioFormat, style: MuteStyle) -> None:
        self._rate = audio_format.sample_rate
        self._style = style
        self._waiting: list[deque[Samples]] = [deque() for _ in range(audio_format.channels)]
        self._start = [0] * audio_format.channels
        self._end = [0] * audio_format.channels

    def add(self, chunk: PcmChunk) -> None:
        """Take the next samples of a channel.

        Raises:
            ValueError: they do not follow the last ones; a gap must be made explicit first.
        """
        if chunk.span.start != self._end[chunk.channel]:
            msg = f"channel {chunk.channel}: expected sample {self._end[chunk.channel]}"
            raise ValueError(msg)
        if chunk.span:
            self._waiting[chunk.channel].append(chunk.samples.copy())
            self._end[chunk.channel] = chunk.span.end

    def depth(self, channel: int) -> int:
        """Return how many samples of the channel wait."""
        return self._end[channel] - self._start[channel]

    def end(self, channel: int) -> int:
        """Return the position after the last sample taken."""
        return self._end[channel]

    def release(self, plan: Plan) -> list[RedactedChunk]:
        """Return what the plan clears and had not been released, mutes applied."""
        released = []
        for channel, cleared in enumerate(plan.cleared_until):
            until = min(cleared, self._end[channel])
            span = Span(self._start[channel], max(self._start[channel], until))
            if span:
                mutes = [m.span for m in plan.mutes if m.channel == channel]
                samples = apply_mutes(
                    self._take(channel, span), span, mutes, self._style, self._rate
                )
                released.append(RedactedChunk(channel, span, samples))
        return released

    def drop(self) -> list[RedactedChunk]:
        """Return silence for all that waits, and forget it: for a call that failed."""
        released = []
        for channel, end in enumerate(self._end):
            span = Span(self._start[channel], end)
            self._waiting[channel].clear()
            self._start[channel] = end
            if span:
                released.append(RedactedChunk(channel, span, np.zeros(len(span), np.int16)))
        return released

    def _take(self, channel: int, span: Span) -> Samples:
        waiting, taken, need = self._waiting[channel], [], len(span)
        while need:
            head = waiting[0]
            if len(head) <= need:
                taken.append(waiting.popleft())
                need -= len(head)
            else:
                taken.append(head[:need])
                waiting[0] = head[need:]
                need = 0
        self._start[channel] = span.end
        return np.concatenate(taken)
