"""Audio inside containers that libsndfile does not know (M4A, WebM, AMR ...), by FFmpeg.

FFmpeg is given an open file and a list of plain containers. Left to itself it
would follow playlists and file names to other files and to the network.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import av
import numpy as np

from hushtap.errors import TapError
from hushtap.taps.samples import to_int16
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

    from hushtap.taps.samples import Block

_DEMUXERS = "wav,mov,mp4,matroska,webm,aac,amr,ogg,mp3,asf"
_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"}
# Time stamps are rounded to a millisecond in Matroska, and a codec's priming
# (AAC at 8 kHz: 0.26 s) is counted in some lengths.
_JITTER = 0.1
_SHORTFALL = 0.5
_MAX_GAP = 3_600
_SILENCE = 48_000


def probe(path: Path) -> AudioFormat:
    """Return rate and channels of the first audio stream, as its decoder gives them.

    Raises:
        TapError: there is none, or it cannot be decoded.
        ValueError: outside 8-48 kHz or 1-2 channels.
    """
    with _opened(path) as (container, stream):
        for frame in container.decode(stream):
            return AudioFormat(frame.sample_rate, frame.layout.nb_channels)
    raise TapError(f"{path} holds no audio: record it again or leave it out")


def blocks(path: Path, audio: AudioFormat) -> Iterator[Block]:
    """Yield the audio, shape ``(samples, channels)``, holes in its time stamps as silence.

    Raises:
        TapError: damaged, shorter than its container says, or its format changes.
        NotANumberError: float audio with NaN or infinity.
    """
    with _opened(path) as (container, stream):
        first: float | None = None
        count = 0
        for frame in container.decode(stream):
            if (frame.sample_rate, frame.layout.nb_channels) != (audio.sample_rate, audio.channels):
                raise TapError(f"{path} changes rate or channels on the way: convert it to WAV")
            if frame.time is not None:
                first = frame.time if first is None else first
                gap = frame.time - first - count / audio.sample_rate
                if gap > _MAX_GAP:
                    raise TapError(f"{path} jumps an hour ahead: convert it to WAV")
                if gap > _JITTER:
                    samples = round(gap * audio.sample_rate)
                    yield from _silence(samples, audio.channels)
                    count += samples
            block = _interleaved(frame)
            count += len(block)
            yield block
        promised = _promised_seconds(container, stream)
        if count / audio.sample_rate < promised - _SHORTFALL:
            raise TapError(
                f"{path} is cut short: {count / audio.sample_rate:.1f} s"
                f" of {promised:.1f} s; copy it again"
            )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, AudioStream]]:
    try:
        with path.open("rb") as file, av.open(file, mode="r", options=_OPTIONS) as container:
            if not container.streams.audio:
                raise TapError(f"{path} holds no audio: leave it out")
            yield container, container.streams.audio[0]
    except av.FFmpegError as exc:
        raise TapError(
            f"{path} is damaged or not audio that can be read:"
            " give WAV, FLAC, MP3, OGG, M4A or WebM"
        ) from exc


def _interleaved(frame: AudioFrame) -> Block:
    data = to_int16(frame.to_ndarray())
    return data.T if frame.format.is_planar else data.reshape(-1, frame.layout.nb_channels)


def _silence(samples: int, channels: int) -> Iterator[Block]:
    for start in range(0, samples, _SILENCE):
        yield np.zeros((min(_SILENCE, samples - start), channels), np.int16)


def _promised_seconds(container: InputContainer, stream: AudioStream) -> float:
    """Return the length that the container states; 0 where FFmpeg would only guess."""
    if "mp4" in container.format.name and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if "matroska" in container.format.name and container.duration:
        return container.duration / av.time_base
    return 0.0
