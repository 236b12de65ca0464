"""The ways in which people say numbers, and the questions that make them say one."""

from __future__ import annotations

import itertools

import numpy as np

from dialogue import Group

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
        return hundreds(digits)
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


def card(rng: np.random.Generator, length: int = 16, *, round_groups: bool = False) -> str:
    """Return a random card number of 13 to 19 digits that passes the Luhn check.

    ``round_groups`` makes the second and third group of four end in zeros; three
    numbers in ten hold a digit three times in a row.
    """
    first = "37" if length == AMEX_LENGTH else str(rng.choice(["4", "51", "55", "6011"]))
    body = first + "".join(map(str, rng.integers(0, 10, length - len(first) - 1)))
    if round_groups:
        body = body[:4] + "41003000" + body[12:]
    if rng.integers(10) in {0, 1, 2}:
        body = body[:5] + body[4] * 2 + body[7:]
    doubled = (int(digit) * (1 + (n % 2 == 0)) for n, digit in enumerate(reversed(body)))
    return body + str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)


def ssn(rng: np.random.Generator) -> str:
    """Return nine digits with an area (900-999) that was never given to anyone."""
    return f"9{rng.integers(0, 100):02d}{rng.integers(10, 100):02d}{rng.integers(1000, 10000):04d}"


def expiry(rng: np.random.Generator) -> list[Group]:
    """Return an expiry date in one of the ways it is said."""
    month, year = int(rng.integers(1, 13)), int(rng.integers(26, 34))
    digits = f"{month:02d}{year}"
    spoken_year = below_hundred(year)
    said = (
        f"{pairs(digits[:2])} {spoken_year}",
        f"{MONTHS[month - 1]} twenty {spoken_year}",
        f"{MONTHS[month - 1]} of {spoken_year}",
        f"{digit_words(digits[:2])} slash {spoken_year}",
        f"{below_hundred(month)} slash {digit_words(digits[2:])}",
        digit_words(digits, "oh"),
        f"{below_hundred(month)} {spoken_year}",
    )
    return [Group(digits, str(rng.choice(said)))]


def harmless(kind: str, rng: np.random.Generator) -> list[Group]:
    """Return a PHONE, ORDER, AMOUNT, DATE, TIME or ZIP number that nobody needs to hide."""
    draw = rng.integers
    if kind == "PHONE":
        digits = f"{draw(201, 990)}555{draw(0, 10000):04d}"
        return grouped(digits, (3, 3, 4), "singles", rng)
    if kind == "ORDER":
        digits = str(draw(10_000, 9_999_999))
        return [Group(digits, in_words(digits, str(rng.choice(["singles", "pairs"])), rng))]
    if kind == "AMOUNT":
        dollars, cents = int(draw(3, 100)), int(draw(5, 100))
        words = f"{below_hundred(dollars)} dollars and {below_hundred(cents)} cents"
        return [Group(f"{dollars}{cents:02d}", words)]
    if kind == "DATE":
        month, day = str(rng.choice(MONTHS)), int(draw(20, 29))
        year = str(
            rng.choice(["", " twenty fourteen", " twenty twenty four", " two thousand nine"])
        )
        return [Group(f"{day}", f"{month} {DAYS[day - 20]}{year}")]
    if kind == "TIME":
        hour, minute = int(draw(1, 13)), int(draw(10, 60))
        half = str(rng.choice(["a m", "p m", "in the afternoon"]))
        return [Group(f"{hour}{minute}", f"{below_hundred(hour)} {below_hundred(minute)} {half}")]
    digits = f"{draw(10_000, 99_999)}"
    return [Group(digits, digit_words(digits, "oh"))]


