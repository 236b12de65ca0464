"""Live listening and the pages of privacy officers in a real browser: sound, keys, axe, widths."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

from hushtap.web.rules import GatewayRules, Rules
from web.browser import CHROMIUM, Served, chromium, page_of, served
from web.gateways import FIRST, TOKEN, Playing, gateway, tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs chromium (apt-get install chromium)"
)
SHOTS = os.environ.get("HUSHTAP_SHOTS")
"""A folder for pictures of the pages, to be looked at."""
METERS = "[0, 1].map((side) => document.getElementById(`meter-${side}`).value)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Playing]]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "token").write_text(TOKEN)
    with ExitStack() as stack:
        playing = stack.enter_context(gateway(Playing([], [])))

        def rules(recordings: list[str]) -> Rules:
            playing.up += recordings
            return Rules(gateway=GatewayRules(url=playing.url, token_file=folder / "token"))

        yield stack.enter_context(served(folder, rules)), playing


def look(page: Page, name: str) -> None:
    """See that a page fits and has nothing that axe finds serious; keep a picture of it."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.evaluate(Axe().axe_script)
    found = page.evaluate("axe.run().then((result) => result.violations)")
    serious = [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
    assert serious == [], name
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def until(page: Page, condition: str) -> None:
    for _ in range(400):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    pytest.fail(f"never: {condition}")


def test_a_call_that_is_up_is_heard_with_its_levels_and_its_delay(
    browser: Browser, live: tuple[Served, Playing]
) -> None:
    desk, playing = live
    # A second of the agent, a second in which nothing may be heard, a second of the caller.
    playing.pieces = [(FIRST + 800 * n, tone(0.1)) for n in range(10)]
    playing.pieces += [(FIRST + 800 * n, tone(0.1, 1)) for n in range(20, 30)]
    playing.pause = 0.02
    with page_of(browser) as page:
        desk.sign_in(page, "the-supervisor")
        page.get_by_role("link", name="Live").click()
        page.locator("tbody a").first.focus()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Start listening").focus()
        page.keyboard.press("Enter")
        until(page, f"{METERS}[0] > 0.1")
        assert page.evaluate(f"{METERS}[1]") < 0.01
        said = page.locator("#live-delay").inner_text()
        assert "10 by the gateway's setting" in said
        assert float(said.split("about ")[1].split()[0]) > 10
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "live-playing.png")
        until(page, f"{METERS}.every((value) => value < 0.01)")
        until(page, f"{METERS}[1] > 0.1")
        assert page.evaluate(f"{METERS}[0]") < 0.01
        page.locator("#live-state", has_text="the call has ended").wait_for()
        assert page.get_by_role("button", name="Start listening").is_enabled()
        look(page, "live-ended")


def test_stop_ends_it_at_once(browser: Browser, live: tuple[Served, Playing]) -> None:
    desk, playing = live
    playing.pieces = [(FIRST + 800 * n, tone(0.1)) for n in range(200)]
    playing.pause = 0.1
    with page_of(browser) as page:
        desk.sign_in(page, "the-supervisor")
        page.goto(f"{desk.url}/live/{desk.recordings[0]}")
        page.get_by_role("button", name="Start listening").click()
        until(page, f"{METERS}[0] > 0.1")
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("stopped").wait_for()
        assert page.evaluate(METERS) == [0, 0]
        assert page.get_by_role("button", name="Stop").is_disabled()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_are_accessible(
    browser: Browser,
    live: tuple[Served, Playing],
    width: int,
    scheme: Literal["light", "dark"],
) -> None:
    desk, _ = live
    viewport = {"width": width, "height": 900}
    mark = f"{scheme}-{width}"
    with page_of(browser, viewport=viewport, color_scheme=scheme) as page:
        desk.sign_in(page, "the-supervisor")
        for path in ("/live", f"/live/{desk.recordings[0]}", "/exports", "/cases"):
            page.goto(f"{desk.url}{path}")
            look(page, f"{path.split('/')[1]}{'-call' if path.count('/') > 1 else ''}-{mark}")
        page.goto(f"{desk.url}/calls/{desk.recordings[0]}")
        page.get_by_role("button", name="Ask for an export").click()
        page.get_by_text("waits").first.wait_for()
        look(page, f"exports-asked-{mark}")
    with page_of(browser, viewport=viewport, color_scheme=scheme) as page:
        desk.sign_in(page, "the-privacy-officer")
        for path in ("/callers", "/breaches", "/exports", "/disposals"):
            page.goto(f"{desk.url}{path}")
            look(page, f"officer-{path[1:]}-{mark}")
        page.goto(f"{desk.url}/calls/{desk.recordings[1]}")
        look(page, f"officer-call-{mark}")
        page.goto(f"{desk.url}/breaches")
        page.get_by_label("What happened").fill("A laptop was stolen")
        page.get_by_label("Accounts").fill("the-supervisor")
        page.get_by_role("button", name="Enter it").click()
        page.get_by_role("heading", name="What is asked").wait_for()
        look(page, f"officer-breach-{mark}")
    with page_of(browser, viewport=viewport, color_scheme=scheme) as page:
        desk.sign_in(page, "the-administrator")
        page.goto(f"{desk.url}/access")
        look(page, f"access-{mark}")
