"""Pairs of RTP ports: a call begins with the first packet and ends after a pause."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gateway.rig import RATE, begun, ended, recordings, serving
from hushtap.errors import UsageError
from hushtap.gateway.config import RtpPair, RtpSection
from hushtap.gateway.rtp import Line, RtpServer
from hushtap.taps.rtp.tap import QUEUED
from hushtap.vault.recordings import State, Vault
from taps.rtp.senders import l16, packet, speech

if TYPE_CHECKING:
    from hushtap.gateway.serve import Gateway
    from hushtap.values import Samples

PAIR = {"listen": "127.0.0.1:0,127.0.0.1:0", "rtpmap": ["96=L16/8000"]}


def section(*pairs: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"pairs": [PAIR | pair for pair in pairs], **more}


def ports(gateway: Gateway, pair: int = 0) -> list[int]:
    found: list[list[int]] = gateway.taps[0].ports  # type: ignore[attr-defined]
    return found[pair]


def send(to: list[int], *channels: Samples, ssrc: int = 1) -> None:
    """Send 20 ms packets to one port a channel, all at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for n in range(len(channels[0]) // 160):
            for channel, (port, samples) in enumerate(zip(to, channels, strict=True)):
                payload = l16(samples[160 * n : 160 * n + 160])
                data = packet(n, 160 * n, payload, kind=96, ssrc=ssrc + channel)
                one.sendto(data, ("127.0.0.1", port))


def test_two_lines_record_their_own_calls_one_after_the_other(vault: Vault) -> None:
    said = [[speech(2 * RATE, 10 * n + c) for c in range(2)] for n in range(3)]

    async def run() -> None:
        pairs = section({"agent": "ann"}, {"agent": "bob"})
        async with serving(vault, limits={"idle": 1}, rtp=pairs) as gateway:
            send(ports(gateway, 0), *said[0])
            send(ports(gateway, 1), *said[1])
            await begun(gateway, 2)
            await ended(gateway)
            send(ports(gateway, 0), *said[2], ssrc=9)
            await begun(gateway)
            await ended(gateway)

    asyncio.run(run())
    opened = sorted(recordings(vault), key=lambda o: (o.info.agent or "", o.info.started))
    assert [o.info.agent for o in opened] == ["ann", "ann", "bob"]
    assert all(o.complete for o in opened)
    for one, channels in zip(opened, (said[0], said[2], said[1]), strict=True):
        for channel, samples in enumerate(channels):
            # Keys that noise may be taken for are masked; all else is there.
            got = one.samples[: len(samples), channel]
            assert np.array_equal(got, samples)


def test_what_is_no_rtp_begins_no_call(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, limits={"idle": 1}, rtp=section({})) as gateway:
            [port, _] = ports(gateway)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                for data in (b"", b"x", bytes(12), b"\xff" * 2_000):
                    one.sendto(data, ("127.0.0.1", port))
                send([port], speech(160))
            await begun(gateway)
            assert len(gateway.calls.up()) == 1

    asyncio.run(run())


def test_a_stranger_is_not_heard_during_a_call(vault: Vault) -> None:
    audio = [speech(RATE, 1), speech(RATE, 2)]

    async def run() -> None:
        async with serving(vault, limits={"idle": 1}, rtp=section({})) as gateway:
            send(ports(gateway), *audio)
            await begun(gateway)
            # From another port, of the same stream, going on where it ended.
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                for n in range(50, 100):
                    data = packet(n, 160 * n, l16(speech(160, n)), kind=96, ssrc=1)
                    one.sendto(data, ("127.0.0.1", ports(gateway)[0]))
            await ended(gateway)

    asyncio.run(run())
    [opened] = recordings(vault)
    assert np.array_equal(opened.samples[:RATE, 0], audio[0])
    assert not opened.samples[RATE:].any()


def test_a_stage_that_breaks_ends_its_call_alone_and_frees_its_place(vault: Vault) -> None:
    async def run() -> None:
        async with serving(vault, limits={"idle": 1}, rtp=section({})) as gateway:
            send(ports(gateway), speech(1_600), speech(1_600, 2))
            await begun(gateway)
            [line] = gateway.taps[0]._lines  # type: ignore[attr-defined]
            line._directions._ready = []
            await ended(gateway)
            assert gateway.calls.admission.up == 0

    asyncio.run(run())
    assert [info.state for info in vault.list()] == [State.INTERRUPTED]


def test_a_full_gateway_lets_a_line_wait(vault: Vault) -> None:
    async def run() -> None:
        limits = {"max_calls": 1, "idle": 1}
        async with serving(vault, limits=limits, rtp=section({}, {})) as gateway:
            send(ports(gateway, 0), speech(1_600), speech(1_600, 2))
            await begun(gateway)
            send(ports(gateway, 1), speech(1_600), speech(1_600, 2))
            while not gateway.calls.admission.refused:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0)
            await ended(gateway)

    asyncio.run(run())
    assert [info.state for info in vault.list()] == [State.CLOSED]


