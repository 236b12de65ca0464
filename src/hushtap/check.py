"""The leak check: finished, redacted audio, heard by an ear that did not redact it.

Everything that is not digital silence is heard, whatever a voice detector thinks
of it, in windows that are cut where the channel is quietest: neither the detector
nor the windows of the pipeline decide what is looked at. What comes out says
where digits are left, how many, and what kind of number the ledger would take
them for; never which digits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import soxr
from numpy.lib.stride_tricks import sliding_window_view

from hushtap.ears.engine import MAX_BATCH
from hushtap.ears.spots import find_spots
from hushtap.numbers.ledger import Ledger
from hushtap.numbers.spoken import Form, find_runs
from hushtap.timeline import Span, rescale_span, to_samples
from hushtap.vad import EAR_RATE, STEP
from hushtap.values import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hushtap.ears.engine import Heard
    from hushtap.ears.shared import Ear
    from hushtap.numbers.ledger import Analyzer, Verdict
    from hushtap.numbers.spoken import NumberRun
    from hushtap.pii.policy import Policy
    from hushtap.values import AudioFormat, PcmChunk, Samples

SHORTEST_S: Final = 4.0
LONGEST_S: Final = 8.0
"""Seconds of a window: it ends where the channel is quietest between the two."""

QUIET_STEPS: Final = 5
"""Steps of 20 ms over which that is averaged: a gap between words."""

SILENCE: Final = 1e-4
"""Peak (full scale 1) below which a window holds what resampling leaves of digital silence."""

SOUND_DB: Final = 30.0
"""A step this far below the level of its window holds no sound of a word."""

REMEMBERED_S: Final = 150.0
"""Seconds of words that the ledger is given: longer than any question stays open."""

SETTLED_S: Final = 60.0
"""Seconds after which the ledger's opinion of a number no longer changes."""

DIGITS_PER_SECOND: Final = 2.5
"""How fast digits are said, where a spotter heard that there are some and not which."""

FEWEST: Final = 2
"""Digits of a run that is reported."""

MANY: Final = 7
"""Digits from which on a run counts whatever it is."""

NUMBER: Final = "number"
"""What a run is called that the ledger does not take for anything."""

WORDS: Final = "words"
SPOTTER: Final = "digits"
"""The ears, as they are named in what is found."""

_FORMS: Final = {Form.CURRENCY: "amount", Form.CLOCK: "time", Form.PERCENT: "percentage"}


class WordsEar(Protocol):
    """An ear that tells words: ``hushtap.ears.engine.Engine``."""

    def listen(self, windows: Sequence[NDArray[np.float32]]) -> list[Heard]:
        """Return what was heard in each window, in order."""
        ...


class Spotter(Protocol):
    """An ear that tells where digits are said without telling which."""

    def spot(self, samples: NDArray[np.float32]) -> list[Span]:
        """Return the runs of spoken digits in one window, in order.

        Args:
            samples: mono audio at ``EAR_RATE``, shape ``(n,)`` in -1 to 1, up to
                ``LONGEST_S`` seconds.

        Returns:
            spans in samples of the window.
        """
        ...


