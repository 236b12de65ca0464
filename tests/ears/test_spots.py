"""Spots of number speech: each step judged once, and read together with the decoder's words."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hushtap.ears.spots import KEEP_STEPS, Spot, SpotTrack, fuse
from hushtap.ears.spotter import DigitTrack, SpottedWord
from hushtap.ears.windows import Window
from hushtap.timeline import Span
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import HeardBy, Word

CONTEXT = 15
NAMES = ("four", "one", "seven")


def window(first: int, last: int, *, final: bool = False) -> Window:
    audio = np.zeros((last - first) * STEP, np.float32)
    return Window(0, Span(first * STEP, last * STEP), first == 0, final, audio)


def heard(first: int, last: int, numbers: range, words: tuple[int, ...] = ()) -> DigitTrack:
    """Return what a perfect spotter makes of steps ``[first, last)``."""
    number = np.array([float(step in numbers) for step in range(first, last)], np.float32)
    named = tuple(
        SpottedWord(NAMES[i % 3], step - first, 0.9)
        for i, step in enumerate(words)
        if first <= step < last
    )
    return DigitTrack(number, named)


@given(
    st.integers(20, 60), st.integers(0, 300), st.integers(6, 200), st.booleans(), st.integers(0, 14)
)
def test_every_step_is_judged_once_whatever_the_hop(
    hop: int,
    start: int,
    length: int,
    final: bool,  # noqa: FBT001 - drawn
    offset: int,
) -> None:
    numbers = range(start, start + length)
    words = tuple(range(start + 3, start + length, 20))
    track = SpotTrack(CONTEXT, 16000)
    end = start + length + 100 + offset
    for at in range(hop, end, hop):
        first = max(0, at - 200)
        track.update(window(first, at), heard(first, at, numbers, words))
        assert track.seen_until == max(0, at - CONTEXT)
    first = max(0, end - 200)
    track.update(window(first, end, final=final), heard(first, end, numbers, words))
    assert track.seen_until == (end if final else end - CONTEXT)
    (spot,) = track.spots()
    assert (spot.first, spot.last) == (start, start + length)
    assert len(spot.words) == len(words)


def test_what_was_not_judged_yet_may_be_a_number() -> None:
    track = SpotTrack(CONTEXT, 16000)
    track.update(window(0, 100), heard(0, 100, range(0)))
    assert not track.may_be_number(80)
    assert track.may_be_number(90)
    assert not track.hears(Span(0, 85))


def test_strays_are_no_spots_and_close_ones_are_one() -> None:
    track = SpotTrack(CONTEXT, 16000)
    number = np.zeros(200, np.float32)
    number[[10, 40, 41, 42]] = 1
    number[80:100] = number[110:130] = 1
    track.update(window(0, 200, final=True), DigitTrack(number, ()))
    assert [(s.first, s.last) for s in track.spots()] == [(80, 130)]


def test_a_long_call_is_forgotten_from_its_start() -> None:
    track = SpotTrack(CONTEXT, 16000)
    for at in range(0, 2 * KEEP_STEPS, 400):
        numbers = range(at + 100, at + 150)
        track.update(window(at, at + 400, final=True), heard(at, at + 400, numbers))
    spots = track.spots()
    assert spots[-1].last == (2 * KEEP_STEPS - 1) // 400 * 400 + 150
    assert spots[-1].last - spots[0].first <= KEEP_STEPS


def test_a_long_silence_takes_no_memory_and_nothing_from_the_past() -> None:
    track = SpotTrack(CONTEXT, 16000)
    track.update(window(0, 200, final=True), heard(0, 200, range(100, 150)))
    far = 10 * KEEP_STEPS
    track.update(window(far, far + 200, final=True), heard(far, far + 200, range(far, far + 50)))
    assert [(s.first, s.last) for s in track.spots()] == [(far, far + 50)]
    assert len(track._number) == KEEP_STEPS


def word(text: str, start: float, end: float) -> Word:
    return Word(f" {text}", Span(round(start * EAR_RATE), round(end * EAR_RATE)), 0.9)


def spot(start: float, end: float, *names: str) -> Spot:
    first, last = round(start * 50), round(end * 50)
    steps = [first + (2 * i + 1) * (last - first) // (2 * len(names)) for i in range(len(names))]
    words = tuple(SpottedWord(n, s, 0.9) for n, s in zip(names, steps, strict=True))
    return Spot(first, last, 0.95, words)


def texts(words: list[Word]) -> list[str]:
    return [w.text.strip() for w in words]


def test_a_number_that_both_hear_keeps_the_words_and_takes_the_spots_edges() -> None:
    words = [word("it's", 0, 0.5), word("41", 0.6, 1.0), word("thanks", 1.6, 2.0)]
    fused = fuse(words, [spot(0.5, 1.3, "four", "one")], EAR_RATE)
    assert texts(fused) == ["it's", "41", "thanks"]
    assert fused[1].by is HeardBy.BOTH
    assert fused[1].span == Span(round(0.5 * EAR_RATE), round(1.3 * EAR_RATE))


def test_a_number_that_only_the_spotter_hears_stands_in_for_the_words() -> None:
    words = [word("it's", 0, 0.5), word("for", 0.6, 1.0), word("won", 1.0, 1.3), word("ok", 1.6, 2)]
    fused = fuse(words, [spot(0.5, 1.3, "four", "one")], EAR_RATE)
    assert texts(fused) == ["it's", "four", "one", "ok"]
    assert [w.by for w in fused[1:3]] == [HeardBy.SPOTTER] * 2
    assert fused[1].span.start == round(0.5 * EAR_RATE)
    assert fused[2].span.end == round(1.3 * EAR_RATE)


def test_digits_that_the_decoder_swallowed_are_taken_from_the_spotter() -> None:
    fused = fuse([word("4", 0.5, 2.0)], [spot(0.5, 2.0, "four", "one", "one", "one")], EAR_RATE)
    assert texts(fused) == ["four", "one", "one", "one"]


def test_spots_that_one_number_of_the_decoder_covers_are_not_read_twice() -> None:
    spots = [spot(0.5, 1.5, "eight", "oh", "five"), spot(2.0, 3.0, "two", "three", "one")]
    fused = fuse([word("805-231", 0.5, 3.0)], spots, EAR_RATE)
    assert texts(fused) == ["805-231"]


def test_number_speech_without_words_counts_by_its_length() -> None:
    fused = fuse([], [Spot(0, 80, 0.9, ())], EAR_RATE)
    assert len(fused) == 4
    assert all(w.by is HeardBy.SPOTTER for w in fused)


def test_talk_that_reaches_into_a_spot_ends_where_it_begins() -> None:
    fused = fuse([word("number", 0.0, 1.0)], [spot(0.6, 1.4, "four", "one")], EAR_RATE)
    assert fused[0].span.end == round(0.6 * EAR_RATE)


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 40)), max_size=8),
    st.lists(st.tuples(st.integers(0, 400), st.integers(6, 60)), max_size=5),
)
def test_fused_words_stay_in_order(
    said: list[tuple[int, int]], spotted: list[tuple[int, int]]
) -> None:
    words, spots, at = [], [], 0
    for gap, length in said:
        words.append(word("well", (at + gap) / 50, (at + gap + length) / 50))
        at += gap + length
    at = 0
    for gap, length in spotted:
        spots.append(spot((at + gap + 20) / 50, (at + gap + 20 + length) / 50, "four", "one"))
        at += gap + 20 + length
    fused = fuse(words, spots, EAR_RATE)
    starts = [w.span.start for w in fused]
    assert starts == sorted(starts)
    assert sum(w.by is HeardBy.SPOTTER for w in fused) == 2 * len(spots)


def test_talk_that_the_decoder_places_inside_a_number_gives_way() -> None:
    words = [word("it's", 0.2, 1.1), word("963", 1.1, 1.5), word("thanks", 1.5, 1.9)]
    fused = fuse(words, [spot(0.4, 1.8, "nine", "six", "three")], EAR_RATE)
    assert texts(fused) == ["it's", "963", "thanks"]
    assert fused[1].span == Span(round(0.4 * EAR_RATE), round(1.8 * EAR_RATE))
    assert fused[0].span.end <= fused[1].span.start
    assert fused[2].span.start >= fused[1].span.end


def test_a_named_word_is_heard_where_its_frames_are_unsure() -> None:
    track = SpotTrack(CONTEXT, 16000)
    quiet = np.zeros(200, np.float32)
    track.update(window(0, 200, final=True), DigitTrack(quiet, (SpottedWord("zero", 100, 0.8),)))
    assert track.hears(Span(90, 110))
    assert not track.hears(Span(101, 150))
    assert track.spots() == []


def test_what_is_named_is_another_list_whenever_there_is_more_and_forgets_with_the_rest() -> None:
    track = SpotTrack(CONTEXT, 8000)
    number = np.zeros(200, np.float32)
    track.update(window(0, 200, final=True), DigitTrack(number, ()))
    assert track.said == []
    words = (SpottedWord("four", 60, 0.9), SpottedWord("nine", 150, 0.9))
    track.update(
        window(200, 400, final=True), DigitTrack(number, words, (SpottedWord("card", 100, 0.9),))
    )
    said = track.said
    assert [word.text for word in said] == ["four", "card", "nine"]
    assert said[1].span.start == 300 * STEP // 2
    track.update(window(400, 600, final=True), DigitTrack(number, ()))
    assert track.said is said
    far = 3 * KEEP_STEPS
    track.update(window(far, far + 200, final=True), DigitTrack(number, ()))
    assert track.said == []
