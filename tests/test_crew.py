"""Calls at once: what is heard, in which order, and that all of it ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.crew import AHEAD, MOST, Crew, StoppedError, usual_workers
from hushtap.ears.engine import MAX_BATCH, Heard, padded
from hushtap.errors import ModelError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

LONG = 12 * 16_000


class LengthEar:
    """Says of each window how long it is, as a loop or none; notes the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        self.batches.append([len(window) for window in windows])
        return [Heard((), looped=len(window) % 2 == 1) for window in windows]


def silent(*lengths: int) -> list[NDArray[np.float32]]:
    return [np.zeros(length, np.float32) for length in lengths]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_answers_come_in_the_order_of_the_windows(workers: int) -> None:
    ear = LengthEar()
    lengths = [LONG + n if n % 7 == 0 else 1_000 + n for n in range(3 * MAX_BATCH + 5)]
    with Crew(lambda: ear, workers) as crew:
        heard = crew.listen(silent(*lengths))
    assert [one.looped for one in heard] == [length % 2 == 1 for length in lengths]
    assert all(len(batch) <= MAX_BATCH for batch in ear.batches)
    assert all(len({padded(length) for length in batch}) == 1 for batch in ear.batches)
    # The batches are those of one worker, in whatever order they were heard.
    alone = LengthEar()
    with Crew(lambda: alone, 1) as crew:
        crew.listen(silent(*lengths))
    assert sorted(ear.batches) == sorted(alone.batches)


def test_no_windows_no_answers() -> None:
    with Crew(LengthEar, 2) as crew:
        assert crew.listen([]) == []


def test_results_come_in_the_order_of_the_tasks_and_errors_among_them() -> None:
    last_is_done = threading.Event()

    def do(task: int) -> int:
        if task == 0:
            # The first is done after the second.
            assert last_is_done.wait(30)
        if task == 1:
            last_is_done.set()
            raise ValueError("one")
        return task * 10

    with Crew(LengthEar, 2) as crew:
        outcomes = [(task, future.exception()) for task, future in crew.map(do, range(4))]
    assert [task for task, _ in outcomes] == [0, 1, 2, 3]
    assert [type(error) for _, error in outcomes] == [type(None), ValueError, *[type(None)] * 2]


def test_no_more_tasks_are_taken_than_are_needed() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for task in range(1_000):
            taken.append(task)
            yield task

    with Crew(LengthEar, 2) as crew:
        for fetched, _ in enumerate(crew.map(str, tasks())):
            assert len(taken) <= fetched + 2 * AHEAD
            if fetched == 20:
                break
    assert len(taken) < 30


def test_leaving_stops_what_still_runs() -> None:
    both_run = threading.Barrier(3)
    ended: list[int] = []

    def do(task: int) -> None:
        both_run.wait(30)
        try:
            while True:
                crew.listen(silent(1_000))
        except StoppedError:
            ended.append(task)
            raise

    def tasks() -> Iterator[int]:
        yield from range(2)
        both_run.wait(30)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Crew(LengthEar, 2) as crew:
        list(crew.map(do, tasks()))
    assert sorted(ended) == [0, 1]


def test_weights_are_loaded_once_and_only_when_they_are_needed() -> None:
    loaded = []

    def load() -> LengthEar:
        loaded.append(threading.current_thread().name)
        return LengthEar()

    with Crew(load, 4) as crew:
        assert loaded == []
        for _, future in crew.map(lambda n: crew.listen(silent(n + 1)), range(20)):
            future.result()
    assert len(loaded) == 1


def test_an_ear_that_cannot_be_loaded_says_so_to_each_call() -> None:
    def load() -> LengthEar:
        raise ModelError("the weights: cannot be loaded")

    with Crew(load, 2) as crew:
        errors = [f.exception() for _, f in crew.map(lambda _: crew.ready(), range(3))]
    assert [type(error) for error in errors] == [ModelError] * 3


def test_workers() -> None:
    assert 1 <= usual_workers() <= MOST
    with pytest.raises(UsageError, match="1 or more"):
        Crew(LengthEar, 0)
