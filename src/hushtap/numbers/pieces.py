"""Pieces: the number runs of one channel as the ledger sees them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from hushtap.numbers.spoken import Form, NumberRun, Part, find_runs, parts
from hushtap.timeline import Span, to_samples
from hushtap.values import HeardBy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.ears.words import Suspect
    from hushtap.values import Word

HARMLESS_FORMS: Final = frozenset(
    {Form.CURRENCY, Form.PERCENT, Form.ORDINAL, Form.UNIT, Form.STREET, Form.CLOCK, Form.YEAR}
)
"""What is written or said beside a number that is no secret."""

YEARS: Final = range(1930, 2024)
ENDING: Final = frozenset({"ending", "ends", "end", "last", "four", "digits"})
ENDING_WORDS: Final = 4
"""After one of those, so many words back, it is the end of a number and no year."""

BEFORE_YEARS: Final = frozenset({"in", "from", "since", "of", "the", "until", "till", "before"})
"""A past year right after one of these is one, and no expiry date."""

TIGHT_S: Final = 0.3
"""Seconds between words of one sentence, at most."""

STRETCH_GAP_S: Final = 0.6
"""Seconds of silence that part two stretches of talk."""

LONG_WORD_S: Final = 1.2
"""A word whose voice lasts longer than this has swallowed others."""

LEAD_WORDS: Final = 4
TRAIL_WORDS: Final = 2
"""Words said in one breath before and after a number that is all a sentence is about:
"the security code is", "thank you"."""

CLEAR_WORDS: Final = 3
SURE: Final = 0.6
VARIED: Final = 0.75
"""Talk is clear from so many words on, of this mean probability, of which this share differ."""

LOOPING: Final = 0.6
"""Share of words that differ, up to which a stretch of talk goes round in circles."""

FAINT_WORDS: Final = 2
FAINT: Final = 0.35
"""So few words, none of a higher probability, are sound that was not understood."""

DIGITS_PER_SECOND: Final = 2.0
"""How fast digits are said, for those that were not understood."""

LAST: Final = 4
"""Digits that a policy may leave audible."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A number run of one channel. Spans are on the call's clock, word indexes its channel's.

    ``span``: from the first number word to the last. ``reach``: with the words
    beside it that may be misheard digits. ``tail``: where the last four digits
    were said, if word bounds tell. ``aside``: a lone number word inside a
    sentence, or one that only says how many digits are meant. ``lenient``: read
    as on a call where a number was asked for. ``amid``: inside a sentence that is about
    something else. ``repeats``: the same words again
    and again, which stands for digits even where none were heard. ``source``:
    which ear. ``shy``: a digit or two that only the words have, or talk without sense
    in which no spotter hears a number: one only where it was asked for. ``faint``: a
    word or two that nobody understood, and in which the spotter hears no number.
    ``spelled``: said digit by digit, three or more. ``early``: begun before the question that
    it is taken for the answer to, which may yet come.
    """

    channel: int
    span: Span
    reach: Span
    digits: str = field(repr=False)
    groups: tuple[int, ...]
    form: frozenset[Form] = frozenset()
    has_month: bool = False
    first: int = -1
    last: int = -1
    source: str = "words"
    lenient: bool = False
    aside: bool = False
    repeats: bool = False
    doubt: bool = False
    amid: bool = False
    lone: bool = False
    shy: bool = False
    faint: bool = False
    spelled: bool = False
    sure: int = -1
    early: bool = False
    tail: Span | None = None

    @property
    def harmless(self) -> bool:
        """Whether its form says that it counts, prices or dates something."""
        return bool(self.form & HARMLESS_FORMS)


def find_pieces(
    words: Sequence[Word], suspects: Sequence[Suspect], channel: int, rate: int, gap_s: float
) -> tuple[list[Piece], list[Piece]]:
    """Return the pieces read strictly and those read leniently, each in order of time.

    A suspect (heard once and not again, or a decoder's loop) is a lenient piece.
    """
    kinds = parts(words)
    strict, lenient = (
        [
            replace(
                _piece(words, run, channel, rate, lenient=lenient),
                amid=_amid(words, kinds, run, rate),
            )
            for run in find_runs(words, rate=rate, max_gap_s=gap_s, lenient=lenient)
        ]
        for lenient in (False, True)
    )
    lenient = [replace(piece, sure=_sure(piece, strict)) for piece in lenient]
    strict = [replace(piece, reach=_reach(piece, lenient)) for piece in strict]
    doubts = [
        Piece(
            channel,
            s.span,
            s.span,
            "0" * s.digits,
            (s.digits,),
            source=s.source,
            lenient=True,
            doubt=True,
        )
        for s in suspects
    ]
    return strict, sorted([*lenient, *doubts], key=lambda piece: piece.span)


def mark_lone(pieces: Sequence[Piece], near: int) -> list[Piece]:
    """Return the pieces, those of one digit marked that have no other within ``near`` samples."""
    return [
        replace(piece, lone=True)
        if len(piece.digits) == 1
        and not piece.doubt
        and not piece.has_month
        and not any(
            other is not piece and piece.span.pad(near, near).overlaps(other.span)
            for other in pieces
        )
        else piece
        for piece in pieces
    ]


def find_unclear(words: Sequence[Word], channel: int, rate: int) -> list[Piece]:
    """Return the stretches of talk between numbers that cannot be trusted to be talk.

    A recogniser that hears no digits in digits writes words that it doubts, or
    the same few again and again. ``digits`` is a placeholder of the likely length.
    """
    gap = to_samples(STRETCH_GAP_S, rate)
    stretches: list[list[int]] = []
    last: Word | None = None
    for index, (word, part) in enumerate(zip(words, parts(words, lenient=True), strict=True)):
        if part in {Part.OTHER, Part.HOMOPHONE}:
            if last is None or word.span.start - last.span.end > gap:
                stretches.append([])
            stretches[-1].append(index)
            last = word
        elif part in {Part.NUMBER, Part.MONTH}:
            last = None
    long = to_samples(LONG_WORD_S, rate)
    return [
        _doubt(words, part, channel, rate)
        for stretch in stretches
        for part in _unsure(words, stretch)
        if not _clear([words[i] for i in part], long)
        and (not _clear([words[i] for i in stretch], long) or _murmur([words[i] for i in part]))
    ]


def _unsure(words: Sequence[Word], stretch: Sequence[int]) -> list[list[int]]:
    """Return a stretch without the sentences in it that the recogniser was sure of.

    Where it says the same words again it has lost its way, however sure it is of some.
    """
    if _distinct([words[i] for i in stretch]) <= LOOPING * len(stretch):
        return [list(stretch)]
    parts_of: list[list[int]] = []
    for sure, group in itertools.groupby(stretch, key=lambda i: words[i].probability >= SURE):
        indices = list(group)
        if sure and len(indices) >= CLEAR_WORDS and _distinct([words[i] for i in indices]) > 1:
            parts_of.append([])
        elif parts_of:
            parts_of[-1] += indices
        else:
            parts_of.append(indices)
    return [part for part in parts_of if part]


def _doubt(words: Sequence[Word], stretch: list[int], channel: int, rate: int) -> Piece:
    inside = [words[i] for i in stretch]
    span = Span(inside[0].span.start, max(w.span.end for w in inside))
    likely = max(1, round(DIGITS_PER_SECOND * len(span) / rate))
    return Piece(
        channel,
        span,
        span,
        "0" * likely,
        (likely,),
        first=stretch[0],
        last=stretch[-1],
        source="unclear",
        lenient=True,
        doubt=True,
        faint=len(inside) <= FAINT_WORDS and all(w.probability <= FAINT for w in inside),
        repeats=len(inside) >= CLEAR_WORDS and _distinct(inside) <= len(inside) / 2,
    )


def _clear(stretch: Sequence[Word], long: int) -> bool:
    """Whether the words are enough, sure enough, short enough and varied enough to be talk."""
    sure = sum(w.probability for w in stretch) / len(stretch) >= SURE
    short = all(len(w.span) <= long for w in stretch)
    varied = _distinct(stretch) >= VARIED * len(stretch)
    return len(stretch) >= CLEAR_WORDS and sure and short and varied


def _murmur(part: Sequence[Word]) -> bool:
    """Whether part of a sentence otherwise clear was not understood at all."""
    return len(part) > 1 and sum(w.probability for w in part) / len(part) <= FAINT


def _distinct(words: Sequence[Word]) -> int:
    return len({w.text.strip().lower().strip(",.?!") for w in words})


def _sure(piece: Piece, strict: Sequence[Piece]) -> int:
    return sum(len(other.digits) for other in strict if other.span.overlaps(piece.span))


def _reach(piece: Piece, lenient: Sequence[Piece]) -> Span:
    span = piece.span
    for other in lenient:
        if other.span.overlaps(piece.span):
            span = span.hull(other.span)
    return span


def _piece(
    words: Sequence[Word], run: NumberRun, channel: int, rate: int, *, lenient: bool
) -> Piece:
    inside = words[run.first : run.last + 1]
    span = Span(inside[0].span.start, max(w.span.end for w in inside))
    return Piece(
        channel,
        span,
        span,
        run.digits,
        run.groups,
        run.form | {Form.YEAR} if _year(words, run) and not run.spelled else run.form,
        run.has_month,
        run.first,
        run.last,
        source=_source(inside),
        lenient=lenient,
        aside=_aside(words, run, span, to_samples(TIGHT_S, rate)),
        tail=_tail(words, run, span),
        spelled=run.spelled,
    )


def _year(words: Sequence[Word], run: NumberRun) -> bool:
    # "the 2017 one" reads as five digits.
    if not LAST <= len(run.digits) <= LAST + 1 or not run.first:
        return False
    year = run.digits[:LAST]
    if not year.isdigit() or int(year) not in YEARS:
        return False
    before = [word.text.strip().lower().strip(",.") for word in words[: run.first][-ENDING_WORDS:]]
    return before[-1] in BEFORE_YEARS and ENDING.isdisjoint(before)


def _source(words: Sequence[Word]) -> HeardBy:
    """Return which ear heard a run: both, where each heard some of it."""
    ears = {word.by for word in words}
    return ears.pop() if len(ears) == 1 else HeardBy.BOTH


def _aside(words: Sequence[Word], run: NumberRun, span: Span, near: int) -> bool:
    if len(run.digits) > 2 or run.last - run.first > 1:  # noqa: PLR2004 - "two", "sixteen"
        return False
    before = words[run.first - 1] if run.first else None
    after = words[run.last + 1] if run.last + 1 < len(words) else None
    if after is not None and after.text.strip().lower().startswith("digit"):
        return True
    if before is not None and before.text.strip().lower().strip(",.") in {"last", "first"}:
        return True
    return (
        len(run.digits) == 1
        and before is not None
        and after is not None
        and span.start - before.span.end < near
        and after.span.start - span.end < near
    )


def _amid(words: Sequence[Word], kinds: Sequence[Part], run: NumberRun, rate: int) -> bool:
    before = _breath(words, kinds, range(run.first, 0, -1), rate)
    after = _breath(words, kinds, range(run.last + 1, len(words)), rate)
    return before > LEAD_WORDS or after > TRAIL_WORDS


def _breath(words: Sequence[Word], kinds: Sequence[Part], bounds: range, rate: int) -> int:
    """Return how many sure words of talk follow each other without a pause across ``bounds``.

    ``bounds``: indices of the later word of each two that adjoin, nearest first.
    """
    pause = to_samples(STRETCH_GAP_S, rate)
    count = 0
    for later in bounds:
        if words[later].span.start - words[later - 1].span.end > pause:
            break
        at = later if bounds.step > 0 else later - 1
        count += kinds[at] is Part.OTHER and words[at].probability >= SURE
        if count > max(LEAD_WORDS, TRAIL_WORDS):
            break
    return count


def _tail(words: Sequence[Word], run: NumberRun, span: Span) -> Span | None:
    count = len(run.digits)
    if count < LAST or (count > LAST and run.owners[-LAST - 1] == run.owners[-LAST]):
        return None
    return Span(min(words[run.owners[-LAST]].span.start, span.end), span.end)
