"""How fast a sender's clock runs, against that of the machine that listens.

A packet can be late but not early: of many packets the earliest, by its timestamp,
shows the clock and not the network. What that one gains or loses from one stretch
of time to the next is skew.
"""

from __future__ import annotations

from typing import Final

WINDOW_S: Final = 10.0
"""Seconds of which the earliest packet is looked for: 5 ms at 500 ppm."""
SLACK_S: Final = 0.010
"""Seconds of error that are left alone, in silence; more is corrected there."""
LIMIT_S: Final = 0.120
"""Seconds of error that are corrected at once, even in speech."""
_PLAUSIBLE_S: Final = 1.0
"""Seconds of error beyond which it is no clock: a sender that is not in real time."""


class Skew:
    """The error of one stream's place on the call's clock, in seconds; ahead is positive."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._earliest = 0.0
        self._error = 0.0
        self._at_once = False

    def arrived(self, arrival: float, ahead: float) -> None:
        """Note that a packet came at ``arrival``, its place ``ahead`` of that."""
        if self._since is None:
            self._since, self._earliest = arrival, ahead
            return
        self._earliest = max(self._earliest, ahead)
        if arrival - self._since >= WINDOW_S:
            self._error = self._earliest if abs(self._earliest) <= _PLAUSIBLE_S else 0.0
            self._since = None

    @property
    def wanted(self) -> bool:
        """Whether there is an error worth correcting."""
        return abs(self._error) >= SLACK_S

    def due(self, *, quiet: bool) -> float:
        """Return the seconds to move the stream by, now; negative is earlier, 0.0 not at all."""
        if abs(self._error) >= LIMIT_S:
            self._at_once = True
        elif abs(self._error) < SLACK_S:
            self._at_once = False
        small = abs(self._error) < SLACK_S or not (quiet or self._at_once)
        return 0.0 if small else -self._error

    def moved(self, seconds: float) -> None:
        """Note that the stream was moved by ``seconds``."""
        self._error += seconds
        self._earliest += seconds

    def restart(self) -> None:
        """Forget what was measured: the stream was placed anew."""
        self._since, self._error, self._at_once = None, 0.0, False
