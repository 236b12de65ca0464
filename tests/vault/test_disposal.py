from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.database import Database
from hushtap.vault.keyring import NewKey, Role
from hushtap.vault.keys import Unprotected, load_private
from hushtap.vault.reader import open_recording
from hushtap.vault.recordings import State, Vault
from vault.calls import PHONE_LINE, append_all, call
from vault.rotations import many, record

if TYPE_CHECKING:
    from pathlib import Path


def traces(vault: Vault, secrets: list[bytes]) -> int:
    """Return in how many places of the vault's files a piece of a wrapped key lies."""
    pieces = [secret[at : at + 16] for secret in secrets for at in range(0, len(secret) - 16, 16)]
    files = [path.read_bytes() for path in vault.path.rglob("*") if path.is_file()]
    return sum(piece in content for piece in pieces for content in files)


def test_no_trace_of_a_destroyed_key_is_left_in_database_or_log(
    vault: Vault, tmp_path: Path
) -> None:
    vault.keyring.add(NewKey(tmp_path / "e.key", Unprotected(), None, "safe"), Role.ESCROW)
    many(vault, 30)
    recording, kept = record(vault), record(vault)
    many_more = [*vault._catalog.find(recording)[1].values()]
    assert len(many_more) == 2
    # A process that has the database open keeps the log from being removed.
    with closing(sqlite3.connect(vault.path / "catalog.db")) as idle:
        assert idle.execute("SELECT count(*) FROM recordings").fetchone() == (32,)
        assert traces(vault, many_more) == 2 * 72
        assert vault.destroy_keys(recording) == 2
        assert (vault.path / "catalog.db-wal").exists()
        assert traces(vault, many_more) == 0
    assert traces(vault, many_more) == 0
    assert vault.destroy_keys(recording) == 0
    with pytest.raises(VaultError, match="its keys were destroyed; nothing opens it"):
        vault.read(recording)
    assert vault.read(kept).complete
    assert [key.opens for key in vault.keyring.list()] == [31, 31]


def test_with_everything_else_restored_a_disposed_recording_stays_shut(
    vault: Vault, tmp_path: Path
) -> None:
    recording, kept = record(vault), record(vault)
    shutil.copytree(vault.path, tmp_path / "before")
    vault.destroy_keys(recording)
    (vault.path / "recordings" / f"{recording}.hush").unlink()
    for name in ("recordings", "keys"):
        shutil.copytree(tmp_path / "before" / name, vault.path / name, dirs_exist_ok=True)
    restored = Vault.open(vault.path)
    with pytest.raises(VaultError, match="its keys were destroyed"):
        restored.read(recording)
    # Nor does any wrapped key that is left, as it is or put beside it.
    private = load_private(vault.path / "keys" / "private.key")
    info, path = restored.info(recording), vault.path / "recordings" / f"{recording}.hush"
    for wrapped in restored._catalog.find(kept)[1].values():
        with pytest.raises(VerificationError):
            private.unwrap(wrapped, recording)
        with path.open("rb") as file, pytest.raises(VerificationError):
            open_recording(file, path, info, private.unwrap(wrapped, kept))
    # The control: with the row from before, the same file and key open it.
    shutil.copy(tmp_path / "before" / "catalog.db", vault.path / "catalog.db")
    assert Vault.open(vault.path).read(recording).complete


def test_a_recording_that_is_being_written_keeps_its_keys(vault: Vault) -> None:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, call(500))
    with pytest.raises(VaultError, match="is being written; end it first"):
        Vault.open(vault.path).destroy_keys(recording.id)
    recording.close()
    assert vault.read(recording.id).complete
    assert vault.destroy_keys(recording.id) == 1
    assert vault.info(recording.id).state is State.DISPOSED


def test_the_unknown_is_not_destroyed(vault: Vault) -> None:
    record(vault)
    with pytest.raises(VaultError, match="no recording"):
        vault.destroy_keys("2031")
    assert vault.keyring.list()[0].opens == 1


def test_a_log_that_somebody_reads_on_is_told_of(vault: Vault) -> None:
    many(vault, 5)
    database = Database(vault.path / "catalog.db", create=False, wait_seconds=0)
    with database.reading() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM wrapped_keys").scalar() == 5
        with database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM wrapped_keys")
        with pytest.raises(VaultError, match="do the same again once that has ended"):
            database.scrub("20260101T000000-00000000")
    database.scrub("20260101T000000-00000000")
