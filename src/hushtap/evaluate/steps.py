"""Two recordings of one channel laid side by side, in steps of 10 ms.

A step is *muted* where the redacted audio is no longer the original: after the
best gain, what is left over holds more than a tenth of its energy, or the gain
is under -26 dB. One gain for the whole file and int16 rounding change nothing.

Speech that can still be made out under a beep or noise, or as a whisper, is not
muted: a stretch of 0.2 s or more that correlates with the original is audible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEPS_PER_SECOND: Final = 100
VOICED_DB: Final = 20.0
"""A step this far below the level of its span is a pause."""
MUTED_ENERGY: Final = 0.1
"""Share of a step's energy that is not the original's from which it counts as muted."""
MUTED_GAIN: Final = 0.05
"""-26 dB: a copy weaker than this is silence."""
ROUNDING: Final = 4.0
"""RMS in int16 units that quantisation alone may cause."""
COVERED_CORRELATION: Final = 0.25
"""By chance, 4 895 windows of phone speech reached 0.11 with noise and 0.19 with a 1 kHz beep."""
COVERED_SECONDS: Final = 0.2
FADE_STEPS: Final = 2
"""Steps at either end of a mute that a fade may leave half open."""
BRIDGE_SECONDS: Final = 0.5
"""Digital silence up to this long does not split a mute: nobody can tell there."""


def at_step(seconds: float) -> int:
    """Return the step nearest to a time."""
    return round(seconds * STEPS_PER_SECOND)


@dataclass(frozen=True, slots=True)
class Steps:
    """Energies per 10 ms step of one channel: original, redacted, and their product."""

    original: NDArray[np.float64]
    redacted: NDArray[np.float64]
    product: NDArray[np.float64]
    floor: NDArray[np.float64]
    """Energy that rounding alone may cause."""
    muted: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    """Steps in which muting would change nothing."""

    def voiced(self, first: int, last: int) -> NDArray[np.bool_]:
        """Return which of the steps ``[first, last)`` hold speech, by the level of their own."""
        energy = self.original[first:last]
        if not len(energy):
            return np.zeros(0, np.bool_)
        threshold = float(np.percentile(energy, 95)) * 10 ** (-VOICED_DB / 10)
        return np.asarray((energy >= threshold) & (energy > 0), np.bool_)

    def hidden(self, first: int, last: int) -> NDArray[np.bool_]:
        """Return which of the steps ``[first, last)`` nobody can hear the original in."""
        hidden = self.muted[first:last].copy()
        for start, end in runs(hidden):
            if self._shines_through(first + start, first + end):
                hidden[start:end] = False
        return hidden

    def _shines_through(self, start: int, end: int) -> bool:
        """Tell whether the original can be made out under what replaced it."""
        inner = slice(start + FADE_STEPS, end - FADE_STEPS)
        if end - start < COVERED_SECONDS * STEPS_PER_SECOND:
            return False
        oo, rr = float(self.original[inner].sum()), float(self.redacted[inner].sum())
        if not oo or rr <= float(self.floor[inner].sum()):
            return False
        alike = float(self.product[inner].sum()) / (oo * rr) ** 0.5
        return bool(alike >= COVERED_CORRELATION)

    def mutes(self) -> list[tuple[int, int]]:
        """Return the muted stretches in steps, joined across silence in which nobody can tell."""
        joined: list[tuple[int, int]] = []
        for start, end in runs(self.muted):
            gap = slice(joined[-1][1], start) if joined else slice(0, 0)
            short = start - gap.start <= BRIDGE_SECONDS * STEPS_PER_SECOND
            if joined and short and self.silent[gap].all():
                joined[-1] = (joined[-1][0], end)
            else:
                joined.append((start, end))
        return joined


def compare(before: NDArray[np.float64], after: NDArray[np.float64], rate: int) -> Steps:
    """Cut both, shape ``(n,)`` in int16 units, into steps and tell which of them were muted."""
    count = -(-len(before) * STEPS_PER_SECOND // rate)
    edges = np.arange(count) * rate // STEPS_PER_SECOND
    sizes = np.diff(edges, append=len(before))

    def per_step(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.add.reduceat(values, edges), np.float64) if count else values[:0]

    oo, rr, product = per_step(before**2), per_step(after**2), per_step(before * after)
    floor = sizes * ROUNDING**2
    own_gain = np.divide(product, oo, out=np.zeros(count), where=oo > 0)
    alike = np.square(product) >= (1 - MUTED_ENERGY) * oo * rr
    kept = alike & (own_gain >= MUTED_GAIN) & (oo > floor)
    gain = float(np.median(own_gain[kept])) if kept.any() else 1.0
    difference = rr - 2 * gain * product + gain**2 * oo
    muted = ~kept & (difference > np.maximum(floor, MUTED_ENERGY**2 * gain**2 * oo))
    return Steps(oo, rr, product, floor, muted, silent=(oo <= floor) & ~muted)


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches of true flags as ``[start, end)``."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
