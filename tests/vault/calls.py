"""Calls to record, and the two ways to lay one down: through the vault, or segment by segment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from hushtap.timeline import Span
from hushtap.values import AudioFormat, Entity, Finding, RedactedChunk, TranscriptWord
from hushtap.vault.catalog import RecordingInfo, State
from hushtap.vault.container import Kind, SegmentWriter
from hushtap.vault.payloads import (
    Closing,
    Opening,
    pack_notes,
    pack_record,
    pack_run,
    pack_samples,
)
from hushtap.vault.reader import OpenedRecording, header_of, open_recording

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.vault.recordings import Recording

PHONE_LINE = AudioFormat(8000, 2)
WORDS = (
    TranscriptWord(0, Span(2, 5), "marmalade"),
    TranscriptWord(1, Span(3, 9), "[CREDIT_CARD]"),
)
FINDINGS = (
    Finding(Entity.CREDIT_CARD, Span(3, 9), 1, 0.5, "words"),
    Finding(Entity.UNHEARD, Span(4, 6), 0, 1.0, "late", muted=False),
)


def call(samples: int, channels: int = 2, seed: int = 1) -> NDArray[np.int16]:
    """Return noise of shape ``(samples, channels)``: no stretch of it occurs twice."""
    noise = np.random.default_rng(seed).integers(-(2**15), 2**15, (samples, channels))
    return noise.astype(np.int16)


def chunk(audio: NDArray[np.int16], channel: int, start: int, end: int) -> RedactedChunk:
    """Return a stretch of one channel of ``audio``."""
    end = min(end, len(audio))
    return RedactedChunk(channel, Span(start, end), audio[start:end, channel])


def append_all(recording: Recording, audio: NDArray[np.int16], step: int = 160) -> None:
    """Append ``audio`` in steps, channel by channel within each."""
    go_on(recording, audio, 0, step)


def go_on(recording: Recording, audio: NDArray[np.int16], first: int, step: int = 160) -> None:
    """Append what comes in ``audio`` from sample ``first`` on."""
    for start in range(first, len(audio), step):
        for channel in range(audio.shape[1]):
            recording.append(chunk(audio, channel, start, start + step))


@dataclass(frozen=True)
class SmallFile:
    """A sealed file of a few segments, small enough to damage in every place."""

    path: Path
    info: RecordingInfo
    key: bytes
    audio: NDArray[np.int16]
    ends: tuple[tuple[int, int], ...]
    """After each segment: bytes of the file, samples that both channels have."""

    def open(
        self, data: bytes | None = None, state: State = State.OPEN, key: bytes | None = None
    ) -> OpenedRecording:
        """Open the file, or ``data`` in its place, as a catalog in ``state`` would."""
        source = self.path.read_bytes() if data is None else data
        with os.fdopen(os.memfd_create("sealed"), "w+b") as file:
            file.write(source)
            file.seek(0)
            return open_recording(
                file, self.path, info_of(self.info.id, state), self.key if key is None else key
            )


def info_of(identity: str, state: State = State.OPEN) -> RecordingInfo:
    """Return what a catalog would say of a recording."""
    return RecordingInfo(
        id=identity,
        started=datetime(2026, 11, 22, 5, 45, tzinfo=UTC),
        audio_format=PHONE_LINE,
        state=state,
        samples=0,
        source="line",
        policy="abc",
        findings={},
    )


def small_file(folder: Path, identity: str, key: bytes) -> SmallFile:
    """Seal opening, four stretches of audio (one channel ahead), notes and end."""
    audio = call(24)
    info = info_of(identity)
    path = folder / f"{identity}.hush"
    writer = SegmentWriter(path, header_of(info), key)
    ends = []
    opening = Opening(info.started.isoformat(), info.source, info.policy, "1")
    segments = [
        (Kind.OPEN, pack_record(opening), 0),
        (Kind.AUDIO, _run(audio, 0, 0, 12), 0),
        (Kind.NOTES, pack_notes(WORDS, FINDINGS), 0),
        (Kind.AUDIO, _run(audio, 1, 0, 7), 7),
        (Kind.AUDIO, _run(audio, 1, 7, 24), 12),
        (Kind.AUDIO, _run(audio, 0, 12, 24), 24),
    ]
    for kind, payload, readable in segments:
        writer.seal(kind, payload, readable)
        ends.append((path.stat().st_size, readable))
    closing = Closing("closed", writer.number, (24, 24), writer.digest.hex())
    writer.seal(Kind.CLOSE, pack_record(closing), 24)
    writer.close()
    ends.append((path.stat().st_size, 24))
    return SmallFile(path, info, key, audio, tuple(ends))


def _run(audio: NDArray[np.int16], channel: int, start: int, end: int) -> bytes:
    return pack_run(channel, start, pack_samples(audio[start:end, channel]))
