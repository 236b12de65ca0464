from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.keypad import BEFORE_S, HIGH_HZ, LOW_HZ, PAD_S, Keypad
from hushtap.timeline import Span, merge, to_samples
from hushtap.values import Samples

if TYPE_CHECKING:
    from pathlib import Path

EVERY_S = 0.3


def through(samples: Samples, rate: int, size: int) -> tuple[Samples, list[Span]]:
    """Return what leaves a keypad that is fed in pieces, and where it heard keys."""
    keypad = Keypad(rate)
    pieces, spans = [], []
    for at in range(0, len(samples), size):
        pieces.append(keypad.feed(samples[at : at + size]))
        assert keypad.held <= keypad.delay
        spans += [span for _, span in keypad.pressed()]
    return np.concatenate([*pieces, keypad.finish()]), merge(spans)


def keys(
    rate: int, length: float, *, detuned: float = 1.0, level: float = 4_000, twist: float = -3
) -> tuple[Samples, list[Span]]:
    """All sixteen keys over noise, 15 dB below: ``twist`` is of the high tone, in dB."""
    low_a, high_a = level * 10 ** (min(0.0, -twist) / 20), level * 10 ** (min(0.0, twist) / 20)
    noise = np.sqrt((low_a**2 + high_a**2) / 2 / 10**1.5)
    audio = np.random.default_rng(1).normal(0, noise, round(rate * (0.2 + 16 * EVERY_S)))
    at = np.arange(round(length * rate)) / rate
    spans = []
    for i, (low, high) in enumerate((low, high) for low in LOW_HZ for high in HIGH_HZ):
        start = round((0.1 + EVERY_S * i) * rate) + 13 * i
        tone = low_a * np.sin(2 * np.pi * low * detuned * at)
        tone += high_a * np.sin(2 * np.pi * high * detuned * at + i)
        audio[start : start + len(at)] += tone
        spans.append(Span(start, start + len(at)))
    return np.clip(np.rint(audio), -32_768, 32_767).astype(np.int16), spans


@pytest.mark.parametrize("rate", [8_000, 11_025, 48_000])
@pytest.mark.parametrize("length", [0.04, 0.1])
@pytest.mark.parametrize(
    ("detuned", "level", "twist"), [(0.985, 400, 6), (1.015, 400, -6), (0.9965, 16_000, -3)]
)
def test_every_key_is_silence_from_end_to_end(
    rate: int, length: float, detuned: float, level: float, twist: float
) -> None:
    audio, spans = keys(rate, length, detuned=detuned, level=level, twist=twist)
    got, found = through(audio, rate, rate // 50)
    for span in spans:
        assert not got[span.start : span.end].any()
        assert any(one.start <= span.start and span.end <= one.end for one in found)
    # Silent where it says so, and little about each key.
    told = np.zeros(len(audio), bool)
    for span in found:
        told[span.start : span.end] = True
    np.testing.assert_array_equal(got, np.where(told, 0, audio))
    assert told.mean() < (length + 2 * PAD_S + 0.05) / EVERY_S


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "GSM610"])
def test_keys_are_found_after_codecs(subtype: str) -> None:
    audio, spans = keys(8_000, 0.06)
    file = io.BytesIO()
    soundfile.write(file, audio, 8_000, format="WAV", subtype=subtype)
    file.seek(0)
    got, _ = through(np.asarray(soundfile.read(file, dtype="int16")[0], np.int16), 8_000, 160)
    assert not any(got[span.start : span.end].any() for span in spans)


@pytest.mark.parametrize("size", [1, 77, 160, 1_000, 100_000])
def test_what_is_silenced_does_not_depend_on_the_pieces(size: int) -> None:
    audio = keys(8_000, 0.08)[0][:6_000]
    truth, _ = through(audio, 8_000, 333)
    assert 0 < (truth == 0).mean() < 1
    got, _ = through(audio, 8_000, size)
    np.testing.assert_array_equal(got, truth)


def test_speech_is_left_alone(samples: Path) -> None:
    for path in sorted(samples.glob("*.wav")):
        audio, rate = soundfile.read(path, dtype="int16", always_2d=True)
        for channel in audio.T:
            got, found = through(np.ascontiguousarray(channel), rate, 8_000)
            assert found == []
            np.testing.assert_array_equal(got, channel)


@pytest.mark.parametrize("hertz", [[770], [1_336], [440, 480], [350, 440], [480, 620]], ids=str)
def test_other_tones_are_left_alone(hertz: list[int]) -> None:
    at = np.arange(8_000) / 8_000
    audio = sum(np.sin(2 * np.pi * one * at) for one in hertz) * 4_000
    got, found = through(np.asarray(audio, np.int16), 8_000, 160)
    assert found == []
    assert got.any()


@pytest.mark.parametrize("first", [160, 640, 1_000, 1_003])
def test_a_key_that_somebody_tells_of_is_silent_though_it_began_before(first: int) -> None:
    keypad = Keypad(8_000)
    audio = np.full(2_000, 1_000, np.int16)
    key = Span(first - to_samples(BEFORE_S, 8_000), 1_300)
    pieces = [keypad.feed(audio[:first]), keypad.feed(audio[first:], [key]), keypad.finish()]
    got = np.concatenate(pieces)
    pad = to_samples(PAD_S, 8_000)
    padded = Span(max(0, key.start - pad), key.end + pad)
    assert keypad.pressed() == [(True, padded)]
    np.testing.assert_array_equal(np.flatnonzero(got == 0), np.arange(padded.start, padded.end))
    assert len(got) == len(audio)


def test_a_key_told_of_too_late_changes_nothing_that_was_let_go_and_is_told_whole() -> None:
    keypad = Keypad(8_000)
    audio = np.full(2_000, 1_000, np.int16)
    gone = keypad.feed(audio)
    rest = keypad.feed(audio[:0], [Span(0, 1_900)])
    assert gone.all()
    [(_, told)] = keypad.pressed()
    assert told.start == 0
    whole = np.concatenate([gone, rest, keypad.finish()])
    assert len(whole) == 2_000
    assert not whole[len(gone) : told.end].any()
