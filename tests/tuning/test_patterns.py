"""What is kept of a missed number: pauses and questions, no digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import VerificationError
from hushtap.timeline import Span
from hushtap.tuning.patterns import ASKED_USUALLY_S, Pattern, describe, whole_of
from hushtap.values import Entity, Finding, TranscriptWord

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 8000


def at(start: float, end: float) -> Span:
    return Span(round(start * RATE), round(end * RATE))


def speech(*voiced: tuple[float, float], seconds: float = 30.0) -> NDArray[np.int16]:
    """Noise where somebody speaks, a whisper of a line elsewhere."""
    rng = np.random.default_rng(1)
    line = rng.normal(0, 8, round(seconds * RATE))
    for start, end in voiced:
        span = at(start, end)
        line[span.start : span.end] += rng.normal(0, 3000, len(span))
    return line.astype(np.int16)


def pattern(
    entity: Entity = Entity.CREDIT_CARD,
    muted: tuple[Finding, ...] = (),
    words: tuple[TranscriptWord, ...] = (),
) -> Pattern:
    line = speech((10.5, 12.0), (12.1, 12.5), (13.5, 14.5))
    return describe(entity, 1, at(10, 15), samples=line, at=0, muted=muted, words=words, rate=RATE)


def test_groups_are_what_was_said_in_one_breath() -> None:
    found = pattern()
    assert found.groups[0] == pytest.approx((0.0, 2.0), abs=0.03)
    assert found.groups[1] == pytest.approx((3.0, 4.0), abs=0.03)
    assert len(found.groups) == 2
    assert (found.entity, found.side) == (Entity.CREDIT_CARD, 1)


def test_a_mute_close_by_is_of_the_same_number() -> None:
    near = Finding(Entity.CREDIT_CARD, at(15.5, 18), 1, 0.9, "both")
    far = Finding(Entity.CVV, at(25, 26), 1, 0.9, "both")
    other = Finding(Entity.CREDIT_CARD, at(8, 10), 0, 0.9, "both")
    late = Finding(Entity.CREDIT_CARD, at(8, 10), 1, 0.9, "late", muted=False)
    assert whole_of(at(10, 15), 1, (near, far, other, late), RATE) == at(10, 18)
    groups = pattern(muted=(near, far, other)).groups
    assert groups[-1] == pytest.approx((5.0, 7.5), abs=0.03)


def test_when_it_was_asked_for_comes_from_the_masked_words() -> None:
    def said(channel: int, start: float, text: str) -> tuple[TranscriptWord, ...]:
        return tuple(
            TranscriptWord(channel, at(start + 0.3 * n, start + 0.3 * n + 0.2), word)
            for n, word in enumerate(text.split())
        )

    asked = said(0, 2.0, "what is your card number please")
    assert pattern(words=asked).asked == pytest.approx(10.5 - 3.2, abs=0.4)
    assert pattern(words=asked, entity=Entity.US_SSN).asked is None
    assert pattern(words=said(0, 12, "what is your card number")).asked is None
    assert pattern().asked == ASKED_USUALLY_S


def test_it_comes_back_as_it_was_stored_and_nothing_else_does() -> None:
    found = pattern()
    assert Pattern.of_json(found.as_json()) == found
    for wrong in ({}, found.as_json() | {"entity": "X"}, found.as_json() | {"groups": [1]}):
        with pytest.raises(VerificationError):
            Pattern.of_json(wrong)


def test_silence_has_a_pattern_too() -> None:
    quiet = np.zeros(20 * RATE, np.int16)
    found = describe(Entity.PIN, 0, at(3, 4), samples=quiet, at=0, muted=(), words=(), rate=RATE)
    assert found.groups == ((0.0, 1.0),)
