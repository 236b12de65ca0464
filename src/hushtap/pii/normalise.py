"""One line of text per stretch of speech, in the only form that the recognizers see.

Lower case, number runs as digits in groups parted by one blank, two runs parted
by a comma, fillers inside runs left out: ``my card is 4111 1111 1111 1111 thanks``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from hushtap.numbers.lexicon import MONTHS, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.numbers.spoken import NumberRun
    from hushtap.values import Word


@dataclass(frozen=True, slots=True)
class Normalised:
    """The text, and for each of its characters the index of the word it came from.

    Blanks and commas belong to the word before them.
    """

    text: str = field(repr=False)
    owners: tuple[int, ...] = field(repr=False)
    runs: tuple[tuple[int, int], ...] = ()

    def words(self, start: int, end: int) -> tuple[int, int]:
        """Return the first and last word (inclusive) behind ``text[start:end]``.

        Widened to the whole of every number run it touches, so that what a
        correction withdrew is inside too.

        Raises:
            ValueError: the range is empty or outside the text.
        """
        if not 0 <= start < end <= len(self.text):
            msg = f"no words behind [{start}, {end}) of {len(self.text)} characters"
            raise ValueError(msg)
        first, last = self.owners[start], self.owners[end - 1]
        for run_first, run_last in self.runs:
            if run_first <= last and first <= run_last:
                first, last = min(first, run_first), max(last, run_last)
        return first, last


def normalise(words: Sequence[Word], runs: Sequence[NumberRun]) -> Normalised:
    """Return the text of ``words`` with ``runs`` (in order, apart) as digits."""
    text: list[str] = []
    owners: list[int] = []
    ended: int | None = None
    starts = {run.first: run for run in runs}
    at = 0
    while at < len(words):
        run = starts.get(at)
        chunks = _chunks(words, run) if run else [(_plain(words[at].text), [at])]
        for piece, owning in chunks:
            if not piece:
                continue
            if owners:
                glue = ", " if run and ended == at else " "
                text.append(glue)
                owners.extend([owners[-1]] * len(glue))
            text.append(piece)
            owners.extend(owning if run else owning * len(piece))
            ended = None
        at = run.last + 1 if run else at + 1
        ended = at if run else ended
    return Normalised("".join(text), tuple(owners), tuple((run.first, run.last) for run in runs))


def _plain(text: str) -> str:
    return "".join(fold(text).split()).strip(".,!?;:\"'()[]{}-\u2013\u2014\u2026\u266a")


def _chunks(words: Sequence[Word], run: NumberRun) -> list[tuple[str, list[int]]]:
    """Return the pieces of a run, each with one owner per character: groups and month names."""
    opens = set(accumulate(run.groups, initial=0))
    months = _months(words, run)
    chunks: list[tuple[str, list[int]]] = []
    for place, (digit, owner) in enumerate(zip(run.digits, run.owners, strict=True)):
        fresh = place in opens
        while months and months[0][1][0] < owner:
            chunks.append(months.pop(0))
            fresh = True
        if fresh:
            chunks.append((digit, [owner]))
        else:
            piece, owning = chunks[-1]
            chunks[-1] = (piece + digit, [*owning, owner])
    return chunks + months


def _months(words: Sequence[Word], run: NumberRun) -> list[tuple[str, list[int]]]:
    if not run.has_month:
        return []
    names = [(_plain(words[index].text), index) for index in range(run.first, run.last + 1)]
    return [(name, [index] * len(name)) for name, index in names if name in MONTHS]
