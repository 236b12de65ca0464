"""``hushtap top`` against a real gateway, with calls up."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.rig import RATE, TOKEN, chunks, serving, speech
from hushtap.cli import app
from hushtap.errors import HushtapError, UsageError
from hushtap.gateway.calls import TapName
from hushtap.gateway.view import Watcher
from hushtap.observe import Reason
from hushtap.values import AudioFormat
from hushtap.vault.recordings import CallDetails, Vault

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "vault")


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    return path


def test_it_shows_what_is_up_how_late_it_is_and_what_was_muted(vault: Vault, token: Path) -> None:
    async def run() -> tuple[str, Result, Result]:
        async with serving(vault, http={"token": token}) as gateway:
            details = CallDetails(agent="annabel", caller="+12125550123", queue="billing")
            call = await gateway.calls.admit(details, AudioFormat(RATE, 2), tap=TapName.SIPREC)
            call.session.mute(1)
            for chunk in chunks(speech(6), speech(6, 2)):
                call.offer(chunk)
            while not call.entities:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)
            lost = await gateway.calls.admit(None, AudioFormat(RATE, 1), tap=TapName.RTP)
            await lost.end(Reason.TAP_FAILED)
            options = ["top", "--once", "--url", f"http://127.0.0.1:{gateway.web.port}"]
            options += ["--token", str(token)]
            runner = CliRunner()
            seen = await asyncio.to_thread(runner.invoke, app, [*options, "--json"])
            shown = await asyncio.to_thread(runner.invoke, app, options)
            await call.end()
            return call.id, seen, shown

    recording, seen, shown = asyncio.run(run())
    assert seen.exit_code == shown.exit_code == 0
    told = json.loads(seen.output)
    [call] = [one for one in told["calls"] if one["id"] == recording]
    assert (call["tap"], call["seconds"], call["muted"]) == ("siprec", 6.0, False)
    assert call["mutes"] == {"UNHEARD": 2}
    assert 0 <= call["behind"] <= 6
    assert told["muted"]["UNHEARD"] >= 2
    assert told["failed"] == {"tap_failed": 1}
    assert told["draining"] is False
    assert recording in shown.output
    assert "UNHEARD 2" in shown.output
    assert "failed: tap_failed 1" in shown.output
    # Who speaks is nobody's business here.
    for said in ("annabel", "billing", "2125550123"):
        assert said not in seen.output + shown.output


def test_without_the_token_or_the_gateway_it_says_what_is_missing(vault: Vault) -> None:
    async def run() -> str:
        async with serving(vault) as gateway:
            url = f"http://127.0.0.1:{gateway.web.port}"
            refused = pytest.raises(HushtapError, match="wants a token")
            with closing(Watcher(url, None)) as watcher, refused:
                await asyncio.to_thread(watcher.look)
            return url

    url = asyncio.run(run())
    gone = pytest.raises(HushtapError, match="is the gateway up")
    with closing(Watcher(url, None)) as watcher, gone:
        watcher.look()


@pytest.mark.parametrize(
    ("url", "said"),
    [("http://10.0.0.1:8090", "in clear"), ("nowhere", "no address"), ("ftp://x", "no address")],
)
def test_a_token_never_goes_out_in_clear(url: str, said: str, token: Path) -> None:
    with pytest.raises(UsageError, match=said):
        Watcher(url, token)
