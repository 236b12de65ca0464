from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from hushtap.vad import EAR_RATE, STEP, WebRtcDetector
from hushtap.values import Samples

if TYPE_CHECKING:
    from pathlib import Path

RNG_SEED = 7


@pytest.fixture(scope="module")
def voice(samples: Path) -> Samples:
    """Four seconds of a caller, on the ears' clock."""
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    caller = audio[13 * rate : 17 * rate, 1]
    return np.asarray(soxr.resample(caller, rate, EAR_RATE), np.int16)


def steps(audio: Samples) -> list[Samples]:
    return [audio[at : at + STEP] for at in range(0, len(audio) - STEP + 1, STEP)]


def judged(audio: Samples) -> list[bool]:
    detector = WebRtcDetector()
    return [detector.is_speech(step) for step in steps(audio)]


def hiss(seconds: float, amplitude: float) -> Samples:
    rng = np.random.default_rng(RNG_SEED)
    return (rng.standard_normal(int(seconds * EAR_RATE)) * amplitude).astype(np.int16)


@pytest.mark.parametrize("value", [0, 1, -32_768, 32_767], ids=["zero", "tiny", "low", "high"])
def test_a_constant_is_no_speech_for_long(value: int) -> None:
    assert not any(judged(np.full(EAR_RATE * 2, value, np.int16))[50:])


def test_steady_noise_between_sentences_is_not_speech(voice: Samples) -> None:
    line = np.concatenate((voice, np.zeros(4 * EAR_RATE, np.int16)))
    line += hiss(len(line) / EAR_RATE, 40)
    speech = judged(line)
    assert sum(speech[:200]) > 50
    assert not any(speech[-100:])


@pytest.mark.parametrize("down_db", [0, 10, 20, 30])
def test_a_quiet_caller_is_heard_as_a_loud_one(voice: Samples, down_db: int) -> None:
    loud = judged(voice)
    quiet = judged((voice * 10 ** (-down_db / 20)).astype(np.int16))
    assert sum(loud) > 50
    missed = sum(was and not now for was, now in zip(loud, quiet, strict=True))
    assert missed <= 0.1 * sum(loud)


def test_the_same_steps_are_judged_the_same_twice(voice: Samples) -> None:
    assert judged(voice) == judged(voice.copy())


def test_judging_does_not_change_the_samples(voice: Samples) -> None:
    before = voice.copy()
    judged(voice)
    assert np.array_equal(before, voice)
