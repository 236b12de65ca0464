"""What is heard in place of muted audio: silence, a beep or noise, faded in 5 ms.

The result at a sample depends on its position and the mutes alone, so audio
rendered in pieces equals audio rendered at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.timeline import Span, merge, to_samples
from hushtap.values import MuteStyle, Samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

FADE_S: Final = 0.005
BEEP_HZ: Final = 1_000
LEVEL: Final = 2_000
"""Amplitude of beep and noise: audible, and softer than speech."""

_BLOCK: Final = 4_096


def apply_mutes(
    samples: Samples, span: Span, mutes: Iterable[Span], style: MuteStyle, rate: int
) -> Samples:
    """Return a copy of ``samples``, which lie at ``span``, with ``mutes`` replaced.

    Fades lie inside the mutes: outside them no sample changes. ``rate`` in Hz.
    """
    result = samples.copy()
    fade = max(1, to_samples(FADE_S, rate))
    for mute in merge(mutes):
        part = mute.clip(span.start, span.end)
        if not part:
            continue
        at = np.arange(part.start, part.end)
        covered = np.minimum(np.minimum((at - mute.start + 1) / fade, (mute.end - at) / fade), 1.0)
        where = slice(part.start - span.start, part.end - span.start)
        mixed = result[where] * (1.0 - covered) + _filler(part, style, rate) * covered
        result[where] = np.rint(mixed).astype(np.int16)
    return result


def _filler(span: Span, style: MuteStyle, rate: int) -> NDArray[np.float64]:
    if style is MuteStyle.BEEP:
        at = np.arange(span.start, span.end)
        return np.asarray(LEVEL * np.sin(2 * np.pi * BEEP_HZ * (at % rate) / rate))
    if style is MuteStyle.NOISE:
        first, last = span.start // _BLOCK, -(-span.end // _BLOCK)
        blocks = [
            np.random.default_rng(block).uniform(-LEVEL, LEVEL, _BLOCK)
            for block in range(first, last)
        ]
        return np.concatenate(blocks)[span.start - first * _BLOCK :][: len(span)]
    return np.zeros(len(span))
