"""Opening one recording: every byte is authenticated before any of it is given out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, TYPE_CHECKING

import numpy as np

from hushtap.values import AudioFormat, Finding, Samples, TranscriptWord
from hushtap.vault.catalog import RecordingInfo, State
from hushtap.vault.container import (
    Header,
    Kind,
    Segment,
    damaged,
    read_frames,
    read_heads,
    read_segments,
)
from hushtap.vault.files import being_written
from hushtap.vault.payloads import (
    Closing,
    Opening,
    unpack_closing,
    unpack_notes,
    unpack_opening,
    unpack_runs,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class OpenedRecording:
    """A recording, decrypted in memory.

    ``samples`` is int16 of shape ``(n, channels)``, ``n`` being what every channel
    has. ``channel_samples`` tells how many each had: a writer that died may have
    left one ahead. ``complete`` is true only where the sealed end says closed;
    otherwise this is an exact beginning, and the last words and findings may
    point past it. ``software`` is the version of Hushtap that recorded it, ``models``
    what heard it.
    """

    info: RecordingInfo
    audio_format: AudioFormat
    samples: NDArray[np.int16] = field(repr=False)
    words: tuple[TranscriptWord, ...] = field(repr=False)
    findings: tuple[Finding, ...]
    complete: bool
    channel_samples: tuple[int, ...]
    software: str = ""
    models: str = ""


def header_of(info: RecordingInfo) -> Header:
    """Return the header that the file of ``info`` must begin with."""
    return Header(info.id, info.audio_format.sample_rate, info.audio_format.channels)


def last_state(file: IO[bytes], path: Path, info: RecordingInfo) -> tuple[State, int]:
    """Return how a dead writer left ``file``, and its samples, without any key.

    Both are what the file claims: ``open_recording`` proves them.

    Raises:
        VaultError: the file cannot be read, or is not the recording's.
    """
    last = None
    for frame in read_frames(file, path, header_of(info)):
        last = frame.kind, frame.readable
    if last is None:
        return State.INTERRUPTED, 0
    kind, readable = last
    return State.CLOSED if kind == Kind.CLOSE else State.INTERRUPTED, readable


def claimed_end(file: IO[bytes], path: Path, info: RecordingInfo) -> tuple[State, int]:
    """Return what ``last_state`` does, without reading what is sealed.

    Of a ``file`` that cannot skip, an object in a store, only the header is looked at.

    Raises:
        VaultError: the file cannot be read, is not the recording's, or lacks a segment.
    """
    heads = [(0, 0), *read_heads(file, path, header_of(info))]
    if not file.seekable():
        return info.state, info.samples
    kind, readable = heads[-1]
    return State.CLOSED if kind == Kind.CLOSE else State.INTERRUPTED, readable


def open_recording(
    file: IO[bytes], path: Path, info: RecordingInfo, data_key: bytes
) -> OpenedRecording:
    """Decrypt and check the whole of ``file``.

    Raises:
        VerificationError: it is not what was sealed, or ends before the catalog
            knows it to end.
        VaultError: it cannot be read.
    """
    active = being_written(file)
    contents = Contents(path, info.audio_format)
    for segment in read_segments(file, path, header_of(info), data_key):
        contents.take(segment)
    return contents.opened(info, active=active)


class Contents:
    """What the segments of one file add up to."""

    def __init__(self, path: Path, audio_format: AudioFormat) -> None:
        self.path = path
        self.format = audio_format
        self.opening: Opening | None = None
        self.closing: Closing | None = None
        self.state = State.INTERRUPTED
        self.segments = 0
        self.runs: list[list[Samples]] = [[] for _ in range(audio_format.channels)]
        self.lengths = [0] * audio_format.channels
        self.words: list[TranscriptWord] = []
        self.findings: list[Finding] = []

    def take(self, segment: Segment) -> None:
        """Add the next segment. Raises ``VerificationError``: it does not go with the others."""
        try:
            self._take(segment)
        except (KeyError, TypeError, ValueError):
            raise damaged(self.path, "a segment holds what this Hushtap cannot read") from None

    def _take(self, segment: Segment) -> None:
        if (segment.kind is Kind.OPEN) != (self.segments == 0):
            raise damaged(self.path, f"segment {self.segments} is out of place")
        if segment.kind is Kind.OPEN:
            self.opening = unpack_opening(segment.payload)
        elif segment.kind is Kind.AUDIO:
            self._audio(segment.payload)
        elif segment.kind is Kind.NOTES:
            notes = unpack_notes(segment.payload)
            self.words.extend(notes.words)
            self.findings.extend(notes.findings)
        else:
            self.closing = unpack_closing(segment.payload)
            self.state = State(self.closing.state)
            expected = (self.segments, tuple(self.lengths), segment.digest.hex())
            if (self.closing.segments, self.closing.samples, self.closing.digest) != expected:
                raise damaged(self.path, "its sealed list does not match its segments")
        self.segments += 1
        if segment.readable != min(self.lengths):
            raise damaged(self.path, "its sealed positions do not match its audio")

    def _audio(self, payload: bytes) -> None:
        for channel, start, samples in unpack_runs(payload):
            if channel >= len(self.lengths) or start != self.lengths[channel]:
                raise damaged(self.path, "its audio does not follow on")
            self.runs[channel].append(samples)
            self.lengths[channel] += len(samples)

    def checked(self, info: RecordingInfo, *, active: bool) -> RecordingInfo:
        """Return ``info`` as it was sealed. Raises ``VerificationError``: the file was cut."""
        readable = min(self.lengths)
        state = State.OPEN if active and self.closing is None else self.state
        if info.state is State.CLOSED and state is not State.CLOSED:
            raise damaged(self.path, "it was closed and now has no end: it was cut")
        if info.state is not State.OPEN and readable < info.samples:
            raise damaged(self.path, f"it had {info.samples} samples and now has {readable}")
        counts = Counter(str(finding.entity) for finding in self.findings)
        sealed = replace(info, state=state, samples=readable, findings=dict(counts))
        if self.opening is not None:
            sealed = replace(
                sealed,
                started=datetime.fromisoformat(self.opening.started),
                source=self.opening.source,
                policy=self.opening.policy,
            )
        return sealed

    def opened(self, info: RecordingInfo, *, active: bool) -> OpenedRecording:
        """Return all of it, once checked as ``checked`` does."""
        sealed = self.checked(info, active=active)
        samples = np.empty((sealed.samples, len(self.lengths)), np.int16)
        for channel, runs in enumerate(self.runs):
            whole = np.concatenate(runs) if runs else np.empty(0, np.int16)
            samples[:, channel] = whole[: sealed.samples]
            runs.clear()
        return OpenedRecording(
            info=sealed,
            audio_format=self.format,
            samples=samples,
            words=tuple(self.words),
            findings=tuple(self.findings),
            complete=sealed.state is State.CLOSED,
            channel_samples=tuple(self.lengths),
            software=self.opening.software if self.opening else "",
            models=self.opening.models if self.opening else "",
        )
