"""The score of one call: what it gave away and what it took too much, audio against audio.

- A step of 10 ms is *voiced* where the original lies within ``VOICED_DB`` of the
  level of its own span (the 95th percentile of the span's steps), so quiet callers
  count as much as loud ones and pauses inside a number do not count.
- It is *audible* where it was not muted, or can be made out all the same
  (``hushtap.evaluate.steps``).
- A digit is *leaked* where half of its voiced time or more is audible. Where the
  truth has no times of words, the digits share the voiced time of their span evenly.
- An *edge error* is how far the mute's edge lies from the voiced edge of the span:
  above 0 the speech sticks out (a leak), below 0 the mute does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from hushtap.errors import TapError, UsageError
from hushtap.evaluate.steps import STEPS_PER_SECOND, Steps, at_step, compare
from hushtap.evaluate.truth import load_truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hushtap.evaluate.truth import Truth, TruthSpan

Audio: TypeAlias = NDArray[np.int16] | NDArray[np.float32] | NDArray[np.float64]
"""int16, or floats of full scale 1; shape ``(n,)`` or ``(n, channels)``."""

GUARD_SECONDS: Final = 0.3
"""How far around a sensitive span a mute may reach without being called false."""
OPEN_SECONDS: Final = 0.1
WIDE_OPEN_SECONDS: Final = 0.7
FULL_SCALE: Final = 32_768.0


@dataclass(frozen=True, slots=True)
class SpanScore:
    """Seconds of voiced speech in one span, and how much of it is still audible.

    ``leaked`` of its ``span.digits`` digits are audible. ``onset`` and ``offset`` are
    edge errors in seconds; ``None`` where no mute, or the mute of a neighbour too,
    lies over that edge.
    """

    span: TruthSpan
    voiced: float
    audible: float
    leaked: int = 0
    onset: float | None = None
    offset: float | None = None


@dataclass(frozen=True, slots=True)
class NumberScore:
    """One number, its groups of digits added up."""

    spans: tuple[SpanScore, ...]

    @property
    def span(self) -> TruthSpan:
        """The first of its groups."""
        return self.spans[0].span

    @property
    def voiced(self) -> float:
        """Seconds of voiced speech."""
        return sum(scored.voiced for scored in self.spans)

    @property
    def audible(self) -> float:
        """Seconds of it that are audible."""
        return sum(scored.audible for scored in self.spans)

    @property
    def digits(self) -> int:
        """How many digits it has; 0 where the truth does not tell of each group."""
        counts = [scored.span.digits for scored in self.spans]
        return sum(counts) if all(counts) else 0

    @property
    def leaked(self) -> int:
        """How many of its digits are audible."""
        return sum(scored.leaked for scored in self.spans)

    @property
    def open(self) -> bool:
        """Whether it is audible for ``OPEN_SECONDS`` or more."""
        return self.audible_for(OPEN_SECONDS)

    @property
    def muted(self) -> bool:
        """Whether half of its voiced time or more is gone."""
        return 2 * self.audible <= self.voiced

    def audible_for(self, seconds: float) -> bool:
        """Return whether it is audible for so long or longer."""
        return self.audible >= seconds - 1e-9


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one channel, in seconds of the call."""

    channel: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Score:
    """What one redacted call gave away and what it took too much; all times in seconds.

    ``false_mutes`` touch no sensitive span within ``GUARD_SECONDS``, and
    ``false_mute_seconds`` is their length; ``harmless_muted_seconds`` is all that is
    muted outside the guard, the overlong ends of right mutes included.
    """

    seconds: float
    spans: tuple[SpanScore, ...]
    false_mutes: int
    false_mute_seconds: float
    harmless_muted_seconds: float
    false_stretches: tuple[Stretch, ...] = ()

    @property
    def sensitive(self) -> tuple[SpanScore, ...]:
        """The spans that had to go."""
        return tuple(scored for scored in self.spans if scored.span.sensitive)

    @property
    def leak(self) -> float:
        """Audible share of the voiced time of sensitive spans, 0 to 1; 0 where there is none."""
        voiced = sum(scored.voiced for scored in self.sensitive)
        return sum(scored.audible for scored in self.sensitive) / voiced if voiced else 0.0

    def numbers(self, *, sensitive: bool = True) -> tuple[NumberScore, ...]:
        """Return the numbers that had to go, or those that did not."""
        groups: dict[int, list[SpanScore]] = {}
        for scored in self.spans:
            if scored.span.entity is not None and scored.span.sensitive is sensitive:
                groups.setdefault(scored.span.number, []).append(scored)
        return tuple(NumberScore(tuple(spans)) for spans in groups.values())

    def audible_by_number(self, *, sensitive: bool = True) -> tuple[tuple[float, float], ...]:
        """Return ``(voiced, audible)`` seconds of each number, its groups added up."""
        return tuple((n.voiced, n.audible) for n in self.numbers(sensitive=sensitive))

    def open_numbers(self, seconds: float = OPEN_SECONDS) -> int:
        """Return how many sensitive numbers are audible for ``seconds`` or more."""
        return sum(number.audible_for(seconds) for number in self.numbers())


