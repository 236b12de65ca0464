"""``hushtap keys`` as a person or a script uses it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from hushtap import cli
from hushtap.cli.check import _recordings
from hushtap.vault.keys import load_private
from hushtap.vault.recordings import Vault
from vault.keys.softhsm import PIN, PROVIDER, needs_softhsm, token
from vault.rotations import record

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["token"]

FIRST, SECOND = "tea and toast", "oats and honey"


class Hushtap(Protocol):
    def __call__(self, *args: str, **environment: str) -> tuple[int, str, str]:
        """Run the command in the test's folder; return exit code, stdout and stderr."""


@pytest.fixture
def hushtap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Hushtap:
    """The command without a new process, nobody at a terminal, and no variables but those given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HUSHTAP_VAULT", "v")

    def run(*args: str, **environment: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["hushtap", *args])
            for name in ("PASSPHRASE", "NEW_PASSPHRASE", "PIN"):
                patch.delenv(f"HUSHTAP_{name}", raising=False)
            for name, value in environment.items():
                patch.setenv(f"HUSHTAP_{name}", value)
            code = cli.run()
        return (code, *capfd.readouterr())

    return run


def listed(hushtap: Hushtap) -> list[dict[str, Any]]:
    code, out, err = hushtap("keys", "list", "--json")
    assert (code, err) == (0, "")
    return [json.loads(line) for line in out.splitlines()]


def test_the_life_of_keys(hushtap: Hushtap, tmp_path: Path) -> None:
    code, out, _ = hushtap("keys", "init", "--key", "main.key", PASSPHRASE=FIRST)
    main_id = out.strip()
    assert code == 0
    assert [path.name for path in (tmp_path / "v" / "keys").glob("*.key")] == ["audit.key"]
    recording = record(Vault.open(tmp_path / "v"))
    code, out, _ = hushtap(
        *("keys", "init", "--role", "escrow", "--key", "safe.key", "--label", "the safe"),
        PASSPHRASE=SECOND,
    )
    escrow_id = out.strip()
    assert code == 0
    record(Vault.open(tmp_path / "v"))
    told = [(key["key"], key["label"], key["role"], key["opens"]) for key in listed(hushtap)]
    assert told == [(main_id, "main", "main", 2), (escrow_id, "the safe", "escrow", 1)]

    rotate = ("keys", "rotate", "--key", "main.key", "--json")
    code, out, err = hushtap(*rotate, PASSPHRASE=SECOND)
    assert code == 1
    assert "the passphrase does not open this key" in err
    code, out, err = hushtap(*rotate, PASSPHRASE=FIRST, NEW_PASSPHRASE=SECOND)
    told = json.loads(out)
    assert (code, told["recordings"], told["left"], told["retired"]) == (0, 2, 0, [main_id])
    [path] = tmp_path.glob("main-*.key")
    assert load_private(path, SECOND).public.key_id == told["key"]

    code, out, _ = hushtap("keys", "list")
    assert code == 0
    [row] = [line.split() for line in out.splitlines() if line.startswith(main_id)]
    assert row[3] == "retired"
    assert row[-1] == "0"

    path.unlink()
    recover = ("keys", "recover", "--key", "safe.key", "--new-key", "again.key")
    code, out, _ = hushtap(*recover, PASSPHRASE=SECOND, NEW_PASSPHRASE=FIRST)
    assert code == 0
    assert "took over 2 recordings" in out
    shown = ("vault", "show", recording, "--key", "again.key")
    assert hushtap(*shown, PASSPHRASE=FIRST)[0] == 0
    assert hushtap(*shown, PASSPHRASE=SECOND)[0] == 1

    code, out, _ = hushtap("keys", "retire", escrow_id[:6], "--destroy")
    assert (code, out) == (0, f"{escrow_id}  destroyed, opens 0\n")
    assert {key["state"] for key in listed(hushtap)} == {"retired", "active", "destroyed"}


def test_a_key_in_the_vault_needs_no_naming(hushtap: Hushtap, tmp_path: Path) -> None:
    assert hushtap("keys", "init", "--unprotected")[0] == 0
    recording = record(Vault.open(tmp_path / "v"))
    assert hushtap("keys", "rotate", PASSPHRASE=FIRST)[0] == 0
    assert hushtap("vault", "show", recording, PASSPHRASE=FIRST)[0] == 0
    code, _, err = hushtap("vault", "show", recording)
    assert code == 1
    assert "main-2.key: protected by a passphrase; set HUSHTAP_PASSPHRASE" in err


def test_a_rotation_that_was_interrupted_goes_on(hushtap: Hushtap, tmp_path: Path) -> None:
    assert hushtap("keys", "init", "--unprotected")[0] == 0
    vault = Vault.open(tmp_path / "v")
    record(vault)

    class EndedError(Exception):
        pass

    def end(_done: int, _of: int) -> None:
        raise EndedError

    from hushtap.vault.keyring import NewKey  # noqa: PLC0415
    from hushtap.vault.keys import Passphrase  # noqa: PLC0415

    new = NewKey(tmp_path / "new.key", Passphrase(FIRST), FIRST, "new")
    opener = load_private(tmp_path / "v" / "keys" / "private.key")
    with pytest.raises(EndedError):
        vault.keyring.rotate(opener, new, progress=end)
    due = vault.keyring.unfinished()
    rotate = ("keys", "rotate", "--key", "v/keys/private.key")
    code, _, err = hushtap(*rotate)
    assert code == 2
    assert f"the private half of key {due} is elsewhere: name it with --new-key" in err
    code, out, err = hushtap(*rotate, "--new-key", "new.key", PASSPHRASE=FIRST)
    assert code == 0
    assert f"going on with the rotation to key {due}" in err
    assert out.startswith(f"{due}  took over 1 recordings")
    assert [key["opens"] for key in listed(hushtap)] == [0, 1]


def test_what_was_disposed_of_is_told_and_passed_over(hushtap: Hushtap, tmp_path: Path) -> None:
    assert hushtap("keys", "init", "--unprotected")[0] == 0
    vault = Vault.open(tmp_path / "v")
    gone, kept = record(vault), record(vault)
    vault.destroy_keys(gone)
    code, out, _ = hushtap("vault", "verify")
    assert (code, sorted(out.splitlines())) == (
        0,
        sorted([f"{gone}  disposed", f"{kept}  closed, sound"]),
    )
    code, out, _ = hushtap("vault", "verify", gone, "--json")
    told = {"recording": gone, "state": "disposed", "samples": 0, "ok": True, "problem": None}
    assert (code, json.loads(out)) == (0, told | {"quick": False})
    assert f"{gone}  disposed" in hushtap("vault", "list")[1]
    code, _, err = hushtap("vault", "show", gone)
    assert (code, "its keys were destroyed; nothing opens it" in err) == (1, True)
    assert [name for name, _ in _recordings(tmp_path / "v", None, None)] == [kept]
    assert [name for name, _ in _recordings(tmp_path / "v", None, [gone])] == [gone]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["init"], "nothing protects the new key: set HUSHTAP_PASSPHRASE, or say --unprotected"),
        (["init", "--role", "escrow", "--key", "e.key"], "v: no vault here; make its main key"),
        (["init", "--provider", "usb:1"], "no provider 'usb'"),
        (["init", "--provider", "awskms:///a", "--unprotected"], "exclude each other"),
        (["init", "--provider", "pkcs11:token=a;object=b"], "token 'a': its PIN is needed"),
    ],
)
def test_wrong_use_makes_nothing(
    hushtap: Hushtap, tmp_path: Path, args: list[str], told: str
) -> None:
    code, _, err = hushtap("keys", *args)
    assert code == 2
    assert told in err
    assert len(err.splitlines()) == 1
    assert [*tmp_path.iterdir()] == []


def test_wrong_use_of_a_vault_changes_nothing(hushtap: Hushtap, tmp_path: Path) -> None:
    assert hushtap("keys", "init", "--key", "main.key", "--unprotected")[0] == 0
    before = listed(hushtap)
    for args, code, told in (
        (["init", "--unprotected"], 1, "is the main key already; rotate it"),
        (["init", "--role", "escrow", "--unprotected"], 2, "name its file with --key"),
        (["rotate", "--unprotected"], 2, "its private key is elsewhere; name it with --key"),
        (["rotate", "--key", "main.key"], 2, "nothing protects the new key"),
        (["recover", "--key", "main.key"], 2, "no escrow key of this vault; with a main key"),
        (["recover", "--key", "none.key"], 1, "none.key: no key here"),
        (["retire", "0x"], 1, "no key begins with '0x'"),
        (["retire", before[0]["key"]], 1, "is the only main key"),
    ):
        found, _, err = hushtap("keys", *args)
        assert (found, told in err, len(err.splitlines())) == (code, True, 1), err
        assert listed(hushtap) == before
    assert [path.name for path in tmp_path.glob("*.key")] == ["main.key"]


@needs_softhsm
@pytest.mark.usefixtures("token")
def test_a_token_asks_for_its_pin(hushtap: Hushtap, tmp_path: Path) -> None:
    init = ("keys", "init", "--key", "main.key", "--provider", PROVIDER)
    assert hushtap(*init, PIN=PIN)[0] == 0
    recording = record(Vault.open(tmp_path / "v"))
    show = ("vault", "show", recording, "--key", "main.key")
    assert hushtap(*show, PIN=PIN)[0] == 0
    code, _, err = hushtap(*show)
    assert code == 1
    assert "main.key: protected by a PIN; set HUSHTAP_PIN" in err
    code, _, err = hushtap(*show, PIN="99999999")
    assert code == 1
    assert err == (
        "hushtap: token 'the safe': the PIN is wrong; tokens lock after a few wrong ones\n"
    )
    rotate = ("keys", "rotate", "--key", "main.key", "--new-key", "file.key")
    assert hushtap(*rotate, PIN=PIN, PASSPHRASE=FIRST)[0] == 0
    code, _, _ = hushtap("vault", "verify", "--key", "file.key", PASSPHRASE=FIRST)
    assert code == 0
