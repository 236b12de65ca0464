"""Keys pressed on one channel of a call: found by their tones, or told by the tap, and silenced.

In-band DTMF is two sines at once, one of four low and one of four high frequencies
(ITU-T Q.23), for 40 ms or more (Q.24). Which key it was is never worked out beyond
comparing one frame with the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.timeline import Span, merge, to_samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from hushtap.values import Samples

LOW_HZ: Final = (697, 770, 852, 941)
HIGH_HZ: Final = (1209, 1336, 1477, 1633)
FRAME_S: Final = 0.025
HOP_S: Final = 0.010
PAD_S: Final = 0.030
"""Seconds before and after what was recognised that are silenced too: codecs smear."""
BEFORE_S: Final = 0.025
"""Seconds that a key may begin before the chunk that tells of it, and still be silent in all."""

_DETUNED: Final = (0.986, 0.993, 1.0, 1.007, 1.014)
"""Q.24: tones up to 1.5 % off are still keys. Between two of these a frame loses 7 %."""
_SURE: Final = 0.82
_LIKELY: Final = 0.65
_GOES_ON: Final = 0.5
"""Of a frame's energy, what its two tones have: talk was never above 0.80. A key begins with
two frames that are likely, one of them sure, and goes on for as long as the last holds."""
_TWIST: Final = 10 ** (12 / 10)
"""Ratio of energy that one tone may have over the other; Q.24 asks for 4 to 8 dB."""
_FLOOR: Final = 60.0
"""Root mean square of a frame below which nothing is looked for: -55 dB of full scale."""
_ROWS: Final = 8
_DEPTH: Final = 200
"""Frames, and samples of them, in one product of matrices. Always of one shape, so that a
frame's figures do not depend, in the last bit, on those that come with it; and so small
that the library for that does not use threads, which would cost more than they bring."""


class Keypad:
    """One channel's samples at ``rate`` Hz, later by ``delay`` at most, with no key audible.

    What is silenced depends on the samples and the spans alone, not on the pieces they
    come in.
    """

    def __init__(self, rate: int) -> None:
        self._frame = to_samples(FRAME_S, rate)
        self._hop = to_samples(HOP_S, rate)
        self._pad = to_samples(PAD_S, rate)
        self._tones = _Tones(self._frame, rate)
        self._held = np.zeros(0, np.int16)
        self._at = 0
        self._looked = 0
        self._last_pair, self._last_share = -1, 0.0
        self._is_key = False
        self._masks: list[Span] = []
        self._pressed: list[tuple[bool, Span]] = []

    @property
    def delay(self) -> int:
        """The most samples that are held."""
        return self._frame + 2 * self._hop + self._pad

    @property
    def end(self) -> int:
        """The position after the last sample taken."""
        return self._at + len(self._held)

    @property
    def held(self) -> int:
        """How many samples were taken and not returned yet."""
        return len(self._held)

    def feed(self, samples: Samples, keys: Iterable[Span] = ()) -> Samples:
        """Take the next samples and return those that have become final.

        ``keys``: where keys were pressed as somebody else tells, in samples of the call;
        what of that was returned already is told by ``pressed`` all the same.
        """
        self._held = np.concatenate([self._held, samples])
        for span in keys:
            self._silence(span, told=True)
        self._look()
        return self._release((self._looked - 1) * self._hop - self._pad)

    def finish(self) -> Samples:
        """Return the rest."""
        return self._release(self.end)

    def pressed(self) -> list[tuple[bool, Span]]:
        """Return where keys were found since the last call, and whether somebody else told of it.

        A key may come in several parts. What was returned before it was told of is not
        silent: whoever still holds it mutes it.
        """
        pressed, self._pressed = self._pressed, []
        return [
            (told, span)
            for told in (True, False)
            for span in merge(span for by, span in pressed if by is told)
        ]

    def _silence(self, span: Span, *, told: bool = False) -> None:
        padded = span.pad(self._pad, self._pad)
        self._masks = merge([*self._masks, padded.clip(self._at, padded.end)])
        self._pressed.append((told, padded))

    def _look(self) -> None:
        """Look for tones in all frames that are whole."""
        start = self._looked * self._hop - self._at
        if len(self._held) - start < self._frame:
            return
        frames = np.lib.stride_tricks.sliding_window_view(self._held[start:], self._frame)
        pairs, shares = self._tones.pairs(frames[:: self._hop])
        for pair, share in zip(pairs.tolist(), shares.tolist(), strict=True):
            surer, other = max(share, self._last_share), min(share, self._last_share)
            begins = surer > _SURE and other > _LIKELY
            self._is_key = 0 <= pair == self._last_pair and (self._is_key or begins)
            if self._is_key:
                at = self._looked * self._hop
                self._silence(Span(at - self._hop, at + self._frame))
            self._last_pair, self._last_share = pair, share
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


class _Tones:
    """The strongest pair of tones in frames of ``size`` samples at ``rate`` Hz."""

    def __init__(self, size: int, rate: int) -> None:
        # Detuning by detuning: the low frequencies, then the high ones.
        hertz = np.outer(_DETUNED, (*LOW_HZ, *HIGH_HZ)).ravel()
        turns = np.outer(np.arange(size), hertz) / rate
        waves = np.concatenate([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], axis=1)
        parts = -(-size // _DEPTH)
        self._waves = np.zeros((parts, _DEPTH, waves.shape[1]), np.float32)
        self._waves.reshape(-1, waves.shape[1])[:size] = waves

    def pairs(self, frames: NDArray[np.int16]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return for each frame a number for its pair, and their share of its energy.

        The number is -1 where there is none.
        """
        count, size = frames.shape
        found, shares = np.full(count, -1), np.zeros(count, np.float32)
        audio = frames.astype(np.float32)
        energy = (audio * audio).sum(1)
        [loud] = np.nonzero(energy > size * _FLOOR**2)
        if not len(loud):
            return found, shares
        # A sine of amplitude a has energy n a^2 / 2 in a frame of n, and |sum|^2 = (n a / 2)^2.
        both = np.square(self._sums(audio[loud])).reshape(len(loud), 2, len(_DETUNED), 2, -1)
        of_tones = both.sum(1).max(1) * np.float32(2 / size)
        low, high = of_tones[:, 0], of_tones[:, 1]
        lowest, highest = low.max(1), high.max(1)
        share = (lowest + highest) / energy[loud]
        heard = (share > _GOES_ON) & (lowest < _TWIST * highest) & (highest < _TWIST * lowest)
        found[loud[heard]] = (low.argmax(1) * high.shape[1] + high.argmax(1))[heard]
        shares[loud[heard]] = share[heard]
        return found, shares

    def _sums(self, audio: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each frame's product with each wave, in pieces of one shape."""
        parts, depth, waves = self._waves.shape
        rows = -(-len(audio) // _ROWS)
        pieces = np.zeros((rows * _ROWS, parts * depth), np.float32)
        pieces[: len(audio), : audio.shape[1]] = audio
        sums = np.zeros((rows * _ROWS, waves), np.float32)
        for row in range(0, len(sums), _ROWS):
            for at, part in enumerate(self._waves):
                sums[row : row + _ROWS] += (
                    pieces[row : row + _ROWS, at * depth : (at + 1) * depth] @ part
                )
        return sums[: len(audio)]
