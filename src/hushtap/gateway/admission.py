"""Whether there is room for one more call: by count, and by what the ears measured lately."""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from hushtap.errors import BusyError
from hushtap.observe import Queue, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hushtap.gateway.config import LimitsSection
    from hushtap.observe import Metrics

LATELY_S: Final = 10.0
"""Seconds that are looked back: long enough for a p95 of many windows, short enough to
recover soon after a peak."""

_MARK_S: Final = 1.0
_LATE: Final = (Reason.LATE, Reason.EARS_FULL)


class Refusal(StrEnum):
    """Why a call was not taken."""

    DRAINING = "draining"
    FULL = "full"
    EARS_SLOW = "ears_slow"
    """Windows wait longer for the ears, or more of them, than the limits say."""
    EARS_LATE = "ears_late"
    """Audio of other calls was muted lately because the ears were late."""


class Admission:
    """Counts the calls that are up, and refuses more than can be heard in time.

    For one thread. ``metrics`` are those of the ears; ``clock`` gives seconds.
    """

    def __init__(
        self,
        limits: LimitsSection,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.up = 0
        """Calls that hold a place."""
        self.refused: Counter[Refusal] = Counter()
        self.draining = False
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._marks: deque[tuple[float, Mapping[int, float], int]] = deque()
        self.note()

    def take(self) -> None:
        """Take a place. Raises ``BusyError`` where there is none."""
        refusal = self.refusal()
        if refusal is not None:
            self.refused[refusal] += 1
            after = self._limits.retry_after
            raise BusyError(f"no more calls are taken now ({refusal})", retry_after=after)
        self.up += 1

    def free(self) -> None:
        """Give a place back."""
        self.up -= 1

    def refusal(self) -> Refusal | None:
        """Return why a call would not be taken now; None where it would."""
        if self.draining:
            return Refusal.DRAINING
        if self.up >= self._limits.max_calls:
            return Refusal.FULL
        self.note()
        if self._late() > self._marks[0][2]:
            return Refusal.EARS_LATE
        waiting = self._metrics.now(Queue.EARS)
        # NaN, where nothing was heard lately, is not more than anything.
        if waiting > self._limits.max_wait or self.delay() > self._limits.max_delay:
            return Refusal.EARS_SLOW
        return None

    def delay(self) -> float:
        """Return the ears' delay of the last seconds at p95, in seconds; NaN where none is."""
        if not self._marks:
            return math.nan
        return self._metrics.ear_delay.quantile(0.95, since=self._marks[0][1])

    def note(self) -> None:
        """Remember how the ears stand now; once a second is enough."""
        now = self._clock()
        if not self._marks or now - self._marks[-1][0] >= _MARK_S:
            self._marks.append((now, self._metrics.ear_delay.weights(), self._late()))
        # The oldest that is kept is at least so old, once there is one.
        while len(self._marks) > 1 and now - self._marks[1][0] >= LATELY_S:
            self._marks.popleft()

    def _late(self) -> int:
        counted = self._metrics.fail_closed
        return sum(counted.get(reason, 0) for reason in _LATE)
