"""People's recorded number words, cut together: spliced digits and telephone prompts.

``allison`` names the prompts of Debian's ``asterisk-core-sounds-en-wav`` (one
recording of each word, teens, tens and months included); any other name is an
FSDD speaker, who has the ten digits only.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile as sf

import speech

if TYPE_CHECKING:
    from collections.abc import Sequence

PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PROMPT_SPEAKER = "allison"
ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
PROMPT_FILES = {
    **{word: f"digits/{value}" for value, word in enumerate((*ONES, *_TEENS))},
    **{word: f"digits/{value}" for value, word in zip(range(20, 100, 10), _TENS, strict=True)},
    **{word: f"digits/mon-{at}" for at, word in enumerate(_MONTHS)},
    **{word: f"digits/{word}" for word in ("oh", "hundred", "thousand", "dollars")},
    "slash": "letters/slash",
}
"""Words that the prompts say, and their files below ``PROMPTS``, without the suffix."""

WITHIN = (0.04, 0.25)
"""Seconds from a recorded digit to the next."""
WITHIN_PROMPTS = (0.03, 0.2)
WITHIN_COMPOUND = (0.0, 0.05)
"""From "forty" to "one", "four" to "hundred": one number, said as one."""
AFTER_COMMA = (0.2, 0.45)


def can_say(said: str, speaker: str) -> bool:
    """Return whether a recorded speaker has every word of ``said``."""
    known = PROMPT_FILES if speaker == PROMPT_SPEAKER else ONES
    return all(word in known for word in _words(said))


def wording(said: str, digits: str, speaker: str) -> str:
    """Return the words nearest to ``said`` that a recorded speaker has, else the digits singly."""
    for words in (said, " ".join(said.replace("oh", "zero").split())):
        if words and can_say(words, speaker):
            return words
    return " ".join(ONES[int(digit)] for digit in digits)


def splice(
    said: str, speaker: str, corpora: Path | None, rng: np.random.Generator
) -> tuple[speech.Audio, list[tuple[int, int]]]:
    """Return the words of ``said`` in one recorded voice, and the extent of each.

    Words follow each other in 30-250 ms, after a comma in up to 450; the extents
    are ``(start, end)`` in samples at 8 kHz.

    Raises:
        FileNotFoundError: a recording is not there.
        KeyError: the speaker has no recording of a word.
    """
    words = said.split()
    parts: list[speech.Audio] = []
    extents: list[tuple[int, int]] = []
    at = 0
    for n, word in enumerate(words, start=1):
        draw = int(rng.integers(1 << 30))
        piece = _recording(word.rstrip(","), speaker, corpora, draw)
        parts.append(piece)
        extents.append((at, at + len(piece)))
        at += len(piece)
        if n < len(words):
            low, high = _gap(word, words[n], speaker)
            gap = rng.uniform(low, high)
            parts.append(np.zeros(round(gap * speech.RATE), np.float32))
            at += len(parts[-1])
    return np.concatenate(parts), extents


def _gap(word: str, following: str, speaker: str) -> tuple[float, float]:
    """Return the bounds of the pause between two recorded words, in seconds."""
    if word.endswith(","):
        return AFTER_COMMA
    if (word in _TENS and following in ONES) or following in {"hundred", "thousand"}:
        return WITHIN_COMPOUND
    return WITHIN_PROMPTS if speaker == PROMPT_SPEAKER else WITHIN


def _words(said: str) -> Sequence[str]:
    return said.replace(",", " ").split()


def _recording(word: str, speaker: str, corpora: Path | None, draw: int) -> speech.Audio:
    if speaker == PROMPT_SPEAKER:
        return _prompt(word)
    if corpora is None:
        msg = "recorded digits need the folder that holds fsdd/; give it as --corpora"
        raise FileNotFoundError(msg)
    return speech.recorded_digit(str(ONES.index(word)), speaker, corpora, draw)


@lru_cache(maxsize=256)
def _prompt(word: str) -> speech.Audio:
    path = PROMPTS / f"{PROMPT_FILES[word]}.wav"
    if not path.is_file():
        msg = f"no recorded prompt {path}; apt-get install asterisk-core-sounds-en-wav"
        raise FileNotFoundError(msg)
    samples, _ = sf.read(path, dtype="float32")
    piece = speech.level(speech.trim(np.asarray(samples, np.float32), below=30.0))
    piece.setflags(write=False)
    return piece
