"""Where a mute begins and ends: from the last word known to be no number to the next.

Word times of the recogniser are off by 100-300 ms at exactly these edges, so a
mute takes in the voiced sound beside a number that no other word explains, up
to a pause, and is padded after that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hushtap.numbers.spoken import Part, parts
from hushtap.timeline import Span, rescale, to_samples
from hushtap.vad import EAR_RATE, STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.ears.windows import Activity
    from hushtap.pii.policy import Policy
    from hushtap.values import Word

REACH_S: Final = 1.5
"""Seconds of unexplained sound beside a number that a mute may take in."""

PAUSE_STEPS: Final = 8
"""Steps of 20 ms without voice that end the sound of a number."""

LONG_WORD_S: Final = 1.2
"""A word longer than this hides others (a swallowed repeat)."""

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
        self._long = to_samples(LONG_WORD_S, rate)

    def widen(self, span: Span, words: Sequence[Word], activity: Activity, now: int) -> Span:
        """Return the span to mute around a number at ``span``; nothing after ``now`` is read."""
        start_limit = max(0, span.start - self._reach)
        end_limit = min(now, span.end + self._reach)
        for word in words:
            if word.span.start < span.start and word.span.end <= span.start + (len(span) // 2):
                limit = word.span.end
                if len(word.span) > self._long:
                    limit = word.span.start + self._long // 2
                start_limit = max(start_limit, min(limit, span.start))
            elif word.span.start >= span.end:
                end_limit = min(end_limit, word.span.start)
                break
        start = self._walk(span.start, start_limit, activity, -1)
        end = self._walk(span.end, max(end_limit, span.end), activity, 1)
        return Span(start, end).pad(self._before, self._after)

    def bridge(self, spans: Sequence[Span], words: Sequence[Word]) -> list[Span]:
        """Return ``spans`` (sorted) with the gaps closed that hold little but more number."""
        bridged: list[Span] = []
        reach = to_samples(BRIDGE_S, self._rate)
        for span in spans:
            if bridged and span.start - bridged[-1].end <= reach:
                gap = Span(min(bridged[-1].end, span.start), span.start)
                between = [w for w in words if gap.start <= _middle(w) < gap.end]
                others = sum(p is Part.OTHER for p in parts(between))
                if others <= BRIDGE_WORDS:
                    bridged[-1] = bridged[-1].hull(span)
                    continue
            bridged.append(span)
        return bridged

    def _walk(self, at: int, limit: int, activity: Activity, direction: int) -> int:
        """Return how far from ``at`` towards ``limit`` the voice goes on without a pause."""
        here = rescale(at, self._rate, EAR_RATE) // STEP
        last = rescale(limit, self._rate, EAR_RATE) // STEP
        silent, reached = 0, here
        step = here - 1 if direction < 0 else here
        while (step >= last) if direction < 0 else (step < last):
            if activity.voiced(step):
                silent, reached = 0, step if direction < 0 else step + 1
            else:
                silent += 1
                if silent >= PAUSE_STEPS:
                    break
            step += direction
        edge = rescale(reached * STEP, EAR_RATE, self._rate)
        return min(at, edge) if direction < 0 else max(at, edge)


def _middle(word: Word) -> int:
    return (word.span.start + word.span.end) // 2
