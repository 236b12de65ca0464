"""Calls in files: WAV (also mu-law and A-law), FLAC, MP3, OGG/Opus, AIFF, AU, M4A, WebM ...

libsndfile reads what it knows, FFmpeg the rest. Memory does not grow with the file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import soundfile

from hushtap.errors import TapError
from hushtap.taps import containers
from hushtap.taps.folders import SUFFIXES, find_audio
from hushtap.taps.samples import NotANumberError, chunked, to_int16
from hushtap.taps.wav import missing_bytes, opens_with_zero_length
from hushtap.values import MAX_CHANNELS, MAX_RATE, MIN_RATE, AudioFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.taps.samples import Block
    from hushtap.values import PcmChunk

__all__ = ["SUFFIXES", "FileTap", "find_audio"]

_SNDFILE_FORMATS = {"AIFF", "AU", "CAF", "FLAC", "MP3", "OGG", "RF64", "WAV", "WAVEX"}
# These are no containers with a length of their own: they end where they end.
_STREAMS = {"MP3", "OGG"}
_BLOCK = 1 << 16


class FileTap:
    """One recorded call, mono or two channels, 8-48 kHz, of any format in ``SUFFIXES``.

    ``chunk`` is the length of what iteration yields, in samples per channel; one
    second where it is left out. Every iteration reads the file from its start.

    Raises:
        TapError: absent, unreadable, empty, cut short, not audio, or of a rate or
            channel count that Hushtap does not take; while iterating: damaged, or
            holding NaN.
    """

    def __init__(self, path: str | Path, *, chunk: int | None = None) -> None:
        self.path = Path(path)
        _check_file(self.path)
        self._by_sndfile, self.format = _probe(self.path)
        # A name in another encoding than UTF-8 must not break the log that it goes to.
        self.label = self.path.name.encode("utf-8", "backslashreplace").decode()
        self.chunk = self.format.sample_rate if chunk is None else chunk

    def __iter__(self) -> Iterator[PcmChunk]:
        """Yield the file's audio in chunks, channels in turn."""
        read = _sndfile_blocks if self._by_sndfile else containers.blocks
        return chunked(_guarded(self.path, read(self.path, self.format)), self.chunk)


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
    except FileNotFoundError as exc:
        raise TapError(f"{path} does not exist: check the name") from exc
    except IsADirectoryError as exc:
        raise TapError(f"{path} is a folder: give a file") from exc
    except OSError as exc:
        raise TapError(f"{path} cannot be read ({exc.strerror}): check its permissions") from exc
    if not stat.S_ISREG(status.st_mode):
        raise TapError(f"{path} is no regular file: pipe raw PCM to standard input instead")
    if status.st_size == 0:
        raise TapError(f"{path} is empty: record it again or leave it out")
    if missing := missing_bytes(path):
        raise TapError(f"{path} is cut short: {missing} bytes of its audio are gone; copy it again")


def _probe(path: Path) -> tuple[bool, AudioFormat]:
    """Return whether libsndfile reads the file, and its format."""
    try:
        with _open(path) as file:
            rate, channels, frames = file.samplerate, file.channels, file.frames
            known = file.format in _SNDFILE_FORMATS
    except (soundfile.LibsndfileError, TypeError):
        known, rate, channels, frames = False, 0, 0, 0
    try:
        if not known or (frames == 0 and opens_with_zero_length(path)):
            return False, containers.probe(path)
        audio = AudioFormat(rate, channels)
    except ValueError as exc:
        raise TapError(
            f"{path}: {exc}; convert it to {MIN_RATE}-{MAX_RATE} Hz, 1 or {MAX_CHANNELS} channels"
        ) from exc
    if frames == 0:
        raise TapError(f"{path} is a header without audio: record it again or leave it out")
    return True, audio


def _open(path: Path) -> soundfile.SoundFile:
    # As bytes, which the annotation forgets: a str would have to be UTF-8.
    return soundfile.SoundFile(os.fsencode(path.absolute()))  # type: ignore[arg-type]


def _sndfile_blocks(path: Path, audio: AudioFormat) -> Iterator[Block]:
    with _open(path) as file:
        dtype = _dtype(file.subtype)
        count = 0
        while len(block := file.read(_BLOCK, dtype=dtype, always_2d=True)):
            count += len(block)
            yield to_int16(block)
        if count < file.frames and file.format not in _STREAMS:
            raise TapError(
                f"{path} is cut short or damaged after {count / audio.sample_rate:.1f} s:"
                " copy it again"
            )


def _dtype(subtype: str) -> Literal["int16", "int32", "float32", "float64"]:
    """Return the type to ask libsndfile for, so that rounding and clipping stay ours."""
    if subtype in {"FLOAT", "VORBIS", "OPUS"} or subtype.startswith("MPEG"):
        return "float32"
    if subtype == "DOUBLE":
        return "float64"
    return "int32" if subtype.endswith(("_20", "_24", "_32")) else "int16"


def _guarded(path: Path, blocks: Iterator[Block]) -> Iterator[Block]:
    """Pass ``blocks`` on, library errors translated; refuse a file without a sample."""
    empty = True
    try:
        for block in blocks:
            empty = empty and not len(block)
            yield block
    except NotANumberError as exc:
        raise TapError(f"{path} holds samples that are not numbers (NaN): export it again") from exc
    except (soundfile.LibsndfileError, OSError) as exc:
        raise TapError(f"{path} is damaged or gone: copy it again") from exc
    if empty:
        raise TapError(f"{path} holds no audio: record it again or leave it out")
