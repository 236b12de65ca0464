"""Raw samples from a stream, channels interleaved; the caller tells rate and encoding."""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
import soundfile

from hushtap.errors import TapError
from hushtap.taps.encoding import Encoding
from hushtap.taps.samples import chunked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.taps.samples import Block
    from hushtap.values import AudioFormat, PcmChunk, Samples

_CHUNKS_PER_SECOND = 50
_SUBTYPES: Final = {Encoding.MULAW: "ULAW", Encoding.ALAW: "ALAW"}
"""What libsndfile calls the encodings of one byte."""


class StreamTap:
    """A call on a byte stream, such as ``sys.stdin.buffer``; it ends where the stream ends.

    ``encoding`` says what a sample is: 16-bit little-endian, or G.711 in one byte.
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
        encoding: Encoding = Encoding.S16LE,
        label: str = "standard input",
        chunk: int | None = None,
    ) -> None:
        self.format = audio
        self.encoding = encoding
        self.label = label
        self.chunk = audio.sample_rate // _CHUNKS_PER_SECOND if chunk is None else chunk
        self.dropped_bytes = 0
        self._stream = stream

    def __iter__(self) -> Iterator[PcmChunk]:
        """Yield what arrives, each chunk as soon as it is whole."""
        return chunked(self._blocks(), self.chunk)

    def _blocks(self) -> Iterator[Block]:
        width = self.format.channels * self.encoding.width
        rest = b""
        empty = True
        while data := self._read(self.chunk * width - len(rest)):
            data = rest + data
            whole = len(data) - len(data) % width
            rest = data[whole:]
            if whole:
                empty = False
                samples = _linear(data[:whole], self.encoding)
                yield samples.reshape(-1, self.format.channels)
        self.dropped_bytes = len(rest)
        if empty:
            raise TapError(f"{self.label} holds no audio: pipe {self.encoding.spelled_out} into it")

    def _read(self, size: int) -> bytes:
        try:
            # None is a non-blocking stream with nothing to give, which a tap cannot wait for.
            data = self._stream.read(size)
        except OSError as exc:
            raise TapError(f"{self.label} cannot be read ({exc.strerror}): pipe it anew") from exc
        if data is None:
            raise TapError(f"{self.label} does not block: open it in blocking mode")
        return data


def _linear(data: bytes, encoding: Encoding) -> Samples:
    if encoding is Encoding.S16LE:
        return np.frombuffer(data, "<i2").astype(np.int16)
    return g711_table(encoding)[np.frombuffer(data, np.uint8)]


@cache
def g711_table(encoding: Encoding) -> Samples:
    """Return the samples that the 256 codes stand for, shape ``(256,)``: libsndfile's table."""
    codes = io.BytesIO(bytes(range(256)))
    samples, _ = soundfile.read(
        codes,
        dtype="int16",
        samplerate=8_000,
        channels=1,
        format="RAW",
        subtype=_SUBTYPES[encoding],
    )
    return np.asarray(samples, np.int16)
