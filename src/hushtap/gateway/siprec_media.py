"""The audio of recorded sessions: datagrams in from the event loop, chunks out by a thread.

The loop only notes when a datagram came. Decryption, decoding and the timeline are done
in turns, by one thread for all calls; what one call's audio does to it ends that call.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.gateway.media import MediaFigures, of_rtp
from hushtap.keypad import Keypad
from hushtap.observe import Log, LogEvent, Name, Reason
from hushtap.taps.pressed import AFTER_S, BEFORE_S
from hushtap.taps.rtp.directions import Directions
from hushtap.taps.rtp.latch import Latch
from hushtap.taps.rtp.packet import parse
from hushtap.taps.rtp.srtp import Key, Unprotector
from hushtap.timeline import Span, to_samples
from hushtap.values import AudioFormat, PcmChunk

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from hushtap.taps.rtp.codecs import PayloadMap
    from hushtap.values import Samples

QUEUED: Final = 4_096
"""Datagrams of one call that wait: 40 s of two streams in packets of 20 ms."""
TURN_S: Final = 0.1
"""Seconds between turns: five packets of each stream, which cost half of what they do alone."""
CHANNELS: Final = 2

_log = Log(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the signalling says of one stream: where it goes, what it carries, its key."""

    channel: int
    payloads: PayloadMap
    key: Key | None = field(repr=False)


@dataclass(slots=True, eq=False)
class _Stream:
    channel: int
    key: Key | None = field(repr=False)
    latch: Latch = field(default_factory=Latch)
    opener: Unprotector | None = None
    before: Unprotector | None = None
    """Of the key before: its packets may still be under way."""


class Media:
    """The audio of one call of ``audio``, always two channels; ``offer`` takes its chunks.

    ``put`` and ``agree`` are for the loop, ``turn`` and ``finish`` for one thread at a
    time. ``failed`` is called, from that thread, when the audio cannot be read on.
    """

    def __init__(
        self, audio: AudioFormat, offer: Callable[[PcmChunk], bool], failed: Callable[[], None]
    ) -> None:
        self.heard: float | None = None
        """When a packet was taken last, in seconds of ``time.monotonic``."""
        self.dropped = 0
        """Datagrams for which there was no room."""
        self.refused = 0
        """Those that were not authentic, or came from elsewhere."""
        self._audio = audio
        self._offer = offer
        self._failed = failed
        self._waiting: deque[tuple[int, Terms] | tuple[int, bytes, Hashable, float]] = deque()
        self._told: deque[float] = deque(maxlen=QUEUED)
        self._keys: list[list[Span]] = [[] for _ in range(CHANNELS)]
        self._streams: list[_Stream] = []
        self._directions: Directions | None = None
        self._mixer = Mixer(audio.sample_rate)
        self._lock = threading.Lock()
        self._over = False
        self._broken = False

    def put(self, stream: int, data: bytes, source: Hashable, arrival: float) -> None:
        """Take a datagram of a stream, at once."""
        if len(self._waiting) >= QUEUED:
            self.dropped += 1
            return
        self._waiting.append((stream, data, source, arrival))

    def agree(self, stream: int, terms: Terms) -> None:
        """Take what was agreed on a stream, new or known; streams are numbered from 0."""
        self._waiting.append((stream, terms))

    def press(self, at: float) -> None:
        """Take note that a key was pressed about then: who did is not told, so both are silent."""
        self._told.append(at)

    def figures(self) -> MediaFigures:
        """Return what became of its packets up to now; from any thread."""
        counts = self._directions.counts if self._directions else ()
        rate = self._audio.sample_rate
        return of_rtp(counts, rate, dropped=self.dropped, refused=self.refused)

    def turn(self, now: float) -> None:
        """Work off what came, and offer what has become final."""
        with self._lock:
            self._try(lambda directions: directions.advance(now))

    def finish(self) -> bool:
        """Work off the rest: nothing more will come. Return whether all could be read."""
        with self._lock:
            self._try(lambda directions: directions.finish())
            self._over = True
            return not self._broken

    def _try(self, ready: Callable[[Directions], Iterable[PcmChunk]]) -> None:
        if self._over:
            return
        try:
            self._work()
            if self._directions is not None:
                self._hand_on(ready(self._directions))
        except Exception as exc:  # noqa: BLE001 - one call's audio must not end the others
            self._over = self._broken = True
            _log.warning(
                LogEvent.FAILED_CLOSED, {Name.ERROR: type(exc), Name.REASON: Reason.TAP_FAILED}
            )
            self._failed()

    def _work(self) -> None:
        for _ in range(len(self._waiting)):
            item = self._waiting.popleft()
            if len(item) == 2:  # noqa: PLR2004
                self._agree(*item)
            else:
                self._take(*item)

    def _agree(self, number: int, terms: Terms) -> None:
        if number == len(self._streams):
            self._streams.append(_Stream(terms.channel, None))
            if self._directions is None:
                self._directions = Directions([terms.payloads], self._audio)
            else:
                self._directions.add(terms.payloads)
        elif self._directions is not None:
            self._directions.renew(number, terms.payloads)
        stream = self._streams[number]
        stream.latch.reset()
        if stream.key != terms.key:
            # The same key goes on counting: a new context would not know how far it is.
            stream.key, stream.before = terms.key, stream.opener
            stream.opener = Unprotector(terms.key) if terms.key else None

    def _take(self, number: int, data: bytes, source: Hashable, arrival: float) -> None:
        stream = self._streams[number]
        if stream.opener is not None:
            opened = stream.opener.open(data)
            if opened is None and stream.before is not None:
                opened = stream.before.open(data)
            if opened is None:
                self.refused += 1
                return
            data = opened
        packet = parse(data)
        if packet is not None and not stream.latch.admits(source, packet):
            self.refused += 1
        elif packet is not None and self._directions is not None:
            self._directions.take(number, packet, arrival)
            self.heard = arrival

    def _hand_on(self, chunks: Iterable[PcmChunk]) -> None:
        for chunk in self._mixer.mix(chunks, [stream.channel for stream in self._streams]):
            # Not before: the first chunk is what fixes the clock.
            self._place_keys()
            keys, self._keys[chunk.channel] = self._keys[chunk.channel], []
            self._offer(replace(chunk, keys=(*chunk.keys, *keys)) if keys else chunk)

    def _place_keys(self) -> None:
        rate = self._audio.sample_rate
        before, after = to_samples(BEFORE_S, rate), to_samples(AFTER_S, rate)
        while self._told and self._directions is not None:
            at = self._directions.place(self._told.popleft())
            if at is not None and at + after > 0:
                for keys in self._keys:
                    keys.append(Span(max(0, at - before), at + after))


