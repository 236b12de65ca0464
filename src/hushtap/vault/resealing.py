"""A copy of a recording under another data key, with one more span silent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hushtap.mute import apply_mutes
from hushtap.timeline import Span, to_samples
from hushtap.values import Finding, MuteStyle, TranscriptWord
from hushtap.vault.catalog import State
from hushtap.vault.container import Kind, Segment, SegmentWriter, damaged, read_segments
from hushtap.vault.payloads import (
    Closing,
    pack_notes,
    pack_record,
    pack_run,
    pack_samples,
    unpack_closing,
    unpack_notes,
    unpack_runs,
)
from hushtap.vault.reader import header_of

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.catalog import RecordingInfo
    from hushtap.vault.container import Header
    from hushtap.vault.sealedfiles import Sealed

WORD_MARGIN_S: Final = 0.3
"""Words this near the span are masked too: their times are wrong by as much (architecture)."""


def check(copy: Path, header: Header, key: bytes) -> None:
    """See that ``copy`` is whole and ``key`` opens it.

    Raises:
        VerificationError: it does not, or is not.
        OSError: it cannot be read.
    """
    with copy.open("rb") as file:
        kinds = [part.kind for part in read_segments(file, copy, header, key)]
    if not kinds or kinds[-1] is not Kind.CLOSE or Kind.NOTES not in kinds:
        raise damaged(copy, "it was not written as it was sealed")


def masked(word: TranscriptWord, finding: Finding, sample_rate: int) -> TranscriptWord:
    """Return ``word``, with the entity in place of its text where it stands near ``finding``."""
    margin = to_samples(WORD_MARGIN_S, sample_rate)
    near = finding.span.pad(margin, margin)
    hit = word.channel == finding.channel and (word.span.overlaps(near) or word.span.start in near)
    return replace(word, text=f"[{finding.entity}]") if hit else word


class Copy:
    """The same recording, segment by segment, with one more mute."""

    def __init__(self, file: Sealed, path: Path, info: RecordingInfo, finding: Finding) -> None:
        """``path`` stands for ``file`` in messages."""
        self._file = file
        self._path = path
        self._info = info
        self._finding = finding
        self._lengths = [0] * info.audio_format.channels
        self._readable = 0
        self._state: State | None = None

    def write(self, copy: Path, old_key: bytes, new_key: bytes) -> None:
        """Seal the copy at ``copy``, and read it back. Raises ``VaultError``, ``OSError``."""
        header = header_of(self._info)
        writer = SegmentWriter(copy, header, new_key)
        try:
            with self._file.stream() as file:
                for number, segment in enumerate(read_segments(file, self._path, header, old_key)):
                    self._add(writer, segment, number)
            self._close(writer)
        finally:
            writer.close()
        check(copy, header, new_key)

    def _add(self, writer: SegmentWriter, segment: Segment, number: int) -> None:
        self._readable = segment.readable
        if segment.kind is Kind.AUDIO:
            writer.seal(Kind.AUDIO, self._audio(segment.payload), segment.readable)
        elif segment.kind is Kind.NOTES:
            notes = unpack_notes(segment.payload)
            rate = self._info.audio_format.sample_rate
            words = tuple(masked(word, self._finding, rate) for word in notes.words)
            writer.seal(Kind.NOTES, pack_notes(words, notes.findings), segment.readable)
        elif segment.kind is Kind.OPEN:
            writer.seal(Kind.OPEN, segment.payload, segment.readable)
        else:
            closing = unpack_closing(segment.payload)
            expected = (number, tuple(self._lengths), segment.digest.hex())
            if (closing.segments, closing.samples, closing.digest) != expected:
                raise damaged(self._path, "its sealed list does not match its segments")
            self._state = State(closing.state)

    def _audio(self, payload: bytes) -> bytes:
        style, rate = MuteStyle.SILENCE, self._info.audio_format.sample_rate
        runs = []
        for channel, start, samples in unpack_runs(payload):
            at = Span(start, start + len(samples))
            mutes = [self._finding.span] if channel == self._finding.channel else []
            quiet = apply_mutes(samples, at, mutes, style, rate)
            runs.append(pack_run(channel, start, pack_samples(quiet)))
            self._lengths[channel] = at.end
        return b"".join(runs)

    def _close(self, writer: SegmentWriter) -> None:
        if self._state is None and self._info.state is State.CLOSED:
            raise damaged(self._path, "it was closed and now has no end: it was cut")
        if self._readable < self._info.samples:
            raise damaged(self._path, "it is shorter than the catalog knows it to be")
        writer.seal(Kind.NOTES, pack_notes((), (self._finding,)), self._readable)
        state = self._state or State.INTERRUPTED
        digest = writer.digest.hex()
        closing = Closing(str(state), writer.number, tuple(self._lengths), digest)
        writer.seal(Kind.CLOSE, pack_record(closing), self._readable)
        writer.sync()
