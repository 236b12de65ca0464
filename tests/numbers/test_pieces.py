from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conversation import RATE, say
from hushtap.ears.words import Suspect
from hushtap.numbers.pieces import Piece, find_pieces, find_unclear
from hushtap.timeline import Span

if TYPE_CHECKING:
    from hushtap.values import Word

GAP_S = 1.2


def pieces(text: str) -> tuple[list[Piece], list[Piece]]:
    return find_pieces(say(text), [], 0, RATE, GAP_S)


def test_a_run_is_one_piece_from_its_first_word_to_its_last() -> None:
    words = say("it is four one one | one two please", at=1.0)
    strict, lenient = find_pieces(words, [], 1, RATE, GAP_S)
    (piece,) = strict
    assert piece.span == Span(words[2].span.start, words[6].span.end)
    assert (piece.channel, piece.first, piece.last, len(piece.digits)) == (1, 2, 6, 5)
    assert [p.span for p in lenient] == [piece.span]
    assert all(p.lenient for p in lenient)
    assert not piece.lenient


def test_a_long_silence_parts_two_pieces() -> None:
    strict, _ = pieces("four one | | | two two")
    assert [len(p.digits) for p in strict] == [2, 2]


def test_words_that_may_be_misheard_digits_are_within_reach() -> None:
    (strict,), _ = pieces("nine for one to eight")
    words = say("nine for one to eight")
    assert strict.reach == Span(words[0].span.start, words[-1].span.end)
    assert strict.span.intersect(strict.reach) == strict.span


def test_suspects_are_lenient_pieces_in_order_of_time() -> None:
    suspects = [Suspect(Span(0, 800), 16, "loop"), Suspect(Span(90_000, 91_000), 2, "words")]
    strict, lenient = find_pieces(say("four two", at=2), suspects, 0, RATE, GAP_S)
    assert len(strict) == 1
    assert [(p.source, len(p.digits)) for p in lenient] == [
        ("loop", 16),
        ("words", 2),
        ("words", 2),
    ]
    assert all(p.lenient for p in lenient)


@pytest.mark.parametrize(
    "text",
    ["forty two dollars", "twenty percent", "three thirty pm", "ten minutes"],
    ids=["price", "share", "clock", "duration"],
)
def test_what_counts_or_prices_is_harmless(text: str) -> None:
    strict, _ = pieces(text)
    assert strict
    assert all(p.harmless for p in strict)


def test_bare_digits_are_not_harmless() -> None:
    (piece,), _ = pieces("four one one two")
    assert not piece.harmless


def test_a_number_word_inside_a_sentence_is_an_aside() -> None:
    (inside,), _ = pieces("we bought three shirts there")
    (alone,), _ = pieces("| three |")
    assert inside.aside
    assert not alone.aside


def test_the_tail_is_where_the_last_four_digits_were_said() -> None:
    words = say("five four two five | nine nine zero three")
    (piece,), _ = find_pieces(words, [], 0, RATE, GAP_S)
    assert piece.tail == Span(words[4].span.start, words[7].span.end)
    (short,), _ = pieces("nine nine zero")
    assert short.tail is None


def test_a_word_that_says_more_than_the_last_four_digits_has_no_tail() -> None:
    (piece,), _ = pieces("5425233430109903")
    assert piece.tail is None


def test_sure_and_varied_talk_is_clear() -> None:
    assert find_unclear(say("thank you very much for calling us"), 0, RATE) == []


def test_talk_that_the_recogniser_doubts_is_unclear() -> None:
    words = say("thank you very much for calling us", probability=0.2)
    (doubt,) = find_unclear(words, 0, RATE)
    assert doubt.source == "unclear"
    assert doubt.span == Span(words[0].span.start, words[-1].span.end)
    assert not doubt.repeats


def test_the_same_words_again_and_again_stand_for_digits() -> None:
    (doubt,) = find_unclear(say("ha ha ha ha ha ha"), 0, RATE)
    assert doubt.repeats


def test_no_repr_shows_digits() -> None:
    (piece,), _ = pieces("5425233430109903")
    assert piece.digits not in repr(piece)
    assert len(piece.digits) == 16


@pytest.mark.parametrize(
    ("text", "amid"),
    [
        ("the code is seven three nine thank you", False),
        ("we have lived here since about two hundred people came", True),
        ("okay one two three now it is all green", True),
        ("we have lived in that old house | | seven three nine", False),
    ],
)
def test_a_number_inside_a_sentence_about_something_else(text: str, *, amid: bool) -> None:
    (strict,), _ = pieces(text)
    assert strict.amid == amid


def unsure(text: str, at: float, probability: float) -> list[Word]:
    return [replace(word, probability=probability) for word in say(text, at)]


def test_what_was_not_understood_is_looked_at_apart_from_the_sentence_before() -> None:
    sure = say("i thought it would take a week and the security code is", 1.0)
    murmur = unsure("the executive store", sure[-1].span.end / RATE + 0.05, 0.12)
    assert find_unclear(sure, 0, RATE) == []
    (found,) = find_unclear([*sure, *murmur], 0, RATE)
    assert found.span == Span(murmur[0].span.start, murmur[-1].span.end)


@pytest.mark.parametrize(("probability", "faint"), [(0.2, True), (0.5, False)])
def test_a_word_that_nobody_understood_is_faint(probability: float, *, faint: bool) -> None:
    (found,) = find_unclear(unsure("section", 1.0, probability), 0, RATE)
    assert found.faint == faint


def test_a_recogniser_that_goes_round_in_circles_says_no_sentence_anywhere() -> None:
    # What it made of "zero zero zero zero" in the sample call with a read-back.
    text = "you don't see no you don't see"
    sure = (0.08, 0.68, 0.77, 0.38, 0.92, 0.99, 0.97)
    words = [replace(word, probability=one) for word, one in zip(say(text), sure, strict=True)]
    (found,) = find_unclear(words, 0, RATE)
    assert found.span == Span(words[0].span.start, words[-1].span.end)
