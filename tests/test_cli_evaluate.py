from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hushtap import cli
from hushtap.evaluate import load_truth

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "benchmark.md"


@pytest.fixture(scope="module")
def place(ssn_call: Path, truth_of_ssn_call: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``cases/`` and the copies ``theirs/``, muted where the truth says."""
    folder = tmp_path_factory.mktemp("benchmark")
    audio, rate = soundfile.read(ssn_call, dtype="int16")
    truth = json.loads(truth_of_ssn_call)
    for name in ("cases", "theirs"):
        (folder / name).mkdir()
    soundfile.write(folder / "cases" / "ssn.wav", audio, rate)
    (folder / "cases" / "ssn.json").write_text(json.dumps({**truth, "codec": "ULAW"}))
    for span in truth["spans"]:
        if span["sensitive"]:
            first, last = round((span["start"] - 0.1) * rate), round((span["end"] + 0.1) * rate)
            audio[max(0, first) : max(0, last), span["channel"]] = 0
    soundfile.write(folder / "theirs" / "ssn.wav", audio, rate)
    return folder


def run(line: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run one line of a shell without a new process, as loading the ears takes long."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", line.split())
    return cli.run()


def test_what_the_document_says_works(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    lines = re.findall(r"^\$ (hushtap .*)$", text, re.MULTILINE)
    assert len(lines) == 3
    told = []
    for line in lines:
        assert run(line, place, monkeypatch) == 0, line
        told.append(capfd.readouterr())
    own, theirs, check = told
    assert "leak: sensitive speech still audible" in own.out
    assert "x real time" in own.out
    assert "x real time" not in theirs.out
    assert "LEAK" not in check.out
    assert "heard: 1, runs of digits: 0, leaks: 0" in check.err
    assert "<svg" in (place / "report.html").read_text(encoding="utf-8")
    document = json.loads((place / "theirs.json").read_text(encoding="utf-8"))
    assert document["figures"]["leak"]["value"] == 0.0
    assert document["groups"]["codec"][0]["name"] == "ULAW"
    assert document["speed"] is None
    assert {path.name for path in (place / "cases").iterdir()} == {"ssn.json", "ssn.wav"}


def test_the_truth_of_the_document_is_one(tmp_path: Path) -> None:
    [block] = re.findall(
        r"^```json\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (tmp_path / "call.json").write_text(block)
    truth = load_truth(tmp_path / "call.json")
    assert truth.conditions.noise == "babble 10 dB"
    assert (truth.spans[0].voice, len(truth.spans[0].words)) == ("theo", 3)


def test_digits_left_in_a_vault_are_found_and_not_told(
    ssn_call: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "mail.toml").write_text('entities = ["EMAIL"]\n')
    kept = f"hushtap redact {ssn_call} --vault calls.vault --policy mail.toml"
    assert run(kept, tmp_path, monkeypatch) == 0
    capfd.readouterr()
    assert run("hushtap check --vault calls.vault --json found.json", tmp_path, monkeypatch) == 1
    told = capfd.readouterr()
    assert re.search(r"channel 1  .* digits  US_SSN  LEAK", told.out)
    assert "leaks: 1" in told.err
    [recording] = json.loads((tmp_path / "found.json").read_text())["recordings"]
    leaks = [found for found in recording["runs"] if found["leak"]]
    assert [leak["entity"] for leak in leaks] == ["US_SSN"]
    assert set(leaks[0]) == {
        *("channel", "start", "end", "digits", "entity", "ear", "sensitive", "leak")
    }


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("hushtap eval absent", "absent is no folder"),
        ("hushtap eval theirs", "ssn.json: cannot be read; every labelled call needs its truth"),
        ("hushtap eval cases --redacted absent", "ssn.wav is missing"),
        ("hushtap eval cases --policy absent", "absent"),
        ("hushtap check", "nothing to listen to"),
        ("hushtap check absent", "absent does not exist"),
        ("hushtap check theirs --model absent", "absent is neither a model"),
        ("hushtap check --vault absent", "absent"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    line: str,
    problem: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert run(line, place, monkeypatch) in {1, 2, 3}
    error = capfd.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


def test_a_file_that_cannot_be_heard_does_not_stop_the_others_and_is_no_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "b.wav", np.zeros((8_000, 2), np.int16), 8_000)
    (tmp_path / "a.wav").write_text("no audio")
    assert run("hushtap check . --json -", tmp_path, monkeypatch) == 1
    told = capfd.readouterr()
    broken, silent = json.loads(told.out)["recordings"]
    assert "error" in broken
    assert silent["runs"] == []
    assert "heard: 1, runs of digits: 0, leaks: 0, not heard: 1" in told.err


@pytest.mark.parametrize("option", ["--json", "--report"])
def test_a_report_that_cannot_be_written_is_named(
    option: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    line = f"hushtap eval cases --redacted theirs {option} absent/out"
    assert run(line, place, monkeypatch) == 1
    assert "absent/out cannot be written" in capfd.readouterr().err


@pytest.mark.parametrize("command", ["eval", "check"])
def test_the_commands_teach_by_example(
    command: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(f"hushtap {command} --help", place, monkeypatch) == 0
    usage, _, rest = capfd.readouterr().out.strip().partition("\n")
    assert f"hushtap {command}" in usage
    assert f"hushtap {command} " in rest
