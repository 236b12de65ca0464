from __future__ import annotations

import pytest

from evaluate.calls import muted, span, truth, voice
from hushtap.evaluate import score


@pytest.mark.parametrize(
    ("open_until", "leaked"), [(2.0, 0), (2.4, 0), (2.52, 1), (3.2, 1), (3.6, 2), (6.0, 4)]
)
def test_a_digit_leaks_where_half_of_it_is_audible(open_until: float, leaked: int) -> None:
    audio = voice(8)
    result = score(audio, muted(audio, (open_until, 6.1)), truth(span(2, 6, digits=4)))
    assert result.spans[0].leaked == leaked
    [number] = result.numbers()
    assert (number.digits, number.leaked) == (4, leaked)


def test_the_times_of_words_are_better_than_even_shares() -> None:
    audio = voice(8)
    words = ((2.0, 2.2), (2.2, 2.4), (2.4, 4.0), (4.0, 6.0))
    copy = muted(audio, (2.5, 6.1))
    assert score(audio, copy, truth(span(2, 6, digits=4, words=words))).spans[0].leaked == 2
    assert score(audio, copy, truth(span(2, 6, digits=4))).spans[0].leaked == 1


def test_words_of_several_digits_leak_all_of_them() -> None:
    audio = voice(8)
    pairs = truth(span(2, 6, digits=4, words=((2.0, 4.0), (4.0, 6.0))))
    assert score(audio, muted(audio, (4, 6)), pairs).spans[0].leaked == 2
    spelled = truth(span(2, 6, digits=1, words=((2.0, 4.0), (4.0, 6.0))))
    assert score(audio, muted(audio, (4, 6)), spelled).spans[0].leaked == 1


def test_digits_that_the_truth_does_not_tell_are_not_guessed() -> None:
    audio = voice(8)
    [number] = score(audio, audio, truth(span(2, 4, digits=3), span(4, 6))).numbers()
    assert number.digits == 0


@pytest.mark.parametrize("late", [-0.3, -0.05, 0.0, 0.12])
@pytest.mark.parametrize("early", [-0.25, 0.0, 0.2])
def test_edges_are_above_zero_where_speech_sticks_out(late: float, early: float) -> None:
    audio = voice(8)
    result = score(audio, muted(audio, (2 + late, 4 - early)), truth(span(2, 4)))
    [scored] = result.spans
    assert scored.onset == pytest.approx(late, abs=0.011)
    assert scored.offset == pytest.approx(early, abs=0.011)


def test_a_mute_over_two_groups_has_two_edges_not_four() -> None:
    audio = voice(10)
    groups = truth(span(2, 3), span(4, 5))
    first, second = score(audio, muted(audio, (1.9, 5.2)), groups).spans
    assert (first.offset, second.onset) == (None, None)
    assert first.onset == pytest.approx(-0.1, abs=0.011)
    assert second.offset == pytest.approx(-0.2, abs=0.011)


def test_what_is_mostly_audible_has_no_edges() -> None:
    audio = voice(8)
    [scored] = score(audio, muted(audio, (2, 2.5)), truth(span(2, 4))).spans
    assert (scored.onset, scored.offset) == (None, None)


def test_false_mutes_are_told_where_they_are() -> None:
    audio = voice(8)
    [stretch] = score(audio, muted(audio, (2, 4), (5, 6)), truth(span(2, 4))).false_stretches
    assert (stretch.channel, stretch.start) == (0, 5.0)
    assert stretch.end == pytest.approx(6.0, abs=0.011)
