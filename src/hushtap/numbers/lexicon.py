"""The vocabulary of spoken numbers, and the cutting of recognised text into tokens.

English as callers say it and as Whisper writes it. A token says what a piece of
text may be; ``hushtap.numbers.spoken`` decides what it is beside its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


def word_set(text: str) -> frozenset[str]:
    """Return the words of ``text``, which blanks part."""
    return frozenset(text.split())


class Kind(StrEnum):
    """What one token may be."""

    NUMERAL = "numeral"
    DIGIT = "digit"
    OH = "oh"
    TEEN = "teen"
    TENS = "tens"
    HUNDRED = "hundred"
    THOUSAND = "thousand"
    PLURAL = "plural"
    TIMES = "times"
    ORDINAL = "ordinal"
    SUFFIX = "suffix"
    HOMOPHONE = "homophone"
    MONTH = "month"
    FILLER = "filler"
    CORRECTION = "correction"
    SEPARATOR = "separator"
    MARK = "mark"
    OTHER = "other"


COUNTED: Final = frozenset(
    {
        Kind.NUMERAL,
        Kind.DIGIT,
        Kind.OH,
        Kind.TEEN,
        Kind.TENS,
        Kind.HUNDRED,
        Kind.THOUSAND,
        Kind.PLURAL,
        Kind.TIMES,
        Kind.ORDINAL,
        Kind.HOMOPHONE,
    }
)
"""Kinds that can say digits."""

DEFINITE: Final = frozenset(
    {Kind.NUMERAL, Kind.DIGIT, Kind.TEEN, Kind.TENS, Kind.HUNDRED, Kind.THOUSAND}
)
"""Kinds that say digits whatever stands beside them, idioms apart."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a word. ``digits`` is what it says: ``"7"``, ``"40"``, ``"2"`` for double."""

    kind: Kind
    text: str = field(repr=False)
    digits: str = field(default="", repr=False)


_DIGITS: Final = {
    "zero": "0",
    "nought": "0",
    "naught": "0",
    "nil": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "fife": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "niner": "9",
}
_TEENS: Final = {
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
    "thirteen": "13",
    "fourteen": "14",
    "fifteen": "15",
    "sixteen": "16",
    "seventeen": "17",
    "eighteen": "18",
    "nineteen": "19",
}
_TENS: Final = {
    "twenty": "20",
    "thirty": "30",
    "forty": "40",
    "fourty": "40",
    "fifty": "50",
    "sixty": "60",
    "seventy": "70",
    "eighty": "80",
    "ninety": "90",
    "ninty": "90",
}
_PLURALS: Final = {
    "zeros": "0",
    "zeroes": "0",
    "ohs": "0",
    "noughts": "0",
    "ones": "1",
    "twos": "2",
    "threes": "3",
    "fours": "4",
    "fives": "5",
    "sixes": "6",
    "sevens": "7",
    "eights": "8",
    "nines": "9",
}
_ORDINALS: Final = {
    "first": "1",
    "second": "2",
    "third": "3",
    "fourth": "4",
    "fifth": "5",
    "sixth": "6",
    "seventh": "7",
    "eighth": "8",
    "ninth": "9",
    "tenth": "10",
    "eleventh": "11",
    "twelfth": "12",
    "thirteenth": "13",
    "fourteenth": "14",
    "fifteenth": "15",
    "sixteenth": "16",
    "seventeenth": "17",
    "eighteenth": "18",
    "nineteenth": "19",
    "twentieth": "20",
    "thirtieth": "30",
}
_HOMOPHONES: Final = {
    "owe": "0",
    "won": "1",
    "wan": "1",
    "to": "2",
    "too": "2",
    "tree": "3",
    "free": "3",
    "for": "4",
    "fore": "4",
    "fight": "5",
    "hive": "5",
    "sex": "6",
    "sick": "6",
    "sicks": "6",
    "heaven": "7",
    "ate": "8",
    "hate": "8",
    "nigh": "9",
    "nein": "9",
    "tin": "10",
}
_TIMES: Final = {"double": "2", "triple": "3", "treble": "3", "quadruple": "4"}

MONTHS: Final = {
    "january": 1,
    "jan": 1,
    "february": 2,
    "feb": 2,
    "march": 3,
    "april": 4,
    "apr": 4,
    "may": 5,
    "june": 6,
    "july": 7,
    "august": 8,
    "aug": 8,
    "september": 9,
    "sept": 9,
    "sep": 9,
    "october": 10,
    "oct": 10,
    "november": 11,
    "nov": 11,
    "december": 12,
    "dec": 12,
}
SHY_MONTHS: Final = frozenset({"may", "march", "sep", "dec", "jan"})
"""Months that are also other words or names: months only beside a number."""

_FILLERS: Final = word_set(
    "uh uhh um umm uhm er err erm ah hm hmm mm mmm mhm huh okay ok yes yeah yep yup and then right "
    "alright sure please next so well like moment sec got gotcha ready"
)
_CORRECTIONS: Final = word_set(
    "sorry no nope correction oops actually rather whoops wait apologies pardon"
)
_SEPARATORS: Final = word_set("dash hyphen space slash stroke over point dot comma pause")

