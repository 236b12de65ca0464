"""What a live call tells whoever watches it: what was muted, where it stands, how it failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from hushtap.observe import Reason
from hushtap.timeline import Span, merge, subtract, to_samples
from hushtap.values import Entity, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hushtap.delays import Delays
    from hushtap.guarded import Guarded
    from hushtap.values import AudioFormat, PcmChunk, RedactedChunk

PROGRESS_S: Final = 0.1
"""Seconds by which a call must have moved on to be told of."""


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


class Teller:
    """Makes the events of one call. For one thread at a time."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._rate = audio_format.sample_rate
        self._news = News(audio_format.channels)
        self._energy = [(0.0, 0) for _ in range(audio_format.channels)]
        self._reported = 0

    def measure(self, piece: PcmChunk) -> None:
        """Note how loud the next samples of the input are."""
        energy, count = self._energy[piece.channel]
        squares = float(np.square(piece.samples.astype(np.float64)).sum())
        self._energy[piece.channel] = (energy + squares, count + len(piece.span))

    def events(
        self,
        guarded: Guarded,
        chunks: Iterable[RedactedChunk],
        findings: Sequence[Finding],
        *,
        delays: Delays,
        fed: tuple[int, ...],
        now: float,
    ) -> list[Event]:
        """Return what there is to tell once ``chunks`` are released; measures their delay.

        ``fed``: samples of each channel that came in; ``now``: monotonic seconds.
        """
        until = [guarded.cleared_until(channel) for channel in range(len(fed))]
        delay = [0.0 for _ in until]
        for chunk in chunks:
            spans = [f.span for f in findings if f.channel == chunk.channel and f.muted]
            delay[chunk.channel] = delays.released(
                guarded.call, chunk.channel, chunk.span.end, spans, now
            )
        events: list[Event] = [
            Muted(f.entity, f.channel, f.span, delay[f.channel])
            for f in self._news.fresh([f for f in findings if f.muted], until, self._rate)
        ]
        moved = max(fed) + min(until)
        if moved - self._reported >= to_samples(PROGRESS_S, self._rate):
            self._reported = moved
            events.append(Progress(fed, tuple(until), self._levels()))
        return events

    def _levels(self) -> tuple[float, ...]:
        levels = [10 * np.log10(e / max(1, n) / 32768**2 + 1e-10) for e, n in self._energy]
        self._energy = [(0.0, 0) for _ in self._energy]
        return tuple(float(level) for level in levels)


class News:
    """Which parts of findings were not told yet. Findings may grow after they were told."""

    def __init__(self, channels: int) -> None:
        self._told: list[dict[tuple[Entity, bool], list[Span]]] = [{} for _ in range(channels)]

    def fresh(
        self, findings: Iterable[Finding], until: list[int], least: int | None = None
    ) -> list[Finding]:
        """Return what lies before ``until`` (per channel) and was not returned before.

        A finding that is not over by then is returned in parts of ``least``
        samples or more, or waits for its end if that is None.
        """
        news = []
        for finding in findings:
            told = self._told[finding.channel].setdefault((finding.entity, finding.muted), [])
            whole = finding.span.end <= until[finding.channel]
            if finding.span in told or not (whole or least):
                continue
            for part in subtract(finding.span.clip(0, until[finding.channel]), told):
                if whole or len(part) >= (least or 0):
                    news.append(replace(finding, span=part))
                    told[:] = merge([*told, part])
        return news
