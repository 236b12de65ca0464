"""What every answer carries, and what no request may do from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from hushtap.web.api import API
from hushtap.web.headers import LONGEST_BODY
from hushtap.web.roles import Permission, Role, may
from hushtap.web.sessions import Stage
from web.bench import COOKIE, PASSWORD, Bench, token_in
from web.test_rights import BODIES, routes

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

OF = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)
PAGES = {
    Role.SUPERVISOR: (
        "/calls",
        "/calls?entity=CVV",
        "/calls/{call}",
        "/cases",
        "/account",
        "/no",
        "/queue",
        "/figures",
    ),
    Role.ADMINISTRATOR: ("/people",),
    Role.AUDITOR: ("/log",),
    Role.PRIVACY_OFFICER: ("/alerts", "/disposals"),
    Role.TELEPHONY_ENGINEER: ("/calls/{call}",),
}


def every_page(bench: Bench) -> list[tuple[str, str, dict[str, str]]]:
    """Ask for each page; return path, text and headers."""
    found = []
    for role, paths in PAGES.items():
        client = bench.signed_in(role)
        for path in paths:
            filled = path.format(call=bench.calls["ann", "billing"])
            answer = client.get(filled, headers={"accept": "text/html"})
            found.append((filled, answer.text, dict(answer.headers)))
    for path, client in (
        ("/sign-in", bench.client()),
        ("/sign-in/code", bench.signed_in(Role.SUPERVISOR, Stage.PASSWORD)),
        ("/sign-in/setup", bench.signed_in(Role.SUPERVISOR, Stage.SETUP)),
    ):
        answer = client.get(path, headers={"accept": "text/html"})
        found.append((path, answer.text, dict(answer.headers)))
    return found


class Inline(HTMLParser):
    """Finds what a strict policy forbids, and where else a page would ask."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action", "hx-get", "hx-post"):
            if (names.get(name) or "/").split("?")[0][:1] not in {"/", "#"}:
                self.found.append(f"{name}={names[name]}")


def test_no_page_has_anything_inline_or_from_elsewhere(bench: Bench) -> None:
    for path, text, _ in every_page(bench):
        parser = Inline()
        parser.feed(text)
        assert parser.found == [], path


def test_every_answer_has_the_headers(bench: Bench) -> None:
    nonces = set()
    for path, _, headers in every_page(bench):
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy
        assert headers["cache-control"] == "no-store"
        assert headers["strict-transport-security"].startswith("max-age=31536000")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        found = re.search(r"'nonce-([\w-]+)'", policy)
        assert found is not None
        nonces.add(found[1])
    assert len(nonces) == len(every_page(bench))
    answer = bench.signed_in(Role.SUPERVISOR).get(f"/calls/{bench.calls['ann', 'billing']}/audio")
    assert answer.headers["cache-control"] == "no-store"
    assert "content-security-policy" in bench.client().get("/static/desk.css").headers


def test_cookies_are_for_this_host_and_no_script(own_bench: Bench) -> None:
    own_bench.enrol(Role.SUPERVISOR)
    client = own_bench.client()
    page = client.get("/sign-in")
    given = [page.headers["set-cookie"]]
    form = {"name": "the-supervisor", "password": PASSWORD, "form_token": token_in(page.text)}
    given.append(client.post("/sign-in", data=form).headers["set-cookie"])
    for cookie in given:
        assert cookie.startswith("__Host-hushtap")
        for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
            assert part in cookie
        assert "Domain" not in cookie


def test_no_form_does_anything_without_its_token(bench: Bench) -> None:
    other = bench.signed_in(Role.SUPERVISOR).headers["x-form-token"]
    tried = 0
    for method, path, permission in routes(bench):
        if method != "POST" or path.startswith(API):
            continue
        role = next(one for one in OF if may(one, Permission(permission)) or one is OF[-1])
        for token in (None, "", "0" * 64, other):
            if permission == "half":
                client = bench.signed_in(role, Stage.PASSWORD)
            elif permission == "public":
                client = bench.client()
                client.get("/sign-in")
            else:
                client = bench.signed_in(role)
            client.headers.pop("x-form-token", None)
            data = BODIES.get(path, {}) | ({} if token is None else {"form_token": token})
            filled = path.format(
                recording_id=bench.calls["ann", "billing"],
                session_id="0",
                name="x",
                alert="1",
                number="1",
                change="reset",
                breach="none",
                request_id="none",
            )
            assert client.post(filled, data=data).status_code == 403, (path, token)
            tried += 1
    assert tried >= 40


def test_a_cookie_is_no_way_into_the_api(bench: Bench) -> None:
    client = bench.signed_in(Role.SUPERVISOR)
    del client.headers["authorization"]
    tried = 0
    for method, path, _ in routes(bench):
        if path.startswith(API):
            filled = path.format(recording_id=bench.calls["ann", "billing"])
            assert client.request(method, filled).status_code == 401, path
            tried += 1
    assert tried >= 7


def test_a_form_of_another_site_is_refused_with_the_right_token(bench: Bench) -> None:
    client = bench.signed_in(Role.SUPERVISOR)
    path = f"/calls/{bench.calls['ann', 'billing']}/comments"
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
        answer = client.post(path, data={"text": "heard"}, headers={"sec-fetch-site": site})
        assert answer.status_code == status, site


@pytest.mark.parametrize(
    "kind", ["multipart/form-data; boundary=x", "application/json", "text/plain"]
)
def test_only_small_forms_are_read(bench: Bench, kind: str) -> None:
    client = bench.signed_in(Role.SUPERVISOR)
    path = f"/calls/{bench.calls['ann', 'billing']}/comments"
    assert client.post(path, content=b"{}", headers={"content-type": kind}).status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    long = b"text=" + b"a" * LONGEST_BODY
    assert client.post(path, content=long, headers=form).status_code == 413


def test_problems_tell_no_paths_and_repeat_nothing(bench: Bench) -> None:
    client = bench.signed_in(Role.SUPERVISOR)
    path = f"/calls/{bench.calls['ann', 'billing']}"
    answers = [
        client.post(f"{path}/flags", data={"kind": "<b>marmalade"}),
        client.get("/calls?since=<b>marmalade&shortest=marmalade"),
        client.get("/<b>marmalade", headers={"accept": "text/html"}),
        client.post(f"{path}/comments", data={"text": "it was 4929 1234 5678"}),
    ]
    for answer in answers:
        assert answer.status_code in {404, 422}
        assert "<b>marmalade" not in answer.text
        assert "4929 1234" not in answer.text
        assert str(bench.vault.path) not in answer.text


def test_a_cookie_alone_is_not_taken_for_a_form(bench: Bench) -> None:
    client: TestClient = bench.signed_in(Role.SUPERVISOR)
    assert client.cookies.get(COOKIE)
    del client.headers["x-form-token"]
    assert client.post("/sign-out").status_code == 403
    assert client.get("/account").status_code == 200
