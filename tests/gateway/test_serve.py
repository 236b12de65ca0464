"""The process: what signals do to it with calls up, and what is left when it is killed."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pytest
from typer.testing import CliRunner

from gateway.rig import frames, hang_up, identity, recordings, speech
from hushtap.cli import app
from hushtap.gateway.notices import Told
from hushtap.gateway.outbox import Outbox
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Command
    from hushtap.vault.recordings import OpenedRecording

TESTS = Path(__file__).parents[1]
PROCESS = Path(__file__).with_name("serve_process.py")
POLICY = 'entities = ["CREDIT_CARD"]\n'
FRAME_BYTES = 323


class Served:
    """A gateway in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], listening: dict[str, Any]) -> None:
        self.process = process
        self.listening = listening
        self.log: list[str] = []

    @property
    def errors(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr

    def dial(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.listening["audiosocket"]))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait_for(self, event: str) -> str:
        """Return the next line of the log that tells of ``event``."""
        for line in self.errors:
            self.log.append(line)
            if f" {event}" in line:
                return line
        raise AssertionError(self.log)


@contextmanager
def served(settings: Path, **environment: str) -> Iterator[Served]:
    path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(PROCESS), str(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, **environment},
    )
    with process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise AssertionError(process.stderr.read() if process.stderr else "")
            yield Served(process, json.loads(line)["ready"])
        finally:
            process.kill()


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "policy.toml").write_text(POLICY)
    path = tmp_path / "gateway.toml"
    path.write_text(
        f'[vault]\npath = "{tmp_path / "vault"}"\n'
        f'[policy]\ndefault = "{tmp_path / "policy.toml"}"\n'
        '[http]\nlisten = "127.0.0.1:0"\n[audiosocket]\nlisten = "127.0.0.1:0"\n'
    )
    return path


def talk(call: socket.socket, number: int, audio: bytes) -> None:
    """Send whose call it is and audio, and wait until all of it was taken."""
    call.sendall(identity(number) + audio)
    expected = len(audio)
    while expected:
        expected -= len(call.recv(expected))


def by_call(folder: Path) -> dict[str, OpenedRecording]:
    """Return the recordings by the first two digits of whose call they are."""
    opened = recordings(Vault.open(folder / "vault"))
    return {(one.info.call_id or "")[:2]: one for one in opened}


def record(gateway: Served, number: int, *data: bytes) -> None:
    with gateway.dial() as call:
        call.sendall(identity(number) + b"".join(data) + hang_up())
        while call.recv(65_536):
            continue


def test_it_serves_reloads_and_drains_and_calls_end_in_their_own_time(
    settings: Path, tmp_path: Path
) -> None:
    audio = speech(4)
    parts = list(frames(audio))
    policy = tmp_path / "policy.toml"
    with (
        closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager,
        ExitStack() as calls,
    ):
        manager.bind(str(tmp_path / "notify"))
        with served(settings, NOTIFY_SOCKET=str(tmp_path / "notify")) as gateway:
            assert {manager.recv(100), manager.recv(100)} == {b"READY=1", b"WATCHDOG=1"}
            record(gateway, 0, parts[0])
            policy.write_text("entities = [4]\n")
            gateway.signal(signal.SIGHUP)
            assert "PolicyError" in gateway.wait_for("reloaded")
            record(gateway, 1, parts[0])
            policy.write_text('entities = ["CVV"]\n')
            gateway.signal(signal.SIGHUP)
            assert "error" not in gateway.wait_for("reloaded")
            # Half a sample: this call fails, and no other.
            record(gateway, 2, parts[0], b"\x10\x00\x01x")
            up = [calls.enter_context(gateway.dial()) for _ in range(3)]
            for n, call in enumerate(up):
                talk(call, 0xA0 + n, b"".join(parts[:100]))
            gateway.signal(signal.SIGTERM)
            assert gateway.wait_for("draining").rstrip().endswith("count=3")
            with pytest.raises(OSError):  # noqa: PT011 - refused, or reset
                record(gateway, 9, parts[0])
            for call in up:
                call.sendall(b"".join(parts[100:]) + hang_up())
            assert gateway.process.wait(30) == 0
            log = "".join(gateway.log) + gateway.errors.read()
        told: list[bytes] = []
        while not told or told[-1] != b"STOPPING=1":
            told.append(manager.recv(100))
    opened = by_call(tmp_path)
    assert set(opened) == {"00", "01", "02", "a0", "a1", "a2"}
    # A wrong policy changed nothing, the next one did.
    policies = {call: one.info.policy for call, one in opened.items()}
    assert policies["00"] == policies["01"] != policies["02"] == policies["a0"]
    assert opened["02"].info.state is State.INTERRUPTED
    for n in range(3):
        one = opened[f"a{n}"]
        assert one.complete
        assert np.array_equal(one.samples[:, 0], audio)
    lines = [line.split() for line in log.splitlines() if " hushtap." in line]
    assert {line[4] for line in lines} >= {"started", "opened", "failed_closed", "stopped"}
    assert "a0a0a0a0" not in log
    assert "Traceback" not in log


