"""A short call played to live sessions, and what a batch makes of it; shared by their tests."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hushtap import batch
from hushtap.ears.windows import LIVE_WORDS
from hushtap.errors import HushtapError
from hushtap.evaluate import OPEN_SECONDS, Truth, TruthSpan, score
from hushtap.pipeline import Call
from hushtap.session import Ears
from hushtap.timeline import Span
from hushtap.values import (
    AudioFormat,
    Entity,
    Finding,
    PcmChunk,
    RedactedChunk,
    Samples,
    TranscriptWord,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine, Heard
    from hushtap.live import Event
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import Judgement, SpokenAnalyzer

RATE = 16_000
FORMAT = AudioFormat(RATE, 2)


@dataclass(frozen=True)
class Clip:
    """Ten seconds in which an SSN is asked for and begun; ``numbers`` are where it is said."""

    audio: NDArray[np.int16]
    numbers: tuple[tuple[int, Span], ...]

    def chunks(self, size: int, until: int | None = None) -> Iterator[PcmChunk]:
        audio = self.audio[:until]
        for start in range(0, len(audio), size):
            span = Span(start, min(start + size, len(audio)))
            for channel in range(audio.shape[1]):
                yield PcmChunk(channel, span, audio[span.start : span.end, channel])


_KNOWN: dict[bytes, Heard] = {}


@dataclass
class Remembering:
    """The real ears, which hear each window only once in all modules together."""

    engine: Engine
    known: dict[bytes, Heard] = field(default_factory=lambda: _KNOWN)

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        new = [w for w in windows if w.tobytes() not in self.known]
        for window, heard in zip(new, self.engine.listen(new), strict=True):
            self.known[window.tobytes()] = heard
        return [self.known[w.tobytes()] for w in windows]


class RaisingEar:
    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        raise RuntimeError(f"four one one one {len(windows)}")


class StallingEar:
    """Hears nothing until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        self.entered.set()
        self.let_go.wait()
        raise RuntimeError(f"{len(windows)} windows, too late")


class FailingAnalyzer:
    def analyse(
        self, text: str, *, context: Sequence[str] = (), groups: Sequence[int] = ()
    ) -> list[Judgement]:
        raise HushtapError(f"{text}{context}{groups}")


@dataclass
class Played:
    """What came out of a session."""

    audio: list[Samples]
    findings: list[Finding]
    words: list[TranscriptWord]
    events: list[Event]
    ears: Ears

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def assert_length(self, samples: int) -> None:
        assert [len(channel) for channel in self.audio] == [samples, samples]

    def assert_numbers_silent(self, clip: Clip) -> None:
        """By the measure of the whole project: nothing voiced of a number is audible."""
        end = len(self.audio[0])
        spans = tuple(
            TruthSpan(channel, span.start / RATE, span.end / RATE, "US_SSN", True, 0)
            for channel, span in clip.numbers
            if span.end <= end
        )
        assert spans
        scored = score(clip.audio[:end], np.stack(self.audio, axis=1), Truth(RATE, 2, spans))
        assert all(one.voiced > 0.3 and one.audible < OPEN_SECONDS for one in scored.sensitive)

    def unheard(self) -> list[Finding]:
        return [f for f in self.findings if f.entity is Entity.UNHEARD]


def joined(chunks: Iterable[RedactedChunk], channels: int = 2) -> list[Samples]:
    """Return each channel's audio; the chunks must leave no gap."""
    joined: list[list[Samples]] = [[np.zeros(0, np.int16)] for _ in range(channels)]
    at = [0] * channels
    for chunk in chunks:
        assert chunk.span.start == at[chunk.channel]
        at[chunk.channel] = chunk.span.end
        joined[chunk.channel].append(chunk.samples)
    return [np.concatenate(parts) for parts in joined]


def in_batch(
    chunks: Iterable[PcmChunk],
    ear: Engine | Remembering,
    policy: Policy,
    analyzer: Analyzer,
    audio_format: AudioFormat = FORMAT,
) -> tuple[list[Samples], list[Finding]]:
    call = Call(audio_format, policy, analyzer, schedule=LIVE_WORDS)
    audio = joined(batch.run(call, chunks, ear))
    return audio, call.findings()


def assert_same(one: list[Samples], other: list[Samples]) -> None:
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@dataclass(frozen=True)
class Reference:
    """What a batch makes of the same ears, and of any chunks."""

    ear: Remembering
    policy: Policy
    analyzer: SpokenAnalyzer

    def of(self, chunks: Iterable[PcmChunk]) -> tuple[list[Samples], list[Finding]]:
        return in_batch(chunks, self.ear, self.policy, self.analyzer)
