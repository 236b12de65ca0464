"""From number tokens in a row to digits: the grammar of spoken numbers.

One pass, no backtracking: linear in the number of tokens, loops of the
recogniser included.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.numbers.lexicon import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

Said: TypeAlias = tuple[str, int]
"""One digit and the index of the word that said it."""


class Break(IntEnum):
    """What lies between two number tokens, weakest first."""

    NONE = 0
    AND = 1
    SOFT = 2
    """A comma or a filler: ends ``forty`` before ``five``, a thousand before a hundred."""
    HARD = 3
    """A pause, a slash, a spoken dash: always ends a group."""
    CORRECTION = 4


@dataclass(frozen=True, slots=True)
class Atom:
    """One number token, the word it stands in, and what lies before it."""

    token: Token = field(repr=False)
    word: int
    before: Break


@dataclass(slots=True)
class Unit:
    """The digits of one number phrase. ``single``: said digit by digit."""

    said: list[Said] = field(repr=False)
    single: bool
    before: Break


_ADDENDS: Final = frozenset({Kind.DIGIT, Kind.TEEN, Kind.TENS, Kind.HOMOPHONE})
_MOST_REPEATS: Final = 4
_LONGEST_FACTOR: Final = 3


def compose(atoms: Sequence[Atom]) -> list[Unit]:
    """Return the units that ``atoms`` say, in order. A dangling ``double`` says nothing."""
    units: list[Unit] = []
    at = 0
    while at < len(atoms):
        unit, at = _unit(atoms, at)
        if unit.said:
            units.append(unit)
    return units


def _unit(atoms: Sequence[Atom], at: int) -> tuple[Unit, int]:
    first = atoms[at]
    if first.token.kind is Kind.TIMES:
        return _multiplied(atoms, at)
    if _counts_plural(atoms, at):
        repeated = atoms[at + 1]
        more = int(first.token.digits) - 1
        said = [(repeated.token.digits, first.word)]
        said += [(repeated.token.digits, repeated.word)] * more
        return Unit(said, single=True, before=first.before), at + 2
    said, at = _small(atoms, at)
    single, head = len(said) == 1, at
    if first.token.kind is Kind.HUNDRED:
        said, at = _added(atoms, said, at)
    elif first.token.kind is Kind.THOUSAND:
        said, at = _below_thousand(atoms, said, at)
    said, at = _hundreds(atoms, said, at)
    said, at = _thousands(atoms, said, at)
    return Unit(said, single=single and at == head, before=first.before), at


def _multiplied(atoms: Sequence[Atom], at: int) -> tuple[Unit, int]:
    """Read ``double five``; of ``double double`` only the last counts."""
    before = atoms[at].before
    while at + 1 < len(atoms) and atoms[at + 1].token.kind is Kind.TIMES:
        at += 1
    times = atoms[at]
    at += 1
    if at == len(atoms) or atoms[at].token.kind in {Kind.HUNDRED, Kind.THOUSAND}:
        return Unit([], single=True, before=before), at
    atom = atoms[at]
    digits = atom.token.digits
    repeat = digits[0] if atom.token.kind is Kind.NUMERAL else digits
    copies = repeat * (int(times.token.digits) - 1)
    said = [(digit, times.word) for digit in copies] + [(digit, atom.word) for digit in digits]
    return Unit(said, single=len(digits) == 1, before=before), at + 1


def _counts_plural(atoms: Sequence[Atom], at: int) -> bool:
    """Whether ``three zeros`` starts here."""
    if at + 1 >= len(atoms) or atoms[at + 1].token.kind is not Kind.PLURAL:
        return False
    count = atoms[at].token
    plain = count.kind in {Kind.DIGIT, Kind.NUMERAL, Kind.HOMOPHONE} and len(count.digits) == 1
    return plain and atoms[at + 1].before <= Break.AND and 1 < int(count.digits) <= _MOST_REPEATS


def _small(atoms: Sequence[Atom], at: int) -> tuple[list[Said], int]:
    """Read one token, or tens and their ones."""
    atom = atoms[at]
    said = [(digit, atom.word) for digit in atom.token.digits]
    at += 1
    if atom.token.kind is not Kind.TENS or at == len(atoms):
        return said, at
    ones = atoms[at]
    joins = (
        ones.before is Break.NONE
        and ones.token.kind in {Kind.DIGIT, Kind.ORDINAL, Kind.HOMOPHONE}
        and len(ones.token.digits) == 1
        and ones.token.digits != "0"
    )
    if not joins:
        return said, at
    return [said[0], (ones.token.digits, ones.word)], at + 1


def _hundreds(atoms: Sequence[Atom], said: list[Said], at: int) -> tuple[list[Said], int]:
    """Read ``hundred`` and what is added to it, after ``said``."""
    if len(said) > _LONGEST_FACTOR or not _is(atoms, at, Kind.HUNDRED):
        return said, at
    return _added(atoms, said + [("0", atoms[at].word)] * 2, at + 1)


def _thousands(atoms: Sequence[Atom], said: list[Said], at: int) -> tuple[list[Said], int]:
    """Read ``thousand`` and what is added to it, after ``said``."""
    if not _is(atoms, at, Kind.THOUSAND):
        return said, at
    return _below_thousand(atoms, said + [("0", atoms[at].word)] * 3, at + 1)


def _below_thousand(atoms: Sequence[Atom], said: list[Said], at: int) -> tuple[list[Said], int]:
    """Lay ``one hundred and five``, if it starts at ``at``, over the last three zeros."""
    if not (at < len(atoms) and atoms[at].before <= Break.AND and _addend(atoms[at])):
        return said, at
    part, after = _small(atoms, at)
    if len(part) == 1 and _is(atoms, after, Kind.HUNDRED):
        part, after = _hundreds(atoms, part, after)
        return said[: -len(part)] + part, after
    return (said, at) if _is(atoms, after, Kind.THOUSAND) else _added(atoms, said, at)


def _added(atoms: Sequence[Atom], said: list[Said], at: int) -> tuple[list[Said], int]:
    """Lay the number below 100 that starts at ``at``, if one does, over the last zeros."""
    if not (at < len(atoms) and atoms[at].before <= Break.AND and _addend(atoms[at])):
        return said, at
    part, after = _small(atoms, at)
    if _is(atoms, after, Kind.HUNDRED):
        return said, at
    return said[: -len(part)] + part, after


def _addend(atom: Atom) -> bool:
    return atom.token.kind in _ADDENDS and atom.token.digits != "0"


def _is(atoms: Sequence[Atom], at: int, kind: Kind) -> bool:
    return at < len(atoms) and atoms[at].token.kind is kind and atoms[at].before <= Break.AND
