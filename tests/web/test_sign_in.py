"""Signing in, and every way in which it must not work."""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING

import pyotp
import pytest

from hushtap.vault.audit.log import LOG_NAME
from hushtap.web.accounts import WRONG, Accounts
from hushtap.web.roles import Role
from hushtap.web.settings import Settings
from vault.audit.logs import entries_of
from web.bench import COOKIE, HOST, PASSWORD, Bench, make_bench, token_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi.testclient import TestClient
    from httpx2 import Response

ROLE = Role.SUPERVISOR
NAME = "the-supervisor"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bench]:
    """A desk whose supervisor has a second factor."""
    bench = make_bench(tmp_path, people=False)
    bench.app.state.accounts.add(NAME, ROLE, agents=["ann"], password=PASSWORD)
    bench.enrol(ROLE)
    yield bench
    bench.database.close()


def give_password(client: TestClient, name: str = NAME, password: str = PASSWORD) -> Response:
    page = client.get("/sign-in")
    form = {"name": name, "password": password, "form_token": token_in(page.text)}
    return client.post("/sign-in", data=form)


def give_code(client: TestClient, code: str) -> Response:
    page = client.get("/sign-in/code")
    return client.post("/sign-in/code", data={"code": code, "form_token": token_in(page.text)})


def is_in(client: TestClient) -> bool:
    return bool(client.get("/account").status_code == 200)


def told(bench: Bench, activity: str) -> list[tuple[str, str, str]]:
    """Who, from where and the outcome of each such entry of the audit log."""
    found = [json.loads(entry) for entry in entries_of(bench.vault.path)]
    return [
        (one["actor"]["user"], one["actor"]["origin"], one["outcome"])
        for one in found
        if one["activity"] == activity
    ]


def test_password_and_code_let_in_and_are_on_record(desk: Bench) -> None:
    client = desk.client()
    assert give_password(client).headers["location"] == "/sign-in/code"
    assert not is_in(client)
    assert give_code(client, desk.code(ROLE)).headers["location"] == "/"
    assert client.get("/").headers["location"] == "/calls"
    assert told(desk, "login") == [(NAME, "10.0.0.7", "success")]


def test_one_answer_for_every_wrong_try(desk: Bench) -> None:
    tries = [
        (NAME, "wrong password here"),
        ("nobody", PASSWORD),
        ("' or 1=1", PASSWORD),
        (NAME, PASSWORD + "\0"),
    ]
    for name, password in tries:
        answer = give_password(desk.client(), name, password)
        assert (answer.status_code, WRONG in answer.text) == (401, True)
        assert COOKIE + "=" not in answer.headers.get("set-cookie", "")
    assert [outcome for *_, outcome in told(desk, "login")] == ["failure"] * len(tries)


def test_what_is_typed_as_a_name_and_is_none_is_not_on_record(desk: Bench) -> None:
    give_password(desk.client(), "4000007700000005", PASSWORD)
    give_password(desk.client(), NAME, "wrong password here")
    assert [user for user, *_ in told(desk, "login")] == ["unknown", NAME]
    assert not any(b"4000007700000005" in entry for entry in entries_of(desk.vault.path))


def test_a_code_in_other_digits_is_a_wrong_try(desk: Bench) -> None:
    client = desk.client()
    give_password(client)
    assert give_code(client, "\u0661" * 6).status_code == 401
    assert told(desk, "login") == [(NAME, "10.0.0.7", "failure")]


def test_a_step_cannot_be_left_out(desk: Bench) -> None:
    client = desk.client()
    page = client.get("/sign-in")
    form = {"code": desk.code(ROLE), "form_token": token_in(page.text)}
    assert client.post("/sign-in/code", data=form).status_code == 401
    give_password(client)
    for path in ("/calls", "/account", "/log", f"/calls/{desk.calls['ann', 'billing']}/audio"):
        assert client.get(path).status_code in {303, 401}
    # Nor is a second factor made anew by who has the password only.
    assert client.get("/sign-in/setup").headers["location"] == "/sign-in/code"
    forged = {"password": "another long one", "code": "000000", "sealed": "x"}
    token = token_in(client.get("/sign-in/code").text)
    assert client.post("/sign-in/setup", data=forged | {"form_token": token}).status_code == 403


def test_a_code_is_good_once(desk: Bench) -> None:
    code = desk.code(ROLE)
    first = desk.client()
    give_password(first)
    give_code(first, code)
    assert is_in(first)
    second = desk.client()
    give_password(second)
    assert give_code(second, code).status_code == 401
    desk.clock.now += 30
    assert give_code(second, code).status_code == 401
    assert give_code(second, desk.code(ROLE)).status_code == 303


@pytest.mark.parametrize(
    ("late", "status"), [(-60, 401), (-30, 303), (0, 303), (30, 303), (60, 401)]
)
def test_a_clock_may_be_one_step_off(desk: Bench, late: int, status: int) -> None:
    desk.clock.now += 300
    client = desk.client()
    give_password(client)
    code = pyotp.TOTP(desk.secrets[ROLE]).at(int(desk.clock.now) + late)
    assert give_code(client, code).status_code == status


