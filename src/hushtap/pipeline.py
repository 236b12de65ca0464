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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.ears.spots import Spot, SpotTrack, fuse
from hushtap.ears.windows import OFFLINE, Listener, Schedule, Window
from hushtap.ears.words import WordTrack
from hushtap.edges import Edges
from hushtap.holdback import HoldBack
from hushtap.keypad import PAD_S, Keypad
from hushtap.numbers.ledger import Judged, Ledger
from hushtap.timeline import Span, merge, rescale, rescale_span, subtract, to_samples, to_seconds
from hushtap.vad import EAR_RATE, STEP, steps_of
from hushtap.values import Entity, Finding, Mute, PcmChunk, Plan, TranscriptWord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        self._channels = range(channels)
        self._keypads = [Keypad(rate) for _ in self._channels]
        self._listeners = [Listener(c, rate, schedule=schedule) for c in self._channels]
        self._tracks = [WordTrack(rate) for _ in self._channels]
        self._glances = schedule.glance is not None
        self._tick_steps = schedule.tick
        self._spots = [SpotTrack(schedule.context, rate) for _ in self._channels]
        self._spotted: list[list[Spot]] = [[] for _ in self._channels]
        self._said: list[list[Word]] = [[] for _ in self._channels]
        self._spotting = False
        self._words: list[list[Word]] = [[] for _ in self._channels]
        self._talk: list[list[Word]] = [[] for _ in self._channels]
        self._ledger = Ledger(policy, rate, channels, analyzer)
        self._edges = Edges(policy, rate)
        self._holdback = HoldBack(audio_format, policy.style)
        self._unblocked: list[list[Samples]] = [[] for _ in self._channels]
        self._blocks = 0
        self._steps: list[deque[Samples]] = [deque() for _ in self._channels]
        self._events: deque[Window | _Tick] = deque()
        self._results: dict[int, Heard | None] = {}
        self._new_windows: list[Window] = []
        self._judged = Judged((), (None,) * channels, armed=False)
        self._stale = False
        self._mutes: list[dict[Entity, list[Finding]]] = [{} for _ in self._channels]
        self._missed: list[list[Finding]] = [[] for _ in self._channels]
        self._decided = [0] * channels
        self._cleared = [0] * channels
        self._spoken_until = [0] * channels
        self._released: list[RedactedChunk] = []
        self._transcript: list[TranscriptWord] = []
        self._guard = to_samples(policy.pad_before + GUARD_S, rate)
        self._hindsight = to_samples(schedule.hindsight, rate)
        self._max_hold = to_samples(max(policy.max_hold, schedule.patience), rate)
        self._silenced: list[Span] = []

    # --- samples in -----------------------------------------------------------------

    def feed(self, chunk: PcmChunk) -> None:
        """Take the next samples of one channel.

        Raises:
            ValueError: they do not follow the last ones of their channel.
        """
        keypad = self._keypads[chunk.channel]
        if chunk.span.start != keypad.end:
            raise ValueError(f"channel {chunk.channel}: expected sample {keypad.end}")
        self._admit(chunk.channel, keypad.feed(chunk.samples, chunk.keys))
        ready = min(self._holdback.end(c) for c in self._channels)
        self._take_blocks(self._whole_blocks(ready))

    def _admit(self, channel: int, samples: Samples) -> None:
        """Let samples in as they left the keypad: nobody after it hears a key."""
        for told, span in self._keypads[channel].pressed():
            source = "event" if told else "tones"
            self._mute(channel, span, Entity.KEYPAD, 1.0, source)
            self._note_late_key(channel, span, source)
        start = self._holdback.end(channel)
        if len(samples):
            span = Span(start, start + len(samples))
            self._holdback.add(PcmChunk(channel, span, samples))
            self._unblocked[channel].append(samples)

    def finish(self) -> None:
        """Declare the end of the call. The last windows come out of ``windows``."""
        for channel, keypad in enumerate(self._keypads):
            self._admit(channel, keypad.finish())
        longest = max(self._holdback.end(c) for c in self._channels)
        self._take_blocks(self._whole_blocks(longest))
        for channel in self._channels:
            rest = np.concatenate([np.zeros(0, np.int16), *self._unblocked[channel]])
            self._unblocked[channel].clear()
            self._steps[channel].extend(self._listeners[channel].resample(rest, last=True))
        self._step(to_the_end=True)
        for listener in self._listeners:
            self._schedule(listener.close())
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
            waiting = np.concatenate([np.zeros(0, np.int16), *self._unblocked[channel]])
            self._unblocked[channel] = [waiting[size:]] if len(waiting) > size else []
            self._steps[channel].extend(self._listeners[channel].resample(waiting[:size]))
        self._blocks = until
        self._step()
        self._advance()

    def _step(self, *, to_the_end: bool = False) -> None:
        some = any if to_the_end else all
        while some(self._steps):
            for listener, steps in zip(self._listeners, self._steps, strict=True):
                step = steps.popleft() if steps else np.zeros(STEP, np.int16)
                self._schedule(listener.step(step))
            if self._listeners[0].steps % self._tick_steps == 0:
                self._events.append(self._tick())

    def _schedule(self, windows: Iterable[Window]) -> None:
        for window in windows:
            self._events.append(window)
            self._new_windows.append(window)

    def _tick(self, *, last: bool = False) -> _Tick:
        quiet = [listener.quiet_until for listener in self._listeners]
        return _Tick(
            steps=self._listeners[0].steps,
            speech_from=tuple(
                q if q is not None else listener.speech_from
                for q, listener in zip(quiet, self._listeners, strict=True)
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
        channel = window.channel
        track, spots = self._tracks[channel], self._spots[channel]
        if heard is None:
            span = rescale_span(window.span, EAR_RATE, self._rate)
            self._mute(channel, span, Entity.UNHEARD, 1.0, "late")
            track.skip(window)
            spots.skip(window)
        else:
            if window.words:
                track.update(window, heard, self._listeners[channel].activity)
            if heard.digits is not None:
                spots.update(window, heard.digits)
                self._spotting = True
        found, said = spots.spots(), spots.said
        unchanged = said is self._said[channel] and found == self._spotted[channel]
        if heard is not None and not window.words and unchanged:
            # A glance at talk: the words are what they were.
            return
        self._spotted[channel], self._said[channel] = found, said
        # Once a window, not once a tick: reading the words takes longer than deciding.
        words = fuse(track.words, found, self._rate) if self._spotting else track.words
        self._words[channel] = words
        self._talk[channel] = self._edges.talk(words)
        hears = self._hears(channel) if self._spotting else None
        self._ledger.update(channel, words, track.suspects, hears, said)
        self._stale = True

    def _hears(self, channel: int) -> Callable[[Span], bool]:
        """Return what tells whether the spotter hears a number in a span of the channel."""
        spots = self._spots[channel]
        return lambda span: spots.hears(steps_of(span, self._rate))

    # --- orders from outside ----------------------------------------------------------

    def arm(self, until: int) -> None:
        """From what is not yet released on, and before sample ``until``, every number counts."""
        self._ledger.armed = merge([*self._ledger.armed, Span(min(self._cleared), until)])
        self._stale = True

    def disarm(self, at: int) -> None:
        """Let numbers from sample ``at`` on be judged as ever."""
        self._ledger.armed = [s.clip(0, at) for s in self._ledger.armed if s.start < at]
        self._stale = True

    def silence(self, until: int) -> None:
        """Mute all that is not yet released and lies before sample ``until``."""
        self._silenced = merge([*self._silenced, Span(min(self._cleared), until)])

    def unsilence(self, at: int) -> None:
        """Let what lies from sample ``at`` on be judged as ever; what was muted stays muted."""
        self._silenced = [s.clip(0, at) for s in self._silenced if s.start < at]

    def _mute_silenced(self) -> None:
        for span in self._silenced:
            for channel in self._channels:
                there = span.clip(0, self._holdback.end(channel))
                self._mute(channel, there, Entity.UNHEARD, 1.0, "ordered")
        self._silenced = [s for s in self._silenced if s.end > min(self._cleared)]

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
                track.agreed_until if speaking else now
                for track, speaking in zip(self._tracks, tick.speaking, strict=True)
            ]
            self._judged = self._ledger.judge(now, known)
            self._stale = False
            self._mute_verdicts(now, last=tick.last)
        self._mute_silenced()
        if tick.last:
            self._end_findings()
        for channel in self._channels:
            decided = max(self._decided[channel], self._decide_until(channel, tick, now))
            self._decided[channel] = decided
            until = decided if tick.last else min(decided, now - self._hindsight)
            self._cleared[channel] = max(self._cleared[channel], until)
        plan = Plan(tuple(self._all_mutes()), tuple(self._cleared))
        self._released += self._holdback.release(plan)
        self._transcribe(last=tick.last)

    def _decide_until(self, channel: int, tick: _Tick, now: int) -> int:
        """Return the sample before which nothing is undecided; what was held too long is muted."""
        if tick.last:
            return self._holdback.end(channel)
        track = self._tracks[channel]
        until = rescale(tick.speech_from[channel] * STEP, EAR_RATE, self._rate)
        if tick.speaking[channel]:
            armed = self._judged.armed
            heard = track.agreed_until if armed else track.seen_until
            if self._spotting:
                spotted = rescale(self._spots[channel].seen_until * STEP, EAR_RATE, self._rate)
                # A glance lets talk go before it is transcribed, unless a number is expected.
                heard = min(heard, spotted) if armed or not self._glances else spotted
            until = max(until, heard - (2 * self._guard if armed else self._guard))
        hold = self._undecided(channel)
        if hold is not None:
            activity = self._listeners[channel].activity
            spots = self._spots[channel] if self._spotting else None
            edge = self._edges.widen(Span(hold, hold), self._talk[channel], activity, now, spots)
            until = min(until, edge.start)
        late = now - self._max_hold
        if until < late:
            waiting = Span(self._decided[channel], max(self._decided[channel], late))
            self._mute(channel, waiting, Entity.UNHEARD, 1.0, "max-hold")
            until = late
        return min(until, self._holdback.end(channel))

    def _undecided(self, channel: int) -> int | None:
        """Return where the first number starts that is not judged, or not on agreed words."""
        agreed = self._tracks[channel].agreed_until
        starts = [
            v.span.start
            for v in self._judged.verdicts
            if v.channel == channel and v.span.end > agreed
        ]
        hold = self._judged.hold_from[channel]
        return min(starts if hold is None else [hold, *starts], default=None)

    def _mute_verdicts(self, now: int, *, last: bool) -> None:
        """Mute what was judged on words that stand; what may still change is held."""
        for channel in self._channels:
            words = self._talk[channel]
            activity = self._listeners[channel].activity
            agreed = self._tracks[channel].agreed_until
            spots = self._spots[channel] if self._spotting else None
            widened = [
                (self._edges.widen(v.span, words, activity, now, spots), v)
                for v in self._judged.verdicts
                if v.channel == channel and (last or v.span.end <= agreed)
            ]
            for span, verdict in widened:
                self._mute(channel, span, verdict.entity, verdict.score, verdict.source)
                self._note_missed(verdict)
            for bridge in self._edges.bridges(sorted(span for span, _ in widened), words):
                owner = next(v for span, v in widened if span.start == bridge.end)
                self._mute(channel, bridge, owner.entity, owner.score, owner.source)

    def _mute(self, channel: int, span: Span, entity: Entity, score: float, source: str) -> None:
        """Add a mute; one that overlaps a mute of the same entity becomes part of it.

        What was released already cannot be muted any more.
        """
        span = Span(max(span.start, min(self._cleared[channel], span.end)), span.end)
        if not span:
            return
        known = self._mutes[channel].setdefault(entity, [])
        new = Finding(entity, span, channel, score, source)
        apart = []
        for finding in known:
            if finding.span.start <= new.span.end and new.span.start <= finding.span.end:
                better = finding if finding.score >= new.score else new
                new = replace(better, span=finding.span.hull(new.span))
            else:
                apart.append(finding)
        self._mutes[channel][entity] = [*apart, new]

    def _end_findings(self) -> None:
        """Let no finding reach beyond the call: it would wait for its end in vain."""
        for channel, by_entity in enumerate(self._mutes):
            end = self._holdback.end(channel)
            for entity, findings in by_entity.items():
                clipped = [replace(f, span=f.span.clip(0, end)) for f in findings]
                by_entity[entity] = [finding for finding in clipped if finding.span]

    def _note_missed(self, verdict: Verdict) -> None:
        """Own up to a number that was recognised only after some of it had been released."""
        channel = verdict.channel
        for span in self._let_go(channel, verdict.span):
            if self._voice(channel, span) >= LEAST_MISSED_S:
                found = Finding(verdict.entity, span, channel, verdict.score, verdict.source)
                self._missed[channel].append(replace(found, muted=False))

    def _all_mutes(self) -> Iterable[Mute]:
        for by_entity in self._mutes:
            for findings in by_entity.values():
                for finding in findings:
                    yield Mute(finding.channel, finding.span, finding.entity)

    # --- what comes out -------------------------------------------------------------

    def released(self) -> list[RedactedChunk]:
        """Return the audio released since the last call, in order per channel."""
        released, self._released = self._released, []
        return released

    def abandon(self) -> list[RedactedChunk]:
        """Fail closed: return silence for all audio that still waits, and end the call."""
        for channel in self._channels:
            self._admit(channel, np.zeros_like(self._keypads[channel].finish()))
            waiting = Span(self._cleared[channel], self._holdback.end(channel))
            self._mute(channel, waiting, Entity.UNHEARD, 1.0, "failed")
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
        found = [f for by in self._mutes for fs in by.values() for f in fs]
        found += [finding for missed in self._missed for finding in missed]
        return sorted(found, key=lambda f: (f.span.start, f.channel))

    def cleared_until(self, channel: int) -> int:
        """Return the watermark: samples before it are released and final."""
        return self._cleared[channel]

    def held_from(self, channel: int) -> int | None:
        """Return where the audio starts that waits for a number, or for one that was asked for."""
        if self._judged.armed:
            return self._cleared[channel]
        return self._undecided(channel)

    def voiced(self, channel: int, span: Span) -> bool:
        """Return whether there is speech in ``span`` of the channel."""
        return self._voice(channel, span) > 0

    def _note_late_key(self, channel: int, span: Span, source: str) -> None:
        """Own up to a key that was told of only after some of it had been released."""
        for part in self._let_go(channel, span):
            # The padding alone is not the key.
            if len(part) > to_samples(PAD_S, self._rate):
                late = Finding(Entity.KEYPAD, part, channel, 1.0, source, muted=False)
                self._missed[channel].append(late)

    def _let_go(self, channel: int, span: Span) -> list[Span]:
        """Return what of ``span`` was released unmuted and not owned up to."""
        known = [f.span for fs in self._mutes[channel].values() for f in fs]
        known += [finding.span for finding in self._missed[channel]]
        return list(subtract(span.clip(0, self._cleared[channel]), known))

    def _voice(self, channel: int, span: Span) -> float:
        """Return how many seconds of ``span`` are voiced."""
        steps = steps_of(span, self._rate)
        voiced = self._listeners[channel].activity.count(steps.start, steps.end)
        return to_seconds(voiced * STEP, EAR_RATE)

    def depth(self, channel: int) -> int:
        """Return how many samples of the channel are held back."""
        return self._keypads[channel].held + self._holdback.depth(channel)

    def _transcribe(self, *, last: bool) -> None:
        lag = 0 if last else to_samples(TRANSCRIPT_LAG_S, self._rate)
        for channel in self._channels:
            until = self._cleared[channel] - lag
            # Nobody hears words in keys: one that reaches over them was said beside them.
            mutes = [
                f for e, fs in self._mutes[channel].items() if e is not Entity.KEYPAD for f in fs
            ]
            mutes += [f for f in self._missed[channel] if f.entity is not Entity.KEYPAD]
            for word in self._words[channel]:
                if word.span.start < self._spoken_until[channel] or word.span.end > until:
                    continue
                mute = next((m for m in mutes if m.span.overlaps(word.span)), None)
                text = f"[{mute.entity}]" if mute else word.text.strip()
                self._transcript.append(TranscriptWord(channel, word.span, text))
                self._spoken_until[channel] = max(word.span.end, word.span.start + 1)
