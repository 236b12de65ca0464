"""Every way of saying digits is read, and no idiom is."""

from __future__ import annotations

import pytest

from spoken_words import digits


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
