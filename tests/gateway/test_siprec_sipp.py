"""SIPp calls the recording server: signalling that nobody here wrote, and audio it plays."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway import sipp
from gateway.sipp import Spoken, media, mixed, mulaw, needs_sipp, sdp
from gateway.siprec_rig import Rig, State, certificate, found_at, rig
from hushtap.gateway.config import LimitsSection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

pytestmark = needs_sipp

TWO = sdp(media(0), media(1))
SILENT = Spoken([b"\xff" * 160] * 50)


def voice(seconds: float, seed: int) -> NDArray[np.int16]:
    """Noise at the loudness of speech: any two places of it differ."""
    random = np.random.default_rng(seed)
    return (random.standard_normal(round(seconds * 8_000)) * 3_000).astype(np.int16)


def assert_holds(
    audio: NDArray[np.int16], agent: NDArray[np.int16], caller: NDArray[np.int16]
) -> None:
    """Both voices whole, each on its channel, at the same time to 20 ms."""
    places = [found_at(audio[:, 0], agent), found_at(audio[:, 1], caller)]
    for channel, (place, sent) in enumerate(zip(places, (agent, caller), strict=True)):
        heard = audio[place : place + len(sent), channel]
        assert len(heard) == len(sent)
        assert np.array_equal(heard, sent)
    assert abs(places[0] - places[1]) < 160


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Rig]:
    with rig(tmp_path) as made:
        yield made


@contextmanager
def plain_to_tls(port: int) -> Iterator[int]:
    """Let socat wrap a TCP client's connection in TLS; yields the port for the client."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = probe.getsockname()[1]
    listen = f"TCP-LISTEN:{free},bind=127.0.0.1,reuseaddr,fork"
    done = subprocess.Popen(["socat", listen, f"OPENSSL:127.0.0.1:{port},verify=0"])
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", free)).close()
                break
            except OSError:
                continue
        yield free
    finally:
        done.terminate()
        done.wait()


@pytest.mark.parametrize("transport", ["UDP", "TCP", "TLS"])
def test_a_call_is_recorded(tmp_path: Path, transport: str) -> None:
    caller, caller_sent = mulaw(voice(2, 1), tmp_path)
    agent, agent_sent = mulaw(voice(2, 2), tmp_path)
    capture = sipp.capture(tmp_path / "call.pcap", caller, agent)
    kind, body = mixed(TWO)
    steps = [
        *sipp.invite(body, kind, check="a=recvonly"),
        sipp.play(capture),
        sipp.pause(2.6),
        *sipp.bye(2),
    ]
    with rig(tmp_path, {"tls": "127.0.0.1:0", **certificate(tmp_path)}) as server:
        if transport == "TLS":
            with plain_to_tls(server.port("TLS")) as port:
                sipp.run(steps, port, transport="t1")
        else:
            sipp.run(steps, server.port(transport), transport=transport[0].lower() + "1")
        server.settle()
        (info,) = server.recordings()
        audio = server.audio(info)
    assert info.state is State.CLOSED
    assert info.agent == "1001"
    assert_holds(audio, agent_sent, caller_sent)


def test_hold_resume_codec_change_and_update(tmp_path: Path, server: Rig) -> None:
    parts = [voice(1, seed) for seed in (1, 2, 3, 4)]
    first, first_sent = mulaw(parts[0], tmp_path)
    other, other_sent = mulaw(parts[1], tmp_path)
    begin = sipp.capture(tmp_path / "begin.pcap", first, other)
    # After the hold both send L16, from other sources.
    linear = [
        Spoken([part[at : at + 160].astype(">i2").tobytes() for at in range(0, 8_000, 160)], 96)
        for part in parts[2:]
    ]
    resumed = sipp.capture(tmp_path / "resumed.pcap", *linear, first=9_000, ssrc=90)
    kind, body = mixed(TWO)
    formats = ("0 PCMU/8000", "96 L16/8000")
    changed = sdp(media(0, formats), media(1, formats), version=3)
    held = sdp(media(0, how="inactive"), media(1, how="inactive"), version=2)
    steps = [
        *sipp.invite(body, kind),
        sipp.play(begin),
        sipp.pause(1.4),
        *sipp.invite(held, "application/sdp", number=2, check="a=inactive"),
        sipp.pause(0.5),
        sipp.send("UPDATE", 3, body=changed),
        sipp.receive(200, check="L16/8000"),
        sipp.play(resumed),
        sipp.pause(1.4),
        *sipp.bye(4),
    ]
    sipp.run(steps, server.port("UDP"))
    server.settle()
    (info,) = server.recordings()
    audio = server.audio(info)
    assert_holds(audio, other_sent, first_sent)
    assert_holds(audio, parts[3], parts[2])
    begin_at, resumed_at = found_at(audio[:, 1], first_sent), found_at(audio[:, 1], parts[2])
    # One side may have begun up to a packet after the other.
    between = audio[begin_at + 8_000 + 160 : resumed_at - 160]
    assert len(between) > 4_000
    assert not between.any()


