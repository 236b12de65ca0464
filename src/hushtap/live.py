"""One live call without its event loop: a backlog, a call that fails closed, and turns.

A tap offers samples from any thread. Each ``turn`` brings the call up to date
with what came from tap and ears, and hands what became free to the sink. No
method waits, but for the sink; ``hushtap.session`` decides when turns are taken.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

import numpy as np

from hushtap.delays import Delays
from hushtap.errors import HushtapError
from hushtap.guarded import Guarded
from hushtap.observe import Log, Metrics, Queue, Reason
from hushtap.pii.recognizers import SpokenAnalyzer
from hushtap.pipeline import Call
from hushtap.timeline import Span, merge, subtract, to_samples, to_seconds
from hushtap.values import Entity, Finding, PcmChunk, RedactedChunk, TranscriptWord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hushtap.ears.shared import Answer, Ears
    from hushtap.ears.windows import Window
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy
    from hushtap.values import AudioFormat

DEADLINE_S: Final = 4.0
"""Seconds that a window may wait for the ears: twice the delay that speech may have at p99."""

BACKLOG_S: Final = 10.0
"""Seconds of a channel that may wait for the pipeline: longer than any pause of a machine
that is still fit to record, shorter than the time after which audio is muted anyway."""

ASKED: Final = 16
"""Windows of one session at the ears: two channels that look once a second fill ten
before the first is late. While so many are out, nothing more is taken in."""

OUTPUT_S: Final = 60.0
"""Seconds of released audio that wait to be fetched where there is no sink."""

SLICE_S: Final = 0.2
"""Seconds of a channel that the pipeline is fed at once, whatever the tap's chunks are."""

TURN_S: Final = 2.0
"""Seconds of a channel taken in before what became free is handed on."""

PROGRESS_S: Final = 0.1
"""Seconds by which a call must have moved on to be told of."""

SETTLED_S: Final = 2.0
"""Seconds after the end of a mute from which it is written: until then it may still grow."""

_log = Log(__name__)


class Sink(Protocol):
    """Where redacted audio goes: ``hushtap.vault.recordings.Recording``."""

    def append(self, chunk: RedactedChunk) -> None:
        """Add audio of one channel, which goes on where that channel stopped."""
        ...

    def add_words(self, words: Iterable[TranscriptWord]) -> None:
        """Add words of the redacted transcript."""
        ...

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Add what was found."""
        ...

    def close(self) -> None:
        """Mark the recording complete."""
        ...

    def abort(self) -> None:
        """Mark the recording interrupted. Does not raise."""
        ...


@dataclass(frozen=True, slots=True)
class Muted:
    """A mute, or a second or more of one, was released instead of the audio.

    ``delay``: seconds between the arrival of the end of ``span`` and now.
    """

    entity: Entity
    channel: int
    span: Span
    delay: float


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the call stands, in samples per channel; ``levels`` of the input in dBFS."""

    fed: tuple[int, ...]
    released: tuple[int, ...]
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """From here on the call is silence."""

    reason: Reason


Event: TypeAlias = Muted | Progress | Failed


@dataclass(frozen=True, slots=True)
class _Lost:
    """Samples that were not taken in."""

    channel: int
    span: Span


@dataclass(frozen=True, slots=True)
class _Asked:
    window: Window
    answer: Future[Answer]
    due: float


