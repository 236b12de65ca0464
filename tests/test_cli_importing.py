"""``hushtap vault import`` and ``hushtap vault undo`` as a person or a timer uses them."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from archives import archive_in, importer_of
from hushtap.importing import Imported
from hushtap.outputs import sha256_of
from hushtap.vault.recordings import Vault
from test_cli_keys import Hushtap, hushtap

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hushtap"]


def test_what_was_replaced_is_listed_brought_back_and_disposed_of(
    hushtap: Hushtap, tmp_path: Path
) -> None:
    made = archive_in(tmp_path)
    [file] = made.files()
    digest = sha256_of(file)
    [one] = importer_of(tmp_path).run([file])
    assert isinstance(one, Imported)
    vault = ("--vault", "vault")
    code, out, err = hushtap("vault", "undo", "list", *vault, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["sha256"], told["recording"]) == (digest, one.recording)
    assert str(file) not in out
    code, _, err = hushtap("vault", "undo", "restore", told["undo"], *vault)
    assert (code, "undo.key" in err) == (1, True)
    key = ("--undo-key", "undo.key")
    code, out, _ = hushtap("vault", "undo", "restore", told["undo"][:8], *vault, *key)
    assert (code, out) == (0, f"{file}\n")
    assert sha256_of(file) == digest
    assert hushtap("vault", "undo", "dispose", *vault)[0] == 2
    assert hushtap("vault", "undo", "dispose", "--due", *vault) == (0, "", "")
    code, out, _ = hushtap("vault", "undo", "dispose", told["undo"], *vault)
    assert (code, "disposed of" in out) == (0, True)
    assert hushtap("vault", "undo", "list", *vault)[1] == ""


def test_what_would_go_wrong_is_refused_before_anything_is_heard(
    hushtap: Hushtap, tmp_path: Path
) -> None:
    made = archive_in(tmp_path)
    vault = ("--vault", "vault")
    code, _, err = hushtap("vault", "import", "archive", *vault, "--check-model", "tiny.en")
    assert (code, "cannot check itself" in err) == (2, True)
    code, _, err = hushtap("vault", "import", "archive", *vault, "--replace", "--undo-key", "k")
    assert (code, "has its key already" in err) == (2, True)
    shutil.copy(made.files()[0], made.vault / "call.wav")
    code, _, err = hushtap("vault", "import", "vault", *vault)
    assert (code, "lies in the vault" in err) == (2, True)
    (made.vault / "undo" / "undo.pub").unlink()
    code, _, err = hushtap("vault", "import", "archive", *vault, "--replace")
    assert (code, "nothing protects the new key" in err) == (2, True)
    assert len(made.files()) == 1
    assert Vault.open(made.vault).list() == []


@pytest.mark.slow
def test_a_call_with_a_number_is_replaced_by_real_ears(
    hushtap: Hushtap, tmp_path: Path, ssn_call: Path
) -> None:
    (tmp_path / "old").mkdir()
    shutil.copy(ssn_call, tmp_path / "old" / "1.wav")
    Vault.create(tmp_path / "v")
    words = ("--replace", "--undo-key", "undo.key", "--unprotected", "--json")
    code, out, err = hushtap("vault", "import", "old", *words)
    assert code == 0, err
    told = json.loads(out)
    assert told["status"] == "replaced"
    assert list((tmp_path / "old").iterdir()) == []
    opened = Vault.open(tmp_path / "v").read(told["recording"])
    assert any(finding.entity == "US_SSN" for finding in opened.findings)
