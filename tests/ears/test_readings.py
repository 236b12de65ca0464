"""Noise on a quiet line is not read as words; whatever may be speech is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from hushtap.resources import folder
from hushtap.vad import EAR_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine

DB_DOWN = -67


def noise(seconds: float, level_db: float) -> NDArray[np.float32]:
    """Hiss of a line with nobody on it."""
    hiss = np.random.default_rng(7).standard_normal(int(seconds * EAR_RATE))
    return (10 ** (level_db / 20) * hiss).astype(np.float32)


@pytest.fixture(scope="module")
def sentence() -> NDArray[np.float32]:
    """A caller's sentence without a number or anything that asks for one."""
    audio, rate = soundfile.read(folder("samples") / "sample_ssn.wav", dtype="float32")
    return np.asarray(soxr.resample(audio[int(4.0 * rate) : int(5.8 * rate), 1], rate, EAR_RATE))


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.5, 6.0])
def test_the_noise_of_a_line_makes_no_words(engine: Engine, seconds: float) -> None:
    (heard,) = engine.listen([noise(seconds, DB_DOWN)])
    assert heard.digits is not None
    assert not heard.words


def test_noise_beside_speech_changes_nothing_of_it(
    engine: Engine, sentence: NDArray[np.float32]
) -> None:
    (alone,) = engine.listen([sentence])
    hiss, beside, silence = engine.listen(
        [noise(1.0, DB_DOWN), sentence, np.zeros(EAR_RATE, np.float32)]
    )
    assert beside.words == alone.words
    assert alone.words
    assert not hiss.words
    assert not silence.words


@pytest.mark.parametrize("down_db", [20, 30, 40])
def test_a_caller_who_is_hardly_there_is_read(
    engine: Engine, sentence: NDArray[np.float32], down_db: int
) -> None:
    (heard,) = engine.listen([sentence * np.float32(10 ** (-down_db / 20))])
    assert len(heard.words) >= 3
