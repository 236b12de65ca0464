"""What each version wrote is read by this one: a recording must open ten years on."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import HeldError
from hushtap.values import Entity
from hushtap.vault import container, originals, statements
from hushtap.vault.audit import store
from hushtap.vault.audit.signing import VKEY_NAME, load_verifier
from hushtap.vault.keys import load_private, look_at
from hushtap.vault.location import set_catalog
from hushtap.vault.recordings import Query, State, Vault
from hushtap.vault.schema import SCHEMA
from vault.audit.logs import check
from vault.calls import FINDINGS, WORDS, call
from vault.make_golden import CALLER, ORIGINAL, PASSPHRASE

if TYPE_CHECKING:
    from vault.postgres_server import PostgresServer

GOLDEN = Path(__file__).with_name("golden")
IN_FILES = ("schema1", "schema2", "schema3", "schema4")
IN_POSTGRESQL = ("schema3-postgresql", "schema4-postgresql")
VAULTS = IN_FILES + IN_POSTGRESQL
PRESENT = VAULTS[2:]
"""Those that have all that there is to a vault."""


def opened(name: str, folder: Path, request: pytest.FixtureRequest) -> Vault:
    """Open a copy of a golden vault; its database is restored where it had one."""
    copy = Path(shutil.copytree(GOLDEN / name, folder / name))
    dump = copy / "catalog.sql"
    if dump.exists():
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_database()
        with server.connect(url.rpartition("/")[2]) as connection:
            connection.execute(dump.read_bytes())
        set_catalog(copy, url)
    return Vault.open(copy)


@pytest.mark.parametrize("name", VAULTS)
def test_every_recording_of_every_version_opens(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    vault = opened(name, tmp_path, request)
    results = vault.verify()
    assert results
    assert [result.problem for result in results] == [None] * len(results)
    for seed, info in enumerate(vault.list()[:2], start=1):
        recording = vault.read(info.id)
        assert np.array_equal(recording.samples, call(400, seed=seed))
        assert (recording.words, recording.findings) == (WORDS, FINDINGS)
    assert check(vault.path).problems == []


@pytest.mark.parametrize("name", PRESENT)
def test_all_that_a_vault_holds_is_there(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    vault = opened(name, tmp_path, request)
    first, second, third = vault.list()
    states = [State.CLOSED, State.INTERRUPTED, State.DISPOSED]
    assert [info.state for info in (first, second, third)] == states
    assert [info.id for info in vault.search(Query(caller=CALLER, held=True))] == [first.id]
    assert len(vault.search(Query(entity=Entity.CREDIT_CARD, state=State.INTERRUPTED))) == 1
    with pytest.raises(HeldError):
        vault.life.dispose(first.id)
    rules = vault.life.retention.get()
    assert rules is not None
    assert [rule.days for rule in rules.rules] == [30, None]
    assert [(key.role, key.state) for key in vault.keyring.list()] == [
        *(("main", "retired"), ("escrow", "active"), ("main", "active"))
    ]
    for key, passphrase in (("keys/main-2.key", None), ("escrow.key", PASSPHRASE)):
        path = vault.path / key
        again = Vault.open(vault.path, private_key=path, passphrase=passphrase)
        assert again.read(first.id).complete
        assert look_at(path).key_id == load_private(path, passphrase).public.key_id
    [certificate] = (vault.path / "certificates").iterdir()
    verifier = load_verifier(vault.path / "keys" / VKEY_NAME)
    about, body = statements.read(certificate.read_text(), verifier)
    assert about is statements.About.DISPOSAL
    statements.confirm(vault.path / "audit.db", body)
    assert vault.life.disposals.certificate(third.id) == certificate.read_text()
    [breach] = vault.life.breaches.all()
    assert len(vault.life.breaches.lines(breach).splitlines()) == breach.recordings == 3
    assert [one.what for one in vault.life.approvals.all()] == [first.id] * ("schema4" in name)
    [kept] = vault.life.undo.list()
    private = load_private(vault.path / "undo.key")
    place = vault.life.undo.restore(kept.item, private, tmp_path / "original")
    assert place.read_bytes() == ORIGINAL


def test_every_version_there_is_has_its_golden_file() -> None:
    def in_sqlite(path: Path) -> int:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            return int(connection.execute("PRAGMA user_version").fetchone()[0])

    schemas = {in_sqlite(GOLDEN / name / "catalog.db") for name in IN_FILES}
    assert schemas == {*range(1, SCHEMA + 1)}
    assert f"'schema', '{SCHEMA}'" in (GOLDEN / IN_POSTGRESQL[-1] / "catalog.sql").read_text()
    logs = {in_sqlite(path) for path in GOLDEN.glob("*/audit.db")}
    assert logs == {*range(1, store.SCHEMA + 1)}
    containers = {path.read_bytes()[7] for path in GOLDEN.rglob("*.hush")}
    assert containers == {*range(1, container.VERSION + 1)}
    keys = {json.loads(path.read_text())["protection"] for path in GOLDEN.glob("*/*.key")}
    assert keys == {"argon2id", "none"}
    assert {json.loads(path.read_text())["version"] for path in GOLDEN.glob("*/undo/*.json")} == {
        originals.VERSION
    }
    said = {
        path.read_text().splitlines()[0]
        for folder in ("certificates/*", "breaches/*/*")
        for path in GOLDEN.glob(f"*/{folder}.txt")
    }
    # The others are made, signed and handed over, and never read by Hushtap again.
    assert said == {"hushtap/disposal/1", "hushtap/breach/1"}
