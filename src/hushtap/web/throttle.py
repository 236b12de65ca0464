"""How often one address may try; in memory, and bounded."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from hushtap.web.errors import TooManyError

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST: Final = 10_000
"""Addresses that are remembered; the one not seen for longest is forgotten first."""


class Throttle:
    """A bucket for each address that fills with ``rate`` tries a minute and holds as many."""

    def __init__(self, rate: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str) -> None:
        """Count one try. Raises ``TooManyError``: there were too many."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(address, (float(self._rate), now))
            left = min(float(self._rate), left + (now - then) * self._rate / 60)
            self._left[address] = (left - 1 if left >= 1 else left, now)
            while len(self._left) > _MOST:
                self._left.popitem(last=False)
        if left < 1:
            raise TooManyError("Too many tries from here: wait a minute.")
