"""Span algebra, and the one place where seconds and samples meet.

All time inside Hushtap is an integer count of samples of one channel's clock.
Seconds appear only at the edges (files, command line, metrics), and a position
converted twice comes back unchanged. Durations are never added up in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open interval ``[start, end)`` in samples of the channel's own clock.

    Raises:
        ValueError: ``end`` lies before ``start``.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a span that runs backwards."""
        if self.end < self.start:
            msg = f"span ends before it starts: [{self.start}, {self.end})"
            raise ValueError(msg)

    def __len__(self) -> int:
        """Return the length in samples."""
        return self.end - self.start

    def __bool__(self) -> bool:
        """Return whether the span holds any sample."""
        return self.end > self.start

    def __contains__(self, sample: int) -> bool:
        """Return whether ``sample`` lies inside."""
        return self.start <= sample < self.end

    def overlaps(self, other: Span) -> bool:
        """Return whether the two share at least one sample."""
        return max(self.start, other.start) < min(self.end, other.end)

    def intersect(self, other: Span) -> Span:
        """Return the shared part; empty (at the later start) where there is none."""
        start = max(self.start, other.start)
        return Span(start, max(start, min(self.end, other.end)))

    def hull(self, other: Span) -> Span:
        """Return the smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def pad(self, before: int, after: int) -> Span:
        """Return the span grown by ``before`` and ``after`` samples, never below zero."""
        start = max(0, self.start - before)
        return Span(start, max(start, self.end + after))

    def shift(self, samples: int) -> Span:
        """Return the span moved by ``samples``."""
        return Span(self.start + samples, self.end + samples)

    def clip(self, start: int, end: int) -> Span:
        """Return the part inside ``[start, end)``; empty where there is none."""
        return self.intersect(Span(start, max(start, end)))


def merge(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """Return the union as sorted, disjoint spans; those ``gap`` samples apart or less join."""
    merged: list[Span] = []
    for span in sorted(spans):
        if not span:
            continue
        if merged and span.start <= merged[-1].end + gap:
            merged[-1] = merged[-1].hull(span)
        else:
            merged.append(span)
    return merged


def subtract(span: Span, holes: Iterable[Span]) -> Iterator[Span]:
    """Yield what is left of ``span`` when ``holes`` are cut out, in order."""
    at = span.start
    for hole in merge(holes):
        if hole.start >= span.end:
            break
        if hole.start > at:
            yield Span(at, hole.start)
        at = max(at, hole.end)
    if at < span.end:
        yield Span(at, span.end)


def overlap(spans: Iterable[Span], others: Iterable[Span]) -> int:
    """Return how many samples lie in both unions."""
    right = merge(others)
    return sum(len(a.intersect(b)) for a in merge(spans) for b in right)


def to_samples(seconds: float, rate: int) -> int:
    """Return the sample nearest to ``seconds`` at ``rate`` samples a second (half to even)."""
    return round(seconds * rate)


def to_seconds(samples: int, rate: int) -> float:
    """Return the exact time of ``samples`` in seconds, unrounded."""
    return samples / rate


def rescale(sample: int, rate: int, to_rate: int) -> int:
    """Return the position of ``sample`` on a clock of ``to_rate``, rounded down.

    Integer arithmetic: monotone and free of drift. Rounding down twice may move
    a position by less than one sample of the coarser clock; never later.
    """
    return sample * to_rate // rate


def rescale_span(span: Span, rate: int, to_rate: int) -> Span:
    """Return ``span`` on a clock of ``to_rate``, rounded outward so that nothing is lost."""
    return Span(rescale(span.start, rate, to_rate), -(-span.end * to_rate // rate))
