"""Which windows of a file the decoder must read: those near a number, or a request for one.

The spotter hears every window. Where no transcript is wanted, the decoder only has
to tell what a number is, and to hear what the spotter did not where one was asked
for: it reads the windows of all channels around number speech, as far back as a
question for it stays open, and those around and after words that ask for a card or
the like.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from hushtap.ears.windows import OFFLINE
from hushtap.numbers.cues import asks_for_secret
from hushtap.timeline import Span, to_samples
from hushtap.vad import EAR_RATE, STEP

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from hushtap.ears.engine import Heard
    from hushtap.ears.windows import Window

AFTER: Final = 8 * EAR_RATE
"""Samples after it: "that was my zip", and the rest of a sentence."""

AFTER_ASK: Final = 30 * EAR_RATE
"""Samples after a word that asks for a secret, in which the answer is given."""


@dataclass(slots=True, eq=False)
class _Pending:
    window: Window
    heard: Heard


class SpottingEar(Protocol):
    """An ear that can hear with the spotter first, and read the words later."""

    def listen(
        self,
        windows: Sequence[NDArray[np.float32]],
        words: Sequence[bool] | None = None,
        before: Sequence[Heard] | None = None,
    ) -> list[Heard]:
        """Return what was heard in each window; see ``hushtap.ears.engine.Engine.listen``."""
        ...


class Triage:
    """Hears the windows of one call: the spotter all, the decoder those that need it.

    ``ear`` has a spotter. Windows come back in the order in which they went in, once
    what may follow them is known. ``before_s``: seconds before number speech in which the
    question for it may lie.
    """

    def __init__(self, ear: SpottingEar, before_s: float) -> None:
        self._ear = ear
        # A window counts whole, and none that is decided may yet be wanted.
        self._before = to_samples(before_s, EAR_RATE)
        self._longest = OFFLINE.longest * STEP
        self._pending: list[_Pending] = []
        self._marks: list[Span] = []
        """Where the decoder must read, on the ears' clock, latest last."""

    def hear(self, windows: Sequence[Window], *, last: bool = False) -> list[tuple[Window, Heard]]:
        """Take more windows; return those that are decided, with what was heard in them.

        ``last``: no window follows, and all are decided.
        """
        tracks = self._ear.listen([w.audio for w in windows], [False] * len(windows))
        for window, heard in zip(windows, tracks, strict=True):
            self._pending.append(_Pending(window, heard))
            if reach := _reach(heard):
                start = max(0, window.span.start - self._before)
                self._marks.append(Span(start, window.span.end + reach))
        if not self._pending:
            return []
        latest = max(p.window.span.end for p in self._pending)
        horizon = latest - self._before - self._longest
        decided = len(self._pending)
        if not last:
            late = (i for i, p in enumerate(self._pending) if p.window.span.end > horizon)
            decided = next(late, decided)
        ready, self._pending = self._pending[:decided], self._pending[decided:]
        self._read(ready)
        self._marks = [mark for mark in self._marks if mark.end > horizon - self._longest]
        return [(p.window, p.heard) for p in ready]

    def _read(self, ready: Sequence[_Pending]) -> None:
        wanted = [
            p
            for p in ready
            if p.window.words and any(mark.overlaps(p.window.span) for mark in self._marks)
        ]
        heard = self._ear.listen(
            [p.window.audio for p in wanted], [True] * len(wanted), [p.heard for p in wanted]
        )
        for pending, answer in zip(wanted, heard, strict=True):
            pending.heard = answer


def _reach(heard: Heard) -> int:
    """Return how long after a window the decoder must read, in samples; 0 where it need not."""
    track = heard.digits
    if track is None or asks_for_secret(word.text for word in track.cues):
        return AFTER_ASK
    return AFTER if track.counts else 0
