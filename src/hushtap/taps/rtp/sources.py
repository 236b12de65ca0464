"""Which source (SSRC) of one direction is listened to.

The first one is. Another takes its place only after it sent ``MOST`` packets, the last
``IN_A_ROW`` of them without one of the first between: a stray or forged packet changes
nothing, and a new sender in the same call is not left out for longer than a second.
Signalling that changes the session lets another take over at once.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hushtap.taps.rtp.counts import Counts
    from hushtap.taps.rtp.packet import Packet

MOST: Final = 50
IN_A_ROW: Final = 30


class Source:
    """The source of one direction. ``switched`` is set when another takes over."""

    def __init__(self, counts: Counts) -> None:
        self.switched = False
        self._counts = counts
        self._ssrc: int | None = None
        self._other: int | None = None
        self._sent = 0
        self._row = 0
        self._kept: deque[tuple[Packet, float]] = deque(maxlen=MOST)
        self._unlocked = 0

    def unlock(self) -> None:
        """Let another source take over with its first packet, within the next ``MOST``."""
        self._unlocked = MOST

    def admitted(self, packet: Packet, arrival: float) -> list[tuple[Packet, float]]:
        """Return the packets to listen to now that this one came: mostly itself."""
        if self._ssrc is None:
            self._ssrc = packet.ssrc
        if packet.ssrc != self._ssrc and self._unlocked:
            self._ssrc = packet.ssrc
            self._other, self._unlocked, self.switched = None, 0, True
            self._counts.switches += 1
        if packet.ssrc == self._ssrc:
            self._row = 0
            self._unlocked = max(0, self._unlocked - 1)
            return [(packet, arrival)]
        if packet.ssrc != self._other:
            self._other, self._sent, self._row = packet.ssrc, 0, 0
            self._kept.clear()
        self._sent += 1
        self._row += 1
        self._counts.foreign += 1
        self._kept.append((packet, arrival))
        if self._sent < MOST or self._row < IN_A_ROW:
            return []
        self._ssrc, self._other = packet.ssrc, None
        self._counts.switches += 1
        self.switched = True
        # Those since the last packet of the old source: what overlapped it is not played.
        kept = list(self._kept)[-self._row :]
        self._counts.foreign -= len(kept)
        self._kept.clear()
        return kept
