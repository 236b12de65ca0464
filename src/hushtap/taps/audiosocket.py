"""AudioSocket, as Asterisk speaks it: frames of a byte, a length and a payload.

::

    kind (1) | length (2, big-endian) | payload

Kinds: 00 hang-up, 01 UUID, 03 a key, 10-18 audio, ff error. The protocol is described at
https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/. Pure: bytes in, frames out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.values import Samples

HANG_UP: Final = 0x00
UUID: Final = 0x01
KEY: Final = 0x03
ERROR: Final = 0xFF
RATES: Final = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
"""Kinds of audio, signed 16-bit little-endian, one channel: the rate of each in Hz."""

UUID_BYTES: Final = 16
_HEADER: Final = struct.Struct(">BH")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message. ``payload`` may be audio, or a key that was pressed: it stays out of reprs."""

    kind: int
    payload: bytes = field(repr=False)

    @property
    def rate(self) -> int | None:
        """The rate of its audio in Hz; None where it is no audio."""
        return RATES.get(self.kind)

    def samples(self) -> Samples:
        """Return its audio, shape ``(n,)``.

        Raises:
            TapError: half a sample is in it.
        """
        if len(self.payload) % 2:
            raise TapError("AudioSocket: a frame of audio ends in half a sample")
        return np.frombuffer(self.payload, "<i2").astype(np.int16)

    def pack(self) -> bytes:
        """Return it as it is sent."""
        return _HEADER.pack(self.kind, len(self.payload)) + self.payload

    def silent(self) -> bytes:
        """Return silence as long as its audio, as it is sent."""
        return _HEADER.pack(self.kind, len(self.payload)) + bytes(len(self.payload))


class Frames:
    """Puts frames together from a stream of bytes. Holds less than one frame: 64 KiB at most."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes, in whatever pieces, and yield the frames that are whole now."""
        self._held += data
        at = 0
        while len(self._held) - at >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._held, at)
            end = at + _HEADER.size + length
            if end > len(self._held):
                break
            yield Frame(kind, bytes(self._held[at + _HEADER.size : end]))
            at = end
        del self._held[:at]
