"""What both ears have made of one channel so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hushtap.ears.spots import SpotTrack, fuse
from hushtap.ears.words import WordTrack
from hushtap.timeline import rescale
from hushtap.vad import EAR_RATE, STEP, steps_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hushtap.ears.engine import Heard
    from hushtap.ears.spots import Spot
    from hushtap.ears.windows import Activity, Schedule, Window
    from hushtap.ears.words import Suspect
    from hushtap.timeline import Span
    from hushtap.values import Word


class Hearing:
    """One channel as it was heard, on the call's clock of ``rate`` Hz.

    ``words`` are those of both ears together, as they stand; ``said`` are the number
    words and cues that the spotter named. Windows come in the order of their ends.
    """

    def __init__(self, rate: int, schedule: Schedule, activity: Activity) -> None:
        self.words: list[Word] = []
        self.said: list[Word] = []
        self._rate = rate
        self._activity = activity
        self._glances = schedule.glance is not None
        self._read = WordTrack(rate)
        self._spotted = SpotTrack(schedule.context, rate)
        self._spots: list[Spot] = []
        self._spotting = False

    def take(self, window: Window, heard: Heard | None) -> bool:
        """Take what was heard in ``window``, if it was; return whether there is anything new."""
        if heard is None:
            self._read.skip(window)
            self._spotted.skip(window)
        else:
            if window.words:
                self._read.update(window, heard, self._activity)
            if heard.digits is not None:
                self._spotted.update(window, heard.digits)
                self._spotting = True
        spots, said = self._spotted.spots(), self._spotted.said
        if heard is not None and not window.words and said is self.said and spots == self._spots:
            # A glance at talk: the words are what they were.
            return False
        self._spots, self.said = spots, said
        words = self._read.words
        self.words = fuse(words, spots, self._rate) if self._spotting else words
        return True

    @property
    def suspects(self) -> Sequence[Suspect]:
        """Where the words may be wrong."""
        return self._read.suspects

    @property
    def agreed_until(self) -> int:
        """The sample before which the words stand."""
        return self._read.agreed_until

    @property
    def spots(self) -> SpotTrack | None:
        """The number speech that the spotter hears; None where there is no spotter."""
        return self._spotted if self._spotting else None

    def heard_until(self, *, armed: bool) -> int:
        """Return the sample before which all was heard, and where ``armed`` agreed on."""
        read = self._read.agreed_until if armed else self._read.seen_until
        if not self._spotting:
            return read
        spotted = rescale(self._spotted.seen_until * STEP, EAR_RATE, self._rate)
        # A glance lets talk go before it is transcribed, unless a number is expected.
        return min(read, spotted) if armed or not self._glances else spotted

    def hears(self) -> Callable[[Span], bool] | None:
        """Return what tells whether the spotter hears a number in a span, if there is one."""
        if not self._spotting:
            return None
        return lambda span: self._spotted.hears(steps_of(span, self._rate))
