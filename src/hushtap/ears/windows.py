"""Which windows of a channel the ears listen to, decided by voice activity alone.

The schedule depends on the samples and on nothing else: not on how they were
chunked, not on what was heard, not on how fast the machine is.

A window ends at a pause (``final``) or, while speech goes on, at every hop.
Windows overlap, so that a word cut by one is whole in another. Live calls and
files have schedules of their own: the first must not wait, the second not listen twice.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import soxr

from hushtap.ears.denoise import Denoiser
from hushtap.timeline import Span
from hushtap.vad import EAR_RATE, STEP, VoiceDetector, WebRtcDetector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hushtap.values import Samples

STEPS_PER_SECOND: Final = EAR_RATE // STEP


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to look and how far back; all in 20 ms steps.

    Both ears look at a pause and every ``hop``; with ``glance``, the spotter alone
    looks in between, which is what lets live audio go before it is transcribed.
    """

    onset: int = 2
    """Speech steps among the last five that open a segment."""
    preroll: int = 15
    """Steps before the onset that belong to the segment: soft first sounds."""
    pause: int = 20
    """Steps of silence that close a segment."""
    hop: int = 275
    """Steps between looks of both ears while speech goes on."""
    longest: int = 350
    """Steps in the longest window of both ears."""
    glance: int | None = None
    """Steps between looks of the spotter alone; None: it looks with the other ear only."""
    glimpse: int = 200
    """Steps in the longest window of the spotter alone."""
    context: int = 35
    """Steps of right context with which the spotter's judgement of a step is final."""
    tick: int = 25
    """Steps between two looks at what may be released."""
    patience: float = 10.0
    """Seconds that audio may be held at least, whatever the policy's ``max_hold``."""
    hindsight: float = 60.0
    """Seconds that audio waits after it was cleared, in which it may be muted after all."""


LIVE: Final = Schedule(
    hop=150, longest=225, glance=25, context=15, tick=5, patience=0.0, hindsight=0.0
)
"""Ordinary speech is let go as soon as the spotter has seen it with its right context."""

LIVE_WORDS: Final = Schedule(hop=70, longest=225, tick=5, patience=0.0, hindsight=0.0)
"""Without a spotter, talk waits for the words."""

OFFLINE: Final = Schedule()
"""Every second is heard once, or twice where windows overlap; nobody waits for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Audio of one channel for the ears to hear.

    ``span`` is on the ears' clock. ``opening``: starts where speech starts, not
    in its middle. ``final``: ends in a pause. ``words``: for both ears, not for the
    spotter alone.
    """

    channel: int
    span: Span
    opening: bool
    final: bool
    audio: NDArray[np.float32] = field(repr=False)
    words: bool = True


class Activity:
    """Which 20 ms steps of one channel held speech, for as long as they matter."""

    def __init__(self) -> None:
        self._flags = bytearray()

    def append(self, speech: bool) -> None:  # noqa: FBT001 - the value itself
        """Add the next step."""
        self._flags.append(speech)

    def __len__(self) -> int:
        """Return the number of steps judged."""
        return len(self._flags)

    def voiced(self, step: int) -> bool:
        """Return whether the step held speech; the future and the past before 0 hold none."""
        return 0 <= step < len(self._flags) and bool(self._flags[step])

    def count(self, first: int, last: int) -> int:
        """Return how many of the steps ``[first, last)`` held speech."""
        return sum(self._flags[max(0, first) : max(0, last)])


class Listener:
    """Follows one channel: resamples to the ears' clock, denoises, detects voice, cuts windows."""

    def __init__(
        self,
        channel: int,
        rate: int,
        *,
        schedule: Schedule = OFFLINE,
        detector: VoiceDetector | None = None,
    ) -> None:
        self._channel = channel
        self._schedule = schedule
        self._glances = self._schedule.glance
        self._detector = detector or WebRtcDetector()
        self._resampler = (
            None if rate == EAR_RATE else soxr.ResampleStream(rate, EAR_RATE, 1, "float32", "MQ")
        )
        self._denoiser = Denoiser()
        self._rest = np.zeros(0, np.int16)
        self._kept: deque[Samples] = deque(
            maxlen=max(self._schedule.longest, self._schedule.glimpse) + 50
        )
        self.activity = Activity()
        self._recent: deque[bool] = deque(maxlen=5)
        self._begin: int | None = None
        self._last_speech = 0
        self._last_look = 0
        self._last_glance = 0

    @property
    def steps(self) -> int:
        """How many 20 ms steps were judged."""
        return len(self.activity)

    @property
    def quiet_until(self) -> int | None:
        """Step before which nothing is left to hear, or None while speech goes on."""
        if self._begin is not None:
            return None
        return max(0, self.steps - self._schedule.preroll - 5)

    @property
    def speech_from(self) -> int:
        """Step at which the speech that goes on began, its pre-roll included."""
        return self._begin or 0

    def resample(self, samples: Samples, *, last: bool = False) -> list[Samples]:
        """Return the whole 20 ms steps that became available on the ears' clock.

        At the end of a call the part of a step that is left over is filled with silence.
        """
        if self._resampler is not None:
            # In float: soxr dithers integer output at random, and the same call must
            # give the same windows twice.
            floats = self._resampler.resample_chunk(samples.astype(np.float32), last=last)
            samples = np.clip(np.rint(floats), -32768, 32767).astype(np.int16)
        self._rest = np.concatenate((self._rest, samples))
        if last and len(self._rest) % STEP:
            self._rest = np.pad(self._rest, (0, STEP - len(self._rest) % STEP))
        whole = len(self._rest) // STEP
        steps = [self._denoiser.step(self._rest[i * STEP : (i + 1) * STEP]) for i in range(whole)]
        self._rest = self._rest[whole * STEP :]
        return steps

    def step(self, samples: Samples) -> Iterator[Window]:
        """Judge the next 20 ms; yield the window that ends here, if any."""
        speech = self._detector.is_speech(samples)
        self.activity.append(speech)
        self._kept.append(samples)
        self._recent.append(speech)
        now = self.steps
        if self._begin is None:
            if speech and sum(self._recent) >= self._schedule.onset:
                self._begin = max(0, now - 5 - self._schedule.preroll)
                self._last_look = self._last_glance = now
                self._last_speech = now
            return
        if speech:
            self._last_speech = now
        if now - self._last_speech >= self._schedule.pause:
            yield self._window(final=True)
            self._begin = None
        elif now - self._last_look >= self._schedule.hop:
            yield self._window(final=False)
        elif self._glances and now - self._last_glance >= self._glances:
            yield self._window(final=False, words=False)

    def close(self) -> Iterator[Window]:
        """Yield the last window of a call that ends while speech goes on."""
        if self._begin is not None:
            yield self._window(final=True)
            self._begin = None

    def _window(self, *, final: bool, words: bool = True) -> Window:
        begin = self._begin or 0
        now = self._last_glance = self.steps
        if words:
            self._last_look = now
        longest = self._schedule.longest if words else self._schedule.glimpse
        start = max(begin, now - longest)
        audio = np.concatenate([self._kept[i] for i in range(start - now, 0)])
        return Window(
            channel=self._channel,
            span=Span(start * STEP, now * STEP),
            opening=start == begin,
            final=final,
            audio=audio.astype(np.float32) / np.float32(32768),
            words=words,
        )
