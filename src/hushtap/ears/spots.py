"""Where one channel says numbers, as the spotter hears it, and its words put beside the decoder's.

Every step is judged once, by the first window that gives it enough right
context. A run of number steps is a *spot*. ``fuse`` reads the decoder's words
and the spots as one: where both hear a number the spot gives its edges, where
only the spotter does its number words stand in for what the decoder wrote.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.ears.spotter import ON, SHORTEST
from hushtap.ears.windows import STEPS_PER_SECOND
from hushtap.numbers.spoken import Part, find_runs, parts
from hushtap.timeline import Span, rescale, rescale_span
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import HeardBy, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from hushtap.ears.spotter import DigitTrack, SpottedWord
    from hushtap.ears.windows import Window

TRACE: Final = 0.15
"""Probability from which on a step beside a number may still be part of it."""

JOIN: Final = 15
"""Steps without number speech inside one spot, at most."""

NEAR: Final = 5
"""Steps outside a spot at which a word of it may be named."""

SPOKEN_S: Final = 5.0
"""Seconds between words of one spot, at most: they belong together."""

NAMELESS: Final = 25
NAMELESS_SCORE: Final = 0.8
"""Steps and mean probability from which on number speech counts of which no word is named:
noise looks like short stretches of it."""

STEPS_PER_DIGIT: Final = 20
"""How long a digit takes where the spotter hears numbers but names no words."""

HEARD_SHARE: Final = 0.75
"""Share of the spotter's digits that the decoder must have heard to be believed."""

KEEP_STEPS: Final = 200 * STEPS_PER_SECOND
"""Steps kept, of which a quarter goes at once: never less than the words that are kept."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A run of number speech: steps ``[first, last)`` of the ears' clock and what was named."""

    first: int
    last: int
    score: float
    words: tuple[SpottedWord, ...] = field(repr=False)


