"""Words of one channel as window after window hears them.

After LocalAgreement (Machácek et al., 2023): a word is *agreed* once two looks
at the same speech say the same, or once a look that ended in a pause said it.
Numbers are treated apart: one that a later look no longer hears stays a
*suspect*, because the ear that missed it is as likely to be wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from hushtap.numbers.spoken import Part, parts
from hushtap.timeline import Span, rescale_span, to_samples
from hushtap.vad import EAR_RATE, STEP

if TYPE_CHECKING:
    from hushtap.ears.engine import Heard
    from hushtap.ears.windows import Activity, Window
    from hushtap.values import Word

EDGE_S: Final = 0.35
"""Seconds of right context that a word needs before its window may be believed,
and of left context where a window starts in the middle of speech."""

MATCH_S: Final = 0.5
"""How far apart, in seconds, two looks may place the same word."""

LOOP_DIGITS: Final = 16
"""Digits that a loop over numbers stands for: as many as it hides, at most."""

KEEP_S: Final = 150.0
"""Seconds of words kept: longer than any ask stays open."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """A word and whether a second look, or a pause, confirmed it."""

    word: Word = field(repr=False)
    agreed: bool


@dataclass(frozen=True, slots=True)
class Suspect:
    """Where a number was heard by one look and not by another, or a decoder looped."""

    span: Span
    digits: int
    source: str


class WordTrack:
    """The words of one channel. Spans are on the call's clock of ``rate`` Hz."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._edge = to_samples(EDGE_S, rate)
        self.tracked: list[Tracked] = []
        self.suspects: list[Suspect] = []
        self.seen_until = 0
        """Before here every word had right context in at least one look."""
        self.agreed_until = 0
        """Before here looks agreed or a pause closed the question."""

    @property
    def words(self) -> list[Word]:
        """The words as they stand."""
        return [t.word for t in self.tracked]

    def update(self, window: Window, heard: Heard, activity: Activity) -> None:
        """Take what one look heard. Windows must come in the order of their ends.

        ``activity``: the voice activity of the channel. The recogniser lets a word
        last until the next one starts; here it ends where its voice does.
        """
        span = rescale_span(window.span, EAR_RATE, self._rate)
        new = [
            replace(w, span=rescale_span(_voiced(w, window, activity), EAR_RATE, self._rate))
            for w in heard.words
        ]
        left = span.start if window.opening else span.start + self._edge
        right = span.end if window.final else span.end - self._edge
        old = [t for t in self.tracked if _middle(t.word.span) >= left]
        kept = [t for t in self.tracked if _middle(t.word.span) < left]
        floor = kept[-1].word.span.end if kept else 0
        new = [w for w in new if _middle(w.span) >= left and w.span.end > floor]
        self._suspect(old, new, heard, span)
        agreed = self._agree(old, new, final=window.final)
        self.tracked = kept + [Tracked(w, window.final or i < agreed) for i, w in enumerate(new)]
        self._advance(span, left, right, new, agreed, final=window.final)
        self._forget(span.end)

    def skip(self, window: Window) -> None:
        """Take note of a window that no ear heard: nothing in it is waited for any more."""
        end = rescale_span(window.span, EAR_RATE, self._rate).end
        self.seen_until = max(self.seen_until, end)
        self.agreed_until = max(self.agreed_until, end)

    def _agree(self, old: list[Tracked], new: list[Word], *, final: bool) -> int:
        """Return how many of the new words, from the first on, the last look said too."""
        if final:
            return len(new)
        count = 0
        reach = to_samples(MATCH_S, self._rate)
        for known, word in zip(old, new, strict=False):
            near = abs(known.word.span.start - word.span.start) <= reach
            if plain(known.word.text) != plain(word.text) or not near:
                break
            count += 1
        return count

    def _suspect(self, old: list[Tracked], new: list[Word], heard: Heard, span: Span) -> None:
        numbers = [w.span for w, p in zip(new, parts(new), strict=True) if p is Part.NUMBER]
        before = [t.word for t in old]
        reach = to_samples(MATCH_S, self._rate)
        for word, part in zip(before, parts(before), strict=True):
            near = word.span.pad(reach, reach)
            if part is Part.NUMBER and not any(near.overlaps(n) for n in numbers):
                digits = max(1, sum(c.isdigit() for c in word.text))
                self.suspects.append(Suspect(word.span, digits, "words"))
        if heard.looped:
            start = min((n.start for n in numbers), default=span.start)
            digits = LOOP_DIGITS if numbers else 0
            self.suspects.append(Suspect(Span(start, span.end), digits, "loop"))

    def _advance(
        self, span: Span, left: int, right: int, new: list[Word], agreed: int, *, final: bool
    ) -> None:
        if final:
            self.seen_until = self.agreed_until = max(self.seen_until, span.end)
            return
        cut = next((w.span.start for w in new if w.span.end > right), right)
        whole = [w for w in new if w.span.end <= right]
        for word, part in zip(reversed(whole), reversed(parts(whole, lenient=True)), strict=True):
            if part not in {Part.NUMBER, Part.HOMOPHONE}:
                break
            cut = min(cut, word.span.start)
        self.seen_until = max(self.seen_until, min(cut, right))
        confirmed = new[agreed - 1].span.end if agreed else left
        self.agreed_until = max(self.agreed_until, left, min(confirmed, right))

    def _forget(self, now: int) -> None:
        oldest = now - to_samples(KEEP_S, self._rate)
        if self.tracked and self.tracked[0].word.span.end < oldest:
            self.tracked = [t for t in self.tracked if t.word.span.end >= oldest]
            self.suspects = [s for s in self.suspects if s.span.end >= oldest]


def _voiced(word: Word, window: Window, activity: Activity) -> Span:
    """Return the voiced extent of ``word``, on the ears' clock of the call."""
    span = word.span.shift(window.span.start)
    first, last = span.start // STEP, -(-span.end // STEP)
    voiced = [step for step in range(first, last) if activity.voiced(step)]
    if not voiced:
        return span
    return Span(max(span.start, voiced[0] * STEP), min(span.end, (voiced[-1] + 1) * STEP))


def _middle(span: Span) -> int:
    return (span.start + span.end) // 2


def plain(text: str) -> str:
    """Return the letters and digits of ``text`` in lower case: what two looks must share."""
    return re.sub(r"[^a-z0-9]", "", text.lower())
