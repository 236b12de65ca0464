"""Where a mute begins and ends: from the last word known to be no number to the next.

Word times of the recogniser are off by 100-300 ms at exactly these edges, so a
mute takes in the voiced sound beside a number that no other word explains, up
to a pause, and is padded after that.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from hushtap.numbers.pieces import SURE
from hushtap.numbers.spoken import Part, parts
from hushtap.timeline import Span, rescale, to_samples
from hushtap.vad import EAR_RATE, STEP, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hushtap.ears.spots import SpotTrack
    from hushtap.ears.windows import Activity
    from hushtap.pii.policy import Policy
    from hushtap.values import Word

REACH_S: Final = 1.5
"""Seconds of unexplained sound beside a number that a mute may take in."""

PAUSE_STEPS: Final = 8
"""Steps of 20 ms without voice that end the sound of a number."""

WORD_S: Final = 0.12
LETTER_S: Final = 0.04
"""Seconds that a word takes: a part of its own, and so much for each letter."""

LONGEST_WORD_S: Final = 3.0
"""Seconds that the longest word takes, as its letters tell."""

BRIDGE_S: Final = 3.5
"""Two sensitive pieces this close, with few other words between, are muted as one."""

BRIDGE_WORDS: Final = 2


class Edges:
    """Widens the span of a number, given the words and the voice activity of its channel."""

    def __init__(self, policy: Policy, rate: int) -> None:
        self._rate = rate
        self._before = to_samples(policy.pad_before, rate)
        self._after = to_samples(policy.pad_after, rate)
        self._reach = to_samples(REACH_S, rate)
        self._longest = to_samples(LONGEST_WORD_S, rate)

    def talk(self, words: Sequence[Word]) -> list[Word]:
        """Return the words that are surely talk: no number, no filler, and not doubted."""
        return [
            word
            for word, part in zip(words, parts(words, lenient=True), strict=True)
            if part is Part.OTHER and word.probability >= SURE
        ]

    def widen(
        self,
        span: Span,
        words: Sequence[Word],
        activity: Activity,
        now: int,
        spots: SpotTrack | None = None,
    ) -> Span:
        """Return the span to mute around a number at ``span``; nothing after ``now`` is read.

        ``words``: those known to be talk (``talk``); only they stop a mute. ``spots``: where
        the spotter heard this number too, voice in which it hears none is left alone.
        """
        if spots is not None and not spots.hears(steps_of(span, self._rate)):
            spots = None
        start_limit = max(0, span.start - self._reach)
        end_limit = min(now, span.end + self._reach)
        # Words in order of time; what starts earlier ends too early to matter.
        first = bisect_left(words, start_limit - self._longest, key=_start)
        for word in words[first:]:
            if word.span.start < span.start and word.span.end <= span.start + (len(span) // 2):
                said = word.span.start + min(len(word.span), self._duration(word))
                start_limit = max(start_limit, min(said, span.start))
            elif word.span.start >= span.end:
                end_limit = min(end_limit, word.span.start)
                break
        start = self._walk(span.start, start_limit, activity, -1, spots)
        end = self._walk(span.end, max(end_limit, span.end), activity, 1, spots)
        return Span(start, end).pad(self._before, self._after)

    def _duration(self, word: Word) -> int:
        """Return how long the word can have taken; what its span has more belongs to the number.

        The recogniser starts a word where the one before it ends, however long the pause.
        """
        return to_samples(WORD_S + LETTER_S * len(word.text.strip()), self._rate)

    def bridges(self, spans: Sequence[Span], words: Sequence[Word]) -> Iterator[Span]:
        """Yield the gaps between ``spans`` (sorted) that hold little but more number.

        Each starts where one of the spans ends.
        """
        reach = to_samples(BRIDGE_S, self._rate)
        for i, span in enumerate(spans):
            later = [s for s in spans[i + 1 :] if s.end > span.end]
            if not later or not 0 < later[0].start - span.end <= reach:
                continue
            gap = Span(span.end, later[0].start)
            between = [w for w in words if gap.start <= _middle(w) < gap.end]
            if len(between) <= BRIDGE_WORDS:
                yield gap

    def _walk(
        self, at: int, limit: int, activity: Activity, direction: int, spots: SpotTrack | None
    ) -> int:
        """Return how far from ``at`` towards ``limit`` the voice goes on without a pause."""
        here = rescale(at, self._rate, EAR_RATE) // STEP
        last = rescale(limit, self._rate, EAR_RATE) // STEP
        silent, reached = 0, here
        step = here - 1 if direction < 0 else here
        while (step >= last) if direction < 0 else (step < last):
            if activity.voiced(step) and (spots is None or spots.may_be_number(step)):
                silent, reached = 0, step if direction < 0 else step + 1
            else:
                silent += 1
                if silent >= PAUSE_STEPS:
                    break
            step += direction
        edge = rescale(reached * STEP, EAR_RATE, self._rate)
        return min(at, edge) if direction < 0 else max(at, edge)


def _start(word: Word) -> int:
    return word.span.start


def _middle(word: Word) -> int:
    return (word.span.start + word.span.end) // 2
