"""Ciphertext told from audio, before noise is recorded as if it were a call.

SRTP looks like RTP but for its payload, whose bytes are uniform. No audio's are: of
1 600 bytes of telephone speech, silence or music a few values make up most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.errors import TapError

if TYPE_CHECKING:
    from hushtap.taps.rtp.codecs import PayloadMap
    from hushtap.taps.rtp.packet import Packet

ENOUGH: Final = 1_600
"""Bytes that are looked at together: ten packets of 20 ms."""
LOOKED_AT: Final = 50 * ENOUGH
"""Bytes of a direction that are looked at: ten seconds of G.711, for calls whose beginning
(a ringing tone, an announcement) is in clear and the rest not."""
_UNIFORM: Final = 450.0
"""Chi-square of 255 degrees of freedom. Uniform bytes reached 363 in 20 000 trials; speech,
silence and noise in G.711, G.722 and L16 were never below 930."""


class EncryptedError(TapError):
    """The payloads are ciphertext."""


def is_uniform(data: bytes) -> bool:
    """Return whether ``data`` may be ciphertext: its bytes are all equally frequent."""
    counts = np.bincount(np.frombuffer(data, np.uint8), minlength=256)
    expected = len(data) / 256
    return float(((counts - expected) ** 2).sum() / expected) < _UNIFORM


def is_ciphertext(data: bytes) -> bool:
    """Return whether any ``ENOUGH`` bytes of ``data``, one after the other, may be ciphertext."""
    starts = range(0, len(data) - ENOUGH + 1, ENOUGH)
    return any(is_uniform(data[start : start + ENOUGH]) for start in starts)


class Ciphertext:
    """Watches the first payloads of one direction."""

    def __init__(self, payloads: PayloadMap) -> None:
        self._audio = {kind for kind, one in payloads.items() if one.is_audio}
        self._seen = bytearray()
        self._left = LOOKED_AT

    def check(self, packet: Packet) -> None:
        """Take the next packet.

        Raises:
            EncryptedError: the last ``ENOUGH`` bytes of audio are uniform.
        """
        if self._left <= 0 or packet.payload_type not in self._audio:
            return
        self._seen += packet.payload
        if len(self._seen) < ENOUGH:
            return
        seen, self._seen = bytes(self._seen), bytearray()
        self._left -= len(seen)
        if is_uniform(seen):
            raise EncryptedError("the audio is encrypted (SRTP): tap it where it is in clear")
