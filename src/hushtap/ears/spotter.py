"""The second ear: hears that a number is being said, or asked for, without a language model.

A small convolutional head on the frames of the Whisper encoder. It has no words to
prefer over a digit, does not loop, and its times are those of the frames. How
it was trained and what it was measured at: models/digit_spotter.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime  # type: ignore[import-untyped]

from hushtap.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

ON: Final = 0.5
"""Probability from which on a step is part of a number."""

SHORTEST: Final = 6
"""Steps of number speech in a number, at least; fewer are a stray."""

NUMBER: Final = 2
"""Class of number speech among the kinds (0 silence, 1 other speech)."""


@dataclass(frozen=True, slots=True)
class SpottedWord:
    """A word that the spotter names: at which step of 20 ms, and how sure it is."""

    text: str = field(repr=False)
    step: int
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class DigitTrack:
    """What the spotter made of one window, in steps of 20 ms from its start.

    ``number``: probability that a step is part of a number, shape ``(steps,)``.
    ``words``: the number words named, in order. ``cues``: words that tell what a number
    is ("card", "zip"), in order.
    """

    number: NDArray[np.float32] = field(repr=False)
    words: tuple[SpottedWord, ...] = field(repr=False)
    cues: tuple[SpottedWord, ...] = field(repr=False, default=())

    @property
    def counts(self) -> bool:
        """Whether there is as much number speech as one digit takes."""
        return int((self.number >= ON).sum()) >= SHORTEST


class Spotter:
    """Turns encoder frames into digit tracks. Thread-safe.

    Raises:
        ModelError: the file cannot be loaded or was not trained for such frames.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session: Any = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            named = self._session.get_modelmeta().custom_metadata_map
            words, cues = named["words"].split(), named.get("cues", "").split()
        except Exception as exc:
            raise ModelError(f"{path}: cannot be loaded as a digit spotter") from exc
        self._names: tuple[str, ...] = ("", *words, *cues)
        self._first_cue = 1 + len(words)

    def spot(self, frames: NDArray[np.float32], steps: Sequence[int]) -> list[DigitTrack]:
        """Return the track of each window.

        Args:
            frames: encoder frames, shape ``(windows, frames, width)``.
            steps: how many frames of each window hold its audio; the rest is padding.
        """
        outputs: list[NDArray[np.float32]] = self._session.run(None, {"frames": frames})
        kinds, words = outputs
        return [
            DigitTrack(kinds[i, :n, NUMBER].copy(), *self._named(words[i]))
            for i, n in enumerate(steps)
        ]

    def _named(
        self, words: NDArray[np.float32]
    ) -> tuple[tuple[SpottedWord, ...], tuple[SpottedWord, ...]]:
        """Return the number words and the cues of the most likely path, each where it is surest."""
        path = words.argmax(axis=-1)
        starts = np.flatnonzero(np.diff(path, prepend=-1) != 0)
        ends = [*starts[1:], len(path)]
        numbers: list[SpottedWord] = []
        cues: list[SpottedWord] = []
        for start, end in zip(starts.tolist(), ends, strict=True):
            kind = int(path[start])
            if kind:
                step = start + int(words[start:end, kind].argmax())
                found = cues if kind >= self._first_cue else numbers
                found.append(SpottedWord(self._names[kind], step, float(words[step, kind])))
        return tuple(numbers), tuple(cues)
