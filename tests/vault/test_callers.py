from __future__ import annotations

import hashlib
import hmac
import json
import signal
import sqlite3
import stat
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault.callers import KEY_NAME, normal
from hushtap.vault.recordings import CallDetails, Query, Vault
from hushtap.wholefile import part_of
from vault.audit.logs import entries_of
from vault.calls import PHONE_LINE
from vault.lives import needs_strace, run_life

if TYPE_CHECKING:
    from pathlib import Path

CALLER = "+1 (202) 555-0143"


def begin(vault: Vault, caller: str = CALLER) -> str:
    with vault.record(
        PHONE_LINE, source="line", policy="abc", call=CallDetails(caller=caller)
    ) as recording:
        return recording.id


@pytest.mark.parametrize(
    "other",
    ["+12025550143", "tel:+1-202-555-0143", " +1.202.555.0143 ", "\uff0b1 202 555 0143"],
)
def test_one_number_is_one_caller_however_it_is_written(vault: Vault, other: str) -> None:
    recording = begin(vault)
    assert [info.id for info in vault.search(Query(caller=other))] == [recording]


def test_other_callers_are_others(vault: Vault) -> None:
    begin(vault)
    for other in ("2025550143", "+12025550144", "sip:+12025550143@example.com", "ann"):
        assert vault.search(Query(caller=other)) == []
    assert normal("Ann@Example.com ") == normal("ann@example.COM")
    assert normal("A-1") != normal("A1")


def test_the_hash_is_the_hmac_that_the_decision_names(vault: Vault) -> None:
    begin(vault)
    key = b64decode(json.loads((vault.path / "keys" / KEY_NAME).read_text())["secret"])
    expected = hmac.new(key, b"hushtap caller 1|+12025550143", hashlib.sha256).hexdigest()[:32]
    assert vault.list()[0].caller == expected


def test_neither_the_caller_nor_the_key_is_in_any_other_file(vault: Vault) -> None:
    begin(vault)
    path = vault.path / "keys" / KEY_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = json.loads(path.read_text())["secret"]
    hashed = str(vault.list()[0].caller).encode()
    searched = 0
    for other in vault.path.rglob("*"):
        if other.is_file():
            content = other.read_bytes()
            searched += hashed in content
            assert b"5550143" not in content
            assert b"555-0143" not in content
            assert other == path or (secret.encode() not in content)
    # The control: what stands in the catalog is found there.
    assert searched == 1


def test_two_vaults_have_other_hashes_of_one_caller(vault: Vault, tmp_path: Path) -> None:
    begin(vault)
    other = Vault.create(tmp_path / "other")
    begin(other)
    assert vault.list()[0].caller != other.list()[0].caller


def test_no_key_is_made_for_calls_without_caller_or_for_a_search(vault: Vault) -> None:
    vault.record(PHONE_LINE, source="line", policy="abc").close()
    assert vault.search(Query(caller=CALLER)) == []
    assert not (vault.path / "keys" / KEY_NAME).exists()


def test_a_lost_or_foreign_or_damaged_key_is_not_replaced(vault: Vault, tmp_path: Path) -> None:
    begin(vault)
    other = Vault.create(tmp_path / "other")
    begin(other)
    path = vault.path / "keys" / KEY_NAME
    own = path.read_bytes()
    path.unlink()
    for content, why in (
        (None, "missing, and no caller can be told"),
        ((other.path / "keys" / KEY_NAME).read_bytes(), "belongs to another vault"),
        (own[:-9], "damaged"),
        (b'{"format": "hushtap-caller-key", "version": 1, "secret": "AAAA"}', "damaged"),
    ):
        if content is not None:
            path.write_bytes(content)
        again = Vault.open(vault.path)
        with pytest.raises(VaultError, match=why):
            begin(again)
        with pytest.raises(VaultError, match=why):
            again.search(Query(caller=CALLER))
        # A call without caller is recorded all the same.
        again.record(PHONE_LINE, source="line", policy="abc").close()
    path.write_bytes(own)
    assert len(Vault.open(vault.path).search(Query(caller=CALLER))) == 1


def test_the_key_is_on_record_before_it_is_made(vault: Vault) -> None:
    begin(vault)
    with closing(sqlite3.connect(vault.path / "catalog.db")) as connection:
        (known,) = connection.execute("SELECT value FROM settings").fetchone()
    told = [json.loads(entry) for entry in entries_of(vault.path)]
    changes = [(one["outcome"], one["change"]) for one in told if one["objects"][0]["id"] == known]
    assert changes == [("begun", "add"), ("success", "add")]


def test_recorders_that_begin_at_once_agree_on_one_key(vault: Vault) -> None:
    vaults = [Vault.open(vault.path) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin, vaults))
    assert len({info.caller for info in vault.list()}) == 1
    assert len(vault.search(Query(caller=CALLER))) == 4


@needs_strace
def test_a_key_whose_maker_was_killed_is_taken_over(vault: Vault) -> None:
    path = vault.path / "keys" / KEY_NAME
    # When that goes, the key has its name, and the catalog does not know of it.
    done = run_life(vault, "record", CALLER, fault="unlink:signal=SIGKILL", at=part_of(path))
    assert done.returncode == -signal.SIGKILL, done.stderr
    made = path.read_bytes()
    begin(Vault.open(vault.path))
    assert path.read_bytes() == made
    assert len(vault.search(Query(caller=CALLER))) == 1
