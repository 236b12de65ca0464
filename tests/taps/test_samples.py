from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.taps.samples import NotANumberError, chunked, to_int16


def test_floats_round_and_clip_and_never_wrap() -> None:
    step = 1 / 32_768
    values = [0, step, 1.5 * step, 1 - step, 1, 1.7, 3e38, -1, -1.2, -3e38]
    wanted = [0, 1, 2, 32_767, 32_767, 32_767, 32_767, -32_768, -32_768, -32_768]
    for dtype in (np.float32, np.float64):
        assert to_int16(np.array(values, dtype)).tolist() == wanted


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_no_audio(bad: float) -> None:
    with pytest.raises(NotANumberError):
        to_int16(np.array([0.0, bad]))


def test_24_bit_rounds_to_nearest_and_the_top_does_not_wrap() -> None:
    top = 2**31 - 1
    values = np.array([0, 1 << 15, (1 << 15) - 1, 1 << 16, -(1 << 16), top, -(2**31)], np.int32)
    assert to_int16(values).tolist() == [0, 1, 0, 1, -1, 32_767, -32_768]


def test_8_bit_is_centred() -> None:
    assert to_int16(np.array([0, 128, 255], np.uint8)).tolist() == [-32_768, 0, 32_512]


def test_unknown_types_are_refused() -> None:
    with pytest.raises(ValueError, match="no rule for samples of type complex128"):
        to_int16(np.zeros(2, np.complex128))


@given(
    st.lists(st.integers(0, 40), max_size=8),
    st.integers(1, 50),
    st.integers(1, 2),
)
def test_chunks_hold_the_same_samples_whatever_the_blocks(
    lengths: list[int], size: int, channels: int
) -> None:
    total = sum(lengths)
    audio = np.arange(total * channels, dtype=np.int16).reshape(total, channels)
    blocks = np.split(audio, np.cumsum(lengths)[:-1]) if lengths else []
    got: list[list[int]] = [[] for _ in range(channels)]
    for chunk in chunked(blocks, size):
        assert chunk.span.start == len(got[chunk.channel])
        got[chunk.channel].extend(chunk.samples.tolist())
        assert len(chunk.span) == size or chunk.span.end == total
    assert got == audio.T.tolist()


def test_a_chunk_needs_a_sample() -> None:
    with pytest.raises(ValueError, match="a chunk of 0 samples"):
        next(chunked([], 0))
