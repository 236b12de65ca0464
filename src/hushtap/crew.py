"""Several calls at once: threads that redact, threads that hear, and one end for all of them.

A call is redacted by one thread; its windows are heard by as many threads as
there are workers, so that a single call is as fast as several. One call more than
there are workers is in hand: while it is read or written, they have others to hear.
A window's batch is put together from one call alone: what is heard does not depend
on the others.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self, TypeVar

from hushtap.ears.engine import MAX_BATCH, padded
from hushtap.errors import HushtapError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from hushtap.ears.engine import Heard
    from hushtap.ears.shared import Ear

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST: Final = 8
"""Workers that are taken unasked; what runs in Python takes turns beyond that."""

AHEAD: Final = 2
"""Tasks that are begun or wait for each worker, so that none is idle while results are fetched."""


class StoppedError(HushtapError):
    """The run is over, and the call is not."""


def usual_workers() -> int:
    """Return how many workers there are unless told: one a core, ``MOST`` at most."""
    with suppress(AttributeError):
        # Fewer than the machine has where the process is confined to some.
        return min(len(os.sched_getaffinity(0)), MOST)
    return min(os.cpu_count() or 1, MOST)


class Crew:
    """The threads of one run; an ``Ear`` to the calls. Use it as a context manager.

    Leaving the block, by an exception as well, stops what still runs and waits
    for it: calls in hand end by ``StoppedError`` within about one batch.

    Args:
        load: returns the ear that hears; called when it is first needed, by one thread.
        workers: batches heard at once; one call more than that is redacted at once.

    Raises:
        UsageError: there is no worker.
    """

    def __init__(self, load: Callable[[], Ear], workers: int) -> None:
        if workers < 1:
            raise UsageError(f"{workers} calls at once cannot be redacted: give 1 or more")
        self.workers = workers
        self._load = load
        self._loading = threading.Lock()
        self._ear: Ear | None = None
        self._stopped = threading.Event()
        self._callers = ThreadPoolExecutor(workers + 1, "hushtap-call")
        self._hearers = ThreadPoolExecutor(workers, "hushtap-ear")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()
        self._callers.shutdown(cancel_futures=True)
        self._hearers.shutdown(cancel_futures=True)

    def check(self) -> None:
        """Raise ``StoppedError`` where the run is over."""
        if self._stopped.is_set():
            raise StoppedError("the run was stopped before the call was redacted: run it again")

    def ready(self) -> None:
        """Load the ear, unless it is loaded. Raises ``ModelError``."""
        with self._loading:
            if self._ear is None:
                self._ear = self._load()

    @property
    def spots(self) -> bool:
        """Whether the ear hears with the digit spotter too. False until it is loaded."""
        return bool(getattr(self._ear, "spots", False))

    def map(
        self, do: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Iterator[tuple[Task, Future[Result]]]:
        """Yield each task with its result or error, in the order of ``tasks``.

        No more than ``AHEAD`` tasks a worker are taken before their results are.
        """
        begun: deque[tuple[Task, Future[Result]]] = deque()
        for task in tasks:
            begun.append((task, self._callers.submit(do, task)))
            if len(begun) >= AHEAD * self.workers:
                yield _done(*begun.popleft())
        while begun:
            yield _done(*begun.popleft())

    def listen(
        self,
        windows: Sequence[NDArray[np.float32]],
        words: Sequence[bool] | None = None,
        before: Sequence[Heard] | None = None,
    ) -> list[Heard]:
        """Return what was heard in each window, in order, heard by all workers at once.

        ``words``: for each window, whether its words are wanted (default: all);
        ``before``: what the spotter alone heard in each, if it did.

        Raises:
            ModelError: the weights cannot be loaded.
            StoppedError: the run is over.
        """
        self.ready()
        # Windows of one length share a batch; the order within a length stays.
        wanted = [True] * len(windows) if words is None else words
        kinds = [(padded(len(window)), w) for window, w in zip(windows, wanted, strict=True)]
        order = sorted(range(len(windows)), key=kinds.__getitem__)
        kinds_in_order = [kinds[i] for i in order]
        asked: list[tuple[list[int], Future[list[Heard]]]] = []
        at = 0
        while at < len(order):
            end = min(at + MAX_BATCH, at + kinds_in_order[at:].count(kinds_in_order[at]))
            batch = order[at:end]
            audio, worded = [windows[i] for i in batch], [wanted[i] for i in batch]
            known = ([before[i] for i in batch],) if before else ()
            asked.append((batch, self._hearers.submit(self._hear, audio, worded, *known)))
            at = end
        heard: dict[int, Heard] = {}
        try:
            for batch, answer in asked:
                heard.update(zip(batch, answer.result(), strict=True))
        finally:
            for _, answer in asked:
                answer.cancel()
        return [heard[i] for i in range(len(windows))]

    def _hear(
        self, batch: list[NDArray[np.float32]], words: list[bool], *before: list[Heard]
    ) -> list[Heard]:
        self.check()
        assert self._ear is not None  # noqa: S101 - listen() made it ready
        # An ear without a spotter has nothing to remember.
        return self._ear.listen(batch, words, *before)


def _done(task: Task, future: Future[Result]) -> tuple[Task, Future[Result]]:
    future.exception()
    return task, future
