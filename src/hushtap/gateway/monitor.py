"""What of a call may be heard while it is up: redacted, sealed in the vault already, some time ago.

::

    tap ─► Session ─► Monitor ─► Recording          a sink around the recording
                         └─► between(start, end)    what listeners are sent
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.timeline import to_samples

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from hushtap.values import AudioFormat, Finding, RedactedChunk, Samples, TranscriptWord
    from hushtap.vault.recordings import Recording

SLACK_S: Final = 10.0
"""Seconds by which a listener may be slow and lose nothing: a network that stood still."""


class Monitor:
    """Writes a recording, and keeps its last ``keep`` seconds and ``SLACK_S`` for listeners.

    Only what the recording has sealed is kept: nothing is heard that is not in the vault, and
    nothing more once the recording failed or its caller refused. As a sink it is for one
    thread at a time; ``between``, ``end`` and ``over`` are for any.
    """

    def __init__(self, recording: Recording, audio_format: AudioFormat, keep: float) -> None:
        self.over = False
        """Whether nothing more will come."""
        self._recording = recording
        self._most = to_samples(keep + SLACK_S, audio_format.sample_rate)
        self._lock = threading.Lock()
        self._waiting: list[list[Samples]] = [[] for _ in range(audio_format.channels)]
        self._kept: deque[tuple[int, NDArray[np.int16]]] = deque()
        self._end = 0

    @property
    def end(self) -> int:
        """The sample before which all is sealed."""
        return self._end

    def between(self, start: int, end: int) -> list[tuple[int, NDArray[np.int16]]]:
        """Return what is kept of samples ``start`` to ``end``: first samples, and (n, channels).

        Nothing, once the caller refused.
        """
        if self._recording.refused:
            return []
        with self._lock:
            kept = list(self._kept)
        found = []
        for at, frames in kept:
            first, last = max(start, at), min(end, at + len(frames))
            if first < last:
                found.append((first, frames[first - at : last - at]))
        return found

    # --- as of Sink ----------------------------------------------------------------------

    def append(self, chunk: RedactedChunk) -> None:
        """Write audio of one channel. Raises what the recording raises."""
        try:
            self._recording.append(chunk)
        except BaseException:
            self._shut()
            raise
        self._waiting[chunk.channel].append(chunk.samples.copy())
        self._keep_sealed()

    def add_words(self, words: Iterable[TranscriptWord]) -> None:
        """Write words. Raises what the recording raises."""
        self._recording.add_words(words)

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Write findings. Raises what the recording raises."""
        self._recording.add_findings(findings)

    def close(self) -> None:
        """Complete the recording. Raises what it raises."""
        try:
            self._recording.close()
        except BaseException:
            self._shut()
            raise
        self._keep_sealed()
        self.over = True

    def abort(self) -> None:
        """Mark the recording interrupted."""
        self._recording.abort()
        if self._recording.refused:
            self._shut()
        elif not self.over:
            self._keep_sealed()
            self.over = True

    def _keep_sealed(self) -> None:
        sealed = self._recording.sealed
        if sealed == self._end:
            return
        length, whole = sealed - self._end, [np.concatenate(parts) for parts in self._waiting]
        self._waiting = [[samples[length:]] for samples in whole]
        frames = np.stack([samples[:length] for samples in whole], axis=1)
        with self._lock:
            self._kept.append((self._end, frames))
            self._end = sealed
            while self._kept[0][0] + len(self._kept[0][1]) <= sealed - self._most:
                self._kept.popleft()

    def _shut(self) -> None:
        """Let nothing more be heard, not even of what is kept."""
        with self._lock:
            self._kept.clear()
        self._waiting = [[] for _ in self._waiting]
        self.over = True
