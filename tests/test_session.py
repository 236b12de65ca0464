"""A live session: the mutes of a batch, the length of its input, whatever the chunks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.live import Muted, Progress
from hushtap.session import Ears, Session
from hushtap.taps.file import FileTap
from hushtap.values import Entity
from live_calls import FORMAT, RATE, Clip, Played, Reference, Remembering, assert_same, in_batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hushtap.ears.engine import Engine
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy

pytest_plugins = ["live_fixtures"]


def test_a_session_mutes_what_a_batch_mutes(
    clip: Clip, play: Callable[..., Played], engine: Engine, policy: Policy, analyzer: Analyzer
) -> None:
    live = play(clip.chunks(320))
    audio, findings = in_batch(clip.chunks(RATE), engine, policy, analyzer)
    assert {f.entity for f in findings} == {Entity.US_SSN}
    assert_same(live.audio, audio)
    assert live.findings == findings
    live.assert_numbers_silent(clip)
    live.assert_length(len(clip.audio))
    assert any(word.text == "[US_SSN]" for word in live.words)
    muted = [event for event in live.of(Muted) if isinstance(event, Muted)]
    assert sum(len(event.span) for event in muted) == sum(len(f.span) for f in findings)
    assert live.of(Progress)
    assert live.ears.metrics.fail_closed == {}


@pytest.mark.parametrize("size", [160, 320, RATE, 10**9, 1237])
def test_mutes_do_not_depend_on_the_chunks(
    clip: Clip, play: Callable[..., Played], reference: Reference, size: int
) -> None:
    audio, findings = reference.of(clip.chunks(RATE))
    live = play(clip.chunks(size))
    assert_same(live.audio, audio)
    assert live.findings == findings


def test_nor_where_every_sample_comes_alone(
    clip: Clip, play: Callable[..., Played], reference: Reference
) -> None:
    _, span = clip.numbers[0]
    short = Clip(clip.audio[span.start - RATE // 2 : span.start + RATE], ())
    audio, findings = reference.of(short.chunks(RATE))
    live = play(short.chunks(1))
    assert_same(live.audio, audio)
    assert live.findings == findings


@pytest.mark.parametrize("size", [1, 80, 160, 8_000, 10**9])
def test_nor_at_the_rate_of_a_telephone(
    ssn_call: Path, play: Callable[..., Played], reference: Reference, size: int
) -> None:
    tap = FileTap(ssn_call)
    # The question, and the first group of the number.
    audio = soundfile.read(ssn_call, dtype="int16")[0][:48_000]
    short = Clip(np.asarray(audio, np.int16), ())
    ear, policy, analyzer = reference.ear, reference.policy, reference.analyzer
    expected, findings = in_batch(short.chunks(1_237), ear, policy, analyzer, tap.format)
    assert findings
    live = play(short.chunks(size), audio_format=tap.format)
    assert_same(live.audio, expected)
    assert live.findings == findings


def test_samples_must_follow_and_a_closed_session_takes_none(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer
) -> None:
    first, second, third = list(clip.chunks(320))[:3]

    async def session(ears: Ears) -> None:
        made = Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer)
        with pytest.raises(ValueError, match="not open"):
            await made.close()
        async with made:
            await made.feed(first)
            await made.feed(second)
            with pytest.raises(ValueError, match="expected sample 320"):
                await made.feed(first)
        with pytest.raises(ValueError, match="closed"):
            await made.feed(third)

    with Ears(ear) as ears:
        asyncio.run(session(ears))


def test_a_shorter_channel_ends_in_silence(clip: Clip, play: Callable[..., Played]) -> None:
    chunks = [c for c in clip.chunks(320) if c.channel == 0 or c.span.end <= RATE]
    played = play(chunks)
    played.assert_length(len(clip.audio))
    assert not played.audio[1][RATE:].any()
