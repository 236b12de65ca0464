"""Disposal at the desk takes two: nobody agrees with themselves, and a legal hold still wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault.recordings import State
from hushtap.web.credentials import form_token
from hushtap.web.disposals import Standing
from hushtap.web.roles import Role
from hushtap.web.sessions import Stage
from web.bench import COOKIE, HOST, PASSWORD, Bench
from web.test_sign_in import told

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

FIRST, SECOND = "the-privacy-officer", "olga"


@pytest.fixture
def officers(own_bench: Bench) -> tuple[TestClient, TestClient]:
    """Two privacy officers."""
    state, other = own_bench.app.state, own_bench.client()
    state.accounts.add(SECOND, Role.PRIVACY_OFFICER, password=PASSWORD)
    token = state.sessions.begin(SECOND, Stage.FULL, "10.0.0.8", "Firefox/1")
    other.cookies.set(COOKIE, token, domain=HOST)
    other.headers["x-form-token"] = form_token(token)
    return own_bench.signed_in(Role.PRIVACY_OFFICER), other


def ask(client: TestClient, call: str, reason: str = "case-1") -> int:
    return int(client.post(f"/calls/{call}/disposal", data={"reason": reason}).status_code)


def test_one_asks_another_agrees_and_it_is_gone(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    call = own_bench.calls["ann", "billing"]
    assert "Nothing was asked for" in first.get("/disposals").text
    assert ask(first, call) == 303
    # Nor can two requests stand for the eyes of two.
    assert ask(second, call) == 422
    page = first.get("/disposals").text
    assert ("Take back" in page, "Dispose for good" in page) == (True, False)
    assert first.post("/disposals/1/agree").status_code == 403
    assert own_bench.vault.info(call).state is State.CLOSED
    assert "Dispose for good" in second.get("/disposals").text
    assert second.post("/disposals/1/agree").status_code == 303
    assert own_bench.vault.info(call).state is State.DISPOSED
    with pytest.raises(VaultError, match="destroyed"):
        own_bench.vault.read(call)
    assert second.post("/disposals/1/agree").status_code == 422
    assert told(own_bench, "approval") == [
        (FIRST, "10.0.0.7", "success"),
        (SECOND, "10.0.0.8", "success"),
    ]
    assert {user for user, *_ in told(own_bench, "dispose")} == {SECOND}
    assert own_bench.app.state.disposals.list()[0].standing == "done"


def test_a_legal_hold_wins(own_bench: Bench, officers: tuple[TestClient, TestClient]) -> None:
    first, second = officers
    call = own_bench.calls["ann", "billing"]
    own_bench.vault.life.hold(call, "case-9")
    assert ask(first, call) == 303
    assert second.post("/disposals/1/agree").status_code == 409
    assert own_bench.vault.info(call).state is State.CLOSED
    assert own_bench.app.state.disposals.list()[0].standing == "held"


def test_what_was_declined_taken_back_or_is_old_is_not_done(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    call = own_bench.calls["ann", "billing"]
    for number, client in ((1, first), (2, second)):
        assert ask(first, call) == 303
        assert client.post(f"/disposals/{number}/decline").status_code == 303
        assert second.post(f"/disposals/{number}/agree").status_code == 422
    assert ask(first, call) == 303
    own_bench.clock.now += 7 * 24 * 3600 + 1
    later = own_bench.app.state.disposals.list()
    assert [one.standing for one in later] == ["expired", "declined", "declined"]
    with pytest.raises(Exception, match="nothing to decide"):
        own_bench.app.state.disposals.decide(3, SECOND, later[0].standing)
    assert own_bench.vault.info(call).state is State.CLOSED


@pytest.mark.parametrize("reason", ["", "because of 4111 1111 1111 1111", "prose is none", "a\0b"])
def test_a_reason_is_a_reference(
    own_bench: Bench, officers: tuple[TestClient, TestClient], reason: str
) -> None:
    assert ask(officers[0], own_bench.calls["ann", "billing"], reason) == 422
    assert own_bench.app.state.disposals.list() == []
    assert told(own_bench, "approval") == []


def test_where_it_cannot_be_logged_nothing_is_disposed_of(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    call = own_bench.calls["ann", "billing"]
    assert ask(first, call) == 303
    own_bench.app.state.log_path.write_bytes(b"not a database, not at all" * 400)
    for left in own_bench.vault.path.glob("audit.db-*"):
        left.unlink()
    assert second.post("/disposals/1/agree").status_code == 503
    assert own_bench.app.state.disposals.get(1).standing is Standing.ASKED
    assert own_bench.vault.info(call).state is State.CLOSED


def test_what_failed_half_way_is_agreed_to_again(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    call = own_bench.calls["ann", "billing"]
    assert ask(first, call) == 303
    own_bench.app.state.disposals.decide(1, SECOND, Standing.AGREED)
    assert ask(first, call) == 422
    assert first.post("/disposals/1/agree").status_code == 403
    assert second.post("/disposals/1/agree").status_code == 303
    assert own_bench.vault.info(call).state is State.DISPOSED
