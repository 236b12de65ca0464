from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import TapError
from hushtap.taps.encoding import Encoding
from hushtap.taps.stdin import StreamTap
from hushtap.values import AudioFormat
from taps.conftest import tone

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("chunk", [1, 7, 160, 10_000])
@pytest.mark.parametrize("tail", [0, 1, 3])
def test_raw_pcm(channels: int, chunk: int, tail: int) -> None:
    audio = tone(1_001, channels)
    width = 2 * channels
    data = audio.astype("<i2").tobytes() + b"\x7f" * tail
    tap = StreamTap(io.BytesIO(data), AudioFormat(8_000, channels), chunk=chunk)
    columns: list[list[int]] = [[] for _ in range(channels)]
    for piece in tap:
        assert piece.span.start == len(columns[piece.channel])
        columns[piece.channel].extend(piece.samples.tolist())
    whole = np.frombuffer(data[: len(data) - tail % width], "<i2").reshape(-1, channels)
    assert columns == whole.T.tolist()
    assert tap.dropped_bytes == tail % width


def test_short_reads_of_an_unbuffered_pipe() -> None:
    """A sample may arrive in two halves: bytes of two writes meet in one sample."""
    audio = tone(500, 2)
    data = audio.astype("<i2").tobytes()
    reader, writer = os.pipe()

    def feed() -> None:
        for start in range(0, len(data), 3):
            os.write(writer, data[start : start + 3])
        os.close(writer)

    thread = threading.Thread(target=feed)
    thread.start()
    with os.fdopen(reader, "rb", buffering=0) as stream:
        got = [chunk.samples for chunk in StreamTap(stream, AudioFormat(8_000, 2)) if chunk.channel]
    thread.join()
    np.testing.assert_array_equal(np.concatenate(got), audio[:, 1])


def test_standard_input_of_a_process() -> None:
    code = (
        "import sys\n"
        "from hushtap.taps.stdin import StreamTap\n"
        "from hushtap.values import AudioFormat\n"
        "tap = StreamTap(sys.stdin.buffer, AudioFormat(8000, 1))\n"
        "print(tap.label, sum(int(s) for c in tap for s in c.samples))\n"
    )
    audio = tone(4_000)
    done = subprocess.run(
        [sys.executable, "-c", code], input=audio.tobytes(), capture_output=True, check=True
    )
    assert done.stdout.decode().strip() == f"standard input {int(audio.sum())}"


CODES = bytes(range(256))
AS_SOX = {Encoding.S16LE: "signed", Encoding.MULAW: "mu-law", Encoding.ALAW: "a-law"}
AS_FFMPEG = {Encoding.S16LE: "s16le", Encoding.MULAW: "mulaw", Encoding.ALAW: "alaw"}


def by_sox(data: bytes, encoding: Encoding) -> bytes:
    kind = ("-t", "raw", "-r", "8000", "-c", "1")
    read = (*kind, "-e", AS_SOX[encoding], "-b", str(8 * encoding.width), "-L", "-")
    write = (*kind, "-e", "signed", "-b", "16", "-L", "-")
    return subprocess.run(
        ["sox", "-D", *read, *write], input=data, capture_output=True, check=True
    ).stdout


def by_ffmpeg(data: bytes, encoding: Encoding) -> bytes:
    read = ("-f", AS_FFMPEG[encoding], "-ar", "8000", "-i", "-")
    return subprocess.run(
        ["ffmpeg", "-v", "error", *read, "-f", "s16le", "-"],
        input=data,
        capture_output=True,
        check=True,
    ).stdout


@pytest.mark.parametrize("decoder", [by_sox, by_ffmpeg])
@pytest.mark.parametrize("encoding", Encoding)
def test_every_code_is_what_other_decoders_make_of_it(
    encoding: Encoding, decoder: Callable[[bytes, Encoding], bytes]
) -> None:
    tap = StreamTap(io.BytesIO(CODES), AudioFormat(8_000, 1), encoding=encoding)
    got = np.concatenate([chunk.samples for chunk in tap])
    assert got.dtype == np.int16
    assert got.tolist() == np.frombuffer(decoder(CODES, encoding), "<i2").tolist()


@pytest.mark.parametrize("chunk", [1, 3, 160])
def test_codes_of_one_byte_take_turns_between_the_channels(chunk: int) -> None:
    tap = StreamTap(
        io.BytesIO(CODES[:255]), AudioFormat(8_000, 2), encoding=Encoding.ALAW, chunk=chunk
    )
    columns: list[list[int]] = [[], []]
    for piece in tap:
        assert piece.span.start == len(columns[piece.channel])
        columns[piece.channel].extend(piece.samples.tolist())
    linear = np.frombuffer(by_sox(CODES[:254], Encoding.ALAW), "<i2")
    assert columns == [linear[0::2].tolist(), linear[1::2].tolist()]
    assert tap.dropped_bytes == 1


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_where_nothing_comes_the_encoding_is_named(encoding: Encoding) -> None:
    with pytest.raises(TapError, match=f"pipe {encoding.spelled_out} into it"):
        list(StreamTap(io.BytesIO(), AudioFormat(8_000, 1), encoding=encoding))


@pytest.mark.parametrize("data", [b"", b"\x01"])
def test_nothing_to_read(data: bytes) -> None:
    with pytest.raises(TapError, match="standard input holds no audio: pipe"):
        list(StreamTap(io.BytesIO(data), AudioFormat(8_000, 1)))


def test_a_stream_that_does_not_block_is_refused() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with (
        os.fdopen(reader, "rb", buffering=0) as stream,
        os.fdopen(writer, "wb"),
        pytest.raises(TapError, match="does not block"),
    ):
        list(StreamTap(stream, AudioFormat(8_000, 1)))
