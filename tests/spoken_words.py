"""Words as a recogniser gives them, and the numbers read in them: for tests of spoken numbers."""

from __future__ import annotations

from hushtap.numbers.spoken import NumberRun, find_runs
from hushtap.timeline import Span
from hushtap.values import Word

RATE = 8_000
LENGTH = 2_000
PAUSE = "|"
PAUSE_SAMPLES = 4_000


def speak(said: str) -> list[Word]:
    """Words of 0.25 s; a bar is a pause of half a second."""
    words = []
    at = 0
    for piece in said.split():
        if piece == PAUSE:
            at += PAUSE_SAMPLES
            continue
        words.append(Word(" " + piece, Span(at, at + LENGTH)))
        at += LENGTH
    return words


def runs(said: str, *, lenient: bool = False) -> list[NumberRun]:
    return find_runs(speak(said), rate=RATE, lenient=lenient)


def digits(said: str, *, lenient: bool = False) -> list[str]:
    return [run.digits for run in runs(said, lenient=lenient)]