def test_a_recovery_code_is_good_once(desk: Bench) -> None:
    code = desk.codes[ROLE][3]
    for status in (303, 401):
        client = desk.client()
        give_password(client)
        # However it is typed.
        assert give_code(client, f" {code.upper()} ").status_code == status
    assert len(set(desk.codes[ROLE])) == 10
    assert desk.app.state.accounts.recovery_codes_left(NAME) == 9


def test_ten_wrong_tries_lock_for_half_an_hour(desk: Bench) -> None:
    before = desk.client()
    give_password(before)
    give_code(before, desk.code(ROLE))
    desk.clock.now += 60
    for at in range(10):
        client = desk.client()
        if at % 2:
            give_password(client)
            assert give_code(client, "000000").status_code == 401
        else:
            assert give_password(client, password="wrong password").status_code == 401  # noqa: S106
    assert give_password(desk.client()).status_code == 401
    # Who was in is out as well.
    assert not is_in(before)
    desk.clock.now += 30 * 60 - 1
    assert give_password(desk.client()).status_code == 401
    desk.clock.now += 2
    again = desk.client()
    assert give_password(again).status_code == 303
    assert give_code(again, desk.code(ROLE)).status_code == 303


def test_nine_wrong_tries_are_forgiven_by_the_right_one(desk: Bench) -> None:
    for _ in range(2):
        desk.clock.now += 60
        for _ in range(9):
            give_password(desk.client(), password="wrong password")  # noqa: S106
        client = desk.client()
        give_password(client)
        assert give_code(client, desk.code(ROLE)).status_code == 303


def test_a_session_gets_a_new_name_at_each_step(desk: Bench) -> None:
    client = desk.client()
    client.cookies.set(COOKIE, "chosen-by-somebody-else", domain=HOST)
    tokens = ["chosen-by-somebody-else"]
    give_password(client)
    tokens.append(client.cookies[COOKIE])
    give_code(client, desk.code(ROLE))
    tokens.append(client.cookies[COOKIE])
    assert len(set(tokens)) == 3
    for token in tokens[:2]:
        other = desk.client()
        other.cookies.set(COOKIE, token, domain=HOST)
        assert not is_in(other)
        assert other.get("/sign-in/code").status_code in {303, 401}


def test_idle_and_old_sessions_end(desk: Bench) -> None:
    client = desk.signed_in(ROLE)
    for _ in range(3):
        desk.clock.now += 14 * 60
        assert is_in(client)
    desk.clock.now += 15 * 60 + 1
    assert not is_in(client)
    client = desk.signed_in(ROLE)
    for _ in range(12 * 6):
        desk.clock.now += 600 - 1
        assert is_in(client)
    desk.clock.now += 600
    assert not is_in(client)


def test_signing_out_ends_it_and_others_can_be_ended(desk: Bench) -> None:
    first, second, third = (desk.signed_in(ROLE) for _ in range(3))
    assert first.post("/sign-out").status_code == 303
    token = first.cookies.get(COOKIE)
    assert not is_in(first)
    assert token is None or not token
    page = second.get("/account").text
    other = re.findall(r"/account/sessions/([0-9a-f]{64})/end", page)
    assert len(other) == 1
    assert second.post(f"/account/sessions/{other[0]}/end").status_code == 303
    assert (is_in(second), is_in(third)) == (True, False)
    assert told(desk, "logout") == [(NAME, "10.0.0.7", "success")] * 2


def test_another_ones_session_cannot_be_ended(own_bench: Bench) -> None:
    admin, mine = own_bench.signed_in(Role.ADMINISTRATOR), own_bench.signed_in(ROLE)
    session = own_bench.app.state.sessions.of(NAME)[0][0]
    assert admin.post(f"/account/sessions/{session}/end").status_code == 303
    assert is_in(mine)


def test_disabled_and_reset_accounts_are_out_at_once(own_bench: Bench) -> None:
    admin, mine = own_bench.signed_in(Role.ADMINISTRATOR), own_bench.signed_in(ROLE)
    assert admin.post(f"/people/{NAME}/disable").status_code == 303
    assert not is_in(mine)
    assert give_password(own_bench.client()).status_code == 401
    assert admin.post(f"/people/{NAME}/enable").status_code == 303
    page = admin.post(f"/people/{NAME}/reset").text
    found = re.search(r"<code>([0-9a-f-]+)</code>", page)
    assert found is not None
    assert give_password(own_bench.client()).status_code == 401
    client = own_bench.client()
    assert give_password(client, password=found[1]).headers["location"] == "/sign-in/setup"
    assert [user for user, *_ in told(own_bench, "account-change")] == ["the-administrator"] * 3