class DigitSpotter:
    """The digit spotter of an engine that has one, as a ``Spotter``."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear

    def spot(self, samples: NDArray[np.float32]) -> list[Span]:
        """Return the runs of spoken digits in one window; see ``Spotter``."""
        [heard] = self._ear.listen([samples], [False])
        track = heard.digits
        spots = [] if track is None else find_spots(track.number, track.words)
        return [Span(spot.first * STEP, spot.last * STEP) for spot in spots]


@dataclass(frozen=True, slots=True)
class Survivor:
    """A run of digits that can still be heard; ``span`` in samples of the recording.

    ``entity`` is what the ledger takes it for, or ``number``, or what was said
    beside it (``amount``). ``ear``: ``words``, or ``digits`` where only the spotter
    heard it and ``digits`` is an estimate. ``sensitive``: the policy mutes such numbers.
    """

    channel: int
    span: Span
    digits: int
    entity: str
    ear: str
    sensitive: bool

    @property
    def counts(self) -> bool:
        """Whether it is a leak by itself: sensitive, or long enough to be."""
        return self.sensitive or self.digits >= MANY


class Checker:
    """Listens to recordings with ``ear`` and, where there is one, ``spotter``.

    ``policy`` says which numbers are sensitive; ``analyzer`` judges them for the ledger.
    """

    def __init__(
        self, ear: WordsEar, policy: Policy, analyzer: Analyzer, *, spotter: Spotter | None = None
    ) -> None:
        self._ear = ear
        self._policy = policy
        self._analyzer = analyzer
        self._spotter = spotter

    def check(
        self, chunks: Iterable[PcmChunk], audio: AudioFormat, *, fewest: int = FEWEST
    ) -> tuple[Survivor, ...]:
        """Return the runs of ``fewest`` digits or more that can be heard, in order of time.

        Memory does not grow with the recording.
        """
        rate = audio.sample_rate
        cutters = [_Cutter(channel, rate) for channel in range(audio.channels)]
        ledger = Ledger(self._policy, rate, audio.channels, self._analyzer)
        found = _Found(ledger, rate, audio.channels)
        waiting: list[_Window] = []
        for chunk in chunks:
            waiting += cutters[chunk.channel].add(chunk.samples)
            if len(waiting) >= MAX_BATCH:
                self._hear(waiting, found)
                waiting = []
        for cutter in cutters:
            waiting += cutter.close()
        self._hear(waiting, found)
        return found.survivors(fewest)

    def _hear(self, windows: list[_Window], found: _Found) -> None:
        windows.sort(key=lambda window: (window.start, window.channel))
        results = self._ear.listen([window.audio for window in windows])
        for window, heard in zip(windows, results, strict=True):
            spotted = self._spotter.spot(window.audio) if self._spotter else []
            found.add(window, heard.words, spotted)


def listen(ear: WordsEar, audio: Samples, rate: int) -> list[list[Word]]:
    """Return what ``ear`` hears in each column of ``audio``, shape ``(n, channels)``.

    Spans are in samples at ``rate``.
    """
    columns = []
    for channel, column in enumerate(audio.T):
        cutter = _Cutter(channel, rate)
        windows = [*cutter.add(np.ascontiguousarray(column)), *cutter.close()]
        results = ear.listen([window.audio for window in windows])
        columns.append(
            [
                word
                for window, heard in zip(windows, results, strict=True)
                for word in window.on_clock(heard.words, rate)
            ]
        )
    return columns


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """Audio of one channel at ``EAR_RATE`` from sample ``start`` of that clock on."""

    channel: int
    start: int
    audio: NDArray[np.float32] = field(repr=False)

    def on_clock(self, words: Sequence[Word], rate: int) -> list[Word]:
        """Return ``words`` of this window with their spans on the recording's clock.

        The recogniser lets a word last until the next one; here it ends with its sound.
        """
        energy = _energy(self.audio)
        floor = float(np.percentile(energy, 95)) * 10 ** (-SOUND_DB / 10) if len(energy) else 0.0
        sounds = energy >= floor
        return [
            replace(word, span=self.place(_sounding(word.span, sounds), rate)) for word in words
        ]

    def place(self, span: Span, rate: int) -> Span:
        """Return a span of this window on the recording's clock."""
        return rescale_span(span.shift(self.start), EAR_RATE, rate)


class _Cutter:
    """Cuts one channel into windows, each ending where it is quiet."""

    def __init__(self, channel: int, rate: int) -> None:
        self._channel = channel
        self._resampler = soxr.ResampleStream(rate, EAR_RATE, 1, "float32")
        self._audio = np.zeros(0, np.float32)
        self._start = 0

    def add(self, samples: Samples) -> list[_Window]:
        """Take the next samples; return the windows that are whole."""
        return self._take(samples.astype(np.float32) / np.float32(32_768), last=False)

    def close(self) -> list[_Window]:
        """Return the rest."""
        return self._take(np.zeros(0, np.float32), last=True)

    def _take(self, samples: NDArray[np.float32], *, last: bool) -> list[_Window]:
        resampled = self._resampler.resample_chunk(samples, last=last)
        self._audio = np.concatenate((self._audio, resampled))
        longest, windows = to_samples(LONGEST_S, EAR_RATE), []
        while len(self._audio) >= longest:
            windows += self._cut(_quietest(self._audio[:longest]))
        if last and len(self._audio):
            windows += self._cut(len(self._audio))
        return windows

    def _cut(self, at: int) -> list[_Window]:
        audio, start = self._audio[:at], self._start
        self._audio, self._start = self._audio[at:], start + at
        loud = bool(np.abs(audio).max() >= SILENCE)
        return [_Window(self._channel, start, audio)] if loud else []


