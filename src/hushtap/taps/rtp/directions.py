"""All directions of a call on one clock: datagrams with their arrivals in, chunks out.

Synchronous, without a clock of its own. How long it waits for what is missing:

- a packet whose predecessor is there waits for nothing;
- a gap is given up ``patience`` after its time, once another direction has audio for it;
- where no direction has any, ``stall`` after its time: nobody waits, so nothing is lost
  by waiting, and a network that stood still may yet bring it all;
- where nothing says when a call ends, it may have: after ``quiet`` seconds of that silence
  the rest of it is given only once something comes again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.taps.rtp.counts import Counts
from hushtap.taps.rtp.encrypted import Ciphertext
from hushtap.taps.rtp.packet import parse
from hushtap.taps.rtp.stream import Stream
from hushtap.timeline import Span, to_samples, to_seconds
from hushtap.values import PcmChunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hushtap.taps.rtp.codecs import PayloadMap
    from hushtap.taps.rtp.packet import Packet
    from hushtap.values import AudioFormat, Samples

PATIENCE_S: Final = 0.3
"""Seconds that a live call waits for a packet: more than jitter, less than its own delay."""
STALL_S: Final = 3.0
AHEAD_S: Final = 30.0
"""Seconds that one direction may be ahead of another; the other is silent from there on."""
QUIET_S: Final = 2.0
"""Seconds of silence that end a call which nothing else does: what was said before them is
judged and written meanwhile."""
CATCH_UP_S: Final = 1.0
"""Seconds given at once after such a pause: a listener takes ten times as much in a second."""
BACK_S: Final = 0.040
"""Seconds that are held, for keys that are told of after they began."""
_CHUNK_S: Final = 1.0


class Directions:
    """A call of some directions; ``payloads`` has a map for each, in channel order.

    Raises:
        EncryptedError: from ``push``: a direction's payloads are ciphertext.
    """

    def __init__(
        self,
        payloads: Sequence[PayloadMap],
        audio: AudioFormat,
        *,
        patience: float = PATIENCE_S,
        stall: float = STALL_S,
        quiet: float = math.inf,
    ) -> None:
        self.counts = tuple(Counts() for _ in payloads)
        self._rate = audio.sample_rate
        self._patience, self._stall, self._quiet = patience, stall, quiet
        self._arrived = -math.inf
        self._until = 0
        both = list(zip(payloads, self.counts, strict=True))
        self._bases = [0 for _ in payloads]
        self._streams = [Stream(types, self._rate, counts) for types, counts in both]
        self._ciphers = [Ciphertext(types) for types in payloads]
        self._ready: list[list[Samples]] = [[] for _ in payloads]
        self._sent = 0
        self._zero: float | None = None

    def add(self, payloads: PayloadMap) -> int:
        """Begin another direction, silent up to now; return its channel."""
        counts = Counts()
        self.counts = (*self.counts, counts)
        self._bases.append(self._sent)
        self._streams.append(Stream(payloads, self._rate, counts))
        self._ciphers.append(Ciphertext(payloads))
        self._ready.append([])
        return len(self._streams) - 1

    def renew(self, channel: int, payloads: PayloadMap) -> None:
        """Take what the signalling says anew: other payload types, maybe another source."""
        self._streams[channel].renew(payloads)
        self._ciphers[channel] = Ciphertext(payloads)

    def push(self, channel: int, data: bytes, arrival: float) -> bool:
        """Take a datagram that came at ``arrival`` seconds; False where it is no RTP.

        Raises:
            EncryptedError: what came so far is ciphertext.
        """
        packet = parse(data)
        if packet is None:
            self.counts[channel].malformed += 1
            return False
        self.take(channel, packet, arrival)
        return True

    def take(self, channel: int, packet: Packet, arrival: float) -> None:
        """Take a packet, as ``push`` does.

        Raises:
            EncryptedError: what came so far is ciphertext.
        """
        self.counts[channel].packets += 1
        self._arrived = max(self._arrived, arrival)
        self._ciphers[channel].check(packet)
        self._streams[channel].push(packet, arrival)

    def place(self, arrival: float) -> int | None:
        """Return the sample of what is said at ``arrival`` seconds; None before the call began."""
        return None if self._zero is None else to_samples(arrival - self._zero, self._rate)

    def advance(self, now: float) -> Iterator[PcmChunk]:
        """Yield what has become final by the time ``now``, channels in turn."""
        self._anchor(now)
        if self._zero is not None:
            elapsed = min(now, self._arrived + self._stall + self._quiet) - self._zero
            lead = self._lead()
            until = max(
                to_samples(elapsed - self._stall, self._rate),
                min(to_samples(elapsed - self._patience, self._rate), lead),
                lead - to_samples(AHEAD_S, self._rate),
            )
            if math.isfinite(self._quiet):
                until = min(until, self._until + to_samples(CATCH_UP_S, self._rate))
            self._until = max(self._until, until)
            for channel in range(len(self._streams)):
                self._draw(channel, until)
        yield from self._chunks(to_samples(BACK_S, self._rate))

    def finish(self) -> Iterator[PcmChunk]:
        """Yield the rest; the shorter direction ends in silence."""
        self._anchor(None)
        for channel, stream in enumerate(self._streams):
            self._ready[channel] += stream.finish()
        longest = self._lead()
        for channel in range(len(self._streams)):
            self._draw(channel, longest)
        yield from self._chunks(0)

    def _anchor(self, now: float | None) -> None:
        """Fix the clock by the first packets, and the place of each direction as it begins."""
        coming = [stream for stream in self._streams if not stream.anchored]
        starts = [stream.start for stream in coming if now is None or stream.settled(now)]
        known = [start for start in starts if start is not None]
        if self._zero is None and known:
            # Directions that have just begun count, too: none should begin before the call.
            begun = [start for stream in coming if (start := stream.start) is not None]
            self._zero = min(begun)
        if self._zero is None:
            return
        for base, stream in zip(self._bases, self._streams, strict=True):
            if not stream.anchored and (now is None or stream.settled(now)):
                stream.anchor(self._zero + to_seconds(base, self._rate))

    def _lead(self) -> int:
        """Return how far the direction that is furthest on was drawn."""
        ends = zip(self._bases, self._streams, strict=True)
        return max(base + stream.end for base, stream in ends)

    def _draw(self, channel: int, until: int) -> None:
        self._ready[channel] += self._streams[channel].draw(until - self._bases[channel])

    def _keys(self, channel: int) -> tuple[Span, ...]:
        told = self._streams[channel].keys()
        return tuple(key.shift(self._bases[channel]) for key in told)

    def _chunks(self, hold: int) -> Iterator[PcmChunk]:
        """Yield what all directions have, but for the last ``hold`` samples."""
        count = min(sum(map(len, ready)) for ready in self._ready) - hold
        if count <= 0:
            return
        joined = [np.concatenate(ready) for ready in self._ready]
        self._ready = [[whole[count:]] for whole in joined]
        step = to_samples(_CHUNK_S, self._rate)
        for start in range(0, count, step):
            end = min(start + step, count)
            span = Span(self._sent, self._sent + end - start)
            for channel, whole in enumerate(joined):
                yield PcmChunk(channel, span, whole[start:end].copy(), self._keys(channel))
            self._sent = span.end
