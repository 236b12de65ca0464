"""Keys pressed in a call become silence: in-band tones, and spans that are named from outside.

In-band DTMF is two sines at once, one of four low and one of four high frequencies
(ITU-T Q.23), for 40 ms or more (Q.24). Which key it was is never worked out beyond
comparing one frame with the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.timeline import Span, merge, to_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hushtap.taps.rtp.counts import Counts
    from hushtap.values import Samples

LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
FRAME_S: Final = 0.025
HOP_S: Final = 0.010
PAD_S: Final = 0.020
"""Seconds before and after what was recognised that are silenced too: a tone fades."""
BACK_S: Final = 0.040
"""Seconds more that are held, for events that are told of after they began."""

_BATCH: Final = 4
"""Frames that are looked at together: one at a time takes three times as long."""
_DETUNED: Final = (0.988, 1.0, 1.012)
"""Q.24: tones up to 1.5 % off are still keys; a frame cannot tell a third of that apart."""
_SHARE: Final = 0.65
"""Of a frame's energy, what its two tones have at least."""
_TWIST: Final = 10 ** (12 / 10)
"""Ratio of energy that one tone may have over the other; Q.24 asks for 4 to 8 dB."""
_FLOOR: Final = 60.0
"""Root mean square of a frame below which nothing is looked for: -55 dB of full scale."""


class ToneMask:
    """One direction's samples, later by ``delay``, with silence where keys were pressed."""

    def __init__(self, rate: int, counts: Counts) -> None:
        self._counts = counts
        self._frame = to_samples(FRAME_S, rate)
        self._hop = to_samples(HOP_S, rate)
        self._pad = to_samples(PAD_S, rate)
        self._back = to_samples(BACK_S, rate)
        # Detuning by detuning: the low frequencies, then the high ones.
        hertz = np.outer(_DETUNED, (*LOW_HZ, *HIGH_HZ)).ravel()
        turns = np.outer(np.arange(self._frame), hertz) / rate
        waves = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1)
        self._waves: NDArray[np.float32] = waves.astype(np.float32)
        self._held = np.zeros(0, np.int16)
        self._at = 0
        self._looked = 0
        self._last_pair = -1
        self._was_tone = False
        self._masks: list[Span] = []

    @property
    def delay(self) -> int:
        """The most samples that are held."""
        return self._frame + (_BATCH + 1) * self._hop + self._pad + self._back

    def mask(self, span: Span) -> None:
        """Silence ``span``, as far as it is not yet let go."""
        self._masks = merge([*self._masks, span.pad(self._pad, self._pad)])

    def feed(self, samples: Samples) -> Samples:
        """Take the next samples and return those that have become final."""
        self._held = np.concatenate([self._held, samples])
        self._look(_BATCH)
        return self._release((self._looked - 1) * self._hop - self._pad - self._back)

    def finish(self) -> Samples:
        """Return the rest."""
        self._look(1)
        return self._release(self._at + len(self._held))

    def _look(self, least: int) -> None:
        """Look for tones in all frames that are whole, if there are ``least`` of them."""
        start = self._looked * self._hop - self._at
        if len(self._held) - start < self._frame + (least - 1) * self._hop:
            return
        frames = np.lib.stride_tricks.sliding_window_view(self._held[start:], self._frame)
        for pair in _pairs(frames[:: self._hop], self._waves):
            tone = pair >= 0 and pair == self._last_pair
            if tone:
                at = self._looked * self._hop
                self.mask(Span(max(0, at - self._hop), at + self._frame))
                self._counts.tones += not self._was_tone
            self._was_tone, self._last_pair = tone, int(pair)
            self._looked += 1

    def _release(self, until: int) -> Samples:
        count = min(max(0, until - self._at), len(self._held))
        free, self._held = self._held[:count].copy(), self._held[count:]
        for span in self._masks:
            inside = span.clip(self._at, self._at + count).shift(-self._at)
            free[inside.start : inside.end] = 0
        self._at += count
        self._masks = [span for span in self._masks if span.end > self._at]
        return free


def _pairs(frames: NDArray[np.int16], waves: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return for each frame a number for its pair of tones; -1 where there is none."""
    audio = frames.astype(np.float32)
    energy = (audio * audio).sum(1)
    found = np.full(len(audio), -1)
    [loud] = np.nonzero(energy > audio.shape[1] * _FLOOR**2)
    if not len(loud):
        return found
    # A sine of amplitude a has energy n a^2 / 2 in a frame of n, and |sum|^2 = (n a / 2)^2.
    sums = (audio[loud] @ waves).reshape(len(loud), 2, len(_DETUNED), 2, len(LOW_HZ))
    of_tones = (sums * sums).sum(1).max(1) * (2 / audio.shape[1])
    low, high = of_tones[:, 0], of_tones[:, 1]
    lowest, highest = low.max(1), high.max(1)
    heard = (
        (lowest + highest > _SHARE * energy[loud])
        & (lowest < _TWIST * highest)
        & (highest < _TWIST * lowest)
    )
    found[loud[heard]] = (low.argmax(1) * high.shape[1] + high.argmax(1))[heard]
    return found
