"""WAV: what a header promises against what the file holds, and the writer for ``--out``."""

from __future__ import annotations

import os
import struct
from collections import deque
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from hushtap.errors import HushtapError
from hushtap.wholefile import output_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hushtap.values import AudioFormat, RedactedChunk, Samples

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_MAX_DATA = 0xFFFFFFFF - _HEADER.size + 8
# What recorders write when they cannot go back to fill in the length: 0, 2^32 - 1,
# and values just under 2^31 (SoX to a pipe).
_OPEN_ENDED = 0x7FFFF000


def missing_bytes(path: Path) -> int:
    """Return how many bytes of audio the header promises beyond the end of the file.

    WAV, RF64, AIFF and AU; 0 for anything else, for a header that leaves the length
    open, and for one that promises no more than there is.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        magic = stream.read(12)
        if magic[:4] == b".snd" and len(magic) == struct.calcsize(">4sII"):
            _, offset, length = struct.unpack(">4sII", magic)
            return 0 if length >= _OPEN_ENDED else max(0, offset + length - size)
        if magic[:4] in (b"RIFF", b"RF64") and magic[8:] == b"WAVE":
            return _missing_in_chunks(stream, size, "<4sI", b"data")
        if magic[:4] == b"FORM" and magic[8:] in (b"AIFF", b"AIFC"):
            return _missing_in_chunks(stream, size, ">4sI", b"SSND")
    return 0


def opens_with_zero_length(path: Path) -> bool:
    """Return whether a WAV says 0 bytes of audio but holds some: its recorder never came back."""
    with path.open("rb") as stream:
        head = stream.read(_HEADER.size)
    if len(head) < _HEADER.size or path.stat().st_size == _HEADER.size:
        return False
    fields = _HEADER.unpack(head)
    return fields[0] == b"RIFF" and fields[11:] == (b"data", 0)


def _missing_in_chunks(stream: BinaryIO, size: int, header: str, audio: bytes) -> int:
    long_size = 0
    while len(head := stream.read(8)) == struct.calcsize(header):
        name, length = struct.unpack(header, head)
        if name == audio:
            if long_size:
                length = long_size
            elif length >= _OPEN_ENDED:
                return 0
            return max(0, stream.tell() + int(length) - size)
        if name == b"ds64":
            # EBU Tech 3306: riff size, data size, each 64 bits.
            sizes = stream.read(16)
            long_size = struct.unpack("<QQ", sizes)[1] if len(sizes) == 16 else 0  # noqa: PLR2004
            stream.seek(-len(sizes), os.SEEK_CUR)
        stream.seek(length + length % 2, os.SEEK_CUR)
    return 0


def write_wav(path: Path, audio: AudioFormat, chunks: Iterable[RedactedChunk]) -> int:
    """Write a 16-bit PCM WAV of ``audio``'s rate and channels; return its samples per channel.

    Each channel's chunks come in order; channels may run ahead of one another (what
    runs ahead is held in memory). The file appears at ``path`` whole or not at all,
    readable by its owner only; until then a hidden file beside it holds redacted audio.

    Raises:
        HushtapError: the disk refuses (full, read-only), another run is writing ``path``, or
            the call is too long for WAV.
        ValueError: a channel has a hole, or the channels end apart.
    """
    with output_file(path) as stream:
        return _write(stream, path, audio, chunks)


def _write(
    stream: BinaryIO, path: Path, audio: AudioFormat, chunks: Iterable[RedactedChunk]
) -> int:
    stream.write(_header(audio, 0))
    weave = _Interleaver(audio.channels)
    for chunk in chunks:
        weave.add(chunk)
        stream.write(weave.take())
        if weave.written * audio.channels * 2 > _MAX_DATA:
            raise HushtapError(f"{path} would pass the 4 GiB that a WAV can hold: use --vault")
    weave.finish()
    stream.seek(0)
    stream.write(_header(audio, weave.written))
    return weave.written


def _header(audio: AudioFormat, samples: int) -> bytes:
    width = audio.channels * 2
    data = samples * width
    return _HEADER.pack(
        *(b"RIFF", data + _HEADER.size - 8, b"WAVE"),
        *(b"fmt ", 16, 1, audio.channels, audio.sample_rate, audio.sample_rate * width, width, 16),
        *(b"data", data),
    )


class _Interleaver:
    """Puts channels side by side; holds what one channel has beyond the other."""

    def __init__(self, channels: int) -> None:
        self.written = 0
        self._waiting: list[deque[Samples]] = [deque() for _ in range(channels)]
        self._ends = [0] * channels

    def add(self, chunk: RedactedChunk) -> None:
        if chunk.span.start != self._ends[chunk.channel]:
            raise ValueError(f"channel {chunk.channel} jumps to sample {chunk.span.start}")
        self._waiting[chunk.channel].append(chunk.samples)
        self._ends[chunk.channel] = chunk.span.end

    def take(self) -> bytes:
        ready = min(self._ends) - self.written
        columns = [_pop(waiting, ready) for waiting in self._waiting] if ready else []
        self.written += ready
        return np.stack(columns, axis=1).astype("<i2").tobytes() if columns else b""

    def finish(self) -> None:
        if len(set(self._ends)) > 1:
            raise ValueError(f"the channels end apart: {self._ends}")


def _pop(waiting: deque[Samples], count: int) -> Samples:
    taken = []
    while count:
        head = waiting.popleft()
        taken.append(head[:count])
        if len(head) > count:
            waiting.appendleft(head[count:])
        count -= len(taken[-1])
    return np.concatenate(taken)
