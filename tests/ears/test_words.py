"""Words window after window: what agrees, what stays suspect, what is never taken back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hushtap.ears.engine import Heard
from hushtap.ears.windows import Activity, Window
from hushtap.ears.words import EDGE_S, KEEP_S, WordTrack, plain
from hushtap.timeline import Span, to_samples
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import Word

RATE = EAR_RATE
EDGE = to_samples(EDGE_S, RATE)


def at(seconds: float) -> int:
    return round(seconds * RATE)


def voiced(seconds: float) -> Activity:
    activity = Activity()
    for _ in range(at(seconds) // STEP):
        activity.append(speech=True)
    return activity


class Looks:
    """A channel that is looked at again and again; times in seconds."""

    def __init__(self) -> None:
        self.track = WordTrack(RATE)
        self.activity = voiced(300)

    def look(
        self,
        start: float,
        end: float,
        *said: tuple[str, float, float],
        opening: bool = False,
        final: bool = False,
        looped: bool = False,
    ) -> WordTrack:
        window = window_of(start, end, opening=opening, final=final)
        words = tuple(
            Word(f" {text}", Span(at(first - start), at(last - start)), 0.9)
            for text, first, last in said
        )
        self.track.update(window, Heard(words, looped), self.activity)
        return self.track


def window_of(start: float, end: float, *, opening: bool = False, final: bool = False) -> Window:
    span = Span(at(start), at(end))
    return Window(0, span, opening, final, np.zeros(len(span), np.float32))


def texts(track: WordTrack, *, agreed: bool | None = None) -> list[str]:
    return [t.word.text.strip() for t in track.tracked if agreed in {None, t.agreed}]


HELLO = (("hello", 0.2, 0.6), ("there", 0.7, 1.0), ("my", 1.1, 1.3))


def test_one_look_agrees_to_nothing() -> None:
    track = Looks().look(0, 3, *HELLO, opening=True)
    assert texts(track) == ["hello", "there", "my"]
    assert texts(track, agreed=True) == []
    assert track.agreed_until == 0


def test_two_looks_agree_to_what_both_said() -> None:
    looks = Looks()
    looks.look(0, 3, *HELLO, opening=True)
    track = looks.look(0, 4, *HELLO[:2], ("dear", 1.1, 1.5), opening=True)
    assert texts(track, agreed=True) == ["hello", "there"]
    assert texts(track, agreed=False) == ["dear"]
    assert track.agreed_until == at(1.0)


def test_two_looks_that_place_a_word_far_apart_do_not_agree_to_it() -> None:
    looks = Looks()
    looks.look(0, 3, ("hello", 0.2, 0.6), opening=True)
    track = looks.look(0, 4, ("hello", 1.2, 1.6), opening=True)
    assert texts(track, agreed=True) == []


def test_a_pause_settles_every_word() -> None:
    track = Looks().look(0, 3, *HELLO, opening=True, final=True)
    assert texts(track, agreed=True) == ["hello", "there", "my"]
    assert track.agreed_until == track.seen_until == at(3)


def test_what_two_looks_share_ignores_case_and_marks() -> None:
    assert plain(" Hello,") == plain("hello") == "hello"
    assert plain(" 4-1.") == "41"


def test_a_word_at_the_edge_of_a_window_is_not_yet_seen() -> None:
    track = Looks().look(0, 3, *HELLO, ("number", 2.5, 2.95), opening=True)
    assert track.seen_until <= at(2.5)
    assert track.seen_until > at(1.3) - 1


def test_a_number_at_the_end_is_not_passed_before_it_is_over() -> None:
    digits = (("four", 1.4, 1.7), ("one", 1.8, 2.1), ("one", 2.2, 2.5))
    track = Looks().look(0, 3, *HELLO, *digits, opening=True)
    assert track.seen_until <= at(1.4)


def test_words_before_a_window_stay_as_they_were() -> None:
    looks = Looks()
    looks.look(0, 3, *HELLO, opening=True)
    track = looks.look(2, 6, ("number", 3, 3.4), ("is", 3.5, 3.7))
    assert texts(track) == ["hello", "there", "my", "number", "is"]


def test_a_half_word_at_the_start_of_a_window_does_not_replace_the_whole_one() -> None:
    looks = Looks()
    looks.look(0, 3, ("hello", 0.2, 0.6), ("account", 1.8, 2.3), opening=True)
    track = looks.look(2, 6, ("count", 2.0, 2.3), ("please", 3, 3.4))
    assert texts(track) == ["hello", "account", "please"]


def test_a_number_that_a_later_look_misses_stays_a_suspect() -> None:
    looks = Looks()
    looks.look(0, 3, ("four", 1.0, 1.3), ("two", 1.4, 1.7), opening=True)
    track = looks.look(0, 4, ("for", 1.0, 1.3), ("a", 1.4, 1.5), ("while", 1.5, 1.9), opening=True)
    assert {s.source for s in track.suspects} == {"words"}
    assert any(s.span.overlaps(Span(at(1.0), at(1.7))) for s in track.suspects)


def test_a_number_that_is_heard_again_is_no_suspect() -> None:
    looks = Looks()
    looks.look(0, 3, ("four", 1.0, 1.3), ("two", 1.4, 1.7), opening=True)
    track = looks.look(0, 4, ("4", 1.1, 1.3), ("2", 1.4, 1.7), opening=True, final=True)
    assert track.suspects == []


def test_a_word_that_a_later_look_misses_is_no_suspect() -> None:
    looks = Looks()
    looks.look(0, 3, *HELLO, opening=True)
    assert looks.look(0, 4, opening=True, final=True).suspects == []


def test_a_loop_is_a_suspect_and_counts_for_more_where_it_said_digits() -> None:
    said_digits = Looks().look(1, 4, ("one", 1.5, 1.8), opening=True, looped=True)
    said_none = Looks().look(1, 4, ("ha", 1.5, 1.8), opening=True, looped=True)
    (digits,), (none,) = said_digits.suspects, said_none.suspects
    assert none.span == Span(at(1), at(4))
    assert digits.span.intersect(Span(at(1.5), at(4))) == Span(at(1.5), at(4))
    assert digits.source == none.source == "loop"
    assert digits.digits > none.digits


def test_a_window_that_nobody_heard_is_waited_for_no_longer() -> None:
    looks = Looks()
    looks.track.skip(window_of(0, 3))
    assert looks.track.seen_until == looks.track.agreed_until == at(3)
    looks.track.skip(window_of(0, 2))
    assert looks.track.seen_until == at(3)


def test_a_word_ends_where_its_voice_does() -> None:
    looks = Looks()
    looks.activity = Activity()
    for step in range(200):
        looks.activity.append(25 <= step < 50)
    (word,) = looks.look(0, 4, ("hello", 0.2, 3.0), opening=True, final=True).words
    assert word.span == Span(at(0.5), at(1.0))


def test_old_words_are_forgotten() -> None:
    looks = Looks()
    looks.look(0, 3, *HELLO, opening=True, final=True)
    track = looks.look(KEEP_S + 10, KEEP_S + 13, ("bye", KEEP_S + 11, KEEP_S + 12), final=True)
    assert texts(track) == ["bye"]


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["four", "one", "hello", "for", "please", "9,"]),
        st.floats(0, 3.5),
        st.floats(0.05, 0.6),
    ),
    max_size=6,
)


@given(st.lists(st.tuples(WORDS, st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_marks_never_go_back_and_never_pass_what_was_heard(
    heard: list[tuple[list[tuple[str, float, float]], bool, bool]],
) -> None:
    looks, opening, begin, end = Looks(), True, 0.0, 2.0
    marks = [(0, 0)]
    for words, final, looped in heard:
        start = max(begin, end - 4)
        said = [
            (text, start + first, min(end, start + first + length))
            for text, first, length in sorted(words, key=lambda w: w[1])
            if start + first + 0.02 < end
        ]
        track = looks.look(
            start, end, *said, opening=opening and start == begin, final=final, looped=looped
        )
        marks.append((track.seen_until, track.agreed_until))
        assert max(marks[-1]) <= at(end) - (0 if final else EDGE)
        spans = [w.span.start for w in track.words]
        assert len(track.tracked) == len(track.words) == len(spans)
        if final:
            begin = end + 0.4
        end += 1.4
    assert [s for s, _ in marks] == sorted(s for s, _ in marks)
    assert [a for _, a in marks] == sorted(a for _, a in marks)
