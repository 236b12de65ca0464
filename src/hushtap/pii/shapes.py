# ruff: noqa: PLR2004 - the lengths of numbers are the subject of this file
"""What each kind of number looks like once its digits are known: data and checks.

Scores are for a run that nobody asked for. A checksum adds, and never takes
away: at 5 % digit error most true numbers fail theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from presidio_analyzer.predefined_recognizers import (
    AbaRoutingRecognizer,
    CreditCardRecognizer,
    UsSsnRecognizer,
)

from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.pii.nlp import Run

CARD_LENGTHS: Final = range(13, 20)
"""Digits of a payment card number (ISO/IEC 7812-1 allows up to 19; no brand issues under 13)."""

SURE_LENGTH: Final = 13
"""From here on no harmless word lowers a run: only cards and their like are this long."""

_LUHN: Final = CreditCardRecognizer()
_ABA: Final = AbaRoutingRecognizer()
_SSN: Final = UsSsnRecognizer()


@dataclass(frozen=True, slots=True)
class Shape:
    """A named form, its score from 0 to 1, and the test for it."""

    rule: str
    score: float
    fits: Callable[[Run], bool]


@dataclass(frozen=True, slots=True)
class Recipe:
    """All about one entity: its shapes (the first that fits counts), its cues, its checksum.

    ``cues`` and ``harmless`` are lemmas as ``hushtap.pii.nlp`` writes them. Cues of the
    recipe are never harmless to it. ``bonus`` is added where ``proof`` holds.
    ``follows_card``: said after a card number without being asked for. ``dated``: a
    year may be this entity.
    """

    entity: Entity
    shapes: tuple[Shape, ...]
    cues: frozenset[str]
    proof: Callable[[Run], bool] = field(default=lambda _: False)
    bonus: float = 0.0
    follows_card: bool = False
    dated: bool = False


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARMLESS: Final = _words(
    "phone telephone cell mobile fax extension callback order confirmation reference tracking "
    "invoice ticket zip zip_code postcode promo_code amount total price cost balance flight "
    "serial dollar percent"
)
"""Lemmas before a run that say it is something else, unless a cue stands nearer."""

HARMLESS_AFTER: Final = _words(
    "dollar cent buck pound euro percent am pm a.m. p.m. o'clock oclock street avenue road drive "
    "lane boulevard apartment year month week day hour minute second mile people time item degree "
    "million billion feet inch"
)
"""Lemmas right after a run that say what it counts."""

YEAR_AFTER: Final = _words("in since until year")
"""Lemmas that make a year of four digits starting with 19 or 20."""


def _count(*lengths: int) -> Callable[[Run], bool]:
    wanted = frozenset(lengths)
    return lambda run: len(run.digits) in wanted


def _between(least: int, most: int) -> Callable[[Run], bool]:
    return lambda run: least <= len(run.digits) <= most


def _grouped(*forms: tuple[int, ...]) -> Callable[[Run], bool]:
    wanted = frozenset(forms)
    return lambda run: run.groups in wanted


def _phone(run: Run) -> bool:
    return run.groups in {(3, 3, 4), (1, 3, 3, 4), (3, 7), (6, 4), (3, 3, 2, 2)}


def _in_fours(run: Run) -> bool:
    full = [size for size in run.groups if size == 4]
    return len(full) >= 2 or run.groups[:2] in {(4, 6), (4, 5)}


def _brand(run: Run) -> bool:
    """Whether the prefix and length are those of a brand (Amex, Visa, Mastercard, Discover...)."""
    digits, length = run.digits, len(run.digits)
    if digits[:2] in {"34", "37"}:
        return length == 15
    master = 51 <= int(digits[:2]) <= 55 or 2221 <= int(digits[:4]) <= 2720
    other = digits[0] == "4" or digits[:4] == "6011" or digits[:2] in {"65", "35", "36", "62"}
    return length in CARD_LENGTHS and (master or other)


def _luhn(run: Run) -> bool:
    return len(run.digits) in CARD_LENGTHS and bool(_LUHN.validate_result(run.digits))


def _ssn_issued(run: Run) -> bool:
    return len(run.digits) == 9 and not _SSN.invalidate_result(run.digits)


def _aba(run: Run) -> bool:
    return (
        len(run.digits) == 9
        and run.digits[0] in "0123678"
        and bool(_ABA.validate_result(run.digits))
    )


def is_year(run: Run) -> bool:
    """Whether the digits read like a year of this century or the last."""
    return len(run.digits) == 4 and run.digits[:2] in {"19", "20"}


def _month_year(run: Run) -> bool:
    """Whether the digits are MMYY, MYY, MMYYYY or MYYYY of a card's lifetime."""
    digits = run.digits
    if not 3 <= len(digits) <= 6:
        return False
    for head in (1, 2):
        month, year = digits[:head], digits[head:]
        if len(year) == 4 and year.startswith("20"):
            year = year[2:]
        if 1 <= int(month) <= 12 and len(year) == 2 and 20 <= int(year) <= 49:
            return True
    return False


