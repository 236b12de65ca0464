from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.errors import HushtapError
from hushtap.taps.wav import write_wav
from hushtap.timeline import Span
from hushtap.values import AudioFormat, RedactedChunk
from taps.conftest import tone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


def redacted(audio: NDArray[np.int16], sizes: tuple[int, ...]) -> Iterator[RedactedChunk]:
    """Cut each channel at its own pace: channel ``c`` in steps of ``sizes[c]``."""
    ends = [0] * audio.shape[1]
    while min(ends) < len(audio):
        channel = ends.index(min(ends))
        span = Span(ends[channel], min(len(audio), ends[channel] + sizes[channel]))
        ends[channel] = span.end
        yield RedactedChunk(channel, span, audio[span.start : span.end, channel])


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
@pytest.mark.parametrize("sizes", [(1,), (160,), (160, 160), (1, 999), (333, 7)])
def test_written_as_it_came(tmp_path: Path, rate: int, sizes: tuple[int, ...]) -> None:
    audio = tone(1_003, len(sizes))
    path = tmp_path / "out.wav"
    assert write_wav(path, AudioFormat(rate, len(sizes)), redacted(audio, sizes)) == 1_003
    got, got_rate = soundfile.read(path, dtype="int16", always_2d=True)
    assert got_rate == rate
    np.testing.assert_array_equal(got, audio)
    assert soundfile.info(path).subtype == "PCM_16"
    assert path.stat().st_size == 44 + audio.nbytes
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_call_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    assert write_wav(path, AudioFormat(8_000, 1), iter(())) == 0
    assert soundfile.info(path).frames == 0


def test_full_disk_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(HushtapError, match=r"out.wav cannot be written \(.+\): free") as got:
            write_wav(path, AudioFormat(8_000, 1), redacted(tone(100_000), (8_000,)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert got.value.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_absent_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(HushtapError, match=r"out.wav cannot be written \(No such file"):
        write_wav(tmp_path / "none" / "out.wav", AudioFormat(8_000, 1), iter(()))


def test_a_call_that_fails_keeps_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_bytes(b"older")

    def failing() -> Iterator[RedactedChunk]:
        yield from redacted(tone(100), (10,))
        raise HushtapError("the ear is gone")

    with pytest.raises(HushtapError, match="the ear is gone"):
        write_wav(path, AudioFormat(8_000, 1), failing())
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_holes_and_uneven_ends_are_refused(tmp_path: Path) -> None:
    late = RedactedChunk(0, Span(5, 6), np.zeros(1, np.int16))
    with pytest.raises(ValueError, match="channel 0 jumps to sample 5"):
        write_wav(tmp_path / "out.wav", AudioFormat(8_000, 1), [late])
    single = RedactedChunk(0, Span(0, 1), np.zeros(1, np.int16))
    with pytest.raises(ValueError, match="the channels end apart"):
        write_wav(tmp_path / "out.wav", AudioFormat(8_000, 2), [single])
    assert list(tmp_path.iterdir()) == []
