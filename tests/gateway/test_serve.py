"""The process: what signals do to it with calls up, and what is left when it is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import pytest

from gateway.rig import frames, hang_up, identity, recordings, speech
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Command

TESTS = Path(__file__).parents[1]
PROCESS = Path(__file__).with_name("serve_process.py")
POLICY = 'entities = ["CREDIT_CARD"]\n'
FRAME_BYTES = 323


class Served:
    """A gateway in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], listening: dict[str, Any]) -> None:
        self.process = process
        self.listening = listening

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
        return next(line for line in self.errors if f" {event}" in line)


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


def test_a_signal_drains_and_calls_end_in_their_own_time(settings: Path, tmp_path: Path) -> None:
    audio = speech(4)
    parts = list(frames(audio))
    with served(settings) as gateway:
        calls = [gateway.dial() for _ in range(3)]
        for n, call in enumerate(calls):
            talk(call, n, b"".join(parts[:100]))
        gateway.signal(signal.SIGTERM)
        assert gateway.wait_for("draining").rstrip().endswith("count=3")
        with pytest.raises(OSError):  # noqa: PT011 - refused, or reset
            talk(gateway.dial(), 9, parts[0])
        for call in calls:
            call.sendall(b"".join(parts[100:]) + hang_up())
        assert gateway.process.wait(30) == 0
        for call in calls:
            call.close()
    opened = recordings(Vault.open(tmp_path / "vault"))
    assert len(opened) == 3
    for one in opened:
        assert one.complete
        assert np.array_equal(one.samples[:, 0], audio)


def test_a_second_signal_ends_calls_at_once_and_closes_their_recordings(
    settings: Path, tmp_path: Path
) -> None:
    audio = speech(4)
    with served(settings) as gateway, gateway.dial() as call:
        talk(call, 1, b"".join(frames(audio)))
        gateway.signal(signal.SIGTERM)
        gateway.wait_for("draining")
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 130
        assert call.recv(10).startswith(hang_up())
    [opened] = recordings(Vault.open(tmp_path / "vault"))
    assert opened.info.state is State.CLOSED
    got = opened.samples[:, 0]
    # What was cleared, and silence: nothing else than what was sent.
    assert np.all((got == audio[: len(got)]) | (got == 0) | _faded(got, audio))


def _faded(got: np.ndarray[Any, Any], audio: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    quieter: np.ndarray[Any, Any] = np.abs(got.astype(int)) <= np.abs(audio[: len(got)].astype(int))
    return quieter


def test_killed_with_calls_up_every_recording_is_an_exact_beginning(
    settings: Path, tmp_path: Path
) -> None:
    said = [speech(4, n) for n in range(5)]
    with served(settings) as gateway:
        calls = [gateway.dial() for _ in said]
        for n, (call, audio) in enumerate(zip(calls, said, strict=True)):
            talk(call, n, b"".join(frames(audio)))
        with closing(Vault.open(tmp_path / "vault")._log):
            while any(info.stat().st_size < 20_000 for info in _files(tmp_path)):
                # Some seconds of each are released: more than the half second in memory.
                continue
        gateway.process.kill()
        gateway.process.wait(30)
        for call in calls:
            call.close()
    with served(settings) as gateway, gateway.dial() as call:
        # It takes calls again, and has looked at what was left.
        call.sendall(identity(9) + b"".join(frames(said[0])) + hang_up())
        while call.recv(65_536):
            continue
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
    opened = recordings(Vault.open(tmp_path / "vault"))
    interrupted = [one for one in opened if one.info.state is State.INTERRUPTED]
    assert len(interrupted) == 5
    assert len(opened) == 6
    by_call = {f"{n:02x}" * 4: audio for n, audio in enumerate(said)}
    for one in interrupted:
        assert one.info.call_id is not None
        audio = by_call[one.info.call_id[:8]]
        assert len(one.samples) >= 8_000
        assert np.array_equal(one.samples[:, 0], audio[: len(one.samples)])


def _files(folder: Path) -> list[Path]:
    return list((folder / "vault" / "recordings").glob("*.hush"))


def test_hanging_up_reads_the_policies_again_and_keeps_them_where_they_are_wrong(
    settings: Path, tmp_path: Path
) -> None:
    def record(gateway: Served, number: int) -> None:
        with gateway.dial() as call:
            call.sendall(identity(number) + next(frames(speech(0.02))) + hang_up())
            while call.recv(1_000):
                continue

    with served(settings) as gateway:
        record(gateway, 0)
        (tmp_path / "policy.toml").write_text("entities = [4]\n")
        gateway.signal(signal.SIGHUP)
        assert "PolicyError" in gateway.wait_for("reloaded")
        record(gateway, 1)
        (tmp_path / "policy.toml").write_text('entities = ["CVV"]\n')
        gateway.signal(signal.SIGHUP)
        assert "error" not in gateway.wait_for("reloaded")
        record(gateway, 2)
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
    infos = Vault.open(tmp_path / "vault").list()
    policies = {(info.call_id or "")[:2]: info.policy for info in infos}
    assert policies["00"] == policies["01"] != policies["02"]


def test_the_service_manager_is_told(settings: Path, tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        with served(settings, NOTIFY_SOCKET=str(tmp_path / "notify")) as gateway:
            told = {manager.recv(100), manager.recv(100)}
            assert told == {b"READY=1", b"WATCHDOG=1"}
            gateway.signal(signal.SIGTERM)
            assert gateway.process.wait(30) == 0
        rest = []
        manager.setblocking(False)
        while True:
            try:
                rest.append(manager.recv(100))
            except BlockingIOError:
                break
        assert b"STOPPING=1" in rest


def test_its_log_carries_no_text(settings: Path) -> None:
    with served(settings) as gateway:
        with gateway.dial() as call:
            call.sendall(identity(4) + next(frames(speech(0.02))) + b"\x10\x00\x01x")
            while call.recv(1_000):
                continue
        gateway.signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
        log = gateway.errors.read()
    events = {line.split()[4] for line in log.splitlines() if " hushtap." in line}
    assert events >= {"started", "opened", "failed_closed", "draining", "stopped"}
    assert "04040404" not in log
    assert "Traceback" not in log


def test_the_command_checks_settings_without_serving(
    settings: Path, tmp_path: Path, hushtap_command: Command
) -> None:
    sound = hushtap_command("serve", "--config", settings, "--check", cwd=tmp_path)
    assert (sound.returncode, sound.stdout) == (0, "the settings are sound\n")
    assert not (tmp_path / "vault").exists()
    settings.write_text("[limits]\nmax_call = 3\n")
    wrong = hushtap_command("serve", "--config", settings, "--check", cwd=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
    assert "unknown key [limits] max_call" in wrong.stderr
    settings.write_text('[http]\nlisten = "0.0.0.0:0"\nallow_plain = true\n')
    loud = hushtap_command("serve", "--config", settings, "--check", cwd=tmp_path)
    assert loud.returncode == 0
    assert "warning: [http] 0.0.0.0:0 is reached from other machines, in clear" in loud.stderr