def score_files(original: Path, redacted: Path, truth: Path | None = None) -> Score:
    """Score one pair of audio files; the truth is by default the JSON beside the original.

    Raises:
        TapError: a file cannot be read as audio.
        UsageError: the files or the truth do not belong together.
    """
    labels = load_truth(truth or original.with_suffix(".json"))
    before, rate = _read(original)
    after, after_rate = _read(redacted)
    if rate != after_rate or rate != labels.sample_rate:
        msg = (
            f"{redacted}: {after_rate} Hz, but the original has {rate} Hz "
            f"and the truth {labels.sample_rate} Hz; they must agree"
        )
        raise UsageError(msg)
    try:
        return score(before, after, labels)
    except UsageError as error:
        msg = f"{redacted}: {error}"
        raise UsageError(msg) from None


def score(original: Audio, redacted: Audio, truth: Truth) -> Score:
    """Compare a call with its redacted copy.

    Both are int16, or floats of full scale 1, with shape ``(n,)`` or ``(n, channels)``
    at ``truth.sample_rate``.

    Raises:
        UsageError: length or channels differ, or a span lies outside the call.
    """
    before, after = _columns(original), _columns(redacted)
    if before.shape != after.shape:
        msg = f"shape {after.shape} is not the {before.shape} of the original; lengths must match"
        raise UsageError(msg)
    seconds = len(before) / truth.sample_rate
    _check(truth, before.shape[1], seconds)
    channels = [
        compare(before[:, n], after[:, n], truth.sample_rate) for n in range(before.shape[1])
    ]
    mutes = [steps.mutes() for steps in channels]
    spans = tuple(
        _score_span(span, channels[span.channel], mutes[span.channel], truth)
        for span in truth.spans
    )
    false, harmless_steps = [], 0
    for n, steps in enumerate(channels):
        near = _near_sensitive(truth, n, len(steps.muted))
        for start, end in mutes[n]:
            harmless_steps += int(np.count_nonzero(~near[start:end]))
            if not near[start:end].any():
                false.append((n, start, end))
    return Score(
        seconds=seconds,
        spans=spans,
        false_mutes=len(false),
        false_mute_seconds=sum(end - start for _, start, end in false) / STEPS_PER_SECOND,
        harmless_muted_seconds=harmless_steps / STEPS_PER_SECOND,
        false_stretches=tuple(
            Stretch(n, start / STEPS_PER_SECOND, end / STEPS_PER_SECOND) for n, start, end in false
        ),
    )


