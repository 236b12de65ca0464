"""Every act on a recording is on record before it is done, and not done where it cannot be."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.audit.events import Actor
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME
from hushtap.vault.recordings import State, Vault
from vault.audit.logs import check, entries_of
from vault.calls import PHONE_LINE, WORDS, append_all, call

if TYPE_CHECKING:
    from collections.abc import Callable

READER = Path(__file__).with_name("reader_process.py")
RECORDER = Path(__file__).with_name("recorder_process.py")


def record(vault: Vault, samples: int = 9000) -> str:
    with vault.record(PHONE_LINE, source="+1 202 555 0143", policy="00ff00ff00ff00ff") as recording:
        append_all(recording, call(samples))
        recording.add_words(WORDS)
    return recording.id


def told(vault: Vault) -> list[tuple[str, str, str]]:
    """Activity, outcome and first object of every entry but those of changes of keys."""
    found = [json.loads(entry) for entry in entries_of(vault.path)]
    return [
        (one["activity"], one["outcome"], one["objects"][0]["id"])
        for one in found
        if one["activity"] != "key-change"
    ]


def test_each_act_is_on_record_in_order(vault: Vault, tmp_path: Path) -> None:
    first = record(vault)
    vault.read(first[:-1])
    vault.export(first, tmp_path / "a.wav")
    vault.verify()
    vault.verify(first)
    aborted = vault.record(PHONE_LINE, source="line", policy="abc")
    aborted.abort()
    whole, key = vault._log.origin, vault.keyring.list()[0].key_id
    assert told(vault) == [
        ("record", "begun", first),
        ("close", "success", first),
        ("read", "begun", first),
        # Once for all that is read through it.
        *(("key-use", "begun", key), ("key-use", "success", key)),
        ("read", "success", first),
        *(("export", "begun", first), ("export", "success", first)),
        *(("verify", "begun", whole), ("verify", "success", whole)),
        *(("verify", "begun", first), ("verify", "success", first)),
        ("record", "begun", aborted.id),
        ("interrupt", "success", aborted.id),
    ]
    report = check(vault.path)
    assert (report.problems, report.signed) == ([], report.size)
    assert json.loads(entries_of(vault.path)[2])["objects"] == [
        {"kind": "recording", "id": first},
        {"kind": "policy", "id": "00ff00ff00ff00ff"},
    ]


def test_failures_are_on_record_by_their_class(vault: Vault, tmp_path: Path) -> None:
    recording = record(vault)
    path = vault.path / "recordings" / f"{recording}.hush"
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    with pytest.raises(VerificationError):
        vault.read(recording)
    with pytest.raises(VerificationError):
        vault.export(recording, tmp_path / "a.wav")
    assert not vault.verify()[0].ok
    found = [json.loads(entry) for entry in entries_of(vault.path)[4:]]
    assert [
        (one["activity"], one["outcome"], one.get("reason"), one.get("of")) for one in found
    ] == [
        ("read", "begun", None, None),
        *(("key-use", "begun", None, None), ("key-use", "success", None, 6)),
        ("read", "failure", "VerificationError", 5),
        *(("export", "begun", None, None), ("export", "failure", "VerificationError", 9)),
        ("verify", "begun", None, None),
        ("verify", "failure", None, 11),
        ("verify", "success", None, 11),
    ]
    assert found[7]["objects"] == [{"kind": "recording", "id": recording}]


def test_the_one_who_acts_is_named(vault: Vault) -> None:
    recording = record(vault)
    ann = vault.acting_as(Actor("ann", "qa-analyst", "10.0.0.7"))
    assert np.array_equal(ann.read(recording).samples, vault.read(recording).samples)
    actors = [json.loads(entry)["actor"] for entry in entries_of(vault.path)]
    # Her reading opened the key; that it was open served another one's.
    assert [actor["user"] for actor in actors[4:]] == [*["ann"] * 4, *[actors[0]["user"]] * 2]
    assert actors[4] == {"user": "ann", "role": "qa-analyst", "origin": "10.0.0.7"}
    assert actors[0]["origin"] == "local"


def break_log(vault: Vault) -> None:
    (vault.path / LOG_NAME).write_bytes(b"not a database, not at all" * 400)
    for path in vault.path.glob(f"{LOG_NAME}-*"):
        path.unlink()


def test_without_a_log_nothing_is_recorded_read_exported_or_verified(
    vault: Vault, tmp_path: Path
) -> None:
    recording = record(vault)
    sealed = vault.path / "recordings" / f"{recording}.hush"
    # Whoever came as far as the recording would say that it is gone.
    aside = sealed.rename(tmp_path / "aside")
    with pytest.raises(VaultError, match=r"\.hush: cannot be read"):
        Vault.open(vault.path).read(recording)
    break_log(vault)
    again = Vault.open(vault.path)
    acts: list[Callable[[], object]] = [
        lambda: again.read(recording),
        lambda: again.export(recording, tmp_path / "a.wav"),
        again.verify,
        lambda: again.record(PHONE_LINE, source="line", policy="abc"),
    ]
    for one in acts:
        with pytest.raises(
            VaultError, match=r"audit\.db: the audit log cannot be written \(file is"
        ):
            one()
    assert not (tmp_path / "a.wav").exists()
    assert [*(vault.path / "recordings").iterdir()] == []
    assert [info.id for info in again.list()] == [recording]
    aside.rename(sealed)


def test_a_log_that_fails_during_a_call_leaves_it_open_until_it_is_told(
    vault: Vault, tmp_path: Path
) -> None:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, call(9000))
    log = vault.path / LOG_NAME
    aside = log.rename(tmp_path / "aside")
    with pytest.raises(VaultError, match="audit log cannot be written"):
        recording.close()
    assert vault.info(recording.id).state is State.OPEN
    assert Vault.open(vault.path).info(recording.id).state is State.OPEN
    aside.rename(log)
    again = Vault.open(vault.path)
    assert again.info(recording.id).state is State.CLOSED
    assert np.array_equal(again.read(recording.id).samples, call(9000))
    assert told(again)[1][:2] == ("close", "success")
    assert told(again)[0][:2] == ("record", "begun")


def test_a_dead_recorder_is_on_record(vault: Vault) -> None:
    done = subprocess.run(
        [sys.executable, str(RECORDER), str(vault.path), "--kill-after", "9000"],
        capture_output=True,
        text=True,
        check=False,
    )
    recording = done.stdout.strip()
    Vault.open(vault.path)
    assert told(vault) == [("record", "begun", recording), ("interrupt", "success", recording)]


def test_a_vault_of_an_earlier_version_gets_a_log(vault: Vault) -> None:
    recording = record(vault)
    for path in (*vault.path.glob("audit.*"), vault.path / "keys" / KEY_NAME):
        path.unlink()
    (vault.path / "keys" / VKEY_NAME).unlink()
    again = Vault.open(vault.path)
    assert [info.id for info in again.list()] == [recording]
    assert not (vault.path / LOG_NAME).exists()
    assert again.read(recording).complete
    assert [one[:2] for one in told(again)] == [
        ("read", "begun"),
        *(("key-use", "begun"), ("key-use", "success")),
        ("read", "success"),
    ]
    assert check(vault.path).problems == []


def run_reader(
    vault: Vault, *words: str, under: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    command = [*under, sys.executable, str(READER), str(vault.path), *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )


def test_a_full_disk_stops_reading_and_exporting(vault: Vault, tmp_path: Path) -> None:
    recording = record(vault)
    wav = tmp_path / "a.wav"
    done = run_reader(vault, recording, str(wav))
    assert done.stdout.splitlines() == ["read", "exported"], done.stderr
    wav.unlink()
    done = run_reader(vault, recording, str(wav), "--full-disk")
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    for line in lines:
        assert re.search(r"VaultError .*audit\.db: the audit log cannot be written", line)
    assert not wav.exists()
    assert check(vault.path).problems == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (apt-get install strace)")
@pytest.mark.parametrize("act", ["read", "export"])
def test_the_entry_is_on_the_disk_before_the_recording_is_opened(
    vault: Vault, tmp_path: Path, act: str
) -> None:
    recording = record(vault)
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-qq", "-y", "-e", "trace=openat,fdatasync,fsync", "-o", str(trace))
    words = [recording] if act == "read" else [recording, str(tmp_path / "a.wav")]
    done = run_reader(vault, *words, under=strace)
    assert "VaultError" not in done.stdout, done.stderr
    calls = trace.read_text().splitlines()
    synced = [
        at for at, one in enumerate(calls) if re.search(r"sync\(\d+<.*/audit\.db-wal>\) += 0", one)
    ]
    opened = [at for at, one in enumerate(calls) if f"{recording}.hush" in one]
    # Reading opens it once, exporting once more; a sync before each of them and after.
    expected = 1 if act == "read" else 2
    assert len(opened) == expected
    for before, at in enumerate(opened):
        assert len([one for one in synced if one < at]) >= 2 * before + 1


def test_no_text_of_a_call_and_no_line_is_in_the_log(vault: Vault, tmp_path: Path) -> None:
    recording = record(vault)
    vault.read(recording)
    vault.export(recording, tmp_path / "4111111111111111.wav")
    vault.verify()
    with pytest.raises(VaultError, match="no recording"):
        vault.read("4111111111111111")
    with pytest.raises(VaultError, match="cannot be written"):
        vault.export(recording, tmp_path / "absent" / "4111111111111111.wav")
    vault.record(PHONE_LINE, source="4111111111111111", policy="four one one one").abort()
    content = b"".join(path.read_bytes() for path in vault.path.glob("audit.*"))
    secrets = [b"4111111111111111", b"four one", b"5550143", b"555 0143", str(tmp_path).encode()]
    secrets += [word.text.encode() for word in WORDS if len(word.text) > 3]
    assert len(secrets) > 5
    for secret in secrets:
        assert secret not in content, secret
    # It is searched where entries are: what must be there is found.
    assert recording.encode() in content
    assert b"unknown" in content
