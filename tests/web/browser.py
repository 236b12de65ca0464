"""A desk behind a real port with TLS, and a real Chromium in front of it."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyotp
import uvicorn
from playwright.sync_api import sync_playwright

from hushtap.timeline import Span
from hushtap.values import Entity, Finding, RedactedChunk, TranscriptWord
from hushtap.vault.recordings import CallDetails, Vault
from hushtap.web.app import make_app
from hushtap.web.credentials import new_totp
from hushtap.web.roles import Role
from hushtap.web.server import Place, certificate_of, database_of
from vault.calls import PHONE_LINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from hushtap.web.rules import Rules

CHROMIUM = shutil.which("chromium")
PASSWORD = "marmalade on the 7th shelf"  # noqa: S105 - of nobody
SECONDS = 20
RATE = 8000
MUTED = ((5.0, 7.0, Entity.CREDIT_CARD), (11.0, 12.0, Entity.CVV))
WORDS = ("good", "morning", "this", "is", "marmalade", "support", "how", "may", "I", "help")


@dataclass
class Served:
    """A desk that answers at ``url``."""

    url: str
    vault: Vault
    recordings: list[str]
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    recovery: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def sign_in(self, page: Page, name: str, *, by_app: bool = False) -> None:
        """Sign in as a person does, by a time-based code or a recovery code."""
        page.goto(f"{self.url}/sign-in")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        code = pyotp.TOTP(self.secrets[name]).now() if by_app else self.recovery[name].pop()
        page.get_by_label("Code").fill(code)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("navigation", name="Main").wait_for()


def record(vault: Vault, number: int) -> str:
    """Record a call: a tone, noise, and silence where it was muted."""
    at = np.arange(SECONDS * RATE)
    tone = (6000 * np.sin(2 * np.pi * 300 * at / RATE)).astype(np.int16)
    noise = np.random.default_rng(number).integers(-9000, 9000, len(at)).astype(np.int16)
    findings = []
    for start, end, entity in MUTED:
        span = Span(int(start * RATE), int(end * RATE))
        noise[span.start : span.end] = 0
        findings.append(Finding(entity, span, 1, 0.9, "both:asked"))
    words = [
        TranscriptWord(0, Span(2 * RATE * n, 2 * RATE * n + RATE), text)
        for n, text in enumerate(WORDS)
    ]
    words += [TranscriptWord(1, one.span, f"[{one.entity}]") for one in findings]
    words.append(TranscriptWord(1, Span(15 * RATE, 16 * RATE), "seventeen"))
    details = CallDetails(agent=("ann", "ben")[number % 2], queue=("billing", "orders")[number % 2])
    started = datetime.now(UTC) - timedelta(hours=number + 1)
    with vault.record(
        PHONE_LINE, source="line", policy="abc", started=started, call=details
    ) as recording:
        recording.add_words(words)
        recording.add_findings(findings)
        for channel, samples in enumerate((tone, noise)):
            recording.append(RedactedChunk(channel, Span(0, len(at)), samples))
    return recording.id


@contextmanager
def served(folder: Path, rules: Callable[[list[str]], Rules] | None = None) -> Iterator[Served]:
    """Serve a small vault until the block is left, under the ``rules`` for its recordings."""
    vault = Vault.create(folder / "vault")
    recordings = [record(vault, number) for number in range(4)]
    database = database_of(vault)
    app = make_app(vault, database, rules=None if rules is None else rules(recordings))
    made = Served("", vault, recordings)
    for role in Role:
        name = f"the-{role}"
        scope = {"agents": ["ann", "ben"], "queues": ["billing"]}
        app.state.accounts.add(name, role, password=PASSWORD, **scope)
        secret = new_totp()
        earlier = pyotp.TOTP(secret).at(datetime.now(UTC) - timedelta(seconds=30))
        made.recovery[name] = list(app.state.accounts.enrol(name, secret, earlier))
        made.secrets[name] = secret
    pair = certificate_of(vault, Place())
    assert pair is not None
    tls = {"ssl_certfile": pair[0], "ssl_keyfile": pair[1]}
    try:
        with running(app, ws="none", **tls) as port:
            made.url = f"https://localhost:{port}"
            yield made
    finally:
        database.close()


@contextmanager
def running(app: Any, **options: Any) -> Iterator[int]:  # noqa: ANN401 - uvicorn's
    """Serve an application on a free port of the loopback until the block is left."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        **options,
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.up.wait(30)
        yield server.port
    finally:
        server.should_exit = True
        thread.join(20)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; sound goes nowhere, but at its pace."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page_of(browser: Browser, *, calm: bool = True, **context: Any) -> Iterator[Page]:  # noqa: ANN401 - Playwright's
    """Give a page of a browser of its own; where it is ``calm``, its console must stay empty."""
    problems: list[str] = []
    made = browser.new_context(ignore_https_errors=True, **context)
    try:
        page = made.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console",
            lambda said: problems.append(said.text) if said.type in {"error", "warning"} else None,
        )
        yield page
        assert not (calm and problems), problems
    finally:
        made.close()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = threading.Event()
        self.port = 0

    async def startup(self, sockets: Any = None) -> None:  # noqa: ANN401 - uvicorn's
        await super().startup(sockets)
        self.port = self.servers[0].sockets[0].getsockname()[1]
        self.up.set()
