from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hushtap.errors import VaultError
from hushtap.values import Entity
from hushtap.vault.database import Database
from hushtap.vault.keyring import Role
from hushtap.vault.recordings import CallDetails, Consent, Query, State, Vault
from hushtap.vault.schema import SCHEMA, metadata
from vault.audit.logs import check
from vault.calls import FINDINGS, WORDS, call
from vault.lives import record as record_with
from vault.rotations import main_key, record, rotate

GOLDEN = Path(__file__).parent / "golden" / "schema1"
GOLDEN_2 = GOLDEN.with_name("schema2")
KEY = "b7e0f22ca0d55222"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A vault of schema 1 as version 0.1.0 wrote it: one call closed, one interrupted."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "vault"))


@pytest.fixture
def old2(tmp_path: Path) -> Path:
    """A vault as its last version wrote it: a call closed, one broken off, one disposed of."""
    return Path(shutil.copytree(GOLDEN_2, tmp_path / "vault2"))


def version(vault: Path) -> int:
    with closing(sqlite3.connect(vault / "catalog.db")) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_vault_of_schema_1_goes_on(old: Path) -> None:
    assert version(old) == 1
    vault = Vault.open(old)
    assert version(old) == SCHEMA
    closed, interrupted = vault.list()
    assert (closed.state, interrupted.state) == (State.CLOSED, State.INTERRUPTED)
    assert (closed.samples, closed.source, closed.policy) == (400, "line", "abc")
    assert closed.findings == {"CREDIT_CARD": 1, "UNHEARD": 1}
    for seed, info in enumerate((closed, interrupted), start=1):
        opened = vault.read(info.id)
        assert np.array_equal(opened.samples, call(400, seed=seed))
        assert (opened.words, opened.findings) == (WORDS, FINDINGS)
    [key] = vault.keyring.list()
    assert (key.key_id, key.role, key.state, key.opens) == (KEY, Role.MAIN, "active", 2)
    record(vault)
    rotate(vault, main_key(vault))
    assert [result.ok for result in Vault.open(old).verify()] == [True] * 3


def test_a_vault_of_schema_2_goes_on(old2: Path) -> None:
    assert version(old2) == 2
    vault = Vault.open(old2)
    assert version(old2) == SCHEMA
    closed, interrupted, disposed = vault.list()
    states = [State.CLOSED, State.INTERRUPTED, State.DISPOSED]
    assert [info.state for info in (closed, interrupted, disposed)] == states
    for seed, info in enumerate((closed, interrupted), start=1):
        assert info.findings == {"CREDIT_CARD": 1, "UNHEARD": 1}
        assert (info.agent, info.caller, info.consent, info.held) == (None, None, "unknown", False)
        opened = vault.read(info.id)
        assert np.array_equal(opened.samples, call(400, seed=seed))
        assert (opened.words, opened.findings) == (WORDS, FINDINGS)
    with pytest.raises(VaultError, match="its keys were destroyed"):
        vault.read(disposed.id)
    [key] = vault.keyring.list()
    assert (key.role, key.state, key.opens) == (Role.MAIN, "active", 2)
    details = CallDetails("ann", "billing", caller="+1 202 555 0143", consent=Consent.GIVEN)
    new = record_with(vault, details)
    assert [info.id for info in vault.search(Query(agent="ann", caller="+12025550143"))] == [new]
    rotate(vault, main_key(vault))
    assert [result.ok for result in Vault.open(old2).verify()] == [True] * 4
    assert check(old2).problems == []


@pytest.mark.parametrize("golden", [GOLDEN, GOLDEN_2])
def test_what_was_found_before_is_searched_for_too(golden: Path, tmp_path: Path) -> None:
    vault = Vault.open(Path(shutil.copytree(golden, tmp_path / "copy")))
    with_cards = [info.id for info in vault.list() if info.findings]
    assert len(with_cards) == 2 + (golden == GOLDEN_2)
    cards = vault.search(Query(entity=Entity.CREDIT_CARD))
    assert [info.id for info in cards] == with_cards
    assert vault.search(Query(entity=Entity.CVV)) == []


