"""Where calls come from. Each tap yields ``PcmChunk`` on the call's own clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.values import AudioFormat, PcmChunk


class Tap(Protocol):
    """A source of one call.

    Iterating yields each channel's samples in order and without holes: the next
    chunk of a channel starts where its last one ended. Channels take turns, span
    by span. Lost audio is silence of the right length, never a shorter stream.

    Raises:
        TapError: while iterating, when the source cannot be read on.
    """

    @property
    def format(self) -> AudioFormat:
        """Rate and channels of everything that the tap yields."""
        ...

    @property
    def label(self) -> str:
        """A name that is safe to log: no folder, no speech."""
        ...

    def __iter__(self) -> Iterator[PcmChunk]:
        """Yield the call once, from its start."""
        ...