class LiveCall:
    """One live call. ``offer`` is for any thread, ``turn`` for one at a time.

    Args: as of ``hushtap.session.Session``. ``wake`` is called, from any thread,
    when there is work for a turn.
    """

    def __init__(
        self,
        audio_format: AudioFormat,
        *,
        ears: Ears,
        policy: Policy,
        sink: Sink | None,
        analyzer: Analyzer | None,
        deadline: float,
        metrics: Metrics,
        wake: Callable[[], None],
    ) -> None:
        rate, channels = audio_format.sample_rate, range(audio_format.channels)
        self.format = audio_format
        self.metrics = metrics
        call = Call(audio_format, policy, analyzer or _analyzer(policy.entities))
        self._guarded = Guarded(call, metrics)
        self._delays = Delays(rate, len(channels), metrics)
        self._ears = ears
        self._sink = sink
        self._deadline = min(deadline, policy.max_hold)
        self._wake = wake
        self._limit = to_samples(BACKLOG_S, rate)
        self._slice = max(1, to_samples(SLICE_S, rate))
        # Shared with the tap's thread, under the lock:
        self._lock = threading.Lock()
        self._backlog: deque[PcmChunk | _Lost] = deque()
        self._taken = [0 for _ in channels]
        self._drawn = [0 for _ in channels]
        self._closing = False
        self._abandoned: Reason | None = None
        self._outbox: deque[RedactedChunk] = deque()
        self._words: list[TranscriptWord] = []
        # Of one turn at a time:
        self._turn_lock = threading.Lock()
        self._asked: list[_Asked] = []
        self._finished = False
        self._told = _News(len(channels))
        self._written = _News(len(channels))
        self._energy = [(0.0, 0) for _ in channels]
        self._reported = 0
        self.over = False
        """Whether all is released and the sink has ended."""
        self.error: HushtapError | None = None
        """Why the sink failed, if it did."""

    # --- the tap's side ------------------------------------------------------------------

    def offer(self, chunk: PcmChunk) -> bool:
        """Take the next samples of one channel; see ``hushtap.session.Session.offer``."""
        channel, span, now = chunk.channel, chunk.span, time.monotonic()
        with self._lock:
            if self.error is not None:
                raise self.error
            if self._closing:
                raise ValueError("the session is closed")
            if span.start != self._taken[channel]:
                raise ValueError(f"channel {channel}: expected sample {self._taken[channel]}")
            room = self._taken[channel] - self._drawn[channel] < self._limit
            if room:
                self._backlog.append(replace(chunk, samples=chunk.samples.copy()))
            else:
                self._lose(channel, span)
            self._taken[channel] = span.end
            self._delays.arrived(channel, span.end, now)
        self._wake()
        return room

    @property
    def position(self) -> int:
        """How many samples came from the tap; the longer channel's."""
        return max(self._taken)

    def room(self, channel: int) -> bool:
        """Return whether samples offered now would be taken."""
        with self._lock:
            return self._taken[channel] - self._drawn[channel] < self._limit

    def end(self, abandon: Reason | None = None) -> None:
        """Let nothing more in, and finish; or give up what still waits, for a reason."""
        with self._lock:
            self._closing = True
            self._abandoned = self._abandoned or abandon
        self._wake()

    # --- the listener's side --------------------------------------------------------------

    def released(self, most: int | None = None) -> list[RedactedChunk]:
        """Return the chunks released and not yet returned, at most so many."""
        with self._lock:
            count = len(self._outbox) if most is None else min(most, len(self._outbox))
            chunks = [self._outbox.popleft() for _ in range(count)]
        self._wake()
        return chunks

    def transcript(self) -> list[TranscriptWord]:
        """Return the words that became final and were not yet returned."""
        with self._lock:
            words, self._words = self._words, []
        return words

    def findings(self) -> list[Finding]:
        """Return all findings so far, in order of time."""
        with self._turn_lock:
            return self._guarded.findings()

    def due(self) -> float | None:
        """Return when (monotonic seconds) the next turn is due even if nobody wakes it."""
        return min((asked.due for asked in list(self._asked)), default=None)

    # --- a turn --------------------------------------------------------------------------

    def turn(self) -> list[Event]:
        """Bring the call up to date with what came from the tap and the ears."""
        with self._turn_lock:
            if self.over:
                return []
            failed = self._guarded.failed
            if self._abandoned:
                self._guarded.fail(self._abandoned)
            try:
                events = self._advance()
            except Exception as exc:  # noqa: BLE001 - a fault of this module fails closed too
                events = []
                if self._guarded.failed:
                    self._sink_failed(exc)
                self._guarded.fail(Reason.STAGE_FAILED, type(exc))
                self._wake()
            if self._guarded.failed and not failed:
                events.append(Failed(self._guarded.failed))
            return events

    def _advance(self) -> list[Event]:
        self._take_answers()
        self._take_audio()
        self._note_depths()
        events = self._deliver()
        if self._finished and not self._asked:
            self._conclude()
        return events

    def _take_answers(self) -> None:
        now = time.monotonic()
        still: list[_Asked] = []
        for asked in self._asked:
            try:
                answer = asked.answer.result(timeout=0)
            except NotYetError:
                if asked.due > now and not self._guarded.failed:
                    still.append(asked)
                    continue
                asked.answer.cancel()
                answer = Reason.LATE
            if isinstance(answer, Reason):
                if not self._guarded.failed:
                    self.metrics.failed_closed(answer)
                self._guarded.heard(asked.window, None)
            else:
                self._guarded.heard(asked.window, answer)
        self._asked = still

    def _take_audio(self) -> None:
        budget = to_samples(TURN_S, self.format.sample_rate) * self.format.channels
        while budget > 0 and len(self._asked) < ASKED and not self._choked():
            piece = self._draw()
            if piece is None:
                break
            if isinstance(piece, PcmChunk):
                self._measure(piece)
                self._guarded.feed(piece)
            else:
                self._guarded.lose(piece.channel, piece.span)
            budget -= len(piece.span)
            self._ask()
        with self._lock:
            more, closing = bool(self._backlog), self._closing
        if more:
            if len(self._asked) < ASKED and not self._choked():
                self._wake()
        elif closing and not self._finished:
            self._finished = True
            self._guarded.finish()
            self._ask()

    def _draw(self) -> PcmChunk | _Lost | None:
        """Take the next slice of the backlog."""
        with self._lock:
            if not self._backlog:
                return None
            head = self._backlog.popleft()
            cut = min(head.span.end, head.span.start + self._slice)
            first, rest = Span(head.span.start, cut), Span(cut, head.span.end)
            self._drawn[head.channel] = cut
            if not rest:
                return head
            if isinstance(head, _Lost):
                self._backlog.appendleft(replace(head, span=rest))
                return replace(head, span=first)
            size = len(first)
            self._backlog.appendleft(PcmChunk(head.channel, rest, head.samples[size:]))
            return PcmChunk(head.channel, first, head.samples[:size])

    def _ask(self) -> None:
        due = time.monotonic() + self._deadline
        for window in self._guarded.windows():
            answer = self._ears.hear(window.audio)
            self._asked.append(_Asked(window, answer, due))
            answer.add_done_callback(lambda _: self._wake())

    def _deliver(self) -> list[Event]:
        guarded, now = self._guarded, time.monotonic()
        if not guarded.failed:
            self._delays.watch(guarded.call)
        chunks, words = guarded.released(), guarded.transcript()
        findings = guarded.findings()
        events = self._events(chunks, findings, now)
        if self._sink is None:
            with self._lock:
                self._outbox.extend(chunks)
                self._words += words
            return events
        lag = 0 if self._finished and not self._asked else SETTLED_S
        until = [
            guarded.cleared_until(c) - to_samples(lag, self.format.sample_rate)
            for c in range(self.format.channels)
        ]
        try:
            for chunk in chunks:
                self._sink.append(chunk)
            if words:
                self._sink.add_words(words)
            if fresh := self._written.fresh(findings, until):
                self._sink.add_findings(fresh)
        except Exception as exc:  # noqa: BLE001 - whatever the sink raises, it has failed
            self._sink_failed(exc)
        return events

    def _events(
        self, chunks: list[RedactedChunk], findings: list[Finding], now: float
    ) -> list[Event]:
        until = [self._guarded.cleared_until(c) for c in range(self.format.channels)]
        delay = [0.0 for _ in until]
        for chunk in chunks:
            spans = [f.span for f in findings if f.channel == chunk.channel and f.muted]
            delay[chunk.channel] = self._delays.released(
                self._guarded.call, chunk.channel, chunk.span.end, spans, now
            )
        events: list[Event] = [
            Muted(f.entity, f.channel, f.span, delay[f.channel])
            for f in self._told.fresh(findings, until, self.format.sample_rate)
        ]
        fed = tuple(self._drawn)
        moved = max(fed) + min(until)
        if moved - self._reported >= to_samples(PROGRESS_S, self.format.sample_rate):
            self._reported = moved
            events.append(Progress(fed, tuple(until), self._levels()))
        return events

    def _conclude(self) -> None:
        if self._sink is not None and self.error is None:
            try:
                if self._abandoned is Reason.TAP_FAILED:
                    self._sink.abort()
                else:
                    self._sink.close()
            except Exception as exc:  # noqa: BLE001 - whatever the sink raises, it has failed
                self._sink_failed(exc)
        self.over = True

    def _sink_failed(self, exc: Exception) -> None:
        """Stay failed: hold no audio, take none, and say why."""
        with self._lock:
            if isinstance(exc, HushtapError):
                self.error = exc
            else:
                self.error = HushtapError(f"the recording failed ({type(exc).__name__})")
            self._backlog.clear()
        for asked in self._asked:
            asked.answer.cancel()
        self._asked = []
        self._guarded.fail(Reason.SINK_FAILED, type(exc))
        if self._sink is not None:
            self._sink.abort()
        self.over = True

    # --- small things ----------------------------------------------------------------------

    def _lose(self, channel: int, span: Span) -> None:
        """Keep the length of what is lost; neighbours join, so that this too is bounded."""
        self.metrics.failed_closed(Reason.BACKLOG_FULL)
        for at in range(-1, -1 - min(len(self._taken), len(self._backlog)), -1):
            last = self._backlog[at]
            if isinstance(last, _Lost) and last.channel == channel and last.span.end == span.start:
                self._backlog[at] = replace(last, span=last.span.hull(span))
                return
        self._backlog.append(_Lost(channel, span))

    def _choked(self) -> bool:
        """Tell whether nobody fetches what is released. After the end it is bounded anyway."""
        if self._closing or not self._outbox:
            return False
        with self._lock:
            waiting = sum(len(chunk.span) for chunk in self._outbox)
        self.metrics.depth(Queue.OUTPUT, to_seconds(waiting, self.format.sample_rate))
        return waiting >= to_samples(OUTPUT_S, self.format.sample_rate) * self.format.channels

    def _measure(self, piece: PcmChunk) -> None:
        energy, count = self._energy[piece.channel]
        squares = float(np.square(piece.samples.astype(np.float64)).sum())
        self._energy[piece.channel] = (energy + squares, count + len(piece.span))

    def _levels(self) -> tuple[float, ...]:
        levels = [10 * np.log10(e / max(1, n) / 32768**2 + 1e-10) for e, n in self._energy]
        self._energy = [(0.0, 0) for _ in self._energy]
        return tuple(float(level) for level in levels)

    def _note_depths(self) -> None:
        rate = self.format.sample_rate
        backlog = max(t - d for t, d in zip(self._taken, self._drawn, strict=True))
        self.metrics.depth(Queue.BACKLOG, to_seconds(backlog, rate))
        if not self._guarded.failed:
            held = max(self._guarded.call.depth(c) for c in range(self.format.channels))
            self.metrics.depth(Queue.HELD, to_seconds(held, rate))


class _News:
    """Which parts of findings were not told yet. Findings may grow after they were told."""

    def __init__(self, channels: int) -> None:
        self._told: list[dict[Entity, list[Span]]] = [{} for _ in range(channels)]

    def fresh(
        self, findings: Iterable[Finding], until: list[int], least: int | None = None
    ) -> list[Finding]:
        """Return what lies before ``until`` (per channel) and was not returned before.

        A finding that is not over by then is returned in parts of ``least``
        samples or more, or waits for its end if that is None.
        """
        news = []
        for finding in findings:
            told = self._told[finding.channel].setdefault(finding.entity, [])
            whole = finding.span.end <= until[finding.channel]
            if finding.span in told or not (whole or least):
                continue
            for part in subtract(finding.span.clip(0, until[finding.channel]), told):
                if whole or len(part) >= (least or 0):
                    news.append(replace(finding, span=part))
                    told[:] = merge([*told, part])
        return news


@cache
def _analyzer(entities: frozenset[Entity]) -> SpokenAnalyzer:
    return SpokenAnalyzer(entities)
