"""Raw PCM from a stream: 16-bit little-endian, channels interleaved, rate told by the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from hushtap.errors import TapError
from hushtap.taps.samples import chunked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.taps.samples import Block
    from hushtap.values import AudioFormat, PcmChunk

_CHUNKS_PER_SECOND = 50


class StreamTap:
    """A call on a byte stream, such as ``sys.stdin.buffer``; it ends where the stream ends.

    ``chunk`` is in samples per channel; 20 ms where it is left out. What is left of
    a sample, or of one channel's turn, at the end of the stream is dropped and
    counted in ``dropped_bytes``.

    Raises:
        TapError: while iterating, when the stream fails or holds no sample.
    """

    def __init__(
        self,
        stream: BinaryIO,
        audio: AudioFormat,
        *,
        label: str = "standard input",
        chunk: int | None = None,
    ) -> None:
        self.format = audio
        self.label = label
        self.chunk = audio.sample_rate // _CHUNKS_PER_SECOND if chunk is None else chunk
        self.dropped_bytes = 0
        self._stream = stream

    def __iter__(self) -> Iterator[PcmChunk]:
        """Yield what arrives, each chunk as soon as it is whole."""
        return chunked(self._blocks(), self.chunk)

    def _blocks(self) -> Iterator[Block]:
        width = self.format.channels * 2
        rest = b""
        empty = True
        while data := self._read(self.chunk * width - len(rest)):
            data = rest + data
            whole = len(data) - len(data) % width
            rest = data[whole:]
            if whole:
                empty = False
                samples = np.frombuffer(data[:whole], "<i2").astype(np.int16)
                yield samples.reshape(-1, self.format.channels)
        self.dropped_bytes = len(rest)
        if empty:
            raise TapError(f"{self.label} holds no audio: pipe 16-bit little-endian PCM into it")

    def _read(self, size: int) -> bytes:
        try:
            # None is a non-blocking stream with nothing to give, which a tap cannot wait for.
            data = self._stream.read(size)
        except OSError as exc:
            raise TapError(f"{self.label} cannot be read ({exc.strerror}): pipe it anew") from exc
        if data is None:
            raise TapError(f"{self.label} does not block: open it in blocking mode")
        return data
