"""Where a live call goes once it is redacted: into a sink, or to whoever fetches it."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from hushtap.events import News
from hushtap.timeline import to_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hushtap.guarded import Guarded
    from hushtap.values import AudioFormat, Finding, RedactedChunk, TranscriptWord

OUTPUT_S: Final = 60.0
"""Seconds of released audio that wait to be fetched where there is no sink."""

SETTLED_S: Final = 2.0
"""Seconds after the end of a mute from which it is written: until then it may still grow."""


class Sink(Protocol):
    """Where redacted audio goes: ``hushtap.vault.recordings.Recording``."""

    def append(self, chunk: RedactedChunk) -> None:
        """Add audio of one channel, which goes on where that channel stopped."""
        ...

    def add_words(self, words: Iterable[TranscriptWord]) -> None:
        """Add words of the redacted transcript."""
        ...

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Add what was found."""
        ...

    def close(self) -> None:
        """Mark the recording complete."""
        ...

    def abort(self) -> None:
        """Mark the recording interrupted. Does not raise."""
        ...


class Outlet:
    """The way out of one call. ``put`` and ``end`` are for one thread at a time."""

    def __init__(self, audio_format: AudioFormat, sink: Sink | None) -> None:
        self._format = audio_format
        self._sink = sink
        self._news = News(audio_format.channels)
        self._written: list[Finding] = []
        self._lock = threading.Lock()
        self._chunks: deque[RedactedChunk] = deque()
        self._words: list[TranscriptWord] = []

    def put(
        self,
        guarded: Guarded,
        chunks: Sequence[RedactedChunk],
        words: Sequence[TranscriptWord],
        findings: Sequence[Finding],
        *,
        last: bool,
    ) -> None:
        """Hand on what ``guarded`` released; the ``last`` time all findings are settled.

        Raises:
            Exception: whatever the sink raises.
        """
        if self._sink is None:
            with self._lock:
                self._chunks.extend(chunks)
                self._words += words
            return
        for chunk in chunks:
            self._sink.append(chunk)
        if words:
            self._sink.add_words(words)
        lag = to_samples(0 if last else SETTLED_S, self._format.sample_rate)
        until = [guarded.cleared_until(c) - lag for c in range(self._format.channels)]
        if fresh := self._news.fresh(findings, until):
            self._sink.add_findings(fresh)
            self._written += fresh

    def end(self) -> None:
        """Mark the recording complete. Raises whatever the sink raises."""
        if self._sink is not None:
            self._sink.close()

    def abort(self) -> None:
        """Mark the recording interrupted."""
        if self._sink is not None:
            self._sink.abort()

    def written(self) -> list[Finding]:
        """Return the findings that the sink has, in order of time.

        One that grew after it was written is there in two parts.
        """
        return sorted(self._written, key=lambda f: (f.span.start, f.channel))

    def released(self, most: int | None = None) -> list[RedactedChunk]:
        """Return the chunks not yet returned, at most so many."""
        with self._lock:
            count = len(self._chunks) if most is None else min(most, len(self._chunks))
            return [self._chunks.popleft() for _ in range(count)]

    def transcript(self) -> list[TranscriptWord]:
        """Return the words not yet returned."""
        with self._lock:
            words, self._words = self._words, []
        return words

    @property
    def waiting(self) -> int:
        """How many samples wait to be fetched, of all channels together."""
        with self._lock:
            return sum(len(chunk.span) for chunk in self._chunks)

    @property
    def full(self) -> bool:
        """Whether so much waits that no more should come."""
        limit = to_samples(OUTPUT_S, self._format.sample_rate) * self._format.channels
        return self.waiting >= limit