def test_a_stream_that_is_added_gets_the_free_channel(tmp_path: Path, server: Rig) -> None:
    caller, caller_sent = mulaw(voice(1, 1), tmp_path)
    agent, agent_sent = mulaw(voice(1, 2), tmp_path)
    alone = sipp.capture(tmp_path / "alone.pcap", caller)
    both = sipp.capture(tmp_path / "both.pcap", SILENT, agent, ssrc=50)
    kind, body = mixed(sdp(media(0)))
    kind_two, body_two = mixed(sdp(media(0), media(1), version=2))
    steps = [
        *sipp.invite(body, kind),
        sipp.play(alone),
        sipp.pause(1.4),
        *sipp.invite(body_two, kind_two, number=2, check="a=label:2"),
        sipp.play(both),
        sipp.pause(1.4),
        *sipp.bye(3),
    ]
    sipp.run(steps, server.port("UDP"))
    server.settle()
    (info,) = server.recordings()
    audio = server.audio(info)
    at = found_at(audio[:, 1], caller_sent)
    assert np.array_equal(audio[at : at + 8_000, 1], caller_sent)
    later = found_at(audio[:, 0], agent_sent)
    assert np.array_equal(audio[later : later + 8_000, 0], agent_sent)
    assert later >= at + 8_000
    assert not audio[: at + 8_000, 0].any()


def test_two_calls_at_once_do_not_mix(tmp_path: Path, server: Rig) -> None:
    spoken, sent = mulaw(voice(1, 1), tmp_path)
    kind, body = mixed(TWO)
    captures = [
        sipp.capture(tmp_path / "one.pcap", spoken, SILENT),
        sipp.capture(tmp_path / "other.pcap", SILENT, spoken),
    ]
    port = server.port("UDP")
    running = []
    for path in captures:
        steps = [*sipp.invite(body, kind), sipp.play(path), sipp.pause(1.6), *sipp.bye(2)]
        running.append(sipp.started(steps, port))
    for wait in running:
        wait()
    server.settle()
    audio = [server.audio(info) for info in server.recordings()]
    loud = sorted([int(np.abs(one[:, c]).max() > 0) for c in (0, 1)] for one in audio)
    assert loud == [[0, 1], [1, 0]]
    for one in audio:
        channel = int(one[:, 1].any())
        at = found_at(one[:, channel], sent)
        assert np.array_equal(one[at : at + len(sent), channel], sent)


def test_a_full_gateway_says_when_to_come_back(tmp_path: Path) -> None:
    kind, body = mixed(TWO)
    headers = ["Require: siprec"]
    refused = [
        sipp.send("INVITE", 1, body=body, kind=kind, headers=headers),
        sipp.receive(100, optional=True),
        sipp.receive(503, check="Retry-After: 17"),
        sipp.send("ACK", 1),
    ]
    limits = LimitsSection(max_calls=1, retry_after=17)
    with rig(tmp_path, limits=limits) as server:
        port = server.port("UDP")
        wait = sipp.started([*sipp.invite(body, kind), sipp.pause(2.5), *sipp.bye(2)], port)
        server.wait_for_calls(1)
        sipp.run(refused, port)
        wait()
        server.settle()
        assert len(server.recordings()) == 1


@pytest.mark.parametrize(
    ("method", "headers", "status", "check"),
    [
        ("OPTIONS", [], 200, "Allow: INVITE"),
        ("BYE", [], 481, "Call-ID"),
        ("REFER", [], 405, "Allow: INVITE"),
        ("INVITE", ["Require: siprec, gruu"], 420, "Unsupported: gruu"),
        ("INVITE", ["Require: siprec"], 488, "Warning: 399 hushtap"),
        ("INVITE", ["Session-Expires: 30", "Supported: timer"], 422, "Min-SE: 90"),
    ],
)
def test_what_is_refused(
    server: Rig, method: str, headers: list[str], status: int, check: str
) -> None:
    step = sipp.send(method, 1, headers=headers).replace("[peer_tag_param]", "")
    steps = [step, sipp.receive(status, check=check)]
    if method == "INVITE":
        steps.insert(1, sipp.receive(100, optional=True))
        steps.append(sipp.send("ACK", 1))
    sipp.run(steps, server.port("TCP"), transport="t1")
    assert not server.recordings()
