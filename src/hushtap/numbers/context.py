"""What each word is beside its neighbours: number, filler, correction, idiom or other speech."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from hushtap.numbers.lexicon import (
    COUNTED,
    DEFINITE,
    LONGEST_PHRASE,
    OH_AFTER,
    ONE_AFTER,
    ONE_BEFORE,
    PHRASES,
    SHY_MONTHS,
    Kind,
    Token,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


class Part(StrEnum):
    """What one word is, in its context."""

    NUMBER = "number"
    FILLER = "filler"
    CORRECTION = "correction"
    SEPARATOR = "separator"
    MONTH = "month"
    HOMOPHONE = "homophone"
    """Sounds like a number and was not counted as one."""
    IDIOM = "idiom"
    """A number word that says no number: ``one moment``, ``oh okay``."""
    OTHER = "other"


@dataclass(slots=True)
class Heard:
    """One word: its tokens, its letters as one key for rules, and its part."""

    tokens: list[Token] = field(repr=False)
    key: str = field(repr=False)
    kind: Kind
    part: Part = Part.OTHER


_PLAIN: Final = {
    Kind.FILLER: Part.FILLER,
    Kind.CORRECTION: Part.CORRECTION,
    Kind.SEPARATOR: Part.SEPARATOR,
    Kind.MONTH: Part.MONTH,
    Kind.HOMOPHONE: Part.HOMOPHONE,
    Kind.MARK: Part.FILLER,
}
_QUIET: Final = frozenset({Part.FILLER, Part.SEPARATOR, Part.CORRECTION})
_DETERMINERS: Final = frozenset({"the", "of"})
_OPENINGS: Final = frozenset(phrase[0] for phrase in PHRASES)
_LONELY_OHS: Final = 3
_SURE_SINGLES: Final = 3


def hear(texts: Sequence[str], *, lenient: bool) -> list[Heard]:
    """Return what each recognised word is, in its context. Linear; never raises."""
    heard = [_hear(text) for text in texts]
    _phrases(heard)
    _one(heard)
    _times(heard, lenient=lenient)
    _oh(heard, lenient=lenient)
    if lenient:
        _lenient_homophones(heard)
    else:
        _sure_homophones(heard)
    _oh_spreads(heard)
    _plurals(heard)
    _ordinals(heard)
    _months(heard)
    return heard


def _hear(text: str) -> Heard:
    cut = tokens(text)
    said = [token for token in cut if token.kind not in {Kind.MARK, Kind.SUFFIX}]
    if not said:
        return Heard(cut, "", Kind.MARK, Part.FILLER)
    key = said[0].text if len(said) == 1 else ""
    kind = said[0].kind if all(token.kind is said[0].kind for token in said) else Kind.OTHER
    counted = [token for token in said if token.kind in DEFINITE]
    if len(said) > 1 and any(token.kind is Kind.NUMERAL for token in said):
        kind = Kind.NUMERAL
    elif len(said) > 1 and counted:
        # "one-way" and "two-factor" are words; "oh-nine", "double-five", "four-one-uh" are numbers.
        worded = any(token.kind is Kind.OTHER and token.text != "a" for token in said)
        if worded and len(counted) == 1:
            return Heard(cut, key, Kind.OTHER, Part.IDIOM)
        kind = counted[0].kind
    elif len(said) > 1 and all(token.kind in COUNTED for token in said):
        kind = said[-1].kind
    numeral = any(token.text.isdecimal() for token in said)
    part = Part.NUMBER if numeral or kind in DEFINITE else _PLAIN.get(kind, Part.OTHER)
    return Heard(cut, key, kind, part)


def _phrases(heard: list[Heard]) -> None:
    at = 0
    while at < len(heard):
        longest = min(LONGEST_PHRASE, len(heard) - at) if heard[at].key in _OPENINGS else 0
        for length in range(longest, 0, -1):
            kind = PHRASES.get(tuple(one.key for one in heard[at : at + length]))
            if kind is not None:
                for one in heard[at : at + length]:
                    one.part = _PLAIN[kind]
                    one.kind = kind
                at += length - 1
                break
        at += 1


def _number(heard: Sequence[Heard], at: int) -> bool:
    return 0 <= at < len(heard) and heard[at].part is Part.NUMBER


def _key(heard: Sequence[Heard], at: int) -> str:
    return heard[at].key if 0 <= at < len(heard) else ""


def _one(heard: list[Heard]) -> None:
    for at, this in enumerate(heard):
        if this.key != "one" or _number(heard, at - 1) or _number(heard, at + 1):
            continue
        # In "four two, no, one" the word before closes a correction, not an idiom.
        begun = at > 0 and [token.kind for token in heard[at - 1].tokens[-1:]] == [Kind.MARK]
        led = _key(heard, at - 1) in ONE_BEFORE and not begun and not _number(heard, at - 2)
        if led or _key(heard, at + 1) in ONE_AFTER:
            this.part = Part.IDIOM


def _times(heard: list[Heard], *, lenient: bool) -> None:
    """Mark ``double`` before a digit; from the right, so that each looks at its successor."""
    at_next = -1
    sayable = {Kind.OH, Kind.PLURAL} | ({Kind.HOMOPHONE} if lenient else set())
    for at in range(len(heard) - 1, -1, -1):
        this = heard[at]
        if this.kind is Kind.TIMES and at_next >= 0:
            after = heard[at_next]
            if after.part is Part.NUMBER or after.kind in sayable:
                this.part = after.part = Part.NUMBER
        if this.part not in _QUIET:
            at_next = at


def _oh(heard: list[Heard], *, lenient: bool) -> None:
    """Settle ``oh`` beside numbers, in rows, and where it is an exclamation."""
    _oh_spreads(heard)
    before, after = _nearest(heard, 1), _nearest(heard, -1)
    row = 0
    for at, this in enumerate(heard):
        loose = this.kind is Kind.OH and this.part is not Part.NUMBER
        row = row + 1 if loose else 0
        if row >= _LONELY_OHS:
            for back in range(row if row == _LONELY_OHS else 1):
                heard[at - back].part = Part.NUMBER
        elif loose and before[at] and after[at]:
            this.part = Part.NUMBER
        elif loose and lenient and (before[at] or after[at]):
            exclaimed = _key(heard, at + 1) in OH_AFTER
            this.part = Part.IDIOM if exclaimed else Part.NUMBER
    for at, this in enumerate(heard):
        if this.kind is Kind.OH and this.part is not Part.NUMBER:
            this.part = Part.IDIOM if _key(heard, at + 1) in OH_AFTER else Part.FILLER


def _oh_spreads(heard: list[Heard]) -> None:
    for step in (1, -1):
        order = range(len(heard)) if step == 1 else range(len(heard) - 1, -1, -1)
        for at in order:
            if heard[at].kind is Kind.OH and _number(heard, at - step):
                heard[at].part = Part.NUMBER


def _lenient_homophones(heard: list[Heard]) -> None:
    """Count every homophone that touches a number, or stands between two across fillers."""
    for step in (1, -1):
        order = range(len(heard)) if step == 1 else range(len(heard) - 1, -1, -1)
        for at in order:
            if heard[at].part is Part.HOMOPHONE and _number(heard, at - step):
                heard[at].part = Part.NUMBER
    before = _nearest(heard, 1)
    after = _nearest(heard, -1)
    for at, this in enumerate(heard):
        if this.part is Part.HOMOPHONE and before[at] and after[at]:
            this.part = Part.NUMBER


def _nearest(heard: Sequence[Heard], step: int) -> list[bool]:
    """Say for each word whether the nearest clear one before it (after it, at -1) is a number."""
    found = [False] * len(heard)
    last = False
    order = range(len(heard)) if step == 1 else range(len(heard) - 1, -1, -1)
    for at in order:
        found[at] = last
        part = heard[at].part
        unclear = part is Part.HOMOPHONE or (heard[at].kind is Kind.OH and part is not Part.NUMBER)
        if part not in _QUIET and not unclear:
            last = part is Part.NUMBER
    return found


def _single(heard: Sequence[Heard], at: int) -> bool:
    if not _number(heard, at):
        return False
    counted = [token for token in heard[at].tokens if token.kind in COUNTED]
    return len(counted) == 1 and len(counted[0].digits) == 1


def _sure_homophones(heard: list[Heard]) -> None:
    """Count a homophone amid digits said one by one: ``four one for one one``."""
    for at, this in enumerate(heard):
        if this.part is not Part.HOMOPHONE:
            continue
        singles = sum(_single(heard, at + step) for step in (-2, -1, 1, 2))
        if _single(heard, at - 1) and _single(heard, at + 1) and singles >= _SURE_SINGLES:
            this.part = Part.NUMBER


def _plurals(heard: list[Heard]) -> None:
    for at, this in enumerate(heard):
        if this.kind is Kind.PLURAL and this.part is not Part.NUMBER:
            beside = _number(heard, at - 1) or _number(heard, at + 1)
            this.part = Part.NUMBER if beside else Part.IDIOM


def _ordinals(heard: list[Heard]) -> None:
    """Count ordinals that are part of a date or of a number."""
    for at, this in enumerate(heard):
        if this.kind is not Kind.ORDINAL:
            continue
        tens = _number(heard, at - 1) and heard[at - 1].kind is Kind.TENS
        before = heard[at - 1].kind if at else Kind.OTHER
        after = heard[at + 1].kind if at + 1 < len(heard) else Kind.OTHER
        dated = Kind.MONTH in {before, after} or (
            _key(heard, at - 1) == "the" and at > 1 and heard[at - 2].kind is Kind.MONTH
        )
        dated |= _key(heard, at + 1) == "of" and (
            at + 2 < len(heard) and heard[at + 2].kind is Kind.MONTH
        )
        this.part = Part.NUMBER if tens or dated else Part.IDIOM


def _months(heard: list[Heard]) -> None:
    """Settle months that are also words, and link ``the`` and ``of`` inside dates."""
    for at, this in enumerate(heard):
        if this.kind is not Kind.MONTH:
            continue
        before, after = _number(heard, at - 1), _number(heard, at + 1)
        for step in (-1, 1):
            if _key(heard, at + step) in _DETERMINERS and _number(heard, at + 2 * step):
                heard[at + step].part = Part.FILLER
                before, after = before or step < 0, after or step > 0
        if this.key in SHY_MONTHS and not (before or after):
            this.part = Part.OTHER
