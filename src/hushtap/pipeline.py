"""The whole flow of one call, top to bottom: samples in, redacted samples out.

Synchronous, without clock or I/O. A driver feeds samples, lets the ears hear
the windows that come out, brings back what was heard, and writes what is
released. Everything happens in the order of the call's own time, so the result
does not depend on how samples were chunked or how fast the ears were::

    call.feed(chunk)                       # tap -> timeline, voice activity, windows
    for window in call.windows():          # windows -> ears
        call.heard(window, heard)          # words -> ledger -> plan -> hold-back
    for chunk in call.released(): ...      # what may be written
    call.finish()                          # the call is over: judge and release the rest
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.ears.hearing import Hearing
from hushtap.ears.windows import OFFLINE, Listener, Schedule, Window
from hushtap.edges import Edges
from hushtap.holdback import HoldBack
from hushtap.keypad import PAD_S, Keypad
from hushtap.mutes import Mutes
from hushtap.numbers.ledger import Judged, Ledger
from hushtap.timeline import Span, merge, rescale, rescale_span, to_samples, to_seconds
from hushtap.vad import EAR_RATE, STEP, steps_of
from hushtap.values import Entity, Finding, PcmChunk, Plan, TranscriptWord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.ears.engine import Heard
    from hushtap.numbers.ledger import Analyzer, Verdict
    from hushtap.pii.policy import Policy
    from hushtap.values import AudioFormat, RedactedChunk, Samples, Word

BLOCKS_PER_SECOND: Final = 50
"""Input is regrouped into blocks of 20 ms of the call's clock, whatever its chunks were."""

GUARD_S: Final = 0.1
"""Seconds kept back before a hold, beside the policy's own padding."""

LEAST_MISSED_S: Final = 0.1
"""Seconds of a number, recognised too late, that are told of: less is the error of an edge."""

TRANSCRIPT_LAG_S: Final = 2.0
"""Seconds that a word of the transcript waits after its audio, for late mutes."""


@dataclass(frozen=True, slots=True)
class _Tick:
    """A moment at which release is decided: steps heard so far, and where speech began."""

    steps: int
    speech_from: tuple[int, ...]
    """Per channel, the step before which all is silence or was heard through its windows."""
    speaking: tuple[bool, ...]
    last: bool = False


@dataclass(slots=True, eq=False)
class _Channel:
    """What is known of one channel: samples come in at the top and are cleared at the bottom."""

    keypad: Keypad
    listener: Listener
    hearing: Hearing
    mutes: Mutes
    unblocked: list[Samples] = field(default_factory=list)
    """Samples that do not make a block yet."""
    steps: deque[Samples] = field(default_factory=deque)
    """Steps of the ears' clock that wait for those of the other channels."""
    talk: list[Word] = field(default_factory=list)
    """The words that are surely no number."""
    decided: int = 0
    """Sample before which nothing is undecided."""
    transcribed: int = 0


