from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from hushtap.errors import UsageError
from hushtap.timeline import Span
from hushtap.values import Entity, Finding
from hushtap.vault.location import set_catalog
from hushtap.vault.recordings import (
    CallDetails,
    Consent,
    Direction,
    Query,
    RecordingInfo,
    State,
    Vault,
)
from hushtap.vault.schema import recordings
from hushtap.vault.search import begins
from vault.calls import PHONE_LINE, append_all, call
from vault.lives import day, record

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Calls:
    vault: Vault
    infos: list[RecordingInfo]

    def ids(self, **wanted: Any) -> list[str]:  # noqa: ANN401 - as many types as fields
        """Return what a search gives."""
        return [info.id for info in self.vault.search(Query(**wanted))]

    def those(self, fits: Callable[[RecordingInfo], bool]) -> list[str]:
        """Return what it must give: by Python, from what was recorded."""
        return [info.id for info in self.infos if fits(info)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    """24 recordings, every agent on every queue, three findings in turn."""
    path = tmp_path_factory.mktemp("search") / "vault"
    if request.param == "postgresql":
        set_catalog(path, request.getfixturevalue("postgres").new_database())
    vault = Vault.create(path)
    kinds = itertools.cycle([(Entity.CVV,), (Entity.CVV, Entity.CREDIT_CARD), ()])
    consents = itertools.cycle([Consent.GIVEN, Consent.ASKED])
    agents = itertools.product(("ann", "bob", None), ("billing", "sales"), range(4))
    for number, (agent, queue, at) in enumerate(agents):
        details = CallDetails(
            *(agent, queue, Direction.INBOUND, f"+1202555{at:04}", f"id-{number}"),
            consent=next(consents),
        )
        found = [Finding(kind, Span(0, 5), 0, 0.9, "words") for kind in next(kinds)]
        record(vault, details, started=day(1 + number), findings=found)
    recording = vault.record(PHONE_LINE, source="line", policy="abc", started=day(28))
    append_all(recording, call(100))
    recording.abort()
    return Calls(vault, vault.list())


def test_what_is_known_of_a_call_comes_back(calls: Calls) -> None:
    first, last = calls.infos[0], calls.infos[-1]
    assert (first.agent, first.queue, first.direction) == ("ann", "billing", "inbound")
    assert (first.call_id, first.consent, first.held) == ("id-0", Consent.GIVEN, False)
    assert len(first.caller or "") == 32
    assert (last.agent, last.caller, last.direction) == (None, None, None)
    assert last.consent is Consent.UNKNOWN


def test_each_filter_and_every_two_of_them(calls: Calls) -> None:
    caller = calls.infos[2].caller
    filters: dict[str, tuple[object, Callable[[RecordingInfo], bool]]] = {
        "agent": ("ann", lambda info: info.agent == "ann"),
        "queue": ("sales", lambda info: info.queue == "sales"),
        "entity": (Entity.CVV, lambda info: "CVV" in info.findings),
        "state": (State.CLOSED, lambda info: info.state == "closed"),
        "held": (False, lambda _: True),
        "consent": (Consent.ASKED, lambda info: info.consent == "asked"),
        "caller": ("+12025550002", lambda info: info.caller == caller),
        "call_id": ("id-6", lambda info: info.call_id == "id-6"),
        "since": (day(6), lambda info: info.started >= day(6)),
        "until": (day(20), lambda info: info.started < day(20)),
    }
    several = 0
    for one, other in itertools.combinations_with_replacement(filters, 2):
        (value, fits), (second, fits_too) = filters[one], filters[other]
        wanted = {one: value, other: second}
        expected = calls.those(lambda info: fits(info) and fits_too(info))  # noqa: B023 - used at once
        assert calls.ids(**wanted) == expected, wanted
        assert calls.ids(**wanted, newest=True) == expected[::-1], wanted
        several += len(expected) > 1
    assert several > 30


def test_what_nothing_has_is_found_nowhere(calls: Calls) -> None:
    for wanted in (
        *({"agent": "ANN"}, {"agent": ""}, {"queue": "%"}, {"entity": Entity.US_SSN}),
        *({"held": True}, {"state": State.DISPOSED}, {"caller": "+12025559999"}),
        {"since": day(29)},
    ):
        assert calls.ids(**wanted) == [], wanted


@pytest.mark.parametrize("limit", [1, 2, 7, 12, 13, 25, 26])
@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("wanted", [{}, {"entity": Entity.CVV}, {"queue": "sales"}])
def test_pages_together_are_the_whole(
    calls: Calls, limit: int, wanted: dict[str, Any], *, newest: bool
) -> None:
    query = Query(**wanted, limit=limit, newest=newest)
    whole = [info.id for info in calls.vault.search(replace(query, limit=None))]
    pages: list[str] = []
    while page := [info.id for info in calls.vault.search(query)]:
        assert len(page) <= limit
        pages += page
        query = replace(query, after=page[-1])
    assert pages == whole
    assert len(whole) > 11


def test_times_are_of_any_zone_and_utc_without_one(calls: Calls) -> None:
    east = timezone(timedelta(hours=9))
    expected = calls.those(lambda info: info.started == day(5))
    assert len(expected) == 1
    for since in (day(5), datetime(2026, 11, 5, 9), datetime(2026, 11, 5, 18, tzinfo=east)):  # noqa: DTZ001 - the case
        assert calls.ids(since=since, until=since + timedelta(seconds=1)) == expected
        assert calls.ids(since=since, until=since) == []


def test_a_page_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="limit of 1 or more"):
        Query(limit=0)


def test_a_vault_that_grew_counts_what_it_has_when_it_is_next_opened(vault: Vault) -> None:
    names = ("sample_rate", "channels", "samples", "source", "policy", "findings")
    rest = dict(zip(names, (8000, 2, 0, "line", "abc", {}), strict=True))
    rows = [
        {"id": begins(day(1)) + f"-{n:08x}", "started": day(1).isoformat(), "state": "closed"}
        | rest
        for n in range(1200)
    ]

    def known() -> int:
        with vault._catalog.database.reading() as connection:
            sql = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'"
            return int(connection.exec_driver_sql(sql).scalar() or 0)

    Vault.open(vault.path)
    assert known() == 0
    with vault._catalog.database.writing() as connection:
        connection.execute(insert(recordings), rows)
    assert len(Vault.open(vault.path).search(Query(state=State.CLOSED))) == 1200
    assert known() == 1
