"""Packets gathered into longer chunks: a chunk costs about as much as a packet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.timeline import Span, to_samples
from hushtap.values import PcmChunk

if TYPE_CHECKING:
    from hushtap.values import AudioFormat, Samples

GATHER_S: Final = 0.1
"""Seconds of a channel that are handed on at once. They add to the delay of the first of
them, and are not in what is measured as delay; in packets of 20 ms, forty calls would take
most of two cores before anything is heard (docs/adr/0018-gateway.md)."""


class Gather:
    """What came of each channel and was not handed on. Not thread-safe."""

    def __init__(self, audio: AudioFormat) -> None:
        self._least = to_samples(GATHER_S, audio.sample_rate)
        self._ends = [0] * audio.channels
        self._parts: list[list[Samples]] = [[] for _ in range(audio.channels)]
        self._held = [0] * audio.channels

    def add(self, chunk: PcmChunk) -> PcmChunk | None:
        """Take the next samples of a channel; return what is to be handed on now.

        Raises:
            ValueError: they do not follow the last ones of their channel.
        """
        channel = chunk.channel
        if chunk.span.start != self._ends[channel]:
            raise ValueError(f"channel {channel}: expected sample {self._ends[channel]}")
        # A tap may use its memory again.
        self._parts[channel].append(chunk.samples.copy())
        self._held[channel] += len(chunk.span)
        self._ends[channel] = chunk.span.end
        return self._take(channel) if self._held[channel] >= self._least else None

    def rest(self) -> list[PcmChunk]:
        """Return all that was not handed on."""
        return [self._take(channel) for channel, held in enumerate(self._held) if held]

    def _take(self, channel: int) -> PcmChunk:
        samples = np.concatenate(self._parts[channel])
        end = self._ends[channel]
        self._parts[channel], self._held[channel] = [], 0
        return PcmChunk(channel, Span(end - len(samples), end), samples)
