"""Sign-in by OpenID Connect at a real provider: who gets in, as what, and who does not."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pydantic import ValidationError

from hushtap.errors import UsageError
from hushtap.web import federation
from hushtap.web.app import make_app
from hushtap.web.credentials import digest
from hushtap.web.errors import SignInError
from hushtap.web.roles import Role
from hushtap.web.rules import GroupRole, OidcRules, Rules
from hushtap.web.throttle import Throttle
from web.bench import COOKIE, HOST, PASSWORD, Bench, make_bench
from web.providers import Provider, provider
from web.test_sign_in import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi.testclient import TestClient
    from httpx2 import Response

# What the provider's own code says in its threads.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:authlib")

ROLES = (
    GroupRole(group="leads", role=Role.SUPERVISOR, agents=("ann",)),
    GroupRole(group="privacy", role=Role.PRIVACY_OFFICER),
)


@dataclass
class Shop:
    """A desk and the provider of its people."""

    bench: Bench
    provider: Provider
    rules: OidcRules

    def leave(self) -> tuple[TestClient, str]:
        client = self.bench.client()
        answer = client.get("/sign-in/oidc")
        assert answer.status_code == 303
        return client, answer.headers["location"]

    def enter(self, subject: str) -> tuple[TestClient, Response]:
        client, url = self.leave()
        back = urlsplit(self.provider.signs_in(url, subject))
        assert (back.netloc, back.path) == (HOST, federation.RETURN)
        return client, client.get(f"{back.path}?{back.query}")


@pytest.fixture(scope="module")
def served() -> Iterator[Provider]:
    with provider() as made:
        yield made


@pytest.fixture
def shop(tmp_path: Path, served: Provider) -> Iterator[Shop]:
    bench = make_bench(tmp_path)
    (tmp_path / "secret").write_text("a secret of sixteen letters or more".replace(" ", "-"))
    rules = OidcRules(
        issuer=served.url,
        client_id="desk",
        client_secret_file=tmp_path / "secret",
        desk_url=f"https://{HOST}",
        role=ROLES,
    )
    bench.app = make_app(bench.vault, bench.database, rules=Rules(oidc=rules))
    served.user("ann-1", groups=["all", "leads"], amr=["pwd", "mfa"], preferred_username="Ann.Lee")
    yield Shop(bench, served, rules)
    bench.database.close()


def names(shop: Shop) -> set[str]:
    return {one.name for one in shop.bench.app.state.accounts.list()}


def test_a_member_of_a_group_is_let_in_as_the_rules_say(shop: Shop) -> None:
    before = names(shop)
    client, answer = shop.enter("ann-1")
    assert answer.status_code == 200
    assert 'http-equiv="refresh" content="0; url=/"' in answer.text
    cookie = next(one for one in answer.headers.get_list("set-cookie") if f"{COOKIE}=" in one)
    assert {"Secure", "HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    [name] = names(shop) - before
    assert name.startswith("ann.lee@")
    page = client.get("/calls").text
    assert shop.bench.calls["ann", "orders"] in page
    assert shop.bench.calls["cara", "orders"] not in page
    assert told(shop.bench, "login")[-1][::2] == (name, "success")
    # The same person is the same account, whatever they are called by now.
    shop.provider.user("ann-1", groups=["leads"], amr=["mfa"], preferred_username="Ann.Moss")
    shop.enter("ann-1")
    assert names(shop) - before == {name}
    assert [user for user, *_ in told(shop.bench, "account-change")] == [name]


def test_what_is_asked_of_the_provider(shop: Shop) -> None:
    _, url = shop.leave()
    asked = parse_qs(urlsplit(url).query)
    assert asked["redirect_uri"] == [f"https://{HOST}{federation.RETURN}"]
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["nonce"][0]) >= 32
    assert len(asked["state"][0]) >= 32


@pytest.mark.parametrize(
    "claims",
    [
        {"groups": ["all"], "amr": ["mfa"]},
        {"groups": "leads", "amr": ["mfa"]},
        {"amr": ["mfa"]},
        {"groups": ["leads"], "amr": ["pwd"]},
        {"groups": ["leads"]},
    ],
    ids=str,
)
def test_who_is_in_no_group_or_had_one_factor_stays_out(
    shop: Shop, claims: dict[str, object]
) -> None:
    shop.provider.user("bob-1", **claims)
    before = names(shop)
    client, answer = shop.enter("bob-1")
    assert answer.status_code == 401
    assert names(shop) == before
    assert client.get("/calls").status_code == 401
    assert told(shop.bench, "login")[-1][::2] == ("unknown", "failure")


def test_groups_count_anew_each_time(shop: Shop) -> None:
    shop.enter("ann-1")
    shop.provider.user("ann-1", groups=["privacy"], amr=["mfa"])
    client, _ = shop.enter("ann-1")
    assert client.get("/disposals").status_code == 200
    assert client.get(f"/calls/{shop.bench.calls['ann', 'billing']}/audio").status_code == 403
    shop.provider.user("ann-1", groups=[], amr=["mfa"])
    assert shop.enter("ann-1")[1].status_code == 401


def test_who_is_disabled_here_stays_out(shop: Shop) -> None:
    before = names(shop)
    shop.enter("ann-1")
    [name] = names(shop) - before
    shop.bench.app.state.accounts.disable(name)
    assert shop.enter("ann-1")[1].status_code == 401


def test_nobody_takes_over_an_account_that_is_there(shop: Shop) -> None:
    # Its name would be the same; its mail address is nothing to us.
    name = f"ann.lee@{digest(f'{shop.rules.issuer}|ann-1')[:6]}"
    state = shop.bench.app.state
    state.accounts.add(name, Role.ADMINISTRATOR, password=PASSWORD)
    assert shop.enter("ann-1")[1].status_code == 401
    assert state.accounts.get(name).role is Role.ADMINISTRATOR


def test_an_account_of_the_provider_has_no_password_here(shop: Shop) -> None:
    before = names(shop)
    shop.enter("ann-1")
    [name] = names(shop) - before
    accounts = shop.bench.app.state.accounts
    with pytest.raises(UsageError, match="provider"):
        accounts.reset(name)
    for password in ("", "!", PASSWORD):
        with pytest.raises(SignInError):
            accounts.check_password(name, password)


def test_a_return_is_good_once_for_one_browser_and_for_ten_minutes(shop: Shop) -> None:
    client, url = shop.leave()
    back = urlsplit(shop.provider.signs_in(url, "ann-1"))
    path = f"{back.path}?{back.query}"
    # Another browser, which somebody lured there.
    assert shop.bench.client().get(path).status_code == 401
    assert client.get(path).status_code == 200
    other, url = shop.leave()
    path = shop.provider.signs_in(url, "ann-1").removeprefix(f"https://{HOST}")
    assert other.get(path).status_code == 200
    assert other.get(path).status_code == 401


def test_an_old_return_is_too_late(shop: Shop) -> None:
    clock = shop.bench.clock
    shop.bench.app = make_app(
        shop.bench.vault, shop.bench.database, clock=clock, rules=Rules(oidc=shop.rules)
    )
    client, url = shop.leave()
    path = shop.provider.signs_in(url, "ann-1").removeprefix(f"https://{HOST}")
    clock.now += federation.GOOD_FOR + 1
    redeemed = shop.provider.redeemed
    assert client.get(path).status_code == 401
    assert shop.provider.redeemed == redeemed


@pytest.mark.parametrize("change", ["state", "code", "iss", "error", "nonce", "verifier"])
def test_an_answer_that_was_changed_lets_nobody_in(shop: Shop, change: str) -> None:
    client, url = shop.leave()
    if change == "nonce":
        # A code that was obtained with another nonce.
        parts = urlsplit(url)
        query = parse_qs(parts.query) | {"nonce": ["x" * 32]}
        url = f"{shop.provider.url}{parts.path}?{urlencode(query, doseq=True)}"
    back = urlsplit(shop.provider.signs_in(url, "ann-1"))
    given = {name: values[0] for name, values in parse_qs(back.query).items()}
    if change in given:
        given[change] = given[change][:-2] + "xx"
    elif change in {"iss", "error"}:
        given[change] = "https://other.test"
    elif change == "verifier":
        # What was kept of the leaving is not what the provider was given.
        with shop.bench.database.writing() as connection:
            kept = json.dumps({"nonce": "x", "verifier": "y" * 48})
            sealed = shop.bench.database.seal(kept).decode()
            connection.exec_driver_sql("UPDATE challenges SET purpose = ?", (f"oidc|{sealed}",))
    assert client.get(f"{back.path}?{urlencode(given)}").status_code == 401
    assert client.get("/calls").status_code == 401


def test_a_token_of_another_audience_or_issuer_is_refused(shop: Shop) -> None:
    for change in ({"client_id": "other"}, {"issuer": shop.rules.issuer + "/"}):
        given = shop.rules.model_copy(update=change)
        mine = shop.bench.app.state.federation
        client, url = shop.leave()
        path = shop.provider.signs_in(url, "ann-1").removeprefix(f"https://{HOST}")
        mine._rules = given
        assert client.get(path).status_code == 401
        mine._rules = shop.rules


def test_without_a_provider_there_is_no_such_sign_in(own_bench: Bench) -> None:
    client = own_bench.client()
    assert client.get("/sign-in/oidc").status_code == 422
    assert "/sign-in/oidc" not in client.get("/sign-in").text


def test_a_provider_that_is_gone_leaves_the_other_way_in(shop: Shop) -> None:
    rules = shop.rules.model_copy(update={"issuer": "http://localhost:9"})
    app = make_app(shop.bench.vault, shop.bench.database, rules=Rules(oidc=rules))
    shop.bench.app = app
    answer = shop.bench.client().get("/sign-in/oidc")
    assert answer.status_code == 401
    assert 'name="password"' in answer.text


def test_another_site_uses_up_no_tries(shop: Shop) -> None:
    state, theirs = shop.bench.app.state, {"sec-fetch-site": "cross-site"}
    state.throttle, state.strays = Throttle(2, lambda: 0.0), Throttle(2, lambda: 0.0)
    client = shop.bench.client()
    for path, status in (("/sign-in/oidc", 403), (f"{federation.RETURN}?state=x", 401)):
        for _ in range(2):
            assert client.get(path, headers=theirs).status_code == status
    assert client.get(f"{federation.RETURN}?state=x", headers=theirs).status_code == 429
    entered, answer = shop.enter("ann-1")
    assert answer.status_code == 200
    assert entered.get("/calls").status_code == 200


def test_rules_that_open_too_much_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="give agents"):
        GroupRole(group="x", role=Role.SUPERVISOR)
    with pytest.raises(ValidationError, match="loopback"):
        OidcRules(
            issuer="http://sso.test",
            client_id="x",
            client_secret_file=tmp_path,
            desk_url="https://desk.test",
        )
