"""A desk over a small vault: calls of two teams and queues, and one person for each role."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyotp
from fastapi.testclient import TestClient

from hushtap.timeline import Span
from hushtap.values import Entity, Finding, TranscriptWord
from hushtap.vault.recordings import CallDetails, Vault
from hushtap.web.app import make_app
from hushtap.web.credentials import form_token
from hushtap.web.roles import Role
from hushtap.web.server import database_of
from hushtap.web.sessions import Stage
from hushtap.web.settings import Settings
from hushtap.web.tokens import scopes_of
from vault.calls import PHONE_LINE, append_all, call

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi import FastAPI

    from hushtap.web.database import DeskDatabase
    from hushtap.web.rules import Rules

PASSWORD = "marmalade on the 7th shelf"  # noqa: S105 - of nobody
HOST = "desk.test"
COOKIE = "__Host-hushtap"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LENGTH = 16_000
WORDS = (
    TranscriptWord(0, Span(800, 1600), "marmalade"),
    TranscriptWord(1, Span(4000, 6000), "[CREDIT_CARD]"),
    TranscriptWord(1, Span(9000, 9900), "seventeen"),
)
FINDINGS = (
    Finding(Entity.CREDIT_CARD, Span(4000, 6000), 1, 0.9, "both:asked"),
    Finding(Entity.UNHEARD, Span(12_000, 12_500), 0, 1.0, "late"),
)
CALLS = (
    ("ann", "billing"),
    ("ann", "orders"),
    ("cara", "billing"),
    ("cara", "orders"),
)
PEOPLE: dict[Role, dict[str, Any]] = {role: {} for role in Role} | {
    Role.SUPERVISOR: {"agents": ["ann"]},
    Role.QA_ANALYST: {"queues": ["billing"]},
}


class Clock:
    """A clock that stands still until it is set on."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """The desk, and how to be somebody at it."""

    vault: Vault
    database: DeskDatabase
    app: FastAPI
    clock: Clock
    calls: dict[tuple[str, str], str]
    """Recordings by agent and queue."""
    secrets: dict[Role, str] = field(default_factory=dict, repr=False)
    codes: dict[Role, list[str]] = field(default_factory=dict, repr=False)
    tokens: dict[Role, str] = field(default_factory=dict, repr=False)

    def client(self) -> TestClient:
        """A browser of nobody, which follows nothing by itself."""
        return TestClient(
            self.app, base_url=f"https://{HOST}", follow_redirects=False, client=("10.0.0.7", 5)
        )

    def signed_in(self, role: Role, stage: Stage = Stage.FULL) -> TestClient:
        """A browser that is signed in as ``role``, without the ceremony."""
        client = self.client()
        token = self.app.state.sessions.begin(name_of(role), stage, "10.0.0.7", "Firefox/1")
        client.cookies.set(COOKIE, token, domain=HOST)
        client.headers["x-form-token"] = form_token(token)
        if stage is Stage.FULL and self.token(role):
            client.headers["authorization"] = f"Bearer {self.token(role)}"
        return client

    def token(self, role: Role) -> str:
        """A token for the API with all that one of ``role`` may carry; empty where that is none."""
        state = self.app.state
        if role not in self.tokens and scopes_of(role):
            account = state.accounts.get(name_of(role))
            self.tokens[role] = state.tokens.make(account, "all", scopes_of(role), 1)
        return self.tokens.get(role, "")

    def enrol(self, role: Role) -> None:
        """Give ``role`` its second factor."""
        secret = pyotp.random_base32()
        code = pyotp.TOTP(secret).at(int(self.clock.now) - 30)
        self.codes[role] = list(self.app.state.accounts.enrol(name_of(role), secret, code))
        self.secrets[role] = secret

    def code(self, role: Role) -> str:
        """What the app of ``role`` shows now."""
        return pyotp.TOTP(self.secrets[role]).at(int(self.clock.now))


def name_of(role: Role) -> str:
    """The account of ``role``."""
    return f"the-{role}"


def make_bench(
    folder: Path,
    settings: Settings | None = None,
    *,
    people: bool = True,
    rules: Rules | None = None,
) -> Bench:
    """Make a vault with calls, and the desk over it."""
    vault = Vault.create(folder / "vault")
    calls = {}
    for number, (agent, queue) in enumerate(CALLS):
        details = CallDetails(agent=agent, queue=queue)
        started = NOW - timedelta(hours=number + 1)
        with vault.record(
            PHONE_LINE, source="line", policy="abc", started=started, call=details
        ) as recording:
            recording.add_words(WORDS)
            append_all(recording, call(LENGTH, seed=number))
            recording.add_findings(FINDINGS)
        calls[agent, queue] = recording.id
    database = database_of(vault)
    clock = Clock()
    settings = replace(settings or Settings(attempts=1000), hash_memory_kib=1024, hash_passes=1)
    app = make_app(vault, database, settings, clock=clock, rules=rules)
    bench = Bench(vault, database, app, clock, calls)
    if people:
        for role, scope in PEOPLE.items():
            app.state.accounts.add(name_of(role), role, password=PASSWORD, **scope)
    return bench


def token_in(page: str) -> str:
    """The form token that a page carries."""
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]
