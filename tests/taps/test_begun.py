from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import TapError
from hushtap.taps.begun import BegunTap
from hushtap.taps.stdin import StreamTap
from hushtap.values import AudioFormat
from taps.conftest import tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.values import PcmChunk

FORMAT = AudioFormat(8_000, 1)


def test_the_call_is_whole_and_not_ahead_of_its_reader() -> None:
    audio = tone(8_000)
    stream = io.BytesIO(audio.astype("<i2").tobytes())
    tap = BegunTap(StreamTap(stream, FORMAT))
    assert stream.tell() == 2 * 160
    assert (tap.format, tap.label) == (FORMAT, "standard input")
    heard = np.concatenate([chunk.samples for chunk in tap])
    assert np.array_equal(heard, audio[:, 0])


@pytest.mark.parametrize("content", [b"", b"x"], ids=["empty", "half a sample"])
def test_a_call_that_never_begins_is_refused(content: bytes) -> None:
    with pytest.raises(TapError, match="holds no audio"):
        BegunTap(StreamTap(io.BytesIO(content), FORMAT))


class Source:
    """A tap that notes whether it was let go."""

    format = FORMAT
    label = "source"
    left = False

    def __iter__(self) -> Iterator[PcmChunk]:
        try:
            yield from StreamTap(io.BytesIO(bytes(16_000)), FORMAT)
        finally:
            self.left = True


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_reader_that_leaves_lets_the_source_go(chunks: int) -> None:
    source = Source()
    reading = iter(BegunTap(source))
    for _ in range(chunks):
        next(reading)
    assert not source.left
    reading.close()  # type: ignore[attr-defined]
    assert source.left