class Mixer:
    """Two channels from chunks of streams in turns, each added to its channel, at ``rate`` Hz.

    Talk of one stream hides the keys of another once they are added: where a channel has
    several, keys are looked for in each, and told with what is added.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._keypads: dict[int, tuple[int, Keypad]] = {}

    def mix(self, chunks: Iterable[PcmChunk], channels: list[int]) -> Iterator[PcmChunk]:
        """Yield a chunk of each channel for each turn; ``channels`` has that of each stream."""
        turn: list[PcmChunk] = []
        for chunk in chunks:
            turn.append(chunk)
            if len(turn) == len(channels):
                for channel in range(CHANNELS):
                    mine = [number for number, to in enumerate(channels) if to == channel]
                    total = _total([turn[number].samples for number in mine], len(chunk.span))
                    keys = [key for number in mine for key in turn[number].keys]
                    if len(mine) > 1:
                        keys += [key for n in mine for key in self._pressed(n, turn[n])]
                    yield PcmChunk(channel, chunk.span, total, tuple(keys))
                turn = []

    def _pressed(self, number: int, chunk: PcmChunk) -> list[Span]:
        """Return where keys are heard in a stream, in samples of the call."""
        if number not in self._keypads:
            self._keypads[number] = chunk.span.start, Keypad(self._rate)
        begun, keypad = self._keypads[number]
        keypad.feed(chunk.samples)
        return [span.shift(begun) for _, span in keypad.pressed()]


def _total(parts: list[Samples], count: int) -> Samples:
    if len(parts) == 1:
        return parts[0]
    total = np.sum([np.zeros(count, np.int16), *parts], axis=0, dtype=np.int32)
    return total.clip(-32_768, 32_767).astype(np.int16)


class MediaThread:
    """The thread that gives every call its turns."""

    def __init__(self) -> None:
        self._calls: set[Media] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hushtap-siprec", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, media: Media) -> None:
        """Give turns to a call from now on."""
        self._calls.add(media)

    def remove(self, media: Media) -> None:
        """Give it no more."""
        self._calls.discard(media)

    def stop(self) -> None:
        """End, and wait for it."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.wait(TURN_S):
            for media in self._calls.copy():
                media.turn(time.monotonic())
