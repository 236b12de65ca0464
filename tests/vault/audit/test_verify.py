"""Every way to tamper with a log is found, with the place; each beside a control that is not."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Outcome
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.audit.merkle import Frontier, leaf_hash
from hushtap.vault.audit.note import Signer
from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME, load_signer, new_signer
from hushtap.vault.audit.store import TABLES, TRIGGERS
from vault.audit.logs import check, entries_of, event, log_of, rewrite, tamper
from vault.audit.test_merkle import defined_root

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = 20


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A log of 20 entries with a checkpoint at 12, and nothing signed after it."""
    path = tmp_path / "vault"
    log = log_of(path, 11)
    log.append(event(12, Outcome.SUCCESS))
    (path / "keys" / KEY_NAME).rename(tmp_path / KEY_NAME)
    log_of(path, 8).close()
    log.store.close()
    (tmp_path / KEY_NAME).rename(path / "keys" / KEY_NAME)
    return path


@pytest.fixture
def kept(vault: Path) -> str:
    """A checkpoint over all 20 that left the host, and of which the log holds no copy."""
    signer = load_signer(vault / "keys" / KEY_NAME)
    return head(signer, entries_of(vault))


def head(signer: Signer, entries: list[bytes]) -> str:
    from hushtap.vault.audit.note import Checkpoint  # noqa: PLC0415

    return signer.sign(Checkpoint(signer.name, len(entries), defined_root(entries)).text())


def test_a_log_that_nobody_touched_is_sound(vault: Path, kept: str) -> None:
    report = check(vault)
    assert (report.problems, report.size, report.signed) == ([], ENTRIES, 12)
    assert report.root == defined_root(entries_of(vault))
    report = check(vault, kept)
    assert (report.problems, report.signed, report.checkpoints) == ([], ENTRIES, 2)


def test_the_guards_off_and_on_again_is_no_change(vault: Path, kept: str) -> None:
    tamper(vault)
    assert check(vault, kept).problems == []


ANN_TO_BEN = "UPDATE entries SET entry = CAST(replace(entry, 'ann', 'ben') AS BLOB) WHERE number = "

MOVED = range(16, 20)

