"""What every part shares that keeps something in the desk's database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hushtap.web.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hushtap.web.database import DeskDatabase


class Store:
    """Rows of ``database`` under ``settings``; ``clock`` gives seconds since 1970.

    Safe to use from several threads.

    Raises:
        VaultError: from every method of every such part, where the database cannot be used.
    """

    def __init__(
        self,
        database: DeskDatabase,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._settings = settings or Settings()
        self._clock = clock
        self._made()

    def _made(self) -> None:
        """Make what else a part needs, once."""


def portions(names: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    """Yield ``names`` in as many as one statement takes."""
    wanted = [*names]
    for at in range(0, len(wanted), size):
        yield wanted[at : at + size]