def test_the_first_sign_in_makes_password_and_codes_ones_own(desk: Bench) -> None:
    first = desk.app.state.accounts.add("sam", Role.AUDITOR)
    client = desk.client()
    assert give_password(client, "sam", first).headers["location"] == "/sign-in/setup"

    def give(password: str, code: str | None = None) -> Response:
        page = client.get("/sign-in/setup").text
        secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
        sealed = re.search(r'name="sealed" value="([^"]+)"', page)
        assert secret is not None
        assert sealed is not None
        good = pyotp.TOTP(secret[1].replace(" ", "")).at(int(desk.clock.now))
        form = {"password": password, "code": code or good, "sealed": sealed[1]}
        return client.post("/sign-in/setup", data=form | {"form_token": token_in(page)})

    for weak in ("short", "sam-sam-sam-sam", "password1234", "aaaaaaaaaaaaaa"):
        assert give(weak).status_code == 422
    assert give("marmalade on toast", "000000").status_code == 422
    assert not is_in(client)
    done = give("marmalade on toast")
    assert done.status_code == 200
    assert len(re.findall(r"<li><code>[0-9a-f]{5}(?:-[0-9a-f]{5}){3}</code>", done.text)) == 10
    assert is_in(client)
    assert give_password(desk.client(), "sam", first).status_code == 401
    again = give_password(desk.client(), "sam", "marmalade on toast")
    assert again.headers["location"] == "/sign-in/code"


def test_a_secret_sealed_for_another_is_not_taken(desk: Bench) -> None:
    first = desk.app.state.accounts.add("sam", Role.AUDITOR)
    client = desk.client()
    give_password(client, "sam", first)
    page = client.get("/sign-in/setup").text
    secret = pyotp.random_base32()
    form = {
        "password": "marmalade on toast",
        "code": pyotp.TOTP(secret).at(int(desk.clock.now)),
        "sealed": desk.database.seal(f"{NAME}|{secret}").decode(),
        "form_token": token_in(page),
    }
    assert client.post("/sign-in/setup", data=form).status_code == 403


def test_a_damaged_form_asks_again(desk: Bench) -> None:
    first = desk.app.state.accounts.add("sam", Role.AUDITOR)
    client = desk.client()
    give_password(client, "sam", first)
    page = client.get("/sign-in/setup")
    form = {"password": "marmalade on toast", "code": "000000", "sealed": "damaged"}
    answer = client.post("/sign-in/setup", data=form | {"form_token": token_in(page.text)})
    assert (answer.status_code, "damaged" in answer.text) == (422, True)
    assert not is_in(client)


@pytest.mark.parametrize("typed", ["4111111111111111", "Not A Name", "x" * 65, "nobody\0"])
def test_what_is_typed_for_a_name_is_looked_at_before_it_is_logged(
    own_bench: Bench, typed: str
) -> None:
    admin = own_bench.signed_in(Role.ADMINISTRATOR)
    assert admin.post("/people", data={"name": typed, "role": "auditor"}).status_code == 422
    scope = {"name": "sam", "role": "qa-analyst", "queues": "billing, 4111111111111111"}
    assert admin.post("/people", data=scope).status_code == 422
    assert admin.post("/people/4111111111111111/reset").status_code == 422
    assert told(own_bench, "account-change") == []
    assert not any(b"4111111111111111" in entry for entry in entries_of(own_bench.vault.path))


def test_too_many_tries_from_one_address_have_to_wait(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, Settings(attempts=5), people=False)
    statuses = [give_password(bench.client(), "nobody").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    bench.database.close()


def test_nobody_is_let_in_where_it_cannot_be_logged(desk: Bench) -> None:
    client = desk.client()
    give_password(client)
    path = desk.vault.path / LOG_NAME
    path.write_bytes(b"not a database, not at all" * 400)
    for left in desk.vault.path.glob(f"{LOG_NAME}-*"):
        left.unlink()
    assert give_code(client, desk.code(ROLE)).status_code == 503
    assert not is_in(client)


def test_passwords_are_hashed_as_rfc_9106_has_it(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, people=False)
    accounts = Accounts(bench.database)
    accounts.add("sam", Role.AUDITOR)
    with sqlite3.connect(bench.database.path) as connection:
        (stored,) = connection.execute("SELECT password FROM accounts").fetchone()
    connection.close()
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    bench.database.close()


def test_no_secret_lies_in_the_database_in_clear(desk: Bench) -> None:
    client = desk.signed_in(ROLE)
    client.post(f"/calls/{desk.calls['ann', 'billing']}/comments", data={"text": "marmalade!"})
    content = b"".join(
        path.read_bytes() for path in desk.database.folder.glob("desk.db*") if path.is_file()
    )
    secrets = [PASSWORD, desk.secrets[ROLE], *desk.codes[ROLE], client.cookies[COOKIE]]
    for secret in [*secrets, "marmalade"]:
        assert secret.encode() not in content
    modes = {path.name: path.stat().st_mode & 0o777 for path in desk.database.folder.iterdir()}
    assert set(modes.values()) == {0o600}
