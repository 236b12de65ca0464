"""The API: what tokens may, and that it is as it describes itself."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from hushtap.vault.recordings import Vault
from hushtap.web.api import API
from hushtap.web.guard import _session_of_token
from hushtap.web.roles import Permission, Role
from hushtap.web.routes.listen import stream, wav_header
from hushtap.web.tokens import scopes_of
from web.bench import FINDINGS, HOST, LENGTH, PASSWORD, Bench
from web.test_sign_in import told

NAME = "the-supervisor"


def with_token(bench: Bench, *scopes: Permission, role: Role = Role.SUPERVISOR) -> TestClient:
    client = bench.client()
    account = bench.app.state.accounts.get(f"the-{role}")
    token = bench.app.state.tokens.make(account, "test", scopes, 1)
    client.headers["authorization"] = f"Bearer {token}"
    return client


def test_a_token_is_made_shown_once_used_and_revoked(own_bench: Bench) -> None:
    mine = own_bench.signed_in(Role.SUPERVISOR)
    form = {"label": "figures", "days": "30", "scope": ["calls:list"], "password": PASSWORD}
    page = mine.post("/account/tokens", data=form)
    token = page.text.split("shown once: <code>")[1].split("<")[0]
    assert token.startswith("hushtap_")
    assert token not in mine.get("/account").text
    client = own_bench.client()
    client.headers["authorization"] = f"Bearer {token}"
    calls = client.get(f"{API}/calls").json()["calls"]
    assert {one["agent"] for one in calls} == {"ann"}
    # Neither token nor cookie opens the other's door.
    assert client.get("/calls").status_code == 401
    del mine.headers["authorization"]
    assert mine.get(f"{API}/calls").status_code == 401
    content = b"".join(path.read_bytes() for path in own_bench.database.folder.glob("desk.db*"))
    assert token.encode() not in content
    [kept] = [one for one in own_bench.app.state.tokens.of(NAME) if one.label == "figures"]
    own_bench.signed_in(Role.QA_ANALYST).post("/account/tokens/drop", data={"token": kept.id})
    assert client.get(f"{API}/calls").status_code == 200
    mine.post("/account/tokens/drop", data={"token": kept.id})
    assert client.get(f"{API}/calls").status_code == 401
    changes = [user for user, *_ in told(own_bench, "account-change")]
    assert changes == [NAME, "the-qa-analyst", NAME]


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong password"},
        {"scope": ["people:change"]},
        {"scope": ["own"]},
        {"scope": []},
        {"scope": ["nonsense"]},
        {"days": "0"},
        {"days": "367"},
        {"label": ""},
        {"label": "4111 1111 1111 1111"},
    ],
    ids=str,
)
def test_what_makes_no_token(bench: Bench, wrong: dict[str, object]) -> None:
    form = {"label": "figures", "days": "30", "scope": ["calls:list"], "password": PASSWORD}
    answer = bench.signed_in(Role.SUPERVISOR).post("/account/tokens", data=form | wrong)
    assert answer.status_code == 422
    assert "shown once" not in answer.text


def test_a_token_may_what_it_was_made_for_and_its_role_may(own_bench: Bench) -> None:
    call = own_bench.calls["ann", "billing"]
    reading = with_token(own_bench, Permission.CALLS_LIST)
    assert reading.get(f"{API}/calls/{call}").json()["findings"] == {
        "CREDIT_CARD": 1,
        "UNHEARD": 1,
    }
    assert reading.get(f"{API}/calls/{call}/findings").status_code == 403
    assert reading.get(f"{API}/calls/{call}/audio").status_code == 403
    assert reading.post(f"{API}/calls/{call}/flags", json={}).status_code == 403
    assert reading.get(f"{API}/calls/{own_bench.calls['cara', 'orders']}").status_code == 404
    # Demoted since: what the role has not, its tokens have not.
    with sqlite3.connect(own_bench.database.path) as connection:
        connection.execute("UPDATE accounts SET role = 'auditor' WHERE name = ?", (NAME,))
    connection.close()
    assert reading.get(f"{API}/calls").status_code == 403


def test_a_token_ends_with_its_day_its_account_and_its_reset(own_bench: Bench) -> None:
    accounts = own_bench.app.state.accounts
    client = with_token(own_bench, Permission.CALLS_LIST)

    def status() -> int:
        return int(client.get(f"{API}/calls").status_code)

    assert status() == 200
    accounts.disable(NAME)
    assert status() == 401
    accounts.disable(NAME, disabled=False)
    assert status() == 200
    own_bench.clock.now += 24 * 3600 + 1
    assert status() == 401
    client = with_token(own_bench, Permission.CALLS_LIST)
    accounts.reset(NAME)
    assert status() == 401


def test_a_token_used_from_a_new_place_is_told_once(own_bench: Bench) -> None:
    watch = own_bench.app.state.watch
    watch.entered(NAME, "192.0.2.1")
    client = with_token(own_bench, Permission.CALLS_LIST)
    for _ in range(3):
        assert client.get(f"{API}/calls").status_code == 200
    assert [alert.rule for alert in watch.alerts()] == ["place"]


def test_a_token_in_two_places_listens_twice(own_bench: Bench) -> None:
    call = own_bench.calls["ann", "billing"]
    text = with_token(own_bench, Permission.CALLS_LISTEN).headers["authorization"]
    for address in ("192.0.2.1", "198.51.100.9", "192.0.2.1"):
        client = TestClient(own_bench.app, base_url=f"https://{HOST}", client=(address, 5))
        answer = client.get(f"{API}/calls/{call}/audio", headers={"authorization": text})
        assert answer.status_code == 200
    origins = [origin.partition("@")[2] for _, origin, _ in told(own_bench, "listen")]
    assert origins == ["192.0.2.1", "198.51.100.9"]


def test_what_is_no_filter_is_refused_by_name(bench: Bench) -> None:
    client = with_token(bench, Permission.CALLS_LIST)
    for given, named in (
        ({"agnet": "ann"}, ["agnet"]),
        ({"agent": "ann", "limit": "0"}, ["limit"]),
        ({"state": "gone", "colour": "1"}, ["colour"]),
        ({"4111111111111111": "1"}, []),
    ):
        answer = client.get(f"{API}/calls", params=given)
        detail = answer.json()["detail"]
        assert answer.status_code == 422, given
        assert [name for name in ("agnet", "limit", "colour", "4111") if name in detail] == named


def test_listening_by_token_is_on_record_and_by_range(own_bench: Bench) -> None:
    call = own_bench.calls["ann", "billing"]
    client = with_token(own_bench, Permission.CALLS_LISTEN)
    whole = client.get(f"{API}/calls/{call}/audio")
    assert (whole.status_code, len(whole.content)) == (200, 44 + LENGTH * 4)
    part = client.get(f"{API}/calls/{call}/audio", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    [(user, origin, _)] = told(own_bench, "listen")
    [token] = own_bench.app.state.tokens.of(NAME)
    assert (user, origin) == (NAME, f"token-{token.id}@10.0.0.7")
    found = client.get(f"{API}/calls/{call}/findings").json()
    assert [(one["entity"], one["start"]) for one in found] == [
        (one.entity, one.span.start / 8000) for one in FINDINGS
    ]


def test_a_token_that_is_revoked_hears_no_further(own_bench: Bench) -> None:
    client = with_token(own_bench, Permission.CALLS_LISTEN)
    state, given = own_bench.app.state, client.headers["authorization"]
    scope = {"type": "http", "app": own_bench.app, "client": ("10.0.0.7", 5)}
    request = Request(scope | {"headers": [(b"authorization", given.encode())]})
    session = request.state.session = _session_of_token(request)
    playback = state.desk.listen(session, own_bench.calls["ann", "billing"])
    sounding = stream(request, playback, wav_header(playback), 0, 44 + 4 * LENGTH)
    assert [len(next(sounding)), len(next(sounding))] == [44, 4 * 8000]
    [kept] = state.tokens.of(NAME)
    state.tokens.drop(NAME, kept.id)
    assert list(sounding) == []


def test_a_flag_by_token_mutes_for_good(own_bench: Bench) -> None:
    call = own_bench.calls["ann", "billing"]
    client = with_token(own_bench, Permission.CALLS_FLAG, Permission.CALLS_LIST)
    body = {"kind": "miss", "entity": "CVV", "channel": 0, "start": 0.5, "end": 0.75}
    made = client.post(f"{API}/calls/{call}/flags", json=body)
    assert (made.status_code, made.json()["state"]) == (201, "muted")
    samples = Vault.open(own_bench.vault.path).read(call).samples
    assert not samples[4040:5960, 0].any()
    assert client.get(f"{API}/calls/{call}/flags").json() == [made.json()]
    assert client.get(f"{API}/calls/{call}").json()["flagged"]
    wrongs = ({"start": 9}, {"channel": 2}, {"end": "NaN"}, {"end": 99}, {"more": 1}, {"kind": "x"})
    for wrong in wrongs:
        answer = client.post(f"{API}/calls/{call}/flags", json=body | wrong)
        assert (answer.status_code, list(answer.json())) == (422, ["detail"]), wrong


def test_pages_of_the_list_follow_on(bench: Bench) -> None:
    client = with_token(bench, Permission.CALLS_LIST, role=Role.PRIVACY_OFFICER)
    found, after = [], None
    while True:
        params = {"limit": "3"} | ({} if after is None else {"after": after})
        page = client.get(f"{API}/calls", params=params).json()
        found += [one["id"] for one in page["calls"]]
        after = page["after"]
        if after is None:
            break
    assert found == sorted(bench.calls.values(), reverse=True)
    for name, value in (("agent", "a\0b"), ("limit", "0"), ("after", "x"), ("since", "0001-01-01")):
        answer = client.get(f"{API}/calls", params={name: value})
        assert answer.status_code == (200 if name == "since" else 422), name
        assert answer.headers["content-type"] == "application/json"


def test_wrong_tokens_are_slowed_down_and_nothing_is_told(own_bench: Bench) -> None:
    own_bench.app.state.throttle._rate = 3
    client = own_bench.client()
    statuses = []
    for _ in range(5):
        client.headers["authorization"] = "Bearer hushtap_wrong"
        answer = client.get(f"{API}/calls")
        assert "hushtap_wrong" not in answer.text
        statuses.append(answer.status_code)
    assert statuses == [401, 401, 401, 429, 429]
    assert answer.headers["cache-control"] == "no-store"
    for kind, status in (("text/plain", 415), ("application/x-www-form-urlencoded", 415)):
        answer = client.post(f"{API}/calls/x/flags", content=b"a", headers={"content-type": kind})
        assert (answer.status_code, answer.json()["detail"]) == (status, "Send JSON.")


@pytest.mark.slow
def test_it_is_as_it_describes_itself(own_bench: Bench) -> None:
    """Hundreds of requests that the description allows, and some that it does not."""
    # They take seconds to load.
    import schemathesis  # noqa: PLC0415
    from hypothesis import given, settings  # noqa: PLC0415
    from schemathesis.specs.openapi import checks  # noqa: PLC0415

    client = with_token(own_bench, *scopes_of(Role.SUPERVISOR))
    headers = {"authorization": client.headers["authorization"]}
    description = client.get(f"{API}/openapi.json").json()
    assert len(description["paths"]) == 6
    schema = schemathesis.openapi.from_dict(description)
    schema.app = own_bench.app
    schema.config.base_url = f"https://{HOST}"
    seen: Counter[int] = Counter()

    def ask(case: schemathesis.Case[Any]) -> None:
        if "recording_id" in case.path_parameters and sum(seen.values()) % 2:
            case.path_parameters["recording_id"] = own_bench.calls["ann", "billing"]
        answer = case.call(headers=headers)
        seen[answer.status_code] += 1
        case.validate_response(
            answer,
            checks=[
                schemathesis.checks.not_a_server_error,
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_schema_conformance,
            ],
        )

    bounded = settings(max_examples=60, deadline=None, derandomize=True, database=None)(ask)
    for found in schema.get_all_operations():
        operation: Any = found
        given(case=operation.ok().as_strategy())(bounded)()
    assert sum(seen.values()) > 200
    assert seen.keys() >= {200, 201, 404, 422}
