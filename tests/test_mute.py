from __future__ import annotations

import itertools

import numpy as np
import pytest

from hushtap.mute import FADE_S, LEVEL, apply_mutes
from hushtap.timeline import Span, to_samples
from hushtap.values import MuteStyle, Samples

RATE = 8_000
FADE = to_samples(FADE_S, RATE)


def loud(length: int) -> Samples:
    """Audio in which no sample is zero."""
    rng = np.random.default_rng(1)
    return np.asarray(rng.integers(5_000, 20_000, length) * rng.choice([-1, 1], length), np.int16)


@pytest.mark.parametrize("style", MuteStyle)
@pytest.mark.parametrize("length", [1, 2, FADE - 1, FADE, FADE + 1, 2 * FADE, 2 * FADE + 1, 400])
def test_nothing_changes_outside_a_mute(style: MuteStyle, length: int) -> None:
    audio = loud(1_000)
    mute = Span(300, 300 + length)
    result = apply_mutes(audio, Span(0, 1_000), [mute], style, RATE)
    assert result.dtype == np.int16
    assert len(result) == len(audio)
    assert np.array_equal(result[:300], audio[:300])
    assert np.array_equal(result[mute.end :], audio[mute.end :])


def test_inside_a_silence_only_the_fades_are_left() -> None:
    audio = loud(1_000)
    result = apply_mutes(audio, Span(0, 1_000), [Span(300, 600)], MuteStyle.SILENCE, RATE)
    assert not result[300 + FADE - 1 : 600 - FADE + 1].any()
    fading = np.abs(result[300 : 300 + FADE] / audio[300 : 300 + FADE])
    assert np.all(np.diff(fading) < 0)
    assert np.all(np.abs(result[300:600]) < np.abs(audio[300:600]))


@pytest.mark.parametrize("style", [MuteStyle.BEEP, MuteStyle.NOISE])
def test_what_fills_a_mute_does_not_depend_on_what_it_covers(style: MuteStyle) -> None:
    span, mute = Span(0, 9_000), Span(100, 8_900)
    core = slice(mute.start + FADE, mute.end - FADE)
    over_speech = apply_mutes(loud(9_000), span, [mute], style, RATE)[core]
    over_silence = apply_mutes(np.zeros(9_000, np.int16), span, [mute], style, RATE)[core]
    assert np.array_equal(over_speech, over_silence)
    assert 0 < np.abs(over_speech).max() <= LEVEL


def test_a_beep_is_a_kilohertz() -> None:
    result = apply_mutes(
        np.zeros(RATE, np.int16), Span(0, RATE), [Span(0, RATE)], MuteStyle.BEEP, RATE
    )
    assert int(np.abs(np.fft.rfft(result)).argmax()) == 1_000


@pytest.mark.parametrize("style", MuteStyle)
@pytest.mark.parametrize("size", [1, 7, FADE, 160, 4_095, 4_096, 4_097])
def test_audio_rendered_in_pieces_equals_audio_rendered_at_once(
    style: MuteStyle, size: int
) -> None:
    length, rate, begin = 5_000, 11_025, 123_456
    audio = loud(length)
    mutes = [
        Span(begin - 50, begin + 30),
        Span(begin + 900, begin + 901),
        Span(begin + 2_000, begin + 4_500),
    ]
    whole = apply_mutes(audio, Span(begin, begin + length), mutes, style, rate)
    starts = range(0, length, max(1, size))
    pieces = [
        apply_mutes(
            audio[at : at + size],
            Span(begin + at, begin + min(at + size, length)),
            mutes,
            style,
            rate,
        )
        for at in (starts if size > 1 else range(1_980, 2_080))
    ]
    expected = whole if size > 1 else whole[1_980:2_080]
    assert np.array_equal(np.concatenate(pieces), expected)


def test_mutes_that_touch_are_one_without_a_fade_between() -> None:
    audio = loud(1_000)
    for mutes in itertools.permutations([Span(100, 300), Span(300, 500), Span(250, 400)]):
        result = apply_mutes(audio, Span(0, 1_000), mutes, MuteStyle.SILENCE, RATE)
        once = apply_mutes(audio, Span(0, 1_000), [Span(100, 500)], MuteStyle.SILENCE, RATE)
        assert np.array_equal(result, once)


def test_the_samples_given_are_not_changed() -> None:
    audio = loud(100)
    before = audio.copy()
    apply_mutes(audio, Span(0, 100), [Span(0, 100)], MuteStyle.SILENCE, RATE)
    assert np.array_equal(audio, before)
