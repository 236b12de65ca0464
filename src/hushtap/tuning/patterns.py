"""How a number was said that nobody muted: where it paused, and when it was asked for.

No digit and no word of it, and nothing that tells how many digits it had but its length:
this may be kept where the number itself may not.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hushtap.errors import VerificationError
from hushtap.numbers.cues import find_cues
from hushtap.timeline import Span, merge, to_samples
from hushtap.values import Entity, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hushtap.values import Finding, TranscriptWord

JOINS_S: Final = 1.5
"""Seconds between what was missed and a mute beside it that is of the same number."""
PAUSE_S: Final = 0.25
"""Seconds of silence between words of one breath, at most."""
ASKED_WITHIN_S: Final = 600.0
"""Seconds that a question may lie back."""
ASKED_USUALLY_S: Final = 1.5
"""From the last word of a question to the answer, where no words were kept to tell."""

_STEPS: Final = 100
"""In a second."""
_QUIET_DB: Final = 20.0


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a number was said, in seconds.

    ``side`` is the channel that said it; ``groups`` are (start, end) of what was said in
    one breath, from the beginning of the first; ``asked`` is how long before that the
    question for it ended, ``None`` where none was understood.
    """

    entity: Entity
    side: int
    groups: tuple[tuple[float, float], ...]
    asked: float | None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return asdict(self) | {"entity": str(self.entity)}

    @staticmethod
    def of_json(told: dict[str, Any]) -> Pattern:
        """Return what ``as_json`` told. Raises ``VerificationError``: it is none."""
        try:
            groups = tuple((float(start), float(end)) for start, end in told["groups"])
            asked = None if told["asked"] is None else float(told["asked"])
            return Pattern(Entity(told["entity"]), int(told["side"]), groups, asked)
        except (KeyError, TypeError, ValueError):
            raise VerificationError("a case is not what was stored: restore desk.db") from None


def whole_of(span: Span, channel: int, muted: Iterable[Finding], rate: int) -> Span:
    """Return all of the number that ``span`` is of: with the mutes close to it on its channel."""
    near = to_samples(JOINS_S, rate)
    spans = [span, *(one.span for one in muted if one.channel == channel and one.muted)]
    [whole] = [one for one in merge(spans, near) if one.overlaps(span)]
    return whole


def describe(
    entity: Entity,
    channel: int,
    span: Span,
    *,
    samples: NDArray[np.int16],
    at: int,
    muted: Sequence[Finding],
    words: Sequence[TranscriptWord],
    rate: int,
) -> Pattern:
    """Return the pattern of a number missed in ``span`` of ``channel``.

    ``samples`` are of that channel, from sample ``at`` on, and cover ``whole_of`` it;
    ``words`` are those of the masked transcript.
    """
    whole = whole_of(span, channel, muted, rate)
    voiced = [
        *_voiced(samples[span.start - at : span.end - at], span.start, rate),
        *(one.span.intersect(whole) for one in muted if one.channel == channel and one.muted),
    ]
    groups = merge(voiced, to_samples(PAUSE_S, rate)) or [span]
    first = groups[0].start
    told = tuple(
        (round((one.start - first) / rate, 2), round((one.end - first) / rate, 2)) for one in groups
    )
    return Pattern(entity, channel, told, _asked(entity, first, words, rate))


def _voiced(samples: NDArray[np.int16], at: int, rate: int) -> list[Span]:
    """Return where somebody speaks, by steps of 10 ms against the loudest of them."""
    step = rate // _STEPS
    whole = samples[: len(samples) // step * step].astype(np.float64).reshape(-1, step)
    energy = np.mean(np.square(whole), axis=1)
    if not len(energy) or not energy.max():
        return []
    loud = energy >= np.percentile(energy, 95) * 10 ** (-_QUIET_DB / 10)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.view(np.int8), [0])))).tolist()
    return [
        Span(at + first * step, at + last * step)
        for number, (first, last) in enumerate(pairwise(edges))
        if number % 2 == 0
    ]


def _asked(entity: Entity, first: int, words: Sequence[TranscriptWord], rate: int) -> float | None:
    """Return how long before sample ``first`` somebody asked, in seconds."""
    if not words:
        return ASKED_USUALLY_S
    since = first - to_samples(ASKED_WITHIN_S, rate)
    times = []
    for channel in {one.channel for one in words}:
        said = [
            Word(one.text, one.span)
            for one in words
            if one.channel == channel and since <= one.span.start < first
        ]
        times += [cue.time for cue in find_cues(said, channel) if cue.entity is entity]
    return round((first - max(times)) / rate, 2) if times else None
