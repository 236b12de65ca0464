"""A tap that is too fast, a stage that breaks, a sink or a display that fails."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import HushtapError, VaultError
from hushtap.live import BACKLOG_S, Failed
from hushtap.observe import Reason
from hushtap.session import Ears, Session
from hushtap.timeline import to_samples
from hushtap.values import Finding, RedactedChunk, Samples, TranscriptWord
from live_calls import (
    FORMAT,
    RATE,
    Clip,
    FailingAnalyzer,
    Played,
    Remembering,
    assert_same,
    in_batch,
    joined,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hushtap.live import Event
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy

pytest_plugins = ["live_fixtures"]


def test_what_the_backlog_cannot_hold_is_silence(clip: Clip, play: Callable[..., Played]) -> None:
    twice = Clip(np.concatenate([clip.audio, clip.audio]), clip.numbers)
    size = RATE // 50
    played = play(twice.chunks(size), wait=False)
    played.assert_length(len(twice.audio))
    limit = to_samples(BACKLOG_S, RATE)
    lost = [f for f in played.findings if f.source == "lost"]
    assert {f.channel for f in lost} == {0, 1}
    for channel in range(2):
        spans = [f.span for f in lost if f.channel == channel]
        assert spans[0].start >= limit
        for span in spans:
            assert not played.audio[channel][span.start : span.end].any()
    chunks_lost = sum(len(f.span) for f in lost) // size
    assert played.ears.metrics.fail_closed == {Reason.BACKLOG_FULL: chunks_lost}
    played.assert_numbers_silent(twice)


def test_a_stage_that_raises_turns_the_rest_into_silence(
    clip: Clip, play: Callable[..., Played], caplog: pytest.LogCaptureFixture
) -> None:
    # Without the question nothing is asked for, and the numbers go to the recognizers.
    answer = Clip(clip.audio[clip.numbers[0][1].start - RATE // 2 :], ())
    played = play(answer.chunks(320), judge=FailingAnalyzer())
    played.assert_length(len(answer.audio))
    (reason,) = [event.reason for event in played.events if isinstance(event, Failed)]
    assert reason is Reason.STAGE_FAILED
    assert played.ears.metrics.fail_closed == {Reason.STAGE_FAILED: 1}
    unheard = played.unheard()
    assert sorted((f.channel, f.span.end) for f in unheard) == [
        (0, len(answer.audio)),
        (1, len(answer.audio)),
    ]
    for finding in unheard:
        assert not played.audio[finding.channel][finding.span.start :].any()
    assert min(f.span.start for f in unheard) <= RATE // 2
    assert "stage_failed" in caplog.text
    assert "HushtapError" in caplog.text


@dataclass
class Full:
    """A sink that has room for so many samples, and notes what it is asked."""

    room: int
    error: Exception
    asked: list[str] = field(default_factory=list)
    taken: int = 0

    def append(self, chunk: RedactedChunk) -> None:
        self.asked.append("append")
        if self.taken + len(chunk.span) > self.room:
            raise self.error
        self.taken += len(chunk.span)

    def add_words(self, words: Iterable[TranscriptWord]) -> None:
        self.asked.append(f"words {len(list(words)) > 0}")

    def add_findings(self, findings: Iterable[Finding]) -> None:
        self.asked.append(f"findings {len(list(findings)) > 0}")

    def close(self) -> None:
        self.asked.append("close")

    def abort(self) -> None:
        self.asked.append("abort")


@pytest.mark.parametrize("error", [VaultError("no room"), RuntimeError("four one")], ids=type)
def test_a_sink_that_fails_stays_failed_and_says_so(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer, error: Exception
) -> None:
    sink = Full(room=2 * RATE, error=error)

    async def session(ears: Ears) -> Session:
        made = Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer, sink=sink)
        async with made:
            for chunk in clip.chunks(320):
                await made.feed(chunk, wait=True)
        return made

    with Ears(ear) as ears, pytest.raises(HushtapError) as raised:
        asyncio.run(session(ears))
    assert "four" not in str(raised.value)
    assert sink.asked[-2:] == ["append", "abort"]
    assert sink.asked.count("abort") == 1
    assert ears.metrics.fail_closed[Reason.SINK_FAILED] == 1


def test_a_display_that_fails_does_not_end_the_call(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer
) -> None:
    def show(event: Event) -> None:
        raise ValueError(str(event))

    async def session(ears: Ears) -> list[Samples]:
        made = Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer, on_event=show)
        async with made:
            for chunk in clip.chunks(320):
                await made.feed(chunk, wait=True)
        return joined(made.released())

    with Ears(ear) as ears:
        audio = asyncio.run(session(ears))
    assert_same(audio, in_batch(clip.chunks(320), ear, policy, analyzer)[0])
