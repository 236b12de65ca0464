"""The checklist of the review desk: all of level 2, once each, with tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
TEST = re.compile(r"`((?:[a-z_]+/)*test_[a-z_]+\.py)::(test_\w+)`")
NUMBER = re.compile(r"(\d+\.\d+)\.(\d+)(?:-(\d+))?")

# Levels 1 and 2 of ASVS 5.0.0: of each section the last of its requirements, which are
# numbered without a gap but for those of level 3, that come after them.
LAST = {
    "1.1": 2,
    "1.2": 9,
    "1.3": 11,
    "1.4": 3,
    "1.5": 2,
    "2.1": 3,
    "2.2": 3,
    "2.3": 4,
    "2.4": 1,
    "3.2": 2,
    "3.3": 4,
    "3.4": 6,
    "3.5": 5,
    "3.7": 2,
    "4.1": 3,
    "4.2": 1,
    "4.3": 2,
    "4.4": 4,
    "5.1": 1,
    "5.2": 3,
    "5.3": 2,
    "5.4": 3,
    "6.1": 3,
    "6.2": 12,
    "6.3": 4,
    "6.4": 4,
    "6.5": 5,
    "6.6": 3,
    "6.8": 4,
    "7.1": 3,
    "7.2": 4,
    "7.3": 2,
    "7.4": 5,
    "7.5": 2,
    "7.6": 2,
    "8.1": 2,
    "8.2": 3,
    "8.3": 1,
    "8.4": 1,
    "9.1": 3,
    "9.2": 4,
    "10.1": 2,
    "10.2": 2,
    "10.3": 4,
    "10.4": 11,
    "10.5": 5,
    "10.6": 2,
    "10.7": 3,
    "11.1": 2,
    "11.2": 3,
    "11.3": 3,
    "11.4": 4,
    "11.5": 1,
    "11.6": 1,
    "12.1": 3,
    "12.2": 2,
    "12.3": 4,
    "13.1": 1,
    "13.2": 5,
    "13.3": 2,
    "13.4": 5,
    "14.1": 2,
    "14.2": 4,
    "14.3": 3,
    "15.1": 3,
    "15.2": 3,
    "15.3": 7,
    "16.1": 1,
    "16.2": 5,
    "16.3": 4,
    "16.4": 3,
    "16.5": 3,
    "17.1": 1,
    "17.2": 4,
    "17.3": 2,
}


def rows() -> list[list[str]]:
    lines = [line for line in TEXT.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_requirement_of_level_two_is_there_once() -> None:
    found = [
        (section, number)
        for numbers, *_ in rows()
        for section, first, last in NUMBER.findall(numbers)
        for number in range(int(first), int(last or first) + 1)
    ]
    assert sorted(found) == sorted(
        (section, number) for section, last in LAST.items() for number in range(1, last + 1)
    )


def test_each_says_how_it_stands_and_by_which_test() -> None:
    for numbers, _, stands, tests in rows():
        assert stands in {"met", "partly", "open", "none"}, numbers
        if tests == "no test":
            continue
        names = [TEST.fullmatch(name) for name in tests.split(", ")]
        assert all(names), numbers
    for file, name in TEST.findall(TEXT):
        source = ROOT / "tests" / file
        assert source.exists(), file
        assert re.search(rf"^(async )?def {name}\(", source.read_text(), re.MULTILINE), name