@pytest.mark.slow
def test_killed_with_calls_up_every_recording_is_an_exact_beginning(
    settings: Path, tmp_path: Path
) -> None:
    said = [speech(4, n) for n in range(20)]
    secret = tmp_path / "secret"
    secret.write_text(f"whsec_{base64.b64encode(bytes(32)).decode()}")
    with settings.open("a") as file:
        file.write(f'[webhooks]\nurl = "http://127.0.0.1:9/"\nsecret = "{secret}"\npatience = 0\n')
    with served(settings) as gateway, ExitStack() as calls:
        for n, audio in enumerate(said):
            talk(calls.enter_context(gateway.dial()), n, b"".join(frames(audio)))
        while any(file.stat().st_size < 20_000 for file in _files(tmp_path)):
            # Some seconds of each are released: more than the half second in memory.
            time.sleep(0.02)
        gateway.process.kill()
        gateway.process.wait(30)
    # It takes calls again; two signals end one that is up, at once.
    with served(settings) as gateway, gateway.dial() as call:
        talk(call, 0xFF, b"".join(frames(said[0])))
        gateway.signal(signal.SIGTERM)
        gateway.wait_for("draining")
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 130
        assert call.recv(10).startswith(hang_up())
    opened = by_call(tmp_path)
    ended = opened.pop("ff")
    assert ended.info.state is State.CLOSED
    # What was cleared, and silence: nothing else than what was sent.
    got = ended.samples[:, 0]
    sent = said[0][: len(got)]
    assert np.all((got == sent) | (np.abs(got.astype(int)) < np.abs(sent.astype(int))))
    assert len(opened) == 20
    # Of none of them was anybody told; of each it is known that it is owed.
    owed = Outbox(Vault.open(tmp_path / "vault")).owed(100)
    assert {notice.recording for notice in owed if notice.told is Told.INTERRUPTED} == {
        one.info.id for one in opened.values()
    }
    for n, audio in enumerate(said):
        one = opened[f"{n:02x}"]
        assert one.info.state is State.INTERRUPTED
        assert len(one.samples) >= 8_000
        assert np.array_equal(one.samples[:, 0], audio[: len(one.samples)])


def _files(folder: Path) -> list[Path]:
    return list((folder / "vault" / "recordings").glob("*.hush"))


def test_the_command_refuses_wrong_settings_on_one_line(
    settings: Path, tmp_path: Path, hushtap_command: Command
) -> None:
    settings.write_text("[limits]\nmax_call = 3\n")
    wrong = hushtap_command("serve", "--config", settings, "--check", cwd=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
    assert "unknown key [limits] max_call" in wrong.stderr


@pytest.mark.parametrize("check", [("--check",), ()], ids=["checked", "served"])
def test_a_file_that_is_not_there_is_told_before_anything_is_made(
    check: tuple[str, ...], tmp_path: Path, hushtap_command: Command
) -> None:
    settings, vault = tmp_path / "gateway.toml", tmp_path / "calls.vault"
    token = tmp_path / "no-such-token"
    settings.write_text(f'[vault]\npath = "{vault}"\n[http]\ntoken = "{token}"\n')
    refused = hushtap_command("serve", "--config", str(settings), *check, cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"hushtap: {token}: token of [http] cannot be read")
    assert not vault.exists()


def test_the_command_checks_settings_without_serving(settings: Path, tmp_path: Path) -> None:
    sound = CliRunner().invoke(app, ["serve", "--config", str(settings), "--check"])
    assert (sound.exit_code, sound.stdout) == (0, "the settings are sound\n")
    assert not (tmp_path / "vault").exists()
    settings.write_text('[http]\nlisten = "0.0.0.0:0"\nallow_plain = true\n')
    loud = CliRunner().invoke(app, ["serve", "--config", str(settings), "--check"])
    assert loud.exit_code == 0
    assert "warning: [http] 0.0.0.0:0 is reached from other machines, in clear" in loud.stderr
    assert "warning: no tap is set" in loud.stderr
