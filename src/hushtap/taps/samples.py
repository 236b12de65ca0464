"""Any sample type to int16, and blocks of any length to chunks of one length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hushtap.timeline import Span
from hushtap.values import PcmChunk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Block: TypeAlias = NDArray[np.int16]
"""Interleaved audio, shape ``(samples, channels)``."""

_FULL_SCALE = 32_768
_INT16 = np.iinfo(np.int16)


class NotANumberError(ValueError):
    """A floating-point sample is NaN or infinite."""


def to_int16(samples: NDArray[Any]) -> Block:
    """Return ``samples`` as int16, rounded to nearest and clipped, never wrapped.

    Floats are full scale at 1.0; int32 is scaled by its upper half; uint8 is
    centred at 128. The shape is kept.

    Raises:
        NotANumberError: a float is NaN or infinite; no sample value stands for that.
        ValueError: another sample type.
    """
    if samples.dtype == np.int16:
        return samples
    if samples.dtype == np.uint8:
        return (samples.astype(np.int16) - 128) << 8
    if samples.dtype == np.int32:
        scaled = (samples.astype(np.int64) + (1 << 15)) >> 16
    elif samples.dtype in (np.float32, np.float64):
        if not np.isfinite(samples).all():
            raise NotANumberError
        # In float64: a float32 near its limits must not overflow before it is clipped.
        scaled = np.rint(samples.astype(np.float64) * _FULL_SCALE)
    else:
        raise ValueError(f"no rule for samples of type {samples.dtype}")
    clipped: Block = np.clip(scaled, _INT16.min, _INT16.max).astype(np.int16)
    return clipped


def chunked(blocks: Iterable[Block], size: int) -> Iterator[PcmChunk]:
    """Yield ``blocks`` as chunks of ``size`` samples per channel; the last may be shorter.

    Raises:
        ValueError: ``size`` is below 1.
    """
    if size < 1:
        raise ValueError(f"a chunk of {size} samples")
    at = 0
    for block in _resized(blocks, size):
        span = Span(at, at + len(block))
        for channel in range(block.shape[1]):
            yield PcmChunk(channel, span, block[:, channel].copy())
        at = span.end


def _resized(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    held: list[Block] = []
    count = 0
    for block in blocks:
        rest = block
        while count + len(rest) >= size:
            cut = size - count
            yield np.concatenate([*held, rest[:cut]])
            held, count, rest = [], 0, rest[cut:]
        if len(rest):
            held.append(rest)
            count += len(rest)
    if held:
        yield np.concatenate(held)
