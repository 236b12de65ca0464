"""The ways in which people say numbers, sensitive and harmless."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from dialogue import Group

if TYPE_CHECKING:
    from collections.abc import Callable

ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEENS = (
    *("ten", "eleven", "twelve", "thirteen", "fourteen"),
    *("fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
BELOW_TWENTY = (*ONES, *TEENS)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
DAYS = (
    *("twentieth", "twenty first", "twenty second", "twenty third", "twenty fourth"),
    *("twenty fifth", "twenty sixth", "twenty seventh", "twenty eighth"),
)
"""The twentieth and what follows it."""
STYLES = ("singles", "commas", "multiples", "pairs", "hundreds")


def below_hundred(value: int) -> str:
    """Return 0-99 in words."""
    if value < len(BELOW_TWENTY):
        return BELOW_TWENTY[value]
    return TENS[value // 10] + (f" {ONES[value % 10]}" if value % 10 else "")


def digit_words(digits: str, zero: str = "zero", separator: str = " ") -> str:
    """Return digits one by one, with ``zero`` for 0 (``zero`` or ``oh``)."""
    return separator.join(zero if digit == "0" else ONES[int(digit)] for digit in digits)


def pairs(digits: str, zero: str = "oh") -> str:
    """Return digits two by two ("forty-one, oh nine"); an odd one at the front stands alone."""
    words = [digit_words(digits[0], zero)] if len(digits) % 2 else []
    for at in range(len(digits) % 2, len(digits), 2):
        pair = digits[at : at + 2]
        words.append(digit_words(pair, zero) if pair[0] == "0" else below_hundred(int(pair)))
    return " ".join(words)


def multiples(digits: str, zero: str = "zero") -> str:
    """Return digits with repeats as double and triple ("four, triple one")."""
    words: list[str] = []
    at = 0
    while at < len(digits):
        run = len(digits[at:]) - len(digits[at:].lstrip(digits[at]))
        take = min(run, 3)
        name = digit_words(digits[at], zero)
        words.append(("", "", "double ", "triple ")[take] + name)
        at += take
    return " ".join(words)


def hundreds(digits: str, zero: str = "oh") -> str:
    """Return a group of four as hundreds or thousands where it ends in zeros, else in pairs."""
    if len(digits) != len("4100") or digits[2:] != "00" or digits[0] == "0":
        return pairs(digits, zero)
    if digits[1:] == "000":
        return f"{ONES[int(digits[0])]} thousand"
    if digits[1] == "0":
        return f"{below_hundred(int(digits[:2]))} hundred"
    return f"{ONES[int(digits[0])]} thousand {ONES[int(digits[1])]} hundred"


def in_words(digits: str, style: str, rng: np.random.Generator) -> str:
    """Return a group of digits said in one of ``STYLES``."""
    zero = str(rng.choice(["zero", "oh"]))
    if style == "pairs":
        return pairs(digits)
    if style == "multiples":
        return multiples(digits, zero)
    if style == "hundreds":
        short = rng.integers(2) and digits[2:] == "00" and "0" not in digits[:2]
        return f"{below_hundred(int(digits[:2]))} hundred" if short else hundreds(digits)
    return digit_words(digits, zero, ", " if style == "commas" else " ")


def split(digits: str, lengths: tuple[int, ...]) -> list[str]:
    """Cut digits into pieces of the given lengths; what is left over is the last piece."""
    edges = [0, *np.cumsum(lengths).tolist(), len(digits)]
    return [digits[a:b] for a, b in itertools.pairwise(edges) if a < b]


def grouped(
    digits: str, lengths: tuple[int, ...], style: str, rng: np.random.Generator
) -> list[Group]:
    """Return digits cut into groups, each in words."""
    return [Group(part, in_words(part, style, rng)) for part in split(digits, lengths)]


AMEX_LENGTH = 15


def card_groups(length: int) -> tuple[int, ...]:
    """Return how a card number of that length is grouped on the card."""
    return (4, 6, 5) if length == AMEX_LENGTH else (4, 4, 4, 4)


def card(
    rng: np.random.Generator,
    length: int = 16,
    *,
    round_groups: bool = False,
    repeats: bool | None = None,
) -> str:
    """Return a random card number of 13 to 19 digits that passes the Luhn check.

    ``round_groups`` makes the second and third group of four end in zeros;
    ``repeats`` puts a digit three times in a row, by default in three of ten.
    """
    first = "37" if length == AMEX_LENGTH else str(rng.choice(["4", "51", "55", "6011"]))
    body = first + "".join(map(str, rng.integers(0, 10, length - len(first) - 1)))
    if round_groups:
        second, third = 10 * rng.integers(10, 100), rng.integers(1, 10)
        body = f"{body[:4]}{second}0{third}000{body[12:]}"
    if rng.integers(10) in {0, 1, 2} if repeats is None else repeats:
        body = body[:5] + body[4] * 2 + body[7:]
    doubled = (int(digit) * (1 + (n % 2 == 0)) for n, digit in enumerate(reversed(body)))
    return body + str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)


def ssn(rng: np.random.Generator) -> str:
    """Return nine digits with an area (900-999) that was never given to anyone."""
    return f"9{rng.integers(0, 100):02d}{rng.integers(10, 100):02d}{rng.integers(1000, 10000):04d}"


def code(way: str, rng: np.random.Generator) -> list[Group]:
    """Return a security code said in one of ``CVV_WAYS``; four digits where the way says so."""
    digits = f"{rng.integers(0, 10_000):04d}"[-4 if way.startswith("four") else -3 :]
    if way == "oh":
        digits = f"{digits[0]}0{digits[2]}"
        return [Group(digits, digit_words(digits, "oh"))]
    if way == "multiples":
        digits = digits[0] + digits[1] * 2
    style = way.removeprefix("four_")
    return grouped(digits, (len(digits),), style if style in STYLES else "singles", rng)


CVV_WAYS = (
    *("singles", "oh", "pairs", "commas", "multiples", "in_sentence"),
    *("four_singles", "four_pairs"),
)


def expiry(rng: np.random.Generator, way: str = "") -> list[Group]:
    """Return an expiry date said in one of ``EXPIRY_WAYS``, by default in any."""
    way = way or str(rng.choice(EXPIRY_WAYS))
    month, year = int(rng.integers(1, 13)), int(rng.integers(26, 34))
    digits = f"{month:02d}{year}"
    spoken_year = below_hundred(year)
    slashed = (
        f"{digit_words(digits[:2])} slash {spoken_year}",
        f"{below_hundred(month)} slash {digit_words(digits[2:])}",
    )
    said = {
        "two_pairs": f"{pairs(digits[:2])} {spoken_year}",
        "month_year": f"{MONTHS[month - 1]} twenty {spoken_year}",
        "month_pair": f"{MONTHS[month - 1]} {spoken_year}",
        "of": f"{MONTHS[month - 1]} of {spoken_year}",
        "slash": str(rng.choice(slashed)),
        "singles": digit_words(digits, str(rng.choice(["zero", "oh"]))),
        "number_pair": f"{below_hundred(month)} {spoken_year}",
    }
    said["in_sentence"] = said[str(rng.choice(["two_pairs", "month_year", "number_pair"]))]
    return [Group(digits, said[way])]


EXPIRY_WAYS = (
    *("two_pairs", "month_year", "month_pair", "of", "slash"),
    *("singles", "number_pair", "in_sentence"),
)


def phone(way: str, rng: np.random.Generator) -> list[Group]:
    """Return a telephone number of ten digits said in one of ``HARMLESS["PHONE"]``."""
    area = "800" if way == "eight_hundred" else f"{rng.integers(201, 990)}"
    parts = (area, "555", f"{rng.integers(0, 10_000):04d}")
    if way == "one_breath":
        return grouped("".join(parts), (10,), "singles", rng)
    if way == "eight_hundred":
        return [Group(area, "eight hundred"), *grouped("".join(parts[1:]), (3, 4), "singles", rng)]
    style = "singles" if way == "groups" else way
    return [Group(part, in_words(part, style, rng)) for part in parts]


def order(way: str, rng: np.random.Generator) -> list[Group]:
    """Return an order number said in one of ``HARMLESS["ORDER"]``."""
    digits = str(rng.integers(10_000, 9_999_999))
    if way == "letters":
        first, second = (str(rng.choice(list("ABDEFHKLMRTWX"))) for _ in range(2))
        return [Group(digits[:5], f"{first} {second} {digit_words(digits[:5])}")]
    if way == "hundred":
        digits = f"{rng.integers(1, 10)}{rng.integers(1, 10)}00"
        return [Group(digits, f"{below_hundred(int(digits[:2]))} hundred")]
    if way == "groups":
        return grouped(digits, (3, 4), "singles", rng)
    return grouped(digits, (len(digits),), way, rng)


def amount(way: str, rng: np.random.Generator) -> list[Group]:
    """Return an amount of money said in one of ``HARMLESS["AMOUNT"]``."""
    units, cents = int(rng.integers(3, 100)), int(rng.integers(20, 100))
    hundreds_of = int(rng.integers(1, 10))
    said = {
        "dollars_cents": f"{below_hundred(units)} dollars and {below_hundred(cents)} cents",
        "dollars": f"{below_hundred(units)} dollars",
        "short": f"{below_hundred(units)} {below_hundred(cents)}",
        "hundred": f"{ONES[hundreds_of]} hundred and {below_hundred(units)} dollars",
        "thousand": f"{ONES[hundreds_of]} thousand {ONES[-hundreds_of]} hundred dollars",
        "pounds": f"{below_hundred(units)} pounds {below_hundred(cents)}",
    }
    digits = {
        "dollars": f"{units}",
        "hundred": f"{hundreds_of}{units:02d}",
        "thousand": f"{hundreds_of}{10 - hundreds_of}00",
    }
    return [Group(digits.get(way, f"{units}{cents:02d}"), said[way])]


def date(way: str, rng: np.random.Generator) -> list[Group]:
    """Return a date said in one of ``HARMLESS["DATE"]``."""
    month, day = str(rng.choice(MONTHS)), int(rng.integers(20, 29))
    ordinal = DAYS[day - 20]
    years = {
        "2014": "twenty fourteen",
        "2024": "twenty twenty four",
        "2009": "two thousand nine",
        "1987": "nineteen eighty seven",
    }
    year = str(rng.choice(list(years)))
    weekday = str(rng.choice(["Monday", "Tuesday", "Thursday", "Saturday"]))
    said = {
        "month_day": (f"{day}", f"{month} {ordinal}"),
        "day_of_month": (f"{day}", f"the {ordinal} of {month}"),
        "month_day_year": (f"{day}{year}", f"{month} {ordinal} {years[year]}"),
        "weekday": (f"{day}", f"{weekday} the {ordinal}"),
        "year": (year, years[year]),
    }
    return [Group(*said[way])]


def time(way: str, rng: np.random.Generator) -> list[Group]:
    """Return a time of day said in one of ``HARMLESS["TIME"]``."""
    hour, minute = int(rng.integers(1, 13)), int(rng.integers(10, 60))
    half = str(rng.choice(["a m", "p m", "in the afternoon"]))
    spoken = below_hundred(hour)
    said = {
        "minutes": (f"{hour}{minute}", f"{spoken} {below_hundred(minute)} {half}"),
        "oclock": (f"{hour}", f"{spoken} o'clock"),
        "half_past": (f"{hour}30", f"half past {spoken}"),
        "quarter": (f"{hour}15", f"a quarter past {spoken}"),
        "between": (f"{hour}{hour % 12 + 1}", f"{spoken} to {below_hundred(hour % 12 + 1)}"),
    }
    return [Group(*said[way])]


def postcode(way: str, rng: np.random.Generator) -> list[Group]:
    """Return a postcode said in one of ``HARMLESS["ZIP"]``."""
    digits = f"{rng.integers(10_000, 99_999)}"
    if way == "plus_four":
        return grouped(f"{digits}{rng.integers(1000, 10_000)}", (5, 4), "singles", rng)
    if way == "oh":
        digits = f"{digits[0]}0{digits[2:]}"
        return [Group(digits, digit_words(digits, "oh"))]
    return grouped(digits, (5,), way, rng)


HARMLESS: dict[str, tuple[Callable[[str, np.random.Generator], list[Group]], tuple[str, ...]]] = {
    "PHONE": (phone, ("groups", "pairs", "one_breath", "eight_hundred", "multiples", "commas")),
    "ORDER": (order, ("singles", "pairs", "commas", "letters", "hundred", "groups")),
    "AMOUNT": (
        amount,
        ("dollars_cents", "dollars", "short", "hundred", "thousand", "pounds"),
    ),
    "DATE": (date, ("month_day", "day_of_month", "month_day_year", "weekday", "year")),
    "TIME": (time, ("minutes", "oclock", "half_past", "quarter", "between")),
    "ZIP": (postcode, ("singles", "oh", "pairs", "commas", "plus_four")),
}
"""What makes each number that nobody needs to hide, and the ways in which it is said."""


def harmless(kind: str, rng: np.random.Generator) -> list[Group]:
    """Return a number that nobody needs to hide, in any of the ways of its kind."""
    make, ways = HARMLESS[kind]
    return make(str(rng.choice(ways)), rng)