@pytest.mark.parametrize("golden", [GOLDEN, GOLDEN_2])
def test_an_old_vault_comes_to_the_tables_of_a_new_one(golden: Path, tmp_path: Path) -> None:
    def tables(vault: Path) -> dict[str, object]:
        with closing(sqlite3.connect(vault / "catalog.db")) as connection:
            return {
                name: (
                    connection.execute(f"PRAGMA table_info({name})").fetchall(),
                    sorted(row[1:3] for row in connection.execute(f"PRAGMA index_list({name})")),
                    connection.execute(f"PRAGMA foreign_key_list({name})").fetchall(),
                )
                for name in metadata.tables
            }

    new = Vault.create(tmp_path / "new")
    old = Vault.open(Path(shutil.copytree(golden, tmp_path / "copy")))
    assert tables(old.path) == tables(new.path)
    assert len(tables(new.path)["recordings"][1]) == 8  # type: ignore[index]


def test_a_migration_of_schema_2_that_fails_half_way_leaves_it(old2: Path) -> None:
    with closing(sqlite3.connect(old2 / "catalog.db")) as connection, connection:
        connection.execute("CREATE INDEX ix_recordings_held_id ON recordings (id)")
    with pytest.raises(VaultError, match="the catalog cannot be used"):
        Vault.open(old2)
    assert version(old2) == 2
    with closing(sqlite3.connect(old2 / "catalog.db")) as connection, connection:
        assert "agent" not in str(connection.execute("PRAGMA table_info(recordings)").fetchall())
        connection.execute("DROP INDEX ix_recordings_held_id")
    assert Vault.open(old2).read("20261122T054500").complete


def test_a_key_of_an_earlier_pair_can_only_open(old: Path) -> None:
    with closing(sqlite3.connect(old / "catalog.db")) as connection, connection:
        connection.execute("UPDATE recordings SET key_id = 'earlier' WHERE state = 'interrupted'")
    first, second = Vault.open(old).keyring.list()
    assert (first.key_id, first.state, first.opens) == ("earlier", "retired", 1)
    assert (second.key_id, second.state, second.opens) == (KEY, "active", 1)


def test_without_its_public_key_a_vault_stays_as_it_was(old: Path) -> None:
    aside = (old / "keys" / "recipient.pub").rename(old / "aside")
    with pytest.raises(VaultError, match="put the vault's public key back"):
        Vault.open(old)
    assert version(old) == 1
    aside.rename(old / "keys" / "recipient.pub")
    assert Vault.open(old).read("20261122T054500").complete


def test_a_migration_that_fails_half_way_leaves_schema_1(old: Path) -> None:
    with closing(sqlite3.connect(old / "catalog.db")) as connection, connection:
        connection.execute("CREATE TABLE wrapped_keys (other)")
    with pytest.raises(VaultError, match="the catalog cannot be used"):
        Vault.open(old)
    assert version(old) == 1
    with closing(sqlite3.connect(old / "catalog.db")) as connection, connection:
        connection.execute("DROP TABLE wrapped_keys")
    assert Vault.open(old).read("20261122T054500").complete


def test_no_wrapped_key_survives_disposal_in_pages_of_schema_1(old: Path) -> None:
    with closing(sqlite3.connect(old / "catalog.db")) as connection:
        [(identity, wrapped)] = connection.execute(
            "SELECT id, wrapped_key FROM recordings WHERE state = 'closed'"
        ).fetchall()
    pieces = [wrapped[at : at + 16] for at in range(0, len(wrapped), 16)]
    vault = Vault.open(old)

    def found() -> int:
        return sum(piece in (old / "catalog.db").read_bytes() for piece in pieces)

    assert found() >= len(pieces) - 2
    vault.destroy_keys(identity)
    assert found() == 0


def test_deleting_overwrites_and_reading_sees_one_moment(old: Path) -> None:
    database = Database(old / "catalog.db", create=False)
    with database.reading() as first:
        count = first.exec_driver_sql("SELECT count(*) FROM recordings").scalar()
        with database.writing() as second:
            second.exec_driver_sql("DELETE FROM recordings")
            names = ("secure_delete", "synchronous", "foreign_keys")
            kept = [second.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]
        assert kept == [1, 2, 1]
        assert first.exec_driver_sql("SELECT count(*) FROM recordings").scalar() == count == 2
    with database.reading() as after:
        assert after.exec_driver_sql("SELECT count(*) FROM recordings").scalar() == 0
