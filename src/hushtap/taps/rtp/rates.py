"""A stream from one rate to a multiple or fraction of it, packet by packet.

soxr needs to see past a packet's end, or delays by a number of samples that it does
not tell. Here every packet gives exactly its own time's worth of samples at once, with
one constant delay of ``DELAY_S``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from hushtap.values import Samples

DELAY_S: Final = 0.002
"""Seconds by which what comes out is later than what went in."""

_BETA: Final = 8.0
"""Of the Kaiser window: 80 dB down in the stop band (Oppenheim and Schafer, eq. 7.75)."""
_PASS: Final = 0.9
"""Share of the lower rate's band that is kept."""


class Converter:
    """One stream from ``rate`` to ``to_rate``, in Hz, of which one divides the other.

    Raises:
        ValueError: neither divides the other.
    """

    def __init__(self, rate: int, to_rate: int) -> None:
        high, low = max(rate, to_rate), min(rate, to_rate)
        if high % low:
            raise ValueError(f"no whole ratio between {rate} Hz and {to_rate} Hz")
        self._up, self._down = to_rate // low, rate // low
        half = round(DELAY_S * high)
        at = np.arange(-half, half + 1)
        cutoff = _PASS * low / high
        taps = np.sinc(cutoff * at) * np.kaiser(2 * half + 1, _BETA)
        self._taps = self._up * taps / taps.sum()
        self._before = np.zeros(2 * half)
        self._phase = 0

    def convert(self, samples: Samples) -> Samples:
        """Return the next samples at the other rate."""
        if not len(samples):
            return samples
        spread = np.zeros(len(samples) * self._up)
        spread[:: self._up] = samples
        joined = np.concatenate([self._before, spread])
        self._before = joined[len(joined) - len(self._before) :]
        out = np.convolve(joined, self._taps, "valid")[-self._phase % self._down :: self._down]
        self._phase = (self._phase + len(spread)) % self._down
        limits = np.iinfo(np.int16)
        return np.clip(np.rint(out), limits.min, limits.max).astype(np.int16)
