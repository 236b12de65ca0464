"""The desk in a real browser: signing in, finding, hearing, flagging; keys, widths, colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from web.browser import CHROMIUM, MUTED, SECONDS, Served, chromium, page_of, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs chromium (apt-get install chromium)"
)

SUPERVISED = ("/calls", "/call", "/cases", "/account", "/queue", "/figures", "/calls?agent=ann")

LISTEN = """
// How loud each side is: the loudest sample between two positions, as it is played.
async ([start, end]) => {
  const audio = document.getElementById('audio');
  if (!window.hear) {
    const context = new AudioContext();
    const source = context.createMediaElementSource(audio);
    const parts = context.createChannelSplitter(2);
    source.connect(parts);
    source.connect(context.destination);
    window.hear = [0, 1].map((side) => {
      const node = context.createAnalyser();
      node.fftSize = 1024;
      parts.connect(node, side);
      return node;
    });
    await context.resume();
  }
  const buffer = new Float32Array(1024);
  const loud = [0, 0];
  audio.currentTime = start;
  await audio.play();
  let last = start;
  while (audio.currentTime < end) {
    await new Promise((done) => setTimeout(done, 15));
    const now = audio.currentTime;
    // The first pieces after a jump may be of before it.
    if (now - start > 0.2 && now > last) {
      window.hear.forEach((node, side) => {
        node.getFloatTimeDomainData(buffer);
        loud[side] = Math.max(loud[side], ...buffer.map(Math.abs));
      });
    }
    last = now;
  }
  audio.pause();
  return loud;
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("desk")) as made:
        yield made


def open_call(page: Page, desk: Served, number: int = 0) -> None:
    page.goto(f"{desk.url}/calls/{desk.recordings[number]}")
    ready(page)


def ready(page: Page) -> None:
    page.locator("#player[data-ready]").wait_for()


def loud(page: Page, start: float, end: float) -> list[float]:
    heard: list[float] = page.evaluate(LISTEN, [start, end])
    return heard


def now(page: Page) -> float:
    """Where the desk says that it is; the slider has steps of a tenth."""
    return float(page.get_by_label("Position in the call").input_value())


def arrived(page: Page, seconds: float) -> None:
    """Wait until the desk is there, within a step of the slider."""
    for _ in range(200):
        if abs(now(page) - seconds) <= 0.11:
            return
        page.wait_for_timeout(25)
    pytest.fail(f"never at {seconds} s, but at {now(page)} s")


def until(page: Page, condition: str) -> None:
    """Wait until ``condition`` holds. (Playwright's own waiting needs eval, which is forbidden.)"""
    for _ in range(400):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    pytest.fail(f"never: {condition}")


def go(page: Page, time: float) -> None:
    page.get_by_label("Position in the call").fill(str(time))


def test_sign_in_search_play_seek_and_flag(browser: Browser, desk: Served) -> None:
    with page_of(browser) as page:
        desk.sign_in(page, "the-supervisor", by_app=True)
        assert page.locator("table.calls tbody tr").count() == 4
        page.get_by_label("Agent").fill("ann")
        page.get_by_role("button", name="Search").click()
        until(page, "document.querySelectorAll('table.calls tbody tr').length === 2")
        page.locator("table.calls tbody a").first.click()
        ready(page)

        # Sound, then silence where it was muted, on that side alone.
        side, other = loud(page, 1.0, 1.6)
        assert side > 0.1
        assert other > 0.1
        start, end, _ = MUTED[0]
        side, other = loud(page, start, end - 0.3)
        assert side > 0.1
        assert other < 0.001

        # The keyboard: a redaction is one key away.
        go(page, 0)
        page.keyboard.press("n")
        arrived(page, start - 1)
        page.keyboard.press("n")
        arrived(page, MUTED[1][0] - 1)

        # A miss: drag over the waveform, choose, send.
        assert page.get_by_text("seventeen").count() == 1
        assert loud(page, 14.9, 15.6)[1] > 0.1
        page.keyboard.press("f")
        box = page.locator("#wave").bounding_box()
        assert box is not None
        for step, share in (("move", 14.8), ("down", 14.8), ("move", 15.4), ("move", 16.2)):
            x, y = box["x"] + box["width"] * share / SECONDS, box["y"] + box["height"] * 0.8
            page.mouse.down() if step == "down" else page.mouse.move(x, y)
        page.mouse.up()
        page.locator("#flag-form").wait_for()
        assert page.locator("#flag-channel").input_value() == "1"
        page.locator("#flag-entity").select_option("US_SSN")
        page.get_by_role("button", name="Mute it for good").click()
        page.get_by_text("Muted for good").wait_for()
        ready(page)
        side, other = loud(page, 14.9, 15.7)
        assert side > 0.1
        assert other < 0.001
        assert page.get_by_text("seventeen").count() == 0
        assert page.locator("#redactions > li").count() == 3
    recording = desk.recordings[0]
    samples = desk.vault.read(recording).samples
    assert not samples[15 * 8000 : 16 * 8000, 1].any()
    assert samples[:, 0].any()


