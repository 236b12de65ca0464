"""Numbers in any rendering read back, and any words at all give sound runs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.numbers.spoken import Part, find_runs, parts
from hushtap.timeline import Span
from hushtap.values import Word
from spoken_words import RATE, digits

ONES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TEENS = [
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def two(pair: str) -> str:
    tens, ones = int(pair[0]), int(pair[1])
    if tens == 0:
        return f"oh {ONES[ones]}"
    if tens == 1:
        return TEENS[ones]
    return TENS[tens] + (f"-{ONES[ones]}" if ones else "")


def ways(chunk: str) -> list[str]:
    """Return every rendering of a few digits that a listener would read back alike."""
    found = [
        " ".join(ONES[int(d)] for d in chunk),
        "-".join(chunk),
        ", ".join(chunk),
        chunk,
    ]
    if chunk[0] != "0":
        found.append(" ".join(ONES[int(d)] if d != "0" else "oh" for d in chunk))
    if len(chunk) in {2, 3, 4} and len(set(chunk)) == 1:
        times = {2: "double", 3: "triple", 4: "quadruple"}[len(chunk)]
        found.append(f"{times} {ONES[int(chunk[0])]}")
        found.append(f"{times} {chunk[0]}")
    if len(chunk) == 2:
        found.append(two(chunk))
        found.append(two(chunk).replace("-", " "))
    if len(chunk) == 4:
        found.append(f"{two(chunk[:2])}, {two(chunk[2:])}")
    if len(chunk) == 3 and chunk[0] != "0":
        rest = chunk[1:].lstrip("0")
        tail = f" and {two(chunk[1:]).removeprefix('oh ')}" if rest else ""
        found.append(f"{ONES[int(chunk[0])]} hundred{tail}")
    if len(chunk) == 4 and chunk.endswith("00") and chunk[1] != "0" and chunk[0] != "0":
        found.append(f"{ONES[int(chunk[0])]} thousand {ONES[int(chunk[1])]} hundred")
        found.append(f"{two(chunk[:2])} hundred")
    if len(chunk) == 4 and chunk.endswith("000") and chunk[0] != "0":
        found.append(f"{ONES[int(chunk[0])]} thousand")
    return found


@st.composite
def said_number(draw: st.DrawFn) -> tuple[str, str]:
    chunks = draw(
        st.lists(
            st.one_of(
                st.text("0123456789", min_size=1, max_size=6),
                st.builds(lambda d, n: d * n, st.sampled_from("0123456789"), st.integers(2, 4)),
                st.from_regex(r"[1-9][0-9]?00|[1-9]000", fullmatch=True),
            ),
            min_size=1,
            max_size=8,
        )
    )
    joints = [" | ", ", ", ", uh, ", " | okay | ", ", and then, ", " dash ", ", hold on, "]
    rendered = [draw(st.sampled_from(ways(chunk))) for chunk in chunks]
    text = rendered[0]
    for piece in rendered[1:]:
        text += draw(st.sampled_from(joints)) + piece
    return text.replace(" ,", ","), "".join(chunks)


@settings(deadline=None, derandomize=True)
@given(said_number(), st.booleans())
def test_every_rendering_reads_back(number: tuple[str, str], lenient: bool) -> None:  # noqa: FBT001
    said, expected = number
    assert digits(f"my number is {said}. thanks", lenient=lenient) == [expected]


VOCABULARY = [
    "four",
    "one",
    "oh",
    "o",
    "to",
    "for",
    "double",
    "triple",
    "zeros",
    "fives",
    "forty",
    "eleven",
    "hundred",
    "thousand",
    "and",
    "uh",
    "sorry",
    "no",
    "dash",
    "may",
    "march",
    "september",
    "4th",
    "second",
    "fifth",
    "of",
    "the",
    "okay",
    "my",
    "4-1",
    "411,",
    "$20",
    "12:30",
    "one-way",
    "moment",
    "for-four",
    "double-five",
    "four-uh-five",
    "1980s",
    "0s",
    "oneone",
    "I'm",
    "...",
    "-",
    "|",
]


@settings(deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(VOCABULARY), st.text(max_size=12)),
            st.integers(-400, 20_000),
            st.integers(0, 20_000),
        ),
        max_size=40,
    ),
    st.booleans(),
)
def test_any_words_give_sound_runs(spec: list[tuple[str, int, int]], lenient: bool) -> None:  # noqa: FBT001
    words = []
    at = 0
    for text, gap, length in spec:
        at = max(0, at + gap)
        words.append(Word(text, Span(at, at + length)))
        at += length
    named = parts(words, lenient=lenient)
    assert len(named) == len(words)
    last = -1
    for run in find_runs(words, rate=RATE, lenient=lenient):
        assert last < run.first <= run.last < len(words)
        last = run.last
        assert run.digits
        assert run.digits.isascii()
        assert run.digits.isdigit()
        assert len(run.owners) == len(run.digits) == sum(run.groups)
        assert all(run.groups)
        assert list(run.owners) == sorted(run.owners)
        assert run.first <= run.owners[0]
        assert run.owners[-1] <= run.last
        assert all(named[owner] is Part.NUMBER for owner in run.owners)
        assert {named[run.first], named[run.last]} <= {Part.NUMBER, Part.MONTH}
    numerals = [i for i, word in enumerate(words) if any(char.isdecimal() for char in word.text)]
    assert all(named[i] is Part.NUMBER for i in numerals)
