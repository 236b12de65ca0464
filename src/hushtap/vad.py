"""Voice activity: which 20 ms steps hold speech.

The detector errs towards speech: a step wrongly called speech costs a look by
the ears; a step wrongly called silence would be released unheard.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from typing import Final, Protocol

import numpy as np
import webrtcvad

from hushtap.timeline import Span, rescale_span
from hushtap.values import Samples

STEP: Final = 320
"""Samples in one 20 ms step of the ears' clock."""

EAR_RATE: Final = 16_000
"""The ears' clock, in samples a second (what Whisper and the detector take)."""


def steps_of(span: Span, rate: int) -> Span:
    """Return the steps, counted from 0, that ``span`` on a clock of ``rate`` Hz touches."""
    on_ears = rescale_span(span, rate, EAR_RATE)
    return Span(on_ears.start // STEP, -(-on_ears.end // STEP))


class VoiceDetector(Protocol):
    """Tells speech from silence, one 20 ms step after another, with memory between steps."""

    def is_speech(self, step: Samples) -> bool:
        """Return whether these ``STEP`` samples at ``EAR_RATE`` hold speech."""
        ...


class WebRtcDetector:
    """WebRTC's Gaussian-mixture detector, made indifferent to level and steady noise.

    WebRTC's thresholds are absolute: a caller 30 dB under full scale goes unheard
    (measured: docs/adr/0007), so quiet channels are amplified before it. And at its
    careful settings it calls steady noise speech, so a step must also stand out
    from the noise floor, the quietest tenth of the last three seconds.

    Args:
        aggressiveness: 0 (calls most things speech) to 3.
    """

    _TARGET: Final = 0.1
    _MOST_GAIN: Final = 30.0
    _PEAK_DECAY: Final = 0.9985
    _FLOOR_STEPS: Final = 150
    _FLOOR_SETTLED: Final = 25
    _FLOOR_SHARE: Final = 0.1
    _FLOOR_CAP_DB: Final = -38.0
    _MARGIN_DB: Final = 5.0

    def __init__(self, aggressiveness: int = 1) -> None:
        self._vad = webrtcvad.Vad(aggressiveness)
        self._peak = 0.0
        self._levels: deque[float] = deque()
        self._ordered: list[float] = []

    def is_speech(self, step: Samples) -> bool:
        """Return whether these ``STEP`` samples at ``EAR_RATE`` hold speech."""
        signal = step.astype(np.float32)
        rms = math.sqrt(float(np.dot(signal, signal)) / STEP) / 32768
        self._peak = max(rms, self._peak * self._PEAK_DECAY)
        gain = min(max(self._TARGET / max(self._peak, 1e-9), 1.0), self._MOST_GAIN)
        level = 20 * math.log10(rms * gain + 1e-9)
        floor = self._floor(level)
        if level <= floor + self._MARGIN_DB:
            return False
        if gain > 1.0:
            step = np.clip(signal * gain, -32768, 32767).astype(np.int16)
        return bool(self._vad.is_speech(step.tobytes(), EAR_RATE))

    def _floor(self, level: float) -> float:
        """Return the noise floor in dB full scale, this step's level included."""
        self._levels.append(level)
        insort(self._ordered, level)
        if len(self._levels) > self._FLOOR_STEPS:
            del self._ordered[bisect_left(self._ordered, self._levels.popleft())]
        if len(self._levels) <= self._FLOOR_SETTLED:
            return -math.inf
        return min(self._ordered[int(len(self._ordered) * self._FLOOR_SHARE)], self._FLOOR_CAP_DB)
