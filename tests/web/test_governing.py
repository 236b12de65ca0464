"""Holds, consent, erasure, breaches, exports, access reviews: by two where it must be two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import UsageError
from hushtap.vault.recordings import CallDetails, Consent, State
from hushtap.web.access import TERM
from hushtap.web.credentials import form_token
from hushtap.web.disposals import GOOD_FOR
from hushtap.web.roles import Role
from hushtap.web.sessions import Stage
from vault.calls import PHONE_LINE, append_all, call
from web.bench import COOKIE, HOST, LENGTH, PASSWORD, Bench
from web.test_listening import samples_in
from web.test_sign_in import told

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

CALLER = "+1 202 555 0143"
SECOND = "olga"


def somebody(bench: Bench, name: str, role: Role) -> TestClient:
    state, client = bench.app.state, bench.client()
    state.accounts.add(name, role, password=PASSWORD, agents=["ann"])
    token = state.sessions.begin(name, Stage.FULL, "10.0.0.8", "Firefox/1")
    client.cookies.set(COOKIE, token, domain=HOST)
    client.headers["x-form-token"] = form_token(token)
    return client


@pytest.fixture
def officers(own_bench: Bench) -> tuple[TestClient, TestClient]:
    other = somebody(own_bench, SECOND, Role.PRIVACY_OFFICER)
    return own_bench.signed_in(Role.PRIVACY_OFFICER), other


def of_caller(bench: Bench) -> str:
    details = CallDetails(agent="ann", queue="billing", caller=CALLER)
    with bench.vault.record(PHONE_LINE, source="line", policy="abc", call=details) as recording:
        append_all(recording, call(LENGTH, seed=9))
    return recording.id


def test_a_hold_is_placed_seen_and_released(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    officer, _ = officers
    recording = own_bench.calls["ann", "billing"]
    path = f"/calls/{recording}/hold"
    assert officer.post(path, data={"change": "place", "reason": "case-7"}).status_code == 303
    assert own_bench.vault.info(recording).held
    assert "Release the hold for case-7" in officer.get(f"/calls/{recording}").text
    wrong = {"change": "release", "reason": "case-8"}
    assert officer.post(path, data=wrong).status_code == 422
    prose = {"change": "place", "reason": "because of him"}
    assert officer.post(path, data=prose).status_code == 422
    # A miss that waited for the release is muted with it.
    form = {"kind": "miss", "channel": "0", "entity": "CVV", "start": "0.5", "end": "1.0"}
    own_bench.signed_in(Role.SUPERVISOR).post(f"/calls/{recording}/flags", data=form)
    assert own_bench.vault.waiting_mutes(recording)
    assert officer.post(path, data=wrong | {"reason": "case-7"}).status_code == 303
    assert not own_bench.vault.info(recording).held
    assert own_bench.vault.waiting_mutes(recording) == ()
    assert {user for user, *_ in told(own_bench, "hold")} == {"the-privacy-officer"}


def test_consent_that_is_given_is_noted_and_what_is_withdrawn_goes_by_two(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    recording = own_bench.calls["ann", "billing"]
    path = f"/calls/{recording}/consent"
    assert first.post(path, data={"said": "given"}).status_code == 303
    assert own_bench.vault.info(recording).consent is Consent.GIVEN
    assert first.post(path, data={"said": "withdrawn"}).status_code == 303
    assert own_bench.vault.info(recording).state is State.CLOSED
    assert first.post("/disposals/1/agree").status_code == 403
    assert second.post("/disposals/1/agree").status_code == 303
    info = own_bench.vault.info(recording)
    assert (info.state, info.consent) == (State.DISPOSED, Consent.WITHDRAWN)
    for said in ("given", "refused", "withdrawn"):
        assert first.post(path, data={"said": said}).status_code == 422


def test_a_caller_is_found_and_erased_by_two(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    mine, held = of_caller(own_bench), of_caller(own_bench)
    own_bench.vault.life.hold(held, "case-1")
    page = first.post("/callers", data={"caller": CALLER}).text
    assert mine in page
    assert held in page
    assert own_bench.calls["ann", "billing"] not in page
    assert "0143" not in page
    sealed = page.split('name="sealed" value="')[1].split('"')[0]
    form = {"sealed": sealed, "reason": "request-31"}
    assert first.post("/callers/erasure", data=form).status_code == 303
    assert "all calls of a caller" in second.get("/disposals").text
    assert first.post("/disposals/1/agree").status_code == 403
    assert own_bench.vault.info(mine).state is State.CLOSED
    assert second.get("/disposals/1/statement").status_code == 422
    assert second.post("/disposals/1/agree").status_code == 303
    assert own_bench.vault.info(mine).state is State.DISPOSED
    assert own_bench.vault.info(held).state is State.CLOSED
    statement = second.get("/disposals/1/statement")
    assert mine in statement.text
    assert held in statement.text
    assert "0143" not in statement.text
    database = b"".join(path.read_bytes() for path in own_bench.database.folder.glob("desk.db*"))
    assert b"0143" not in database
    assert "There is nothing" in first.post("/callers", data={"caller": "+1 202 555 0100"}).text


def test_what_was_open_is_erased_when_it_is_agreed_to_again(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    details = CallDetails(caller=CALLER)
    recording = own_bench.vault.record(PHONE_LINE, source="line", policy="abc", call=details)
    page = first.post("/callers", data={"caller": CALLER}).text
    sealed = page.split('name="sealed" value="')[1].split('"')[0]
    first.post("/callers/erasure", data={"sealed": sealed, "reason": "request-32"})
    assert second.post("/disposals/1/agree").status_code == 303
    assert "Dispose for good" in second.get("/disposals").text
    append_all(recording, call(LENGTH, seed=3))
    recording.close()
    assert second.post("/disposals/1/agree").status_code == 303
    assert own_bench.vault.info(recording.id).state is State.DISPOSED
    assert second.post("/disposals/1/agree").status_code == 422


def test_a_caller_is_forgotten_once_there_is_nothing_to_decide(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    first, second = officers
    requests = own_bench.app.state.disposals
    own_bench.vault.life.hold(of_caller(own_bench), "case-1")
    page = first.post("/callers", data={"caller": CALLER}).text
    sealed = page.split('name="sealed" value="')[1].split('"')[0]
    for number, what in enumerate(("agree", "decline", "nothing"), 1):
        form = {"sealed": sealed, "reason": f"request-{number}"}
        assert first.post("/callers/erasure", data=form).status_code == 303
        assert requests.caller(number) == CALLER
        if what != "nothing":
            assert second.post(f"/disposals/{number}/{what}").status_code == 303
        else:
            requests.forget_callers()
            assert requests.caller(number) == CALLER
            own_bench.clock.now += GOOD_FOR + 1
            requests.forget_callers()
        with pytest.raises(UsageError):
            requests.caller(number)
    assert [one.standing for one in requests.list()] == ["expired", "declined", "held"]


def test_a_breach_is_entered_answered_and_closed(
    own_bench: Bench, officers: tuple[TestClient, TestClient]
) -> None:
    officer, _ = officers
    recording = own_bench.calls["ann", "billing"]
    own_bench.signed_in(Role.SUPERVISOR).get(f"/calls/{recording}/audio")
    form = {"nature": "A laptop was stolen", "accounts": "the-supervisor"}
    made = officer.post("/breaches", data=form)
    assert made.status_code == 303
    path = made.headers["location"]
    page = officer.get(path).text
    assert recording in page
    assert own_bench.calls["cara", "orders"] not in page
    assert officer.post(f"{path}/close").status_code == 422
    for what, said in (
        ("contact", "dpo@example.test"),
        ("consequences", "Calls may be known"),
        ("measures", "Session ended, disk wiped"),
        ("notified", "2026-11-23T09:00:00+00:00"),
    ):
        answer = officer.post(f"{path}/answers", data={"what": what, "said": said})
        assert answer.status_code == 303, what
    late = officer.get(path).text
    if "Why it was told late" in late:
        officer.post(f"{path}/answers", data={"what": "delay", "said": "Found late"})
    assert officer.post(f"{path}/close").status_code == 303
    assert officer.post(f"{path}/close").status_code == 422
    assert "closed" in officer.get("/breaches").text
    for wrong in (
        {"nature": "A laptop", "accounts": ""},
        {"nature": "4111 1111 1111 1111", "accounts": "x"},
        {"nature": "A laptop", "accounts": "x", "since": "yesterday"},
        {"nature": "A laptop", "accounts": "4539148803436467"},
        {"nature": "A laptop", "hosts": "4539148803436467"},
    ):
        assert officer.post("/breaches", data=wrong).status_code == 422, wrong


@pytest.mark.parametrize("said", ["2026-11-01T09:00", "2026-11-01T04:00-05:00"])
def test_the_time_of_a_breach_keeps_its_zone(own_bench: Bench, said: str) -> None:
    officer = own_bench.signed_in(Role.PRIVACY_OFFICER)
    made = {"nature": "A laptop", "accounts": "x", "since": said}
    assert officer.post("/breaches", data=made).status_code == 303
    [breach] = own_bench.vault.life.breaches.all()
    assert breach.scope["since"].startswith("2026-11-01T09:00:00")


def test_an_export_takes_another_and_is_good_once(own_bench: Bench) -> None:
    recording = own_bench.calls["ann", "billing"]
    mine, officer = own_bench.signed_in(Role.SUPERVISOR), own_bench.signed_in(Role.PRIVACY_OFFICER)
    colleague = somebody(own_bench, "carl", Role.SUPERVISOR)
    file = f"/calls/{recording}/export/file"
    assert mine.post(file).status_code == 403
    assert mine.post(f"/calls/{recording}/export").status_code == 303
    [request] = own_bench.vault.life.approvals.all()
    assert mine.post(file).status_code == 403
    assert mine.post(f"/exports/{request.id}/agree").status_code == 403
    assert request.what not in colleague.get("/exports").text
    assert officer.post(f"/exports/{request.id}/agree").status_code == 303
    # What another was given is not for a colleague.
    assert colleague.post(file).status_code == 403
    answer = mine.post(file)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert "attachment" in answer.headers["content-disposition"]
    assert np.array_equal(samples_in(answer.content), call(LENGTH, seed=0))
    assert mine.post(file).status_code == 403
    assert [user for user, *_ in told(own_bench, "export")] == ["the-supervisor"]
    assert officer.post(f"/exports/{request.id}/agree").status_code == 422
    out_of_reach = own_bench.calls["cara", "orders"]
    assert mine.post(f"/calls/{out_of_reach}/export").status_code == 404


def test_accounts_are_confirmed_or_revoked_and_due_again(own_bench: Bench) -> None:
    admin = own_bench.signed_in(Role.ADMINISTRATOR)
    access = own_bench.app.state.access

    def due() -> set[str]:
        return {one.account.name for one in access.all() if one.due}

    def seen(name: str) -> str:
        form = admin.get("/access").text.split(f'action="/access/{name}"')[1]
        return form.split('name="rights" value="')[1].split('"')[0]

    def confirm(name: str, rights: str) -> int:
        form = {"decision": "confirm", "rights": rights}
        return int(admin.post(f"/access/{name}", data=form).status_code)

    own_bench.app.state.watch.entered("the-auditor", "10.0.0.9")
    everybody = due()
    assert {"the-auditor", "the-supervisor"} <= everybody
    assert confirm("the-auditor", seen("the-auditor")) == 303
    assert due() == everybody - {"the-auditor"}
    assert "22 Nov 2026, the-administrator" in admin.get("/access").text
    # What was not shown is not confirmed: meanwhile another reach was given.
    before = seen("the-qa-analyst")
    with own_bench.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE accounts SET queues = '[\"orders\"]' WHERE name = 'the-qa-analyst'"
        )
    assert confirm("the-qa-analyst", before) == 422
    assert confirm("the-qa-analyst", "") == 422
    assert "the-qa-analyst" in due()
    assert confirm("the-qa-analyst", seen("the-qa-analyst")) == 303
    assert admin.post("/access/the-qa-analyst", data={"decision": "revoke"}).status_code == 303
    assert own_bench.app.state.accounts.get("the-qa-analyst").disabled
    assert "the-qa-analyst" not in admin.get("/access").text
    mine = admin.post("/access/the-administrator", data={"decision": "confirm"})
    assert mine.status_code == 403
    own_bench.clock.now += TERM
    assert "the-auditor" in due()
    names = [user for user, *_ in told(own_bench, "account-change")]
    assert names == ["the-administrator"] * 3
