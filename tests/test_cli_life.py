"""The life of a recording as ``hushtap vault`` and ``hushtap subject`` lead it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME, load_signer, save_signer
from hushtap.vault.recordings import CallDetails, State, Vault
from test_cli_keys import Hushtap, hushtap
from vault.calls import PHONE_LINE
from vault.lives import record

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hushtap"]

CALLER = "+1 202 555 0143"
OFFICE, READING = "tea and toast", "oats and honey"


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """The vault that the command takes when none is named."""
    return Vault.create(tmp_path / "v")


def old(vault: Vault, days: int = 100) -> str:
    started = datetime.now(UTC) - timedelta(days=days)
    return record(vault, CallDetails("ann", "billing", caller=CALLER), started=started)


def test_from_rules_to_certificates(hushtap: Hushtap, vault: Vault, tmp_path: Path) -> None:
    kept, gone = old(vault), old(vault, 101)
    code, out, _ = hushtap("vault", "retention", "show")
    assert (code, "not set" in out) == (0, True)
    (tmp_path / "r.toml").write_text('[[rule]]\nqueue = "billing"\nkeep_days = 90\n')
    assert hushtap("vault", "retention", "set", "r.toml")[0] == 0
    _, out, _ = hushtap("vault", "retention", "show", "--json")
    assert json.loads(out)["keep_days"] == 90
    assert "90 days" in hushtap("vault", "retention", "show")[1]
    code, out, _ = hushtap("vault", "hold", kept, "--reason", "case-1")
    assert (code, out) == (0, f"{kept}  held for case-1\n")
    code, out, _ = hushtap("vault", "report")
    assert code == 1
    assert f"{gone}  outlived its term" in out
    assert f"{kept}  held" in out
    code, out, _ = hushtap("vault", "dispose", "--due", "--dry-run")
    assert out.splitlines() == [f"{gone}  would be disposed of: term", f"{kept}  held, stays"]
    assert vault.info(gone).state is State.CLOSED
    code, out, _ = hushtap("vault", "dispose", "--due", "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["recording"], told["cause"], told["keys_destroyed"]) == (gone, "term", 1)
    code, out, _ = hushtap("vault", "report", "--signed", "q4.txt", "--json")
    assert (code, json.loads(out)["ok"], json.loads(out)["held"]["count"]) == (0, True, 1)
    for file in (told["certificate"], "q4.txt"):
        code, out, _ = hushtap("vault", "certificate", "verify", file)
        assert (code, "signed by this log" in out) == (0, True)
    code, shown, _ = hushtap("vault", "certificate", "show", gone[:-2])
    (tmp_path / "again.txt").write_text(shown)
    (tmp_path / "audit.vkey").write_bytes((vault.path / "keys" / VKEY_NAME).read_bytes())
    words = ("certificate", "verify", "again.txt", "--public", "audit.vkey", "--json")
    code, out, _ = hushtap("vault", *words)
    assert code == 0
    assert json.loads(out)["statement"]["done"]["entry"]["objects"][0]["id"] == gone
    (tmp_path / "again.txt").write_text(shown.replace("term", "tern"))
    code, _, err = hushtap("vault", "certificate", "verify", "again.txt")
    assert (code, "again.txt: not a statement that this vault has signed" in err) == (3, True)
    assert hushtap("vault", "hold", kept, "--release")[1] == f"{kept}  not held\n"
    assert hushtap("vault", "dispose", kept, "--reason", "order-7")[0] == 0
    assert vault.info(kept).state is State.DISPOSED


def test_what_is_refused_is_told_in_one_line_and_the_rest_is_done(
    hushtap: Hushtap, vault: Vault
) -> None:
    held, gone = record(vault), record(vault)
    vault.life.hold(held, "case-1")
    code, out, err = hushtap("vault", "dispose", held, gone)
    assert code == 1
    assert err == f"hushtap: recording {held} is under a legal hold; release that first\n"
    assert out.startswith(f"{gone}  disposed of: order, ")
    for words, why in (
        (("dispose",), "name recordings, or --due"),
        (("dispose", held, "--due"), "name recordings, or --due"),
        (("dispose", "--due", "--reason", "order-7"), "leave --reason out"),
        (("hold", held), "a hold needs a --reason"),
        (("hold", held, "--reason", "he said so"), "must be a reference such as"),
        (("consent", held, "unknown"), ""),
        (("retention", "set", "absent.toml"), "absent.toml: cannot be read: No such file"),
    ):
        code, _, err = hushtap("vault", *words)
        assert (code, why in err, err.count("\n")) == ((2, True, 1) if why else (0, True, 0)), words


def test_consent_by_hand(hushtap: Hushtap, vault: Vault) -> None:
    recording, held = record(vault), record(vault)
    live = vault.record(PHONE_LINE, source="line", policy="abc")
    vault.life.hold(held, "case-1")
    for identity, said, what in (
        (recording, "given", ""),
        (recording, "withdrawn", ", disposed of"),
        (held, "refused", ", kept by a legal hold"),
        (live.id, "refused", ", nothing more is written; vault dispose --due disposes of it"),
    ):
        code, out, _ = hushtap("vault", "consent", identity, said)
        assert (code, out) == (0, f"{identity}  {said}{what}\n")
    live.abort()
    code, _, err = hushtap("vault", "consent", held, "given")
    assert (code, "consent is refused, given cannot follow that" in err) == (2, True)


def test_a_disposal_without_the_signing_key_says_so(
    hushtap: Hushtap, vault: Vault, tmp_path: Path
) -> None:
    first, second = record(vault), record(vault)
    vault._log.close()
    (vault.path / "keys" / KEY_NAME).rename(tmp_path / "audit.key")
    assert "no signing key here" in hushtap("vault", "dispose", first)[1]
    assert hushtap("vault", "certificate", "show", first)[0] == 1
    words = ("certificate", "show", first, "--audit-key", "audit.key")
    assert "hushtap/disposal/1" in hushtap("vault", *words)[1]
    assert ".txt" in hushtap("vault", "dispose", second, "--audit-key", "audit.key")[1]


def test_a_caller_is_found_and_erased(
    hushtap: Hushtap, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, held = old(vault), old(vault)
    vault.life.hold(held, "case-1")
    code, out, _ = hushtap("subject", "find", CALLER)
    assert (code, set(out.splitlines())) == (
        *(0, {f"{first}  closed", f"{held}  kept by a legal hold"}),
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{CALLER}\n"))
    assert len(hushtap("subject", "find", "-", "--json")[1].splitlines()) == 2
    assert hushtap("subject", "find", "+1 202 555 9999")[1] == "no recordings\n"
    words = ("subject", "erase", CALLER, "--report", "e.txt")
    code, out, _ = hushtap(*words, "--dry-run")
    assert f"{first}  would be disposed of" in out
    assert not (tmp_path / "e.txt").exists()
    code, out, err = hushtap(*words)
    assert code == 1
    assert f"{first}  disposed of" in out
    assert f"{held}  kept by a legal hold" in out
    assert "0143" not in out + err
    code, out, _ = hushtap("vault", "certificate", "verify", "e.txt")
    assert (code, first in out) == (0, True)
    code, _, err = hushtap(*words)
    assert (code, "e.txt: already there" in err) == (2, True)
    code, _, err = hushtap("subject", "erase", "-", "--report", "f.txt")
    assert (code, "give one line" in err) == (2, True)


def test_figures_for_whoever_counts(hushtap: Hushtap, vault: Vault, tmp_path: Path) -> None:
    old(vault)
    code, out, _ = hushtap("vault", "analytics", "--out", "calls.jsonl", "--queue", "billing")
    assert (code, out) == (0, "calls.jsonl: 1 recordings\n")
    assert json.loads((tmp_path / "calls.jsonl").read_text())["queue"] == "billing"


def test_a_passphrase_for_recordings_is_not_tried_on_the_signing_key(
    hushtap: Hushtap, vault: Vault
) -> None:
    recording, own = record(vault), vault.path / "keys" / KEY_NAME
    vault._log.close()
    signer = load_signer(own)
    own.unlink()
    save_signer(signer, own, OFFICE)
    code, out, err = hushtap("vault", "dispose", recording, PASSPHRASE=READING)
    assert (code, "no signing key here" in out, err) == (0, True, "")
    words = ("vault", "certificate", "show", recording, "--audit-key", str(own))
    assert hushtap(*words, PASSPHRASE=OFFICE)[0] == 0
    code, _, err = hushtap(*words, PASSPHRASE=READING)
    assert (code, "the passphrase does not open this key" in err) == (1, True)
