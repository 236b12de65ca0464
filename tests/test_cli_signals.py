"""Ctrl-C in the middle of things, at a prompt, and where something hangs."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.values import Entity
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

SCRIPT = str(Path(sys.executable).with_name("hushtap"))
HUNG = str(Path(__file__).with_name("hung_process.py"))
ENV = os.environ | {"HUSHTAP_PASSPHRASE": "correct horse", "COLUMNS": "200"}

FADE = 40
"""Samples at 8 kHz over which a mute fades in, and out."""


@pytest.fixture
def folder(tmp_path: Path, ssn_call: Path) -> Path:
    shutil.copy(ssn_call, tmp_path / "call.wav")
    return tmp_path


def hung(what: str, folder: Path) -> subprocess.Popen[str]:
    """Start a process and return once it hangs."""
    process = subprocess.Popen(
        [sys.executable, HUNG, what, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "hangs\n"
    return process


def insist(process: subprocess.Popen[str]) -> str:
    """Interrupt until it ends; return what it said."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.2)
    return process.communicate()[1]


def test_ears_that_hang_make_silence_and_ctrl_c_ends_the_call_in_order(folder: Path) -> None:
    process = hung("live", folder)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
    vault = Vault.open(folder / "vault")
    [info] = vault.list()
    assert (info.state, info.source) == (State.CLOSED, "endless")
    opened = vault.read(info.id)
    unheard = [f for f in opened.findings if f.entity is Entity.UNHEARD]
    assert {f.source for f in unheard} == {"late"}
    for finding in unheard:
        start, end = finding.span.start + FADE, finding.span.end - FADE
        assert not opened.samples[start:end, finding.channel].any()


def test_who_insists_ends_a_hung_call_at_once(folder: Path) -> None:
    process = hung("live", folder)
    assert "Traceback" not in insist(process)
    # The interpreter may have let go of its handlers when the last signal came.
    assert process.returncode in {130, -signal.SIGINT}
    [info] = Vault.open(folder / "vault").list()
    assert info.state in {State.CLOSED, State.INTERRUPTED}


def test_a_hung_redaction_leaves_no_half_output(folder: Path) -> None:
    process = hung("redact", folder)
    assert insist(process).splitlines() == ["hushtap: ended at once"]
    assert process.returncode == 130
    assert {path.suffix for path in (folder / "out").iterdir()} <= {".part"}
    [info] = Vault.open(folder / "vault").list()
    assert info.state is State.INTERRUPTED


def test_ctrl_c_ends_a_call_from_a_pipe_that_goes_on(tmp_path: Path) -> None:
    args = [SCRIPT, "live", "-", "--rate", "8000", "--channels", "1", "--vault", "v"]
    with subprocess.Popen(
        args,
        cwd=tmp_path,
        env=ENV,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        # More than a pipe holds: once all of it is in, the call is being recorded.
        process.stdin.write(np.zeros(2**18, "<i2").tobytes())
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        out, err = process.stdout.read().decode(), process.stderr.read().decode()
    assert process.returncode == 130
    assert err == ""
    [info] = Vault.open(tmp_path / "v").list()
    assert info.state is State.CLOSED
    assert f"recording {info.id}: " in out


class Terminal:
    """The command on a terminal of its own, without a passphrase in its environment."""

    def __init__(self, *args: str | Path, cwd: Path) -> None:
        self.said = ""
        self._master, slave = pty.openpty()
        env = {name: value for name, value in ENV.items() if name != "HUSHTAP_PASSPHRASE"}
        self.process = subprocess.Popen(
            ["setsid", "--ctty", SCRIPT, *map(str, args)],
            cwd=cwd,
            env=env | {"TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)

    def read_until(self, text: str) -> None:
        while text not in self.said:
            self.said += os.read(self._master, 4096).decode()

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> int:
        # A terminal whose last user has gone answers by an error.
        with suppress(OSError):
            while data := os.read(self._master, 4096):
                self.said += data.decode()
        os.close(self._master)
        return self.process.wait()


@pytest.fixture
def prompted(folder: Path) -> Iterator[Terminal]:
    terminal = Terminal("redact", "call.wav", "--vault", "v", cwd=folder)
    terminal.read_until("Passphrase for the new vault v (empty: none): ")
    yield terminal
    terminal.process.kill()
    terminal.process.wait()


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_who_gives_no_passphrase_ends_the_command(
    key: bytes, prompted: Terminal, folder: Path
) -> None:
    prompted.type(key)
    assert prompted.end() == 130
    *_, last = prompted.said.split("\r\n")[:-1]
    assert last == "hushtap: interrupted: no passphrase was given, nothing is done"
    assert "Aborted" not in prompted.said
    assert {path.name for path in folder.iterdir()} == {"call.wav"}
