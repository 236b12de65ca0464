"""From which address the packets of a port are taken: UDP says, and anybody can send.

The first one to send so many packets of one stream in sequence is it. Where signalling tells
of a sender that moves, another takes its place, but only after it sent ``MOST`` packets under
one SSRC, the last ``IN_A_ROW`` of them while nothing came from the first: the rule of
``sources``. An address can be forged; this keeps out whoever sees nothing of the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hushtap.taps.rtp.epochs import signed
from hushtap.taps.rtp.sources import IN_A_ROW, MOST

if TYPE_CHECKING:
    from collections.abc import Hashable

    from hushtap.taps.rtp.packet import Packet

LEARNED: Final = 5
"""Packets of one source (SSRC), in sequence, after which its address is known where no
signalling says that a stream was agreed on."""
_CANDIDATES: Final = 64
"""Addresses among which that one is looked for."""


class Latch:
    """The address that one port listens to, known after ``learned`` packets of one source.

    ``moves``: another may take its place. What is not authentic is not shown to it.
    """

    def __init__(self, *, learned: int = 1, moves: bool = True) -> None:
        self.refused = 0
        """Datagrams from other addresses."""
        self._learned = learned
        self._moves = moves
        self._ours: Hashable = None
        self._sent: dict[Hashable, tuple[int, Packet]] = {}
        self._other: tuple[Hashable, int] | None = None
        self._others = 0
        self._row = 0

    def admits(self, source: Hashable, packet: Packet | None) -> bool:
        """Return whether a datagram from ``source`` is to be taken; None: it is no RTP."""
        if self._ours is None:
            if packet is not None:
                self._learn(source, packet)
            return True
        if source == self._ours:
            self._row = 0
            return True
        if packet is not None and self._moves and self._takes_over(source, packet.ssrc):
            return True
        self.refused += 1
        return False

    def reset(self) -> None:
        """Let the next valid packets say anew: the signalling changed."""
        self._ours, self._other = None, None
        self._sent.clear()

    def _learn(self, source: Hashable, packet: Packet) -> None:
        count, before = self._sent.get(source, (0, packet))
        near = abs(signed(packet.sequence - before.sequence, 16)) <= LEARNED
        count = count + 1 if near and packet.ssrc == before.ssrc else 1
        if len(self._sent) < _CANDIDATES or source in self._sent:
            self._sent[source] = count, packet
        if count >= self._learned:
            self._ours, self._row = source, 0

    def _takes_over(self, source: Hashable, ssrc: int) -> bool:
        if (source, ssrc) != self._other:
            self._other, self._others, self._row = (source, ssrc), 0, 0
        self._others += 1
        self._row += 1
        if self._others < MOST or self._row < IN_A_ROW:
            return False
        self._ours, self._other = source, None
        return True
