"""The command ``audit-log``."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import typer.testing

from hushtap import cli
from hushtap.cli import app
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME, load_signer, save_signer
from hushtap.vault.recordings import Vault
from own_mounts import OWN_MOUNTS, needs_own_mounts
from vault.audit.logs import tamper
from vault.calls import PHONE_LINE, append_all, call

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a vault ``v`` in which a call was recorded and read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUSHTAP_VAULT", "v")
    monkeypatch.delenv("HUSHTAP_PASSPHRASE", raising=False)
    monkeypatch.setenv("COLUMNS", "300")
    vault = Vault.create(tmp_path / "v")
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(100))
    vault.read(recording.id)
    return tmp_path


class Runner:
    """Runs the command in this process."""

    def __init__(self, patch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capfd = patch, capfd

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._patch.setattr(sys, "argv", ["hushtap", "audit-log", *words])
        return (cli.run(), *self._capfd.readouterr())


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Runner:
    return Runner(monkeypatch, capfd)


def test_every_command_teaches_by_example() -> None:
    for command in ("verify", "show", "export", "checkpoint"):
        result = typer.testing.CliRunner().invoke(
            app, ["audit-log", command, "--help"], prog_name="hushtap", env={"COLUMNS": "100"}
        )
        assert result.exit_code == 0
        usage, _, rest = result.output.lstrip().partition("\n")
        assert f"hushtap audit-log {command}" in usage
        assert f"hushtap audit-log {command}" in rest


@pytest.mark.usefixtures("place")
def test_a_sound_log_is_verified(run: Runner) -> None:
    code, out, err = run("verify")
    assert (code, err) == (0, "")
    assert "8 entries, 8 of them covered by 4 checkpoints, sound" in out
    code, out, _ = run("verify", "--json")
    report = json.loads(out)
    assert (code, report["ok"], report["entries"], report["signed"]) == (0, True, 8, 8)
    assert len(bytes.fromhex(report["root"])) == 32


def test_tampering_ends_with_code_3_and_the_place(place: Path, run: Runner) -> None:
    assert run("checkpoint", "kept.txt") == (0, "kept.txt\n", "")
    assert run("verify", "--checkpoint", "kept.txt")[0] == 0
    tamper(
        place / "v",
        "DELETE FROM entries WHERE number > 2",
        "DELETE FROM checkpoints WHERE size > 2",
    )
    assert run("verify")[0] == 0
    code, out, err = run("verify", "--checkpoint", "kept.txt")
    assert (code, err) == (3, "")
    assert "NOT SOUND: kept.txt has 8 entries signed, the log has 2: 3 to 8 were cut off" in out
    code, out, _ = run("verify", "--checkpoint", "kept.txt", "--json")
    report = json.loads(out)
    assert (code, report["ok"], len(report["problems"])) == (3, False, 1)
    tamper(place / "v", "UPDATE entries SET entry = x'00' WHERE number = 2")
    assert run("verify")[0] == 3


def test_a_file_that_is_no_database_any_more_ends_with_code_3(place: Path, run: Runner) -> None:
    (place / "v" / LOG_NAME).write_bytes(b"not a database, not at all" * 400)
    code, out, err = run("verify")
    assert (code, out) == (3, "")
    assert "audit.db: not readable as an audit log (file is not a database)" in err


def test_the_public_key_may_come_from_elsewhere(place: Path, run: Runner) -> None:
    own = place / "v" / "keys" / VKEY_NAME
    (place / "kept.vkey").write_bytes(own.read_bytes())
    Vault.create(place / "other")
    own.write_bytes((place / "other" / "keys" / VKEY_NAME).read_bytes())
    assert run("verify")[0] == 3
    assert run("verify", "--public", "kept.vkey")[0] == 0


def test_a_checkpoint_is_signed_for_who_has_the_key(
    place: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run("checkpoint")
    origin, size, *_ = out.split("\n")
    assert (code, size) == (0, "8")
    assert out.endswith("=\n")
    assert f"\n— {origin} " in out
    own = place / "v" / "keys" / KEY_NAME
    save_signer(load_signer(own), place / "away.key", "correct horse")
    own.unlink()
    assert run("checkpoint")[0] == 1
    code, _, err = run("checkpoint", "--key", "away.key")
    assert (code, "protected by a passphrase" in err) == (1, True)
    monkeypatch.setenv("HUSHTAP_PASSPHRASE", "correct horse")
    assert run("checkpoint", "--key", "away.key") == (0, out, "")
    code, _, err = run("checkpoint", "kept.txt", "--key", "away.key")
    assert (code, err) == (0, "")
    assert (place / "kept.txt").read_text() == out
    assert "kept.txt: already there" in run("checkpoint", "kept.txt", "--key", "away.key")[2]


@pytest.mark.usefixtures("place")
def test_entries_are_shown_and_that_is_one(run: Runner) -> None:
    code, out, _ = run("show")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == [*"123456789"]
    assert "record: begun" in out
    assert "read: success (of 5)" in out
    assert "key-change: success (of 1), add" in out
    code, out, _ = run("show", "--last", "2", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert [(one["number"], one["activity"]) for one in found] == [
        (9, "log-read"),
        (10, "log-read"),
    ]


def test_what_waits_for_export_is_shown_and_is_no_entry(place: Path, run: Runner) -> None:
    assert run("show", "--pending") == (0, "8 entries, never exported\n", "")
    assert run("export", "out") == (0, f"{(place / 'out').as_uri()}: 9 entries\n", "")
    code, _, err = run("export", "syslog+tls://127.0.0.1:1")
    assert code == 1
    assert "syslog+tls://127.0.0.1:1: cannot be reached (Connection refused)" in err
    code, out, _ = run("show", "--pending")
    assert code == 0
    assert "1, last 20" in out
    assert "Connection refused" in out
    code, out, _ = run("show", "--pending", "--json")
    folder, server = (json.loads(line) for line in out.splitlines())
    assert (folder["sent"], folder["pending"], folder["failures"]) == (9, 1, 0)
    assert (server["sent"], server["pending"], server["failures"]) == (0, 10, 1)
    code, out, _ = run("export", "out", "--json")
    assert (code, json.loads(out)["sent"]) == (0, 2)


def test_wrong_use_is_one_clear_line(place: Path, run: Runner) -> None:
    cases = {
        ("verify", "--vault", "none"): (1, "audit.vkey: no key here"),
        ("show", "--vault", "none"): (1, "none: no vault here"),
        ("show", "--pending", "--vault", "none"): (1, "audit.db: no audit log here"),
        ("export", "out", "--vault", "none"): (1, "none: no vault here"),
        ("export", "ftp://x"): (2, "ftp://x: not a target"),
        ("verify", "--checkpoint", "none.txt"): (1, "none.txt: cannot be read"),
        ("checkpoint", "a/b/c.txt"): (1, "c.txt: cannot be written"),
    }
    for words, (expected, line) in cases.items():
        code, out, err = run(*words)
        assert (code, out) == (expected, ""), words
        assert line in err, words
        assert len(err.splitlines()) == 1, words
    assert not (place / "none").exists()


def test_an_entry_that_is_none_is_told_of(place: Path, run: Runner) -> None:
    with closing(sqlite3.connect(place / "v" / LOG_NAME)) as connection, connection:
        connection.execute("DROP TRIGGER entries_update")
        connection.execute("UPDATE entries SET entry = x'ff' WHERE number = 2")
    code, _, err = run("show")
    assert code == 3
    assert "entry 2: not an event" in err


@needs_own_mounts
def test_a_copy_on_read_only_media_is_verified(place: Path, hushtap_command: Command) -> None:
    mount = 'mount --bind v v && mount -o remount,ro,bind v && ! touch v/x 2>&- && exec "$@"'
    before = (*OWN_MOUNTS, "sh", "-c", mount, "sh")
    done = hushtap_command("audit-log", "verify", "--vault", "v", cwd=place, before=before)
    assert "8 entries, 8 of them covered by 4 checkpoints, sound" in done.stdout, done.stderr
    assert done.returncode == 0
