from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.taps.rtp.counts import Counts
from hushtap.taps.rtp.tones import HIGH_HZ, LOW_HZ, ToneMask
from hushtap.timeline import Span
from hushtap.values import Samples

if TYPE_CHECKING:
    from pathlib import Path


def masked(samples: Samples, rate: int, size: int) -> tuple[Samples, Counts]:
    counts = Counts()
    mask = ToneMask(rate, counts)
    pieces = [mask.feed(samples[at : at + size]) for at in range(0, len(samples), size)]
    held = len(samples) - sum(map(len, pieces))
    assert held <= mask.delay
    return np.concatenate([*pieces, mask.finish()]), counts


def keys(rate: int, length: float, *, detuned: float = 1.0, level: float = 4_000) -> Samples:
    """All sixteen keys over faint noise, one every 0.2 s."""
    random = np.random.default_rng(1)
    audio = random.normal(0, level * 0.02, round(rate * 3.4))
    at = np.arange(round(length * rate)) / rate
    for i, (low, high) in enumerate((low, high) for low in LOW_HZ for high in HIGH_HZ):
        start = round((0.1 + 0.2 * i) * rate) + 13 * i
        tone = np.sin(2 * np.pi * low * detuned * at)
        tone += 0.7 * np.sin(2 * np.pi * high * detuned * at + 1)
        audio[start : start + len(at)] += level * tone
    return np.rint(audio).astype(np.int16)


@pytest.mark.parametrize("rate", [8_000, 16_000])
@pytest.mark.parametrize("length", [0.04, 0.1])
@pytest.mark.parametrize("detuned", [0.985, 1.0, 1.015])
@pytest.mark.parametrize("level", [400, 12_000])
def test_every_key_is_silence_from_end_to_end(
    rate: int, length: float, detuned: float, level: float
) -> None:
    audio = keys(rate, length, detuned=detuned, level=level)
    got, counts = masked(audio, rate, rate // 50)
    assert counts.tones == 16
    for i in range(16):
        start = round((0.1 + 0.2 * i) * rate) + 13 * i
        assert not got[start : start + round(length * rate)].any()
    # And no more than a twentieth of a second around each.
    kept = got == audio
    assert kept.mean() > 1 - 16 * (length + 0.1) / 3.4


@pytest.mark.parametrize("size", [1, 77, 160, 1_000, 100_000])
def test_what_is_masked_does_not_depend_on_the_pieces(size: int) -> None:
    audio = keys(8_000, 0.08)[:6_000]
    truth, _ = masked(audio, 8_000, 160)
    got, _ = masked(audio, 8_000, size)
    np.testing.assert_array_equal(got, truth)


def test_speech_is_left_alone(samples: Path) -> None:
    for path in sorted(samples.glob("*.wav")):
        audio, rate = soundfile.read(path, dtype="int16", always_2d=True)
        for channel in audio.T:
            got, counts = masked(np.ascontiguousarray(channel), rate, 8_000)
            assert counts.tones == 0
            np.testing.assert_array_equal(got, channel)


@pytest.mark.parametrize("hertz", [[770], [1_336], [440, 480], [350, 440], [480, 620]], ids=str)
def test_other_tones_are_left_alone(hertz: list[int]) -> None:
    at = np.arange(8_000) / 8_000
    audio = sum(np.sin(2 * np.pi * one * at) for one in hertz) * 4_000
    got, counts = masked(np.asarray(audio, np.int16), 8_000, 160)
    assert counts.tones == 0
    assert got.any()


def test_a_span_from_outside_reaches_back() -> None:
    mask = ToneMask(8_000, Counts())
    audio = np.full(2_000, 1_000, np.int16)
    first = mask.feed(audio[:1_000])
    mask.mask(Span(700, 900))
    got = np.concatenate([first, mask.feed(audio[1_000:]), mask.finish()])
    assert not got[700:900].any()
    assert got[:540].all()
    assert got[1_060:].all()
    assert len(got) == 2_000
