"""One call whole: on a recorded call with real ears, and on a made voice with a known script."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.ears.engine import Heard
from hushtap.ears.windows import LIVE, LIVE_WORDS, OFFLINE
from hushtap.pipeline import GUARD_S, Call
from hushtap.timeline import Span, overlap, rescale_span
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import (
    AudioFormat,
    Entity,
    PcmChunk,
    Samples,
)
from player import NOTHING, RATE, Hear, Player, mono, script, voice, with_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hushtap.ears.engine import Engine
    from hushtap.ears.windows import Schedule, Window
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer


class Recorded(NamedTuple):
    """Ten seconds of a call, shape ``(samples, 2)``, and what real ears hear in its windows."""

    audio: Samples
    hear: Hear


@pytest.fixture(scope="module")
def recorded(ssn_call: Path, engine: Engine) -> Recorded:
    audio, _ = soundfile.read(ssn_call, dtype="int16")
    known: dict[bytes, Heard] = {}

    def hear(window: Window) -> Heard:
        key = window.audio.tobytes()
        if key not in known:
            known[key] = engine.listen([window.audio])[0]
        return known[key]

    return Recorded(np.asarray(audio, np.int16), hear)


@pytest.fixture
def new_call(policy: Policy, analyzer: SpokenAnalyzer) -> Callable[[], Call]:
    return lambda: Call(AudioFormat(RATE, 2), policy, analyzer)


# --- a recorded call, real ears -------------------------------------------------------


def test_the_number_of_a_recorded_call_is_muted_and_the_rest_is_untouched(
    new_call: Callable[[], Call], recorded: Recorded
) -> None:
    player = Player(new_call(), recorded.audio, recorded.hear).play_all(160).finish()
    findings = player.call.findings()
    assert {f.entity for f in findings} == {Entity.US_SSN}
    for channel in (0, 1):
        out, raw = player.channel(channel), recorded.audio[:, channel]
        assert len(out) == len(raw)
        mutes = [f.span for f in findings if f.channel == channel]
        muted = np.zeros(len(raw), bool)
        for span in mutes:
            muted[span.start : span.end] = True
        assert np.array_equal(out[~muted], raw[~muted])
        assert (np.abs(out) <= np.abs(raw)).all()
    # Its groups, from the truth of the sample, whose first nine seconds are cut off.
    groups = [Span(35_488, 43_728), Span(48_815, 54_815), Span(59_215, 68_975)]
    mutes = [f.span for f in findings if f.channel == 1]
    assert overlap(groups, mutes) >= sum(map(len, groups)) - RATE // 10


def test_its_transcript_is_masked_and_no_repr_tells_more(
    new_call: Callable[[], Call], recorded: Recorded
) -> None:
    player = Player(new_call(), recorded.audio, recorded.hear).play_all(160).finish()
    findings = player.call.findings()
    words = player.call.transcript()
    assert "[US_SSN]" in {w.text for w in words}
    for word in words:
        hidden = any(f.channel == word.channel and f.span.overlaps(word.span) for f in findings)
        assert hidden == word.text.startswith("[")
        assert word.text not in repr(word)
    assert any(not w.text.startswith("[") for w in words)
    assert player.call.transcript() == []


CHUNKS = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0, 1, 79, 160, 8_000, 33_333])), max_size=60
)


@given(CHUNKS)
@settings(max_examples=10)
def test_mutes_windows_and_audio_do_not_depend_on_chunks(
    policy: Policy, analyzer: SpokenAnalyzer, recorded: Recorded, chunks: list[tuple[int, int]]
) -> None:
    def player() -> Player:
        return Player(Call(AudioFormat(RATE, 2), policy, analyzer), recorded.audio, recorded.hear)

    whole = player().play_all(len(recorded.audio)).finish()
    pieces = player()
    for channel, size in chunks:
        pieces.play(channel, size)
    pieces.play_all(len(recorded.audio)).finish()
    assert pieces.windows == whole.windows
    assert pieces.call.findings() == whole.call.findings()
    for channel in (0, 1):
        assert np.array_equal(pieces.channel(channel), whole.channel(channel))


def test_late_ears_change_nothing_but_the_delay(
    new_call: Callable[[], Call], recorded: Recorded
) -> None:
    prompt = Player(new_call(), recorded.audio, recorded.hear).play_all(1_600).finish()
    call = new_call()
    for channel in (0, 1):
        call.feed(PcmChunk(channel, Span(0, len(recorded.audio)), recorded.audio[:, channel]))
    call.finish()
    windows = call.windows()
    for window in reversed(windows):
        call.heard(window, recorded.hear(window))
    out = call.released()
    assert call.findings() == prompt.call.findings()
    for channel in (0, 1):
        late = np.concatenate([c.samples for c in out if c.channel == channel])
        assert np.array_equal(late, prompt.channel(channel))


def test_the_watermark_never_goes_back_and_nothing_past_it_leaves(
    new_call: Callable[[], Call], recorded: Recorded
) -> None:
    player = Player(new_call(), recorded.audio, recorded.hear)
    marks = [(0, 0)]
    while any(at < len(recorded.audio) for at in player.at):
        for channel in (0, 1):
            player.play(channel, 800)
        call = player.call
        marks.append((call.cleared_until(0), call.cleared_until(1)))
        for channel in (0, 1):
            assert len(player.channel(channel)) == call.cleared_until(channel)
            assert call.depth(channel) == player.at[channel] - call.cleared_until(channel)
    for channel in (0, 1):
        assert [m[channel] for m in marks] == sorted(m[channel] for m in marks)


@pytest.mark.parametrize("digit", ["zero", "one"])
def test_sixteen_times_one_digit_that_nobody_asked_for_is_muted_whole(
    policy: Policy, analyzer: SpokenAnalyzer, engine: Engine, digit: str
) -> None:
    """Numbers on which the decoder loops or falls silent are no less muted than others."""
    pytest.importorskip("piper", reason="piper-tts is missing: pip install 'hushtap[voices]'")
    from speech import say  # noqa: PLC0415 - with the voice

    group = " ".join([digit] * 4)
    number = np.asarray(say(f"{group}, {group}, {group}, {group}.", "joe") * 32_767, np.int16)
    audio = np.pad(number, (2 * RATE, 2 * RATE))
    call = Call(AudioFormat(RATE, 1), policy, analyzer)
    player = Player(call, mono(audio), lambda w: engine.listen([w.audio])[0])
    out = player.play_all(len(audio)).finish().channel(0)
    audible = np.abs(audio) > 300
    assert (np.abs(out[audible]) > 300).sum() < RATE // 10


# --- a made voice, a known script -----------------------------------------------------


@pytest.fixture
def one_channel(policy: Policy, analyzer: SpokenAnalyzer) -> Callable[..., Call]:
    return lambda rate=RATE, **changes: Call(
        AudioFormat(rate, 1), replace(policy, **changes), analyzer, schedule=LIVE_WORDS
    )


def test_a_window_that_no_ear_heard_is_muted_whole(one_channel: Callable[..., Call]) -> None:
    audio = mono(np.concatenate([np.zeros(RATE, np.int16), voice(2), np.zeros(RATE, np.int16)]))
    player = Player(one_channel(), audio, lambda _: None).play_all(160).finish()
    assert player.windows
    findings = player.call.findings()
    assert {(f.entity, f.source) for f in findings} == {(Entity.UNHEARD, "late")}
    spans = [rescale_span(span, EAR_RATE, RATE) for _, span, _ in player.windows]
    assert overlap([f.span for f in findings], spans) >= overlap(spans, spans)
    assert not player.channel(0)[RATE + 80 : 3 * RATE - 80].any()
    # The control: with ears, the same voice is left as it is.
    heard = Player(one_channel(), audio, NOTHING).play_all(160).finish()
    assert np.array_equal(heard.channel(0), audio[:, 0])


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.5, 4.0])
def test_a_call_that_is_abandoned_ends_in_silence_of_the_right_length(
    one_channel: Callable[..., Call], seconds: float
) -> None:
    audio = mono(voice(4)[: round(seconds * RATE)])
    player = Player(one_channel(), audio, NOTHING).play_all(160)
    cleared = player.call.cleared_until(0)
    player.out += player.call.abandon()
    out = player.channel(0)
    assert len(out) == len(audio)
    assert not out[cleared:].any()
    unheard = [f.span for f in player.call.findings() if f.entity is Entity.UNHEARD]
    assert overlap(unheard, [Span(0, len(audio))]) == len(audio) - cleared
    assert player.call.depth(0) == 0


def test_no_number_waits_longer_than_the_policy_lets_it(one_channel: Callable[..., Call]) -> None:
    """Digits so slow that they may always go on: held, then muted and held no longer."""
    said = [("three", 1.0 + 1.5 * i, 1.4 + 1.5 * i) for i in range(6)]
    player = Player(one_channel(max_hold=2.0), mono(voice(11)), script(*said))
    deepest = 0
    while player.at[0] < 11 * RATE:
        player.play(0, 160)
        deepest = max(deepest, player.call.depth(0))
    player.finish()
    # Beside it: the time to the next look, and what the resampler has not let go.
    assert deepest <= 2 * RATE + (2 * LIVE_WORDS.tick + 3) * STEP * RATE // EAR_RATE
    late = [f for f in player.call.findings() if f.source == "max-hold"]
    assert late
    assert {f.entity for f in late} == {Entity.UNHEARD}
    # The control: ordinary speech of the same length is not muted for its delay.
    talk = [("hello", 1.0 + 1.5 * i, 1.4 + 1.5 * i) for i in range(6)]
    plain = Player(one_channel(max_hold=4.0), mono(voice(11)), script(*talk)).play_all(160)
    assert plain.finish().call.findings() == []


def test_an_open_number_is_held_from_before_its_first_digit(
    one_channel: Callable[..., Call],
) -> None:
    said = [(digit, 3.0 + 0.4 * i, 3.3 + 0.4 * i) for i, digit in enumerate(["two"] * 5)]
    player = Player(one_channel(), mono(voice(7)), script(("well", 1.0, 1.4), *said))
    while player.at[0] < 6 * RATE:
        player.play(0, 160)
        assert player.call.cleared_until(0) <= 3.0 * RATE - round(GUARD_S * RATE)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 47_999])
@pytest.mark.parametrize("extra", [0, 1, 7])
def test_output_is_as_long_as_the_input_at_every_rate(
    one_channel: Callable[..., Call], rate: int, extra: int
) -> None:
    audio = mono(voice(0.5, rate))[: rate // 2 - extra]
    player = Player(one_channel(rate), audio, NOTHING).play_all(997).finish()
    assert np.array_equal(player.channel(0), audio[:, 0])


def test_channels_of_different_length_come_back_as_they_were(
    new_call: Callable[[], Call],
) -> None:
    call = new_call()
    short, long = voice(0.7), voice(2.2)
    call.feed(PcmChunk(0, Span(0, len(short)), short))
    call.feed(PcmChunk(1, Span(0, len(long)), long))
    call.finish()
    for window in call.windows():
        call.heard(window, NOTHING(window))
    out = call.released()
    lengths: Sequence[int] = [sum(len(c.span) for c in out if c.channel == n) for n in (0, 1)]
    assert lengths == [len(short), len(long)]


def test_samples_that_do_not_follow_are_refused(one_channel: Callable[..., Call]) -> None:
    with pytest.raises(ValueError, match="expected sample 0"):
        one_channel().feed(PcmChunk(0, Span(5, 15), np.zeros(10, np.int16)))


def spans_of(call: Call) -> Iterator[Span]:
    yield from (f.span for f in call.findings())


def test_findings_stay_within_the_call(one_channel: Callable[..., Call]) -> None:
    said = [(d, 0.1 + 0.4 * i, 0.4 + 0.4 * i) for i, d in enumerate(["four"] * 16)]
    player = Player(one_channel(), mono(voice(6.6)), script(*said)).play_all(1_000).finish()
    assert list(spans_of(player.call))
    assert {f.entity for f in player.call.findings()} == {Entity.CREDIT_CARD}
    assert not player.channel(0)[RATE // 10 : 6 * RATE].any()


@pytest.mark.parametrize("schedule", [OFFLINE, LIVE])
def test_what_the_call_ends_in_is_a_finding_that_is_over_with_it(
    schedule: Schedule, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    audio = np.zeros((RATE + 77, 2), np.int16)
    audio[:, 0] = voice(1.1)[: len(audio)]
    with_keys(audio[:, 1], [0.95], 0.059)
    call = Call(AudioFormat(RATE, 2), policy, analyzer, schedule=schedule)
    Player(call, audio, lambda _: None).play_all(160).finish()
    ends = {f.entity: f.span.end for f in call.findings()}
    # One that reached further would never be written to the recording.
    assert ends == {Entity.UNHEARD: len(audio), Entity.KEYPAD: len(audio)}


def test_a_number_recognised_too_late_is_owned_up_to_and_no_mute_is_claimed(
    one_channel: Callable[..., Call],
) -> None:
    audio = np.pad(voice(4.0), (0, 6 * RATE))
    digits = [
        "four",
        "one",
        "nine",
        "two",
        "eight",
        "three",
        "seven",
        "five",
        "six",
        "four",
        "two",
        "eight",
    ]
    number = [(word, 0.3 + 0.25 * i, 0.5 + 0.25 * i) for i, word in enumerate(digits)]
    talk = script(("well", 0.3, 0.5), ("hello", 0.6, 0.9), ("there", 0.9, 1.2))
    counted = script(*number)

    def hear(window: Window) -> Heard | None:
        return (talk if window.span.end < 2 * EAR_RATE else counted)(window)

    player = Player(one_channel(), mono(audio), hear).play_all(160)
    call, out = player.finish().call, player.channel(0)
    findings = call.findings()
    [missed] = [f for f in findings if not f.muted]
    assert missed.span.start <= 0.35 * RATE
    assert np.array_equal(out[: missed.span.end], audio[: missed.span.end])
    muted = [f.span for f in findings if f.muted]
    assert muted
    fade = RATE // 100
    for span in muted:
        assert not out[span.start + fade : span.end - fade].any()
    assert "[" in next(w.text for w in call.transcript() if w.span.overlaps(missed.span))
