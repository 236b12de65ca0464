from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hushtap.ears.engine import Heard
from hushtap.ears.windows import Window
from hushtap.ears.words import Tracked
from hushtap.numbers.pieces import Piece
from hushtap.numbers.spoken import NumberRun
from hushtap.timeline import Span
from hushtap.values import (
    MAX_RATE,
    MIN_RATE,
    AudioFormat,
    Entity,
    Finding,
    Mute,
    PcmChunk,
    Plan,
    RedactedChunk,
    TranscriptWord,
    Word,
)

CANARY = "zyzzyva"
SECRET_SAMPLE = 31_337


@pytest.mark.parametrize("rate", [MIN_RATE - 1, MAX_RATE + 1, 0, -MIN_RATE])
def test_rates_that_the_ears_were_not_built_for_are_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="sample rate"):
        AudioFormat(rate, 1)


@pytest.mark.parametrize("channels", [0, 3, -1])
def test_one_or_two_channels(channels: int) -> None:
    with pytest.raises(ValueError, match="channels"):
        AudioFormat(MIN_RATE, channels)


@pytest.mark.parametrize("rate", [MIN_RATE, MAX_RATE])
@pytest.mark.parametrize("channels", [1, 2])
def test_the_limits_themselves_are_accepted(rate: int, channels: int) -> None:
    assert AudioFormat(rate, channels).channels == channels


@pytest.mark.parametrize("made", [PcmChunk, RedactedChunk])
def test_a_chunk_holds_as_many_samples_as_its_span(
    made: type[PcmChunk | RedactedChunk],
) -> None:
    samples = np.zeros(10, np.int16)
    assert len(made(0, Span(5, 15), samples).samples) == 10
    for span in (Span(5, 14), Span(5, 16), Span(0, 0)):
        with pytest.raises(ValueError, match="int16 samples"):
            made(0, span, samples)
    with pytest.raises(ValueError, match="int16 samples"):
        made(0, Span(0, 10), samples.astype(np.float32))
    with pytest.raises(ValueError, match="int16 samples"):
        made(0, Span(0, 10), samples.reshape(10, 1))


def test_no_repr_shows_what_was_said() -> None:
    word = Word(CANARY, Span(0, 8))
    audio = np.full(8, SECRET_SAMPLE, np.int16)
    shown = [
        word,
        Tracked(word, agreed=True),
        Heard((word,), looped=False),
        TranscriptWord(0, Span(0, 8), CANARY),
        PcmChunk(0, Span(0, 8), audio),
        RedactedChunk(0, Span(0, 8), audio),
        Window(0, Span(0, 8), opening=True, final=True, audio=audio.astype(np.float32)),
        Piece(0, Span(0, 8), Span(0, 8), str(SECRET_SAMPLE), (5,)),
        NumberRun(0, 0, str(SECRET_SAMPLE), (0,) * 5, (5,)),
    ]
    for value in shown:
        assert CANARY not in repr(value)
        assert str(SECRET_SAMPLE) not in repr(value)
    # The control: the same search finds a canary where one is shown.
    assert CANARY in repr(word.text)
    assert str(SECRET_SAMPLE) in repr(audio)


def test_findings_mutes_and_plans_have_no_place_for_text() -> None:
    texts = {
        field.name
        for made in (Finding, Mute, Plan)
        for field in dataclasses.fields(made)
        if field.type == "str"
    }
    assert texts == {"source"}


def test_values_are_frozen() -> None:
    finding = Finding(Entity.CVV, Span(0, 1), 0, 1.0, "words")
    with pytest.raises(dataclasses.FrozenInstanceError):
        finding.muted = False  # type: ignore[misc]
