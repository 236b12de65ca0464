"""The log of a vault: made once, never silently made anew; its key; acts and their ends."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Activity, Outcome
from hushtap.vault.audit.log import LOG_NAME, VaultLog, act
from hushtap.vault.audit.signing import (
    KEY_NAME,
    VKEY_NAME,
    is_protected,
    load_signer,
    load_verifier,
    new_signer,
    save_signer,
)
from vault.audit.logs import ANN, check, entries_of, event, log_of

if TYPE_CHECKING:
    from pathlib import Path


def outcomes(vault: Path) -> list[tuple[str, str, int | None, str | None]]:
    found = [json.loads(entry) for entry in entries_of(vault)]
    return [(one["activity"], one["outcome"], one.get("of"), one.get("reason")) for one in found]


def test_an_act_is_told_of_before_and_after(tmp_path: Path) -> None:
    log = log_of(tmp_path, 0)
    with act(log, Activity.READ, ANN) as number:
        assert number == 1
        assert outcomes(tmp_path) == [("read", "begun", None, None)]
    assert outcomes(tmp_path)[1:] == [("read", "success", 1, None)]
    with pytest.raises(KeyboardInterrupt), act(log, Activity.EXPORT, ANN):
        raise KeyboardInterrupt
    assert outcomes(tmp_path)[3:] == [("export", "failure", 3, "KeyboardInterrupt")]
    with act(log, Activity.RECORD, ANN, tell_end=False):
        pass
    assert outcomes(tmp_path)[4:] == [("record", "begun", None, None)]


def test_no_log_no_act(tmp_path: Path) -> None:
    log = log_of(tmp_path, 1)
    (tmp_path / LOG_NAME).unlink()
    done = []
    with pytest.raises(VaultError, match="nothing is done unlogged"), act(log, Activity.READ, ANN):
        done.append("read")
    assert done == []


def test_an_act_whose_end_cannot_be_logged_has_failed(tmp_path: Path) -> None:
    log = log_of(tmp_path, 1)
    with pytest.raises(VaultError, match="nothing is done unlogged"), act(log, Activity.READ, ANN):
        (tmp_path / LOG_NAME).unlink()


def test_an_error_of_the_act_is_not_hidden_by_one_of_the_log(tmp_path: Path) -> None:
    log = log_of(tmp_path, 1)

    def fail() -> None:
        (tmp_path / LOG_NAME).unlink()
        raise LookupError

    with pytest.raises(LookupError), act(log, Activity.READ, ANN):
        fail()


def test_a_log_is_made_once_and_goes_on_under_its_name(tmp_path: Path) -> None:
    first = log_of(tmp_path, 1)
    name = first.origin
    assert name.startswith("hushtap/")
    assert log_of(tmp_path, 1).origin == name
    assert (tmp_path / "keys" / KEY_NAME).stat().st_mode & 0o777 == 0o600
    assert load_verifier(tmp_path / "keys" / VKEY_NAME).name == name


@pytest.mark.parametrize("left", [("db",), ("db", "key"), ("key",), ()])
def test_making_that_was_interrupted_goes_on(tmp_path: Path, left: tuple[str, ...]) -> None:
    log_of(tmp_path, 0).store.close()
    (tmp_path / "keys" / VKEY_NAME).unlink()
    if "key" not in left:
        (tmp_path / "keys" / KEY_NAME).unlink()
    if "db" not in left:
        (tmp_path / LOG_NAME).write_bytes(b"")
        (tmp_path / "keys" / KEY_NAME).unlink(missing_ok=True)
    log_of(tmp_path, 2).close()
    report = check(tmp_path)
    assert (report.problems, report.signed) == ([], 2)


def test_a_log_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    log_of(tmp_path, 2).close()
    (tmp_path / LOG_NAME).unlink()
    with pytest.raises(VaultError, match=r"audit\.db: the audit log is missing"):
        log_of(tmp_path, 1)
    assert not (tmp_path / LOG_NAME).exists()


def test_a_log_whose_public_key_is_gone_is_not_given_another(tmp_path: Path) -> None:
    log_of(tmp_path, 2).close()
    (tmp_path / "keys" / VKEY_NAME).unlink()
    with pytest.raises(VaultError, match=r"audit\.vkey: missing; put the audit log's public key"):
        log_of(tmp_path, 1)
    assert not (tmp_path / "keys" / VKEY_NAME).exists()


def test_without_its_key_a_log_grows_and_is_signed_elsewhere(tmp_path: Path) -> None:
    vault, away = tmp_path / "vault", tmp_path / "away.key"
    log_of(vault, 0).close()
    shutil.move(vault / "keys" / KEY_NAME, away)
    log = log_of(vault, 3)
    log.append(event(4, Outcome.SUCCESS))
    assert not log.can_sign
    with pytest.raises(VaultError, match=r"audit\.key: no key here"):
        log.checkpoint()
    log.close()
    assert check(vault).signed == 0
    note = VaultLog(vault, key=away).checkpoint()
    report = check(vault, note)
    assert (report.problems, report.signed) == ([], 4)
    assert VaultLog(vault, key=away).checkpoint() == note


def test_another_log_s_key_signs_nothing(tmp_path: Path) -> None:
    log_of(tmp_path / "one", 1)
    log_of(tmp_path / "two", 1)
    log = VaultLog(tmp_path / "one", key=tmp_path / "two" / "keys" / KEY_NAME)
    with pytest.raises(VaultError, match="does not belong to"):
        log.checkpoint()
    shutil.copy(tmp_path / "two" / "keys" / KEY_NAME, tmp_path / "one" / "keys" / KEY_NAME)
    with pytest.raises(VaultError, match="does not belong to"):
        log_of(tmp_path / "one", 1)


def test_a_key_under_a_passphrase(tmp_path: Path) -> None:
    log_of(tmp_path, 2).close()
    path = tmp_path / "keys" / KEY_NAME
    signer = load_signer(path)
    path.unlink()
    save_signer(signer, path, "correct horse")
    assert is_protected(path)
    assert signer.key.private_bytes_raw().hex() not in path.read_text()
    assert load_signer(path, "correct horse").verifier == signer.verifier
    for wrong, why in ((None, "protected by a passphrase"), ("battery staple", "does not open")):
        with pytest.raises(VaultError, match=why):
            load_signer(path, wrong)
    # Nobody is asked for it where entries are written.
    log = log_of(tmp_path, 1)
    assert not log.can_sign
    log.close()
    assert check(tmp_path, VaultLog(tmp_path, passphrase="correct horse").checkpoint()).signed == 3  # noqa: S106 - the test's


def test_a_damaged_key_is_told_of_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    for content in (b"", b"[]", b"{}", b'{"format":"hushtap-audit-key","version":1}', b"\xff"):
        path.write_bytes(content)
        for load in (load_signer, load_verifier):
            with pytest.raises(VaultError, match=r"a\.key: (the key file is damaged|not a )"):
                load(path)
    path.unlink()
    save_signer(new_signer("hushtap/1"), path)
    with pytest.raises(VaultError, match="already there"):
        save_signer(new_signer("hushtap/1"), path)
    assert "secret" not in repr(load_signer(path)).lower()
    assert load_signer(path).key.private_bytes_raw().hex() not in repr(load_signer(path))
