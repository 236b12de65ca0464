"""What is to be reviewed, and what the reviewed calls add up to; for one person's reach."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from hushtap.vault.recordings import Query
from hushtap.web.dashboard import Dashboard, figures
from hushtap.web.views import playable

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.vault.recordings import RecordingInfo
    from hushtap.web.accounts import Account
    from hushtap.web.desk import Desk
    from hushtap.web.judging import Scores
    from hushtap.web.rules import Rules

LOOKED_AT: Final = 2_000
"""Calls, the newest, that the queue is drawn from."""

COUNTED: Final = 20_000
"""Calls, the newest, that the figures are of."""


KEPT_FOR: Final = 60
"""Seconds that figures are shown for before they are counted again: that takes a second."""
_MOST_KEPT: Final = 64


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call in the review queue, and the names of the samples that took it."""

    info: RecordingInfo
    reasons: list[str]


class Supervision:
    """See the module. ``clock`` gives seconds since 1970.

    Raises:
        VaultError: from every method: the vault or the desk's database refuses.
    """

    def __init__(
        self, desk: Desk, scores: Scores, rules: Rules, clock: Callable[[], float] = time.time
    ) -> None:
        self._desk = desk
        self._scores = scores
        self._rules = rules
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Account, int], tuple[float, Dashboard]] = OrderedDict()

    def queue(self, account: Account, most: int = 100) -> list[Waiting]:
        """Return the newest calls in reach that a sample takes and nobody has scored."""
        since = self._now() - timedelta(days=self._rules.queue.days)
        page = self._desk.page(account, Query(since=since), LOOKED_AT)
        calls = [info for info in page.calls if playable(info)]
        scored = self._scores.totals(info.id for info in calls)
        misses = self._desk.review.flagged(info.id for info in calls)
        waiting: list[Waiting] = []
        for info in calls:
            if info.id in scored:
                continue
            reasons = self._rules.reasons(info, flagged=bool(misses.get(info.id)))
            if reasons:
                waiting.append(Waiting(info, reasons))
        return waiting[:most]

    def dashboard(self, account: Account, days: int) -> Dashboard:
        """Return the figures of the last ``days`` days of the calls in reach.

        They may be ``KEPT_FOR`` seconds old.
        """
        # Whoever gets another reach is another account here.
        key, now = (account, days), self._clock()
        with self._lock:
            at, board = self._kept.get(key, (0.0, None))
        if board is not None and 0 <= now - at < KEPT_FOR:
            return board
        board = self._counted(account, days)
        with self._lock:
            self._kept[key] = (now, board)
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return board

    def _counted(self, account: Account, days: int) -> Dashboard:
        now = self._now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        query = Query(since=midnight - timedelta(days=days - 1))
        page = self._desk.page(account, query, COUNTED)
        ids = [info.id for info in page.calls]
        return figures(
            page.calls,
            self._desk.review.among(ids),
            muted=self._desk.review.muted(ids),
            totals=self._scores.totals(ids),
            now=now,
            days=days,
            partial=page.more,
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
