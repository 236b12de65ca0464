from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.numbers.spoken import find_runs
from hushtap.pii.normalise import Normalised, normalise
from hushtap.timeline import Span
from hushtap.values import Word

RATE = 8_000


def words_of(said: str, gap: int = 0) -> list[Word]:
    return [
        Word(" " + text, Span(at * (1_600 + gap), at * (1_600 + gap) + 1_600))
        for at, text in enumerate(said.split())
    ]


def text_of(said: str, gap: int = 0) -> Normalised:
    words = words_of(said, gap)
    return normalise(words, find_runs(words, rate=RATE))


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("My card is 4-1-1-1, one one one one, thanks!", "my card is 4111 1111 thanks"),
        ("4111 um 1111", "4111 1111"),
        ("Expires September, twenty twenty-seven.", "expires september 20 27"),
        ("the fifth of May 1980", "the 5 may 1980"),
        ("double five | and so", "55 and so"),
        ("4112, sorry, 4111", "4111"),
        ("John @ example.com?", "john @ example.com"),
        ("", ""),
    ],
    ids=[f"case{i}" for i in range(8)],
)
def test_text_is_lower_case_with_grouped_digits(said: str, text: str) -> None:
    assert text_of(said.replace("| ", "")).text == text


def test_runs_that_silence_parts_stay_apart() -> None:
    assert text_of("4111 1111", gap=20_000).text == "4111, 1111"


def test_every_character_knows_its_word() -> None:
    found = text_of("My card, is double five one")
    assert found.text == "my card is 551"
    assert found.owners == (0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 3, 4, 5)
    assert found.words(11, 12) == (3, 5)
    assert found.words(0, 7) == (0, 1)


def test_what_a_correction_withdrew_is_inside() -> None:
    found = text_of("card 4112, sorry, 4111 thanks")
    assert found.words(5, 9) == (1, 3)


def test_an_empty_range_has_no_words() -> None:
    found = text_of("my card")
    for start, end in ((2, 2), (-1, 2), (0, 99)):
        with pytest.raises(ValueError, match="no words behind"):
            found.words(start, end)


def test_the_repr_shows_no_text() -> None:
    assert "card" not in repr(text_of("my card is 4111"))
    assert "4111" not in repr(text_of("my card is 4111"))


@settings(deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                ["4-1", "may", "september", "two", "oh", "uh", "sorry", "my", "20,000"]
            ),
            st.text(max_size=8),
        ),
        max_size=20,
    ),
    st.integers(0, 12_000),
)
def test_owners_match_the_text_and_no_digit_is_lost(texts: list[str], gap: int) -> None:
    words = [
        Word(text, Span(at * (800 + gap), at * (800 + gap) + 800)) for at, text in enumerate(texts)
    ]
    runs = find_runs(words, rate=RATE)
    found = normalise(words, runs)
    assert len(found.owners) == len(found.text)
    assert list(found.owners) == sorted(found.owners)
    for run in runs:
        own = "".join(
            char
            for char, owner in zip(found.text, found.owners, strict=True)
            if run.first <= owner <= run.last and char.isdecimal()
        )
        assert own == run.digits
