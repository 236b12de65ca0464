"""Streams of a command that are closed, full or gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from conftest import Command

SCRIPT = str(Path(sys.executable).with_name("hushtap"))
ENV = os.environ | {"HUSHTAP_PASSPHRASE": "correct horse", "COLUMNS": "200"}
FULL = "hushtap: standard output cannot be written (No space left on device): send it elsewhere"


@pytest.fixture
def call(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "call.wav", np.zeros(8_000, np.int16), 8_000)
    return tmp_path / "call.wav"


def run(*args: str | Path, cwd: Path, **streams: Any) -> tuple[int, list[str]]:  # noqa: ANN401
    done = subprocess.run(
        [SCRIPT, *map(str, args)],
        cwd=cwd,
        env=ENV,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        **streams,
    )
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("args", [["--version"], ["--help"], ["models", "list"]], ids=" ".join)
def test_results_that_cannot_be_told_are_an_error(args: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        assert run(*args, cwd=tmp_path, stdout=full) == (1, [FULL])


def test_a_reader_that_left(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code, [line] = run("models", "list", cwd=tmp_path, stdout=writer)
    os.close(writer)
    assert (code, line) == (1, FULL.replace("No space left on device", "Broken pipe"))


def test_what_is_done_is_kept_though_it_cannot_be_told(tmp_path: Path, call: Path) -> None:
    with Path("/dev/full").open("w") as full:
        assert run("redact", call, "--out", "out", cwd=tmp_path, stdout=full) == (1, [FULL])
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"call.wav", "call.json"}


def test_a_live_call_is_recorded_though_nobody_can_be_told(tmp_path: Path, call: Path) -> None:
    args = ("live", call, "--pace", "fast", "--vault", "v")
    with Path("/dev/full").open("w") as full:
        code, lines = run(*args, cwd=tmp_path, stdout=full)
    assert (code, lines) == (1, [f"{FULL}; the call is recorded all the same"])
    [info] = Vault.open(tmp_path / "v").list()
    assert (info.state, info.samples) == (State.CLOSED, 8_000)


def test_closed_streams_are_no_error_and_no_file_takes_their_place(
    tmp_path: Path, call: Path
) -> None:
    command = 'exec "$0" redact "$1" "$2" --out out <&- >&- 2>&-'
    done = subprocess.run(
        ["sh", "-c", command, SCRIPT, call, tmp_path / "none.wav"], cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert soundfile.info(tmp_path / "out" / "call.wav").frames == 8_000
    assert json.loads((tmp_path / "out" / "call.json").read_text())["samples"] == 8_000


def test_complaints_that_cannot_be_shown_change_nothing(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [SCRIPT, "redact", "none.wav", "--out", "o"], cwd=tmp_path, stderr=full, check=False
        )
    assert done.returncode == 1


@pytest.mark.parametrize("content", ["", "x"], ids=["empty", "half a sample"])
def test_standard_input_without_audio_leaves_no_recording(
    content: str, tmp_path: Path, hushtap_command: Command
) -> None:
    args = ("live", "-", "--rate", "8000", "--channels", "1", "--vault", "v")
    done = hushtap_command(*args, cwd=tmp_path, text_in=content)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "hushtap: standard input holds no audio: pipe 16-bit little-endian PCM into it"
    ]
    assert list(tmp_path.iterdir()) == []


def test_one_subfolder_that_cannot_be_read_does_not_stop_the_others(
    tmp_path: Path, call: Path, hushtap_command: Command
) -> None:
    locked = tmp_path / "calls" / "locked"
    locked.mkdir(parents=True)
    call.rename(tmp_path / "calls" / "call.wav")
    rights = "-dac_override,-dac_read_search"
    before = ("setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}")
    locked.chmod(0)
    try:
        done = hushtap_command(
            *("redact", "calls", "--out", "out", "--json"),
            cwd=tmp_path,
            before=before if os.geteuid() == 0 else (),
        )
    finally:
        locked.chmod(0o700)
    assert done.returncode == 1
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["status"] for line in told] == ["failed", "done"]
    assert told[0]["input"] == "calls/locked"
    [line] = done.stderr.splitlines()
    assert line.endswith("calls/locked cannot be read (Permission denied): check its permissions")
    assert (tmp_path / "out" / "call.wav").exists()
