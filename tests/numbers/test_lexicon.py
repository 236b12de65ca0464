from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.numbers.lexicon import PHRASES, Kind, fold, tokens


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (" four", [Kind.DIGIT]),
        (" Forty-one,", [Kind.TENS, Kind.MARK, Kind.DIGIT, Kind.MARK]),
        (" 4th", [Kind.NUMERAL, Kind.SUFFIX]),
        (" 0s", [Kind.PLURAL]),
        (" 1980s", [Kind.NUMERAL, Kind.OTHER]),
        (" $20", [Kind.MARK, Kind.NUMERAL]),
        (" O'Clock", [Kind.OTHER]),
        (" I\u2019m", [Kind.OTHER]),
        (" fortyone", [Kind.TENS, Kind.DIGIT]),
        (" five's", [Kind.PLURAL]),
        (" often", [Kind.OTHER]),
        (" someone", [Kind.OTHER]),
        (" mm-hmm", [Kind.FILLER, Kind.MARK, Kind.FILLER]),
        (" Sept.", [Kind.MONTH, Kind.MARK]),
        ("", []),
    ],
    ids=[f"case{i}" for i in range(15)],
)
def test_words_are_cut_into_kinds(text: str, kinds: list[Kind]) -> None:
    assert [token.kind for token in tokens(text)] == kinds


@settings(deadline=None, derandomize=True)
@given(st.text())
def test_any_text_is_cut_and_every_numeral_kept(text: str) -> None:
    cut = tokens(text)
    numerals = [char for char in fold(text) if char.isdecimal()]
    kept = [char for token in cut for char in token.text if char.isdecimal()]
    assert kept == numerals
    said = "".join(token.digits for token in cut if token.text.isdecimal())
    assert len(said) == len(numerals)
    assert said.isascii()


def test_tokens_hide_what_they_hold() -> None:
    (token,) = tokens("seven")
    assert "seven" not in repr(token)
    assert "7" not in repr(token)


def test_phrases_are_written_as_tokens_are() -> None:
    for phrase in PHRASES:
        for word in phrase:
            assert [token.text for token in tokens(word)] == [word]