PHRASES: Final[dict[tuple[str, ...], Kind]] = {
    **{
        tuple(phrase.split()): Kind.FILLER
        for phrase in (
            "let me see",
            "let's see",
            "let me look",
            "let me check",
            "hold on",
            "hang on",
            "you know",
            "got it",
            "go ahead",
            "go on",
            "i think",
            "just a moment",
            "just a second",
            "just a minute",
            "give me a second",
            "all right",
            "followed by",
            "and then",
            "i see",
            "that's",
            "it's",
        )
    },
    **{
        tuple(phrase.split()): Kind.CORRECTION
        for phrase in (
            "i mean",
            "i meant",
            "scratch that",
            "strike that",
            "make that",
            "excuse me",
            "my mistake",
            "my bad",
            "let me start over",
            "start again",
            "start over",
        )
    },
}
"""Runs of words that mean one thing; the longest that fits counts."""

LONGEST_PHRASE: Final = max(map(len, PHRASES))

ONE_BEFORE: Final = word_set(
    "no the this that which each every any some another last first next new other good only for "
    "right wrong same different old big long quick"
)
"""``one`` after these is no number, unless a number follows."""

ONE_AFTER: Final = word_set(
    "moment second sec minute of more thing day time other another last way or question quick "
    "is was that who by way time's"
)
"""``one`` before these is no number, unless a number came before."""

OH_AFTER: Final = word_set(
    "okay ok i i'm i've i'll yes yeah no my well sorry right thanks thank sure god wait hold great "
    "good that that's it it's you really dear boy wow clock hi hello hey and but so what"
)
"""``oh`` before these is no number, unless a number came before."""

_COMPOUND: Final = re.compile(
    "|".join(sorted((*_DIGITS, *_TEENS, *_TENS, "hundred", "thousand"), key=len, reverse=True))
)
_PIECE: Final = re.compile(r"\d+|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]|_")
_PLURAL_S: Final = frozenset({"s", "'s"})
_DATE_SUFFIXES: Final = frozenset({"st", "nd", "rd", "th"})

_TABLE: Final[dict[str, Token]] = {
    **{w: Token(Kind.FILLER, w) for w in _FILLERS},
    **{w: Token(Kind.CORRECTION, w) for w in _CORRECTIONS},
    **{w: Token(Kind.SEPARATOR, w) for w in _SEPARATORS},
    **{w: Token(Kind.MONTH, w) for w in MONTHS},
    **{w: Token(Kind.ORDINAL, w, d) for w, d in _ORDINALS.items()},
    **{w: Token(Kind.HOMOPHONE, w, d) for w, d in _HOMOPHONES.items()},
    **{w: Token(Kind.TIMES, w, d) for w, d in _TIMES.items()},
    **{w: Token(Kind.PLURAL, w, d) for w, d in _PLURALS.items()},
    **{w: Token(Kind.DIGIT, w, d) for w, d in _DIGITS.items()},
    **{w: Token(Kind.TEEN, w, d) for w, d in _TEENS.items()},
    **{w: Token(Kind.TENS, w, d) for w, d in _TENS.items()},
    **{w: Token(Kind.OH, w, "0") for w in ("oh", "o", "ohh")},
    "hundred": Token(Kind.HUNDRED, "hundred", "100"),
    "thousand": Token(Kind.THOUSAND, "thousand", "1000"),
}


def fold(text: str) -> str:
    """Return ``text`` in the one form that rules see: NFKC, lower case, plain apostrophes."""
    return unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")


def tokens(text: str) -> list[Token]:
    """Cut one recognised word, as Whisper wrote it, into tokens; never raises.

    ``" forty-one"`` gives tens, mark, digit; ``" 4th"`` gives numeral, suffix.
    """
    cut: list[Token] = []
    for match in _PIECE.finditer(fold(text)):
        piece = match.group()
        if piece.isdecimal():
            ascii_digits = "".join(str(unicodedata.decimal(char)) for char in piece)
            cut.append(Token(Kind.NUMERAL, piece, ascii_digits))
        elif not piece[0].isalpha():
            cut.append(Token(Kind.MARK, piece))
        elif cut and cut[-1].kind is Kind.NUMERAL and match.start() and _is_suffix(piece, cut[-1]):
            _add_suffix(cut, piece)
        else:
            cut.extend(_words(piece))
    return cut


def _is_suffix(piece: str, numeral: Token) -> bool:
    return piece in _DATE_SUFFIXES or (piece in _PLURAL_S and len(numeral.digits) == 1)


def _add_suffix(cut: list[Token], piece: str) -> None:
    if piece in _DATE_SUFFIXES:
        cut.append(Token(Kind.SUFFIX, piece))
    else:
        cut[-1] = Token(Kind.PLURAL, cut[-1].text, cut[-1].digits)


def _words(piece: str) -> list[Token]:
    known = _TABLE.get(piece)
    if known is not None:
        return [known]
    if piece.endswith("'s"):
        stem = _TABLE.get(piece[:-2])
        if stem is not None and stem.kind in {Kind.DIGIT, Kind.OH}:
            return [Token(Kind.PLURAL, piece, stem.digits)]
    parts = _COMPOUND.findall(piece)
    if len(parts) > 1 and sum(map(len, parts)) == len(piece):
        return [_TABLE[part] for part in parts]
    return [Token(Kind.OTHER, piece)]
