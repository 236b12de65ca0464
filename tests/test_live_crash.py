"""Real live calls in processes of their own, killed or with their disk taken away."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from hushtap import batch
from hushtap.ears.windows import LIVE
from hushtap.pipeline import Call
from hushtap.taps.file import FileTap
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy

PROCESS = Path(__file__).with_name("live_process.py")
RATE = 16_000
SEAL = RATE // 2


@pytest.fixture(scope="module")
def call(ssn_call: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The call at the ears' own rate, twice over: more than a backlog holds."""
    audio, rate = soundfile.read(ssn_call, dtype="float64")
    audio = np.concatenate([audio, audio])
    path = tmp_path_factory.mktemp("live") / "call.wav"
    soundfile.write(path, soxr.resample(audio, rate, RATE), RATE, subtype="PCM_16")
    return path


@pytest.fixture(scope="module")
def redacted(call: Path, engine: Engine, policy: Policy, analyzer: Analyzer) -> NDArray[np.int16]:
    """What a whole recording of the call holds, shape ``(samples, channels)``."""
    tap = FileTap(call)
    columns: list[list[NDArray[np.int16]]] = [[], []]
    heard_live = Call(tap.format, policy, analyzer, schedule=LIVE)
    for chunk in batch.run(heard_live, tap, engine):
        columns[chunk.channel].append(chunk.samples)
    return np.stack([np.concatenate(column) for column in columns], axis=1)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "vault")


def assert_exact_beginning(
    vault: Vault, whole: NDArray[np.int16], at_least: int
) -> tuple[int, ...]:
    """Return the samples of each channel; the recording shows what all of them have."""
    (info,) = Vault.open(vault.path).list()
    assert info.state is State.INTERRUPTED
    opened = vault.read(info.id)
    assert opened.info.state is State.INTERRUPTED
    assert len(opened.samples) >= at_least
    assert np.array_equal(opened.samples, whole[: len(opened.samples)])
    assert vault.verify()[0].ok
    return opened.channel_samples


@pytest.mark.parametrize(
    ("seconds", "pace"),
    [
        (2, "fast"),
        pytest.param(2, "realtime", marks=pytest.mark.slow),
        pytest.param(4, "realtime", marks=pytest.mark.slow),
    ],
)
def test_a_killed_call_leaves_an_exact_beginning_of_its_redacted_audio(
    vault: Vault, call: Path, redacted: NDArray[np.int16], seconds: int, pace: str
) -> None:
    at = seconds * RATE
    command = [sys.executable, str(PROCESS), str(vault.path), str(call)]
    done = subprocess.run(
        [*command, "--pace", pace, "--kill-at", str(at)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    released = int(done.stdout.splitlines()[-1].split()[1])
    assert released >= at
    assert_exact_beginning(vault, redacted, at_least=released - SEAL)


@pytest.mark.slow
def test_a_call_killed_from_outside_leaves_an_exact_beginning(
    vault: Vault, call: Path, redacted: NDArray[np.int16]
) -> None:
    command = [sys.executable, str(PROCESS), str(vault.path), str(call), "--pace", "realtime"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        released = 0
        while released < RATE:
            released = int(process.stdout.readline().split()[1])
        process.kill()
    assert_exact_beginning(vault, redacted, at_least=released - SEAL)


def test_a_full_disk_interrupts_the_call_and_says_so(
    vault: Vault, call: Path, redacted: NDArray[np.int16]
) -> None:
    done = subprocess.run(
        [sys.executable, str(PROCESS), str(vault.path), str(call), "--file-limit", "200000"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    *_, last = done.stdout.splitlines()
    assert last.startswith("VaultError")
    assert "cannot be written (File too large); free space" in last
    assert "failed_closed reason=sink_failed" in done.stderr
    assert "Traceback" not in done.stderr
    # 16 bits a sample: what fits, of either channel, but for what was not yet sealed.
    written = assert_exact_beginning(vault, redacted, at_least=0)
    assert sum(written) >= 200_000 // 2 - 2 * 3 * SEAL
    files = {path.name for path in vault.path.rglob("*") if path.is_file()}
    # This process has read, and holds the audit log open.
    files -= {"audit.db-wal", "audit.db-shm"}
    suffixes = {".db", ".hush", ".key", ".lock", ".pub", ".vkey"}
    assert {Path(name).suffix for name in files} == suffixes
