"""Labelled calls in memory: redacted under a policy, and scored as ``hushtap eval`` scores.

Nothing is written: a case may be the sound of a number that nobody muted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from hushtap.batch import run
from hushtap.errors import HushtapError
from hushtap.evaluate import score, summarise
from hushtap.evaluate.cases import find_cases
from hushtap.pipeline import Call
from hushtap.taps.file import FileTap
from hushtap.taps.samples import chunked
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.shared import Ear
    from hushtap.evaluate import Score, Summary, Truth
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer
    from hushtap.values import Entity


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A labelled call; ``samples`` have the shape ``(n, channels)`` at the truth's rate."""

    name: str
    samples: NDArray[np.int16] = field(repr=False)
    truth: Truth


def load(folder: Path) -> list[Trial]:
    """Return the labelled calls in a folder. Raises ``UsageError``, ``TapError``."""
    found = []
    for case in find_cases(folder):
        tap = FileTap(case.wav)
        parts: list[list[NDArray[np.int16]]] = [[] for _ in range(tap.format.channels)]
        for chunk in tap:
            parts[chunk.channel].append(chunk.samples)
        samples = np.stack([np.concatenate(some) for some in parts], axis=1)
        found.append(Trial(case.name, samples, case.truth))
    return found


class Judge:
    """Scores trials under policies, each pair once. Not thread-safe."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._known: dict[tuple[int, str], Score] = {}

    def summary(self, trials: Sequence[Trial], policy: Policy) -> Summary:
        """Return what the trials add up to under ``policy``. Raises ``HushtapError``."""
        return summarise([self.score(trial, policy) for trial in trials])

    def score(self, trial: Trial, policy: Policy) -> Score:
        """Return the score of one trial. Raises ``HushtapError``."""
        key = (id(trial), policy.fingerprint)
        if key not in self._known:
            redacted = _redacted(trial, policy, self._ear)
            self._known[key] = score(trial.samples, redacted, trial.truth)
        return self._known[key]


def _redacted(trial: Trial, policy: Policy, ear: Ear) -> NDArray[np.int16]:
    rate, (length, channels) = trial.truth.sample_rate, trial.samples.shape
    call = Call(AudioFormat(rate, channels), policy, _analyzer(policy.entities))
    clear = np.zeros((length, channels), np.int16)
    done = [0] * channels
    for chunk in run(call, chunked(_pieces(trial, rate), rate), ear, transcript=False):
        clear[chunk.span.start : chunk.span.end, chunk.channel] = chunk.samples
        done[chunk.channel] = chunk.span.end
    if done != [length] * channels:
        raise HushtapError(f"{trial.name}: was not redacted to its end")
    return clear


def _pieces(trial: Trial, step: int) -> Iterable[NDArray[np.int16]]:
    return (trial.samples[at : at + step] for at in range(0, len(trial.samples), step))


@cache
def _analyzer(entities: frozenset[Entity]) -> SpokenAnalyzer:
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415 - takes seconds to import

    return SpokenAnalyzer(entities)
