from __future__ import annotations

import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from hushtap.errors import TapError
from hushtap.taps.stdin import StreamTap
from hushtap.values import AudioFormat
from taps.conftest import tone


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
