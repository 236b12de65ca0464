"""A pattern read again: its pauses, its question, an invented number, a truth that fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hushtap.errors import UsageError
from hushtap.evaluate.truth import truth_of
from hushtap.tuning.patterns import Pattern
from hushtap.tuning.rereading import DIGITS, QUESTIONS, RATE, invented, read_again
from hushtap.values import Entity

Say = Callable[[str, float], NDArray[np.float32]]
Call = tuple[NDArray[np.int16], list[dict[str, Any]], list[str]]


def speaker(said: list[str]) -> Say:
    """A voice that takes a quarter of a second for each word, and notes what it said."""

    def say(text: str, speed: float) -> NDArray[np.float32]:
        said.append(text)
        length = round(len(text.split()) * 0.25 / speed * RATE)
        return np.sin(np.arange(length) / 3).astype(np.float32)

    return say


def read(pattern: Pattern, seed: int = 1) -> Call:
    said: list[str] = []
    samples, truth = read_again(pattern, seed, speaker(said))
    assert truth_of(truth).channels == 2
    return samples, truth["spans"], said


def test_pauses_and_lengths_are_those_of_the_pattern() -> None:
    groups = ((0.0, 1.2), (2.0, 3.0), (5.5, 6.8), (7.6, 8.6))
    samples, spans, _ = read(Pattern(Entity.CREDIT_CARD, 1, groups, 2.0))
    first = spans[0]["start"]
    starts = [span["start"] - first for span in spans]
    assert starts == pytest.approx([start for start, _ in groups], abs=0.4)
    assert sum(len(span["text"]) for span in spans) == 16
    loud = np.abs(samples[:, 1].astype(int)) > 300
    for span in spans:
        begin, end = (round(span[key] * RATE) for key in ("start", "end"))
        assert loud[begin:end].mean() > 0.5
        assert not loud[begin - 800 : begin - 100].any()


@pytest.mark.parametrize("asked", [0.5, 9.0, 100.0])
def test_it_is_asked_for_as_long_before(asked: float) -> None:
    samples, spans, said = read(Pattern(Entity.CVV, 1, ((0.0, 1.0),), asked))
    assert QUESTIONS[Entity.CVV] in said
    question = 0.5 + (len(said[0].split()) + len(QUESTIONS[Entity.CVV].split())) * 0.25 + 0.8
    assert spans[0]["start"] == pytest.approx(question + asked, abs=0.1)
    assert len(samples) > (question + asked) * RATE


def test_what_nobody_asked_for_is_not_asked_for() -> None:
    said = read(Pattern(Entity.CVV, 0, ((0.0, 1.0),), None))[2]
    assert not set(said) & set(QUESTIONS.values())


def test_the_same_seed_gives_the_same_call_and_another_another_number() -> None:
    pattern = Pattern(Entity.US_SSN, 1, ((0.0, 2.0), (2.5, 4.0)), 1.0)
    first, again, other = (read(pattern, seed) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert first[1][0]["text"] != other[1][0]["text"]


@pytest.mark.parametrize("entity", DIGITS)
def test_invented_numbers_have_their_shape(entity: Entity) -> None:
    for seed in range(20):
        digits = invented(entity, np.random.default_rng(seed))
        assert (len(digits), digits.isdecimal()) == (DIGITS[entity], True)
        if entity is Entity.US_SSN:
            assert digits[0] == "9"
        if entity is Entity.CREDIT_CARD:
            turned = [int(digit) for digit in reversed(digits)]
            total = sum(turned[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in turned[1::2])
            assert total % 10 == 0


def test_more_breaths_than_digits_are_joined() -> None:
    groups = tuple((float(n), n + 0.4) for n in range(8))
    spans = read(Pattern(Entity.PIN, 1, groups, 1.0))[1]
    assert [len(span["text"]) for span in spans] == [1, 1, 1, 1]


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(UsageError, match="EMAIL"):
        read(Pattern(Entity.EMAIL, 1, ((0.0, 1.0),), 1.0))
