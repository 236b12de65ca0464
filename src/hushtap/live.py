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
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from hushtap.backlog import BACKLOG_S, Backlog
from hushtap.delays import Delays
from hushtap.errors import HushtapError
from hushtap.events import Event, Failed, Muted, Progress, Teller
from hushtap.guarded import Guarded
from hushtap.observe import Metrics, Queue, Reason
from hushtap.outlet import Outlet, Sink
from hushtap.pipeline import Call
from hushtap.timeline import to_samples, to_seconds
from hushtap.values import Entity, Finding, PcmChunk, RedactedChunk, TranscriptWord

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.ears.shared import Answer, Ears
    from hushtap.ears.windows import Window
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer
    from hushtap.values import AudioFormat

__all__ = [
    "BACKLOG_S",
    "DEADLINE_S",
    "Event",
    "Failed",
    "LiveCall",
    "Muted",
    "Progress",
    "Sink",
    "analyzer_of",
]

DEADLINE_S: Final = 4.0
"""Seconds that a window may wait for the ears: twice the delay that speech may have at p99."""

ASKED: Final = 16
"""Windows of one session at the ears: two channels that look once a second fill ten
before the first is late. While so many are out, nothing more is taken in."""

TURN_S: Final = 2.0
"""Seconds of a channel taken in before what became free is handed on."""


