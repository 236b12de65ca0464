"""The list of calls, what people say of them, and what never changes on the way."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest

from hushtap.errors import UsageError
from hushtap.timeline import Span
from hushtap.values import Entity, Finding
from hushtap.vault.recordings import CallDetails, Consent
from hushtap.web.pages import HERE
from hushtap.web.review import FlagKind, FlagState
from hushtap.web.roles import Role
from hushtap.web.routes.calls import PAGE
from hushtap.web.views import clock, why
from vault.calls import PHONE_LINE, append_all, call
from web.bench import NOW, Bench

RECORDING = re.compile(r'href="/calls/(\w{16}-\w{8})(?:#[^"]*)?"')


def listed(bench: Bench, query: str = "", role: Role = Role.PRIVACY_OFFICER) -> list[str]:
    page = bench.signed_in(role).get(f"/calls{query}")
    assert page.status_code == 200
    return RECORDING.findall(page.text)


def add(bench: Bench, seconds: float, hours: int, entity: Entity, consent: Consent) -> str:
    details = CallDetails(agent="ann", queue="billing", call_id=f"x{hours}", consent=consent)
    started = NOW - timedelta(hours=hours)
    with bench.vault.record(
        PHONE_LINE, source="line", policy="abc", started=started, call=details
    ) as recording:
        append_all(recording, call(int(seconds * 8000)), step=8000)
        recording.add_findings([Finding(entity, Span(1, 9), 0, 0.9, "words:asked")])
    return recording.id


def test_every_filter_finds_what_it_says(own_bench: Bench) -> None:
    long = add(own_bench, 66, 50, Entity.PIN, Consent.GIVEN)
    held = add(own_bench, 6, 26, Entity.CVV, Consent.ASKED)
    own_bench.vault.life.hold(held, "case-1")
    ids = sorted([*own_bench.calls.values(), long, held], reverse=True)
    assert listed(own_bench) == ids
    for query, found in (
        ("?shortest=1", [long]),
        ("?longest=1", [one for one in ids if one != long]),
        ("?entity=PIN", [long]),
        ("?consent=asked", [held]),
        ("?held=yes", [held]),
        ("?state=closed", ids),
        ("?state=interrupted", []),
        ("?call_id=x50", [long]),
        ("?since=2026-11-22", [one for one in ids if one not in {long, held}]),
        ("?until=2026-11-20", [long]),
        ("?since=2026-11-21&until=2026-11-21", [held]),
        ("?agent=cara&queue=orders", [own_bench.calls["cara", "orders"]]),
        ("?agent=ANN", []),
    ):
        assert listed(own_bench, query) == found, query


def test_pages_follow_on_without_a_gap(own_bench: Bench) -> None:
    for hours in range(30, 30 + PAGE + 3):
        add(own_bench, 0.1, hours, Entity.CVV, Consent.UNKNOWN)
    # Of one team, whose calls come from several searches.
    pages = [own_bench.signed_in(Role.SUPERVISOR).get("/calls").text]
    older = re.search(r'href="(/calls\?after=[^"]+)"', pages[0])
    assert older is not None
    pages.append(own_bench.signed_in(Role.SUPERVISOR).get(older[1]).text)
    found = [RECORDING.findall(page) for page in pages]
    assert [len(page) for page in found] == [PAGE, 5]
    mine = [one.id for one in own_bench.vault.list() if one.agent == "ann"]
    assert [*found[0], *found[1]] == mine[::-1]
    assert "Older calls" not in pages[1]


def test_the_figures_are_those_of_the_calls_in_reach(bench: Bench) -> None:
    page = bench.signed_in(Role.SUPERVISOR).get("/calls").text
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)<", page))
    assert figures == {
        "Calls": "2",
        "Talk": "0 min",
        "With mutes": "100",
        "Card number": "2",
        "Not cleared": "2",
    }


def test_a_call_shows_its_redactions_and_masked_words(bench: Bench) -> None:
    page = bench.signed_in(Role.SUPERVISOR).get(f"/calls/{bench.calls['ann', 'billing']}").text
    assert re.findall(r'data-start="([\d.]+)" data-end="([\d.]+)" data-channel="(\d)"', page) == [
        ("0.500", "0.750", "1"),
        ("1.500", "1.562", "0"),
    ]
    assert "heard by both ears, asked for" in page
    assert "nobody could clear it: late" in page
    assert ">Card number</span>" in page
    assert "[CREDIT_CARD]" not in page


def test_who_may_not_listen_sees_no_word(bench: Bench) -> None:
    for role in (Role.PRIVACY_OFFICER, Role.TELEPHONY_ENGINEER):
        page = bench.signed_in(role).get(f"/calls/{bench.calls['ann', 'billing']}").text
        assert "not what was said" in page
        assert "marmalade" not in page
        assert "/audio" not in page


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Asked twice, politely.", True),
        ("Took 3 tries in 2026", True),
        ("it was 4929 1234 5678 9012", False),
        ("one two 1 2 3 4 5", False),
        ("ssn 123-45-6789", False),
        ("٤٩٢٩١٢٣٤", False),
        ("   ", False),
        ("a" * 1001, False),
    ],
)
def test_comments_hold_no_rows_of_digits(bench: Bench, text: str, *, kept: bool) -> None:
    path = f"/calls/{bench.calls['ann', 'billing']}/comments"
    answer = bench.signed_in(Role.SUPERVISOR).post(path, data={"text": text, "at": "0.5"})
    assert answer.status_code == (303 if kept else 422)
    texts = [
        one.text for one in bench.app.state.desk.review.comments(bench.calls["ann", "billing"])
    ]
    assert (text in texts) is kept


def test_what_may_not_be_flagged_is_refused(bench: Bench) -> None:
    recording = bench.calls["ann", "billing"]
    good = {"kind": "miss", "channel": "1", "start": "1", "end": "1.5", "entity": "CVV"}
    client = bench.signed_in(Role.SUPERVISOR)
    for wrong in (
        {"start": "1.5", "end": "1"},
        {"start": "1", "end": "1"},
        {"start": "7"},
        {"start": "nan"},
        {"end": "inf"},
        {"start": "-1"},
        {"channel": "2"},
        {"kind": "delete"},
        {"entity": "MARMALADE"},
    ):
        answer = client.post(f"/calls/{recording}/flags", data=good | wrong)
        assert answer.status_code == 422, wrong
    assert bench.app.state.desk.review.flags(recording) == []


def test_flags_are_kept_with_who_and_what_came_of_them(own_bench: Bench) -> None:
    review = own_bench.app.state.desk.review
    kept = review.flag(
        "a", FlagKind.MISS, channel=1, span=Span(3, 9), entity=Entity.CVV, account="sam"
    )
    assert review.silent("a") == [(1, Span(3, 9))]
    review.settle(kept, FlagState.HELD)
    assert review.silent("a") == [(1, Span(3, 9))]
    review.settle(kept, FlagState.MUTED)
    assert review.silent("a") == []
    [flag] = review.flags("a")
    assert (flag.account, flag.made, flag.state) == ("sam", NOW.timestamp(), FlagState.MUTED)
    with pytest.raises(UsageError):
        review.comment("a", "sam", "", None)


def test_vendored_files_are_what_their_list_says() -> None:
    folder = HERE / "static" / "vendor"
    listed_files = dict(
        line.split()[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    there = {path.name for path in folder.glob("*.js")}
    assert there == listed_files.keys()
    for name, digest in listed_files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    assert len(list(folder.glob("LICENSE*"))) == 2


def test_nothing_of_ours_asks_another_host() -> None:
    own = [*(HERE / "static").glob("*.*"), *(HERE / "templates").glob("*.html")]
    assert len(own) > 15
    for path in own:
        text = Path(path).read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
        assert "//" not in re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE), path.name


def test_times_and_reasons_as_people_read_them() -> None:
    assert [clock(at) for at in (0, 59.99, 60, 3599, 3661)] == [
        "0:00",
        "0:59",
        "1:00",
        "59:59",
        "1:01:01",
    ]
    for source, said in (
        ("review", "flagged by a person"),
        ("words", "heard by the recogniser"),
        ("spotter:card-length", "heard by the digit spotter, card length"),
    ):
        assert why(Finding(Entity.CVV, Span(0, 1), 0, 1.0, source)) == said


@pytest.mark.parametrize("name", ["agent", "queue", "call_id", "since", "after"])
def test_a_filter_that_cannot_be_printed_is_refused(bench: Bench, name: str) -> None:
    answer = bench.signed_in(Role.PRIVACY_OFFICER).get(f"/calls?{name}=a%00b")
    assert answer.status_code == 422


def test_what_is_in_reach_is_listed_however_much_others_flagged(own_bench: Bench) -> None:
    desk = own_bench.app.state.desk
    span = {"channel": 1, "span": Span(3, 9), "entity": Entity.CVV, "account": "sam"}
    desk.review.flag(own_bench.calls["ann", "billing"], FlagKind.MISS, **span)
    for _ in range(250):
        desk.review.flag(own_bench.calls["cara", "orders"], FlagKind.MISS, **span)
    client = own_bench.signed_in(Role.SUPERVISOR)
    assert RECORDING.findall(client.get("/cases").text) == [own_bench.calls["ann", "billing"]]
    assert client.get("/calls").text.count('class="mark flagged"') == 1


def test_a_vault_that_cannot_be_asked_is_no_call_that_is_not_there(own_bench: Bench) -> None:
    client = own_bench.signed_in(Role.SUPERVISOR)
    path = f"/calls/{own_bench.calls['ann', 'billing']}"
    assert client.get(path).status_code == 200
    (own_bench.vault.path / "catalog.db").write_bytes(b"not a database, not at all" * 400)
    assert client.get(path).status_code == 503
    assert client.get("/calls/%00").status_code == 404


def test_the_last_of_all_days_is_no_day(bench: Bench) -> None:
    answer = bench.signed_in(Role.PRIVACY_OFFICER).get("/calls?until=9999-12-31")
    assert answer.status_code == 422
