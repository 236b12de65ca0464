"""Two gateways behind Kamailio with configs/kamailio, and one of them killed in mid-call."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway import sipp
from gateway.rig import recordings
from gateway.sipp import media, mixed, mulaw, needs_sipp, sdp
from gateway.siprec_rig import found_at
from gateway.test_serve import Served, served
from hushtap.resources import folder
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.values import Samples
    from hushtap.vault.recordings import OpenedRecording

_PEERS = Path(sys.prefix) / "peers-kamailio"
"""Where ``scripts/setup.sh --peers`` unpacks it; elsewhere the system's is taken."""
_UNPACKED = _PEERS / "usr/sbin/kamailio"
_PROGRAM = str(_UNPACKED) if _UNPACKED.exists() else shutil.which("kamailio")
CONFIG = folder("configs") / "kamailio" / "kamailio.cfg"

pytestmark = [
    needs_sipp,
    pytest.mark.slow,
    pytest.mark.skipif(_PROGRAM is None, reason="needs Kamailio (scripts/setup.sh --peers)"),
]


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def kamailio(gateways: list[int], *, most: int) -> Iterator[int]:
    """Run the dispatcher in front of gateways that take so many calls each; yield its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "dispatcher.list"
        path.write_text(
            "".join(
                f"1 sip:127.0.0.1:{one} 0 0 duid=gateway-{n};maxload={most}\n"
                for n, one in enumerate(gateways)
            )
        )
        modules = sorted(_PEERS.glob("usr/lib/*/kamailio/modules"))
        process = subprocess.Popen(
            [
                *(str(_PROGRAM), "-f", str(CONFIG), "-DD", "-E", "-Y", work),
                *(f"-ALISTEN=udp:127.0.0.1:{port}", f'-ALIST="{path}"', "-APROBE=1"),
                *(option for one in modules for option in ("-L", str(one))),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            probe = [
                sipp.send("OPTIONS", 1).replace("[peer_tag_param]", ""),
                sipp.receive(200),
            ]
            sipp.run(probe, port)
            yield port
        finally:
            process.terminate()
            process.wait(20)


def settings(work: Path, name: str, port: int, media_ports: str) -> Path:
    (work / name).mkdir()
    (work / name / "policy.toml").write_text('entities = ["CREDIT_CARD"]\n')
    path = work / name / "gateway.toml"
    path.write_text(
        f'[vault]\npath = "{work / name / "vault"}"\n'
        f'[policy]\ndefault = "{work / name / "policy.toml"}"\n[http]\nlisten = "127.0.0.1:0"\n'
        f'[siprec]\nudp = "127.0.0.1:{port}"\nports = "{media_ports}"\nrest = 0\n'
    )
    return path


def steps(work: Path, seconds: float) -> tuple[list[str], Samples]:
    """Return a call by way of a proxy, as long as told, and what is said in it."""
    voice = np.random.default_rng(1).normal(0, 3_000, round(8_000 * seconds)).astype(np.int16)
    spoken, sent = mulaw(voice, work)
    capture = sipp.capture(work / "call.pcap", spoken, spoken)
    kind, body = mixed(sdp(media(0), media(1)))
    begin = sipp.invite(body, kind)
    written = [*begin, sipp.play(capture), sipp.pause(seconds + 0.5), *sipp.bye(2)]
    return [routed(step) for step in written], sent


def routed(step: str) -> str:
    """Let a step keep to the route that the answer to the INVITE gave."""
    step = step.replace('<recv response="200">', '<recv response="200" rrs="true">')
    if "ACK sip:" in step or "BYE sip:" in step:
        step = step.replace("sip:srs@[remote_ip]:[remote_port] SIP", "[next_url] SIP")
        step = step.replace("Max-Forwards: 70", "Max-Forwards: 70\n[routes]")
    return step


def held(work: Path, name: str) -> list[OpenedRecording]:
    return recordings(Vault.open(work / name / "vault"))


def assert_whole(one: OpenedRecording, sent: Samples) -> None:
    assert one.info.state is State.CLOSED
    for heard in one.samples.T:
        at = found_at(heard, sent)
        assert np.array_equal(heard[at : at + len(sent)], sent)


def test_calls_are_shared_and_none_goes_to_a_gateway_that_is_gone(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]
    paths = [
        settings(tmp_path, name, port, media_ports)
        for name, port, media_ports in zip("ab", ports, ("42400-42499", "42500-42599"), strict=True)
    ]
    call, sent = steps(tmp_path, 5)
    with ExitStack() as up:
        gateways: list[Served] = [up.enter_context(served(path)) for path in paths]
        port = up.enter_context(kamailio(ports, most=1))
        first = sipp.started(call, port)
        second = sipp.started(call, port)
        for gateway in gateways:
            # One each: the least loaded takes the next.
            gateway.wait_for("opened")
        # Both have all they can take.
        full = [sipp.invite(*reversed(mixed(sdp(media(0)))))[0], sipp.receive(100, optional=True),
                sipp.receive(503, check="Retry-After: 10"), sipp.send("ACK", 1)]  # fmt: skip
        sipp.run(full, port)
        gateways[1].process.kill()
        gateways[1].process.wait()
        outcomes = []
        for wait in (first, second):
            try:
                wait()
                outcomes.append(True)
            except AssertionError:
                outcomes.append(False)
        assert sorted(outcomes) == [False, True]
        # Whoever is chosen, calls are taken by the one that is there.
        for _ in range(2):
            sipp.run(call, port)
        # The other one comes back, is probed, and gets calls again.
        again = up.enter_context(served(paths[1]))
        third = sipp.started(call, port)
        gateways[0].wait_for("opened")
        time.sleep(2.5)
        sipp.run(call, port)
        third()
        # What is left of a call is heard after its end: nobody is killed before that.
        for gateway, ended in ((gateways[0], 4), (again, 1)):
            while sum(" closed" in line for line in gateway.log) < ended:
                gateway.wait_for("closed")
    kept, killed = held(tmp_path, "a"), held(tmp_path, "b")
    assert len(kept) == 4
    for one in kept:
        assert_whole(one, sent)
    interrupted, after = killed
    assert interrupted.info.state is State.INTERRUPTED
    for heard in interrupted.samples.T:
        at = found_at(sent, heard[:8_000])
        assert np.array_equal(heard[: len(sent)], sent[at : at + len(heard)])
    assert_whole(after, sent)
