"""A call whose first samples have come, so that nothing is recorded of one that never begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.taps import Tap
    from hushtap.values import PcmChunk


class BegunTap:
    """``tap``, read up to its first chunk. Iterating yields the whole call, once.

    Making one waits until the source gives audio, or ends.

    Raises:
        TapError: the source cannot be read, or ends without a sample.
    """

    def __init__(self, tap: Tap) -> None:
        self.format = tap.format
        self.label = tap.label
        self._rest = iter(tap)
        self._first = next(self._rest, None)

    def __iter__(self) -> Iterator[PcmChunk]:
        """Yield the call; a reader that leaves it lets the source go."""
        first, self._first = self._first, None
        try:
            if first is not None:
                yield first
            yield from self._rest
        finally:
            # One that is left at its first chunk has not yet handed over to the rest.
            if close := getattr(self._rest, "close", None):
                close()
