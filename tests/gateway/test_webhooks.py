"""Webhooks to a real HTTP server that checks signatures as a receiver should."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from gateway.rig import RATE, StuckEar, chunks, serving, speech
from hushtap.gateway.calls import TapName
from hushtap.gateway.config import WebhooksSection
from hushtap.gateway.notices import Notice, Told
from hushtap.gateway.outbox import Outbox
from hushtap.gateway.webhooks import Outcome, Webhooks
from hushtap.observe import Reason
from hushtap.values import AudioFormat, Entity
from hushtap.vault.recordings import Consent, State, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = [bytes(range(32)), b"an-older-key-of-some-length-at-all"]


@dataclass
class Receiver:
    """What came, and what is answered: the statuses in turn, the last one for ever."""

    url: str
    statuses: list[int] = field(default_factory=lambda: [204])
    bodies: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    signatures: list[list[str]] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            name, stamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
            told.entered.set()
            told.let_go.wait(20)
            content = f"{name}.{stamp}.".encode() + body
            right = [hmac.new(key, content, hashlib.sha256).digest() for key in KEYS]
            given = self.headers["webhook-signature"].split(" ")
            told.signatures.append(given)
            known = [f"v1,{base64.b64encode(one).decode()}" for one in right]
            assert self.headers["content-type"] == "application/json"
            told.bodies.append(json.loads(body))
            told.ids.append(name)
            status = told.statuses.pop(0) if len(told.statuses) > 1 else told.statuses[0]
            self.send_response(status if given == known else 401)
            if status in {301, 307}:
                self.send_header("Location", told.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook")
    told.let_go.set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield told
    told.let_go.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("\n".join(f"whsec_{base64.b64encode(key).decode()}" for key in KEYS))
    return path


def notice(number: int = 0) -> Notice:
    return Notice(Told.SEALED, "20260101T000000Z-00000000", "twilio", float(number))


def test_a_recording_that_is_sealed_is_told_of_with_its_counts(
    vault: Vault, receiver: Receiver, secret: Path
) -> None:
    async def run() -> str:
        section = {"url": receiver.url, "secret": str(secret)}
        async with serving(vault, webhooks=section) as gateway:
            call = await gateway.calls.admit(None, AudioFormat(RATE, 2), tap=TapName.SIPREC)
            call.session.mute(1)
            for chunk in chunks(speech(3), speech(3, 2)):
                call.offer(chunk)
            await call.end()
            broken = await gateway.calls.admit(None, AudioFormat(RATE, 1), tap=TapName.RTP)
            await broken.end(Reason.TAP_FAILED)
        assert gateway.webhooks is not None
        assert gateway.webhooks.outcomes == {Outcome.SENT: 3}
        assert 'hushtap_webhooks_total{outcome="sent"} 3.0' in gateway.figures.text().decode()
        return call.id

    recording = asyncio.run(run())
    first, failed, interrupted = receiver.bodies
    assert first["type"] == "recording.sealed"
    assert first["data"] == {
        "id": recording,
        "state": "sealed",
        "tap": "siprec",
        "seconds": 3.0,
        "reason": None,
        "entities": {"UNHEARD": 2},
        "missed": {},
    }
    assert (failed["type"], failed["data"]["reason"]) == ("call.failed_closed", "tap_failed")
    assert interrupted["type"] == "recording.interrupted"
    assert len(set(receiver.ids)) == 3
    assert all(len(given) == len(KEYS) for given in receiver.signatures)


def test_a_receiver_that_fails_is_tried_again_with_the_same_id(
    receiver: Receiver, secret: Path
) -> None:
    receiver.statuses = [500, 307, 200]

    async def run() -> Webhooks:
        section = WebhooksSection(url=receiver.url, secret=secret, wait=0.01)
        hooks = Webhooks(section)
        await hooks.start()
        hooks.tell(notice())
        await hooks.stop()
        return hooks

    hooks = asyncio.run(run())
    assert hooks.outcomes == {Outcome.SENT: 1}
    assert len(receiver.ids) == 3
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize(("statuses", "tries"), [([503], 3), ([410], 1)])
def test_after_the_last_try_it_is_given_up_and_the_next_is_sent(
    receiver: Receiver, secret: Path, statuses: list[int], tries: int
) -> None:
    receiver.statuses = [*statuses * tries, 200]

    async def run() -> Webhooks:
        section = WebhooksSection(url=receiver.url, secret=secret, wait=0.01, attempts=3)
        hooks = Webhooks(section)
        await hooks.start()
        hooks.tell(notice(1))
        hooks.tell(notice(2))
        await hooks.stop()
        return hooks

    assert asyncio.run(run()).outcomes == {Outcome.FAILED: 1, Outcome.SENT: 1}
    assert [body["data"]["seconds"] for body in receiver.bodies] == [1.0] * tries + [2.0]


def test_what_does_not_fit_or_is_not_sent_in_the_end_is_counted(
    receiver: Receiver, secret: Path
) -> None:
    receiver.let_go.clear()

    async def run() -> Webhooks:
        section = WebhooksSection(url=receiver.url, secret=secret, queue=4, patience=0)
        hooks = Webhooks(section)
        await hooks.start()
        hooks.tell(notice())
        await asyncio.to_thread(receiver.entered.wait, 20)
        for number in range(10):
            hooks.tell(notice(number))
        assert hooks.depth == 4
        assert hooks.outcomes == {Outcome.DROPPED: 6}
        await hooks.stop()
        return hooks

    # The one under way, and the four that waited.
    assert asyncio.run(run()).outcomes == {Outcome.DROPPED: 11}


def test_a_receiver_that_is_gone_costs_calls_nothing(vault: Vault, secret: Path) -> None:
    ear = StuckEar()

    async def run() -> None:
        url = "http://127.0.0.1:9/"
        section = {"url": url, "secret": str(secret), "patience": 0, "wait": 600}
        async with serving(vault, ear, webhooks=section) as gateway:
            ear.let_go.set()
            call = await gateway.calls.admit(None, AudioFormat(RATE, 1), tap=TapName.RTP)
            await call.end()
            await gateway.calls.gone()
        assert gateway.webhooks is not None
        assert gateway.webhooks.outcomes == {Outcome.KEPT: 1}

    asyncio.run(run())
    assert len(vault.list()) == 1


def told_of(vault: Vault, receiver: Receiver, secret: Path) -> list[tuple[str, str, int]]:
    """Return what a gateway that starts and has no calls tells of."""

    async def run() -> None:
        async with serving(vault, webhooks={"url": receiver.url, "secret": str(secret)}):
            pass

    receiver.bodies.clear()
    asyncio.run(run())
    said = [body["data"] for body in receiver.bodies]
    return [(one["id"], one["state"], one["entities"].get("UNHEARD", 0)) for one in said]


def test_what_was_not_told_is_told_after_the_next_start(
    vault: Vault, receiver: Receiver, secret: Path
) -> None:
    async def run() -> list[str]:
        section = {"url": "http://127.0.0.1:9/", "secret": str(secret), "patience": 0}
        async with serving(vault, webhooks=section) as gateway:
            calls = [
                await gateway.calls.admit(None, AudioFormat(RATE, 1), tap=TapName.RTP)
                for _ in range(3)
            ]
            calls[0].session.mute(1)
            for chunk in chunks(speech(2)):
                calls[0].offer(chunk)
            await calls[0].end()
            await calls[1].end(Reason.TAP_FAILED)
            await calls[2].end()
        await asyncio.to_thread(vault.life.consent, calls[2].id, Consent.WITHDRAWN)
        return [call.id for call in calls]

    sealed, broken, withdrawn = asyncio.run(run())
    assert vault.info(withdrawn).state is State.DISPOSED
    assert sorted(told_of(vault, receiver, secret)) == sorted(
        [(sealed, "sealed", 1), (broken, "interrupted", 0)]
    )
    assert set(receiver.ids) == {f"msg_{sealed}_sealed", f"msg_{broken}_interrupted"}
    assert told_of(vault, receiver, secret) == []


def test_calls_of_a_gateway_that_was_killed_are_told_of_and_those_of_another_are_not(
    vault: Vault, receiver: Receiver, secret: Path
) -> None:
    outbox = Outbox(vault)
    killed, open_one = (
        vault.record(AudioFormat(RATE, 1), source="rtp", policy="p") for _ in range(2)
    )
    outbox.owe(killed.id)
    outbox.owe(open_one.id)
    outbox.owe("20260101T000000Z-00000000")
    # What the death of its writer leaves.
    killed._segments.close()
    assert [info.state for info in vault.list() if info.id == killed.id] == [State.INTERRUPTED]
    assert told_of(vault, receiver, secret) == [(killed.id, "interrupted", 0)]
    open_one.close()
    assert told_of(vault, receiver, secret) == [(open_one.id, "sealed", 0)]
    assert told_of(vault, receiver, secret) == []


def test_files_of_others_in_the_outbox_silence_nobody(vault: Vault) -> None:
    outbox = Outbox(vault)
    with vault.record(AudioFormat(RATE, 1), source="rtp", policy="p") as recording:
        outbox.owe(recording.id)
    for name in (b"\xff\xfe", b"0-notes.txt", recording.id[:8].encode()):
        Path(os.fsdecode(os.fsencode(vault.path / "webhooks") + b"/" + name)).touch()
    assert [notice.recording for notice in outbox.owed(9)] == [recording.id]
    assert len([*(vault.path / "webhooks").iterdir()]) == 4


def test_a_folder_that_cannot_be_written_costs_no_call(
    vault: Vault, receiver: Receiver, secret: Path
) -> None:
    (vault.path / "webhooks").write_text("no folder")

    async def run() -> None:
        section = {"url": receiver.url, "secret": str(secret)}
        async with serving(vault, webhooks=section) as gateway:
            call = await gateway.calls.admit(None, AudioFormat(RATE, 1), tap=TapName.RTP)
            await call.end()

    asyncio.run(run())
    assert [body["type"] for body in receiver.bodies] == ["recording.sealed"]


def test_a_notice_has_counts_and_no_text() -> None:
    told = Notice(Told.SEALED, "r", "rtp", 1.04, entities={Entity.CREDIT_CARD: 2})
    assert told.data()["entities"] == {"CREDIT_CARD": 2}
    assert told.data()["seconds"] == 1.0


@pytest.mark.parametrize(
    "url",
    ["http://10.0.0.1/", "http://hooks.example.com/", "ftp://127.0.0.1/", "nowhere", "https://"],
)
def test_nothing_is_sent_in_clear_beyond_loopback(url: str, secret: Path) -> None:
    with pytest.raises(ValidationError):
        WebhooksSection(url=url, secret=secret)
