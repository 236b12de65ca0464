"""Voice activity: which 20 ms steps hold speech.

The detector errs towards speech: a step wrongly called speech costs a look by
the ears; a step wrongly called silence would be released unheard.
"""

from __future__ import annotations

from typing import Protocol

import webrtcvad

from hushtap.values import Samples

STEP = 320
"""Samples in one 20 ms step of the ears' clock."""

EAR_RATE = 16_000
"""The ears' clock, in samples a second (what Whisper and the detector take)."""


class VoiceDetector(Protocol):
    """Tells speech from silence, one 20 ms step after another, with memory between steps."""

    def is_speech(self, step: Samples) -> bool:
        """Return whether these ``STEP`` samples at ``EAR_RATE`` hold speech."""
        ...


class WebRtcDetector:
    """WebRTC's Gaussian-mixture detector.

    Args:
        aggressiveness: 0 (calls most things speech) to 3.
    """

    def __init__(self, aggressiveness: int = 1) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)

    def is_speech(self, step: Samples) -> bool:
        """Return whether these ``STEP`` samples at ``EAR_RATE`` hold speech."""
        return bool(self._vad.is_speech(step.tobytes(), EAR_RATE))
