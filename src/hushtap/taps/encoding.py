"""How the samples of a raw stream are coded. Nothing here is slow to import."""

from __future__ import annotations

from enum import StrEnum


class Encoding(StrEnum):
    """What one sample of a raw stream is."""

    S16LE = "s16le"
    """Linear PCM, 16-bit little-endian."""
    MULAW = "mulaw"
    """ITU-T G.711 mu-law, one byte: North America and Japan."""
    ALAW = "alaw"
    """ITU-T G.711 A-law, one byte: elsewhere."""

    @property
    def width(self) -> int:
        """Bytes of one sample."""
        return 2 if self is Encoding.S16LE else 1

    @property
    def spelled_out(self) -> str:
        """What to call it in a message."""
        return _TITLES[self]


_TITLES = {
    Encoding.S16LE: "16-bit little-endian PCM",
    Encoding.MULAW: "G.711 mu-law",
    Encoding.ALAW: "G.711 A-law",
}
