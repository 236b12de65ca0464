"""The process as SBCs meet it: told to stop with a session up, and killed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from gateway import sipp
from gateway.rig import recordings
from gateway.sipp import media, mixed, mulaw, needs_sipp, sdp
from gateway.siprec_rig import found_at
from gateway.test_serve import Served, served
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [needs_sipp, pytest.mark.slow]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "policy.toml").write_text('entities = ["CREDIT_CARD"]\n')
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[vault]\npath = "{tmp_path / "vault"}"\n'
        f'[policy]\ndefault = "{tmp_path / "policy.toml"}"\n[http]\nlisten = "127.0.0.1:0"\n'
        '[siprec]\nudp = "127.0.0.1:0"\ntcp = "127.0.0.1:0"\nports = "42200-42299"\n'
    )
    with served(path) as made:
        yield made


def steps(folder: Path, seconds: float) -> tuple[list[str], np.ndarray]:
    """Return a call that is as long as told, and what is said in it."""
    voice = np.random.default_rng(1).normal(0, 3_000, round(8_000 * seconds)).astype(np.int16)
    spoken, sent = mulaw(voice, folder)
    capture = sipp.capture(folder / "call.pcap", spoken, spoken)
    kind, body = mixed(sdp(media(0), media(1)))
    pause = sipp.pause(seconds + 0.5)
    return [*sipp.invite(body, kind), sipp.play(capture), pause, *sipp.bye(2)], sent


def test_told_to_stop_it_takes_no_more_and_finishes_what_is_up(
    tmp_path: Path, gateway: Served
) -> None:
    call, sent = steps(tmp_path, 3)
    port = gateway.listening["siprec"]["udp"]
    wait = sipp.started(call, port)
    gateway.wait_for("opened")
    gateway.signal(signal.SIGTERM)
    gateway.wait_for("draining")
    refused = [
        sipp.send("OPTIONS", 1).replace("[peer_tag_param]", ""),
        sipp.receive(503, check="Retry-After: 30"),
    ]
    sipp.run(refused, port)
    wait()
    gateway.wait_for("stopped")
    assert gateway.process.wait(30) == 0
    (one,) = recordings(Vault.open(tmp_path / "vault"))
    assert one.info.state is State.CLOSED
    for heard in one.samples.T:
        at = found_at(heard, sent)
        assert np.array_equal(heard[at : at + len(sent)], sent)


def test_killed_it_leaves_what_was_written(tmp_path: Path, gateway: Served) -> None:
    call, sent = steps(tmp_path, 6)
    port = gateway.listening["siprec"]["udp"]
    wait = sipp.started(call, port, seconds=8)
    gateway.wait_for("opened")
    probe = sipp.send("OPTIONS", 1).replace("[peer_tag_param]", "")
    sipp.run([sipp.pause(4), probe, sipp.receive(200)], port)
    gateway.process.kill()
    gateway.process.wait()
    with pytest.raises(AssertionError):
        wait()
    (one,) = recordings(Vault.open(tmp_path / "vault"))
    assert one.info.state is State.INTERRUPTED
    assert not one.complete
    for heard in one.samples.T:
        assert np.array_equal(heard, sent[: len(heard)])