def _energy(audio: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the energy of each whole step of 20 ms."""
    steps = audio[: len(audio) // STEP * STEP].reshape(-1, STEP)
    return np.asarray(np.square(steps, dtype=np.float64).sum(axis=1), np.float64)


def _sounding(span: Span, sounds: NDArray[np.bool_]) -> Span:
    """Return ``span`` without the quiet steps at either end; whole where all are quiet."""
    first = span.start // STEP
    loud = first + np.flatnonzero(sounds[first : -(-span.end // STEP)])
    if not len(loud):
        return span
    start = max(span.start, int(loud[0]) * STEP)
    return Span(start, max(start, min(span.end, (int(loud[-1]) + 1) * STEP)))


def _quietest(audio: NDArray[np.float32]) -> int:
    """Return the sample in the middle of the quietest moment after ``SHORTEST_S``."""
    first = to_samples(SHORTEST_S, EAR_RATE) // STEP
    energy = _energy(audio)[first:]
    around = sliding_window_view(energy, QUIET_STEPS).sum(axis=1)
    return (first + int(np.argmin(around)) + QUIET_STEPS // 2) * STEP


class _Found:
    """Gathers the runs of one recording while its words come in."""

    def __init__(self, ledger: Ledger, rate: int, channels: int) -> None:
        self._ledger = ledger
        self._rate = rate
        self._words: list[list[Word]] = [[] for _ in range(channels)]
        self._runs: list[list[Survivor]] = [[] for _ in range(channels)]
        self._spotted: list[tuple[int, Span]] = []
        self._end = 0

    def add(self, window: _Window, words: Sequence[Word], spotted: Sequence[Span]) -> None:
        """Take what was heard in the next window of a channel."""
        channel = window.channel
        self._spotted += [(channel, window.place(span, self._rate)) for span in spotted]
        end = window.place(Span(0, len(window.audio)), self._rate).end
        self._end = max(self._end, end)
        oldest = end - to_samples(REMEMBERED_S, self._rate)
        known = [*self._words[channel], *window.on_clock(words, self._rate)]
        self._words[channel] = [word for word in known if word.span.end >= oldest]
        self._ledger.update(channel, self._words[channel], ())
        self._note(self._ledger.judge(end).verdicts, end)

    def _note(self, verdicts: Sequence[Verdict], now: int) -> None:
        """Set down the runs as they stand; those of long ago keep what they were judged."""
        recent = now - to_samples(SETTLED_S, self._rate)
        for channel, words in enumerate(self._words):
            for run in find_runs(words, rate=self._rate):
                survivor = _survivor(channel, words, run, verdicts)
                if survivor.span.end >= recent:
                    self._put(survivor)

    def _put(self, survivor: Survivor) -> None:
        """Add a run, in the place of what was known of it before."""
        runs = self._runs[survivor.channel]
        others = [run for run in runs if not run.span.overlaps(survivor.span)]
        known = [run for run in runs if run.span.overlaps(survivor.span)]
        # A run whose beginning is forgotten by now must not shrink.
        most = max([survivor, *known], key=lambda run: (run.digits, run is survivor))
        self._runs[survivor.channel] = [*others, most]

    def survivors(self, fewest: int) -> tuple[Survivor, ...]:
        """Return all runs of so many digits, those that only the spotter heard among them."""
        # By then no number is waited for any more.
        over = self._end + to_samples(SETTLED_S, self._rate)
        self._note(self._ledger.judge(over).verdicts, self._end)
        heard = [run for runs in self._runs for run in runs]
        heard += [
            Survivor(channel, span, digits, NUMBER, SPOTTER, sensitive=False)
            for channel, span in self._spotted
            if (digits := round(DIGITS_PER_SECOND * len(span) / self._rate))
            and not any(r.channel == channel and r.span.overlaps(span) for r in heard)
        ]
        enough = [run for run in heard if run.digits >= fewest]
        return tuple(sorted(enough, key=lambda run: (run.span, run.channel)))


def _survivor(
    channel: int, words: Sequence[Word], run: NumberRun, verdicts: Sequence[Verdict]
) -> Survivor:
    inside = words[run.first : run.last + 1]
    span = Span(inside[0].span.start, max(word.span.end for word in inside))
    over = [v for v in verdicts if v.channel == channel and v.span.overlaps(span)]
    if over:
        entity = max(over, key=lambda verdict: len(verdict.span.intersect(span))).entity
        return Survivor(channel, span, len(run.digits), str(entity), WORDS, sensitive=True)
    name = next((name for form, name in _FORMS.items() if form in run.form), NUMBER)
    return Survivor(channel, span, len(run.digits), name, WORDS, sensitive=False)
