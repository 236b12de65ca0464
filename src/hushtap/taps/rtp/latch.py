"""From which address the packets of a port are taken.

The first valid packet says. Another address takes its place only after it sent ``MOST``
packets under one SSRC, the last ``IN_A_ROW`` of them while nothing came from the first:
the rule of ``sources``, for a client whose media moves to another machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from hushtap.taps.rtp.sources import IN_A_ROW, MOST

if TYPE_CHECKING:
    from collections.abc import Hashable

Address: TypeAlias = "Hashable"


class Latch:
    """The address of one port's sender. What is not RTP, or not authentic, is not shown to it."""

    def __init__(self) -> None:
        self.refused = 0
        """Packets from other addresses."""
        self._ours: Address | None = None
        self._other: tuple[Address, int] | None = None
        self._sent = 0
        self._row = 0

    def admits(self, source: Address, ssrc: int) -> bool:
        """Return whether a valid packet from ``source`` is to be taken."""
        if self._ours is None or source == self._ours:
            self._ours = source
            self._row = 0
            return True
        if (source, ssrc) != self._other:
            self._other, self._sent, self._row = (source, ssrc), 0, 0
        self._sent += 1
        self._row += 1
        if self._sent < MOST or self._row < IN_A_ROW:
            self.refused += 1
            return False
        self._ours, self._other = source, None
        return True

    def reset(self) -> None:
        """Let the next valid packet say anew: the signalling changed."""
        self._ours, self._other = None, None
