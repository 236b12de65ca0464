"""Keys pressed during a call: silent whatever brought them, and findings of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.ears.windows import LIVE, OFFLINE
from hushtap.pipeline import Call
from hushtap.timeline import Span
from hushtap.values import AudioFormat, Entity, MuteStyle, PcmChunk, Samples
from player import NOTHING, RATE, Player, script, voice, with_keys

if TYPE_CHECKING:
    from hushtap.ears.windows import Schedule
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer
    from hushtap.values import Finding


def test_keys_are_findings_and_silent_and_no_word_is_masked_for_them(
    policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    audio = np.zeros((6 * RATE, 2), np.int16)
    audio[: 2 * RATE, 0] = voice(2.0)
    audio[int(2.2 * RATE) : 3 * RATE, 0] = voice(0.8)
    keys = with_keys(audio[:, 0], [2.06, 3.5, 3.7, 5.9])
    # The recogniser lets a word begin where the last one ended.
    hear = script(("hello", 0.5, 1.0), ("there", 1.9, 2.6))
    player = (
        Player(Call(AudioFormat(RATE, 2), policy, analyzer), audio, hear).play_all(1_000).finish()
    )
    out = player.channel(0)
    found = [f for f in player.call.findings() if f.entity is Entity.KEYPAD]
    assert [(f.channel, f.muted, f.source) for f in found] == [(0, True, "tones")] * len(keys)
    for finding, key in zip(found, keys, strict=True):
        assert finding.span.start <= key.start
        assert key.end <= finding.span.end
        assert len(finding.span) < len(key) + RATE // 8
        assert not out[finding.span.start : finding.span.end].any()
    told = [f.span for f in player.call.findings()]
    kept = np.ones(len(audio), bool)
    for span in told:
        kept[span.start : span.end] = False
    np.testing.assert_array_equal(out[kept], audio[kept, 0])
    np.testing.assert_array_equal(player.channel(1), audio[:, 1])
    assert [word.text for word in player.call.transcript()] == ["hello", "there"]


@pytest.mark.parametrize("style", [MuteStyle.SILENCE, MuteStyle.BEEP])
@pytest.mark.parametrize("size", [37, 160, 1_600, 16_000])
def test_keys_are_the_same_live_and_in_a_file_whatever_the_pieces(
    size: int, style: MuteStyle, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    audio = np.random.default_rng(5).integers(-200, 200, (2 * RATE, 2), dtype=np.int16)
    # Keys so close that their mutes touch, and one in which the call ends.
    with_keys(audio[:, 0], [0.0, 0.5, 0.62, 0.755, 0.9, 1.97], 0.03)
    with_keys(audio[:, 1], [0.3, 0.7, 1.2], 0.25)

    def played(pieces: int, schedule: Schedule) -> tuple[list[Finding], Samples]:
        call = Call(AudioFormat(RATE, 2), replace(policy, style=style), analyzer, schedule=schedule)
        player = Player(call, audio, NOTHING).play_all(pieces).finish()
        return call.findings(), np.stack([player.channel(0), player.channel(1)])

    findings, truth = played(len(audio), OFFLINE)
    assert len([f for f in findings if f.entity is Entity.KEYPAD]) >= 5
    got, out = played(size, LIVE)
    assert got == findings
    np.testing.assert_array_equal(out, truth)


@pytest.mark.parametrize("begun", [3_800, 2_000])
def test_a_key_that_the_tap_tells_of_is_silent_and_no_policy_can_want_it_otherwise(
    begun: int, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    call = Call(AudioFormat(RATE, 1), replace(policy, entities=frozenset({Entity.CVV})), analyzer)
    audio = np.full(RATE, 500, np.int16)
    call.feed(PcmChunk(0, Span(0, 4_000), audio[:4_000]))
    call.feed(PcmChunk(0, Span(4_000, 8_000), audio[4_000:], (Span(begun, 5_000),)))
    call.finish()
    for window in call.windows():
        call.heard(window, NOTHING(window))
    out = np.concatenate([chunk.samples for chunk in call.released()])
    [finding] = call.findings()
    assert (finding.entity, finding.source, finding.score) == (Entity.KEYPAD, "event", 1.0)
    assert not out[begun:5_000].any()
    assert out[: begun - 300].all()
    assert out[5_300:].all()
