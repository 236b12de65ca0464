"""Harm done to messages: what the fuzzers share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence


def harmed(pick: random.Random, whole: bytes, pieces: Sequence[bytes], times: int) -> bytearray:
    """Return ``whole`` with bytes changed, cut out, repeated, or one of ``pieces`` put in."""
    data = bytearray(whole)
    for _ in range(times):
        at, how = pick.randrange(len(data) + 1), pick.random()
        if how < 0.35:  # noqa: PLR2004
            data[at : at + 1] = bytes([pick.randrange(256)])
        elif how < 0.55:  # noqa: PLR2004
            del data[at : at + pick.randrange(1, 64)]
        elif how < 0.7:  # noqa: PLR2004
            data[at:at] = data[at : at + pick.randrange(1, 200)]
        else:
            data[at:at] = pick.choice(pieces)
    return data
