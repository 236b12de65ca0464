"""Writing one recording: redacted audio and notes go in, sealed segments come out.

Half a second of audio is gathered, sealed and handed to the system; it then
survives the death of this process. Every five seconds it is forced to the disk,
so a power cut costs at most that (docs/adr/0003-vault-first-form.md).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Self

from hushtap.errors import ConsentError, VaultError
from hushtap.timeline import to_samples
from hushtap.values import Finding, RedactedChunk, TranscriptWord
from hushtap.vault.catalog import State
from hushtap.vault.container import Kind
from hushtap.vault.files import reason
from hushtap.vault.payloads import Closing, pack_notes, pack_record, pack_run, pack_samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from hushtap.vault.catalog import RecordingInfo
    from hushtap.vault.container import SegmentWriter

SEAL_SECONDS = 0.5
"""Audio of a channel in memory before it is sealed: what a killed process may lose."""

SYNC_SECONDS = 5.0
"""Audio between two forced writes to the disk: what a power cut may lose."""

NOTES_AT_ONCE = 500
"""Words and findings in one segment: well under the longest segment there may be."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Whether the caller wants a recording no further: the file ``mark`` is there then.

    ``ended`` is called once the recording has ended because of it.
    """

    mark: Path
    ended: Callable[[], None]

    def __bool__(self) -> bool:
        try:
            self.mark.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            # Nobody knows: then it is not recorded.
            return True
        return True


class Recording:
    """A recording being written. Use it as a context manager, from one thread at a time.

    Leaving the block closes it; leaving by an exception aborts it. After an
    error of the disk it stays failed: every call raises ``VaultError`` and the
    recording is ``interrupted``, with an exact beginning readable. Where the caller
    refuses meanwhile (``hushtap.vault.life``), nothing more is written: the next
    call that would raises ``ConsentError``, and the recording has ended.
    """

    def __init__(
        self,
        info: RecordingInfo,
        segments: SegmentWriter,
        finish: Callable[[State, int, Mapping[str, int]], None],
        settle: Callable[[], None],
        refusal: Refusal,
    ) -> None:
        """Take over ``segments``, whose opening is sealed.

        ``finish`` notes the end in the catalog; ``settle`` notes what a failed
        writer left behind, and is called after its lock is gone.
        """
        self.id = info.id
        self._format = info.audio_format
        self._segments = segments
        self._finish = finish
        self._settle = settle
        self._refusal = refusal
        self._seal_at = to_samples(SEAL_SECONDS, info.audio_format.sample_rate)
        self._sync_at = to_samples(SYNC_SECONDS, info.audio_format.sample_rate)
        self._taken = [0] * info.audio_format.channels
        self._sealed = [0] * info.audio_format.channels
        self._synced = 0
        self._audio = [bytearray() for _ in self._taken]
        self._words: list[TranscriptWord] = []
        self._findings: list[Finding] = []
        self._counts: Counter[str] = Counter()
        self._ended: str | None = None
        self._refused = False

    @property
    def sealed(self) -> int:
        """The sample before which the audio of all channels is sealed."""
        return min(self._sealed)

    @property
    def refused(self) -> bool:
        """Whether the caller refused meanwhile: nothing of it may go anywhere any more."""
        # Once seen it holds: what tells of it goes with the recording that is disposed of.
        if not self._refused and self._refusal:
            self._refused = True
        return self._refused

    def append(self, chunk: RedactedChunk) -> None:
        """Add audio of one channel, which goes on where that channel stopped.

        The channels need not keep step. The samples are copied.

        Raises:
            TypeError: ``chunk`` is not a ``RedactedChunk``.
            VaultError: the chunk leaves a gap or comes twice, the recording has
                ended, or the disk refuses it.
        """
        if not isinstance(chunk, RedactedChunk):
            raise TypeError(f"a recording takes RedactedChunk only, not {type(chunk).__name__}")
        self._check()
        channel = chunk.channel
        if not 0 <= channel < self._format.channels:
            raise VaultError(f"recording {self.id} has no channel {channel}")
        if chunk.span.start != self._taken[channel]:
            raise VaultError(
                f"recording {self.id}: channel {channel} stands at sample {self._taken[channel]}, "
                f"audio came for {chunk.span.start}; fill gaps with silence"
            )
        at = 0
        while at < len(chunk.samples):
            room = self._sealed[channel] + self._seal_at - self._taken[channel]
            piece = chunk.samples[at : at + room]
            self._audio[channel] += pack_samples(piece)
            self._taken[channel] += len(piece)
            at += len(piece)
            if len(piece) == room:
                self._seal()

    def add_words(self, words: Iterable[TranscriptWord]) -> None:
        """Add words of the redacted transcript, in any order. Raises ``VaultError``."""
        self._check()
        self._words.extend(words)
        self._bound_notes()

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Add what was found. Raises ``VaultError``."""
        self._check()
        added = list(findings)
        self._findings.extend(added)
        self._counts.update(str(finding.entity) for finding in added)
        self._bound_notes()

    def close(self) -> None:
        """Seal what is left and mark the recording complete; a second call does nothing.

        Raises:
            VaultError: the recording failed or was aborted, the disk refuses it,
                or its channels differ in length (it is then ``interrupted``).
        """
        if self._ended == State.CLOSED:
            return
        self._check()
        if len(set(self._taken)) > 1:
            lengths = " and ".join(map(str, self._taken))
            self.abort()
            raise VaultError(
                f"recording {self.id}: its channels end at samples {lengths}; "
                "what all of them have was kept as interrupted"
            )
        self._end(State.CLOSED)

    def abort(self) -> None:
        """Seal what is left and mark the recording interrupted, if it has not ended.

        Does not raise: where the disk refuses, the recording is interrupted as well.
        """
        if self._ended is not None:
            return
        try:
            self._end(State.INTERRUPTED)
        except VaultError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _check(self) -> None:
        if self._ended is not None:
            raise VaultError(f"recording {self.id} has ended: {self._ended}")

    def _bound_notes(self) -> None:
        if len(self._words) + len(self._findings) >= NOTES_AT_ONCE:
            self._seal()

    def _seal(self) -> None:
        """Write all that is pending: notes first, so that no mute lies there unexplained."""
        if self.refused:
            self._stop()
        try:
            self._seal_notes()
            runs = b"".join(
                pack_run(channel, self._sealed[channel], packed)
                for channel, packed in enumerate(self._audio)
                if packed
            )
            if runs:
                self._segments.seal(Kind.AUDIO, runs, min(self._taken))
                self._sealed = list(self._taken)
                self._audio = [bytearray() for _ in self._taken]
            if max(self._taken) - self._synced >= self._sync_at:
                self._segments.sync()
                self._synced = max(self._taken)
        except OSError as error:
            self._fail(error)

    def _seal_notes(self) -> None:
        while self._words or self._findings:
            words, self._words = self._words[:NOTES_AT_ONCE], self._words[NOTES_AT_ONCE:]
            findings, self._findings = (
                self._findings[:NOTES_AT_ONCE],
                self._findings[NOTES_AT_ONCE:],
            )
            self._segments.seal(Kind.NOTES, pack_notes(words, findings), min(self._sealed))

    def _stop(self) -> NoReturn:
        """End here, for the caller refused: what is not sealed is given up."""
        self._audio = [bytearray() for _ in self._taken]
        self._words.clear()
        self._findings.clear()
        self._taken = list(self._sealed)
        self._seal_end(State.INTERRUPTED)
        self._refusal.ended()
        raise ConsentError(
            f"recording {self.id}: the caller does not want to be recorded; it has ended"
        )

    def _end(self, state: State) -> None:
        self._seal()
        self._seal_end(state)

    def _seal_end(self, state: State) -> None:
        digest = self._segments.digest.hex()
        closing = Closing(str(state), self._segments.number, tuple(self._taken), digest)
        try:
            self._segments.seal(Kind.CLOSE, pack_record(closing), min(self._taken))
            self._segments.sync()
        except OSError as error:
            self._fail(error)
        # The lock goes last: whoever takes it finds file and catalog agreed.
        self._ended = str(state)
        try:
            self._finish(state, min(self._taken), self._counts)
        finally:
            self._segments.close()

    def _fail(self, error: OSError) -> None:
        self._ended = f"interrupted, its file could not be written ({reason(error)})"
        self._audio = []
        self._words.clear()
        self._findings.clear()
        self._segments.close()
        self._settle()
        raise VaultError(
            f"{self._segments.path}: cannot be written ({reason(error)}); free space or choose "
            "another vault. The recording is interrupted, what was written before is kept"
        ) from None