def _named_expiry(run: Run) -> bool:
    return run.has_month and (len(run.digits) == 2 or is_year(run))


RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe(
        Entity.CREDIT_CARD,
        (
            Shape("card-brand", 0.85, _brand),
            Shape("card-length", 0.75, lambda run: len(run.digits) in CARD_LENGTHS),
            Shape("card-long", 0.65, lambda run: len(run.digits) > CARD_LENGTHS[-1]),
            Shape("card-like-phone", 0.1, _phone),
            Shape("card-near-fours", 0.55, lambda run: len(run.digits) >= 10 and _in_fours(run)),
            Shape("card-near-12", 0.5, _count(12)),
            Shape("card-near", 0.2, _count(10, 11)),
            Shape("card-part", 0.1, _between(4, 9)),
        ),
        _words(
            "card credit debit visa mastercard master amex american express discover diner maestro "
            "jcb ending pan"
        ),
        proof=_luhn,
        bonus=0.15,
    ),
    Recipe(
        Entity.CVV,
        (
            Shape("code", 0.2, _count(3)),
            Shape("code-year", 0.1, is_year),
            Shape("code", 0.2, _count(4)),
            Shape("code-near", 0.1, _count(2, 5)),
        ),
        _words("cvv cvc cvn cvd cid csc cbv cvb cbb security_code code"),
        follows_card=True,
    ),
    Recipe(
        Entity.EXPIRY,
        (
            Shape("month-name-year", 0.35, _named_expiry),
            Shape("month-year", 0.25, _month_year),
            Shape("expiry-near", 0.1, _between(2, 6)),
        ),
        _words("expiry expiration expire expired expiring exp good_through thru valid"),
        follows_card=True,
        dated=True,
    ),
    Recipe(
        Entity.US_SSN,
        (
            Shape("ssn-3-2-4", 0.6, _grouped((3, 2, 4))),
            Shape("ssn-5-4", 0.4, _grouped((5, 4), (3, 6), (9,), (3, 2, 2, 2))),
            Shape("ssn-length", 0.2, _count(9)),
            Shape("ssn-near-groups", 0.4, _grouped((2, 2, 4), (3, 1, 4), (3, 2, 3), (3, 2, 5))),
            Shape("ssn-near", 0.15, lambda run: len(run.digits) in {8, 10} and not _phone(run)),
            Shape("ssn-part", 0.1, _between(2, 7)),
        ),
        _words("social ssn itin taxpayer"),
        proof=_ssn_issued,
        bonus=0.05,
    ),
    Recipe(
        Entity.BANK_ACCOUNT,
        (Shape("account", 0.15, _between(6, 17)), Shape("account-part", 0.1, _between(4, 5))),
        _words("account account_number checking saving bank iban"),
    ),
    Recipe(
        Entity.ROUTING_NUMBER,
        (Shape("routing", 0.15, _count(9)), Shape("routing-near", 0.1, _count(8, 10))),
        _words("routing aba"),
        proof=_aba,
        bonus=0.15,
    ),
    Recipe(
        Entity.PIN,
        (Shape("pin", 0.15, _between(4, 6)),),
        _words("pin passcode password pincode"),
    ),
    Recipe(
        Entity.DATE_OF_BIRTH,
        (
            Shape("date-named", 0.3, lambda run: run.has_month and len(run.digits) <= 6),
            Shape("date", 0.2, _between(5, 8)),
            Shape("year", 0.1, is_year),
        ),
        _words("dob birth birthday birthdate born"),
        dated=True,
    ),
    Recipe(
        Entity.PHONE,
        (
            Shape("phone-3-3-4", 0.6, _phone),
            Shape("phone-10", 0.3, _count(10, 11)),
            Shape("phone-7", 0.3, _grouped((3, 4))),
            Shape("phone-part", 0.1, _between(7, 9)),
        ),
        _words("phone telephone cell mobile fax callback number"),
    ),
)
