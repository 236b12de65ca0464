"""Real writers in processes of their own, killed or with their disk taken away."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hushtap.vault.recordings import State, Vault
from own_mounts import OWN_MOUNTS, needs_own_mounts
from vault.calls import FINDINGS, WORDS, call

RECORDER = Path(__file__).with_name("recorder_process.py")
HALF_SECOND = 4000

slow = pytest.mark.slow


def run_recorder(
    vault: Path, *options: str, under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [*under, sys.executable, str(RECORDER), str(vault), *options]
    # Writing bytecode would move the system call that a fault is meant for.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def assert_exact_beginning(vault: Vault, at_least: int, of: int = 20_000) -> None:
    (info,) = Vault.open(vault.path).list()
    assert info.state is State.INTERRUPTED
    opened = vault.read(info.id)
    assert opened.info.state is State.INTERRUPTED
    assert not opened.complete
    assert len(opened.samples) >= max(info.samples, at_least)
    assert np.array_equal(opened.samples, call(of)[: len(opened.samples)])
    assert vault.verify()[0].ok


@pytest.mark.parametrize(
    "appended", [pytest.param(0, marks=slow), 4160, pytest.param(19_999, marks=slow)]
)
def test_a_killed_writer_leaves_all_but_its_last_half_second(vault: Vault, appended: int) -> None:
    done = run_recorder(vault.path, "--kill-after", str(appended))
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert_exact_beginning(vault, at_least=appended - HALF_SECOND)
    opened = vault.read("2")
    if appended > HALF_SECOND:
        assert (opened.words, opened.findings) == (WORDS, FINDINGS)


def test_a_writer_that_lives_is_left_alone(vault: Vault) -> None:
    command = [sys.executable, str(RECORDER), str(vault.path), "--samples", "80000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        identity = writer.stdout.readline().strip()
        assert Vault.open(vault.path).info(identity).state is State.OPEN
        writer.kill()
    assert Vault.open(vault.path).info(identity).state is State.INTERRUPTED
    assert not vault.read(identity).complete


needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace (apt-get install strace)"
)


def strace(fault: str) -> tuple[str, ...]:
    """Return the command that makes system calls of the recorder fail as ``fault`` says."""
    call_name = fault.split(":", maxsplit=1)[0]
    quiet = ("strace", "-f", "-qq", "-o", os.devnull)
    return (*quiet, "-e", f"trace={call_name}", "-e", f"inject={fault}")


@needs_strace
@pytest.mark.parametrize("when", [6, pytest.param(9, marks=slow)])
def test_a_writer_killed_within_a_system_call_leaves_an_exact_beginning(
    vault: Vault, when: int
) -> None:
    done = run_recorder(vault.path, under=strace(f"write:signal=SIGKILL:when={when}"))
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert_exact_beginning(vault, at_least=0)


@needs_strace
def test_a_disk_that_fails_to_flush_never_gives_a_closed_recording(vault: Vault) -> None:
    done = run_recorder(
        vault.path, "--samples", "700000", under=strace("fdatasync:error=EIO:when=14+")
    )
    assert done.returncode == 0, done.stderr
    assert "VaultError" in done.stdout
    assert "Input/output error" in done.stdout
    assert "closed" not in done.stdout.splitlines()
    assert "taken" not in done.stdout
    assert_exact_beginning(vault, at_least=80_000, of=700_000)


@pytest.mark.parametrize("limit", [pytest.param(20_000, marks=slow), 79_000])
def test_a_full_disk_never_gives_a_closed_recording(vault: Vault, limit: int) -> None:
    done = run_recorder(vault.path, "--file-limit", str(limit))
    assert done.returncode == 0, done.stderr
    identity, error, *rest = done.stdout.splitlines()
    assert error.startswith("VaultError")
    assert f"{identity}.hush: cannot be written (File too large); free space" in error
    assert rest == ["refused"] * 3
    assert (vault.path / "recordings" / f"{identity}.hush").stat().st_size == limit
    assert_exact_beginning(vault, at_least=limit // 4 - 2 * HALF_SECOND)


def test_the_same_recorder_with_room_enough_closes(vault: Vault) -> None:
    done = run_recorder(vault.path, "--file-limit", "1000000")
    assert done.stdout.splitlines()[1:] == ["closed"], done.stderr
    (info,) = vault.list()
    assert info.state is State.CLOSED
    assert np.array_equal(vault.read(info.id).samples, call(20_000))


@needs_own_mounts
def test_a_full_file_system_never_gives_a_closed_recording(vault: Vault, tmp_path: Path) -> None:
    """Catalog and all; the mount ends with its process, so the vault is copied out first."""
    small, copy = tmp_path / "small", tmp_path / "copy"
    small.mkdir()
    script = (
        'mount -t tmpfs -o size=400k tmpfs "$2" && cp -r "$1" "$2/vault" && '
        '"$4" "$5" "$2/vault" --samples 100000; cp -r "$2/vault" "$3"'
    )
    names = map(str, ("sh", vault.path, small, copy, sys.executable, RECORDER))
    done = subprocess.run(
        [*OWN_MOUNTS, "sh", "-c", script, *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No space left on device" in done.stdout, done.stderr
    assert "taken" not in done.stdout
    assert_exact_beginning(Vault.open(copy), at_least=30_000, of=100_000)


POINTS = Path(__file__).with_name("crash_points_process.py")


@pytest.mark.parametrize("points", [12, pytest.param(200, marks=slow)])
def test_killed_at_random_points_an_exact_beginning_is_left(vault: Vault, points: int) -> None:
    done = subprocess.run(
        [sys.executable, str(POINTS), str(vault.path), str(points)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["interrupted"] + found["closed"] + found["never begun"] == points
    assert found["interrupted"] > points / 3
    # What had not made a segment of half a second yet, and the segment in hand.
    assert found["most lost"] <= HALF_SECOND + 160


FAULTS = "write,pwrite64,fsync,fdatasync,ftruncate"


@slow
@needs_strace
@pytest.mark.parametrize(
    ("error", "when", "first"),
    [("ENOSPC", "{}", 1), ("ENOSPC", "{}+", 2), ("EIO", "{}", 3), ("EIO", "{}+", 4)],
)
def test_an_error_at_any_write_never_gives_clear_text_or_a_false_end(
    vault: Vault, tmp_path: Path, error: str, when: str, first: int
) -> None:
    """Each call that writes or syncs fails in one of four ways, until none is left."""
    closed = failed = 0
    for number in range(first, 1000, 4):
        copy = tmp_path / "copy"
        shutil.copytree(vault.path, copy)
        fault = f"{FAULTS}:error={error}:when={when.format(number)}"
        trace = ("strace", "-f", "-qq", "--seccomp-bpf", "-o", os.devnull)
        under = (*trace, "-e", f"trace={FAULTS}", "-e", f"inject={fault}")
        done = run_recorder(copy, under=under)
        ended = done.stdout.splitlines()
        # Sealed to its end, and only the catalog not told: then it is closed, and stays so.
        claimed = "closed" in ended or ended[-1:] == ["taken"]
        assert "taken" not in ended[:-1]
        assert_nothing_false(copy, claimed=claimed)
        shutil.rmtree(copy)
        # The last of them come while the process ends, and harm nothing.
        closed = closed + 1 if "closed" in ended else 0
        failed += "closed" not in ended
        if closed == 3:
            break
    assert closed == 3
    assert failed > 8


def assert_nothing_false(path: Path, *, claimed: bool) -> None:
    """See that what is said to be closed is whole, all else a beginning, and nothing in clear."""
    vault = Vault.open(path)
    audio = call(20_000)
    infos = vault.list()
    assert not claimed or [info.state for info in infos] == [State.CLOSED]
    for info in infos:
        opened = vault.read(info.id)
        assert np.array_equal(opened.samples, audio[: len(opened.samples)])
        assert info.state is State.INTERRUPTED or len(opened.samples) == len(audio)
    content = b"".join(file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert not any(audio[at : at + 64].tobytes() in content for at in range(0, len(audio), 500))
    assert all(word.text.encode() not in content for word in WORDS)
