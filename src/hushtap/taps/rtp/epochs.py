"""Where packets belong: sequence numbers and timestamps, counted on beyond their wraps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hushtap.taps.rtp.packet import Packet

MOST_WAITING: Final = 512
"""Packets that wait for one that is missing; then it is given up. Ten seconds of 20 ms each."""
SETTLE_S: Final = 0.2
"""Seconds after the first packet in which the earliest is looked for, to place all by it."""
USUAL_CLOCK: Final = 8_000
_LONGEST_STEP: Final = 48_000
"""Ticks from one packet to the next, at most, for the two to belong together."""


@dataclass(slots=True)
class Epoch:
    """A stretch in which sequence and timestamps run on.

    ``sequence`` and ``ticks`` are of the packet that is furthest on; ``origin`` is the
    call sample of tick 0; ``next_sequence`` is what follows the one that was played last.
    """

    number: int
    clock: int
    sequence: int
    ticks: int
    origin: int = 0
    next_sequence: int | None = None

    def unwrap(self, packet: Packet) -> tuple[int, int]:
        """Return sequence and timestamp of ``packet``, counted on."""
        sequence = self.sequence + signed(packet.sequence - self.sequence, 16)
        return sequence, self.ticks + signed(packet.timestamp - self.ticks, 32)

    def place(self, ticks: int, rate: int) -> int:
        """Return the call sample of ``ticks``."""
        return self.origin + ticks * rate // self.clock


@dataclass(order=True, slots=True)
class Waiting:
    """A packet that is not yet played, in the order in which it will be."""

    number: int
    ticks: int
    sequence: int
    epoch: Epoch = field(compare=False)
    packet: Packet = field(compare=False)


class Opening:
    """The first packets of a direction, until it can be told where they belong.

    The one with the least delay places them all. Timestamps far from the first one's
    have no say: a sender that is faster than real time, or a damaged packet.
    """

    def __init__(self, clock: int) -> None:
        self.packets: list[tuple[Packet, float]] = []
        self._clock = clock

    def add(self, packet: Packet, arrival: float) -> None:
        """Take a packet that came at ``arrival`` seconds."""
        self.packets.append((packet, arrival))

    def settled(self, now: float) -> bool:
        """Return whether enough came, by the time ``now``."""
        return now - self.packets[0][1] >= SETTLE_S or len(self.packets) >= MOST_WAITING

    @property
    def start(self) -> float:
        """The arrival time of the first sample as it would have been without delay."""
        near = self._near()
        earliest = min(ticks for ticks, _ in near)
        return min(arrival - (ticks - earliest) / self._clock for ticks, arrival in near)

    def epoch(self, place: int, rate: int) -> Epoch:
        """Return the epoch that they begin, its first sample the call's sample ``place``."""
        first = self.packets[0][0]
        earliest = first.timestamp + min(ticks for ticks, _ in self._near())
        begun = Epoch(0, self._clock, first.sequence, first.timestamp)
        begun.origin = place - earliest * rate // self._clock
        return begun

    def _near(self) -> list[tuple[int, float]]:
        """Return ticks, counted from the first packet's, and arrivals of those that have a say."""
        first = self.packets[0][0]
        ticks = (
            (signed(packet.timestamp - first.timestamp, 32), arrival)
            for packet, arrival in self.packets
            if packet.ssrc == first.ssrc
        )
        return [(tick, when) for tick, when in ticks if abs(tick) <= 2 * SETTLE_S * self._clock]


def goes_on(before: Packet, packet: Packet) -> bool:
    """Return whether ``packet`` comes right after ``before`` from one sender."""
    step = signed(packet.timestamp - before.timestamp, 32)
    return signed(packet.sequence - before.sequence, 16) == 1 and 0 <= step <= _LONGEST_STEP


def signed(difference: int, bits: int) -> int:
    """Return ``difference``, modulo ``2**bits``, as the nearest to zero (RFC 1982)."""
    half = 1 << (bits - 1)
    return (difference + half) % (1 << bits) - half
