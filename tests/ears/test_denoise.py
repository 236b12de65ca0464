from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from hushtap.ears.denoise import Denoiser
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import Samples

if TYPE_CHECKING:
    from pathlib import Path

SPOKEN = slice(4 * EAR_RATE, 8 * EAR_RATE)
"""Where the caller of the line below speaks."""


@pytest.fixture(scope="module")
def line(samples: Path) -> Samples:
    """Four seconds of nothing, four of a caller, two of nothing, on the ears' clock."""
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="float32")
    voice = np.rint(soxr.resample(audio[13 * rate : 17 * rate, 1], rate, EAR_RATE) * 32_768)
    return np.pad(voice, (4 * EAR_RATE, 2 * EAR_RATE)).astype(np.int16)


def noisy(line: Samples, below_db: float) -> Samples:
    """The line in white noise, so far below the voice."""
    loud = level(line[SPOKEN])
    noise = np.random.default_rng(3).standard_normal(len(line))
    return (line + noise * 32_768 * 10 ** ((loud - below_db) / 20)).astype(np.int16)


def denoised(audio: Samples) -> Samples:
    denoiser = Denoiser()
    return np.concatenate([denoiser.step(step) for step in audio.reshape(-1, STEP)])


def level(audio: Samples) -> float:
    """In dB full scale."""
    power = np.mean(np.square(audio, dtype=np.float64)) / 32_768**2
    return float(10 * np.log10(power + 1e-12))


@pytest.mark.parametrize("below_db", [10, 20])
def test_steady_noise_is_lowered(line: Samples, below_db: float) -> None:
    audio = noisy(line, below_db)
    before, after = audio[2 * EAR_RATE : 4 * EAR_RATE], denoised(audio)[2 * EAR_RATE : 4 * EAR_RATE]
    assert level(after) < level(before) - 8


@pytest.mark.parametrize("down_db", [0, 20])
def test_a_voice_on_a_quiet_line_keeps_its_level(line: Samples, down_db: float) -> None:
    audio = (line * 10 ** (-down_db / 20)).astype(np.int16)
    assert level(denoised(audio)[SPOKEN]) == pytest.approx(level(audio[SPOKEN]), abs=2)


def test_a_voice_in_noise_is_not_taken_for_noise(line: Samples) -> None:
    clean = denoised(noisy(line, 10))[SPOKEN].astype(np.float64)
    voice = line[SPOKEN].astype(np.float64)
    delay = 95
    likeness = np.corrcoef(clean[delay:], voice[:-delay])[0, 1]
    assert likeness > np.corrcoef(noisy(line, 10)[SPOKEN], voice)[0, 1] - 0.02


def test_it_is_late_by_less_than_half_a_step(line: Samples) -> None:
    voice = line[SPOKEN].astype(np.float64)
    clean = denoised(line)[SPOKEN].astype(np.float64)
    delays = range(2 * STEP)
    best = max(delays, key=lambda n: float(np.dot(clean[n:], voice[: len(voice) - n])))
    assert best < STEP // 2


def test_the_same_steps_come_out_the_same_twice(line: Samples) -> None:
    audio = noisy(line, 10)
    assert np.array_equal(denoised(audio), denoised(audio))


def test_two_channels_do_not_share_a_memory(line: Samples) -> None:
    audio, other = noisy(line, 10).reshape(-1, STEP), Denoiser()
    mine = Denoiser()
    got = []
    for step in audio:
        got.append(mine.step(step))
        other.step(np.full(STEP, 9_000, np.int16))
    assert np.array_equal(np.concatenate(got), denoised(audio.reshape(-1)))


def test_the_samples_given_stay_as_they_are(line: Samples) -> None:
    audio = noisy(line, 10)
    before = audio.copy()
    denoised(audio)
    assert np.array_equal(audio, before)
