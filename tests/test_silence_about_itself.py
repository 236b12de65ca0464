"""A call is recorded without a word to anybody: no connection, no file of a library's own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hushtap.vault.recordings import Vault

PROCESS = Path(__file__).with_name("live_process.py")
# An address that belongs to nobody (RFC 5737); a datagram socket sends nothing by connecting.
TALKS = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect_ex(('192.0.2.1', 9))"
KEEPS = "import pathlib; (pathlib.Path.home() / '.cache').mkdir()"

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace (apt-get install strace)"
)


def traces(tmp_path: Path, *command: str | Path) -> tuple[list[str], list[Path]]:
    """Run the command; return its calls that reach for a network, and the files it left."""
    log, places = tmp_path / "strace.log", [tmp_path / "home", tmp_path / "tmp"]
    for place in places:
        place.mkdir()
    own = {"HOME", "TMPDIR", "ORT_DISABLE_TELEMETRY"}
    env = {k: v for k, v in os.environ.items() if k not in own and not k.startswith("XDG_")}
    env |= {"HOME": str(places[0]), "TMPDIR": str(places[1])}
    tracer = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=network", "-o", str(log)]
    done = subprocess.run(
        [*tracer, sys.executable, *command], capture_output=True, text=True, check=False, env=env
    )
    assert done.returncode == 0, done.stderr
    calls = re.findall(r"(?:connect|sendto|sendm?msg)\(.*AF_INET.*", log.read_text())
    return calls, [path for place in places for path in place.rglob("*")]


@needs_strace
def test_a_recorded_call_leaves_nothing_and_reaches_out_to_nobody(
    ssn_call: Path, tmp_path: Path
) -> None:
    vault = Vault.create(tmp_path / "vault")
    assert traces(tmp_path, PROCESS, vault.path, ssn_call) == ([], [])
    assert len(vault.list()) == 1


@needs_strace
def test_a_process_that_reaches_out_is_seen(tmp_path: Path) -> None:
    calls, _ = traces(tmp_path, "-c", TALKS)
    assert len(calls) == 1


@needs_strace
def test_a_process_that_leaves_something_is_seen(tmp_path: Path) -> None:
    assert traces(tmp_path, "-c", KEEPS) == ([], [tmp_path / "home" / ".cache"])