class Call:
    """One call. Not thread-safe: one driver."""

    def __init__(
        self,
        audio_format: AudioFormat,
        policy: Policy,
        analyzer: Analyzer,
        *,
        schedule: Schedule = OFFLINE,
    ) -> None:
        rate, channels = audio_format.sample_rate, audio_format.channels
        self.audio_format = audio_format
        self.policy = policy
        self._rate = rate
        self._channels = [self._channel(number, schedule) for number in range(channels)]
        self._tick_steps = schedule.tick
        self._ledger = Ledger(policy, rate, channels, analyzer)
        self._edges = Edges(policy, rate)
        self._holdback = HoldBack(audio_format, policy.style)
        self._blocks = 0
        self._events: deque[Window | _Tick] = deque()
        self._results: dict[int, Heard | None] = {}
        self._new_windows: list[Window] = []
        self._judged = Judged((), (None,) * channels, armed=False)
        self._stale = False
        self._released: list[RedactedChunk] = []
        self._transcript: list[TranscriptWord] = []
        self._guard = to_samples(policy.pad_before + GUARD_S, rate)
        self._hindsight = to_samples(schedule.hindsight, rate)
        self._max_hold = to_samples(max(policy.max_hold, schedule.patience), rate)
        self._silenced: list[Span] = []

    def _channel(self, number: int, schedule: Schedule) -> _Channel:
        listener = Listener(number, self._rate, schedule=schedule)
        hearing = Hearing(self._rate, schedule, listener.activity)
        return _Channel(Keypad(self._rate), listener, hearing, Mutes())

    # --- samples in -----------------------------------------------------------------

    def feed(self, chunk: PcmChunk) -> None:
        """Take the next samples of one channel.

        Raises:
            ValueError: they do not follow the last ones of their channel.
        """
        keypad = self._channels[chunk.channel].keypad
        if chunk.span.start != keypad.end:
            raise ValueError(f"channel {chunk.channel}: expected sample {keypad.end}")
        self._admit(chunk.channel, keypad.feed(chunk.samples, chunk.keys))
        ready = min(map(self._holdback.end, range(len(self._channels))))
        self._take_blocks(self._whole_blocks(ready))

    def _admit(self, channel: int, samples: Samples) -> None:
        """Let samples in as they left the keypad: nobody after it hears a key."""
        for told, span in self._channels[channel].keypad.pressed():
            source = "event" if told else "tones"
            self._mute(channel, span, Entity.KEYPAD, 1.0, source)
            mutes = self._channels[channel].mutes
            for late in mutes.missed(span):
                # The padding alone is not the key.
                if len(late) > to_samples(PAD_S, self._rate):
                    mutes.own_up(Finding(Entity.KEYPAD, late, channel, 1.0, source))
        start = self._holdback.end(channel)
        if len(samples):
            span = Span(start, start + len(samples))
            self._holdback.add(PcmChunk(channel, span, samples))
            self._channels[channel].unblocked.append(samples)

    def finish(self) -> None:
        """Declare the end of the call. The last windows come out of ``windows``."""
        for number, channel in enumerate(self._channels):
            self._admit(number, channel.keypad.finish())
        longest = max(map(self._holdback.end, range(len(self._channels))))
        self._take_blocks(self._whole_blocks(longest))
        for channel in self._channels:
            rest = np.concatenate([np.zeros(0, np.int16), *channel.unblocked])
            channel.unblocked.clear()
            channel.steps.extend(channel.listener.resample(rest, last=True))
        self._step(to_the_end=True)
        for channel in self._channels:
            self._schedule(channel.listener.close())
        self._events.append(self._tick(last=True))
        self._advance()

    def _block_end(self, block: int) -> int:
        return (block + 1) * self._rate // BLOCKS_PER_SECOND

    def _whole_blocks(self, samples: int) -> int:
        """Return how many blocks end within the first ``samples``."""
        return (BLOCKS_PER_SECOND * (samples + 1) - 1) // self._rate

    def _take_blocks(self, until: int) -> None:
        """Listen to the blocks before block ``until``. Many at once are as good as one by one."""
        if until <= self._blocks:
            return
        size = self._block_end(until - 1) - self._block_end(self._blocks - 1)
        for channel in self._channels:
            waiting = np.concatenate([np.zeros(0, np.int16), *channel.unblocked])
            channel.unblocked = [waiting[size:]] if len(waiting) > size else []
            channel.steps.extend(channel.listener.resample(waiting[:size]))
        self._blocks = until
        self._step()
        self._advance()

    def _step(self, *, to_the_end: bool = False) -> None:
        some = any if to_the_end else all
        while some(channel.steps for channel in self._channels):
            for channel in self._channels:
                step = channel.steps.popleft() if channel.steps else np.zeros(STEP, np.int16)
                self._schedule(channel.listener.step(step))
            if self._channels[0].listener.steps % self._tick_steps == 0:
                self._events.append(self._tick())

    def _schedule(self, windows: Iterable[Window]) -> None:
        for window in windows:
            self._events.append(window)
            self._new_windows.append(window)

    def _tick(self, *, last: bool = False) -> _Tick:
        listeners = [channel.listener for channel in self._channels]
        quiet = [listener.quiet_until for listener in listeners]
        return _Tick(
            steps=listeners[0].steps,
            speech_from=tuple(
                q if q is not None else listener.speech_from
                for q, listener in zip(quiet, listeners, strict=True)
            ),
            speaking=tuple(q is None for q in quiet),
            last=last,
        )

    # --- windows to the ears, words back ------------------------------------------------

    def windows(self) -> list[Window]:
        """Return the windows that became due since the last call, in order."""
        due, self._new_windows = self._new_windows, []
        return due

    def heard(self, window: Window, heard: Heard | None) -> None:
        """Take what the ears heard in ``window``; None where they could not: it is muted."""
        self._results[id(window)] = heard
        self._advance()

    def _advance(self) -> None:
        """Replay, in the call's own time, all that no missing window stands before."""
        while self._events:
            event = self._events[0]
            if isinstance(event, Window):
                if id(event) not in self._results:
                    return
                self._take(event, self._results.pop(id(event)))
            else:
                self._settle(event)
            self._events.popleft()

    def _take(self, window: Window, heard: Heard | None) -> None:
        channel = self._channels[window.channel]
        hearing = channel.hearing
        if heard is None:
            span = rescale_span(window.span, EAR_RATE, self._rate)
            self._mute(window.channel, span, Entity.UNHEARD, 1.0, "late")
        if not hearing.take(window, heard):
            return
        # Once a window, not once a tick: reading the words takes longer than deciding.
        channel.talk = self._edges.talk(hearing.words)
        self._ledger.update(
            window.channel, hearing.words, hearing.suspects, hearing.hears(), hearing.said
        )
        self._stale = True

    # --- orders from outside ----------------------------------------------------------

    def arm(self, until: int) -> None:
        """From what is not yet released on, and before sample ``until``, every number counts."""
        self._ledger.armed = merge([*self._ledger.armed, Span(self._cleared, until)])
        self._stale = True

    def disarm(self, at: int) -> None:
        """Let numbers from sample ``at`` on be judged as ever."""
        self._ledger.armed = [s.clip(0, at) for s in self._ledger.armed if s.start < at]
        self._stale = True

    def silence(self, until: int) -> None:
        """Mute all that is not yet released and lies before sample ``until``."""
        self._silenced = merge([*self._silenced, Span(self._cleared, until)])

    def unsilence(self, at: int) -> None:
        """Let what lies from sample ``at`` on be judged as ever; what was muted stays muted."""
        self._silenced = [s.clip(0, at) for s in self._silenced if s.start < at]

    def _mute_silenced(self) -> None:
        for span in self._silenced:
            for number in range(len(self._channels)):
                there = span.clip(0, self._holdback.end(number))
                self._mute(number, there, Entity.UNHEARD, 1.0, "ordered")
        self._silenced = [s for s in self._silenced if s.end > self._cleared]

    @property
    def _cleared(self) -> int:
        """The sample before which all channels are released."""
        return min(channel.mutes.cleared for channel in self._channels)

    # --- plan and release -----------------------------------------------------------

    def _settle(self, tick: _Tick) -> None:
        now = rescale(tick.steps * STEP, EAR_RATE, self._rate)
        if (
            tick.last
            or self._stale
            or self._judged.armed
            or any(h is not None for h in self._judged.hold_from)
        ):
            known = [
                channel.hearing.agreed_until if speaking else now
                for channel, speaking in zip(self._channels, tick.speaking, strict=True)
            ]
            self._judged = self._ledger.judge(now, known)
            self._stale = False
            self._mute_verdicts(now, last=tick.last)
        self._mute_silenced()
        for number, channel in enumerate(self._channels):
            if tick.last:
                channel.mutes.end(self._holdback.end(number))
            channel.decided = max(channel.decided, self._decide_until(number, tick, now))
            until = channel.decided if tick.last else min(channel.decided, now - self._hindsight)
            channel.mutes.cleared = max(channel.mutes.cleared, until)
        mutes = tuple(mute for channel in self._channels for mute in channel.mutes.plan())
        cleared = tuple(channel.mutes.cleared for channel in self._channels)
        self._released += self._holdback.release(Plan(mutes, cleared))
        self._transcribe(last=tick.last)

    def _decide_until(self, number: int, tick: _Tick, now: int) -> int:
        """Return the sample before which nothing is undecided; what was held too long is muted."""
        if tick.last:
            return self._holdback.end(number)
        channel = self._channels[number]
        until = rescale(tick.speech_from[number] * STEP, EAR_RATE, self._rate)
        if tick.speaking[number]:
            armed = self._judged.armed
            heard = channel.hearing.heard_until(armed=armed)
            until = max(until, heard - (2 * self._guard if armed else self._guard))
        hold = self._undecided(number)
        if hold is not None:
            until = min(until, self._widen(channel, Span(hold, hold), now).start)
        late = now - self._max_hold
        if until < late:
            waiting = Span(channel.decided, max(channel.decided, late))
            self._mute(number, waiting, Entity.UNHEARD, 1.0, "max-hold")
            until = late
        return min(until, self._holdback.end(number))

    def _widen(self, channel: _Channel, span: Span, now: int) -> Span:
        hearing = channel.hearing
        return self._edges.widen(span, channel.talk, channel.listener.activity, now, hearing.spots)

    def _undecided(self, number: int) -> int | None:
        """Return where the first number starts that is not judged, or not on agreed words."""
        agreed = self._channels[number].hearing.agreed_until
        starts = [
            v.span.start
            for v in self._judged.verdicts
            if v.channel == number and v.span.end > agreed
        ]
        hold = self._judged.hold_from[number]
        return min(starts if hold is None else [hold, *starts], default=None)

    def _mute_verdicts(self, now: int, *, last: bool) -> None:
        """Mute what was judged on words that stand; what may still change is held."""
        for number, channel in enumerate(self._channels):
            agreed = channel.hearing.agreed_until
            widened = [
                (self._widen(channel, v.span, now), v)
                for v in self._judged.verdicts
                if v.channel == number and (last or v.span.end <= agreed)
            ]
            for span, verdict in widened:
                self._mute(number, span, verdict.entity, verdict.score, verdict.source)
                self._own_up(verdict)
            bridges = self._edges.bridges(sorted(span for span, _ in widened), channel.talk)
            for bridge in bridges:
                owner = next(v for span, v in widened if span.start == bridge.end)
                self._mute(number, bridge, owner.entity, owner.score, owner.source)

    def _mute(self, channel: int, span: Span, entity: Entity, score: float, source: str) -> None:
        self._channels[channel].mutes.add(Finding(entity, span, channel, score, source))

    def _own_up(self, verdict: Verdict) -> None:
        """Tell of a number that was recognised only after some of it had been released."""
        mutes = self._channels[verdict.channel].mutes
        for span in mutes.missed(verdict.span):
            if self._voice(verdict.channel, span) >= LEAST_MISSED_S:
                found = (verdict.entity, span, verdict.channel, verdict.score, verdict.source)
                mutes.own_up(Finding(*found))

    # --- what comes out -------------------------------------------------------------

    def released(self) -> list[RedactedChunk]:
        """Return the audio released since the last call, in order per channel."""
        released, self._released = self._released, []
        return released

    def abandon(self) -> list[RedactedChunk]:
        """Fail closed: return silence for all audio that still waits, and end the call."""
        for number, channel in enumerate(self._channels):
            self._admit(number, np.zeros_like(channel.keypad.finish()))
            waiting = Span(channel.mutes.cleared, self._holdback.end(number))
            self._mute(number, waiting, Entity.UNHEARD, 1.0, "failed")
        self._events.clear()
        return self.released() + self._holdback.drop()

    def transcript(self) -> list[TranscriptWord]:
        """Return the masked words that became final since the last call."""
        words, self._transcript = self._transcript, []
        return words

    def findings(self) -> list[Finding]:
        """Return all findings so far, in order of time.

        One that is not ``muted`` was recognised after its audio had been released.
        """
        found = [f for channel in self._channels for f in channel.mutes.findings()]
        return sorted(found, key=lambda f: (f.span.start, f.channel))

    def cleared_until(self, channel: int) -> int:
        """Return the watermark: samples before it are released and final."""
        return self._channels[channel].mutes.cleared

    def held_from(self, channel: int) -> int | None:
        """Return where the audio starts that waits for a number, or for one that was asked for."""
        if self._judged.armed:
            return self.cleared_until(channel)
        return self._undecided(channel)

    def voiced(self, channel: int, span: Span) -> bool:
        """Return whether there is speech in ``span`` of the channel."""
        return self._voice(channel, span) > 0

    def _voice(self, channel: int, span: Span) -> float:
        """Return how many seconds of ``span`` are voiced."""
        steps = steps_of(span, self._rate)
        voiced = self._channels[channel].listener.activity.count(steps.start, steps.end)
        return to_seconds(voiced * STEP, EAR_RATE)

    def depth(self, channel: int) -> int:
        """Return how many samples of the channel are held back."""
        return self._channels[channel].keypad.held + self._holdback.depth(channel)

    def _transcribe(self, *, last: bool) -> None:
        lag = 0 if last else to_samples(TRANSCRIPT_LAG_S, self._rate)
        for number, channel in enumerate(self._channels):
            until = channel.mutes.cleared - lag
            for word in channel.hearing.words:
                if word.span.start < channel.transcribed or word.span.end > until:
                    continue
                hidden = channel.mutes.over(word.span)
                text = f"[{hidden}]" if hidden else word.text.strip()
                self._transcript.append(TranscriptWord(number, word.span, text))
                channel.transcribed = max(word.span.end, word.span.start + 1)
