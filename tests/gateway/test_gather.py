"""Packets gathered into chunks: every sample once, in order, and none left behind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.gateway.gather import GATHER_S, Gather
from hushtap.timeline import Span, to_samples
from hushtap.values import AudioFormat, PcmChunk

RATE = 8_000
AUDIO = AudioFormat(RATE, 2)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2_000)), max_size=60))
def test_every_sample_comes_out_once_and_in_order(pieces: list[tuple[int, int]]) -> None:
    gather = Gather(AUDIO)
    sent: list[list[int]] = [[], []]
    out: list[list[int]] = [[], []]

    def take(chunk: PcmChunk) -> None:
        assert chunk.span.start == len(out[chunk.channel])
        out[chunk.channel] += chunk.samples.tolist()

    for n, (channel, count) in enumerate(pieces):
        start = len(sent[channel])
        samples = np.full(count, n, np.int16)
        ready = gather.add(PcmChunk(channel, Span(start, start + count), samples))
        sent[channel] += samples.tolist()
        # What a tap does with its memory afterwards changes nothing.
        samples[:] = -1
        if ready is not None:
            assert ready.channel == channel
            take(ready)
        for one, other in zip(sent, out, strict=True):
            assert len(one) - len(other) < to_samples(GATHER_S, RATE)
    for chunk in gather.rest():
        take(chunk)
    assert out == sent
    assert not gather.rest()


def test_samples_that_do_not_follow_are_refused() -> None:
    gather = Gather(AUDIO)
    gather.add(PcmChunk(0, Span(0, 10), np.zeros(10, np.int16)))
    for channel, start in ((0, 0), (0, 11), (1, 10)):
        with pytest.raises(ValueError, match=f"channel {channel}"):
            gather.add(PcmChunk(channel, Span(start, start + 1), np.zeros(1, np.int16)))
