"""Ids that may come once: a stream, a session. One that is refused may be tried again."""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from hushtap.gateway.farend import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEMBERED: Final = 10_000
"""Ids of which none may come again."""


class Once:
    """What came, and what is being looked at. For one thread."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._begun: set[str] = set()

    @contextmanager
    def claim(self, name: str) -> Iterator[None]:
        """Take ``name`` for good, unless the block raises.

        Raises:
            RefusedError: it was there before, or is taken at this moment.
        """
        if name in self._seen or name in self._begun:
            raise RefusedError("it was there before")
        self._begun.add(name)
        try:
            yield
            self._seen[name] = None
        finally:
            self._begun.discard(name)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
