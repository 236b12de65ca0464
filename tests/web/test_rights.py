"""Role x route x ownership, from the description that the desk gives of itself."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from hushtap.web.api import API
from hushtap.web.guard import undeclared
from hushtap.web.roles import TABLE, Permission, Role
from hushtap.web.sessions import Stage
from web.bench import Bench, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi.testclient import TestClient

BODIES: dict[str, dict[str, Any]] = {
    "/calls/{recording_id}/flags": {
        "kind": "overmute",
        "channel": "1",
        "start": "0.5",
        "end": "0.75",
        "entity": "CREDIT_CARD",
    },
    "/calls/{recording_id}/comments": {"text": "well said"},
    "/calls/{recording_id}/score": {"q-greeting": "1"},
    "/calls/{recording_id}/disposal": {"reason": "case-1"},
    "/calls/{recording_id}/hold": {"reason": "case-1", "change": "release"},
    "/calls/{recording_id}/consent": {"said": "given"},
    "/breaches/{breach}/answers": {"what": "nature", "said": "x"},
    "/callers": {"caller": "+1 202 555 0143"},
    "/views": {"name": "mine", "f-agent": "ann"},
    "/views/drop": {"name": "mine"},
    f"{API}/calls/{{recording_id}}/flags": {
        "kind": "overmute",
        "channel": 1,
        "start": 0.5,
        "end": 0.75,
        "entity": "CREDIT_CARD",
    },
    "/account/passkeys/options": {"password": "wrong"},
    "/account/passkeys": {"credential": "{}"},
    "/account/tokens": {"label": "x", "days": "1", "scope": "calls:list", "password": "wrong"},
    "/account/password": {"old": "wrong", "new": "wrong"},
    "/people": {"name": "the-auditor", "role": "auditor"},
}
"""What a route takes; without one it is sent an empty form."""

ELSE = {
    # There is no gateway here, no such breach and statement, and nobody has agreed.
    "/live/{recording_id}/sound": {503},
    "/breaches/{breach}": {404},
    "/breaches/{breach}/answers": {404},
    "/breaches/{breach}/close": {404},
    "/disposals/{number}/statement": {422},
    "/calls/{recording_id}/export/file": {403},
}
"""What is answered to who may, where it is not what others answer."""

WHOSE = {
    # agent, queue: who has them in reach, as docs/web.md says it
    ("ann", "billing"): {Role.SUPERVISOR, Role.QA_ANALYST},
    ("ann", "orders"): {Role.SUPERVISOR},
    ("cara", "billing"): {Role.QA_ANALYST},
    ("cara", "orders"): set[Role](),
}
SEES_ALL = {Role.TELEPHONY_ENGINEER, Role.PRIVACY_OFFICER}

JUDGES = {
    "calls:list",
    "calls:listen",
    "calls:flag",
    "calls:comment",
    "calls:review",
    "cases:list",
    "figures:read",
}
MAY = {
    Role.TELEPHONY_ENGINEER: {"calls:list", "figures:read"},
    Role.QA_ANALYST: JUDGES,
    Role.SUPERVISOR: JUDGES | {"calls:live", "calls:export", "exports:see"},
    Role.PRIVACY_OFFICER: {
        "alerts:handle",
        "breaches:handle",
        "calls:dispose",
        "calls:govern",
        "calls:list",
        "cases:list",
        "exports:agree",
        "exports:see",
        "figures:read",
        "log:read",
    },
    Role.AUDITOR: {"log:read"},
    Role.ADMINISTRATOR: {"access:review", "people:read", "people:change"},
}
"""Written down twice on purpose: who changes the table changes this."""


def routes(bench: Bench) -> Iterator[tuple[str, str, str]]:
    """Yield (method, path, permission) of every route there is."""
    for path, methods in bench.app.openapi()["paths"].items():
        for method, described in methods.items():
            yield method.upper(), path, described["x-permission"]


def ask(client: TestClient, method: str, path: str, recording: str) -> int:
    filled = path.format(
        recording_id=recording,
        session_id="0" * 64,
        name=name_of(Role.AUDITOR),
        change="none",
        alert=1,
        number=99,
        breach="none",
        request_id="none",
    )
    given: dict[str, Any] = BODIES.get(path, {}) if method == "POST" else {}
    body: dict[str, Any] = {"json" if path.startswith(API) else "data": given or None}
    answer = client.request(method, filled, headers={"accept": "text/html"}, **body)
    return int(answer.status_code)


def test_the_table_is_what_is_written_down() -> None:
    assert {role: {str(one) for one in TABLE[role][0]} for role in Role} == MAY


def test_every_route_is_described_and_has_a_permission(bench: Bench) -> None:
    found = list(routes(bench))
    assert len(found) == len(bench.app.routes) - 1
    assert {permission for *_, permission in found} == set(Permission)


def test_a_route_without_a_permission_is_found(own_bench: Bench) -> None:
    assert undeclared(own_bench.app) == []
    own_bench.app.add_api_route("/open", lambda: "all calls")
    assert undeclared(own_bench.app) == ["/open"]


@pytest.mark.parametrize("role", Role)
def test_each_role_gets_what_it_may_of_what_is_in_reach(bench: Bench, role: Role) -> None:
    client = bench.signed_in(role)
    wrong = []
    for (method, path, permission), whose in product(routes(bench), WHOSE):
        if path == "/sign-out" or ("{recording_id}" not in path and whose != ("ann", "billing")):
            continue
        status = ask(client, method, path, bench.calls[whose])
        in_reach = role in WHOSE[whose] or role in SEES_ALL
        if path.startswith(API) and role not in bench.tokens:
            expected = {401}
        elif permission == "public":
            expected = {200, 303, 401, 422}
        elif permission not in MAY[role] | {"own"}:
            expected = {403}
        elif "{recording_id}" in path and not in_reach:
            expected = {404}
        else:
            expected = {200, 303} if method == "GET" else {200, 201, 303, 401, 422}
            expected = ELSE.get(path, expected)
        if status not in expected:
            wrong.append((method, path, whose, status))
    assert wrong == []


@pytest.mark.parametrize("stage", [None, Stage.PASSWORD, Stage.SETUP])
def test_nobody_gets_anything_before_the_second_factor(bench: Bench, stage: Stage | None) -> None:
    client = bench.client() if stage is None else bench.signed_in(Role.SUPERVISOR, stage)
    wrong = []
    for method, path, permission in routes(bench):
        if permission in {"public", "half"}:
            continue
        status = ask(client, method, path, bench.calls["ann", "billing"])
        # A form of nobody is refused before anybody is asked for.
        expected = {303} if method == "GET" else ({403} if stage is None else {401})
        if path.startswith(API):
            expected = {401}
        if status not in expected:
            wrong.append((method, path, status))
    assert wrong == []


def test_an_unknown_call_and_another_teams_look_the_same(bench: Bench) -> None:
    client = bench.signed_in(Role.SUPERVISOR)
    known = bench.calls["cara", "orders"]
    for path in ("", "/audio", "/waveform"):
        texts = {client.get(f"/calls/{one}{path}").text for one in (known, "20200101T000000Z-0")}
        assert len(texts) == 1


def test_lists_show_what_is_in_reach_only(bench: Bench) -> None:
    for role in (Role.SUPERVISOR, Role.QA_ANALYST, Role.PRIVACY_OFFICER):
        client = bench.signed_in(role)
        for query in ("", "?agent=cara", "?queue=orders", "?agent=ann&queue=billing"):
            page = client.get(f"/calls{query}").text
            for (agent, queue), recording in bench.calls.items():
                fits = (f"agent={agent}" in query or "agent" not in query) and (
                    f"queue={queue}" in query or "queue" not in query
                )
                mine = role in WHOSE[agent, queue] or role in SEES_ALL
                assert (recording in page) is (fits and mine), (role, query, agent, queue)


def test_a_name_that_begins_an_id_is_no_way_in(bench: Bench) -> None:
    recording = bench.calls["ann", "billing"]
    assert bench.signed_in(Role.SUPERVISOR).get(f"/calls/{recording[:-1]}").status_code == 404
