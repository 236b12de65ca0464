"""AudioSocket's frames: any bytes, in any pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.errors import TapError
from hushtap.taps.audiosocket import HANG_UP, KEY, UUID, Frame, Frames

VECTORS = {
    # From the protocol's own description, and what its clients send.
    b"\x00\x00\x00": Frame(HANG_UP, b""),
    b"\x03\x00\x014": Frame(KEY, b"4"),
    b"\x01\x00\x10" + bytes(range(16)): Frame(UUID, bytes(range(16))),
    b"\x10\x00\x06foobar": Frame(0x10, b"foobar"),
}


@pytest.mark.parametrize(("data", "frame"), VECTORS.items(), ids=range(len(VECTORS)))
def test_frames_are_as_described(data: bytes, frame: Frame) -> None:
    assert list(Frames().feed(data)) == [frame]
    assert frame.pack() == data


@given(st.binary(max_size=2_000), st.lists(st.integers(1, 400), max_size=20))
def test_frames_do_not_depend_on_how_bytes_were_cut(data: bytes, sizes: list[int]) -> None:
    whole = list(Frames().feed(data))
    frames, at = Frames(), 0
    pieces: list[Frame] = []
    for size in [*sizes, len(data)]:
        pieces += frames.feed(data[at : at + size])
        at += size
    assert pieces == whole
    rest = data[sum(len(frame.pack()) for frame in whole) :]
    assert b"".join(frame.pack() for frame in whole) + rest == data


@given(st.lists(st.binary(max_size=400), max_size=50))
def test_no_more_than_a_frame_is_held(parts: list[bytes]) -> None:
    frames = Frames()
    for part in parts:
        for frame in frames.feed(part):
            assert len(frame.silent()) == len(frame.pack())
        assert len(frames._held) < 3 + 65_536


def test_audio_is_little_endian_and_whole() -> None:
    assert Frame(0x10, b"\x01\x00\xff\xff").samples().tolist() == [1, -1]
    assert Frame(0x10, b"").samples().dtype == np.int16
    with pytest.raises(TapError):
        Frame(0x10, b"\x01").samples()


def test_what_a_frame_carries_is_not_shown() -> None:
    assert "4" not in repr(Frame(KEY, b"4")).removeprefix("Frame(kind=3")
