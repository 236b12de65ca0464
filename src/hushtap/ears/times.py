"""When the words of one window were said, by attention or, where it matters little, by length."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hushtap.timeline import Span
from hushtap.values import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faster_whisper.tokenizer import Tokenizer

FRAME: Final = 320
"""Samples per encoder frame (20 ms), the grain of word times."""

SHORTEST: Final = 2 * FRAME
"""No word is shorter than this: those that are repeat another inside a loop. Marks alone
are no words either."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text tokens ``[first, last)`` that the decoder places at ``[start, end)``, in samples."""

    first: int
    last: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Text:
    text: str = field(repr=False)
    first: int
    last: int

    @property
    def is_word(self) -> bool:
        return any(c.isalnum() for c in self.text)


def _texts(tokenizer: Tokenizer, tokens: Sequence[int]) -> list[_Text]:
    """Return the words and the range of tokens of each."""
    texts, pieces = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    bounds = np.cumsum([0, *(len(piece) for piece in pieces[:-1])]).tolist()
    return [_Text(t, a, b) for t, a, b in zip(texts[:-1], bounds, bounds[1:], strict=False)]


def aligned(
    tokenizer: Tokenizer,
    tokens: Sequence[int],
    path: Any,  # noqa: ANN401 - ctranslate2's WhisperAlignmentResult has no stub
    length: int,
) -> list[Word]:
    """Return words at the times of the cross-attention path, in samples of the window.

    After faster-whisper's ``find_alignment``. The window has ``length`` samples.
    """
    steps = np.array(path.alignments)
    jumps = np.concatenate(([True], np.diff(steps[:, 0]) > 0))
    times = steps[jumps, 1] * FRAME
    probabilities = path.text_token_probs
    words = []
    for said in _texts(tokenizer, tokens):
        start = min(int(times[min(said.first, len(times) - 1)]), length)
        end = min(max(start, int(times[min(said.last, len(times) - 1)])), length)
        if end - start >= SHORTEST and said.is_word:
            mean = float(np.mean(probabilities[said.first : said.last]))
            words.append(Word(said.text, Span(start, end), mean))
    return words


def spread(
    tokenizer: Tokenizer, tokens: Sequence[int], stretches: Sequence[Stretch], probability: float
) -> list[Word]:
    """Return words over the stretches that the decoder's own time stamps give, by length.

    They are off by some tenths of a second, which does for talk that is near no number.
    """
    texts = _texts(tokenizer, tokens)
    words = []
    for stretch in stretches:
        inside = [t for t in texts if stretch.first <= t.first < stretch.last and t.is_word]
        ends = np.cumsum([len(t.text) for t in inside])
        room = stretch.end - stretch.start
        at = stretch.start
        for said, end in zip(inside, ends.tolist(), strict=True):
            until = stretch.start + room * end // int(ends[-1])
            if until - at >= SHORTEST:
                words.append(Word(said.text, Span(at, until), probability))
            at = until
    return words
