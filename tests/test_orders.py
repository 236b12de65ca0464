"""Orders from outside in the pipeline: real ears, a call that nobody asked anything in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap import batch
from hushtap.ears.windows import LIVE
from hushtap.evaluate import load_truth
from hushtap.mute import FADE_S
from hushtap.pipeline import Call
from hushtap.timeline import Span, to_samples
from hushtap.values import AudioFormat, Entity, Finding, PcmChunk, Samples
from live_calls import joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.ears.engine import Engine
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer

RATE = 8_000


@pytest.fixture(scope="module")
def answer(samples: Path) -> Samples:
    """An SSN that is said, without the question for it: one channel."""
    read, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    assert rate == RATE
    spans = [s for s in load_truth(samples / "sample_ssn.json").spans if s.sensitive]
    first = spans[0]
    start = to_samples(first.start - 1, RATE)
    part: Samples = read[start : start + 5 * RATE, first.channel].astype(np.int16)
    return part


class Ordered:
    """A call to which orders are given on its way."""

    def __init__(self, policy: Policy, analyzer: SpokenAnalyzer) -> None:
        self.call = Call(AudioFormat(RATE, 1), policy, analyzer, schedule=LIVE)

    def chunks(self, audio: Samples, orders: dict[int, tuple[str, int]]) -> Iterator[PcmChunk]:
        for at in range(0, len(audio), 160):
            if at in orders:
                name, until = orders[at]
                getattr(self.call, name)(until)
            part = audio[at : at + 160]
            yield PcmChunk(0, Span(at, at + len(part)), part)

    def play(
        self, audio: Samples, engine: Engine, orders: dict[int, tuple[str, int]]
    ) -> tuple[Samples, list[Finding]]:
        [out] = joined(batch.run(self.call, self.chunks(audio, orders), engine), 1)
        assert len(out) == len(audio)
        return out, self.call.findings()


def test_an_armed_call_mutes_what_nobody_asked_for(
    answer: Samples, engine: Engine, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    # The first group alone: three digits, which mean nothing unless armed.
    short = answer[: 3 * RATE]
    _, plain = Ordered(policy, analyzer).play(short, engine, {})
    armed, found = Ordered(policy, analyzer).play(short, engine, {0: ("arm", len(short))})
    assert not plain
    assert found
    assert all(f.source.endswith(":armed") for f in found)
    assert {f.entity for f in found} == {Entity.CREDIT_CARD}
    loud = np.abs(short.astype(int)) > 2_000
    assert not (armed[loud] == short[loud]).all()


def test_disarmed_before_the_number_nothing_is_muted(
    answer: Samples, engine: Engine, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    short = answer[: 3 * RATE]
    orders = {0: ("arm", 10 * RATE), 1_600: ("disarm", 1_600)}
    out, found = Ordered(policy, analyzer).play(short, engine, orders)
    assert not found
    assert np.array_equal(out, short)


def test_silence_that_was_ordered_lasts_until_it_is_taken_back(
    answer: Samples, engine: Engine, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    orders = {RATE: ("silence", 100 * RATE), 2 * RATE: ("unsilence", 2 * RATE)}
    out, found = Ordered(policy, analyzer).play(answer, engine, orders)
    [ordered] = [f for f in found if f.source == "ordered"]
    assert (ordered.entity, ordered.span.end) == (Entity.UNHEARD, 2 * RATE)
    assert ordered.span.start <= RATE
    fade = to_samples(FADE_S, RATE)
    assert not out[ordered.span.start + fade : 2 * RATE - fade].any()


def test_silence_ends_by_itself(
    answer: Samples, engine: Engine, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    audio = np.concatenate([answer[:RATE]] * 4)
    out, found = Ordered(policy, analyzer).play(audio, engine, {0: ("silence", 2 * RATE)})
    assert [(f.span, f.source) for f in found] == [(Span(0, 2 * RATE), "ordered")]
    assert np.array_equal(out[2 * RATE :], audio[2 * RATE :])
