"""Noise suppression before the ears. What is recorded is never touched by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from webrtc_noise_gain import AudioProcessor

from hushtap.vad import EAR_RATE, STEP

if TYPE_CHECKING:
    from hushtap.values import Samples

_LEVEL: Final = 2
"""Of 0 (off) to 4: 12 dB at most. More of it took away more numbers (docs/adr/0024-noise.md)."""

_FRAME: Final = EAR_RATE // 100
"""Samples that WebRTC takes at a time."""


class Denoiser:
    """WebRTC's noise suppression of one channel, with memory between steps.

    It answers 6 ms late, a third of a step: less than an edge is known to.
    """

    def __init__(self) -> None:
        # No automatic gain: the detector has its own.
        self._processor = AudioProcessor(0, _LEVEL)

    def step(self, samples: Samples) -> Samples:
        """Return the next ``STEP`` samples at ``EAR_RATE``, with less noise in them."""
        frames = (samples[at : at + _FRAME] for at in range(0, STEP, _FRAME))
        clean = b"".join(self._processor.Process10ms(frame.tobytes()).audio for frame in frames)
        return np.frombuffer(clean, np.int16)
