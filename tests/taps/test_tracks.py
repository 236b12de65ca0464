"""Tracks are put on one clock: what is absent is silence, what cannot be true is not believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hushtap.taps.tracks import AHEAD_S, LAG_S, Tracks
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.values import PcmChunk, Samples

RATE = 8_000
FRAME = 160


class Rig:
    """Tracks, and what came out of them."""

    def __init__(self, channels: int = 2) -> None:
        self.tracks = Tracks(AudioFormat(RATE, channels))
        self.out: list[list[Samples]] = [[] for _ in range(channels)]

    def push(self, channel: int, milliseconds: int, value: int = 1, now: float = 0.0) -> None:
        samples = np.full(FRAME, value, np.int16)
        self.take(self.tracks.push(channel, milliseconds, samples, now))

    def take(self, chunks: Iterable[PcmChunk]) -> None:
        for chunk in chunks:
            assert chunk.span.start == self.length(chunk.channel)
            self.out[chunk.channel].append(chunk.samples)

    def length(self, channel: int) -> int:
        return sum(map(len, self.out[channel]))

    def audio(self, channel: int = 0) -> list[int]:
        """Return one value for each frame of 20 ms."""
        whole = np.concatenate(self.out[channel])
        assert len(whole) % FRAME == 0
        frames = whole.reshape(-1, FRAME)
        assert (frames == frames[:, :1]).all()
        return [int(frame[0]) for frame in frames]


def test_frames_in_a_row_leave_no_gap_whatever_their_first_time() -> None:
    rig = Rig(1)
    for n in range(5):
        rig.push(0, 5_005 + 20 * n, n + 1)
    assert rig.audio() == [1, 2, 3, 4, 5]


def test_a_lost_frame_is_silence_of_its_length() -> None:
    rig = Rig(1)
    for at in (0, 20, 80, 100):
        rig.push(0, at)
    assert rig.audio() == [1, 1, 0, 0, 1, 1]


def test_times_that_are_rounded_leave_no_gap() -> None:
    rig = Rig(1)
    for at in (0, 21, 39, 66, 75):
        rig.push(0, at)
    assert rig.audio() == [1] * 5


def test_what_comes_twice_or_late_is_dropped() -> None:
    rig = Rig(1)
    for at, value in ((0, 1), (20, 2), (20, 9), (0, 9), (40, 3)):
        rig.push(0, at, value)
    assert rig.audio() == [1, 2, 3]
    assert rig.tracks.late == 2


def test_a_track_that_says_nothing_is_silent_beside_the_other() -> None:
    rig = Rig()
    frames = round(2 * LAG_S * 50)
    for n in range(frames):
        rig.push(0, 20 * n)
    assert rig.length(0) - rig.length(1) == round(LAG_S * RATE)
    rig.push(1, 20 * frames, 7)
    assert rig.length(1) == rig.length(0) + FRAME
    assert rig.audio(1)[-1] == 7


def test_a_time_far_ahead_of_the_clock_is_not_believed() -> None:
    rig = Rig(1)
    rig.push(0, 0)
    rig.push(0, 3_600_000, 2, now=0.02)
    rig.push(0, 3_600_020, 3, now=0.04)
    assert rig.audio() == [1, 2, 3]
    assert rig.tracks.jumps == 1


def test_a_pause_that_the_clock_bears_out_is_kept() -> None:
    rig = Rig(1)
    rig.push(0, 0)
    rig.push(0, 60_000, 2, now=60.0)
    assert rig.audio() == [1, *[0] * 2_999, 2]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),
            st.integers(0, 7 * 24 * 3_600_000),
            st.integers(0, 400),
            st.floats(0, 5),
        ),
        max_size=30,
    )
)
def test_whatever_comes_channels_go_on_and_stay_within_the_clock(
    pushed: list[tuple[int, int, int, float]],
) -> None:
    rig, now, sent = Rig(), 0.0, 0
    for channel, milliseconds, count, pause in pushed:
        now += pause
        sent += count
        samples = np.ones(count, np.int16)
        rig.take(rig.tracks.push(channel, milliseconds, samples, now))
        assert max(rig.length(0), rig.length(1)) <= (now + AHEAD_S) * RATE + sent