UNDER_WAY_S: Final = 0.5
"""Seconds by which an order ends later than it came: what was said before it may still be
gathered (0.1), wait for a tick (0.1) or for a packet that is late (0.3)."""


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
        self.format = audio_format
        self.metrics = metrics
        call = Call(
            audio_format,
            policy,
            analyzer or analyzer_of(policy.entities),
            schedule=ears.schedule,
        )
        self._guarded = Guarded(call, metrics)
        self._delays = Delays(audio_format.sample_rate, audio_format.channels, metrics)
        self._backlog = Backlog(audio_format, self._delays, metrics)
        self._outlet = Outlet(audio_format, sink)
        self._teller = Teller(audio_format)
        self._ears = ears
        self._deadline = min(deadline, policy.max_hold)
        self._wake = wake
        self._abandoned: Reason | None = None
        self._orders: deque[Callable[[], None]] = deque()
        self._armed_until = 0
        self._muted_until = 0
        # Of one turn at a time:
        self._turn_lock = threading.Lock()
        self._asked: list[_Asked] = []
        self._finished = False
        self.over = False
        """Whether all is released and the sink has ended."""
        self.error: HushtapError | None = None
        """Why the sink failed, if it did."""

    # --- the tap's side ------------------------------------------------------------------

    def offer(self, chunk: PcmChunk) -> bool:
        """Take the next samples of one channel; see ``hushtap.session.Session.offer``."""
        if self.error is not None:
            raise self.error
        room = self._backlog.offer(chunk)
        self._wake()
        return room

    @property
    def position(self) -> int:
        """How many samples came from the tap; the longer channel's."""
        return max(self._backlog.taken)

    def room(self, channel: int) -> bool:
        """Return whether samples offered now would be taken."""
        return self._backlog.room(channel)

    def end(self, abandon: Reason | None = None) -> None:
        """Let nothing more in, and finish; or give up what still waits, for a reason."""
        self._abandoned = self._abandoned or abandon
        self._backlog.close()
        self._wake()

    # --- orders from outside ---------------------------------------------------------------

    def arm(self, seconds: float) -> None:
        """Let every number count, from what is not yet released on, for so long of the call."""
        self._armed_until = max(self._armed_until, self._in(seconds))
        self._order(partial(self._guarded.arm, self._armed_until))

    def disarm(self) -> None:
        """Let numbers from here on be judged as ever."""
        self._armed_until = 0
        self._order(partial(self._guarded.disarm, self._in(0)))

    def mute(self, seconds: float) -> None:
        """Silence what is not yet released and what comes, for so long of the call."""
        self._muted_until = max(self._muted_until, self._in(seconds))
        self._order(partial(self._guarded.silence, self._muted_until))

    def unmute(self) -> None:
        """Let what comes from here on be judged as ever; what was muted stays muted."""
        self._muted_until = 0
        self._order(partial(self._guarded.unsilence, self._in(0)))

    @property
    def armed(self) -> bool:
        """Whether every number counts now because it was ordered."""
        return self.position < self._armed_until

    @property
    def muted(self) -> bool:
        """Whether all is muted now because it was ordered."""
        return self.position < self._muted_until

    def _in(self, seconds: float) -> int:
        """Return the sample before which all lies that is said up to ``seconds`` from now."""
        return self.position + to_samples(seconds + UNDER_WAY_S, self.format.sample_rate)

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        self._wake()

    # --- the listener's side --------------------------------------------------------------

    def released(self, most: int | None = None) -> list[RedactedChunk]:
        """Return the chunks released and not yet returned, at most so many."""
        chunks = self._outlet.released(most)
        self._wake()
        return chunks

    def transcript(self) -> list[TranscriptWord]:
        """Return the words that became final and were not yet returned."""
        return self._outlet.transcript()

    def findings(self) -> list[Finding]:
        """Return all findings so far, in order of time."""
        with self._turn_lock:
            return self._guarded.findings()

    def written(self) -> list[Finding]:
        """Return the findings that the sink was given, in order of time."""
        with self._turn_lock:
            return self._outlet.written()

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
        while self._orders:
            self._orders.popleft()()
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
        while budget > 0 and self._can_take():
            piece = self._backlog.draw()
            if piece is None:
                break
            if isinstance(piece, PcmChunk):
                self._teller.measure(piece)
                self._guarded.feed(piece)
            else:
                self._guarded.lose(piece.channel, piece.span, piece.keys)
            budget -= len(piece.span)
            self._ask()
        if not self._backlog.empty:
            if self._can_take():
                self._wake()
        elif self._backlog.ended and not self._finished:
            self._finished = True
            self._guarded.finish()
            self._ask()

    def _can_take(self) -> bool:
        return len(self._asked) < ASKED and not self._choked()

    def _choked(self) -> bool:
        """Tell whether nobody fetches what is released. After the end it is bounded anyway."""
        if self._backlog.closed or not (waiting := self._outlet.waiting):
            return False
        self.metrics.depth(Queue.OUTPUT, to_seconds(waiting, self.format.sample_rate))
        return self._outlet.full

    def _ask(self) -> None:
        due = time.monotonic() + self._deadline
        for window in self._guarded.windows():
            answer = self._ears.hear(window.audio, words=window.words)
            self._asked.append(_Asked(window, answer, due))
            answer.add_done_callback(lambda _: self._wake())

    def _deliver(self) -> list[Event]:
        guarded = self._guarded
        if not guarded.failed:
            self._delays.watch(guarded.call)
        chunks, words, findings = guarded.released(), guarded.transcript(), guarded.findings()
        events = self._teller.events(
            *(guarded, chunks, findings),
            delays=self._delays,
            fed=self._backlog.drawn,
            now=time.monotonic(),
        )
        last = self._finished and not self._asked
        try:
            self._outlet.put(guarded, chunks, words, findings, last=last)
        except Exception as exc:  # noqa: BLE001 - whatever the sink raises, it has failed
            self._sink_failed(exc)
        return events

    def _conclude(self) -> None:
        if self.error is None:
            try:
                if self._abandoned is Reason.TAP_FAILED:
                    self._outlet.abort()
                else:
                    self._outlet.end()
            except Exception as exc:  # noqa: BLE001 - whatever the sink raises, it has failed
                self._sink_failed(exc)
        self.over = True

    def _sink_failed(self, exc: Exception) -> None:
        """Stay failed: hold no audio, take none, and say why."""
        if isinstance(exc, HushtapError):
            self.error = exc
        else:
            self.error = HushtapError(f"the recording failed ({type(exc).__name__})")
        self._backlog.clear()
        for asked in self._asked:
            asked.answer.cancel()
        self._asked = []
        self._guarded.fail(Reason.SINK_FAILED, type(exc))
        self._outlet.abort()
        self.over = True

    def _note_depths(self) -> None:
        rate = self.format.sample_rate
        self.metrics.depth(Queue.BACKLOG, to_seconds(self._backlog.depth, rate))
        if not self._guarded.failed:
            held = max(self._guarded.call.depth(c) for c in range(self.format.channels))
            self.metrics.depth(Queue.HELD, to_seconds(held, rate))


@cache
def analyzer_of(entities: frozenset[Entity]) -> SpokenAnalyzer:
    """Return the recognizers of a set of entities: made once, for all calls."""
    # Presidio takes seconds to import: what is wrong with a call is said sooner.
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415

    return SpokenAnalyzer(entities)
