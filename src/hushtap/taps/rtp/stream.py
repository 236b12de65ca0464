"""One direction: packets as they come in, samples in the order of the call out.

Audio is placed by its timestamp. What is absent is silence, and nothing else: no
concealment, so nothing that was muted can come back. Synchronous, without a clock:
arrivals are told, in seconds of one clock for both directions.

The place of a packet is final once its predecessor in the sequence is there, or once
``draw`` gives up waiting for that. A gap in the sequence is loss; a gap in the
timestamps alone is silence that the sender did not send.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.taps.rtp.codecs import LONGEST_PACKET_S, Decoders, is_event
from hushtap.taps.rtp.epochs import MOST_WAITING, USUAL_CLOCK, Epoch, Opening, Waiting, goes_on
from hushtap.taps.rtp.packet import parse_event
from hushtap.taps.rtp.skew import Skew
from hushtap.taps.rtp.sources import Source
from hushtap.timeline import Span, merge, to_samples, to_seconds

if TYPE_CHECKING:
    from hushtap.taps.rtp.codecs import PayloadMap
    from hushtap.taps.rtp.counts import Counts
    from hushtap.taps.rtp.packet import Packet
    from hushtap.values import Samples

MOST_AHEAD_S: Final = 1.0
"""Seconds that a timestamp may run ahead of its arrival, unless the sequence explains it."""
MOST_BEHIND_S: Final = 5.0
"""Seconds that a packet may be behind the time of its arrival and still belong there."""
ALL_LATE_S: Final = 0.5
"""Seconds for which every packet is late before the stream is placed anew."""
MOST_MISSING_S: Final = 1.0
"""Seconds ahead of its arrival that one packet may claim to have been lost before it."""
_LONGEST_EVENT_S: Final = 10.0
"""Seconds for which one event is reported under one timestamp: 65 535 ticks of 8 kHz, and some."""
_REMEMBERED: Final = 1_024
_QUIET: Final = 100.0
"""Root mean square below which a packet is silence: -50 dB of full scale."""
_USUAL_PACKET_S: Final = 0.020


class Stream:
    """One direction of a call at ``rate`` Hz; ``payloads`` says what the packets carry.

    Nothing comes out before ``anchor``, which the first ``SETTLE_S`` of packets are for.
    """

    def __init__(self, payloads: PayloadMap, rate: int, counts: Counts) -> None:
        self.end = 0
        """The call sample up to which everything was drawn."""
        self._keys: list[Span] = []
        self._carried = Decoders(payloads, rate)
        self._rate = rate
        self._counts = counts
        self._source = Source(counts)
        self._opening: Opening | None = None
        self._zero: float | None = None
        self._epoch: Epoch | None = None
        self._waiting: list[Waiting] = []
        self._seen: dict[tuple[int, int], None] = {}
        self._probe: tuple[Packet, float] | None = None
        self._late_since: float | None = None
        self._played_until = 0
        self._owed_until = 0
        self._was_quiet = True
        self._last_event: int | None = None
        self._skew = Skew()
        self._out: list[Samples] = []

    @property
    def anchored(self) -> bool:
        """Whether the call's sample 0 is known."""
        return self._zero is not None

    @property
    def start(self) -> float | None:
        """The arrival time of the first sample as it would have been without delay.

        None before the first packet, or once ``anchor`` was called.
        """
        return self._opening.start if self._opening else None

    def settled(self, now: float) -> bool:
        """Return whether enough came, by the time ``now``, to be placed."""
        return self._opening is not None and self._opening.settled(now)

    def anchor(self, zero: float) -> None:
        """Let ``zero`` be the arrival time of the call's sample 0, and take what came so far."""
        self._zero = zero
        opening, self._opening = self._opening, None
        if opening is None:
            return
        place = to_samples(opening.start - zero, self._rate)
        self._epoch = opening.epoch(place, self._rate)
        for packet, arrival in opening.packets:
            self.push(packet, arrival)

    def renew(self, payloads: PayloadMap) -> None:
        """Decode by ``payloads`` from now on, and listen to the next source that is new."""
        self._carried.renew(payloads)
        self._source.unlock()

    # --- packets in

    def push(self, packet: Packet, arrival: float) -> None:
        """Take a packet that came at ``arrival`` seconds."""
        if self._zero is None:
            if self._opening is None:
                self._opening = Opening(self._clock(packet) or USUAL_CLOCK)
            self._opening.add(packet, arrival)
            return
        for one, when in self._source.admitted(packet, arrival):
            if self._source.switched or self._epoch is None:
                self._source.switched = False
                self._restart(one, when)
            self._accept(one, when)

    def _accept(self, packet: Packet, arrival: float) -> None:
        epoch, clock = self._epoch, self._clock(packet)
        assert epoch is not None  # noqa: S101 - push() began it
        if clock is not None and clock != epoch.clock:
            epoch = self._restart(packet, arrival)
        sequence, ticks = epoch.unwrap(packet)
        if not self._fits(epoch, sequence, ticks, arrival, audio=clock is not None):
            before, self._probe = self._probe, (packet, arrival)
            if before is None or not goes_on(before[0], packet):
                self._counts.stray += 1
                return
            epoch = self._restart(*before)
            self._counts.stray -= 1
            self._put(epoch, *before)
        elif clock is not None and self._all_late(epoch, ticks, arrival):
            epoch = self._restart(packet, arrival)
        self._probe = None
        self._put(epoch, packet, arrival)

    def _fits(
        self, epoch: Epoch, sequence: int, ticks: int, arrival: float, *, audio: bool
    ) -> bool:
        """Return whether a packet's numbers can be true, by its arrival or its neighbours."""
        behind = MOST_BEHIND_S if audio else _LONGEST_EVENT_S
        if -behind <= self._ahead(epoch, ticks, arrival) <= MOST_AHEAD_S:
            return True
        # A sender that is faster than real time, or catches up.
        steps = sequence - epoch.sequence
        seconds = (ticks - epoch.ticks) / epoch.clock
        if not steps:
            return not seconds
        if seconds > MOST_MISSING_S:
            return False
        return abs(steps) <= MOST_WAITING and 0 <= seconds / steps <= LONGEST_PACKET_S

    def _all_late(self, epoch: Epoch, ticks: int, arrival: float) -> bool:
        """Return whether nothing has come in time for long: the sender's clock had stopped."""
        if epoch.place(ticks, self._rate) >= self.end:
            self._late_since = None
        elif self._late_since is None:
            self._late_since = arrival
        return self._late_since is not None and arrival - self._late_since > ALL_LATE_S

    def _put(self, epoch: Epoch, packet: Packet, arrival: float) -> None:
        sequence, ticks = epoch.unwrap(packet)
        if (sequence, ticks) in self._seen:
            self._counts.duplicates += 1
            return
        self._seen[sequence, ticks] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        if self._clock(packet) is not None:
            self._skew.arrived(arrival, self._ahead(epoch, ticks, arrival))
        if sequence > epoch.sequence:
            epoch.sequence, epoch.ticks = sequence, ticks
        heapq.heappush(self._waiting, Waiting(epoch.number, ticks, sequence, epoch, packet))

    def _ahead(self, epoch: Epoch, ticks: int, arrival: float) -> float:
        """Return by how many seconds the place of ``ticks`` is ahead of its arrival."""
        return to_seconds(epoch.place(ticks, self._rate), self._rate) - (
            arrival - (self._zero or 0)
        )

    def _restart(self, packet: Packet, arrival: float) -> Epoch:
        """Place what begins with ``packet`` by its arrival, behind all that is there."""
        before = self._epoch
        clock = self._clock(packet) or (before.clock if before else USUAL_CLOCK)
        place = max(to_samples(arrival - (self._zero or 0), self._rate), self.end)
        for waiting in self._waiting:
            usual = to_samples(_USUAL_PACKET_S, self._rate)
            place = max(place, waiting.epoch.place(waiting.ticks, self._rate) + usual)
        number = 0 if before is None else before.number + 1
        self._counts.resets += before is not None
        self._seen.clear()
        self._skew.restart()
        self._late_since = None
        epoch = Epoch(number, clock, packet.sequence, packet.timestamp)
        epoch.origin = place - packet.timestamp * self._rate // clock
        self._epoch = epoch
        return epoch

    def _clock(self, packet: Packet) -> int | None:
        found = self._carried.format_of(packet.payload_type)
        return found.clock if found is not None and found.is_audio else None

    # --- samples out

    def keys(self) -> tuple[Span, ...]:
        """Return where keys were pressed, as far as it was told since the last call."""
        told, self._keys = self._keys, []
        return tuple(merge(told))

    def draw(self, until: int) -> list[Samples]:
        """Return what has become final since the last call, in order.

        What was to come before call sample ``until``, and did not, is silence.
        """
        if self._opening is not None:
            return []
        while self._waiting:
            first = self._waiting[0]
            place = first.epoch.place(first.ticks, self._rate)
            expected = first.epoch.next_sequence
            follows = first.sequence == expected or (expected is None and not first.number)
            full = len(self._waiting) > MOST_WAITING
            if not (follows or full) and place >= max(until, self.end):
                break
            self._play(heapq.heappop(self._waiting))
        self._silence(until)
        return self._drawn()

    def finish(self) -> list[Samples]:
        """Return the rest: nothing more will come."""
        while self._waiting:
            self._play(heapq.heappop(self._waiting))
        self._silence(self._owed_until)
        return self._drawn()

    def _drawn(self) -> list[Samples]:
        out, self._out = self._out, []
        return out

    def _play(self, waiting: Waiting) -> None:
        epoch, packet = waiting.epoch, waiting.packet
        place = epoch.place(waiting.ticks, self._rate)
        expected = epoch.next_sequence
        known = self._carried.format_of(packet.payload_type)
        if is_event(known, packet):
            self._event(packet, epoch, place)
        if expected is not None and waiting.sequence < expected:
            self._counts.late += 1
            self._counts.lost -= 1
            return
        epoch.next_sequence = waiting.sequence + 1
        missing = 0 if expected is None else waiting.sequence - expected
        self._counts.lost += missing
        if is_event(known, packet) or (known is not None and not known.is_audio):
            return
        samples = self._carried.decode(packet.payload_type, packet.payload)
        if samples is None:
            self._counts.unknown += 1
            self._owed_until = place + to_samples(_USUAL_PACKET_S, self._rate)
            return
        gap = max(0, place - self._played_until)
        if missing:
            self._counts.lost_samples += gap
        elif expected is not None:
            self._counts.quiet_samples += gap
        place += self._moved(epoch, samples, gap)
        self._put_out(place, samples)

    def _put_out(self, place: int, samples: Samples) -> None:
        self._silence(place)
        self._played_until = max(self._played_until, place + len(samples))
        cut = self.end - place
        if cut < len(samples):
            self._out.append(samples[cut:])
            self.end += len(samples) - cut
        elif len(samples):
            self._counts.late += 1

    def _event(self, packet: Packet, epoch: Epoch, place: int) -> None:
        event = parse_event(packet.payload)
        if event is None:
            self._counts.malformed += 1
            return
        length = event.duration * self._rate // epoch.clock
        self._keys.append(Span(max(0, place), max(0, place + length)))
        self._owed_until = max(self._owed_until, place + length)
        if packet.timestamp != self._last_event:
            self._last_event = packet.timestamp
            self._counts.keys += event.is_dtmf

    def _moved(self, epoch: Epoch, samples: Samples, gap: int) -> int:
        """Correct the sender's clock where nobody hears it; return the samples moved by."""
        if not self._skew.wanted:
            self._was_quiet = False
            return 0
        power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
        quiet = power < _QUIET**2
        due = self._skew.due(quiet=gap > 0 or (quiet and self._was_quiet))
        self._was_quiet = quiet
        step = max(to_samples(due, self._rate), -gap - len(samples))
        if step:
            epoch.origin += step
            self._skew.moved(to_seconds(step, self._rate))
            self._counts.inserted += step
        return step

    def _silence(self, until: int) -> None:
        while self.end < until:
            count = min(self._rate, until - self.end)
            self._out.append(np.zeros(count, np.int16))
            self.end += count
