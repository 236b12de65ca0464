from __future__ import annotations

import numpy as np
import pytest

from hushtap.ears.engine import Heard
from hushtap.ears.hearing import Hearing
from hushtap.ears.spotter import DigitTrack, SpottedWord
from hushtap.ears.windows import LIVE, OFFLINE, Activity, Window
from hushtap.timeline import Span
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import Word

SECOND = EAR_RATE // STEP


def window(first: int, last: int, *, words: bool = True, final: bool = False) -> Window:
    """Return a window over seconds ``[first, last)``."""
    span = Span(first * EAR_RATE, last * EAR_RATE)
    audio = np.zeros(len(span), np.float32)
    return Window(0, span, first == 0, final, audio, words)


def track(seconds: int, *named: float) -> DigitTrack:
    words = tuple(SpottedWord("seven", round(at * SECOND), 0.9) for at in named)
    return DigitTrack(np.zeros(seconds * SECOND, np.float32), words)


def word(text: str, start: float) -> Word:
    return Word(text, Span(round(start * EAR_RATE), round((start + 0.3) * EAR_RATE)), 0.9)


@pytest.fixture
def hearing() -> Hearing:
    activity = Activity()
    for _ in range(20 * SECOND):
        activity.append(speech=True)
    return Hearing(EAR_RATE, LIVE, activity)


def test_without_a_spotter_nobody_hears_numbers(hearing: Hearing) -> None:
    assert hearing.take(window(0, 3, final=True), Heard((word("hello", 1),), looped=False))
    assert [w.text for w in hearing.words] == ["hello"]
    assert hearing.spots is None
    assert hearing.hears() is None
    assert hearing.heard_until(armed=False) == 3 * EAR_RATE


def test_a_glance_that_brings_nothing_new_is_not_read(hearing: Hearing) -> None:
    assert hearing.take(window(0, 3), Heard((word("hello", 1),), looped=False, digits=track(3)))
    glance = window(0, 4, words=False)
    assert not hearing.take(glance, Heard((), looped=False, digits=track(4)))
    number = Heard((), looped=False, digits=track(5, 3.9))
    assert hearing.take(window(0, 5, words=False), number)
    assert [w.text for w in hearing.said] == ["seven"]


def test_talk_is_let_go_by_a_glance_but_not_where_a_number_is_expected(hearing: Hearing) -> None:
    hearing.take(window(0, 3), Heard((), looped=False, digits=track(3)))
    hearing.take(window(0, 6, words=False), Heard((), looped=False, digits=track(6)))
    glanced = 6 * EAR_RATE - LIVE.context * STEP
    assert hearing.heard_until(armed=False) == glanced
    assert hearing.heard_until(armed=True) < 3 * EAR_RATE


def test_files_wait_for_the_words() -> None:
    hearing = Hearing(EAR_RATE, OFFLINE, Activity())
    hearing.take(window(0, 3), Heard((), looped=False, digits=track(3)))
    hearing.take(window(0, 6, words=False), Heard((), looped=False, digits=track(6)))
    assert hearing.heard_until(armed=False) < 3 * EAR_RATE


def test_a_window_that_nobody_heard_counts_as_heard(hearing: Hearing) -> None:
    assert hearing.take(window(0, 3, final=True), None)
    assert hearing.heard_until(armed=True) == 3 * EAR_RATE
    assert hearing.words == []
