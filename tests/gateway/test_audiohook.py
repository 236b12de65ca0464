"""AudioHook over real WebSockets."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.audiohook_client import (
    API_KEY,
    BOTH,
    CONVERSATION,
    ONE,
    SECRET,
    client,
    handshake,
)
from gateway.rig import RATE, begun, ended, port_of, recordings, serving, speech
from gateway.test_twilio import heard
from hushtap.errors import UsageError
from hushtap.gateway.audiohook import read_keys
from hushtap.mute import FADE_S
from hushtap.taps.pressed import AFTER_S, BEFORE_S
from hushtap.timeline import to_samples
from hushtap.values import Entity
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from pathlib import Path


def test_both_channels_are_recorded_and_the_session_is_closed_in_order(vault: Vault) -> None:
    caller, agent = speech(2, 1), speech(2, 2)

    async def run() -> None:
        async with serving(vault, audiohook={"queue": "billing"}) as gateway:
            async with client(gateway) as one:
                opened = await one.open(ONE, BOTH)
                assert opened["type"] == "opened"
                assert opened["parameters"] == {"startPaused": False, "media": [BOTH]}
                await one.say("ping", rtt="PT0.1S")
                assert (await one.told())["type"] == "pong"
                await one.say("update", language="en-US")
                assert (await one.told())["type"] == "updated"
                await one.say("what is to come", of="it")
                await one.hear(caller, agent)
                await one.close()
                await one.socket.wait_closed()
                assert one.socket.close_code == 1000
            await ended(gateway)
            assert 'fate="taken",tap="audiohook"} 20.0' in gateway.figures.text().decode()

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.complete
    assert (opened.info.call_id, opened.info.queue) == (CONVERSATION, "billing")
    assert opened.info.source == "audiohook"
    assert np.array_equal(opened.samples[:, 0], heard(agent))
    assert np.array_equal(opened.samples[:, 1], heard(caller))


def test_linear_samples_are_read_as_they_are(vault: Vault) -> None:
    audio = speech(1)

    async def run() -> None:
        async with serving(vault, audiohook={}) as gateway:
            async with client(gateway) as one:
                await one.open(ONE | {"format": "L16"})
                await one.socket.send(audio.astype("<i2").tobytes())
                await one.close()
            await ended(gateway)

    asyncio.run(run())
    assert np.array_equal(recordings(vault)[0].samples[:, 0], audio)


def test_what_is_discarded_or_paused_is_silence_of_its_length(vault: Vault) -> None:
    first, second, third = speech(1, 1), speech(1, 2), speech(1, 3)

    async def run() -> None:
        async with serving(vault, audiohook={}) as gateway:
            async with client(gateway) as one:
                await one.open()
                await one.hear(first, first)
                await one.say("discarded", start="PT1S", discarded="PT0.5S")
                await one.hear(second, second)
                await one.say("paused")
                await one.say("resumed", start="PT2.5S", discarded="PT2S")
                await one.hear(third, third)
                await one.close()
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    half, two = np.zeros(RATE // 2, np.int16), np.zeros(2 * RATE, np.int16)
    parts = [heard(first), half, heard(second), two, heard(third)]
    assert np.array_equal(opened.samples[:, 1], np.concatenate(parts))


def test_a_gap_that_cannot_be_true_fills_no_disk(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, audiohook={}) as gateway:
            async with client(gateway) as one:
                await one.open()
                await one.say("discarded", start="PT0S", discarded="PT999999S")
                await one.close()
            await ended(gateway)

    asyncio.run(run())
    [info] = vault.list()
    assert info.samples <= 20 * RATE


def test_keys_are_silent_on_the_callers_channel(vault: Vault) -> None:
    caller, agent = speech(3, 1), speech(3, 2)

    async def run() -> None:
        async with serving(vault, audiohook={}) as gateway:
            async with client(gateway) as one:
                await one.open()
                await one.hear(caller[:RATE], agent[:RATE])
                await one.say("dtmf", digit="4")
                await one.hear(caller[RATE:], agent[RATE:])
                await one.say("dtmf", digit="2")
                await one.close()
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    found = [f for f in opened.findings if f.entity is Entity.KEYPAD]
    assert [(f.channel, f.source) for f in found] == [(1, "event")] * 2
    before, after = to_samples(BEFORE_S - FADE_S, RATE), to_samples(AFTER_S, RATE)
    assert not opened.samples[RATE - before : RATE + after, 1].any()
    assert not opened.samples[3 * RATE - before :, 1].any()
    assert np.array_equal(opened.samples[: 3 * RATE, 0], heard(agent))


def test_a_probe_is_answered_and_is_no_call(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, audiohook={}) as gateway, client(gateway) as one:
            opened = await one.open(conversationId=str(uuid.UUID(int=0)))
            assert opened["type"] == "opened"
            await one.close()

    asyncio.run(run())
    assert vault.list() == []


def test_a_full_gateway_disconnects_the_session(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, limits={"max_calls": 1}, audiohook={}) as gateway:
            async with client(gateway) as first, client(gateway) as second:
                await first.open()
                await begun(gateway)
                refused = await second.open()
                assert refused["type"] == "disconnect"
                assert refused["parameters"]["reason"] == "error"
                await second.close()
                await second.socket.wait_closed()
                assert second.socket.close_code == 1013
                await first.close()
            await ended(gateway)
            async with client(gateway) as again:
                assert (await again.open())["type"] == "opened"
                await again.close()

    asyncio.run(run())
    assert len(vault.list()) == 2


def test_a_call_that_the_gateway_ends_is_disconnected(vault: Vault) -> None:
    async def run() -> None:
        limits = {"longest": 1}
        async with serving(vault, limits=limits, audiohook={}) as gateway, client(gateway) as one:
            await one.open()
            gone = await one.told()
            assert (gone["type"], gone["parameters"]["reason"]) == ("disconnect", "completed")
            await one.close()

    asyncio.run(run())
    assert [info.state for info in vault.list()] == [State.CLOSED]


async def refused_with(vault: Vault, sent: str | bytes) -> tuple[str, int]:
    """Return the reason and the close code after an ``open`` and then this message."""
    async with serving(vault, audiohook={}) as gateway:
        async with client(gateway, str(uuid.UUID(int=9))) as one:
            await one.open()
            await one.socket.send(sent)
            reason = json.loads(await one.socket.recv())["parameters"]["reason"]
            # Whether or not its number is the next one, it ends the session.
            await one.socket.send(message(type="close"))
            try:
                while True:
                    await one.socket.recv()
            except ConnectionClosed:
                pass
            code = one.socket.close_code
        await ended(gateway)
    return reason, int(code or 0)


def message(**parts: Any) -> str:  # noqa: ANN401 - whatever JSON has
    whole = {"version": "2", "type": "ping", "id": str(uuid.UUID(int=9)), "seq": 2, "serverseq": 1}
    return json.dumps(whole | {"parameters": {}} | parts)


@pytest.mark.parametrize(
    "sent",
    [
        "{",
        "[]",
        message(seq=3),
        message(seq=True),
        message(serverseq=9),
        message(version="1"),
        message(id=str(uuid.UUID(int=10))),
        message(id="x"),
        message(parameters=None),
        message(type="open", parameters={}),
        message(type="discarded", parameters={"start": "PT1S", "discarded": "1 s"}),
        message(type="discarded", parameters={"start": "PT1e9S", "discarded": "PT1S"}),
        b"\x00\x01\x02",
    ],
    ids=range(13),
)
def test_what_makes_no_sense_ends_the_session(sent: str | bytes, vault: Vault) -> None:
    assert asyncio.run(refused_with(vault, sent)) == ("error", 1007)
    assert [info.state for info in vault.list()] == [State.INTERRUPTED]


def test_handshakes_must_be_signed_and_are_good_for_one_session(
    vault: Vault, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{API_KEY} {base64.b64encode(SECRET).decode()}\n")

    async def run() -> None:
        async with serving(vault, audiohook={"api_keys": keys}) as gateway:
            port = port_of(gateway, "audiohook")
            session, other = str(uuid.uuid4()), str(uuid.uuid4())
            right = handshake(session, port)
            for wrong in ({}, handshake(session, port, secret=b"another"), {"x-api-key": API_KEY}):
                with pytest.raises(InvalidStatus) as refused:
                    await client(gateway, session, **wrong).__aenter__()
                assert refused.value.response.status_code == 403
            async with client(gateway, session, **right) as one:
                assert (await one.open())["type"] == "opened"
                await one.close()
            with pytest.raises(InvalidStatus):
                await client(gateway, session, **right).__aenter__()
            # A session again, and one that is not that of the handshake.
            for told, said in ((session, session), (other, session)):
                async with client(gateway, told, **handshake(said, port)) as one:
                    gone = await one.open()
                    assert gone["parameters"]["reason"] == "unauthorized"
                    await one.close()

    asyncio.run(run())
    assert len(vault.list()) == 1


def test_another_organization_may_not_call(vault: Vault) -> None:
    async def run() -> None:
        section = {"organization": str(uuid.UUID(int=1))}
        async with serving(vault, audiohook=section) as gateway, client(gateway) as one:
            assert (await one.open())["parameters"]["reason"] == "unauthorized"
            await one.close()

    asyncio.run(run())
    assert vault.list() == []


@pytest.mark.parametrize("text", ["", "key", "key !!!", "key c2hvcnQ=", "a b c"], ids=range(5))
def test_a_file_without_pairs_of_keys_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(text)
    with pytest.raises(UsageError, match="one pair a line"):
        read_keys(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_keys(tmp_path / "none")
