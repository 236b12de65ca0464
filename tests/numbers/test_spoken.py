"""Spoken numbers come back as digits that know their words, however they were said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.numbers.spoken import Form, NumberRun, Part, find_runs, parts
from hushtap.timeline import Span
from hushtap.values import Word

RATE = 8_000
LENGTH = 2_000
PAUSE = "|"
PAUSE_SAMPLES = 4_000


def speak(said: str) -> list[Word]:
    """Words of 0.25 s; a bar is a pause of half a second."""
    words = []
    at = 0
    for piece in said.split():
        if piece == PAUSE:
            at += PAUSE_SAMPLES
            continue
        words.append(Word(" " + piece, Span(at, at + LENGTH)))
        at += LENGTH
    return words


def runs(said: str, *, lenient: bool = False) -> list[NumberRun]:
    return find_runs(speak(said), rate=RATE, lenient=lenient)


def digits(said: str, *, lenient: bool = False) -> list[str]:
    return [run.digits for run in runs(said, lenient=lenient)]


def cases(table: list[tuple[str, list[str]]]) -> pytest.MarkDecorator:
    # Ids are counters: what was said stays out of reports.
    return pytest.mark.parametrize(
        ("said", "expected"), table, ids=[f"case{i}" for i in range(len(table))]
    )


@cases(
    [
        ("four one one one", ["4111"]),
        ("my card is four one one one thanks", ["4111"]),
        ("zero oh o nought nil seven", ["000007"]),
        ("double five triple oh", ["55000"]),
        ("treble seven quadruple two", ["7772222"]),
        ("double oh seven", ["007"]),
        ("double 5123", ["55123"]),
        ("double-five", ["55"]),
        ("double double five", ["55"]),
        ("three zeros two fives", ["00055"]),
        ("three 0s", ["000"]),
        ("forty-one eleven oh nine", ["411109"]),
        ("forty one", ["41"]),
        ("forty, one", ["401"]),
        ("forty | one", ["401"]),
        ("forty", ["40"]),
        ("eleven hundred eleven hundred", ["11001100"]),
        ("four thousand one hundred", ["4100"]),
        ("four thousand, one hundred", ["4000100"]),
        ("forty-one hundred", ["4100"]),
        ("fifty-five hundred", ["5500"]),
        ("one hundred and twenty three", ["123"]),
        ("one hundred one hundred", ["100100"]),
        ("four hundred five six", ["4056"]),
        ("two thousand twenty seven", ["2027"]),
        ("two thousand and seven", ["2007"]),
        ("hundred", ["100"]),
        ("a thousand", ["1000"]),
        ("a thousand five hundred", ["1500"]),
        ("hundred and five", ["105"]),
        ("twenty thousand", ["20000"]),
        ("one hundred twenty three thousand four hundred fifty six", ["123456"]),
        ("twenty-twenty", ["2020"]),
        ("nineteen eighty four", ["1984"]),
        ("4-1-1-1, 1-1-1-1", ["41111111"]),
        ("411-1111", ["4111111"]),
        ("0-9-2-7.", ["0927"]),
        ("4111 1111-1111, 1111", ["4111111111111111"]),
        ("$20,000", ["20000"]),
        ("12:30", ["1230"]),
        ("09/27", ["0927"]),
        ("4th", ["4"]),
        ("zero nine slash twenty seven", ["0927"]),
        ("4111 dash 1111 space 1111", ["411111111111"]),
        ("4111 uh um okay then 1111", ["41111111"]),
        ("4111, let me see, 1111", ["41111111"]),
        ("4111 hold on one moment 1111", ["41111111"]),
        ("4111 turning the card over 1111", ["4111", "1111"]),
        ("fourfourone oneoneone", ["441111"]),
        ("\uff14\uff11\uff11\uff11", ["4111"]),
        ("\u0664\u0661", ["41"]),
        ("fife niner", ["59"]),
        ("oh oh oh oh", ["0000"]),
        ("four, uh, oh, uh, one", ["401"]),
        ("A4B2", ["42"]),
        ("for-oh-nine", ["409"]),
        ("a-hundred", ["100"]),
        ("twenty20", ["2020"]),
        ("Oh, nine, twenty-seven.", ["0927"]),
    ]
)
def test_every_way_of_saying_digits(said: str, expected: list[str]) -> None:
    assert digits(said) == expected


@cases(
    [
        ("one moment please", []),
        ("just one second", []),
        ("one of them", []),
        ("no one told me", []),
        ("the one I have", []),
        ("this one", []),
        ("that one, please", []),
        ("for one", []),
        ("one more thing", []),
        ("oh okay", []),
        ("oh I see", []),
        ("oh my, well", []),
        ("double check", []),
        ("double-check the two-factor one-way thing", []),
        ("for you to go", []),
        ("it is for me too", []),
        ("first of all", []),
        ("on second thought", []),
        ("may I ask", []),
        ("", []),
    ]
)
def test_idioms_are_no_numbers(said: str, expected: list[str]) -> None:
    assert digits(said) == expected
    assert digits(said, lenient=True) == expected


@cases(
    [
        ("the one one one one", ["1111"]),
        ("four oh okay", ["40"]),
        ("four one one second", ["411"]),
    ]
)
def test_beside_numbers_an_idiom_counts(said: str, expected: list[str]) -> None:
    assert digits(said) == expected


@pytest.mark.parametrize(
    ("said", "strict", "lenient"),
    [
        ("four one for one one", ["41411"], ["41411"]),
        ("3 to 5 days", ["35"], ["325"]),
        ("four one for", ["41"], ["414"]),
        ("for four one one", ["411"], ["4411"]),
        ("it costs 20 to ship", ["20"], ["202"]),
        ("sick heaven nine", ["9"], ["679"]),
        ("nine ate free tree won", ["9"], ["98331"]),
        ("nine um nigh um four", ["94"], ["994"]),
        ("double to five", ["5"], ["225"]),
        ("oh uh nine", ["9"], ["09"]),
    ],
    ids=[f"case{i}" for i in range(10)],
)
def test_homophones_count_amid_digits_or_when_asked(
    said: str, strict: list[str], lenient: list[str]
) -> None:
    assert digits(said) == strict
    assert digits(said, lenient=True) == lenient


@pytest.mark.parametrize(
    ("said", "groups"),
    [
        ("four one one one", (4,)),
        ("four one one one | one one one one", (4, 4)),
        ("four, one, one, one,", (4,)),
        ("4-1-1-1, 1-1-1-1", (4, 4)),
        ("4111 1111", (4, 4)),
        ("536 22 1234", (3, 2, 4)),
        ("536-22-1234", (3, 2, 4)),
        ("five three six | two two | one two three four", (3, 2, 4)),
        ("five three six, two two, one two three four", (3, 2, 4)),
        ("forty-one eleven oh nine", (2, 2, 2)),
        ("oh nine twenty seven", (2, 2)),
        ("double five three, one", (3, 1)),
    ],
    ids=[f"case{i}" for i in range(12)],
)
def test_groups_are_those_that_were_spoken(said: str, groups: tuple[int, ...]) -> None:
    assert [run.groups for run in runs(said)] == [groups]


@pytest.mark.parametrize(
    ("said", "owners"),
    [
        ("is double five four", (1, 2, 3)),
        ("four thousand one hundred", (0, 2, 3, 3)),
        ("one hundred and twenty three", (0, 3, 4)),
        ("my 41-11", (1, 1, 1, 1)),
        ("forty one", (0, 1)),
        ("three zeros", (0, 1, 1)),
    ],
    ids=[f"case{i}" for i in range(6)],
)
def test_owners_are_the_words_that_said_the_digit(said: str, owners: tuple[int, ...]) -> None:
    assert [run.owners for run in runs(said)] == [owners]


def test_a_clear_correction_replaces_the_group() -> None:
    (run,) = runs("4112, sorry, 4111 1111")
    assert (run.digits, run.corrected) == ("41111111", True)
    assert (run.first, run.last) == (0, 3)


def test_an_unclear_correction_drops_nothing() -> None:
    for said in (
        "four one two, no, one",
        "4111 I mean 98",
        "4111 sorry 4111",
        "12 scratch that 98",
    ):
        (run,) = runs(said)
        assert run.corrected
        assert len(run.digits) == sum(
            len(other.digits) for word in said.split() for other in runs(word)
        )


def test_a_silence_ends_a_run_and_fillers_do_not_keep_it() -> None:
    words = [Word(" 4111", Span(0, 2_000)), Word(" 1111", Span(11_600, 13_000))]
    assert [run.digits for run in find_runs(words, rate=RATE)] == ["41111111"]
    late = [words[0], Word(" 1111", Span(11_601, 13_000))]
    assert [run.digits for run in find_runs(late, rate=RATE)] == ["4111", "1111"]
    assert [run.digits for run in find_runs(late, rate=RATE, max_gap_s=2.0)] == ["41111111"]
    assert len(find_runs(speak("4111 " + "uh " * 8 + "1111"), rate=RATE)) == 1
    assert len(find_runs(speak("4111 " + "uh " * 9 + "1111"), rate=RATE)) == 2


def test_fillers_at_the_ends_stay_outside() -> None:
    (run,) = runs("uh okay 4111 um 1111 um yes")
    assert (run.first, run.last) == (2, 4)


@pytest.mark.parametrize(
    ("said", "first", "last", "expected"),
    [
        ("expires September twenty twenty seven", 1, 4, "2027"),
        ("the fifth of May 1980", 1, 4, "51980"),
        ("March the 5th, 1980", 0, 3, "51980"),
        ("twenty first of june", 0, 3, "21"),
        ("May 2027", 0, 1, "2027"),
    ],
    ids=[f"case{i}" for i in range(5)],
)
def test_months_belong_to_their_run(said: str, first: int, last: int, expected: str) -> None:
    (run,) = runs(said)
    assert (run.first, run.last, run.digits, run.has_month) == (first, last, expected, True)


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ("$20,000", Form.CURRENCY),
        ("twenty dollars", Form.CURRENCY),
        ("50 percent", Form.PERCENT),
        ("50%", Form.PERCENT),
        ("12:30", Form.CLOCK),
        ("five o'clock", Form.CLOCK),
        ("5pm", Form.CLOCK),
        ("june 4th", Form.ORDINAL),
        ("3.5", Form.DECIMAL),
        ("three point five", Form.DECIMAL),
        ("ten years", Form.UNIT),
        ("500 million", Form.UNIT),
        ("42 Maple street", Form.STREET),
        ("09/27", Form.SLASH),
    ],
    ids=[f"case{i}" for i in range(14)],
)
def test_forms_are_noted(said: str, form: Form) -> None:
    (run,) = runs(said)
    assert form in run.form


def test_numbers_cut_in_pieces_by_the_recogniser_read_as_one() -> None:
    def pieces(*texts: str) -> NumberRun:
        words = [
            Word(text, Span(at * LENGTH, at * LENGTH + LENGTH)) for at, text in enumerate(texts)
        ]
        (run,) = find_runs(words, rate=RATE)
        return run

    run = pieces(" 4", "-1", "-1", "-1,", " 1", "-1", "-1", "-1")
    assert (run.digits, run.groups) == ("41111111", (4, 4))
    assert pieces(" 09", "/27").form == {Form.SLASH}
    assert pieces(" $20", ",000").digits == "20000"
    assert pieces(" 12", ":30").form == {Form.CLOCK}
    assert pieces(" 1st").form == {Form.ORDINAL}


def test_parts_name_every_word() -> None:
    said = "okay my card sorry four dash one for one May oh okay"
    assert parts(speak(said)) == [
        Part.FILLER,
        Part.OTHER,
        Part.OTHER,
        Part.CORRECTION,
        Part.NUMBER,
        Part.SEPARATOR,
        Part.NUMBER,
        Part.HOMOPHONE,
        Part.NUMBER,
        Part.MONTH,
        Part.IDIOM,
        Part.FILLER,
    ]


def test_a_looping_recogniser_and_a_giant_word_are_read_whole() -> None:
    (loop,) = runs("1 " * 5_000)
    assert loop.digits == "1" * 5_000
    assert loop.groups == (5_000,)
    (giant,) = runs("-".join("1" * 5_000))
    assert giant.owners == (0,) * 5_000
    assert runs("double " * 5_000) == []
    assert len(runs("oh " * 5_000)[0].digits) == 5_000
    assert len(runs("for " * 5_000 + "four", lenient=True)[0].digits) == 5_001


def test_nothing_shows_the_digits() -> None:
    (run,) = runs("4111 1111")
    assert "4111" not in repr(run)


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
