"""Quotients of sums over calls, each with the interval that the choice of calls leaves.

Calls are drawn with replacement, as many as there are (the percentile bootstrap,
Efron 1979), since what is said within one call is not independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWS: Final = 2_000
SEED: Final = 20_250_101
INTERVAL: Final = (2.5, 97.5)
"""Percentiles of the draws: 95 % of them lie between."""

Quotient: TypeAlias = tuple[float, float]
"""What one call adds above and below the line."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quotient, its 95 % interval, and ``of``, the sum below the line; ``None`` where that is 0.

    From 0 to 0 says that none of these calls had any, not that none ever has.
    """

    value: float | None
    low: float | None
    high: float | None
    of: float


class Bootstrap:
    """The draws for a corpus of ``calls`` calls: the same for every figure."""

    def __init__(self, calls: int, seed: int = SEED) -> None:
        if not calls:
            self._draws = np.zeros((DRAWS, 0))
            return
        rng = np.random.default_rng(seed)
        draws = rng.multinomial(calls, np.full(calls, 1 / calls), size=DRAWS)
        self._draws = draws.astype(np.float64)

    def estimate(self, quotients: Sequence[Quotient]) -> Estimate:
        """Return the sum above over the sum below; one quotient for each call."""
        above, below = np.asarray(quotients, np.float64).reshape(-1, 2).T
        of = float(below.sum())
        if not of:
            return Estimate(None, None, None, 0.0)
        drawn_above, drawn_below = self._draws @ above, self._draws @ below
        some = drawn_below > 0
        low, high = np.percentile(drawn_above[some] / drawn_below[some], INTERVAL)
        return Estimate(float(above.sum()) / of, float(low), float(high), of)
