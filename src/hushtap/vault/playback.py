"""Listening to a recording: checked whole once, then decrypted piece by piece as it is played.

Opening reads every byte, so that nothing of a damaged file is given out, and keeps
where each stretch of audio lies, what the waveform looks like, and no sample of it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.errors import VaultError
from hushtap.vault.container import (
    Header,
    Kind,
    Place,
    damaged,
    read_placed_segments,
    read_segment_at,
)
from hushtap.vault.files import being_written
from hushtap.vault.payloads import unpack_runs
from hushtap.vault.reader import Contents, header_of
from hushtap.vault.waiting import masked_words

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.values import AudioFormat, Finding, Samples, TranscriptWord
    from hushtap.vault.catalog import RecordingInfo
    from hushtap.vault.sealedfiles import Sealed

PEAKS_PER_SECOND: Final = 100
"""The finest waveform there is."""


@dataclass(slots=True)
class _Track:
    """One channel: where its runs lie, and its waveform as it was met."""

    starts: list[int] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    peaks: list[tuple[int, NDArray[np.uint8]]] = field(default_factory=list)


class Playback:
    """One recording, open for as long as this is kept. Safe to use from several threads.

    ``info`` is as it was sealed; ``words`` and ``findings`` as ``OpenedRecording`` has them.

    Raises:
        VerificationError: the file is not what was sealed.
        VaultError: it cannot be read, or is still being written.
    """

    def __init__(self, file: Sealed, path: Path, info: RecordingInfo, data_key: bytes) -> None:
        """``path`` stands for ``file`` in messages."""
        self.path = path
        self._file = file
        self._key = data_key
        self._header = header_of(info)
        self._silent: tuple[Finding, ...] = ()
        self._index(info)

    info: RecordingInfo
    words: tuple[TranscriptWord, ...]
    findings: tuple[Finding, ...]

    @property
    def audio_format(self) -> AudioFormat:
        """Rate and channels."""
        return self.info.audio_format

    @property
    def current(self) -> bool:
        """Whether this is still the recording: it was neither muted further nor disposed of."""
        return self._file.current

    @property
    def version(self) -> str:
        """Another one for each file that this recording was sealed in."""
        return self._file.version

    def read(self, start: int, end: int) -> NDArray[np.int16]:
        """Return the samples from ``start`` to ``end``, shape ``(end - start, channels)``.

        Only the segments that hold them are decrypted.

        Raises:
            VaultError: they are not in the recording, or it is not ``current`` any more.
        """
        if not 0 <= start <= end <= self.info.samples:
            raise VaultError(f"recording {self.info.id} has no samples {start} to {end}")
        if not self.current:
            raise VaultError(f"recording {self.info.id} has changed or is gone; open it again")
        result = np.zeros((end - start, self.audio_format.channels), np.int16)
        for place in self._places(start, end):
            for channel, at, samples in self._runs(place):
                first, last = max(start, at), min(end, at + len(samples))
                if first < last:
                    result[first - start : last - start, channel] = samples[first - at : last - at]
        for one in self._silent:
            quiet = slice(max(0, one.span.start - start), max(0, one.span.end - start))
            result[quiet, one.channel] = 0
        return result

    def silence(self, waiting: tuple[Finding, ...]) -> None:
        """Play and show silence where ``waiting`` is to be muted, and mask its words."""
        self._silent = waiting
        window = self.audio_format.sample_rate // PEAKS_PER_SECOND
        for one in waiting:
            self._peaks[one.channel, one.span.start // window : -(-one.span.end // window)] = 0
        self.words = masked_words(self.words, waiting, self.audio_format.sample_rate)

    def peaks(self, most: int) -> NDArray[np.uint8]:
        """Return the waveform, shape ``(channels, n)``, ``n`` at most ``most``: 255 is full scale.

        Each value is the loudest sample of an equal stretch.
        """
        whole = self._peaks
        step = max(1, -(-whole.shape[1] // most))
        padded = np.pad(whole, ((0, 0), (0, -whole.shape[1] % step)))
        return np.asarray(padded.reshape(len(whole), -1, step).max(axis=2), np.uint8)

    def _index(self, info: RecordingInfo) -> None:
        contents = Contents(self.path, info.audio_format)
        tracks = [_Track() for _ in range(info.audio_format.channels)]
        window = info.audio_format.sample_rate // PEAKS_PER_SECOND
        with self._file.stream() as file:
            if being_written(file):
                raise VaultError(f"recording {info.id} is being written; listen once it has ended")
            for place, segment in read_placed_segments(file, self.path, self._header, self._key):
                before = list(contents.lengths)
                contents.take(segment)
                for track, runs, start in zip(tracks, contents.runs, before, strict=True):
                    if runs:
                        track.starts.append(start)
                        track.places.append(place)
                        track.peaks.append(_peaks(np.concatenate(runs), start, window))
                    runs.clear()
        self.info = contents.checked(info, active=False)
        self.words, self.findings = tuple(contents.words), tuple(contents.findings)
        self._tracks = tracks
        self._peaks = np.zeros((len(tracks), -(-self.info.samples // window)), np.uint8)
        for row, track in zip(self._peaks, tracks, strict=True):
            for at, values in track.peaks:
                part = row[at : at + len(values)]
                np.maximum(part, values[: len(part)], out=part)
            track.peaks.clear()

    def _places(self, start: int, end: int) -> list[Place]:
        found: dict[int, Place] = {}
        for track in self._tracks:
            first = max(0, bisect_right(track.starts, start) - 1)
            last = bisect_right(track.starts, end - 1) if end > start else first
            found |= {place.number: place for place in track.places[first:last]}
        return [found[number] for number in sorted(found)]

    def _runs(self, place: Place) -> list[tuple[int, int, Samples]]:
        header: Header = self._header
        segment = read_segment_at(self._file.pread, self.path, header, self._key, place)
        if segment.kind is not Kind.AUDIO:
            raise damaged(self.path, f"segment {place.number} is out of place")
        return list(unpack_runs(segment.payload))


def _peaks(samples: Samples, start: int, window: int) -> tuple[int, NDArray[np.uint8]]:
    """Return the first window that ``samples`` reach, and the loudest sample in each."""
    loud = np.abs(samples.astype(np.int32))
    edges = np.arange(start - start % window, start + len(samples), window) - start
    values = np.maximum.reduceat(loud, np.maximum(edges, 0))
    return start // window, np.minimum(values >> 7, 255).astype(np.uint8)
