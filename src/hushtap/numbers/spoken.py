"""From the words of one channel to digits, with a map back to the words.

``parts`` says what each word is beside its neighbours; ``find_runs`` gathers
number words into runs of digits. Where the speech is unsure the digits are
never fewer than were said. Everything here is one pass over the words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from hushtap.numbers.compose import Atom, Break, Said, Unit, compose
from hushtap.numbers.context import Heard, Part, hear
from hushtap.numbers.lexicon import COUNTED, Kind, Token, word_set
from hushtap.timeline import to_samples
from hushtap.values import Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Form", "NumberRun", "Part", "find_runs", "parts"]

GROUP_PAUSE_S: Final = 0.35
"""A silence longer than this, in seconds, ends a spoken group."""

SPELLED: Final = 3
"""Digits said one by one from which on they name something: nobody counts or prices so."""

MOST_BETWEEN: Final = 8
"""Words that are no numbers and still do not end a run, in a row."""


class Form(StrEnum):
    """How a run was written or what was said beside it."""

    CURRENCY = "currency"
    PERCENT = "percent"
    CLOCK = "clock"
    ORDINAL = "ordinal"
    DECIMAL = "decimal"
    UNIT = "unit"
    """Counted things: years, minutes, miles."""
    STREET = "street"
    YEAR = "year"
    """A year named in a sentence: "since 2019"."""
    SLASH = "slash"


@dataclass(frozen=True, slots=True)
class NumberRun:
    """Digits said in a row. Indexes are into the words that were given.

    ``first`` and ``last`` (inclusive) are the first and last number or month
    word; what a correction withdrew lies between them too, so mute them all.
    ``owners[i]`` is the word that said ``digits[i]``; ``groups`` counts the
    digits of each spoken group. ``corrected``: the speaker took something back,
    whether or not it was clear what. ``spelled``: three digits or more, each said by itself.
    """

    first: int
    last: int
    digits: str = field(repr=False)
    owners: tuple[int, ...]
    groups: tuple[int, ...]
    corrected: bool = False
    has_month: bool = False
    form: frozenset[Form] = frozenset()
    spelled: bool = False


def parts(words: Sequence[Word], *, lenient: bool = False) -> list[Part]:
    """Return what each word is. ``lenient``: homophones beside numbers count as numbers.

    Use ``lenient`` on calls where a number was asked for: there ``for`` is
    more often a misheard ``four`` than not.
    """
    return [heard.part for heard in hear([word.text for word in words], lenient=lenient)]


def find_runs(
    words: Sequence[Word], *, rate: int, max_gap_s: float = 1.2, lenient: bool = False
) -> list[NumberRun]:
    """Return the number runs in ``words`` of one channel, in order.

    A run ends where a silence longer than ``max_gap_s`` seconds, a word of other
    speech or more than ``MOST_BETWEEN`` fillers follow. ``rate`` is that of the
    word spans in Hz. Linear in the number of words and of their characters.
    """
    heard = hear([word.text for word in words], lenient=lenient)
    longest = to_samples(max_gap_s, rate)
    pause = to_samples(GROUP_PAUSE_S, rate)
    runs = []
    for members in _stretches(words, heard, longest):
        run = _read(words, heard, members, pause)
        if run is not None:
            runs.append(run)
    return runs


def _stretches(words: Sequence[Word], heard: Sequence[Heard], longest: int) -> Iterator[range]:
    """Yield the word indexes of each run, from its first number word to its last."""
    first: int | None = None
    last = end = 0
    for index, (word, this) in enumerate(zip(words, heard, strict=True)):
        if first is not None:
            silent = word.span.start - end > longest
            if silent or this.part is Part.OTHER or index - last - 1 > MOST_BETWEEN:
                yield range(first, last + 1)
                first = None
        if this.part in {Part.NUMBER, Part.MONTH}:
            first = index if first is None else first
            last = index
        end = max(end, word.span.end) if first is not None and index > first else word.span.end
    if first is not None:
        yield range(first, last + 1)


def _read(
    words: Sequence[Word], heard: Sequence[Heard], members: range, pause: int
) -> NumberRun | None:
    units = compose(list(_atoms(words, heard, members, pause)))
    if not units:
        return None
    groups, corrected = _settle(_group(units))
    said = [one for group in groups for one in group]
    spelled = len(said) >= SPELLED and all(_spelled(heard[owner]) for _, owner in said)
    return NumberRun(
        first=members[0],
        last=members[-1],
        digits="".join(digit for digit, _ in said),
        owners=tuple(owner for _, owner in said),
        groups=tuple(map(len, groups)),
        corrected=corrected,
        has_month=any(heard[i].part is Part.MONTH for i in members),
        form=_form(heard, members, spelled=spelled),
        spelled=spelled,
    )


def _spelled(this: Heard) -> bool:
    counted = [token for token in this.tokens if token.kind in COUNTED]
    return all(
        token.kind in _DIGITS or (token.kind is Kind.NUMERAL and len(token.text) == 1)
        for token in counted
    )


_DIGITS: Final = frozenset({Kind.DIGIT, Kind.OH, Kind.HOMOPHONE})

_BREAKS: Final = {
    Part.FILLER: Break.SOFT,
    Part.IDIOM: Break.SOFT,
    Part.HOMOPHONE: Break.SOFT,
    Part.MONTH: Break.HARD,
    Part.SEPARATOR: Break.HARD,
    Part.CORRECTION: Break.CORRECTION,
}
_MARKS: Final = {"-": Break.NONE, ",": Break.SOFT, ".": Break.SOFT, "'": Break.NONE}


def _atoms(
    words: Sequence[Word], heard: Sequence[Heard], members: range, pause: int
) -> Iterator[Atom]:
    between = Break.NONE
    for index in members:
        this = heard[index]
        if index > members[0] and words[index].span.start - words[index - 1].span.end > pause:
            between = max(between, Break.HARD)
        if this.part is not Part.NUMBER:
            mild = this.tokens and this.tokens[0].text == "and"
            between = max(between, Break.AND if mild else _BREAKS.get(this.part, Break.HARD))
            continue
        for token in this.tokens:
            if token.kind is Kind.MARK:
                between = max(between, _MARKS.get(token.text, Break.HARD))
            elif token.kind in COUNTED:
                yield Atom(token, index, between)
                between = Break.NONE


@dataclass(slots=True)
class _Group:
    said: list[Said] = field(repr=False)
    before: Break
    single: bool


def _group(units: Sequence[Unit]) -> list[_Group]:
    """Gather units into spoken groups.

    Digits said one by one stand together until a pause or a comma; where every
    digit has its comma, the commas say nothing and the digits stand together.
    """
    groups: list[_Group] = []
    single = False
    for unit in units:
        joins = single and unit.single and unit.before <= Break.AND
        if groups and joins:
            groups[-1].said.extend(unit.said)
        else:
            groups.append(_Group(list(unit.said), unit.before, unit.single))
        single = unit.single
    merged: list[_Group] = []
    loose = False
    for group in groups:
        lone = group.single and len(group.said) == 1
        if merged and lone and loose and group.before <= Break.SOFT:
            merged[-1].said.extend(group.said)
        else:
            merged.append(group)
        loose = lone
    return merged


def _settle(groups: Sequence[_Group]) -> tuple[list[list[Said]], bool]:
    """Apply the corrections that are clear: a group said again with a few digits changed."""
    settled: list[list[Said]] = []
    corrected = False
    for group in groups:
        if group.before is Break.CORRECTION:
            corrected = True
            if settled and _replaces(settled[-1], group.said):
                settled.pop()
        settled.append(group.said)
    return settled, corrected


def _replaces(old: Sequence[Said], new: Sequence[Said]) -> bool:
    if len(old) != len(new):
        return False
    changed = sum(a != b for (a, _), (b, _) in zip(old, new, strict=True))
    return 1 <= changed <= len(new) // 2


_CURRENCY: Final = word_set(
    "$ € £ ¥ ¢ dollar dollars cent cents buck bucks pound pounds euro euros pence"
)
_UNITS: Final = word_set(
    "year years month months week weeks day days hour hours minutes seconds mile "
    "miles million billion times people items item degrees gigabytes feet foot inches inch"
)
_STREETS: Final = word_set(
    "street avenue road drive lane boulevard court apartment suite st ave rd blvd"
)
_CLOCK: Final = word_set("am pm a.m p.m o'clock clock")
_BESIDE: Final[dict[str, Form]] = {
    **dict.fromkeys(_CURRENCY, Form.CURRENCY),
    **dict.fromkeys(_UNITS, Form.UNIT),
    **dict.fromkeys(_STREETS, Form.STREET),
    **dict.fromkeys(_CLOCK, Form.CLOCK),
    "%": Form.PERCENT,
    "percent": Form.PERCENT,
}
_WITHIN: Final[dict[str, Form]] = {
    **dict.fromkeys("$€£¥¢", Form.CURRENCY),
    "%": Form.PERCENT,
    "/": Form.SLASH,
    "slash": Form.SLASH,
    "point": Form.DECIMAL,
}


def _form(heard: Sequence[Heard], members: range, *, spelled: bool) -> frozenset[Form]:
    forms = {form for index in members for form in _forms_within(heard[index].tokens)}
    first, last = members[0], members[-1]
    after = [one.tokens[0].text for one in heard[last + 1 : last + 4] if one.tokens]
    if "i" in after and "am" in after:
        after = after[: after.index("am")]  # "am i right", "i am sure"
    beside = {_BESIDE[text] for text in after[:2] if text in _BESIDE}
    forms.update(beside & {Form.STREET} if spelled else beside)
    if first and any(token.text in _CURRENCY for token in heard[first - 1].tokens):
        forms.add(Form.CURRENCY)
    return frozenset(forms)


def _forms_within(cut: Sequence[Token]) -> Iterator[Form]:
    for at, token in enumerate(cut):
        form = _WITHIN.get(token.text) or _BESIDE.get(token.text)
        if token.kind in {Kind.ORDINAL, Kind.SUFFIX}:
            yield Form.ORDINAL
        elif form:
            yield form
        if token.text in {".", ":"} and at + 1 < len(cut) and cut[at + 1].kind is Kind.NUMERAL:
            yield Form.DECIMAL if token.text == "." else Form.CLOCK
