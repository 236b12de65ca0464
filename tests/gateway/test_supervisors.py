"""Listening to calls that are up, by a real WebSocket client: what is heard is what is sealed."""

from __future__ import annotations

import asyncio
import json
import socket as sockets
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus

from gateway.rig import RATE, TOKEN, StuckEar, chunks, recordings, serving, speech
from hushtap.evaluate import OPEN_SECONDS, Truth, TruthSpan, score
from hushtap.gateway.calls import TapName
from hushtap.gateway.details import details_from
from hushtap.gateway.supervisors import MOST, REVOKED
from hushtap.values import AudioFormat, Entity, PcmChunk
from hushtap.vault.audit.events import unpack
from hushtap.vault.audit.reading import reading
from hushtap.vault.recordings import Consent, Vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from numpy.typing import NDArray
    from websockets.asyncio.client import ClientConnection

    from hushtap.gateway.calls import GatewayCall
    from hushtap.gateway.serve import Gateway
    from live_calls import Clip, Remembering

pytest_plugins = ("live_fixtures",)

DELAY = 4
LISTENERS = """
[ann-lee]
token = "listener-of-all-the-calls"
all = true
[bob]
token = "listener-of-one-queue"
queues = ["billing"]
agents = ["carol"]
"""
ALL, SOME = "listener-of-all-the-calls", "listener-of-one-queue"


@pytest.fixture
def monitor(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "listeners.toml"
    path.write_text(LISTENERS)
    return {"listeners": path, "delay": DELAY}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def listening(gateway: Gateway, call_id: str, token: str = ALL, **options: Any) -> connect:  # noqa: ANN401
    address = f"ws://127.0.0.1:{gateway.web.port}/calls/{call_id}/listen"
    return connect(address, additional_headers=bearer(token), proxy=None, **options)


async def admit(gateway: Gateway, rate: int = RATE, **details: str) -> GatewayCall:
    said = details_from(details)
    return await gateway.calls.admit(said, AudioFormat(rate, 2), tap=TapName.TWILIO)


async def say(call: GatewayCall, parts: Iterable[PcmChunk]) -> None:
    """Offer these, no faster than they are sealed."""
    for part in parts:
        call.offer(part)
        assert call.monitor is not None
        least = part.span.end - 3 * call.format.sample_rate
        while not call.over and call.monitor.end < least:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


async def pieces(socket: ClientConnection) -> AsyncIterator[tuple[int, NDArray[np.int16]]]:
    """Yield first sample and frames of what is heard, until the call ends."""
    start = json.loads(await socket.recv())
    assert start["type"] == "start"
    while isinstance(message := await socket.recv(), bytes):
        [at] = struct.unpack_from("<Q", message)
        yield at, np.frombuffer(message, "<i2", offset=8).reshape(-1, start["channels"])
    assert json.loads(message)["type"] == "end"
    with pytest.raises(ConnectionClosedOK):
        await socket.recv()


async def drained(socket: ClientConnection) -> None:
    while isinstance(await socket.recv(), bytes):
        pass


async def hear(socket: ClientConnection) -> list[tuple[int, NDArray[np.int16]]]:
    return [piece async for piece in pieces(socket)]


def entries(vault: Vault) -> list[dict[str, Any]]:
    with reading(vault.path / "audit.db") as log:
        return [unpack(row.entry) for row in log.rows()]


def test_listeners_hear_what_is_sealed_sample_for_sample(
    vault: Vault, monitor: dict[str, Any]
) -> None:
    audio = speech(12, 1), speech(12, 2)

    async def run() -> None:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway)
            async with listening(gateway, call.id) as one, listening(gateway, call.id) as two:
                heard = [asyncio.create_task(hear(one)), asyncio.create_task(hear(two))]
                await say(call, chunks(*audio))
                await call.end()
                for said in await asyncio.gather(*heard):
                    assert said[0][0] == 0
                    for (at, frames), (following, _) in pairwise(said):
                        assert at + len(frames) == following
                    whole = np.concatenate([frames for _, frames in said])
                    [opened] = recordings(vault)
                    assert np.array_equal(whole, opened.samples)
                    assert np.array_equal(whole, np.stack(audio, axis=1))

    asyncio.run(run())