TAMPERING = {
    "an entry before the checkpoint is edited": (
        [f"{ANN_TO_BEN}5"],
        [
            "entry 5: was changed, or stands in another's place",
            "checkpoint 12: entries 1 to 12 are not what was signed; the change lies in 1 to 12",
        ],
    ),
    "an entry after the checkpoint is edited": (
        [f"{ANN_TO_BEN}15"],
        ["entry 15: was changed, or stands in another's place"],
    ),
    "the last entry is edited": (
        [f"{ANN_TO_BEN}20"],
        ["entry 20: was changed, or stands in another's place"],
    ),
    "one is deleted": (
        ["DELETE FROM entries WHERE number = 7"],
        [
            "entry 7 is missing",
            "checkpoint 12: entries 1 to 12 are not what was signed; the change lies in 1 to 12",
        ],
    ),
    "several are deleted": (
        ["DELETE FROM entries WHERE number BETWEEN 14 AND 16"],
        ["14 to 16 are missing"],
    ),
    "the first is deleted": (
        ["DELETE FROM entries WHERE number = 1"],
        [
            "entry 1 is missing",
            "checkpoint 12: entries 1 to 12 are not what was signed; the change lies in 1 to 12",
        ],
    ),
    "one is deleted and the others moved up": (
        [
            "DELETE FROM entries WHERE number = 16",
            "UPDATE entries SET number = number - 1 WHERE number > 16",
        ],
        [
            *(f"entry {at}: its hashes are not those of its place" for at in MOVED),
        ],
    ),
    "two change places": (
        [
            "UPDATE entries SET number = 99 WHERE number = 13",
            "UPDATE entries SET number = 13 WHERE number = 15",
            "UPDATE entries SET number = 15 WHERE number = 99",
        ],
        ["entry 14: the hash over it and the 1 before it was changed"],
    ),
    "the contents of two change places": (
        [
            "CREATE TEMP TABLE t AS SELECT number, entry FROM entries WHERE number IN (13, 15)",
            "UPDATE entries SET entry = (SELECT entry FROM t WHERE t.number = 28 - entries.number) "
            "WHERE number IN (13, 15)",
        ],
        [
            "entry 13: was changed, or stands in another's place",
            "entry 15: was changed, or stands in another's place",
        ],
    ),
    "one is put in": (
        ["INSERT INTO entries SELECT 0, entry, nodes FROM entries WHERE number = 1"],
        [
            "entry 0 does not belong here",
            "entry 0: its hashes are not those of its place",
            "checkpoint 12: entries 1 to 12 are not what was signed; the change lies in 1 to 12",
        ],
    ),
    "a hash is changed": (
        [
            "UPDATE entries SET nodes = CAST(substr(nodes, 1, 32) || zeroblob(32) AS BLOB) "
            "WHERE number = 14"
        ],
        [
            "entry 14: the hash over it and the 1 before it was changed",
            "entry 16: the hash over it and the 3 before it was changed",
        ],
    ),
    "it is cut below its checkpoint": (
        ["DELETE FROM entries WHERE number > 10"],
        ["checkpoint 12 has 12 entries signed, the log has 10: 11 to 12 were cut off"],
    ),
    "it is emptied": (
        ["DELETE FROM entries"],
        ["checkpoint 12 has 12 entries signed, the log has 0: 1 to 12 were cut off"],
    ),
    "a checkpoint is changed": (
        ["UPDATE checkpoints SET note = replace(note, '12', '13')"],
        ["checkpoint 12: not a checkpoint of this log's key (a signature is wrong)"],
    ),
    "a checkpoint says another size": (
        ["UPDATE checkpoints SET size = 13"],
        ["checkpoint 13: a checkpoint of another log or size"],
    ),
    "the log takes another name": (
        ["UPDATE log SET origin = 'hushtap/0'"],
        ["the log calls itself 'hushtap/0', its key is for "],
    ),
    "a guard is gone": (
        ["SELECT 1"],
        ["the guard against changes entries_update is missing or was altered"],
    ),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found_with_its_place(vault: Path, what: str) -> None:
    statements, expected = TAMPERING[what]
    tamper(vault, *statements)
    if what == "a guard is gone":
        with closing(sqlite3.connect(vault / LOG_NAME)) as connection, connection:
            connection.execute("DROP TRIGGER entries_update")
    report = check(vault)
    assert not report.ok
    found = list(report.problems)
    for line in expected:
        assert any(problem.startswith(line) for problem in found), (line, found)
    if what != "two change places":
        assert len(found) == len(expected), found


def recomputed(entries: list[bytes]) -> list[str]:
    """Return statements that put in every hash as it follows from ``entries``."""
    tree = Frontier()
    statements = ["DELETE FROM entries"]
    for number, entry in enumerate(entries, 1):
        nodes = b"".join(tree.append(leaf_hash(entry)))
        values = f"{number}, x'{entry.hex()}', x'{nodes.hex()}'"
        statements.append(f"INSERT INTO entries VALUES ({values})")  # noqa: S608 - that is the point
    return statements


def test_an_edit_with_every_hash_recomputed_is_found_by_the_stored_checkpoint(vault: Path) -> None:
    entries = entries_of(vault)
    entries[4] = entries[4].replace(b"ann", b"ben")
    tamper(vault, *recomputed(entries))
    [problem] = check(vault).problems
    assert problem == (
        "checkpoint 12: entries 1 to 12 are not what was signed; the change lies in 1 to 12"
    )


def test_beyond_the_last_checkpoint_only_one_kept_elsewhere_finds_it(
    vault: Path, kept: str
) -> None:
    entries = entries_of(vault)
    entries[16] = entries[16].replace(b"ann", b"ben")
    tamper(vault, *recomputed(entries))
    assert check(vault).problems == []
    [problem] = check(vault, kept).problems
    assert problem == "kept 1: entries 1 to 20 are not what was signed; the change lies in 1 to 20"


def test_a_cut_at_a_checkpoint_is_found_by_one_kept_elsewhere(vault: Path, kept: str) -> None:
    tamper(vault, "DELETE FROM entries WHERE number > 12")
    assert check(vault).problems == []
    [problem] = check(vault, kept).problems
    assert problem == "kept 1 has 20 entries signed, the log has 12: 13 to 20 were cut off"


def test_a_log_rewritten_with_its_own_key_is_found_by_one_kept_elsewhere(
    vault: Path, kept: str
) -> None:
    entries = entries_of(vault)
    forged = [entry.replace(b"ann", b"ben") for entry in entries] + entries
    rewrite(vault, forged)
    report = check(vault)
    assert (report.problems, report.signed) == ([], 40)
    report = check(vault, kept)
    [problem] = report.problems
    assert report.signed == 0
    assert problem == "kept 1: entries 1 to 20 are not what was signed; the change lies in 1 to 20"
    rewrite(vault, entries)
    assert check(vault, kept).problems == []


def test_a_log_with_another_key_is_not_the_one_that_was_kept(vault: Path, kept: str) -> None:
    entries = entries_of(vault)
    shutil.rmtree(vault)
    log_of(vault, 0).close()
    rewrite(vault, entries)
    assert check(vault).problems == []
    [problem] = check(vault, kept).problems
    assert problem == "kept 1: not a checkpoint of this log's key (not signed by this key)"


def test_a_checkpoint_that_another_key_signed_under_the_same_name_is_refused(vault: Path) -> None:
    signer = load_signer(vault / "keys" / KEY_NAME)
    forged = head(new_signer(signer.name), entries_of(vault))
    [problem] = check(vault, forged).problems
    assert "not signed by this key" in problem


def test_a_log_that_is_read_while_it_grows_is_sound(vault: Path) -> None:
    from hushtap.vault.audit.reading import reading  # noqa: PLC0415
    from hushtap.vault.audit.signing import load_verifier  # noqa: PLC0415
    from hushtap.vault.audit.verify import verify  # noqa: PLC0415

    with reading(vault / LOG_NAME) as state:
        log_of(vault, 5)
        report = verify(state, load_verifier(vault / "keys" / VKEY_NAME))
    assert (report.problems, report.size) == ([], ENTRIES)
    assert check(vault).size == ENTRIES + 5


def test_every_changed_byte_of_an_entry_s_page_is_found(vault: Path) -> None:
    """Raw bytes on the disk: wherever an entry or a hash lies."""
    path = vault / LOG_NAME
    log = log_of(vault, 0)
    log.store.close()
    sound = path.read_bytes()
    entry = entries_of(vault)[9]
    start = sound.index(entry)
    for at in range(start, start + len(entry) + 64, 7):
        damaged = bytearray(sound)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        try:
            assert not check(vault).ok, at
        except VaultError as error:
            assert error.exit_code == 3  # noqa: PT017 - either way of finding it will do
    path.write_bytes(sound)
    assert check(vault).ok


def test_what_is_checked_of_the_schema_is_all_of_it(vault: Path) -> None:
    with closing(sqlite3.connect(vault / LOG_NAME)) as connection:
        names = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE sql > ''")
        }
    assert names == {*TABLES, *TRIGGERS}
    assert len(TRIGGERS) == 8
