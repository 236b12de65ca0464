from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import typer.testing

import hushtap
from hushtap import cli
from hushtap.cli import app
from hushtap.cli.output import clock
from hushtap.outputs import findings_as_json
from hushtap.vault.keys import generate_keypair
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from conftest import Command

RATE = 8_000
RIGHT, WRONG = "correct horse", "battery staple"
SCRIPT = str(Path(sys.executable).with_name("hushtap"))


@pytest.fixture(scope="module")
def vaulted(ssn_call: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``calls.vault``, protected by a passphrase."""
    folder = tmp_path_factory.mktemp("vaulted")
    with pytest.MonkeyPatch.context() as patch:
        args = ["redact", str(ssn_call), "--vault", "calls.vault"]
        assert in_process(args, folder, patch, RIGHT) == 0
    return folder


# --- help


def test_every_command_teaches_by_example() -> None:
    runner = typer.testing.CliRunner()
    commands = (
        *(("redact",), ("live",), ("doctor",), ("demo",), ("eval",), ("check",)),
        *(("vault", name) for name in ("list", "show", "export", "verify")),
        *(("keys", name) for name in ("init", "list", "rotate", "retire", "recover")),
        *(("models", name) for name in ("list", "fetch", "verify")),
    )
    for command in commands:
        result = runner.invoke(
            app, [*command, "--help"], prog_name="hushtap", env={"COLUMNS": "100"}
        )
        assert result.exit_code == 0
        usage, _, rest = result.output.lstrip().partition("\n")
        name = f"hushtap {' '.join(command)}"
        assert name in usage
        assert name in rest


def test_the_version_is_told(tmp_path: Path, hushtap_command: Command) -> None:
    result = hushtap_command("--version", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (0, f"hushtap {hushtap.__version__}\n")


# --- redact


def test_a_dry_run_tells_and_writes_nothing(
    tmp_path: Path,
    ssn_call: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    args = ["redact", str(ssn_call), "--dry-run", "--out", "out", "--vault", "vault"]
    assert in_process(args, tmp_path, monkeypatch) == 0
    captured = capfd.readouterr()
    assert re.search(r"channel 1  0:0\d\.\d - 0:0\d\.\d  US_SSN", captured.out)
    assert captured.err == ""
    assert list(tmp_path.iterdir()) == []


NO_LARGE = "large is neither a model nor a folder with one: choose tiny.en, base"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["redact", "x.wav"], "nowhere to write: give --out DIR or --vault DIR"),
        (["redact", "x.wav", "--out", "o", "--mute", "loud"], "give silence, beep, noise"),
        (["redact", "x.wav", "--out", "o", "--policy", "pcl"], "did you mean pci?"),
        (["redact"], "Missing argument"),
        (["redact", "--ou", "o"], "No such option"),
        (
            ["redact", "x.wav", "--out", "o", "--jobs", "0"],
            "Invalid value for '--jobs'",
        ),
        (["live"], "give one source"),
        (["live", "x.wav", "--microphone"], "give one source"),
        (["live", "-"], "give --rate and --channels"),
        (["live", "-", "--rate", "5000", "--channels", "1"], "outside 8000-48000"),
        (["live", "x.wav", "--pace", "slow"], "is not one of"),
        (["live", "-", "--encoding", "opus"], "is not one of"),
        (["live", "x.wav", "--encoding", "mulaw"], "--encoding is of raw samples from -"),
        (["live", "--microphone", "--encoding", "alaw"], "--encoding is of raw samples from -"),
        (["live", "CALL", "--model", "large"], NO_LARGE),
        (["redact", "CALL", "--vault", "v", "--out", "o", "--model", "large"], NO_LARGE),
        (["check", "CALL", "--model", "large"], NO_LARGE),
        (["eval", "CASES", "--model", "large"], NO_LARGE),
        (["models", "verify", "large"], NO_LARGE),
        (["models", "fetch", "large"], "no model is called large: choose tiny.en, base"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_told_on_stderr(
    args: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    *,
    ssn_call: Path,
    samples: Path,
) -> None:
    stand_for = {"CALL": str(ssn_call), "CASES": str(samples)}
    code = in_process([stand_for.get(arg, arg) for arg in args], tmp_path, monkeypatch)
    captured = capfd.readouterr()
    assert code == 2
    assert captured.out == ""
    assert told in " ".join(captured.err.split())
    assert "Traceback" not in captured.err
    assert list(tmp_path.iterdir()) == []


def in_process(
    args: list[str], cwd: Path, monkeypatch: pytest.MonkeyPatch, passphrase: str | None = ""
) -> int:
    """Run ``hushtap args`` as the command does, without a new process; return its exit code."""
    monkeypatch.chdir(cwd)
    monkeypatch.setattr(sys, "argv", ["hushtap", *args])
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("HUSHTAP_PASSPHRASE", raising=False)
    if passphrase is not None:
        monkeypatch.setenv("HUSHTAP_PASSPHRASE", passphrase)
    return cli.run()


def test_names_in_any_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    name = os.fsdecode(b"gespr\xe4ch [bold]1.wav")
    soundfile.write(str(tmp_path / "plain.wav"), np.zeros(800, np.int16), RATE)
    (tmp_path / "plain.wav").rename(tmp_path / name)
    assert in_process(["redact", ".", "--out", "out"], tmp_path, monkeypatch) == 0
    captured = capfd.readouterr()
    assert "gespr\\udce4ch [bold]1.wav: 0:00.1, 0 found" in captured.out
    assert (tmp_path / "out" / name).exists()
    assert captured.err == ""


def test_several_calls_at_once_are_told_in_order_and_their_speed_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "calls").mkdir()
    for name in "abc":
        soundfile.write(tmp_path / "calls" / f"{name}.wav", np.zeros(RATE, np.int16), RATE)
    args = ["redact", "calls", "--out", "out", "--jobs", "3"]
    assert in_process(args, tmp_path, monkeypatch) == 0
    captured = capfd.readouterr()
    assert [line.split(":")[0] for line in captured.out.splitlines()] == [
        str(Path("calls") / f"{name}.wav") for name in "abc"
    ]
    told = r"3 of 3 calls done: 0:03\.0 redacted in \d+:\d\d\.\d, \d+\.\d x real time\n"
    assert re.fullmatch(told, captured.err)
    assert in_process(args, tmp_path, monkeypatch) == 0
    assert capfd.readouterr().err == "3 of 3 calls done\n"


def test_an_interrupted_run_keeps_what_is_done(tmp_path: Path, samples: Path) -> None:
    (tmp_path / "calls").mkdir()
    soundfile.write(tmp_path / "calls" / "a.wav", np.zeros(RATE, np.int16), RATE)
    long = np.concatenate([soundfile.read(samples / "sample_harmless.wav", dtype="int16")[0]] * 8)
    soundfile.write(tmp_path / "calls" / "b.wav", long, RATE)
    args = [SCRIPT, "redact", "calls", "--out", "out", "--vault", "vault", "--json"]
    with subprocess.Popen(
        args, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["status"] == "done"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert out == ""
    assert "interrupted after 1 of 2 calls" in err
    assert "Traceback" not in err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a.wav", "a.json"}
    states = {info.source: info.state for info in Vault.open(tmp_path / "vault").list()}
    assert states.pop("a.wav") is State.CLOSED
    assert set(states.values()) <= {State.INTERRUPTED}


# --- live


def test_live_from_a_pipe_records_what_batch_would(
    vaulted: Path, ssn_call: Path, tmp_path: Path
) -> None:
    raw = soundfile.read(ssn_call, dtype="int16")[0].astype("<i2").tobytes()
    args = ["live", "-", "--rate", "8000", "--channels", "2", "--pace", "fast", "--json"]
    result = subprocess.run(
        [SCRIPT, *args, "--vault", "live.vault"],
        cwd=tmp_path,
        input=raw,
        capture_output=True,
        check=True,
    )
    *events, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert last["event"] == "recorded"
    assert last["seconds"] == 10.0
    assert {finding["entity"] for finding in last["findings"]} == {"US_SSN"}
    assert {event["event"] for event in events} == {"muted"}
    live = Vault.open(tmp_path / "live.vault").read(last["recording"])
    batch = Vault.open(vaulted / "calls.vault", passphrase=RIGHT)
    [info] = batch.list()
    assert live.complete
    assert last["findings"] == findings_as_json(live.findings, RATE)
    assert live.info.findings == {"US_SSN": len(last["findings"])}
    assert np.array_equal(live.samples, batch.read(info.id).samples)


def test_live_from_a_pipe_of_g711_records_what_others_decode(tmp_path: Path) -> None:
    # Every code: a buzz in which no ear hears a number.
    codes = bytes(range(256)) * 40
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "alaw", "-ar", "8000", "-i", "-", "-f", "s16le", "-"],
        input=codes,
        capture_output=True,
        check=True,
    ).stdout
    args = ["live", "-", "--encoding", "alaw", "--rate", "8000", "--channels", "1"]
    subprocess.run(
        [SCRIPT, *args, "--pace", "fast", "--vault", "v"], cwd=tmp_path, input=codes, check=True
    )
    vault = Vault.open(tmp_path / "v")
    [info] = vault.list()
    assert info.findings == {}
    assert vault.read(info.id).samples[:, 0].astype("<i2").tobytes() == decoded


# --- vault


def test_where_an_unprotected_key_lies_is_told_once_and_it_can_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "call.wav", np.zeros(800, np.int16), RATE)
    redact = ["redact", "call.wav", "--vault", "v", "--force"]
    assert in_process(redact, tmp_path, monkeypatch, None) == 0
    key = tmp_path / "v" / "keys" / "private.key"
    [note] = capfd.readouterr().err.splitlines()
    assert note.startswith(f"hushtap: note: {key} opens every recording of this vault")
    assert "--key FILE" in note
    # As the note says.
    (tmp_path / "safe").mkdir()
    key.rename(tmp_path / "safe" / "reading.key")
    assert in_process(redact, tmp_path, monkeypatch, None) == 0
    assert capfd.readouterr().err == ""
    verify = ["vault", "verify", "--vault", "v"]
    assert in_process(verify, tmp_path, monkeypatch) == 1
    assert in_process([*verify, "--key", "safe/reading.key"], tmp_path, monkeypatch) == 0
    assert capfd.readouterr().out.count("closed, sound") == 2


def test_where_no_unprotected_key_is_made_there_is_no_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "call.wav", np.zeros(800, np.int16), RATE)
    assert in_process(["redact", "call.wav", "--vault", "v"], tmp_path, monkeypatch, RIGHT) == 0
    assert capfd.readouterr().err == ""
    args = ["redact", "call.wav", "--vault", "keyed"]
    (tmp_path / "keyed" / "keys").mkdir(parents=True)
    generate_keypair(tmp_path / "keyed" / "keys")
    assert in_process(args, tmp_path, monkeypatch, None) == 0
    assert capfd.readouterr().err == ""
    args = ["redact", "call.wav", "--vault", "call.wav/v"]
    assert in_process(args, tmp_path, monkeypatch, None) == 1
    [line] = capfd.readouterr().err.splitlines()
    assert "a vault cannot be made here" in line


def test_a_recording_is_shown_and_exported_with_the_passphrase(
    vaulted: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def run(*command: str, passphrase: str | None = RIGHT) -> tuple[int, str, str]:
        args = [*command, "--vault", "calls.vault"]
        code = in_process(args, vaulted, monkeypatch, passphrase)
        return (code, *capfd.readouterr())

    code, out, _ = run("vault", "list", "--json", passphrase=None)
    info = json.loads(out)
    assert code == 0
    assert (info["state"], info["samples"], info["findings"]) == ("closed", 80_000, {"US_SSN": 1})
    recording = info["recording"]

    code, out, _ = run("vault", "show", recording[:12])
    assert code == 0
    assert "social security number" in out
    assert "[US_SSN]" in out
    assert "nine" not in out
    code, out, _ = run("vault", "show", recording, "--json")
    assert code == 0
    assert json.loads(out)["found"][0]["entity"] == "US_SSN"

    assert run("vault", "export", recording, "call.wav") == (0, "call.wav\n", "")
    assert soundfile.info(str(vaulted / "call.wav")).frames == 80_000
    code, _, err = run("vault", "export", recording, "call.wav")
    assert code == 1
    assert "call.wav: already there" in err

    code, _, err = run("vault", "show", recording, passphrase=WRONG)
    assert code == 1
    assert "the passphrase does not open this key" in err
    code, _, err = run("vault", "verify", passphrase=None)
    assert code == 1
    assert "set HUSHTAP_PASSPHRASE" in err
    code, _, err = run("vault", "show", "nothing")
    assert code == 1
    assert "nothing" in err


def test_a_damaged_recording_fails_verification(
    vaulted: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(vaulted / "calls.vault", tmp_path / "v")
    verify = ["vault", "verify", "--vault", "v", "--json"]
    assert in_process(verify, tmp_path, monkeypatch, RIGHT) == 0
    assert json.loads(capfd.readouterr().out)["ok"]
    [sealed] = (tmp_path / "v" / "recordings").iterdir()
    content = bytearray(sealed.read_bytes())
    content[len(content) // 2] ^= 1
    sealed.write_bytes(content)
    assert in_process(verify, tmp_path, monkeypatch, RIGHT) == 3
    told = json.loads(capfd.readouterr().out)
    assert not told["ok"]
    assert sealed.name in told["problem"]


def test_a_vault_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert in_process(["vault", "list", "--vault", "none"], tmp_path, monkeypatch) == 1
    line, *more = capfd.readouterr().err.splitlines()
    assert "none" in line
    assert not more
    assert list(tmp_path.iterdir()) == []


# --- models, doctor


def test_models_are_listed_and_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert in_process(["models", "list", "--json"], tmp_path, monkeypatch) == 0
    listed = {one["name"]: one for one in map(json.loads, capfd.readouterr().out.splitlines())}
    assert listed["tiny.en"]["default"]
    assert listed["tiny.en"]["path"]
    assert in_process(["models", "verify", "tiny.en"], tmp_path, monkeypatch) == 0
    assert "tiny.en  verified" in capfd.readouterr().out
    (tmp_path / "other").mkdir()
    assert in_process(["models", "verify", "./other"], tmp_path, monkeypatch) == 3
    assert "other" in capfd.readouterr().err


def test_the_doctor_checks_what_commands_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert in_process(["doctor", "--vault", "v"], tmp_path, monkeypatch) == 0
    out = capfd.readouterr().out
    assert re.search(r"ok\s+weights tiny\.en\s+verified", out)
    assert re.search(r"ok\s+vault\s+v ", out)
    assert "MISSING" not in out


# --- the last line of defence


@pytest.mark.parametrize("debug", [False, True], ids=["by default", "when debugging"])
def test_an_unexpected_error_shows_its_type_alone(*, debug: bool) -> None:
    code = (
        "from hushtap.cli import app, main\n"
        "@app.command()\n"
        "def stumble() -> None:\n"
        "    heard = 'four one one one'\n"
        "    raise KeyError(heard)\n"
        "main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, "stumble"],
        env=os.environ | {"HUSHTAP_DEBUG": str(int(debug))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("hushtap: unexpected KeyError: set HUSHTAP_DEBUG=1")
    assert ("Traceback" in result.stderr) is debug
    assert ("four one" in result.stderr) is debug
    assert result.stdout == ""


def test_weights_that_do_not_load_end_the_run(
    tmp_path: Path,
    ssn_call: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "mine").mkdir()
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        (tmp_path / "mine" / name).write_text("no weights")
    args = ["redact", str(ssn_call), str(ssn_call.parent), "--out", "out", "--model", "mine"]
    assert in_process(args, tmp_path, monkeypatch) == 3
    line, *more = capfd.readouterr().err.splitlines()
    assert "mine: cannot be loaded" in line
    assert not more
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0:00.0"), (59.96, "1:00.0"), (3599.96, "1:00:00.0"), (7265.24, "2:01:05.2")],
    ids=str,
)
def test_times_are_shown_to_a_tenth(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown
