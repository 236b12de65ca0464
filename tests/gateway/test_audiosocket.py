"""AudioSocket calls over real sockets, from a client written to the protocol's description."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gateway.rig import (
    FRAME,
    RATE,
    begun,
    ended,
    frames,
    hang_up,
    identity,
    port_of,
    recordings,
    serving,
    speech,
)
from hushtap.mute import FADE_S
from hushtap.taps.audiosocket import ERROR, HANG_UP, KEY, Frame, Frames
from hushtap.taps.pressed import AFTER_S, BEFORE_S
from hushtap.timeline import to_samples
from hushtap.values import Entity
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from hushtap.gateway.serve import Gateway

SOCKET: dict[str, Any] = {"audiosocket": {}}


async def dial(gateway: Gateway) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port_of(gateway, "audiosocket"))


async def send(gateway: Gateway, *data: bytes, size: int | None = None) -> bytes:
    """Send and return all that is sent back until the other side closes."""
    reader, writer = await dial(gateway)
    everything = b"".join(data)
    for start in range(0, len(everything), size or len(everything)):
        writer.write(everything[start : start + (size or len(everything))])
        await writer.drain()
    back = await reader.read()
    writer.close()
    return back


def test_what_is_sent_is_recorded_and_silence_comes_back(vault: Vault) -> None:
    audio = speech(5)

    async def run() -> bytes:
        async with serving(vault, **SOCKET) as gateway:
            back = await send(gateway, identity(7), *frames(audio), hang_up())
            await ended(gateway)
            return back

    back = list(Frames().feed(asyncio.run(run())))
    assert back[-1].kind == HANG_UP
    assert {frame.kind for frame in back[:-1]} == {0x10}
    assert not any(any(frame.payload) for frame in back)
    assert sum(len(frame.payload) for frame in back) == 2 * len(audio)
    [opened] = recordings(vault)
    assert opened.complete
    assert np.array_equal(opened.samples[:, 0], audio)
    [info] = vault.list()
    assert info.call_id == "07070707-0707-0707-0707-070707070707"
    assert info.source == "audiosocket"


@pytest.mark.parametrize(("kind", "rate"), [(0x12, 16_000), (0x15, 44_100), (0x16, 48_000)])
def test_other_rates_are_recorded_as_they_are(kind: int, rate: int, vault: Vault) -> None:
    audio = speech(1)

    async def run() -> None:
        async with serving(vault, **SOCKET) as gateway:
            await send(gateway, identity(1), *frames(audio, kind, rate // 50), hang_up())
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.audio_format.sample_rate == rate
    assert np.array_equal(opened.samples[:, 0], audio)


def test_bytes_one_by_one_are_the_same_call(vault: Vault) -> None:
    audio = speech(0.1)

    async def run() -> None:
        async with serving(vault, **SOCKET) as gateway:
            await send(gateway, identity(1), *frames(audio), hang_up(), size=1)
            await ended(gateway)

    asyncio.run(run())
    assert np.array_equal(recordings(vault)[0].samples[:, 0], audio)


def test_a_key_is_silent_and_takes_no_time(vault: Vault) -> None:
    audio = speech(2)
    first, second = list(frames(audio[:RATE])), list(frames(audio[RATE:]))

    async def run() -> None:
        async with serving(vault, **SOCKET) as gateway:
            keys = [Frame(KEY, b"4").pack(), Frame(0x42, b"?").pack()]
            await send(gateway, identity(1), *first, *keys, *second, hang_up())
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert not opened.words
    [finding] = opened.findings
    assert (finding.entity, finding.source) == (Entity.KEYPAD, "event")
    start, end = finding.span.start, finding.span.end
    assert start <= RATE - to_samples(BEFORE_S, RATE)
    assert end >= RATE + to_samples(AFTER_S, RATE)
    got = opened.samples[:, 0]
    assert not got[start + to_samples(FADE_S, RATE) : end].any()
    assert np.array_equal(got[:start], audio[:start])
    assert np.array_equal(got[end:], audio[end:])


def test_a_key_before_the_end_is_silent_however_it_ends(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, **SOCKET) as gateway:
            for number, last in enumerate((hang_up(), b"")):
                _, writer = await dial(gateway)
                key = Frame(KEY, b"4").pack()
                writer.write(identity(number) + b"".join(frames(speech(1))) + key + last)
                await begun(gateway)
                writer.write_eof()
                await ended(gateway)
                writer.close()

    asyncio.run(run())
    assert len(vault.list()) == 2
    for opened in recordings(vault):
        assert [f.entity for f in opened.findings] == [Entity.KEYPAD]
        silent = RATE - to_samples(BEFORE_S - FADE_S, RATE)
        assert not opened.samples[silent:].any()


def test_who_closes_without_hanging_up_has_hung_up(vault: Vault) -> None:
    audio = speech(1)

    async def run() -> None:
        async with serving(vault, **SOCKET) as gateway:
            _, writer = await dial(gateway)
            writer.write(identity(1) + b"".join(frames(audio)))
            await writer.drain()
            writer.write_eof()
            await begun(gateway)
            await ended(gateway)
            writer.close()

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.info.state is State.CLOSED
    assert np.array_equal(opened.samples[:, 0], audio)


MALFORMED = {
    "audio before whose it is": b"".join(frames(speech(0.02))),
    "a short id": Frame(0x01, b"short").pack(),
    "two ids": identity(1) + identity(2),
    "a rate that no call has": identity(1) + Frame(0x18, bytes(640)).pack(),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_makes_no_sense_ends_its_connection_and_records_nothing(
    data: bytes, vault: Vault
) -> None:
    async def run() -> bytes:
        async with serving(vault, **SOCKET) as gateway:
            back = await send(gateway, data)
            assert not gateway.calls.up()
            return back

    assert [frame.kind for frame in Frames().feed(asyncio.run(run()))] == [ERROR]
    assert not vault.list()


@pytest.mark.parametrize("bad", [Frame(0x12, bytes(640)).pack(), Frame(0x10, bytes(3)).pack()])
def test_a_call_that_stops_making_sense_is_interrupted_and_others_go_on(
    bad: bytes, vault: Vault
) -> None:
    audio = speech(2)

    async def run() -> None:
        async with serving(vault, **SOCKET) as gateway:
            reader, writer = await dial(gateway)
            parts = list(frames(audio))
            writer.write(identity(1) + b"".join(parts[:50]))
            await reader.readexactly(50 * len(parts[0]))
            await send(gateway, identity(2), *parts[:20], bad, *parts)
            writer.write(b"".join(parts[50:]) + hang_up())
            await reader.read()
            await ended(gateway)
            writer.close()

    asyncio.run(run())
    good, failed = sorted(recordings(vault), key=lambda opened: not opened.complete)
    assert np.array_equal(good.samples[:, 0], audio)
    assert failed.info.state is State.INTERRUPTED
    assert len(failed.samples) <= 20 * FRAME


def test_who_does_not_say_whose_call_it_is_is_let_go(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hushtap.gateway.audiosocket.FIRST_S", 0.05)

    async def run() -> bytes:
        async with serving(vault, **SOCKET) as gateway:
            return await send(gateway, identity(1)[:5])

    assert asyncio.run(run()) == hang_up()
    assert not vault.list()


def test_who_sends_no_more_audio_is_let_go(vault: Vault) -> None:
    audio = speech(0.5)

    async def run() -> None:
        async with serving(vault, limits={"idle": 1}, **SOCKET) as gateway:
            # Without hanging up.
            await send(gateway, identity(1), *frames(audio))
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert opened.complete
    assert np.array_equal(opened.samples[:, 0], audio)


def test_a_full_gateway_hangs_up_at_once(vault: Vault) -> None:
    async def run() -> bytes:
        async with serving(vault, limits={"max_calls": 1}, **SOCKET) as gateway:
            reader, writer = await dial(gateway)
            writer.write(identity(1) + next(frames(speech(0.02))))
            await reader.readexactly(3)
            back = await send(gateway, identity(2), *frames(speech(0.02)))
            writer.write(hang_up())
            await reader.read()
            await ended(gateway)
            writer.close()
            return back

    assert asyncio.run(run()) == hang_up()
    assert len(vault.list()) == 1


def test_a_peer_that_reads_nothing_is_recorded_all_the_same(vault: Vault) -> None:
    audio = speech(8)

    async def run() -> None:
        async with serving(vault, **SOCKET) as gateway:
            _, writer = await dial(gateway)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(identity(1) + b"".join(frames(audio)) + hang_up())
            await writer.drain()
            await begun(gateway)
            await ended(gateway)
            writer.transport.abort()

    asyncio.run(run())
    assert np.array_equal(recordings(vault)[0].samples[:, 0], audio)
