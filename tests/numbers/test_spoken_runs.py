"""A number run knows its words, its groups, its form and where it ends."""

from __future__ import annotations

import pytest

from hushtap.numbers.spoken import Form, NumberRun, Part, find_runs, parts
from hushtap.timeline import Span
from hushtap.values import Word
from spoken_words import LENGTH, RATE, runs, speak


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
