"""Passkeys: a device's answer lets in, once, at this host, and nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hushtap.web.passkeys import MOST
from hushtap.web.roles import Role
from web.authenticator import PRESENT, VERIFIED, Device
from web.bench import HOST, PASSWORD, Bench, token_in
from web.browser import CHROMIUM, chromium, page_of, served
from web.test_sign_in import is_in, told

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.testclient import TestClient
    from httpx2 import Response

ORIGIN = f"https://{HOST}"
NAME = "the-supervisor"


def add(
    bench: Bench, device: Device, role: Role = Role.SUPERVISOR, client: TestClient | None = None
) -> Response:
    client = client or bench.signed_in(role)
    options = client.post("/account/passkeys/options", data={"password": PASSWORD}).json()
    form = {"credential": device.make(options), "label": "phone"}
    return client.post("/account/passkeys", data=form)


def asked(client: TestClient) -> dict[str, Any]:
    client.headers["x-form-token"] = token_in(client.get("/sign-in").text)
    options: dict[str, Any] = client.post("/sign-in/passkey/options").json()
    return options


def enter(client: TestClient, answer: str) -> int:
    return int(client.post("/sign-in/passkey", data={"credential": answer}).status_code)


def test_a_passkey_is_made_and_lets_in(own_bench: Bench) -> None:
    device = Device(ORIGIN)
    assert add(own_bench, device).headers["location"] == "/account?done=passkey"
    for _ in range(2):
        client = own_bench.client()
        assert enter(client, device.sign(asked(client))) == 303
        assert is_in(client)
    assert told(own_bench, "login") == [(NAME, "10.0.0.7", "success")] * 2
    assert told(own_bench, "account-change") == [(NAME, "10.0.0.7", "success")]
    page = own_bench.signed_in(Role.SUPERVISOR).get("/account").text
    assert "<td>phone</td>" in page
    [kept] = own_bench.app.state.passkeys.of(NAME)
    mine = own_bench.signed_in(Role.SUPERVISOR)
    other = own_bench.signed_in(Role.AUDITOR)
    other.post("/account/passkeys/drop", data={"passkey": kept.id})
    assert own_bench.app.state.passkeys.of(NAME)
    mine.post("/account/passkeys/drop", data={"passkey": kept.id})
    client = own_bench.client()
    assert enter(client, device.sign(asked(client))) == 401


def test_an_answer_is_good_once_soon_and_where_it_was_asked(own_bench: Bench) -> None:
    device = Device(ORIGIN)
    add(own_bench, device)
    first, second = own_bench.client(), own_bench.client()
    answer = device.sign(asked(first))
    asked(second)
    # Another browser's answer, then one's own, then the same again.
    assert enter(second, answer) == 401
    assert enter(first, answer) == 303
    assert enter(own_bench.client(), answer) == 403
    again = own_bench.client()
    options = asked(again)
    own_bench.clock.now += 301
    assert enter(again, device.sign(options)) == 401
    assert not is_in(again)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://desk.test.example"},
        {"origin": f"http://{HOST}"},
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"uses": -2},
        {"id": b"another passkey!"},
    ],
    ids="-".join,
)
def test_what_is_no_answer_of_this_device_is_refused(
    own_bench: Bench, wrong: dict[str, Any]
) -> None:
    device = Device(ORIGIN, uses=5)
    add(own_bench, device)
    kept = {name: getattr(device, name) for name in wrong}
    for name, value in wrong.items():
        setattr(device, name, value if name != "uses" else 2)
    client = own_bench.client()
    assert enter(client, device.sign(asked(client))) == 401
    assert not is_in(client)
    assert told(own_bench, "login")[-1][2] == "failure"
    for name, value in kept.items():
        setattr(device, name, value)
    client = own_bench.client()
    assert enter(client, device.sign(asked(client))) == 303


def test_another_key_under_the_same_name_is_refused(own_bench: Bench) -> None:
    device = Device(ORIGIN)
    add(own_bench, device)
    forged = Device(ORIGIN, id=device.id)
    client = own_bench.client()
    assert enter(client, forged.sign(asked(client))) == 401
    # Nor can it be taken in by somebody else's account.
    assert add(own_bench, forged, Role.AUDITOR).status_code == 401


def test_a_passkey_is_of_the_host_that_it_was_made_at(own_bench: Bench) -> None:
    device = Device(ORIGIN)
    add(own_bench, device)
    client = own_bench.client()
    client.base_url = "https://other.test"
    options = asked(client)
    assert options["rpId"] == "other.test"
    # What no browser does: sign for one host at another.
    device.origin = "https://other.test"
    assert enter(client, device.sign(options | {"rpId": HOST})) == 401
    assert not is_in(client)


def test_making_one_takes_the_password_and_a_verified_owner(own_bench: Bench) -> None:
    client = own_bench.signed_in(Role.SUPERVISOR)
    wrong = client.post("/account/passkeys/options", data={"password": "wrong password"})
    assert (wrong.status_code, "challenge" in wrong.text) == (401, False)
    assert add(own_bench, Device(ORIGIN, flags=PRESENT)).status_code == 401
    assert add(own_bench, Device("https://elsewhere.test")).status_code == 401
    options = client.post("/account/passkeys/options", data={"password": PASSWORD}).json()
    form = {"credential": Device(ORIGIN).make(options)}
    # Asked for in one session, answered in another.
    assert own_bench.signed_in(Role.AUDITOR).post("/account/passkeys", data=form).status_code == 401
    for text in ("", "{}", "[]", "null", '{"response": {"clientDataJSON": "e30"}}', "[" * 9000):
        assert client.post("/account/passkeys", data={"credential": text}).status_code in {401, 422}
    assert own_bench.app.state.passkeys.of(NAME) == []
    for _ in range(MOST):
        assert add(own_bench, Device(ORIGIN), client=client).status_code == 303
    full = client.post("/account/passkeys/options", data={"password": PASSWORD})
    assert full.status_code == 422


def test_disabled_locked_and_reset_accounts_are_not_let_in(own_bench: Bench) -> None:
    device, accounts = Device(ORIGIN), own_bench.app.state.accounts
    add(own_bench, device)

    def status() -> int:
        client = own_bench.client()
        return enter(client, device.sign(asked(client)))

    accounts.disable(NAME)
    assert status() == 401
    accounts.disable(NAME, disabled=False)
    assert status() == 303
    own_bench.enrol(Role.SUPERVISOR)
    for _ in range(10):
        with pytest.raises(Exception, match="not right"):
            accounts.check_code(NAME, "000000")
    assert status() == 401
    own_bench.clock.now += 1801
    assert status() == 303
    accounts.reset(NAME)
    assert status() == 401


def test_an_address_is_no_host_for_passkeys(own_bench: Bench) -> None:
    client = own_bench.client()
    client.base_url = "https://10.0.0.1"
    client.headers["x-form-token"] = token_in(client.get("/sign-in").text)
    assert client.post("/sign-in/passkey/options").status_code == 422


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (apt-get install chromium)")
def test_a_browser_makes_a_passkey_and_signs_in_with_it(tmp_path: Path) -> None:
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    with served(tmp_path) as desk, chromium() as browser, page_of(browser) as page:
        cdp = page.context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        desk.sign_in(page, NAME)
        page.goto(f"{desk.url}/account")
        page.get_by_label("Name of the device").fill("laptop")
        page.get_by_label("Your password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Add a passkey").click()
        page.get_by_text("The passkey is kept.").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Sign in with a passkey").click()
        page.get_by_role("navigation", name="Main").wait_for()
        assert page.get_by_text(NAME).count() == 1