@pytest.mark.slow
def test_fifty_random_points_sound_as_they_were_recorded(browser: Browser, desk: Served) -> None:
    with page_of(browser) as page:
        desk.sign_in(page, "the-supervisor")
        open_call(page, desk)
        for start in np.random.default_rng(5).uniform(0, SECONDS - 1.2, 50):
            end = start + 0.5
            heard = loud(page, start, end)
            inside = any(at <= start and end < until for at, until, _ in MUTED)
            outside = all(end < at or start > until for at, until, _ in MUTED)
            assert heard[0] > 0.1
            if inside:
                assert heard[1] < 0.001
            if outside:
                assert heard[1] > 0.1


@pytest.mark.slow
def test_the_keyboard_alone_is_enough(browser: Browser, desk: Served) -> None:
    with page_of(browser) as page:
        desk.sign_in(page, "the-supervisor")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('table.calls') !== null"):
                break
        page.keyboard.press("Enter")
        ready(page)
        page.keyboard.press("Space")
        until(page, "!document.getElementById('audio').paused")
        page.keyboard.press("k")
        until(page, "document.getElementById('audio').paused")
        go(page, 3)
        for key, moved in (("l", 15), ("j", -15), ("ArrowRight", 5), ("ArrowLeft", -5)):
            before = now(page)
            page.keyboard.press(key)
            assert now(page) - before == pytest.approx(moved, abs=0.11)
        page.keyboard.press("?")
        page.get_by_role("heading", name="Keys").wait_for()
        page.keyboard.press("Escape")
        go(page, 15)
        page.keyboard.press("[")
        go(page, 16)
        page.keyboard.press("]")
        assert page.locator("#flag-start").input_value() == "15.00"
        assert page.locator("#flag-end").input_value() == "16.00"
        page.locator("#flag-channel").select_option("1")
        page.locator("#flag-send").focus()
        page.keyboard.press("Enter")
        page.get_by_text("Muted for good").wait_for()


@pytest.mark.slow
def test_links_words_speed_and_skips(browser: Browser, desk: Served) -> None:
    with page_of(browser) as page:
        desk.sign_in(page, "the-supervisor")
        page.goto(f"{desk.url}/calls/{desk.recordings[0]}#t=9.5")
        ready(page)
        arrived(page, 9.5)
        page.locator("#transcript .w", has_text="marmalade").click()
        arrived(page, 8)
        assert page.locator("#transcript .w.on").inner_text() == "marmalade"
        page.keyboard.press(">")
        assert page.evaluate("document.getElementById('audio').playbackRate") == 1.25
        page.keyboard.press("m")
        go(page, 4.7)
        page.keyboard.press("k")
        # It never says a moment of the mute's middle.
        until(page, "document.getElementById('audio').currentTime > 6.8")
        assert page.evaluate("document.getElementById('audio').played.length") >= 1
        inside = page.evaluate(
            "(() => { const p = document.getElementById('audio').played;"
            " return Array.from({length: p.length}, (_, i) => [p.start(i), p.end(i)])"
            ".some(([a, b]) => a < 6 && b > 6); })()"
        )
        assert inside is False


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1360])
def test_no_page_is_wider_than_the_screen_and_axe_finds_nothing(
    browser: Browser, desk: Served, scheme: Literal["light", "dark"], width: int
) -> None:
    with page_of(
        browser, calm=False, color_scheme=scheme, viewport={"width": width, "height": 844}
    ) as page:
        page.goto(f"{desk.url}/sign-in")
        pages: list[tuple[str, str | None]] = [("/sign-in", None)]
        pages += [(path, "the-supervisor") for path in SUPERVISED]
        pages += [("/people", "the-administrator"), ("/log", "the-auditor")]
        pages += [(path, "the-privacy-officer") for path in ("/alerts", "/disposals")]
        signed: str | None = None
        for path, who in pages:
            if who not in {None, signed}:
                page.context.clear_cookies()
                desk.sign_in(page, str(who))
                signed = who
            if path == "/call":
                open_call(page, desk)
            else:
                page.goto(f"{desk.url}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            found = Axe().run(page).response["violations"]
            serious = [one["id"] for one in found if one["impact"] in {"serious", "critical"}]
            assert serious == [], path
