"""The RTP streams of a capture: which datagrams belong together, and whether they are audio."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.taps.pcap.datagrams import Address, Datagram
from hushtap.taps.pcap.frames import CaptureError
from hushtap.taps.rtp.packet import Packet, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.taps.pcap.frames import Frame

PAUSE_S: Final = 60.0
"""Seconds without a packet after which another source on the same ports is another call."""
LONG_PAUSE_S: Final = 900.0
"""Seconds without a packet after which any source is."""
FEWEST: Final = 5
"""Packets that make a stream."""
MOST_FLOWS: Final = 100_000
_REGULAR: Final = 0.8
"""Share of packets of a stream that have the same source, and follow the one before."""
_STEP: Final = 64
_SAMPLE: Final = 16_384

Flow: TypeAlias = tuple[Address, Address]
"""From where, to where."""


@dataclass(slots=True)
class Leg:
    """The datagrams of one flow, without a long pause: where they are in the file, and when."""

    flow: Flow
    first: float
    last: float
    offsets: array[int] = field(default_factory=lambda: array("Q"), repr=False)
    sizes: array[int] = field(default_factory=lambda: array("I"), repr=False)
    times: array[float] = field(default_factory=lambda: array("d"), repr=False)
    kinds: Counter[int] = field(default_factory=Counter)
    sample: bytearray = field(default_factory=bytearray, repr=False)
    link: int = 0
    _others: int = 0
    _sources: Counter[int] = field(default_factory=Counter)
    _ssrc: int = -1
    _sequence: int = 0
    _steps: int = 0

    def add(self, packet: Packet, frame: Frame) -> None:
        """Take the next datagram, which is RTP by its header."""
        self.last = max(self.last, frame.time)
        self.offsets.append(frame.offset)
        self.sizes.append(len(frame.data))
        self.times.append(self.last)
        self.link = frame.link
        self.kinds[packet.payload_type] += 1
        if packet.ssrc in self._sources or len(self._sources) < _STEP:
            self._sources[packet.ssrc] += 1
        follows = (packet.sequence - self._sequence + _STEP) % 2**16 < 2 * _STEP
        self._steps += follows and packet.ssrc == self._ssrc
        self._ssrc, self._sequence = packet.ssrc, packet.sequence
        if len(self.sample) < _SAMPLE:
            self.sample += packet.payload

    def add_other(self) -> None:
        """Count a datagram of the flow that is no RTP: STUN, RTCP or another protocol."""
        self._others += 1

    def continues(self, packet: Packet, time: float) -> bool:
        """Return whether ``packet`` belongs to the same call as those before."""
        pause = time - self.last
        return pause < PAUSE_S or (pause < LONG_PAUSE_S and packet.ssrc == self._ssrc)

    @property
    def is_stream(self) -> bool:
        """Whether this is RTP, and not something that looks like it here and there."""
        count = len(self.times)
        sources = sum(one for one in self._sources.values() if one >= FEWEST)
        return (
            count >= FEWEST
            and count > self._others
            and sources >= _REGULAR * count
            and self._steps >= _REGULAR * (count - len(self._sources))
        )

    def overlap(self, other: Leg) -> float:
        """Return the share of the shorter of the two in which both were sent."""
        shared = min(self.last, other.last) - max(self.first, other.first)
        shorter = min(self.last - self.first, other.last - other.first)
        return shared / shorter if shorter > 0 else float(shared >= 0)


class Legs:
    """All flows of a capture that may be RTP."""

    def __init__(self) -> None:
        self._open: dict[Flow, Leg] = {}
        self._closed: list[Leg] = []

    def add(self, one: Datagram, frame: Frame) -> None:
        """Take the next datagram of the capture.

        Raises:
            CaptureError: there are more flows than any calls have.
        """
        flow = one.source, one.target
        leg = self._open.get(flow)
        packet = parse(one.payload)
        if packet is None:
            if leg is not None:
                leg.add_other()
            return
        if leg is not None and not leg.continues(packet, frame.time):
            self._closed.append(leg)
            leg = None
        if leg is None:
            if len(self._open) + len(self._closed) >= MOST_FLOWS:
                raise CaptureError("has too many flows: filter it down to the calls")
            leg = self._open[flow] = Leg(flow, frame.time, frame.time)
        leg.add(packet, frame)

    def streams(self) -> Iterator[Leg]:
        """Yield those that are RTP, in the order of their beginnings."""
        found = [leg for leg in (*self._closed, *self._open.values()) if leg.is_stream]
        yield from sorted(found, key=lambda leg: (leg.first, leg.flow))
