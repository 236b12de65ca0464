from __future__ import annotations

import itertools

import numpy as np
import pytest

from hushtap.holdback import HoldBack
from hushtap.mute import apply_mutes
from hushtap.timeline import Span
from hushtap.values import AudioFormat, Entity, Mute, MuteStyle, PcmChunk, Plan, Samples

RATE = 8_000
LENGTH = 500


def noise(length: int = LENGTH, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).integers(1_000, 9_000, length).astype(np.int16)


def fill(holdback: HoldBack, channel: int, audio: Samples, size: int) -> None:
    at = holdback.end(channel)
    for i in range(0, len(audio), size):
        part = audio[i : i + size]
        holdback.add(PcmChunk(channel, Span(at + i, at + i + len(part)), part))


def mono() -> HoldBack:
    return HoldBack(AudioFormat(RATE, 1), MuteStyle.SILENCE)


@pytest.mark.parametrize("size", [1, 2, 99, 100, 101, 499, 500, 501])
@pytest.mark.parametrize("step", [1, 3, 99, 100, 101, 499, 500, 501])
def test_every_chunking_and_every_pace_gives_the_same_audio(size: int, step: int) -> None:
    audio = noise()
    mutes = (Mute(0, Span(100, 300), Entity.CVV), Mute(0, Span(460, 700), Entity.UNHEARD))
    holdback = mono()
    fill(holdback, 0, audio, size)
    chunks = []
    for cleared in range(0, LENGTH + step, step):
        chunks += holdback.release(Plan(mutes, (cleared,)))
        assert holdback.depth(0) == LENGTH - min(cleared, LENGTH)
    assert [c.span.start for c in chunks] == [0, *(c.span.end for c in chunks[:-1])]
    whole = apply_mutes(audio, Span(0, LENGTH), [m.span for m in mutes], MuteStyle.SILENCE, RATE)
    assert np.array_equal(np.concatenate([c.samples for c in chunks]), whole)


@pytest.mark.parametrize("cleared", [0, 1, 99, 100, 101, 499, 500, 501, 10_000])
def test_nothing_past_the_watermark_is_released(cleared: int) -> None:
    holdback = mono()
    fill(holdback, 0, noise(), 100)
    released = holdback.release(Plan((), (cleared,)))
    assert sum(len(c.span) for c in released) == min(cleared, LENGTH)
    assert all(c.span.end <= cleared for c in released)


def test_a_watermark_that_goes_back_releases_nothing() -> None:
    holdback = mono()
    fill(holdback, 0, noise(), 100)
    assert holdback.release(Plan((), (300,)))
    assert holdback.release(Plan((), (200,))) == []
    assert holdback.depth(0) == 200


def test_each_channel_has_its_own_mutes_and_watermark() -> None:
    holdback = HoldBack(AudioFormat(RATE, 2), MuteStyle.SILENCE)
    left, right = noise(seed=1), noise(seed=2)
    fill(holdback, 0, left, 50)
    fill(holdback, 1, right, 70)
    plan = Plan((Mute(1, Span(0, LENGTH), Entity.CVV),), (200, 400))
    first, second = holdback.release(plan)
    assert (first.channel, first.span, second.channel, second.span) == (
        0,
        Span(0, 200),
        1,
        Span(0, 400),
    )
    assert np.array_equal(first.samples, left[:200])
    assert not second.samples[100:].any()
    assert (holdback.depth(0), holdback.depth(1)) == (300, 100)


@pytest.mark.parametrize("start", [0, 99, 101, 500])
def test_samples_that_do_not_follow_are_refused(start: int) -> None:
    holdback = mono()
    fill(holdback, 0, noise(100), 100)
    with pytest.raises(ValueError, match="expected sample 100"):
        holdback.add(PcmChunk(0, Span(start, start + 10), noise(10)))
    assert holdback.end(0) == 100


def test_what_the_tap_does_with_its_buffer_afterwards_changes_nothing() -> None:
    holdback, buffer = mono(), noise()
    before = buffer.copy()
    holdback.add(PcmChunk(0, Span(0, LENGTH), buffer))
    buffer[:] = 0
    (chunk,) = holdback.release(Plan((), (LENGTH,)))
    assert np.array_equal(chunk.samples, before)


@pytest.mark.parametrize(
    ("taken", "released"), list(itertools.product([0, 1, 500], [0, 1, 499, 500]))
)
def test_dropping_leaves_silence_of_the_right_length(taken: int, released: int) -> None:
    holdback = mono()
    fill(holdback, 0, noise(taken), 64)
    out = holdback.release(Plan((), (released,)))
    dropped = holdback.drop()
    assert sum(len(c.span) for c in [*out, *dropped]) == taken
    assert not any(c.samples.any() for c in dropped)
    assert holdback.depth(0) == 0
    assert holdback.drop() == []
