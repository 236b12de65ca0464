from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.ears.windows import Activity, Listener, Schedule, Window
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import Samples

SPEECH = np.full(STEP, 100, np.int16)
SILENCE = np.zeros(STEP, np.int16)
PLAN = Schedule()


@dataclass
class Flagged:
    """A detector that calls every step speech that is not zero."""

    def is_speech(self, step: Samples) -> bool:
        return bool(step.any())


def listener(rate: int = EAR_RATE) -> Listener:
    return Listener(0, rate, detector=Flagged())


def windows(pattern: list[tuple[bool, int]]) -> tuple[list[Window], Listener]:
    """Return the windows of a call of (speech or not, steps)."""
    ears = listener()
    found = [
        window
        for speech, count in pattern
        for _ in range(count)
        for window in ears.step(SPEECH if speech else SILENCE)
    ]
    return [*found, *ears.close()], ears


PATTERNS = st.lists(st.tuples(st.booleans(), st.integers(1, 320)), min_size=1, max_size=8)


@given(PATTERNS)
def test_every_voiced_sound_lies_in_a_window(pattern: list[tuple[bool, int]]) -> None:
    found, ears = windows(pattern)
    covered = {step for w in found for step in range(w.span.start // STEP, -(-w.span.end // STEP))}
    voiced = [s for s in range(ears.steps) if ears.activity.voiced(s)]
    # Fewer steps than an onset takes are a click, unless more follow within its reach.
    heard = [s for s in voiced if ears.activity.count(s - 4, s + 5) >= PLAN.onset]
    assert covered.issuperset(heard)


@given(PATTERNS)
def test_windows_are_in_order_bounded_and_hold_their_audio(
    pattern: list[tuple[bool, int]],
) -> None:
    found, ears = windows(pattern)
    ends = [w.span.end for w in found]
    assert ends == sorted(set(ends))
    truth = np.array([ears.activity.voiced(s) for s in range(ears.steps)]).repeat(STEP)
    for window in found:
        assert 0 < len(window.span) <= PLAN.longest * STEP
        assert window.audio.shape == (len(window.span),)
        assert window.audio.dtype == np.float32
        assert np.array_equal(window.audio > 0, truth[window.span.start : window.span.end])


@given(PATTERNS)
def test_windows_of_one_segment_overlap_or_touch(pattern: list[tuple[bool, int]]) -> None:
    found, _ = windows(pattern)
    for before, after in itertools.pairwise(found):
        if not before.final:
            assert after.span.start <= before.span.end
            assert after.span.start >= before.span.start


@given(PATTERNS)
def test_the_quiet_mark_never_passes_what_no_window_has_heard(
    pattern: list[tuple[bool, int]],
) -> None:
    ears = listener()
    marks = []
    for speech, count in pattern:
        for _ in range(count):
            found = list(ears.step(SPEECH if speech else SILENCE))
            mark = ears.quiet_until
            marks.append(ears.speech_from if mark is None else mark)
            assert not any(w.span.end > ears.steps * STEP for w in found)
    assert marks == sorted(marks)
    assert all(mark <= at for at, mark in enumerate(marks, start=1))


def test_a_pause_closes_a_window_and_a_shorter_one_does_not() -> None:
    found, _ = windows([(True, 40), (False, PLAN.pause), (False, 50)])
    assert [(w.final, w.opening) for w in found] == [(True, True)]
    assert found[0].span.end == (40 + PLAN.pause) * STEP
    found, ears = windows([(True, 10), (False, PLAN.pause - 1), (True, 10), (False, 60)])
    assert [w.final for w in found] == [True]
    assert found[0].span.end == (20 + 2 * PLAN.pause - 1) * STEP
    assert ears.steps > 60


def test_while_speech_goes_on_a_window_comes_at_every_hop() -> None:
    found, _ = windows([(False, 100), (True, 5 * PLAN.hop), (False, 60)])
    assert [w.final for w in found] == [False] * (len(found) - 1) + [True]
    ends = [w.span.end // STEP for w in found[:-1]]
    hops = {b - a for a, b in itertools.pairwise(ends)}
    assert hops == {PLAN.hop}
    assert found[0].opening
    assert not found[-1].opening


def test_a_window_begins_before_the_voice_does() -> None:
    found, _ = windows([(False, 100), (True, 40), (False, 60)])
    assert (100 - PLAN.preroll - 5) * STEP <= found[0].span.start <= (100 - PLAN.preroll) * STEP


def test_a_call_that_ends_in_speech_has_a_last_window() -> None:
    found, ears = windows([(False, 50), (True, 30)])
    assert [w.final for w in found] == [True]
    assert found[0].span.end == 80 * STEP
    assert ears.quiet_until is not None
    assert list(ears.close()) == []


def test_silence_has_no_windows() -> None:
    found, ears = windows([(False, 500)])
    assert found == []
    assert ears.quiet_until == 500 - PLAN.preroll - 5


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("size", [1, 79, 160, 1_000, 100_000])
def test_resampling_in_pieces_equals_resampling_at_once(rate: int, size: int) -> None:
    audio = np.random.default_rng(3).integers(-9_000, 9_000, rate // 5).astype(np.int16)
    at_once = listener(rate).resample(audio, last=True)
    ears = listener(rate)
    pieces = []
    for at in range(0, len(audio), size):
        pieces += ears.resample(audio[at : at + size], last=at + size >= len(audio))
    assert len(at_once) in {10, 11}
    assert np.array_equal(np.concatenate(pieces), np.concatenate(at_once))


def test_activity_counts_and_knows_its_ends() -> None:
    activity = Activity()
    for speech in (True, False, True, True):
        activity.append(speech)
    assert [activity.voiced(s) for s in range(-1, 5)] == [False, True, False, True, True, False]
    assert (activity.count(0, 4), activity.count(1, 3), activity.count(-5, 99)) == (3, 1, 3)
    assert len(activity) == 4
