"""Disposal: keys, object, certificate, in that order, whoever is killed in between."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError, VerificationError
from hushtap.vault import statements
from hushtap.vault.audit.events import Actor
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME, load_verifier
from hushtap.vault.keyring import NewKey, Role
from hushtap.vault.keys import Unprotected
from hushtap.vault.recordings import CallDetails, State, Vault
from hushtap.wholefile import part_of
from vault.audit.logs import check, entries_of
from vault.calls import PHONE_LINE, append_all, call
from vault.lives import needs_strace, record, run_life
from vault.rotations import main_key, rotate
from vault.test_disposal import traces

if TYPE_CHECKING:
    from pathlib import Path

DETAILS = CallDetails("ann", "billing", None, "+1 202 555 0143", "id-774411")


def sealed(vault: Vault, recording: str) -> Path:
    return vault.path / "recordings" / f"{recording}.hush"


def statement_of(vault: Vault, recording: str) -> tuple[str, dict[str, dict[str, object]]]:
    text = (vault.path / "certificates" / f"{recording}.txt").read_text()
    return statements.read(text, load_verifier(vault.path / "keys" / VKEY_NAME))


def test_a_disposal_leaves_neither_key_nor_object_nor_person(vault: Vault, tmp_path: Path) -> None:
    vault.keyring.add(NewKey(tmp_path / "e.key", Unprotected(), None, "safe"), Role.ESCROW)
    recording, kept = record(vault, DETAILS), record(vault, DETAILS)
    wrapped = [*vault._catalog.find(recording)[1].values()]
    assert len(wrapped) == 2
    # A process that has the database open keeps the log from being removed.
    with closing(sqlite3.connect(vault.path / "catalog.db")) as idle:
        assert idle.execute("SELECT count(*) FROM recordings").fetchone() == (2,)
        assert traces(vault, wrapped) == 2 * 72
        done = vault.life.dispose(recording)
        assert traces(vault, wrapped) == 0
    assert (done.recording_id, done.keys) == (recording, 2)
    assert not sealed(vault, recording).exists()
    info = vault.info(recording)
    assert (info.state, info.agent, info.caller, info.call_id) == (State.DISPOSED, *[None] * 3)
    # What is left says which term it had, and that it was there.
    assert (info.queue, info.policy, info.source) == ("billing", "abc", "")
    assert vault.info(kept).caller is not None
    # What is there of the other: the row, and its index.
    content = b"".join(path.read_bytes() for path in vault.path.glob("catalog.db*"))
    assert content.count(b"id-774411") == 2
    assert [result.ok for result in vault.verify()] == [True, True]
    with pytest.raises(VaultError, match="its keys were destroyed"):
        vault.read(recording)


def test_the_certificate_says_who_when_why_what_and_the_log_has_the_same(vault: Vault) -> None:
    recording = record(vault)
    digest = hashlib.sha256(sealed(vault, recording).read_bytes()).hexdigest()
    [key] = vault.keyring.list()
    ann = vault.acting_as(Actor("ann", "privacy-officer", "10.0.0.7"))
    done = ann.life.dispose(recording, "order-77")
    about, body = statement_of(vault, recording)
    assert about == "hushtap/disposal/1"
    begun, ended = body["begun"]["entry"], body["done"]["entry"]
    assert isinstance(begun, dict)
    assert isinstance(ended, dict)
    for entry, outcome in ((begun, "begun"), (ended, "success")):
        assert (entry["activity"], entry["outcome"], entry["change"]) == (
            *("dispose", outcome, "order"),
        )
        assert entry["actor"] == {"user": "ann", "role": "privacy-officer", "origin": "10.0.0.7"}
        assert entry["objects"] == [
            {"kind": "recording", "id": recording},
            {"kind": "key", "id": key.key_id},
            {"kind": "object", "id": f"sha256:{digest}"},
            {"kind": "case", "id": "order-77"},
        ]
    log = [json.loads(entry) for entry in entries_of(vault.path)]
    assert log[int(str(body["done"]["number"])) - 1] == ended
    assert body["begun"]["number"] == done.entry
    statements.confirm(vault.path / LOG_NAME, body)
    for number, entry in ((1, ended), (body["done"]["number"], begun)):
        with pytest.raises(VerificationError, match="other entries in the certificate's place"):
            statements.confirm(
                vault.path / LOG_NAME, body | {"done": {"number": number, "entry": entry}}
            )


def test_a_certificate_that_was_changed_or_is_another_vaults_is_found(
    vault: Vault, tmp_path: Path
) -> None:
    recording = record(vault)
    vault.life.dispose(recording)
    text = (vault.path / "certificates" / f"{recording}.txt").read_text()
    verifier = load_verifier(vault.path / "keys" / VKEY_NAME)
    for at in range(0, len(text), 7):
        changed = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
        with pytest.raises(VerificationError, match="not a statement"):
            statements.read(changed, verifier)
    other = Vault.create(tmp_path / "other")
    with pytest.raises(VerificationError):
        statements.read(text, load_verifier(other.path / "keys" / VKEY_NAME))
    # Nor is a checkpoint, which the same key signs, taken for one.
    with pytest.raises(VerificationError):
        statements.read(vault._log.checkpoint(), verifier)
    about, body = statements.read(text, verifier)
    assert about == "hushtap/disposal/1"
    record(other)
    other.life.dispose(record(other))
    with pytest.raises(VerificationError, match="audit log"):
        statements.confirm(other.path / LOG_NAME, body)


def test_what_is_disposed_of_twice_is_disposed_of_once(vault: Vault) -> None:
    recording = record(vault)
    first = vault.life.dispose(recording)
    entries = len(entries_of(vault.path))
    again = vault.life.dispose(recording)
    assert (again.entry, again.keys, again.certificate) == (first.entry, 0, first.certificate)
    assert len(entries_of(vault.path)) == entries
    assert list(vault.life.finish()) == []


def test_of_two_who_dispose_of_it_at_once_one_does_and_the_other_is_told(vault: Vault) -> None:
    ids = [record(vault) for _ in range(6)]
    together = Barrier(2)

    def dispose(recording: str) -> str:
        other = Vault.open(vault.path)
        together.wait()
        try:
            other.life.dispose(recording)
        except VaultError as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(2) as both:
        told = {said for one in ids for said in both.map(dispose, [one] * 2)}
    # An older reader of the database's log is told of as well, and what is left is due.
    assert not any("changed meanwhile" in said for said in told)
    list(vault.life.finish())
    for recording in ids:
        assert not sealed(vault, recording).exists()
        assert vault.life.disposals.certificate(recording)
    check(vault.path)


def test_one_that_is_being_written_is_not_disposed_of(vault: Vault) -> None:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, call(500))
    with pytest.raises(VaultError, match="is being written; end it first"):
        vault.life.dispose(recording.id)
    recording.close()
    assert vault.read(recording.id).complete


def test_keys_destroyed_by_the_older_way_leave_an_object_that_disposal_takes(vault: Vault) -> None:
    recording = record(vault)
    vault.destroy_keys(recording)
    assert vault.life.report().unfinished == [recording]
    vault.life.dispose(recording)
    assert not sealed(vault, recording).exists()
    assert vault.life.report().ok


def test_without_the_signing_key_it_is_disposed_of_and_certified_later(
    vault: Vault, tmp_path: Path
) -> None:
    recording = record(vault)
    vault._log.close()
    key = (vault.path / "keys" / KEY_NAME).rename(tmp_path / "audit.key")
    recorder = Vault.open(vault.path)
    assert recorder.life.dispose(recording).certificate is None
    assert not sealed(vault, recording).exists()
    with pytest.raises(VaultError, match="no key here"):
        recorder.life.disposals.certificate(recording)
    office = Vault.open(vault.path, audit_key=key)
    text = office.life.disposals.certificate(recording)
    _, body = statements.read(text, load_verifier(vault.path / "keys" / VKEY_NAME))
    assert body["done"]["entry"]["objects"][0]["id"] == recording
    # Signed from the log: the same bytes, whenever it is asked for.
    assert office.life.disposals.certificate(recording) == text
    with pytest.raises(VaultError, match="was not disposed of"):
        office.life.disposals.certificate(record(office))


def test_without_a_log_nothing_is_disposed_of(vault: Vault) -> None:
    recording = record(vault)
    vault._log.close()
    log = vault.path / LOG_NAME
    log.unlink()
    log.write_bytes(b"not a database, not at all" * 400)
    for path in vault.path.glob(f"{LOG_NAME}-*"):
        path.unlink()
    again = Vault.open(vault.path)
    with pytest.raises(VaultError, match="audit log"):
        again.life.dispose(recording)
    assert sealed(vault, recording).exists()
    assert again._catalog.find(recording)[1]
    assert again.info(recording).state is State.CLOSED


KILLS = {
    "before the keys are gone for good": ("fdatasync:signal=SIGKILL:when=1", "catalog.db-wal"),
    "between keys and object": ("unlink:signal=SIGKILL", "{object}"),
    "while the certificate is written": ("rename,renameat:signal=SIGKILL", "{certificate}"),
}


first, *others = KILLS


@needs_strace
@pytest.mark.parametrize(
    "when",
    [pytest.param(name, marks=pytest.mark.slow) if "before" in name else name for name in KILLS],
)
def test_whoever_is_killed_the_next_finishes(vault: Vault, when: str) -> None:
    recording, kept = record(vault, DETAILS), record(vault)
    wrapped = [*vault._catalog.find(recording)[1].values()]
    fault, name = KILLS[when]
    certificate = vault.path / "certificates" / f"{recording}.txt"
    places = {"{object}": sealed(vault, recording), "{certificate}": part_of(certificate)}
    done = run_life(
        *(vault, "dispose", recording), fault=fault, at=places.get(name, vault.path / name)
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    again = Vault.open(vault.path)
    gone = not again._catalog.find(recording)[1]
    assert gone or name == "catalog.db-wal"
    if name == "{object}":
        # The worst moment: nothing opens what is still there.
        assert gone
        assert sealed(vault, recording).exists()
        assert again.life.report().unfinished == [recording]
        assert again.life.disposals.unfinished() == [recording]
        with pytest.raises(VaultError, match="its keys were destroyed"):
            again.read(recording)
    if gone:
        [(finished, _)] = again.life.finish()
        assert finished == recording
    else:
        assert list(again.life.finish()) == []
        assert again.read(recording).complete
        again.life.dispose(recording)
    assert not sealed(vault, recording).exists()
    assert traces(again, wrapped) == 0
    assert statement_of(vault, recording)[0] == "hushtap/disposal/1"
    assert again.life.disposals.unfinished() == []
    assert again.life.report().ok
    assert again.read(kept).complete
    assert check(vault.path).problems == []


@needs_strace
def test_an_object_that_cannot_be_deleted_is_told_of_and_left_for_the_next(vault: Vault) -> None:
    recording = record(vault)
    fault = "unlink:error=EIO"
    done = run_life(vault, "dispose", recording, fault=fault, at=sealed(vault, recording))
    assert done.returncode == 0, done.stderr
    assert "cannot be deleted (Input/output error); its keys are gone, do it again" in done.stdout
    assert not (vault.path / "certificates" / f"{recording}.txt").exists()
    again = Vault.open(vault.path)
    # One that fails still is told of, and does not stop the next.
    path = sealed(vault, recording)
    path.unlink()
    path.mkdir()
    [(left, error)] = again.life.finish()
    assert (left, "cannot be deleted" in str(error)) == (recording, True)
    path.rmdir()
    assert [one for one, _ in again.life.finish()] == [recording]
    assert not sealed(vault, recording).exists()


# --- backups


def test_what_a_backup_brings_back_is_found_and_disposed_of_again(
    vault: Vault, tmp_path: Path
) -> None:
    recording = record(vault, DETAILS)
    backup = shutil.copytree(vault.path, tmp_path / "backup")
    vault.life.dispose(recording)
    vault._log.close()
    shutil.copy(backup / "catalog.db", vault.path / "catalog.db")
    shutil.copytree(backup / "recordings", vault.path / "recordings", dirs_exist_ok=True)
    restored = Vault.open(vault.path)
    # The promise ends here: a backup of the catalog has the wrapped key.
    assert restored.read(recording).complete
    assert restored.life.report().returned == [recording]
    assert not restored.verify()[0].ok
    [(due, outcome)] = restored.life.dispose_due()
    assert (due.cause, due.info.id) == ("again", recording)
    assert not isinstance(outcome, VaultError)
    assert restored.life.report().ok
    with pytest.raises(VaultError, match="its keys were destroyed"):
        restored.read(recording)


def test_a_rotation_shuts_what_older_backups_hold(vault: Vault, tmp_path: Path) -> None:
    gone, kept = record(vault), record(vault)
    backup = shutil.copytree(vault.path, tmp_path / "backup")
    vault.life.dispose(gone)
    old = main_key(vault)
    rotate(vault, old)
    # The old private half is destroyed wherever it lies, the backup's among it.
    for keys in (vault.path / "keys", backup / "keys"):
        (keys / "private.key").unlink()
    [new] = list((vault.path / "keys").glob("main-*.key"))
    assert Vault.open(vault.path, private_key=new).read(kept).complete
    # Disk, database and log from before, with the key-encryption key of now.
    restored = Vault.open(backup, private_key=new)
    for recording in (gone, kept):
        with pytest.raises(VaultError, match="was sealed to key"):
            restored.read(recording)
