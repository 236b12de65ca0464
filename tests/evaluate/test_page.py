from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from evaluate.calls import muted, span, truth, voice
from hushtap.evaluate import Truth, score
from hushtap.evaluate.cases import Speed
from hushtap.evaluate.page import page
from hushtap.evaluate.plots import Bins, Dot, dots, histogram
from hushtap.evaluate.tables import tables
from hushtap.evaluate.tally import Judged, Tally, tally
from hushtap.evaluate.truth import Conditions

NAME = "<case> & co"


@pytest.fixture(scope="module")
def told() -> Tally:
    audio = voice(8)
    spans = truth(span(2, 4, digits=4, way="pairs"), span(5, 6, entity="CVV", number=1, way="oh"))
    labels, other = (
        Truth(spans.sample_rate, 1, spans.spans, Conditions(codec=codec, noise="none"))
        for codec in ("ULAW", "ALAW")
    )
    bad = score(audio, muted(audio, (2.3, 4), (5, 6)), labels)
    good = score(audio, muted(audio, (1.9, 4.2), (4.9, 6.1)), labels)
    return tally([Judged(NAME, labels, bad), Judged("good", other, good)])


def test_tables_tell_what_the_tally_knows_and_skip_what_nobody_told(told: Tally) -> None:
    made = {table.title: table for table in tables(told, Speed(120.0, 2.0))}
    assert {"Main figures", "By entity", "By way", "By codec"} <= set(made)
    assert not {"By noise", "By voice", "Harmless numbers left alone"} & set(made)
    main = {row[0]: row[1] for row in made["Main figures"].rows}
    assert main["speed"] == "60.0 x real time"
    assert main["numbers audible for 0.1 s or more"] == "25.0 %"
    ways = made["Recall by way of saying and entity (numbers)"]
    assert [row[0] for row in ways.rows] == ["oh", "pairs"]
    assert {ways.rows[row][column] for row, column in ways.marked} == {ways.rows[1][1]}
    assert all(len(row) == len(t.columns) for t in made.values() for row in t.rows)


class Seen(HTMLParser):
    """Checks that tags close as they opened, and keeps attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_holds_all_it_shows_and_nothing_runs(told: Tally) -> None:
    html = page(told, what="a & b", speed=Speed(120.0, 2.0))
    seen = Seen()
    seen.feed(html)
    assert seen.open == []
    assert NAME in seen.text
    assert "a & b" in "".join(seen.text)
    names = {name for name, _ in seen.attributes}
    assert not {"src", "href", "onload", "onclick"} & names
    assert "<script" not in html
    assert set(re.findall(r"https?://[^\"]+", html)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\(", html)


def test_an_empty_tally_has_a_page_too() -> None:
    seen = Seen()
    seen.feed(page(tally([]), what="nothing"))
    assert "Main figures" in seen.text


def circles(svg: str) -> list[float]:
    root = ET.fromstring(svg)  # noqa: S314 - our own
    return [float(c.attrib["cx"]) for c in root.iter() if c.tag.endswith("circle")]


def test_dots_lie_where_their_values_are() -> None:
    svg = dots([Dot("a", 0, 0, 0), Dot("b", 2, 1, 4), Dot("c", 4, 3, 4)], title="t", unit="%")
    zero, two, four = circles(svg)
    assert two - zero == pytest.approx(four - two, abs=0.11)
    assert four > two > zero


def test_nothing_but_zeros_can_be_drawn() -> None:
    assert len(circles(dots([Dot("a", 0, 0, 0)], title="t", unit="%"))) == 1


def test_a_histogram_counts_every_value_and_colours_leaks() -> None:
    bins = Bins(-100, 50, 25)
    svg = histogram([-400, -100, -10, -0.1, 0, 10, 30, 400], bins, title="t", unit="ms")
    bars = re.findall(r'class="(ba[rd])".*?<title>(-?\d+) to (-?\d+) ms: (\d+)<', svg)
    assert sum(int(count) for *_, count in bars) == 8
    assert ("bar", "-100", "-75", "2") in bars
    assert ("bad", "25", "50", "2") in bars
    assert all((kind == "bad") is (int(start) >= 0) for kind, start, *_ in bars)
