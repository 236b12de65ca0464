"""The benchmark: leak and over-redaction, measured by comparing audio with audio.

The score trusts nothing that a pipeline says about itself: it looks at the
original, the redacted copy and the truth, in steps of 10 ms. ``truth`` reads the
labels, ``steps`` compares, ``scores`` judges one call, ``tally`` many; ``cases``
finds them, ``page`` and ``plots`` show the result. docs/benchmark.md is the rule book.
"""

from __future__ import annotations

from hushtap.evaluate.scores import (
    GUARD_SECONDS,
    OPEN_SECONDS,
    WIDE_OPEN_SECONDS,
    Audio,
    NumberScore,
    Score,
    SpanScore,
    Stretch,
    score,
    score_files,
)
from hushtap.evaluate.summary import Summary, summarise
from hushtap.evaluate.truth import Conditions, Truth, TruthSpan, load_truth

__all__ = [
    "GUARD_SECONDS",
    "OPEN_SECONDS",
    "WIDE_OPEN_SECONDS",
    "Audio",
    "Conditions",
    "NumberScore",
    "Score",
    "SpanScore",
    "Stretch",
    "Summary",
    "Truth",
    "TruthSpan",
    "load_truth",
    "score",
    "score_files",
    "summarise",
]
