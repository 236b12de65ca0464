"""Bad input through the real command: one clear line, the right exit code, nothing lost.

Starting the command takes seconds, so what one run may meet is met in one run.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap import models
from own_mounts import OWN_MOUNTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from conftest import Command

RATE = 8_000
BAD = {
    "absent.wav": "does not exist: check the name",
    "calls/empty.wav": "is empty: record it again or leave it out",
    "calls/truncated.wav": "is cut short",
    "calls/header-only.wav": "is a header without audio",
    "calls/text.wav": "is damaged or not audio",
    "calls/three-channels.wav": "3 channels; Hushtap takes 1 or 2; convert it",
    "calls/fast.wav": "sample rate 192000 Hz is outside 8000-48000 Hz; convert it",
    "calls/nan.wav": "not numbers (NaN): export it again",
}
"""Path -> what the one line about it says beside the path."""

GOOD = ("clipped", "dc", "silence")


@pytest.fixture(scope="module")
def folder(ssn_call: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``calls/`` with every bad file and three that only sound bad."""
    place = tmp_path_factory.mktemp("bad")
    calls = place / "calls"
    calls.mkdir()
    whole = ssn_call.read_bytes()
    (calls / "empty.wav").touch()
    (calls / "truncated.wav").write_bytes(whole[: len(whole) * 2 // 3])
    (calls / "header-only.wav").write_bytes(
        whole[:40] + struct.pack("<I", 0) if whole[36:40] == b"data" else whole[:44]
    )
    (calls / "text.wav").write_text("This is no audio.\n" * 100)
    rng = np.random.default_rng(1)
    loud = rng.normal(0, 4, (RATE, 2))
    soundfile.write(calls / "three-channels.wav", loud[:, [0, 1, 0]] / 40, RATE)
    soundfile.write(calls / "fast.wav", loud / 40, 192_000)
    speech = soundfile.read(ssn_call, dtype="float32")[0]
    speech[-1, 0] = np.nan
    soundfile.write(calls / "nan.wav", speech, RATE, subtype="FLOAT")
    soundfile.write(calls / "clipped.wav", np.clip(loud, -1, 1), RATE, subtype="PCM_16")
    soundfile.write(calls / "dc.wav", np.full((RATE, 1), 0.9), RATE, subtype="PCM_16")
    soundfile.write(calls / "silence.wav", np.zeros((RATE, 1)), RATE, subtype="PCM_16")
    return place


@pytest.fixture(scope="module")
def run_of_all(folder: Path, hushtap_command: Command) -> subprocess.CompletedProcess[str]:
    args = ("redact", "absent.wav", "calls", "--out", "out", "--vault", "vault", "--json")
    return hushtap_command(*args, cwd=folder)


def lines_about(result: subprocess.CompletedProcess[str], name: str) -> list[str]:
    return [line for line in result.stderr.splitlines() if name in line]


def assert_clear(result: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    """One line on stderr with all ``parts``, no traceback, exit code ``code``."""
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    line, *more = [line for line in result.stderr.splitlines() if "note:" not in line]
    assert not more
    for part in parts:
        assert part in line


def holding(secrets: Iterable[bytes], places: Iterable[Path]) -> list[Path]:
    """Return the files that hold one of ``secrets`` in clear."""
    files = (file for place in places for file in place.rglob("*") if file.is_file())
    needles = list(secrets)
    return [file for file in files if any(needle in file.read_bytes() for needle in needles)]


# --- one run over everything


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_clear_line(
    name: str, run_of_all: subprocess.CompletedProcess[str]
) -> None:
    [line] = lines_about(run_of_all, name)
    assert line.startswith("hushtap: ")
    assert BAD[name] in line


def test_the_run_says_that_some_failed(run_of_all: subprocess.CompletedProcess[str]) -> None:
    assert run_of_all.returncode == 1
    assert "Traceback" not in run_of_all.stderr
    told = [json.loads(line) for line in run_of_all.stdout.splitlines()]
    failed = {line["input"] for line in told if line["status"] == "failed"}
    assert failed == set(BAD)
    assert len(told) == len(BAD) + len(GOOD)


def test_the_good_calls_are_done(
    folder: Path, run_of_all: subprocess.CompletedProcess[str]
) -> None:
    assert run_of_all.returncode == 1
    expected = {f"{name}{suffix}" for name in GOOD for suffix in (".wav", ".json")}
    assert {path.name for path in (folder / "out").rglob("*")} == expected
    for name in GOOD:
        before = soundfile.read(folder / "calls" / f"{name}.wav", dtype="int16")[0]
        after = soundfile.read(folder / "out" / f"{name}.wav", dtype="int16")[0]
        assert before.shape == after.shape


def test_nothing_unredacted_is_written(
    folder: Path,
    run_of_all: subprocess.CompletedProcess[str],
    secrets_of_ssn_call: list[bytes],
    ssn_call: Path,
) -> None:
    assert run_of_all.returncode == 1
    assert not holding(secrets_of_ssn_call, [folder / "out", folder / "vault"])
    # The search itself works.
    assert holding(secrets_of_ssn_call, [ssn_call.parent]) == [ssn_call]


def test_recordings_are_whole_or_marked(
    folder: Path, run_of_all: subprocess.CompletedProcess[str], hushtap_command: Command
) -> None:
    assert run_of_all.returncode == 1
    listed = hushtap_command("vault", "verify", "--vault", "vault", "--json", cwd=folder)
    assert listed.returncode == 0
    states = [json.loads(line) for line in listed.stdout.splitlines()]
    assert all(one["ok"] for one in states)
    assert sum(one["state"] == "closed" for one in states) == len(GOOD)


# --- one thing wrong with the run itself


def test_a_folder_that_may_not_be_read(
    tmp_path: Path, hushtap_command: Command, ssn_call: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    shutil.copy(ssn_call, locked / "call.wav")
    soundfile.write(tmp_path / "other.wav", np.zeros(RATE), RATE)
    locked.chmod(0)
    args = ("redact", "locked", "other.wav", "--out", "out", "--json")
    try:
        result = hushtap_command(*args, cwd=tmp_path, before=without_root())
    finally:
        locked.chmod(0o700)
    assert_clear(result, 1, "locked cannot be read (Permission denied): check its permissions")
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {"other.wav", "other.json"}


def without_root() -> Sequence[str]:
    """Words that start a command to which file permissions apply, also where tests are root."""
    if os.geteuid() != 0:
        return ()
    rights = "-dac_override,-dac_read_search"
    return ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}")


@pytest.mark.parametrize("kind", ["--out", "--vault"])
def test_a_full_disk(
    kind: str,
    tmp_path: Path,
    hushtap_command: Command,
    ssn_call: Path,
    secrets_of_ssn_call: list[bytes],
) -> None:
    (tmp_path / "disk").mkdir()
    before, limited = small_disk(tmp_path / "disk")
    result = hushtap_command(*("redact", ssn_call, kind, "disk/to"), cwd=tmp_path, before=before)
    assert_clear(result, 1, "disk/to", "cannot be written", limited, "free space")
    left = subprocess.run(
        ["find", "disk", "-type", "f", "-name", "*.wav", "-o", "-name", "*.part"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert left.stdout == ""
    assert not holding(secrets_of_ssn_call, [tmp_path / "disk"])


def small_disk(place: Path) -> tuple[Sequence[str], str]:
    """Words that start a command with 100 KiB at ``place``, and what the system then says."""
    if OWN_MOUNTS:
        mount = f"mount -t tmpfs -o size=100k tmpfs '{place}'"
        return (*OWN_MOUNTS, "sh", "-c", f'{mount} && exec "$@"', "sh"), "No space left on device"
    return ("prlimit", f"--fsize={100 * 1024}"), "File too large"


def test_a_policy_with_a_wrong_key(
    tmp_path: Path, hushtap_command: Command, ssn_call: Path
) -> None:
    (tmp_path / "mine.toml").write_text('entities = ["US_SSN"]\npad_befor = 1.0\n')
    args = ("redact", ssn_call, "--out", "out", "--policy", "mine.toml")
    result = hushtap_command(*args, cwd=tmp_path)
    assert_clear(result, 2, "mine.toml", "'pad_befor'", "did you mean pad_before?")
    assert not (tmp_path / "out").exists()


def test_weights_with_one_wrong_byte(
    tmp_path: Path, hushtap_command: Command, ssn_call: Path
) -> None:
    folder = tmp_path / "models" / "tiny.en"
    shutil.copytree(models.resolve("tiny.en"), folder)
    with (folder / "model.bin").open("r+b") as weights:
        weights.seek(1_000_000)
        byte = weights.read(1)
        weights.seek(1_000_000)
        weights.write(bytes([byte[0] ^ 1]))
    env = {"HUSHTAP_MODELS": str(folder.parent)}
    args = ("redact", ssn_call, "--out", "out", "--vault", "vault")
    result = hushtap_command(*args, cwd=tmp_path, env=env)
    assert_clear(result, 3, str(folder / "model.bin"), "put the published files there")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "vault").exists()