def test_lines_reached_from_other_machines_are_refused(vault: Vault) -> None:
    async def run(**more: Any) -> None:  # noqa: ANN401
        async with serving(vault, rtp=section({"listen": "0.0.0.0:0"}, **more)):
            pass

    with pytest.raises(UsageError, match=r"\[rtp\].*allow_plain"):
        asyncio.run(run())
    asyncio.run(run(allow_plain=True))


def test_a_port_that_is_taken_is_named(vault: Vault) -> None:
    async def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            taken = f"127.0.0.1:{one.getsockname()[1]}"
            async with serving(vault, rtp=section({"listen": taken})):
                pass

    with pytest.raises(UsageError, match=r"\[rtp\] 127.0.0.1:\d+ cannot be bound"):
        asyncio.run(run())


def test_where_one_port_is_taken_none_of_the_others_stays_bound() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        before = f"127.0.0.1:{free.getsockname()[1]}"

    async def run() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            taken = f"127.0.0.1:{other.getsockname()[1]}"
            settings = RtpSection(pairs=(RtpPair(listen=before), RtpPair(listen=taken)))
            server = RtpServer(settings, NoCalls(), idle=1)  # type: ignore[arg-type]
            with pytest.raises(UsageError, match="cannot be bound"):
                await server.start()
            await asyncio.sleep(0)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
                again.bind(("127.0.0.1", int(before.rpartition(":")[2])))

    asyncio.run(run())


class NoCalls:
    """A vault so slow that no call begins, ever."""

    async def admit(self, *_: object, **__: object) -> None:
        await asyncio.Event().wait()


def test_a_line_whose_call_does_not_begin_holds_no_more_than_its_queue() -> None:
    async def run() -> tuple[int, int]:
        line = Line(RtpPair(listen="127.0.0.1:0"), NoCalls(), idle=1)  # type: ignore[arg-type]
        payload = bytes(160)
        for n in range(QUEUED + 500):
            line.take(0, packet(n, 160 * n, payload, kind=0), ("127.0.0.1", 9))
        assert line._directions is not None
        held = line._directions.counts[0].packets
        dropped = line._dropped
        await line.close()
        return held, dropped

    assert asyncio.run(run()) == (QUEUED, 500)


def test_what_became_of_packets_is_in_the_metrics(vault: Vault) -> None:
    async def run() -> list[str]:
        async with serving(vault, limits={"idle": 1}, rtp=section({})) as gateway:
            send(ports(gateway), speech(RATE), speech(RATE, 2))
            await begun(gateway)
            # A stranger, and the first packets once more.
            send(ports(gateway), speech(800), speech(800, 2))
            await ended(gateway)
            return gateway.figures.text().decode().splitlines()

    lines = asyncio.run(run())
    assert 'hushtap_media_packets_total{fate="taken",tap="rtp"} 100.0' in lines
    assert 'hushtap_media_packets_total{fate="refused",tap="rtp"} 10.0' in lines
    assert 'hushtap_media_packets_total{fate="dropped",tap="rtp"} 0.0' in lines