class SpotTrack:
    """The spots of one channel, on the ears' clock in steps of 20 ms.

    ``context``: steps that a judgement needs after it. ``rate``: of the call's clock, in Hz.
    """

    def __init__(self, context: int, rate: int) -> None:
        self._context = context
        self._rate = rate
        self._number = np.zeros(KEEP_STEPS, np.float32)
        self._words: list[SpottedWord] = []
        self.said: list[Word] = []
        """The number words and cues named so far, in order, on the call's clock. Another
        list whenever there are others."""
        self._from = 0
        """Step that the arrays start at."""
        self.seen_until = 0
        """Step before which everything was judged."""

    def update(self, window: Window, track: DigitTrack) -> None:
        """Take what the spotter heard in a window. Windows come in the order of their ends."""
        start, end = window.span.start // STEP, window.span.end // STEP
        until = end if window.final else end - self._context
        cut = max(self.seen_until, start)
        if until <= cut:
            return
        self._make_room(until)
        part = track.number[cut - start : until - start]
        self._number[cut - self._from : cut - self._from + len(part)] = part
        words, cues = (
            [
                replace(word, step=word.step + start)
                for word in named
                if cut <= word.step + start < until or (word.step + start >= until and window.final)
            ]
            for named in (track.words, track.cues)
        )
        self._words += words
        if words or cues:
            self.said = [*self.said, *self._read(sorted([*words, *cues], key=_step))]
        self.seen_until = until

    def skip(self, window: Window) -> None:
        """Take note of a window that was not heard."""
        self.seen_until = max(self.seen_until, window.span.end // STEP)

    def number(self, first: int, last: int) -> np.ndarray:
        """Return the probabilities of number speech of the steps ``[first, last)``."""
        first, last = max(first, self._from), min(last, self._from + KEEP_STEPS)
        return self._number[first - self._from : max(first, last) - self._from]

    def hears(self, steps: Span) -> bool:
        """Return whether any of the steps is number speech, or a number word is named there."""
        if np.any(self.number(steps.start, steps.end) >= ON):
            return True
        first = bisect_left(self._words, steps.start, key=_step)
        last = bisect_left(self._words, steps.end, key=_step)
        return any(word.probability >= ON for word in self._words[first:last])

    def may_be_number(self, step: int) -> bool:
        """Return whether a step bears a trace of number speech, or was not judged yet."""
        if step >= self.seen_until or step < self._from:
            return True
        return bool(self._number[step - self._from] >= TRACE)

    def spots(self) -> list[Spot]:
        """Return the spots known now, in order."""
        found = self.number(self._from, self.seen_until)
        return find_spots(found, self._words, first=self._from)

    def _read(self, named: Sequence[SpottedWord]) -> Iterator[Word]:
        for word in named:
            steps = Span(word.step * STEP, (word.step + 1) * STEP)
            span = rescale_span(steps, EAR_RATE, self._rate)
            yield Word(word.text, span, word.probability, HeardBy.SPOTTER)

    def _make_room(self, until: int) -> None:
        over = until - self._from - KEEP_STEPS
        if over <= 0:
            return
        # At once for a while; after a long silence nothing of the past is left.
        shift = max(over, KEEP_STEPS // 4)
        left = self._number[shift:]
        self._number = np.concatenate((left, np.zeros(KEEP_STEPS - len(left), np.float32)))
        self._from += shift
        self._words = [word for word in self._words if word.step >= self._from]
        start = rescale(self._from * STEP, EAR_RATE, self._rate)
        self.said = [word for word in self.said if word.span.start >= start]


def find_spots(
    number: NDArray[np.float32], words: Sequence[SpottedWord], *, first: int = 0
) -> list[Spot]:
    """Return the runs of number speech, in order.

    ``number``: its probability at each step from ``first`` on, shape ``(n,)``; ``words``: the
    number words named there, in order.
    """
    on = np.flatnonzero(number >= ON)
    if not len(on):
        return []
    breaks = np.flatnonzero(np.diff(on) > JOIN)
    starts = on[np.concatenate(([0], breaks + 1))]
    ends = on[np.concatenate((breaks, [len(on) - 1]))] + 1
    times = [word.step - first for word in words]
    spots = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        loud = number[start:end] >= ON
        if int(loud.sum()) < SHORTEST:
            continue
        a, b = bisect_left(times, start - NEAR), bisect_right(times, end + NEAR)
        score = float(number[start:end][loud].mean())
        if a == b and (len(loud) < NAMELESS or score < NAMELESS_SCORE):
            continue
        spots.append(Spot(start + first, end + first, score, tuple(words[a:b])))
    return spots


def fuse(words: Sequence[Word], spots: Sequence[Spot], rate: int) -> list[Word]:
    """Return the words of one channel, in order of time, as both ears have them.

    ``words``: the decoder's, with spans on the call's clock of ``rate`` Hz. A word is
    marked with the ear that heard it. Words outside the spots stay as they are.
    """
    if not spots:
        return list(words)
    kinds = parts(words)
    fused: list[Word] = []
    at = spoken = 0
    for spot, span in _whole(words, kinds, spots, rate):
        while at < len(words) and _middle(words[at].span) < span.start:
            fused.append(_outside(_after(words[at], spoken), kinds[at], span))
            at += 1
        first = at
        while at < len(words) and _middle(words[at].span) < span.end:
            at += 1
        inside = list(zip(words[first:at], kinds[first:at], strict=True))
        named = _named(spot, span, rate)
        if _digits(inside) >= HEARD_SHARE * _said(named, rate):
            fused += _snapped(inside, span)
        else:
            fused += named
        spoken = span.end
    return [*fused, *(_after(word, spoken) for word in words[at:])]


def _whole(
    words: Sequence[Word], kinds: Sequence[Part], spots: Sequence[Spot], rate: int
) -> list[tuple[Spot, Span]]:
    """Return the spots and their spans; those that one number word of the decoder covers as one."""
    numbers = [w.span for w, kind in zip(words, kinds, strict=True) if kind is Part.NUMBER]
    whole: list[tuple[Spot, Span]] = []
    for spot in spots:
        span = rescale_span(Span(spot.first * STEP, spot.last * STEP), EAR_RATE, rate)
        if whole:
            last, before = whole[-1]
            if any(n.overlaps(before) and n.overlaps(span) for n in numbers):
                score = min(last.score, spot.score)
                joined = Spot(last.first, spot.last, score, last.words + spot.words)
                whole[-1] = (joined, before.hull(span))
                continue
        whole.append((spot, span))
    return whole


def _after(word: Word, spoken: int) -> Word:
    """Return a word that follows a spot, cut where the spot ends."""
    if word.span.start >= spoken:
        return word
    return replace(word, span=Span(spoken, max(spoken, word.span.end)))


def _outside(word: Word, kind: Part, span: Span) -> Word:
    """Return a word before a spot; where it is talk that reaches into it, cut at its edge."""
    if kind is Part.NUMBER or word.span.end <= span.start:
        return word
    return replace(word, span=Span(min(word.span.start, span.start), span.start))


def _snapped(inside: Sequence[tuple[Word, Part]], span: Span) -> list[Word]:
    """Return the words of a spot that both ears heard, its outer numbers reaching its edges."""
    words = [
        replace(word, by=HeardBy.BOTH) if kind is Part.NUMBER else word for word, kind in inside
    ]
    # "Four seven two for", where the spotter hears four words, is four numbers.
    spoken = {Part.NUMBER, Part.HOMOPHONE}
    numbers = [i for i, (_, kind) in enumerate(inside) if kind in spoken]
    first, last = numbers[0], numbers[-1]
    start, end = min(words[first].span.start, span.start), max(words[last].span.end, span.end)
    words[first] = replace(words[first], span=Span(start, words[first].span.end))
    words[last] = replace(words[last], span=Span(words[last].span.start, end))
    # The decoder places the talk beside a number late; what the spotter heard is the number.
    for i in range(first):
        before = words[i].span
        words[i] = replace(words[i], span=Span(min(before.start, start), min(before.end, start)))
    for i in range(last + 1, len(words)):
        after = words[i].span
        words[i] = replace(words[i], span=Span(max(after.start, end), max(after.end, end)))
    return words


def _named(spot: Spot, span: Span, rate: int) -> list[Word]:
    """Return the spotter's words, each from half-way to the one before to half-way to the next."""
    texts = [word.text for word in spot.words]
    steps = [min(max(word.step, spot.first), spot.last - 1) for word in spot.words]
    if not texts:
        count = max(1, round((spot.last - spot.first) / STEPS_PER_DIGIT))
        texts = ["zero"] * count
        steps = [
            spot.first + (2 * i + 1) * (spot.last - spot.first) // (2 * count) for i in range(count)
        ]
    bounds = [
        span.start,
        *(rescale((a + b + 1) * STEP // 2, EAR_RATE, rate) for a, b in itertools.pairwise(steps)),
        span.end,
    ]
    return [
        Word(f" {text}", Span(a, max(a, b)), spot.score, HeardBy.SPOTTER)
        for text, (a, b) in zip(texts, itertools.pairwise(bounds), strict=True)
    ]


def _said(named: Sequence[Word], rate: int) -> int:
    """Return how many digits the spotter's words stand for, one at least."""
    runs = find_runs(named, rate=rate, max_gap_s=SPOKEN_S)
    return max(1, sum(len(run.digits) for run in runs))


def _digits(inside: Sequence[tuple[Word, Part]]) -> int:
    """Return how many digits the decoder heard in a spot, roughly: by number words."""
    return sum(
        max(1, sum(c.isdigit() for c in word.text)) for word, kind in inside if kind is Part.NUMBER
    )


def _step(word: SpottedWord) -> int:
    return word.step


def _middle(span: Span) -> int:
    return (span.start + span.end) // 2
