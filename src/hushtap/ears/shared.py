"""The ears of one process, shared by its sessions: one queue, one thread, batches.

There is no timer that gathers windows: while one batch is being heard, the next
one gathers. An idle ear answers at once, a busy one hears full batches.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, Self, TypeAlias

from hushtap.ears.engine import MAX_BATCH, Heard, padded
from hushtap.ears.windows import LIVE, LIVE_WORDS
from hushtap.observe import Metrics, Queue, Reason
from hushtap.timeline import to_seconds
from hushtap.vad import EAR_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

WAITING: Final = 64
"""Windows that may wait. Eight batches take about as long as a window's deadline:
whatever came after them could not be heard in time."""

LAST_BATCH_S: Final = 5.0
"""Seconds that ``close`` waits for the batch that is being heard."""


class Ear(Protocol):
    """Whatever turns windows into words: ``hushtap.ears.engine.Engine``.

    One that has ``spots`` set hears with the digit spotter too.
    """

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        """Return what was heard in each window, in order; words where they are wanted."""
        ...


Answer: TypeAlias = Heard | Reason
"""What was heard, or why nothing was."""


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    audio: NDArray[np.float32] = field(repr=False)
    answer: Future[Answer]
    asked: float
    words: bool

    @property
    def kind(self) -> tuple[int, bool]:
        """What those that share a batch have in common."""
        return padded(len(self.audio)), self.words


class Ears:
    """One ``Ear`` for all sessions of the process. Thread-safe; use it as a context manager."""

    def __init__(self, ear: Ear, *, metrics: Metrics | None = None) -> None:
        self.metrics = metrics or Metrics()
        self._ear = ear
        self.schedule = LIVE if getattr(ear, "spots", False) else LIVE_WORDS
        """When a live call should look: with a spotter it may let talk go before the words."""
        self.identity: str = getattr(ear, "identity", "")
        """What recordings say that they were heard with."""
        self._waiting: deque[_Request] = deque()
        self._changed = threading.Condition()
        self._closed = False
        # A daemon: an ear that never returns must not keep the process from ending.
        self._thread = threading.Thread(target=self._work, name="hushtap-ears", daemon=True)
        self._thread.start()

    def hear(self, audio: NDArray[np.float32], *, words: bool = True) -> Future[Answer]:
        """Return at once what will be heard in ``audio`` (``EAR_RATE``, shape ``(n,)``).

        Without ``words`` only the spotter listens.

        The future never raises: its result is a ``Reason`` where the window could
        not be heard. Cancel it when the answer is no longer of use.
        """
        request = _Request(audio, Future(), time.monotonic(), words)
        with self._changed:
            if self._closed or len(self._waiting) >= WAITING:
                request.answer.set_result(Reason.EAR_FAILED if self._closed else Reason.EARS_FULL)
                return request.answer
            self._waiting.append(request)
            self._note_depth()
            self._changed.notify()
        return request.answer

    @property
    def alive(self) -> bool:
        """Whether windows can still be heard."""
        return not self._closed and self._thread.is_alive()

    def close(self) -> None:
        """Hear nothing more. Windows that still wait come back unheard."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(LAST_BATCH_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _work(self) -> None:
        try:
            while batch := self._next():
                self._listen(batch)
        finally:
            with self._changed:
                self._closed = True
                left, self._waiting = list(self._waiting), deque()
            for request in left:
                if request.answer.set_running_or_notify_cancel():
                    request.answer.set_result(Reason.EAR_FAILED)

    def _next(self) -> list[_Request]:
        """Wait for the oldest window; return it and others of its length. Empty: closed."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return []
                batch: list[_Request] = []
                left: deque[_Request] = deque()
                for request in self._waiting:
                    if request.answer.cancelled():
                        continue
                    fits = not batch or request.kind == batch[0].kind
                    if len(batch) < MAX_BATCH and fits:
                        batch.append(request)
                    else:
                        left.append(request)
                self._waiting = left
                self._note_depth()
                batch = [r for r in batch if r.answer.set_running_or_notify_cancel()]
                if batch:
                    return batch

    def _listen(self, batch: list[_Request]) -> None:
        began = time.monotonic()
        try:
            heard = self._ear.listen(
                [request.audio for request in batch], [request.words for request in batch]
            )
            answers: list[Answer] = [answer for _, answer in zip(batch, heard, strict=True)]
        except Exception:  # noqa: BLE001 - whatever an ear raises, its windows are unheard
            if len(batch) > 1:
                # One call's window must not take those of the others with it.
                for request in batch:
                    self._listen([request])
                return
            answers = [Reason.EAR_FAILED]
        now = time.monotonic()
        if answers != [Reason.EAR_FAILED]:
            audio = sum(to_seconds(len(request.audio), EAR_RATE) for request in batch)
            self.metrics.heard(len(batch), audio, now - began)
        for request, answer in zip(batch, answers, strict=True):
            self.metrics.ear_delay.observe(now - request.asked)
            request.answer.set_result(answer)

    def _note_depth(self) -> None:
        self.metrics.depth(Queue.EARS, len(self._waiting))
