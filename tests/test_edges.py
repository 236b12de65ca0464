"""A mute takes in the sound beside a number that no other word explains."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hushtap.ears.windows import Activity
from hushtap.edges import BRIDGE_S, REACH_S, Edges
from hushtap.timeline import Span, overlap
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import Word

if TYPE_CHECKING:
    from hushtap.pii.policy import Policy

RATE = EAR_RATE
LATER = 100 * RATE


def at(seconds: float) -> int:
    return round(seconds * RATE)


def span(start: float, end: float) -> Span:
    return Span(at(start), at(end))


def word(text: str, start: float, end: float, probability: float = 0.9) -> Word:
    return Word(f" {text}", span(start, end), probability)


def voiced(*sounds: tuple[float, float]) -> Activity:
    activity = Activity()
    for step in range(20 * RATE // STEP):
        activity.append(any(at(a) <= step * STEP < at(b) for a, b in sounds))
    return activity


@pytest.fixture
def edges(policy: Policy) -> Edges:
    return Edges(replace(policy, pad_before=0.0, pad_after=0.0), RATE)


def test_the_padding_of_the_policy_comes_on_top(policy: Policy) -> None:
    widened = Edges(policy, RATE).widen(span(5, 6), [], voiced(), LATER)
    assert widened == span(5 - policy.pad_before, 6 + policy.pad_after)


def test_voice_before_the_first_digit_is_muted_with_it(edges: Edges) -> None:
    """A window that starts in a number loses its first digits: their sound is still there."""
    widened = edges.widen(span(5, 6), [word("one", 5, 6)], voiced((4.2, 6)), LATER)
    assert widened == span(4.2, 6)


def test_voice_after_the_last_digit_is_muted_with_it(edges: Edges) -> None:
    widened = edges.widen(span(5, 6), [word("one", 5, 6)], voiced((5, 6.8)), LATER)
    assert widened == span(5, 6.8)


def test_a_pause_ends_the_sound_of_a_number(edges: Edges) -> None:
    sounds = voiced((4.0, 4.6), (5, 6), (6.4, 7))
    assert edges.widen(span(5, 6), [word("one", 5, 6)], sounds, LATER) == span(5, 6)


def test_a_short_gap_inside_the_sound_does_not(edges: Edges) -> None:
    sounds = voiced((4.2, 4.6), (4.7, 6), (6.1, 6.5))
    assert edges.widen(span(5, 6), [word("one", 5, 6)], sounds, LATER) == span(4.2, 6.5)


def test_the_words_beside_a_number_stay_audible(edges: Edges) -> None:
    words = [word("number", 4.6, 5), word("one", 5, 6), word("thanks", 6, 6.5)]
    widened = edges.widen(span(5, 6), words, voiced((3, 8)), LATER)
    assert overlap([widened], [words[0].span, words[2].span]) < at(0.2)
    assert overlap([widened], [span(5, 6)]) == at(1)


def test_a_swallowed_number_is_muted_with_the_word_that_swallowed_it(edges: Edges) -> None:
    """A word that lasts far longer than it takes to say hides a number in its length."""
    words = [word("is", 3.0, 5), word("one", 5, 6)]
    widened = edges.widen(span(5, 6), words, voiced((3, 6)), LATER)
    assert widened.start <= at(3.6)
    # The control: a word of its usual length keeps its sound.
    words = [word("is", 4.8, 5), word("one", 5, 6)]
    assert edges.widen(span(5, 6), words, voiced((3, 6)), LATER).start >= at(4.9)


def test_unexplained_sound_is_taken_in_only_so_far(edges: Edges) -> None:
    widened = edges.widen(span(8, 9), [word("one", 8, 9)], voiced((0, 18)), LATER)
    assert widened == span(8 - REACH_S, 9 + REACH_S)


def test_the_future_is_not_read(edges: Edges) -> None:
    sounds = voiced((5, 8))
    assert edges.widen(span(5, 6), [], sounds, at(6.4)).end <= at(6.4)
    assert edges.widen(span(5, 6), [], sounds, at(6.0)).end == at(6)


def test_the_number_itself_is_always_inside(edges: Edges) -> None:
    words = [word("hm", 4.0, 5.4), word("one", 5, 6), word("so", 5.9, 7)]
    for sounds in (voiced(), voiced((5, 6)), voiced((0, 20))):
        widened = edges.widen(span(5, 6), words, sounds, LATER)
        assert widened.start <= at(5)
        assert widened.end >= at(6)


def test_a_number_at_the_start_of_a_call_does_not_reach_before_it(policy: Policy) -> None:
    assert Edges(policy, RATE).widen(span(0, 1), [], voiced((0, 1)), LATER).start == 0


def test_a_gap_with_little_said_is_bridged(edges: Edges) -> None:
    spans = [span(2, 3), span(4, 5), span(12, 13)]
    assert list(edges.bridges(spans, [word("okay", 3.2, 3.6)])) == [span(3, 4)]
    assert list(edges.bridges(spans[:1], [])) == []
    assert list(edges.bridges([span(2, 3), span(3.1 + BRIDGE_S, 9)], [])) == []


def test_a_gap_with_a_sentence_in_it_is_not_bridged(edges: Edges) -> None:
    sentence = [
        word(t, 3 + i / 5, 3.2 + i / 5) for i, t in enumerate(["thanks", "very", "much", "now"])
    ]
    assert list(edges.bridges([span(2, 3), span(4, 5)], sentence)) == []


def test_spans_inside_each_other_leave_no_wider_gap(edges: Edges) -> None:
    spans = [span(2, 6), span(3, 4), span(6.5, 7)]
    gaps = list(edges.bridges(spans, []))
    assert span(6, 6.5) in gaps
    assert overlap(gaps, [span(7, 20)]) == 0
