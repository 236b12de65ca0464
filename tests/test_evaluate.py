from __future__ import annotations

import io
import json
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.errors import TapError, UsageError
from hushtap.evaluate import (
    Score,
    Truth,
    TruthSpan,
    load_truth,
    score,
    score_files,
    summarise,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 8_000


@cache
def voice(seconds: float, rate: int = RATE, peak: int = 8_000, seed: int = 7) -> NDArray[np.int16]:
    """Speech-like: a wavering buzz in syllables, over a little room noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * rate)) / rate
    pitch = 2 * np.pi * np.cumsum(110 + 15 * np.sin(2 * np.pi * 0.7 * t)) / rate
    buzz = sum(np.sin(n * pitch + n) / n for n in range(3, 25))
    syllables = 0.55 + 0.45 * np.sin(2 * np.pi * 4 * t)
    noise = rng.standard_normal(len(t))
    speech = np.round(peak * (buzz * syllables / 2 + 0.004 * noise)).astype(np.int16)
    speech.setflags(write=False)
    return speech


def span(
    start: float,
    end: float,
    *,
    channel: int = 0,
    entity: str = "CREDIT_CARD",
    sensitive: bool = True,
    number: int = 0,
) -> TruthSpan:
    return TruthSpan(channel, start, end, entity, sensitive, number)


def truth(*spans: TruthSpan, channels: int = 1, rate: int = RATE) -> Truth:
    return Truth(rate, channels, spans)


def silence(
    audio: NDArray[np.int16], start: float, end: float, rate: int = RATE
) -> NDArray[np.int16]:
    copy = audio.copy()
    copy[round(start * rate) : round(end * rate)] = 0
    return copy


def cover(audio: NDArray[np.int16], start: float, end: float, what: str) -> NDArray[np.int16]:
    """Put a beep or noise in the place of the speech."""
    copy, at = audio.copy(), slice(round(start * RATE), round(end * RATE))
    t = np.arange(at.stop - at.start)
    sound = {
        "beep": 6_000 * np.sin(2 * np.pi * 1_000 * t / RATE),
        "noise": np.random.default_rng(1).normal(0, 2_000, len(t)),
    }
    copy[at] = sound[what].astype(np.int16)
    return copy


def test_an_untouched_copy_leaks_everything_and_mutes_nothing() -> None:
    audio = voice(6)
    result = score(audio, audio, truth(span(2, 4)))
    assert result.leak == 1.0
    assert result.open_numbers() == 1
    assert (result.false_mutes, result.harmless_muted_seconds) == (0, 0.0)


def test_silence_over_the_span_leaks_nothing() -> None:
    audio = voice(6)
    result = score(audio, silence(audio, 1.9, 4.1), truth(span(2, 4)))
    assert result.leak == 0.0
    assert result.open_numbers() == 0
    assert (result.false_mutes, result.harmless_muted_seconds) == (0, 0.0)


@pytest.mark.parametrize("what", ["beep", "noise"])
def test_a_sound_in_place_of_speech_counts_as_muted(what: str) -> None:
    audio = voice(6)
    assert score(audio, cover(audio, 2, 4, what), truth(span(2, 4))).leak <= 0.01


@pytest.mark.parametrize("what", ["beep", "noise"])
def test_a_sound_laid_over_speech_does_not(what: str) -> None:
    audio = voice(6)
    mixed = (audio.astype(np.int32) + cover(np.zeros_like(audio), 2, 4, what)).astype(np.int16)
    assert score(audio, mixed, truth(span(2, 4))).leak >= 0.95


def test_a_whisper_of_the_original_is_audible() -> None:
    audio = voice(6)
    faint = audio.copy()
    faint[2 * RATE : 4 * RATE] //= 32
    assert score(audio, faint, truth(span(2, 4))).leak >= 0.95


def test_the_kept_edges_of_a_short_mute_do_not_make_it_audible() -> None:
    audio = voice(6)
    result = score(audio, silence(audio, 2.009, 2.211), truth(span(2, 2.22)))
    assert result.leak <= 0.1


def test_half_a_mute_leaks_half() -> None:
    audio = voice(6)
    result = score(audio, silence(audio, 2, 3), truth(span(2, 4)))
    assert result.leak == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("gain", [0.3, 0.9, 1.1])
def test_gain_and_rounding_are_not_mutes(gain: float) -> None:
    audio = voice(6)
    louder = np.round(audio * gain).astype(np.int16)
    untouched = score(audio, louder, truth(span(2, 4)))
    assert (untouched.leak, untouched.false_mutes) == (1.0, 0)
    muted = score(audio, silence(louder, 2, 4), truth(span(2, 4)))
    assert (muted.leak, muted.false_mutes) == (0.0, 0)


def test_a_copy_sent_through_g711_is_not_muted() -> None:
    audio = voice(6)
    buffer = io.BytesIO()
    sf.write(buffer, audio, RATE, format="WAV", subtype="ULAW")
    buffer.seek(0)
    coded, _ = sf.read(buffer, dtype="int16")
    result = score(audio, np.asarray(coded, np.int16), truth(span(2, 4)))
    assert (result.leak, result.false_mutes, result.harmless_muted_seconds) == (1.0, 0, 0.0)


def test_floats_score_as_int16_does() -> None:
    audio = voice(6)
    muted = silence(audio, 2, 3.5)
    labels = truth(span(2, 4))
    floats = score(audio / np.float32(32_768), muted / np.float32(32_768), labels)
    assert floats == score(audio, muted, labels)


def test_pauses_inside_a_number_are_not_counted() -> None:
    audio = silence(voice(6), 2.5, 3.5)
    (scored,) = score(audio, audio, truth(span(2, 4))).spans
    assert scored.voiced == pytest.approx(1.0, abs=0.08)


def test_a_quiet_caller_weighs_as_much_as_a_loud_one() -> None:
    loud, quiet = voice(6), voice(6, peak=400)
    voiced = [score(audio, audio, truth(span(2, 4))).spans[0].voiced for audio in (loud, quiet)]
    assert voiced[0] == pytest.approx(voiced[1], abs=0.05)
    assert score(quiet, silence(quiet, 2, 4), truth(span(2, 4))).leak == 0.0


def test_a_mute_that_touches_nothing_sensitive_is_false() -> None:
    audio = voice(10)
    labels = truth(span(2, 4), span(7, 8, entity="PHONE", sensitive=False, number=1))
    result = score(audio, silence(silence(audio, 2, 4), 7, 8), labels)
    assert result.false_mutes == 1
    assert result.false_mute_seconds == pytest.approx(1.0, abs=0.03)
    assert result.harmless_muted_seconds == pytest.approx(1.0, abs=0.03)
    summary = summarise([result])
    assert (summary.harmless_numbers, summary.harmless_numbers_muted) == (1, 1)


def test_a_mute_within_the_guard_is_right_and_its_overlong_end_is_counted() -> None:
    audio = voice(10)
    close = score(audio, silence(audio, 1.75, 4.25), truth(span(2, 4)))
    assert (close.false_mutes, close.harmless_muted_seconds) == (0, 0.0)
    long = score(audio, silence(audio, 2, 6.3), truth(span(2, 4)))
    assert long.false_mutes == 0
    assert long.harmless_muted_seconds == pytest.approx(2.0, abs=0.03)


def test_one_mute_over_digital_silence_is_one() -> None:
    audio = silence(voice(10), 6.2, 6.5)
    labels = truth()
    assert score(audio, silence(audio, 6, 7), labels).false_mutes == 1
    apart = silence(voice(10), 6.2, 7.5)
    assert score(apart, silence(apart, 6, 8), labels).false_mutes == 2


def test_each_channel_is_judged_by_its_own_truth() -> None:
    call = np.stack([voice(6, seed=1), voice(6, seed=2)], axis=1)
    wrong_side = call.copy()
    wrong_side[2 * RATE : 4 * RATE, 0] = 0
    result = score(call, wrong_side, truth(span(2, 4, channel=1), channels=2))
    assert (result.leak, result.false_mutes) == (1.0, 1)


def test_groups_add_up_to_numbers() -> None:
    audio = voice(10)
    labels = truth(span(1, 2), span(3, 4), span(6, 7, entity="CVV", number=1), span(8, 9, number=2))
    copy = silence(silence(audio, 1.06, 2), 3.06, 4)
    copy = silence(silence(copy, 6.02, 7), 8, 8.2)
    result = score(audio, copy, labels)
    assert len(result.audible_by_number()) == 3
    assert (result.open_numbers(), result.open_numbers(0.7)) == (2, 1)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_every_rate_gives_the_same_answer(rate: int) -> None:
    audio = voice(4, rate)
    result = score(audio, silence(audio, 1, 1.5, rate), truth(span(1, 2), rate=rate))
    assert result.seconds == pytest.approx(4.0)
    assert result.leak == pytest.approx(0.5, abs=0.03)
    assert result.false_mutes == 0


@settings(deadline=None, max_examples=50)
@given(start=st.floats(0, 4.5), length=st.floats(0, 3), more=st.floats(0, 1.5))
def test_muting_more_never_leaks_more(start: float, length: float, more: float) -> None:
    audio = voice(6)
    labels = truth(span(2, 4))
    less = score(audio, silence(audio, start, start + length), labels)
    wider = score(audio, silence(audio, max(0, start - more), start + length + more), labels)
    assert wider.leak <= less.leak
    assert 0.0 <= wider.leak <= 1.0


def test_an_empty_call_scores_nothing() -> None:
    nothing = np.zeros(0, np.int16)
    assert score(nothing, nothing, truth()) == Score(0.0, (), 0, 0.0, 0.0)
    assert summarise([]).leak == 0.0
    assert summarise([]).false_mutes_per_hour == 0.0


def test_summary_adds_seconds_not_shares() -> None:
    audio = voice(9)
    muted = score(audio, silence(audio, 2, 4), truth(span(2, 4)))
    whole = score(audio, silence(audio, 1, 7), truth(span(1, 7, entity="US_SSN")))
    open_code = score(audio, audio, truth(span(2, 3, entity="CVV")))
    summary = summarise([muted, whole, open_code])
    assert (summary.calls, summary.numbers) == (3, 3)
    assert (summary.open_numbers, summary.wide_open_numbers) == (1, 1)
    assert summary.hours == pytest.approx(27 / 3600)
    assert summary.leak == pytest.approx(1 / 9, abs=0.01)
    assert summary.leak_by_entity == {"CREDIT_CARD": 0.0, "CVV": 1.0, "US_SSN": 0.0}


@pytest.mark.parametrize("cut", [1, RATE])
def test_another_length_is_refused(cut: int) -> None:
    audio = voice(3)
    with pytest.raises(UsageError, match="lengths must match"):
        score(audio, audio[:-cut], truth())


def test_a_truth_of_another_call_is_refused() -> None:
    audio = voice(3)
    with pytest.raises(UsageError, match="2 channels"):
        score(audio, audio, truth(channels=2))
    with pytest.raises(UsageError, match="outside the call"):
        score(audio, audio, truth(span(2, 4)))


def write_call(folder: Path, rate: int = RATE) -> Path:
    path = folder / "call.wav"
    sf.write(path, voice(4, rate), rate)
    spans = [{"channel": 0, "start": 1, "end": 2, "entity": "CVV", "sensitive": True, "text": "?"}]
    labels = {"sample_rate": rate, "channels": 1, "spans": spans}
    path.with_suffix(".json").write_text(json.dumps(labels))
    return path


def test_files_are_scored_as_arrays_are(tmp_path: Path) -> None:
    call = write_call(tmp_path)
    copy = tmp_path / "copy.wav"
    sf.write(copy, silence(voice(4), 1, 1.5), RATE)
    assert score_files(call, copy).leak == pytest.approx(0.5, abs=0.03)


def test_spans_without_a_number_are_numbers_of_their_own(tmp_path: Path) -> None:
    path = write_call(tmp_path).with_suffix(".json")
    data = json.loads(path.read_text())
    data["spans"].append({**data["spans"][0], "start": 2, "end": 3})
    path.write_text(json.dumps(data))
    audio = voice(4)
    assert score(audio, silence(audio, 1, 2), load_truth(path)).open_numbers() == 1
    assert score(audio, audio, load_truth(path)).open_numbers() == 2


def test_bad_files_are_named(tmp_path: Path) -> None:
    call = write_call(tmp_path)
    text = tmp_path / "text.wav"
    text.write_text("not audio")
    slow = tmp_path / "slow.wav"
    sf.write(slow, voice(4), 16_000)
    short = tmp_path / "short.wav"
    sf.write(short, voice(3), RATE)
    with pytest.raises(TapError, match=r"text\.wav"):
        score_files(call, text)
    with pytest.raises(TapError, match=r"absent\.wav"):
        score_files(call, tmp_path / "absent.wav")
    with pytest.raises(UsageError, match=r"slow\.wav.*16000 Hz"):
        score_files(call, slow)
    with pytest.raises(UsageError, match=r"short\.wav.*lengths must match"):
        score_files(call, short)
    with pytest.raises(UsageError, match=r"absent\.json"):
        score_files(call, call, tmp_path / "absent.json")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"sample_rate": 8000}', "\x00"])
def test_what_is_no_truth_is_refused_by_name(content: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"labels\.json: not a truth file"):
        load_truth(path)


def test_no_digit_of_the_truth_is_kept(tmp_path: Path) -> None:
    path = write_call(tmp_path).with_suffix(".json")
    data = json.loads(path.read_text())
    data["spans"][0]["text"] = data["spans"][0]["said"] = "canary"
    path.write_text(json.dumps(data))
    assert "canary" in path.read_text()
    assert "canary" not in repr(load_truth(path))