ASKS: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": (
        "Can I have your card number, please?",
        "Could you read me the sixteen digits on the front of your card?",
        "What is the long number across the front of the card?",
        "Go ahead with the card number whenever you're ready.",
        "And which credit card would you like to use? I'll need the full number.",
        "To take the payment I need the number on your debit card.",
    ),
    "AMEX": (
        "What is your American Express card number?",
        "Please read me the Amex number on the front.",
    ),
    "CVV": (
        "And the three digit security code on the back?",
        "Can you give me the C V V, please?",
        "What are the last three digits on the signature strip?",
        "And the verification code on the back of the card?",
    ),
    "CVV4": ("And the four digit code on the front of the card?",),
    "EXPIRY": (
        "What is the expiration date?",
        "And when does the card expire?",
        "Can I get the expiry date, month and year?",
        "And it's valid until?",
    ),
    "US_SSN": (
        "Can you confirm your social security number?",
        "What is your social, please?",
        "For security I need your full social security number.",
    ),
    "SSN4": (
        "Can I have the last four of your social?",
        "What are the last four digits of your social security number?",
    ),
    "PHONE": (
        "What is the best phone number to reach you?",
        "Can I get a callback number?",
    ),
    "ORDER": ("Do you have the order number?", "What is your reference number?"),
    "AMOUNT": ("How much was the charge?", "What amount do you see on the statement?"),
    "DATE": ("What day did you place it?", "When was that?"),
    "TIME": ("What time works for you?", "When should the driver come?"),
    "ZIP": ("And your zip code?", "What's the zip for that address?"),
}

LEADS: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": (
        "",
        "",
        "Sure, it's",
        "Okay, my card number is",
        "Yes, the number is",
        "Uh, it's",
    ),
    "AMEX": ("Sure, it's", "It is", ""),
    "CVV": ("", "It's", "The code is", "That's"),
    "CVV4": ("", "It's"),
    "EXPIRY": ("", "It's", "That would be", "It expires"),
    "US_SSN": ("", "It's", "My social is", "Yes, that's"),
    "SSN4": ("", "It's", "Last four is"),
    "PHONE": ("You can call me at", "It's"),
    "ORDER": ("The order number is", "It says"),
    "AMOUNT": ("It was", "It says"),
    "DATE": ("I think it was", "On"),
    "TIME": ("Let's say", "Around"),
    "ZIP": ("It's", "The zip is"),
}

UNPROMPTED = (
    "Hi, I'd like to pay my bill, my card is",
    "I want to pay with my visa, the number is",
    "Let me give you my card, it's",
)
UNPROMPTED_SSN = ("I can give you my social, it's", "My social security number is")
BACKCHANNELS = ("Mm-hmm.", "Okay.", "Uh huh.", "Yes.", "Got it.", "Right.")
FILLERS = ("uh", "let me see", "um", "hold on", "and then")
CORRECTIONS = ("sorry, no,", "no wait, I mean", "sorry, that's wrong,")
READ_BACKS = ("Let me read that back.", "So that is", "Just to confirm, I have", "I have it as")
ENDINGS = ("So that's the card ending in", "I see a card on file ending in")
GREETINGS = (
    "Thank you for calling, how can I help you today?",
    "Good afternoon, you're speaking with customer service.",
    "Hello, thanks for holding. What can I do for you?",
)
WANTS = (
    "Hi, I would like to pay my bill.",
    "Hello, I'm calling about my last order.",
    "Hi there, I want to book the room for next week.",
    "Yes, hello, I need some help with my account.",
)
TALK = (
    ("I can help you with that.", "Great, thank you."),
    ("Let me just open your account.", "Sure, take your time."),
    ("How is your day going so far?", "Pretty good, it finally stopped raining."),
    ("The parcel left our warehouse and should be with you soon.", "That's good to hear."),
    ("Is the delivery address still the same?", "Yes, nothing has changed."),
    ("Would you like the receipt by mail?", "Yes, that would be great."),
)
THANKS = (
    ("Perfect, that went through.", "Wonderful, thanks for your help."),
    ("Thank you, you're all set.", "Thank you, bye."),
    ("That's everything I need. Have a nice day.", "You too, goodbye."),
)
