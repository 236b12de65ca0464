"""Review work: what waits, how it is scored, saved views, and figures that add up."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import UsageError
from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.web.review import FlagKind
from hushtap.web.roles import Role
from hushtap.web.rules import Rules, Sample, load
from web.bench import NOW, Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULES = """
[[sample]]
name = "Not cleared"
entity = "UNHEARD"

[[sample]]
name = "Flagged"
flagged = true

[[question]]
id = "greeting"
text = "Greeted?"

[[question]]
id = "manner"
text = "Polite?"
kind = "scale"
weight = 3
"""
LINK = re.compile(r'href="/calls/(\w{16}-\w{8})"')


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    """A desk with rules of its own."""
    (tmp_path / "desk.toml").write_text(RULES)
    bench = make_bench(tmp_path, rules=load(tmp_path / "desk.toml"))
    yield bench
    bench.database.close()


def waiting(bench: Bench, role: Role = Role.SUPERVISOR) -> list[str]:
    page = bench.signed_in(role).get("/queue")
    assert page.status_code == 200
    return LINK.findall(page.text)


def test_what_a_rule_takes_waits_until_somebody_scored_it(desk: Bench) -> None:
    mine = [desk.calls["ann", "billing"], desk.calls["ann", "orders"]]
    assert waiting(desk) == mine
    assert waiting(desk, Role.QA_ANALYST) == [mine[0], desk.calls["cara", "billing"]]
    client = desk.signed_in(Role.SUPERVISOR)
    assert client.post(f"/calls/{mine[0]}/score", data={"q-greeting": "1"}).status_code == 303
    assert waiting(desk) == mine[1:]
    assert waiting(desk, Role.QA_ANALYST) == [desk.calls["cara", "billing"]]
    desk.clock.now += 15 * 24 * 3600
    assert waiting(desk) == []
    assert "Nothing waits" in desk.signed_in(Role.SUPERVISOR).get("/queue").text


def test_a_share_is_drawn_and_stays_drawn(desk: Bench) -> None:
    info = desk.vault.list()[0]
    infos = [replace(info, id=f"20261122T{at:06}Z-{at:08x}") for at in range(4000)]
    half, tenth = Sample(name="a", share=0.5), Sample(name="b", share=0.1)
    taken = [one.id for one in infos if half.takes(one, flagged=False)]
    assert 1850 < len(taken) < 2150
    assert taken == [one.id for one in infos if half.takes(one, flagged=False)]
    assert 320 < sum(tenth.takes(one, flagged=False) for one in infos) < 480
    assert Sample(name="c", flagged=True).takes(info, flagged=True)
    assert not Sample(name="c", flagged=True).takes(info, flagged=False)
    assert not Sample(name="d", entity=Entity.PIN).takes(info, flagged=True)


def test_scores_are_weighted_and_of_each_person_the_last(desk: Bench) -> None:
    call = desk.calls["ann", "billing"]
    for role, answers in (
        (Role.SUPERVISOR, {"q-greeting": "1", "q-manner": "1"}),
        (Role.SUPERVISOR, {"q-greeting": "1", "q-manner": "3"}),
        (Role.QA_ANALYST, {"q-greeting": "0", "q-manner": ""}),
    ):
        answer = desk.signed_in(role).post(f"/calls/{call}/score", data=answers)
        assert answer.status_code == 303
    totals = {one.account: one.total for one in desk.app.state.scores.of(call)}
    # 1 of 1 and half of 3: 2.5 of 4.
    assert totals == {"the-supervisor": 0.625, "the-qa-analyst": 0.0}
    page = desk.signed_in(Role.SUPERVISOR).get(f"/calls/{call}").text
    assert "the-supervisor <b>62 %" in page
    assert re.search(r'name="q-manner" value="3" checked', page)
    for wrong in ({}, {"q-greeting": ""}, {"q-greeting": "2"}, {"q-manner": "0"}, {"q-x": "1"}):
        answer = desk.signed_in(Role.SUPERVISOR).post(f"/calls/{call}/score", data=wrong)
        assert answer.status_code == 422, wrong


def test_views_are_ones_own_and_hold_no_numbers(bench: Bench) -> None:
    client = bench.signed_in(Role.SUPERVISOR)
    filters = {"f-agent": "ann", "f-entity": "CVV", "f-nonsense": "x"}
    saved = client.post("/views", data=filters | {"name": "Ann's codes"})
    assert saved.headers["location"] == "/calls?agent=ann&entity=CVV"
    page = client.get("/calls").text
    assert 'href="/calls?agent=ann&amp;entity=CVV">Ann&#39;s codes</a>' in page
    assert "codes</a>" not in bench.signed_in(Role.QA_ANALYST).get("/calls").text
    for wrong in (
        {"name": "x"},
        {"name": "", "f-agent": "ann"},
        {"name": "4111 1111 1111 1111", "f-agent": "ann"},
        {"name": "x", "f-agent": "4111111111111111"},
    ):
        assert client.post("/views", data=wrong).status_code == 422, wrong
    for at in range(29):
        assert client.post("/views", data={"name": f"v{at}", "f-agent": "a"}).status_code == 303
    assert client.post("/views", data={"name": "more", "f-agent": "a"}).status_code == 422
    client.post("/views/drop", data={"name": "Ann's codes"})
    assert "codes</a>" not in client.get("/calls").text


def test_figures_are_of_the_calls_in_reach(own_bench: Bench) -> None:
    bench = own_bench
    review, span = bench.app.state.desk.review, Span(3, 9)
    for call in (bench.calls["ann", "billing"], bench.calls["cara", "orders"]):
        review.flag(
            call, FlagKind.MISS, channel=1, span=span, entity=Entity.CVV, account="the-supervisor"
        )
    client = bench.signed_in(Role.SUPERVISOR)
    client.get(f"/calls/{bench.calls['ann', 'billing']}")
    page = client.get("/figures").text
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)<", page))
    # Of the two seconds of each of two channels, 2000 and 500 samples are muted.
    assert (
        figures
        | {
            "Calls": "2",
            "With mutes": "100",
            "Not cleared": "2",
            "Misses found": "1",
            "Muted time": f"{100 * (2500 / 8000) / 4:.1f}",
        }
        == figures
    )
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>(?:<td><svg.*?</svg></td>)?<td class="num">([^<]+)</td>', page
    )
    assert ("ann", "0 of 2") in rows
    assert ("Card number", "2") in rows
    assert ("Security code", "1") in rows
    assert f"{datetime.fromtimestamp(NOW.timestamp(), UTC):%d %b}" in dict(rows)
    assert not any(name == "cara" for name, _ in rows)
    bench.clock.now += 8 * 24 * 3600
    assert "No calls in these days" in bench.signed_in(Role.SUPERVISOR).get("/figures?days=7").text
    assert bench.signed_in(Role.SUPERVISOR).get("/figures?days=8").status_code == 422


def test_figures_are_counted_anew_after_a_minute_and_for_each_reach(own_bench: Bench) -> None:
    bench, call = own_bench, own_bench.calls["ann", "billing"]
    board = bench.app.state.supervision.dashboard
    me = bench.app.state.accounts.get("the-supervisor")
    assert (board(me, 30).calls, board(me, 30).scored) == (2, 0)
    bench.app.state.scores.give(call, "sam", load(), {"greeting": "1"})
    bench.clock.now += 59
    assert board(me, 30).scored == 0
    assert board(me, 7).scored == 1
    assert board(replace(me, agents=("cara",)), 30).scored == 0
    assert board(replace(me, agents=()), 30).calls == 0
    bench.clock.now += 2
    assert board(me, 30).scored == 1


def test_the_rules_that_ship_are_rules() -> None:
    rules = load()
    assert {one.name for one in rules.sample} >= {"Not cleared", "Flagged", "Random"}
    assert len(rules.question) >= 3
    assert rules.form != Rules().form


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[sample]]\nname = 'a'\nshare = 2", "sample.0.share"),
        ("[[sample]]\nname = 'a'\n[[sample]]\nname = 'a'", "same name"),
        ("[[question]]\nid = 'Not An Id'\ntext = 'x'", "question.0.id"),
        ("[nonsense]", "nonsense"),
        ("[alerts]\nfrom = 9\nto = 8", "before"),
        ("[alerts]\nzone = 'Nowhere/At all'", "zone"),
        ("[alerts]\nwebhook = 'https://a.test/'", "together"),
        ("[alerts]\nwebhook = 'http://a.test/'\nwebhook_secret = 'x'", "https"),
        ("not toml", "no TOML"),
    ],
)
def test_wrong_rules_are_told_by_name(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "desk.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=told) as refused:
        load(path)
    assert str(path) in str(refused.value)
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "absent.toml")