def test_nothing_is_heard_before_its_delay_and_who_comes_late_hears_at_once(
    vault: Vault, monitor: dict[str, Any]
) -> None:
    async def run() -> None:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway)
            await say(call, chunks(speech(9, 1), speech(9, 2)))
            async with listening(gateway, call.id) as socket:
                start = json.loads(await socket.recv())
                assert start == {
                    "type": "start",
                    "version": 1,
                    "id": call.id,
                    "rate": RATE,
                    "channels": 2,
                    "encoding": "s16le",
                    "delay": DELAY,
                    "sample": (9 - DELAY) * RATE,
                }
                more = chunks(speech(10, 1), speech(10, 2))
                await say(call, (chunk for chunk in more if chunk.span.start >= 9 * RATE))
                until, heard = (10 - DELAY) * RATE, 0
                while heard < until:
                    message = await socket.recv()
                    assert isinstance(message, bytes)
                    heard = struct.unpack_from("<Q", message)[0] + (len(message) - 8) // 4
                assert heard == until
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await socket.recv()
                await call.end()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("token", "details", "status"),
    [
        ("", {"queue": "billing"}, 403),
        (TOKEN, {"queue": "billing"}, 403),
        (f"{SOME}x", {"queue": "billing"}, 403),
        (SOME, {}, 403),
        (SOME, {"queue": "sales", "agent": "ann"}, 403),
        (SOME, {"queue": "billing", "agent": "ann"}, 101),
        (SOME, {"queue": "sales", "agent": "carol"}, 101),
        (ALL, {}, 101),
    ],
    ids=range(8),
)
def test_a_call_is_heard_by_who_may(
    token: str,
    details: dict[str, Any],
    status: int,
    *,
    vault: Vault,
    monitor: dict[str, Any],
    tmp_path: Path,
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    http = {"token": tmp_path / "token"}

    async def run() -> int:
        async with serving(vault, monitor=monitor, http=http) as gateway:
            call = await admit(gateway, **details)
            try:
                async with listening(gateway, call.id, token):
                    return 101
            except InvalidStatus as refused:
                return refused.response.status_code
            finally:
                await call.end()

    assert asyncio.run(run()) == status
    listened = [entry for entry in entries(vault) if entry["activity"] == "listen"]
    assert len(listened) == (status == 101)


def test_a_listener_sees_its_own_calls_and_gives_no_orders(
    vault: Vault, monitor: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(TOKEN)

    async def run() -> None:
        async with (
            serving(vault, monitor=monitor, http={"token": tmp_path / "token"}) as gateway,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{gateway.web.port}") as http,
        ):
            mine, other = await admit(gateway, queue="billing"), await admit(gateway)
            for token, ids in ((SOME, [mine.id]), (ALL, [mine.id, other.id])):
                listed = (await http.get("/calls", headers=bearer(token))).json()["calls"]
                assert [one["id"] for one in listed] == ids
                order = await http.post(f"/calls/{mine.id}/mute", headers=bearer(token))
                assert order.status_code == 401
            for call in (mine, other):
                await call.end()

    asyncio.run(run())


def test_the_entry_is_there_before_the_first_byte_and_without_it_there_is_none(
    vault: Vault, monitor: dict[str, Any]
) -> None:
    async def run() -> str:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway)
            log = vault.path / "audit.db"
            vault._log.close()
            vault._log._ready = False
            log.rename(log.with_suffix(".away"))
            with pytest.raises(InvalidStatus) as refused:
                async with listening(gateway, call.id):
                    pass
            assert refused.value.response.status_code == 503
            log.with_suffix(".away").rename(log)
            async with listening(gateway, call.id) as socket:
                await socket.recv()
                [entry] = [e for e in entries(vault) if e["activity"] == "listen"]
                assert entry["objects"] == [{"id": call.id, "kind": "recording"}]
                who = {"user": "ann-lee", "role": "monitor", "origin": "127.0.0.1"}
                assert entry["actor"] == who
            await call.end()
            return call.id

    asyncio.run(run())


def test_one_that_does_not_listen_delays_nothing_and_hears_a_gap(
    vault: Vault, monitor: dict[str, Any]
) -> None:
    rate, seconds = 48_000, 40
    audio = [np.repeat(speech(seconds, seed), 6) for seed in (1, 2)]

    async def run() -> None:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway, rate)
            narrow = sockets.socket()
            narrow.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 8_192)
            narrow.connect(("127.0.0.1", gateway.web.port))
            async with listening(
                gateway, call.id, sock=narrow, max_queue=1, compression=None
            ) as slow:
                await say(call, chunks(*audio, size=rate // 10))
                await call.end()
                await gateway.calls.gone()
                # All of it is sealed while nobody reads.
                [opened] = recordings(vault)
                assert opened.complete
                heard = await hear(slow)
            gaps = [
                (at + len(frames), following)
                for (at, frames), (following, _) in pairwise(heard)
                if at + len(frames) != following
            ]
            assert gaps
            for at, frames in heard:
                assert np.array_equal(frames, opened.samples[at : at + len(frames)])

    asyncio.run(run())


def test_what_is_not_released_when_it_is_due_is_never_heard(
    vault: Vault, monitor: dict[str, Any]
) -> None:
    ear = StuckEar()

    async def run() -> None:
        async with serving(vault, ear, monitor=monitor) as gateway:
            gateway.calls.deadline = 60
            call = await admit(gateway)
            async with listening(gateway, call.id) as socket:
                heard = asyncio.create_task(hear(socket))
                for chunk in chunks(speech(9, 1), speech(9, 2)):
                    call.offer(chunk)
                due = 9 - DELAY
                assert gateway.supervisors is not None
                while gateway.supervisors.lost < due:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0)
                ear.let_go.set()
                await call.end()
                said = await heard
            [opened] = recordings(vault)
            assert said[0][0] == due * RATE
            whole = np.concatenate([frames for _, frames in said])
            assert np.array_equal(whole, opened.samples[due * RATE :])

    asyncio.run(run())


def test_of_a_caller_who_refuses_nothing_more_is_heard(
    vault: Vault, monitor: dict[str, Any]
) -> None:
    audio = speech(20, 1), speech(20, 2)

    async def run() -> None:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway)
            async with listening(gateway, call.id) as socket:
                parts = list(chunks(*audio))
                await say(call, parts[: len(parts) // 2])
                heard: list[int] = []
                async for at, frames in pieces(socket):
                    heard.append(at + len(frames))
                    if heard[-1] == (10 - DELAY) * RATE:
                        await asyncio.to_thread(vault.life.consent, call.id, Consent.REFUSED)
                        await say(call, parts[len(parts) // 2 :])
                # Not even what was sealed before.
                assert heard[-1] == (10 - DELAY) * RATE
            with pytest.raises(InvalidStatus) as refused:
                async with listening(gateway, call.id):
                    pass
            assert refused.value.response.status_code == 404
            await gateway.calls.gone()

    asyncio.run(run())


def test_a_number_is_silent_to_listeners(
    vault: Vault, monitor: dict[str, Any], clip: Clip, ear: Remembering
) -> None:
    async def run() -> list[tuple[int, NDArray[np.int16]]]:
        async with serving(vault, ear, monitor=monitor) as gateway:
            gateway.calls.deadline = 60
            call = await admit(gateway, 16_000)
            async with listening(gateway, call.id) as socket:
                heard = asyncio.create_task(hear(socket))
                for chunk in clip.chunks(320):
                    call.offer(chunk)
                await call.end()
                return await heard

    heard = asyncio.run(run())
    [opened] = recordings(vault)
    assert {f.entity for f in opened.findings} >= {Entity.US_SSN}
    whole = np.zeros_like(opened.samples)
    for at, frames in heard:
        whole[at : at + len(frames)] = frames
        assert np.array_equal(frames, opened.samples[at : at + len(frames)])
    spans = tuple(
        TruthSpan(channel, said.start / 16_000, said.end / 16_000, "US_SSN", True, 0)
        for channel, said in clip.numbers
    )
    scored = score(clip.audio, whole, Truth(16_000, 2, spans))
    assert scored.sensitive
    assert all(one.voiced > 0.3 and one.audible < OPEN_SECONDS for one in scored.sensitive)


@pytest.mark.parametrize(
    "left",
    [
        LISTENERS.partition("[bob]")[0],
        LISTENERS.replace(SOME, "another-token-of-bob"),
        LISTENERS.replace("billing", "sales"),
    ],
    ids=["gone", "token", "reach"],
)
def test_who_may_no_longer_listen_is_cut_off(
    left: str, vault: Vault, monitor: dict[str, Any]
) -> None:
    async def run() -> None:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway, queue="billing")
            async with (
                listening(gateway, call.id, SOME) as theirs,
                listening(gateway, call.id) as other,
            ):
                await theirs.recv()
                # A file that is wrong changes nothing.
                monitor["listeners"].write_text("[bob]")
                await gateway.reload()
                await say(call, chunks(speech(5, 1), speech(5, 2)))
                assert isinstance(await theirs.recv(), bytes)
                monitor["listeners"].write_text(left)
                await gateway.reload()
                with pytest.raises(ConnectionClosedError):
                    await asyncio.wait_for(drained(theirs), 2)
                assert theirs.close_code == REVOKED
                await call.end()
                assert await hear(other)
            with pytest.raises(InvalidStatus):
                async with listening(gateway, call.id, SOME):
                    pass

    asyncio.run(run())


def test_one_token_does_not_take_all_places(vault: Vault, monitor: dict[str, Any]) -> None:
    monitor["listeners"].write_text(LISTENERS + "at_once = 2")

    async def run() -> None:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway, queue="billing")
            for _ in range(2):
                async with listening(gateway, call.id, SOME), listening(gateway, call.id, SOME):
                    with pytest.raises(InvalidStatus) as refused:
                        async with listening(gateway, call.id, SOME):
                            pass
                    assert refused.value.response.status_code == 503
                    async with listening(gateway, call.id) as other:
                        await other.recv()
                # A place is free again once its listener is gone.
                assert gateway.supervisors is not None
                while gateway.supervisors.up:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0)
            await call.end()

    asyncio.run(run())


def test_there_are_only_so_many_listeners(vault: Vault, monitor: dict[str, Any]) -> None:
    async def run() -> None:
        async with serving(vault, monitor=monitor) as gateway:
            call = await admit(gateway)
            assert gateway.supervisors is not None
            gateway.supervisors.up = MOST
            with pytest.raises(InvalidStatus) as refused:
                async with listening(gateway, call.id):
                    pass
            assert refused.value.response.status_code == 503
            gateway.supervisors.up = 0
            await call.end()

    asyncio.run(run())
