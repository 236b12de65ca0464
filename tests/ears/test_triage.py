"""Which windows the decoder reads where no transcript is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.batch import run
from hushtap.ears.engine import Heard
from hushtap.ears.spotter import DigitTrack, SpottedWord
from hushtap.ears.triage import AFTER, AFTER_ASK, Triage
from hushtap.ears.windows import OFFLINE, Window
from hushtap.pipeline import Call
from hushtap.taps.file import FileTap
from hushtap.timeline import Span
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import Word

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer

SECONDS = 5
SIZE = SECONDS * EAR_RATE
BEFORE_S = 30
NUMBER, CUE, TALK = 1.0, 2.0, 3.0
"""First sample of a window: what the spotter hears in it."""


@dataclass
class MarkedEar:
    """Hears what the first sample of a window says; notes which windows were read."""

    read: list[int] = field(default_factory=list)
    spots: bool = True

    def listen(
        self,
        windows: Sequence[NDArray[np.float32]],
        words: Sequence[bool] | None = None,
        before: Sequence[Heard] | None = None,
    ) -> list[Heard]:
        # What comes back for a second look is what came out at the first.
        assert all(heard.digits is not None for heard in before or ())
        return [
            self._hear(window, worded)
            for window, worded in zip(windows, words or [True] * len(windows), strict=True)
        ]

    def _hear(self, window: NDArray[np.float32], worded: bool) -> Heard:  # noqa: FBT001
        kind, at = float(window[0]), int(window[1])
        number = np.zeros(SIZE // STEP, np.float32)
        if kind == NUMBER:
            number[100:130] = 1
        cues = (SpottedWord("card", 20, 0.9),) if kind == CUE else ()
        if worded:
            self.read.append(at)
        said = (Word(" well", Span(0, STEP * 10), 0.9),) if worded else ()
        return Heard(said, looped=False, digits=DigitTrack(number, (), cues))


def windows(kinds: Sequence[float]) -> list[Window]:
    return [window(at, kind, at * SIZE, (at + 1) * SIZE) for at, kind in enumerate(kinds)]


def window(at: int, kind: float, start: int, end: int) -> Window:
    audio = np.zeros(SIZE, np.float32)
    audio[0], audio[1] = kind, at
    return Window(at % 2, Span(start, end), opening=True, final=True, audio=audio)


@pytest.mark.parametrize("step", [1, 2, 3, 10])
def test_windows_that_overlap_are_read_however_they_come(step: int) -> None:
    """A long window of one channel may begin well before one of the other that ended earlier."""
    longest = OFFLINE.longest * STEP
    second = EAR_RATE
    made = [
        window(0, TALK, 0, 3 * second),
        window(1, TALK, 5 * second, 9 * second),
        window(2, TALK, 36 * second, 39 * second),
        window(3, NUMBER, 40 * second - longest, 40 * second),
        window(4, TALK, 60 * second, 64 * second),
    ]
    ear = MarkedEar()
    triage = Triage(ear, BEFORE_S)
    decided = []
    for at in range(0, len(made), step):
        decided += triage.hear(made[at : at + step])
    decided += triage.hear([], last=True)
    assert [one for one, _ in decided] == made
    assert sorted(ear.read) == [1, 2, 3]


@pytest.mark.parametrize("step", [1, 3, 100])
@pytest.mark.parametrize(("mark", "after"), [(NUMBER, AFTER), (CUE, AFTER_ASK)])
def test_only_what_lies_around_a_mark_is_read_however_it_comes(
    step: int, mark: float, after: int
) -> None:
    kinds = [TALK] * 40
    kinds[20] = mark
    ear = MarkedEar()
    triage = Triage(ear, BEFORE_S)
    made = windows(kinds)
    decided = []
    for at in range(0, len(made), step):
        decided += triage.hear(made[at : at + step])
    decided += triage.hear([], last=True)
    assert [window for window, _ in decided] == made
    first, last = 20 - BEFORE_S // SECONDS, 20 + -(-after // SIZE)
    assert sorted(ear.read) == list(range(first, last + 1))
    assert [bool(heard.words) for _, heard in decided] == [
        first <= at <= last for at in range(len(made))
    ]


def test_talk_alone_is_never_read() -> None:
    ear = MarkedEar()
    triage = Triage(ear, BEFORE_S)
    decided = triage.hear(windows([TALK] * 30)) + triage.hear([], last=True)
    assert len(decided) == 30
    assert ear.read == []


def test_an_empty_call_is_decided_at_once() -> None:
    assert Triage(MarkedEar(), BEFORE_S).hear([], last=True) == []


def test_the_same_numbers_are_muted_without_a_transcript(
    ssn_call: Path, engine: Engine, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    findings = []
    for transcript in (True, False):
        tap = FileTap(ssn_call)
        call = Call(tap.format, policy, analyzer)
        chunks = list(run(call, tap, engine, transcript=transcript))
        assert sum(len(chunk.span) for chunk in chunks if chunk.channel == 1) == 80_000
        findings.append(call.findings())
    assert findings[0] == findings[1]
    assert findings[0]
