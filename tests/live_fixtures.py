"""Fixtures of live calls: a plugin, named by the modules that use it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from hushtap.evaluate import TruthSpan, load_truth
from hushtap.session import Ears, Session
from hushtap.timeline import Span, to_samples
from live_calls import (
    FORMAT,
    RATE,
    Clip,
    Played,
    RaisingEar,
    Reference,
    Remembering,
    StallingEar,
    joined,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from hushtap.ears.engine import Engine
    from hushtap.live import Event
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer
    from hushtap.values import AudioFormat, PcmChunk

BEGIN_S, END_S = 9.0, 19.0
PATIENT_S = 60.0


@pytest.fixture(scope="module")
def clip(samples: Path) -> Clip:
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    part = audio[int(BEGIN_S * rate) : int(END_S * rate)].astype(np.float64)
    at_rate = np.rint(soxr.resample(part, rate, RATE)).clip(-32768, 32767).astype(np.int16)
    spans = load_truth(samples / "sample_ssn.json").spans
    return Clip(at_rate, tuple(_inside(span) for span in spans if span.end < END_S))


def _inside(span: TruthSpan) -> tuple[int, Span]:
    start, end = (to_samples(at - BEGIN_S, RATE) for at in (span.start, span.end))
    return span.channel, Span(start, end)


@pytest.fixture(scope="module")
def ear(engine: Engine) -> Remembering:
    return Remembering(engine)


@pytest.fixture
def play(policy: Policy, analyzer: SpokenAnalyzer, ear: Remembering) -> Callable[..., Played]:
    """Feed chunks to a session without a sink, as fast as it takes them; return all of it."""

    def run(
        chunks: Iterable[PcmChunk],
        *,
        by: RaisingEar | StallingEar | Remembering | None = None,
        judge: Analyzer | None = None,
        deadline: float = PATIENT_S,
        wait: bool = True,
        audio_format: AudioFormat = FORMAT,
    ) -> Played:
        with Ears(by or ear) as ears:
            events: list[Event] = []

            async def session() -> Played:
                made = Session(
                    audio_format,
                    ears=ears,
                    policy=policy,
                    analyzer=judge or analyzer,
                    deadline=deadline,
                    on_event=events.append,
                )
                async with made:
                    for chunk in chunks:
                        if wait:
                            await made.feed(chunk, wait=True)
                        else:
                            made.offer(chunk)
                audio = joined([chunk async for chunk in made])
                return Played(audio, made.findings(), made.transcript(), events, ears)

            try:
                return asyncio.run(session())
            finally:
                if isinstance(by, StallingEar):
                    by.let_go.set()

    return run


@pytest.fixture
def reference(ear: Remembering, policy: Policy, analyzer: SpokenAnalyzer) -> Reference:
    return Reference(ear, policy, analyzer)
