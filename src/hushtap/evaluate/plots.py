"""Plots as SVG text, for a page of their own: no script, no font, no host but the page's.

Colours come from the page's style sheet (``page.STYLE``), by class, so that one
plot serves light and dark. Drawn by hand: two kinds of plot are not worth a
plotting library among the dependencies of something that guards card numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH: Final = 540
ROW: Final = 26
LEFT: Final = 140
RIGHT: Final = 105
AXIS: Final = 26
TICKS: Final = 5
"""Parts of an axis, about."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One row of ``dots``: a value between ``low`` and ``high``; ``note`` stands at the right."""

    label: str
    value: float
    low: float
    high: float
    note: str = ""


def dots(rows: Sequence[Dot], *, title: str, unit: str) -> str:
    """Return values with their intervals, one under the other, on an axis from 0."""
    ticks = _ticks(max(row.high for row in rows))
    height = ROW * len(rows) + AXIS

    def x(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * value / ticks[-1]

    parts = [_grid(x(tick), 0, height - AXIS, f"{tick:g} {unit}", height - 8) for tick in ticks]
    for at, row in enumerate(rows):
        y = ROW * at + ROW / 2
        parts += [
            f'<text class="label" x="{LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">'
            f"{escape(row.label)}</text>",
            f'<line class="range" x1="{x(row.low):.1f}" x2="{x(row.high):.1f}"'
            f' y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<circle class="dot" cx="{x(row.value):.1f}" cy="{y:.1f}" r="4.5"/>',
            f'<text class="note" x="{WIDTH}" y="{y + 4:.1f}" text-anchor="end">'
            f"{escape(row.note)}</text>",
        ]
    return _svg(parts, height, title)


@dataclass(frozen=True, slots=True)
class Bins:
    """The axis of a ``histogram``. What lies outside is put into the outermost bins."""

    low: float
    high: float
    step: float

    @property
    def count(self) -> int:
        """How many bins there are."""
        return math.ceil((self.high - self.low) / self.step - 1e-9)

    def place(self, value: float) -> int:
        """Return the bin of ``value``."""
        at = math.floor((value - self.low) / self.step + 1e-9)
        return min(max(at, 0), self.count - 1)


def histogram(values: Sequence[float], bins: Bins, *, title: str, unit: str) -> str:
    """Return how many values fall into each bin; those above 0 are drawn as bad."""
    height, base = 170, 170 - AXIS
    counts = [0] * bins.count
    for value in values:
        counts[bins.place(value)] += 1
    tallest, wide = max(1, *counts), (WIDTH - 40) / bins.count

    def x(value: float) -> float:
        return 20 + wide * (value - bins.low) / bins.step

    parts = [
        _grid(x(tick), 0, base, f"{tick:g} {unit}", height - 8)
        for tick in _between(bins.low, bins.high)
    ]
    for at, count in enumerate(counts):
        if count:
            start = bins.low + at * bins.step
            tall = max(2.0, (base - 14) * count / tallest)
            parts.append(
                f'<rect class="{"bad" if start >= 0 else "bar"}" x="{x(start) + 1:.1f}"'
                f' y="{base - tall:.1f}" width="{wide - 2:.1f}" height="{tall:.1f}" rx="1.5">'
                f"<title>{start:g} to {start + bins.step:g} {unit}: {count}</title></rect>"
            )
    parts.append(f'<line class="zero" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{base}"/>')
    return _svg(parts, height, title)


def _svg(parts: Sequence[str], height: float, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(title)}"'
        f' xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def _grid(x: float, top: float, bottom: float, text: str, y: float) -> str:
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom:g}"/>'
        f'<text class="tick" x="{x:.1f}" y="{y:g}" text-anchor="middle">{escape(text)}</text>'
    )


def _ticks(most: float) -> list[float]:
    """Return round values from 0 to ``most`` or just above."""
    step = _round_step(max(most, 1e-9))
    count = max(1, math.ceil(most / step - 1e-9))
    return [round(step * at, 10) for at in range(count + 1)]


def _between(low: float, high: float) -> Iterator[float]:
    step = _round_step(high - low)
    for at in range(math.ceil(low / step), math.floor(high / step) + 1):
        yield round(at * step, 10)


def _round_step(extent: float) -> float:
    raw = extent / TICKS
    power = float(10.0 ** math.floor(math.log10(raw)))
    return power * next((f for f in (1.0, 2.0, 5.0) if f * power >= raw), 10.0)
