from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault import statements
from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME, load_verifier
from hushtap.vault.recordings import CallDetails, State, Vault
from vault.audit.logs import check
from vault.calls import PHONE_LINE, append_all, call
from vault.lives import record

if TYPE_CHECKING:
    from pathlib import Path

CALLER = "+1 202 555 0143"
OF_HERS = CallDetails(caller=CALLER)


def test_every_recording_of_a_caller_goes_but_what_a_hold_keeps(vault: Vault) -> None:
    hers = [record(vault, OF_HERS) for _ in range(3)]
    others = [record(vault, CallDetails(caller="+1 202 555 0199")), record(vault)]
    vault.life.hold(hers[1], "case-1")
    live = vault.record(PHONE_LINE, source="line", policy="abc", call=OF_HERS)
    append_all(live, call(500))
    assert {info.id for info in vault.subjects.find("+12025550143")} == {*hers, live.id}
    done = vault.subjects.erase("+1 (202) 555-0143")
    assert (set(done.disposed), done.held, done.open) == (
        *({hers[0], hers[2]}, (hers[1],)),
        (live.id,),
    )
    assert (done.failed, done.left) == ((), 0)
    for recording in (hers[1], *others):
        assert vault.read(recording).complete
    live.close()
    assert vault.read(live.id).complete
    # Once more: what was in the way is not any longer.
    vault.life.release(hers[1])
    again = vault.subjects.erase(CALLER)
    assert set(again.disposed) == {hers[1], live.id}
    assert vault.subjects.find(CALLER) == []
    assert all(vault.info(recording).caller is None for recording in hers)
    assert check(vault.path).problems == []


def test_the_report_is_signed_and_says_what_was_done(vault: Vault) -> None:
    hers = [record(vault, OF_HERS), record(vault, OF_HERS)]
    vault.life.hold(hers[0], "case-1")
    reference = vault.info(hers[0]).caller
    done = vault.subjects.erase(CALLER)
    verifier = load_verifier(vault.path / "keys" / VKEY_NAME)
    about, body = statements.read(done.statement, verifier)
    assert about == "hushtap/erasure/1"
    assert {name: body[name] for name in ("disposed", "held", "open", "failed", "left")} == {
        "disposed": [hers[1]],
        "held": [hers[0]],
        "open": [],
        "failed": [],
        "left": 0,
    }
    assert body["caller"] == reference
    assert "555" not in done.statement.replace(str(reference), "")
    certificate = (vault.path / "certificates" / f"{hers[1]}.txt").read_text()
    assert statements.read(certificate, verifier)[1]["done"]["entry"]["change"] == "erasure"


def test_nobody_knows_a_caller_that_never_called(vault: Vault) -> None:
    recording = record(vault)
    assert vault.subjects.find(CALLER) == []
    done = vault.subjects.erase(CALLER)
    assert (done.disposed, done.held) == ((), ())
    assert vault.info(recording).state is State.CLOSED


def test_what_cannot_be_signed_for_is_not_begun(vault: Vault, tmp_path: Path) -> None:
    recording = record(vault, OF_HERS)
    vault._log.close()
    shutil.move(vault.path / "keys" / KEY_NAME, tmp_path / "audit.key")
    with pytest.raises(VaultError, match=r"audit\.key: no key here"):
        Vault.open(vault.path).subjects.erase(CALLER)
    assert Vault.open(vault.path).read(recording).complete
    office = Vault.open(vault.path, audit_key=tmp_path / "audit.key")
    assert office.subjects.erase(CALLER).disposed == (recording,)


def test_one_that_fails_is_named_beside_the_others(vault: Vault) -> None:
    first, second = record(vault, OF_HERS), record(vault, OF_HERS)
    path = vault.path / "recordings" / f"{first}.hush"
    path.unlink()
    path.mkdir()
    done = vault.subjects.erase(CALLER)
    assert (done.disposed, done.failed) == ((second,), (first,))
    assert vault.info(first).caller is not None
