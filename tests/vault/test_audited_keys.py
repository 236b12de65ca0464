"""Opening private keys, changing keys and disposing: on record before, and not done without."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.database import Database
from hushtap.vault.keyring import NewKey, Role
from hushtap.vault.keys import Passphrase, Unprotected, load_private
from hushtap.vault.recordings import State, Vault
from vault.audit.logs import check, entries_of
from vault.rotations import main_key, many, new_key, private_of, record, rotate

if TYPE_CHECKING:
    from collections.abc import Callable

ROTATION = Path(__file__).with_name("rotation_process.py")


def told(vault: Vault, *activities: str) -> list[tuple[str, str, list[str]]]:
    """Change (or activity), outcome and ids of the objects of the entries of ``activities``."""
    found = [json.loads(entry) for entry in entries_of(vault.path)]
    return [
        (
            one.get("change", one["activity"]),
            one["outcome"],
            [thing["id"] for thing in one["objects"]],
        )
        for one in found
        if one["activity"] in activities
    ]


def both(change: str, *ids: str) -> list[tuple[str, str, list[str]]]:
    return [(change, "begun", [*ids]), (change, "success", [*ids])]


def test_each_change_of_keys_is_on_record(vault: Vault, tmp_path: Path) -> None:
    ring = vault.keyring
    [first] = [key.key_id for key in ring.list()]
    assert told(vault, "key-change") == both("add", first)
    safe = ring.add(NewKey(tmp_path / "e.key", Unprotected(), None, "safe"), Role.ESCROW)
    record(vault)
    second = rotate(vault, main_key(vault)).key_id
    third = rotate(vault, load_private(tmp_path / "e.key")).key_id
    ring.destroy(first)
    ring.retire(safe)
    assert told(vault, "key-change") == [
        *both("add", first),
        *both("add", safe),
        ("rotate", "begun", [second, first]),
        *both("add", second),
        ("rotate", "success", [second, first]),
        ("recover", "begun", [third, *sorted([second, safe])]),
        *both("add", third),
        ("recover", "success", [third, *sorted([second, safe])]),
        *both("destroy", first),
        *both("retire", safe),
    ]
    report = check(vault.path)
    assert (report.problems, report.signed) == ([], report.size)


def test_the_first_key_is_on_record_before_it_is_there(tmp_path: Path) -> None:
    place = tmp_path / "absent" / "main.key"
    with pytest.raises(VaultError, match="cannot be written"):
        Vault.create(tmp_path / "v", new_key=NewKey(place, Unprotected(), None, "main"))
    begun, failed = (json.loads(entry) for entry in entries_of(tmp_path / "v"))
    assert (begun["change"], begun["outcome"]) == ("add", "begun")
    assert (failed["outcome"], failed["reason"], failed["of"]) == ("failure", "VaultError", 1)
    assert not (tmp_path / "v" / "catalog.db").exists()
    place.parent.mkdir()
    vault = Vault.create(tmp_path / "v", new_key=NewKey(place, Unprotected(), None, "main"))
    assert told(vault, "key-change")[2:] == both("add", vault.keyring.list()[0].key_id)


def test_a_key_that_is_opened_is_on_record_and_one_that_does_not_open(
    vault: Vault, tmp_path: Path
) -> None:
    guarded = NewKey(tmp_path / "e.key", Passphrase("tea and toast"), "tea and toast", "safe")
    safe = vault.keyring.add(guarded, Role.ESCROW)
    recording = record(vault)
    for passphrase in ("guess", "tea and toast"):
        reader = Vault.open(vault.path, private_key=tmp_path / "e.key", passphrase=passphrase)
        try:
            reader.read(recording)
        except VaultError as error:
            assert "passphrase" in str(error)  # noqa: PT017 - one of the two opens
    assert told(vault, "key-use", "read") == [
        ("read", "begun", [recording]),
        *(("key-use", "begun", [safe]), ("key-use", "failure", [safe])),
        ("read", "failure", [recording]),
        ("read", "begun", [recording]),
        *both("key-use", safe),
        ("read", "success", [recording]),
    ]


def state(vault: Vault) -> list[tuple[str, bytes]]:
    """All files of keys, and what the catalog knows of keys."""
    files = {*vault.path.glob("keys/*"), *vault.path.parent.glob("*.key")}
    kept = [(path.name, path.read_bytes()) for path in sorted(files) if path.suffix != ".lock"]
    with closing(sqlite3.connect(vault.path / "catalog.db")) as connection:
        for table in ("keys", "wrapped_keys", "recordings"):
            rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()  # noqa: S608 - own names
            kept.append((table, repr(rows).encode()))
    return kept


def test_without_a_log_no_key_is_opened_or_changed_and_nothing_disposed_of(
    vault: Vault, tmp_path: Path
) -> None:
    safe = vault.keyring.add(NewKey(tmp_path / "e.key", Unprotected(), None, "safe"), Role.ESCROW)
    recording, opener = record(vault), main_key(vault)
    old = opener.public.key_id
    rotate(vault, opener)
    now = main_key(vault)
    for path in vault.path.glob(f"{LOG_NAME}-*"):
        path.unlink()
    (vault.path / LOG_NAME).write_bytes(b"not a database, not at all" * 400)
    again = Vault.open(vault.path)
    ring, before = again.keyring, state(vault)
    other = NewKey(tmp_path / "other.key", Unprotected(), None, "other")
    acts: list[Callable[[], object]] = [
        lambda: ring.open(vault.path / "keys" / "main-3.key"),
        lambda: ring.add(other, Role.ESCROW),
        lambda: ring.rotate(now, new_key(ring)),
        lambda: ring.retire(safe),
        lambda: ring.destroy(old),
        lambda: again.destroy_keys(recording),
        again.verify,
    ]
    for one in acts:
        with pytest.raises(VaultError, match=r"audit\.db: the audit log cannot be written"):
            one()
        assert state(vault) == before


def test_a_rotation_that_was_killed_has_begun_and_is_ended_by_the_next(vault: Vault) -> None:
    many(vault, 3)
    old = main_key(vault).public.key_id
    command = [sys.executable, str(ROTATION), str(vault.path), "--kill-at", "2"]
    assert subprocess.run(command, check=False).returncode == -9
    due = vault.keyring.unfinished()
    assert due is not None
    assert told(vault, "key-change")[2:] == [("rotate", "begun", [due, old]), *both("add", due)]
    rotate(vault, private_of(vault, old))
    assert told(vault, "key-change")[5:] == both("rotate", due, old)


def test_a_refused_rotation_is_no_entry(vault: Vault, tmp_path: Path) -> None:
    stranger = Vault.create(tmp_path / "other")
    before = entries_of(vault.path)
    with pytest.raises(VaultError, match="no key"):
        vault.keyring.rotate(main_key(stranger), new_key(vault.keyring))
    assert entries_of(vault.path) == before


# --- disposal


def test_what_was_disposed_of_is_verified_as_such(vault: Vault) -> None:
    gone, kept = record(vault), record(vault)
    vault.destroy_keys(gone)
    assert told(vault, "dispose") == both("dispose", gone)
    assert {info.id: info.state for info in vault.list()} == {
        gone: State.DISPOSED,
        kept: State.CLOSED,
    }
    found = {result.recording_id: result for result in Vault.open(vault.path).verify()}
    assert (found[gone].ok, found[gone].state, found[gone].problem) == (True, "disposed", None)
    assert (found[kept].ok, found[kept].state) == (True, "closed")
    (vault.path / "recordings" / f"{gone}.hush").unlink()
    assert vault.verify(gone)[0].ok


def test_keys_that_went_another_way_are_told_of(vault: Vault) -> None:
    recording, other = record(vault), record(vault)
    vault.destroy_keys(other)
    for statement in (
        "DELETE FROM wrapped_keys",
        # The catalog alone is not believed.
        "UPDATE recordings SET state = 'disposed'",
    ):
        with closing(sqlite3.connect(vault.path / "catalog.db")) as connection, connection:
            connection.execute(statement)
        found = {one.recording_id: one for one in Vault.open(vault.path).verify()}
        problem = found[recording].problem or ""
        assert "its keys are gone, but the audit log tells of no disposal" in problem
        assert found[other].ok


def test_keys_that_come_back_are_told_of(vault: Vault, tmp_path: Path) -> None:
    recording = record(vault)
    shutil.copy(vault.path / "catalog.db", tmp_path / "backup.db")
    vault.destroy_keys(recording)
    shutil.copy(tmp_path / "backup.db", vault.path / "catalog.db")
    again = Vault.open(vault.path)
    assert "was disposed of, but its keys are back" in (again.verify()[0].problem or "")
    again.destroy_keys(recording)
    assert again.verify()[0].ok


def test_a_disposal_that_was_cut_short_is_on_record_and_done_again(vault: Vault) -> None:
    recording = record(vault)
    short = Vault.open(vault.path)
    catalog = vault.path / "catalog.db"
    short._catalog.database = Database(catalog, create=False, wait_seconds=0)
    with closing(sqlite3.connect(catalog, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM wrapped_keys").fetchone() == (1,)
        with pytest.raises(VaultError, match="do the same again"):
            short.destroy_keys(recording)
    assert [one[1] for one in told(vault, "dispose")] == ["begun", "failure"]
    assert vault.verify()[0].ok
    assert vault.destroy_keys(recording) == 0
    assert [one[1] for one in told(vault, "dispose")[2:]] == ["begun", "success"]
