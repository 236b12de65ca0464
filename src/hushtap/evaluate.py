"""Leak and over-redaction, measured by comparing audio with audio.

The score trusts nothing that the pipeline says about itself: it looks at the
original, the redacted copy and the truth, in steps of 10 ms.

- A step is *voiced* where the original lies within ``VOICED_DB`` of the level of
  its own span (the 95th percentile of the span's steps), so quiet callers count
  as much as loud ones and pauses inside a number do not count.
- A step is *muted* where the redacted audio is no longer the original: after the
  best gain, what is left over holds more than a tenth of its energy, or the gain
  is under -26 dB. One gain for the whole file and int16 rounding change nothing.
- Speech that can still be made out under a beep or noise, or as a whisper, is not
  muted: a stretch of 0.2 s or more that correlates with the original is audible.

Truth files are JSON: ``sample_rate``, ``channels`` and ``spans`` of ``channel``,
``start`` and ``end`` in seconds, ``entity`` and ``sensitive``; an optional
``number`` joins the spans (groups of digits) that are one number.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from hushtap.errors import TapError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Audio: TypeAlias = NDArray[np.int16] | NDArray[np.float32] | NDArray[np.float64]
"""int16, or floats of full scale 1; shape ``(n,)`` or ``(n, channels)``."""

STEPS_PER_SECOND = 100
VOICED_DB = 20.0
"""A step this far below the level of its span is a pause."""
MUTED_ENERGY = 0.1
"""Share of a step's energy that is not the original's from which it counts as muted."""
MUTED_GAIN = 0.05
"""-26 dB: a copy weaker than this is silence."""
ROUNDING = 4.0
"""RMS in int16 units that quantisation alone may cause."""
COVERED_CORRELATION = 0.25
"""By chance, 4 895 windows of phone speech reached 0.11 with noise and 0.19 with a 1 kHz beep."""
COVERED_SECONDS = 0.2
FADE_STEPS = 2
"""Steps at either end of a mute that a fade may leave half open."""
GUARD_SECONDS = 0.3
"""How far around a sensitive span a mute may reach without being called false."""
BRIDGE_SECONDS = 0.5
"""Digital silence up to this long does not split a mute: nobody can tell there."""
OPEN_SECONDS = 0.1
WIDE_OPEN_SECONDS = 0.7
FULL_SCALE = 32_768.0


@dataclass(frozen=True, slots=True)
class TruthSpan:
    """Where something was said, in seconds of the call; ``number`` joins groups of one number."""

    channel: int
    start: float
    end: float
    entity: str | None
    sensitive: bool
    number: int


@dataclass(frozen=True, slots=True)
class Truth:
    """What a labelled call holds. The digits of the file are not kept."""

    sample_rate: int
    channels: int
    spans: tuple[TruthSpan, ...]


@dataclass(frozen=True, slots=True)
class SpanScore:
    """Seconds of voiced speech in one span, and how much of it is still audible."""

    span: TruthSpan
    voiced: float
    audible: float


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

    @property
    def sensitive(self) -> tuple[SpanScore, ...]:
        """The spans that had to go."""
        return tuple(scored for scored in self.spans if scored.span.sensitive)

    @property
    def leak(self) -> float:
        """Audible share of the voiced time of sensitive spans, 0 to 1; 0 where there is none."""
        voiced = sum(scored.voiced for scored in self.sensitive)
        return sum(scored.audible for scored in self.sensitive) / voiced if voiced else 0.0

    def audible_by_number(self, *, sensitive: bool = True) -> tuple[tuple[float, float], ...]:
        """Return ``(voiced, audible)`` seconds of each number, its groups added up."""
        totals: dict[int, tuple[float, float]] = {}
        for scored in self.spans:
            if scored.span.entity is not None and scored.span.sensitive is sensitive:
                voiced, audible = totals.get(scored.span.number, (0.0, 0.0))
                totals[scored.span.number] = (voiced + scored.voiced, audible + scored.audible)
        return tuple(totals.values())

    def open_numbers(self, seconds: float = OPEN_SECONDS) -> int:
        """Return how many sensitive numbers are audible for ``seconds`` or more."""
        return sum(audible >= seconds - 1e-9 for _, audible in self.audible_by_number())


@dataclass(frozen=True, slots=True)
class Summary:
    """Many calls added up. Rates are per hour of call; ``leak_by_entity`` is 0 to 1."""

    calls: int
    hours: float
    voiced_seconds: float
    audible_seconds: float
    leak: float
    leak_by_entity: dict[str, float]
    numbers: int
    open_numbers: int
    wide_open_numbers: int
    false_mutes: int
    false_mutes_per_hour: float
    false_mute_seconds: float
    harmless_muted_seconds_per_hour: float
    harmless_numbers: int
    harmless_numbers_muted: int
    """Harmless numbers of whose voiced time half or more is gone."""


@dataclass(frozen=True, slots=True)
class _Steps:
    """Energies per 10 ms step of one channel: original, redacted, and their product."""

    original: NDArray[np.float64]
    redacted: NDArray[np.float64]
    product: NDArray[np.float64]
    floor: NDArray[np.float64]
    """Energy that rounding alone may cause."""
    muted: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    """Steps in which muting would change nothing."""


def load_truth(path: Path) -> Truth:
    """Read a truth file.

    Raises:
        UsageError: it is absent, is not JSON or lacks a field.
    """
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        spans = tuple(
            TruthSpan(
                channel=int(span["channel"]),
                start=float(span["start"]),
                end=float(span["end"]),
                entity=span["entity"],
                sensitive=bool(span["sensitive"]),
                number=int(span.get("number", -1 - at)),
            )
            for at, span in enumerate(data["spans"])
        )
        return Truth(int(data["sample_rate"]), int(data["channels"]), spans)
    except OSError:
        msg = f"{path}: cannot be read; every labelled call needs its truth beside it"
    except (ValueError, KeyError, TypeError, AttributeError):
        msg = f"{path}: not a truth file; it needs sample_rate, channels and spans as JSON"
    raise UsageError(msg)


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
        _compare(before[:, n], after[:, n], truth.sample_rate) for n in range(before.shape[1])
    ]
    spans = tuple(_score_span(span, channels[span.channel]) for span in truth.spans)
    false_mutes, false_steps, harmless_steps = 0, 0, 0
    for n, steps in enumerate(channels):
        near = _near_sensitive(truth, n, len(steps.muted))
        for start, end in _mutes(steps):
            harmless_steps += int(np.count_nonzero(~near[start:end]))
            if not near[start:end].any():
                false_mutes += 1
                false_steps += end - start
    return Score(
        seconds=seconds,
        spans=spans,
        false_mutes=false_mutes,
        false_mute_seconds=false_steps / STEPS_PER_SECOND,
        harmless_muted_seconds=harmless_steps / STEPS_PER_SECOND,
    )


def summarise(scores: Sequence[Score]) -> Summary:
    """Add up the scores of many calls; rates over no time at all are 0."""
    hours = sum(one.seconds for one in scores) / 3600
    sensitive = [scored for one in scores for scored in one.sensitive]
    harmless = [pair for one in scores for pair in one.audible_by_number(sensitive=False)]
    false_mutes = sum(one.false_mutes for one in scores)
    taken = sum(one.harmless_muted_seconds for one in scores)
    return Summary(
        calls=len(scores),
        hours=hours,
        voiced_seconds=sum(scored.voiced for scored in sensitive),
        audible_seconds=sum(scored.audible for scored in sensitive),
        leak=_share(sensitive),
        leak_by_entity={
            entity: _share([s for s in sensitive if s.span.entity == entity])
            for entity in sorted({s.span.entity or "" for s in sensitive})
        },
        numbers=sum(len(one.audible_by_number()) for one in scores),
        open_numbers=sum(one.open_numbers() for one in scores),
        wide_open_numbers=sum(one.open_numbers(WIDE_OPEN_SECONDS) for one in scores),
        false_mutes=false_mutes,
        false_mutes_per_hour=false_mutes / hours if hours else 0.0,
        false_mute_seconds=sum(one.false_mute_seconds for one in scores),
        harmless_muted_seconds_per_hour=taken / hours if hours else 0.0,
        harmless_numbers=len(harmless),
        harmless_numbers_muted=sum(2 * audible <= voiced for voiced, audible in harmless),
    )


def _share(spans: Iterable[SpanScore]) -> float:
    pairs = [(scored.audible, scored.voiced) for scored in spans]
    voiced = sum(pair[1] for pair in pairs)
    return sum(pair[0] for pair in pairs) / voiced if voiced else 0.0


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


def _compare(before: NDArray[np.float64], after: NDArray[np.float64], rate: int) -> _Steps:
    """Cut both into steps and tell which of them were muted."""
    count = -(-len(before) * STEPS_PER_SECOND // rate)
    edges = np.arange(count) * rate // STEPS_PER_SECOND
    sizes = np.diff(edges, append=len(before))

    def per_step(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, edges), np.float64) if count else values[:0]

    oo, rr, product = per_step(before**2), per_step(after**2), per_step(before * after)
    floor = sizes * ROUNDING**2
    own_gain = np.divide(product, oo, out=np.zeros(count), where=oo > 0)
    alike = np.square(product) >= (1 - MUTED_ENERGY) * oo * rr
    kept = alike & (own_gain >= MUTED_GAIN) & (oo > floor)
    gain = float(np.median(own_gain[kept])) if kept.any() else 1.0
    difference = rr - 2 * gain * product + gain**2 * oo
    muted = ~kept & (difference > np.maximum(floor, MUTED_ENERGY**2 * gain**2 * oo))
    return _Steps(oo, rr, product, floor, muted, silent=(oo <= floor) & ~muted)


def _score_span(span: TruthSpan, steps: _Steps) -> SpanScore:
    first, last = round(span.start * STEPS_PER_SECOND), round(span.end * STEPS_PER_SECOND)
    energy = steps.original[first:last]
    if not len(energy):
        return SpanScore(span, 0.0, 0.0)
    threshold = float(np.percentile(energy, 95)) * 10 ** (-VOICED_DB / 10)
    voiced = (energy >= threshold) & (energy > 0)
    hidden = steps.muted[first:last].copy()
    for start, end in _runs(hidden):
        if _shines_through(steps, first + start, first + end):
            hidden[start:end] = False
    return SpanScore(
        span,
        voiced=int(np.count_nonzero(voiced)) / STEPS_PER_SECOND,
        audible=int(np.count_nonzero(voiced & ~hidden)) / STEPS_PER_SECOND,
    )


def _shines_through(steps: _Steps, start: int, end: int) -> bool:
    """Tell whether the original can be made out under what replaced it."""
    inner = slice(start + FADE_STEPS, end - FADE_STEPS)
    if end - start < COVERED_SECONDS * STEPS_PER_SECOND:
        return False
    oo, rr = float(steps.original[inner].sum()), float(steps.redacted[inner].sum())
    if not oo or rr <= float(steps.floor[inner].sum()):
        return False
    alike = float(steps.product[inner].sum()) / (oo * rr) ** 0.5
    return bool(alike >= COVERED_CORRELATION)


def _near_sensitive(truth: Truth, channel: int, count: int) -> NDArray[np.bool_]:
    near = np.zeros(count, np.bool_)
    for span in truth.spans:
        if span.sensitive and span.channel == channel:
            start = round((span.start - GUARD_SECONDS) * STEPS_PER_SECOND)
            near[max(0, start) : round((span.end + GUARD_SECONDS) * STEPS_PER_SECOND)] = True
    return near


def _mutes(steps: _Steps) -> list[tuple[int, int]]:
    """Return the muted stretches in steps, joined across silence in which nobody can tell."""
    joined: list[tuple[int, int]] = []
    for start, end in _runs(steps.muted):
        gap = slice(joined[-1][1], start) if joined else slice(0, 0)
        short = start - gap.start <= BRIDGE_SECONDS * STEPS_PER_SECOND
        if joined and short and steps.silent[gap].all():
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