def _read(path: Path) -> tuple[NDArray[np.int16], int]:
    try:
        samples, rate = sf.read(path, dtype="int16", always_2d=True)
    except (OSError, sf.LibsndfileError):
        msg = (
            f"{path}: cannot be read as audio; give a WAV, FLAC or other file that soundfile reads"
        )
        raise TapError(msg) from None
    return np.asarray(samples, np.int16), int(rate)


def _columns(samples: Audio) -> NDArray[np.float64]:
    scale = 1.0 if samples.dtype == np.int16 else FULL_SCALE
    return np.atleast_2d(samples.T).T.astype(np.float64) * scale


def _check(truth: Truth, channels: int, seconds: float) -> None:
    if truth.channels != channels:
        msg = f"the truth speaks of {truth.channels} channels, the audio has {channels}"
        raise UsageError(msg)
    step = 1 / STEPS_PER_SECOND
    for span in truth.spans:
        inside = 0 <= span.start <= span.end <= seconds + step
        if not (0 <= span.channel < channels and inside):
            msg = f"the truth has a span outside the call (channel {span.channel}); correct it"
            raise UsageError(msg)


def _score_span(
    span: TruthSpan, steps: Steps, mutes: Sequence[tuple[int, int]], truth: Truth
) -> SpanScore:
    first, last = at_step(span.start), at_step(span.end)
    voiced = steps.voiced(first, last)
    audible = voiced & ~steps.hidden(first, last)
    onset = offset = None
    if voiced.any() and 2 * np.count_nonzero(audible) <= np.count_nonzero(voiced):
        at = first + np.flatnonzero(voiced)
        onset, offset = _edge_errors(span, (int(at[0]), int(at[-1]) + 1), mutes, truth)
    return SpanScore(
        span,
        voiced=int(np.count_nonzero(voiced)) / STEPS_PER_SECOND,
        audible=int(np.count_nonzero(audible)) / STEPS_PER_SECOND,
        leaked=_leaked_digits(span, voiced, audible),
        onset=onset,
        offset=offset,
    )


def _leaked_digits(span: TruthSpan, voiced: NDArray[np.bool_], audible: NDArray[np.bool_]) -> int:
    """Return how many digits are audible for half of their voiced time or more.

    With words of several digits, or digits of several words, the share of words
    rounded up.
    """
    if not (span.digits and audible.any()):
        return 0
    if span.words:
        first = at_step(span.start)
        units = [
            np.arange(max(0, at_step(start) - first), max(0, at_step(end) - first))
            for start, end in span.words
        ]
        units = [unit[unit < len(voiced)] for unit in units]
        units = [unit[voiced[unit]] for unit in units]
    else:
        units = np.array_split(np.flatnonzero(voiced), span.digits)
    leaked = sum(1 for unit in units if len(unit) and 2 * int(audible[unit].sum()) >= len(unit))
    return -(-leaked * span.digits // len(units))


def _edge_errors(
    span: TruthSpan, voiced: tuple[int, int], mutes: Sequence[tuple[int, int]], truth: Truth
) -> tuple[float | None, float | None]:
    begin, end = voiced
    over = [mute for mute in mutes if mute[0] < end and mute[1] > begin]
    if not over:
        return None, None
    first, last = over[0][0], over[-1][1]
    others = [
        (at_step(other.start), at_step(other.end))
        for other in truth.spans
        if other.sensitive and other.channel == span.channel and other is not span
    ]
    shared_onset = any(start < begin and stop > first for start, stop in others)
    shared_offset = any(stop > end and start < last for start, stop in others)
    return (
        None if shared_onset else (first - begin) / STEPS_PER_SECOND,
        None if shared_offset else (end - last) / STEPS_PER_SECOND,
    )


def _near_sensitive(truth: Truth, channel: int, count: int) -> NDArray[np.bool_]:
    near = np.zeros(count, np.bool_)
    for span in truth.spans:
        if span.sensitive and span.channel == channel:
            start, end = at_step(span.start - GUARD_SECONDS), at_step(span.end + GUARD_SECONDS)
            near[max(0, start) : end] = True
    return near
