"""Keys that a tap tells of by a message between its audio, and not by when they were pressed.

The message comes once the key was recognised, while its tone may still be on its way; so
what lies around it is silenced. Which key it was is not taken in.
"""

from __future__ import annotations

from typing import Final

from hushtap.timeline import Span, to_samples

BEFORE_S: Final = 0.4
"""Seconds before the message that may hold the key's tone: one that is pressed for long."""
AFTER_S: Final = 0.2
"""Seconds after it: what a message overtakes."""


class Pressed:
    """Whether keys were pressed on one channel that no chunk has told of yet."""

    def __init__(self) -> None:
        self.waits = False

    def note(self) -> None:
        """Take note of a message."""
        self.waits = True

    def take(self, at: int, rate: int) -> tuple[Span, ...]:
        """Return what is to be silenced, for the chunk that starts at sample ``at``."""
        if not self.waits:
            return ()
        self.waits = False
        return (Span(max(0, at - to_samples(BEFORE_S, rate)), at + to_samples(AFTER_S, rate)),)
