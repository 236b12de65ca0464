"""What a tap gave and the pipeline has not taken yet: bounded, and as long as the call itself.

What does not fit is lost, but not its length: it comes out in its place as ``Lost``.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from hushtap.observe import Reason
from hushtap.timeline import Span, merge, to_samples
from hushtap.values import PcmChunk

if TYPE_CHECKING:
    from hushtap.delays import Delays
    from hushtap.observe import Metrics
    from hushtap.values import AudioFormat

BACKLOG_S: Final = 10.0
"""Seconds of a channel that may wait for the pipeline: longer than any pause of a machine
that is still fit to record, shorter than the time after which audio is muted anyway."""

SLICE_S: Final = 0.2
"""Seconds of a channel that the pipeline is fed at once, whatever the tap's chunks are."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Samples that were not taken in; ``keys`` as of ``PcmChunk``, for those before them."""

    channel: int
    span: Span
    keys: tuple[Span, ...] = ()


class Backlog:
    """The backlog of one call. Thread-safe.

    ``delays`` is told when samples arrive, ``metrics`` what is lost.
    """

    def __init__(self, audio_format: AudioFormat, delays: Delays, metrics: Metrics) -> None:
        rate = audio_format.sample_rate
        self._limit = to_samples(BACKLOG_S, rate)
        self._slice = max(1, to_samples(SLICE_S, rate))
        self._delays = delays
        self._metrics = metrics
        self._lock = threading.Lock()
        self._waiting: deque[PcmChunk | Lost] = deque()
        self._taken = [0] * audio_format.channels
        self._drawn = [0] * audio_format.channels
        self._closed = False

    def offer(self, chunk: PcmChunk) -> bool:
        """Take the next samples of one channel; False where they are lost for want of room.

        Raises:
            ValueError: they do not follow the last ones of their channel, or the
                backlog is closed.
        """
        channel, span, now = chunk.channel, chunk.span, time.monotonic()
        with self._lock:
            if self._closed:
                raise ValueError("the session is closed")
            if span.start != self._taken[channel]:
                raise ValueError(f"channel {channel}: expected sample {self._taken[channel]}")
            room = self._has_room(channel)
            if room:
                self._waiting.append(replace(chunk, samples=chunk.samples.copy()))
            else:
                self._lose(Lost(channel, span, chunk.keys))
            self._taken[channel] = span.end
            self._delays.arrived(channel, span.end, now)
        return room

    def room(self, channel: int) -> bool:
        """Return whether samples offered now would be taken."""
        with self._lock:
            return self._has_room(channel)

    def draw(self) -> PcmChunk | Lost | None:
        """Take the next ``SLICE_S`` or less of one channel; None where nothing waits."""
        with self._lock:
            if not self._waiting:
                return None
            head = self._waiting.popleft()
            cut = min(head.span.end, head.span.start + self._slice)
            first, rest = Span(head.span.start, cut), Span(cut, head.span.end)
            self._drawn[head.channel] = cut
            if not rest:
                return head
            if isinstance(head, Lost):
                self._waiting.appendleft(replace(head, span=rest, keys=()))
                return replace(head, span=first)
            size = len(first)
            self._waiting.appendleft(PcmChunk(head.channel, rest, head.samples[size:]))
            return PcmChunk(head.channel, first, head.samples[:size], head.keys)

    def close(self) -> None:
        """Let nothing more in."""
        with self._lock:
            self._closed = True

    def clear(self) -> None:
        """Forget what waits."""
        with self._lock:
            self._waiting.clear()

    @property
    def closed(self) -> bool:
        """Whether nothing more is let in."""
        return self._closed

    @property
    def ended(self) -> bool:
        """Whether nothing more is let in, and nothing waits."""
        with self._lock:
            return self._closed and not self._waiting

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        with self._lock:
            return not self._waiting

    @property
    def taken(self) -> tuple[int, ...]:
        """How many samples of each channel came from the tap."""
        return tuple(self._taken)

    @property
    def drawn(self) -> tuple[int, ...]:
        """How many samples of each channel went on to the pipeline."""
        return tuple(self._drawn)

    @property
    def depth(self) -> int:
        """How many samples wait; the longer channel's."""
        return max(t - d for t, d in zip(self._taken, self._drawn, strict=True))

    def _has_room(self, channel: int) -> bool:
        return self._taken[channel] - self._drawn[channel] < self._limit

    def _lose(self, lost: Lost) -> None:
        """Keep the length of what is lost; neighbours join, so that this too is bounded."""
        self._metrics.failed_closed(Reason.BACKLOG_FULL)
        for at in range(-1, -1 - min(len(self._taken), len(self._waiting)), -1):
            last = self._waiting[at]
            same = isinstance(last, Lost) and last.channel == lost.channel
            if same and last.span.end == lost.span.start:
                keys = tuple(merge((*last.keys, *lost.keys)))
                self._waiting[at] = Lost(lost.channel, last.span.hull(lost.span), keys)
                return
        self._waiting.append(lost)
