"""What one reading of a window is worth: whether to take it, doubt it, or read once more."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hushtap.numbers.cues import find_cues
from hushtap.numbers.spoken import Part, find_runs, parts
from hushtap.timeline import Span
from hushtap.vad import EAR_RATE
from hushtap.values import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from hushtap.ears.spotter import DigitTrack
    from hushtap.ears.times import Stretch

FAINT: Final = 10 ** (-62 / 20)
"""Where no tenth of a second of a window is as loud as this (of full scale), a voice would be
40 dB quieter than most: it is the line's own noise, of which the decoder makes words."""

LOOP_BYTES: Final = 24
LOOP_RATIO: Final = 3.0
"""Text that compresses better than this is a decoder in a loop."""

FEWEST: Final = 2
"""Numbers that the primed reading must hear where the plain one heard none."""

DOUBT: Final = -0.9
"""Mean log probability of a token below which a reading is doubted."""


@dataclass(frozen=True, slots=True)
class Said:
    """One reading of a window: text tokens, where they lie, text, mean log probability, loop?"""

    tokens: list[int] = field(repr=False)
    stretches: list[Stretch]
    text: str = field(repr=False)
    score: float
    looped: bool


NOTHING: Final = Said([], [], "", 0.0, looped=False)


def _kinds(text: str) -> list[Part]:
    return parts([Word(piece, Span(0, 0)) for piece in text.split()])


def _digits(texts: Iterable[str]) -> str:
    """Return the digits that words stand for, without regard to pauses."""
    words = [Word(text, Span(0, 0)) for text in texts]
    return "".join(run.digits for run in find_runs(words, rate=EAR_RATE))


def may_speak(window: NDArray[np.float32], track: DigitTrack | None) -> bool:
    """Whether a window is worth reading: it is loud enough, or the spotter hears something."""
    if track is None or track.counts or track.cues:
        return True
    tenth = EAR_RATE // 10
    return any(
        float(np.dot(part, part)) > len(part) * FAINT**2
        for part in (window[at : at + tenth] for at in range(0, len(window), tenth))
    )


def needs_times(said: Said, track: DigitTrack | None) -> bool:
    """Whether it matters when exactly the words of a reading were said: near numbers."""
    if track is None or track.counts or track.cues:
        return True
    words = [Word(text, Span(0, 0)) for text in said.text.split()]
    plain = {Part.OTHER, Part.FILLER, Part.IDIOM}
    return not plain.issuperset(parts(words, lenient=True)) or bool(find_cues(words, 0))


def loops(text: str) -> bool:
    """Whether a text says the same again and again, as a decoder in a loop does."""
    raw = text.encode()
    return len(raw) > LOOP_BYTES and len(raw) / len(zlib.compress(raw)) > LOOP_RATIO


def doubtful(said: Said, track: DigitTrack | None) -> bool:
    """Whether a second reading, primed for digits, is worth its time."""
    kinds = _kinds(said.text)
    numbers = kinds.count(Part.NUMBER)
    if track is not None:
        spotted = _digits(word.text for word in track.words)
        if spotted == _digits(said.text.split()) and (spotted or not track.counts):
            # Both ears heard the same: nothing is left to ask.
            return False
    talk = kinds.count(Part.OTHER)
    return said.looped or said.score < DOUBT or (numbers > 0 and 2 * talk <= numbers)


def better(plain: Said, primed: Said) -> Said:
    """Choose the primed reading where it hears digits and is the surer of the two."""
    heard = _kinds(primed.text).count(Part.NUMBER)
    before = _kinds(plain.text).count(Part.NUMBER)
    if heard < FEWEST and not before:
        return plain
    surer = primed.score > plain.score or (plain.looped and not primed.looped)
    if heard and (surer or heard > before > 0):
        # Primed readings often repeat what was said; only where both loop is more hidden.
        return replace(primed, looped=primed.looped and plain.looped)
    return plain
