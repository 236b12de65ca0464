"""SoftHSM is a real PKCS#11 token as far as its callers can tell; only its keys lie on the disk."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import exceptions as refused

from hushtap.errors import VaultError
from hushtap.vault.keyring import NewKey
from hushtap.vault.keys import load_private, look_at, protection_for
from hushtap.vault.keys.token import MODULE, TokenKey
from hushtap.vault.recordings import Vault
from vault.keys.providers import DATA_KEY, RECORDING, assert_keeps_a_key, saved
from vault.keys.softhsm import LABEL, PIN, PROVIDER, SOFTHSM, make_token, needs_softhsm, token
from vault.rotations import main_key, record

__all__ = ["token"]

pytestmark = [needs_softhsm, pytest.mark.usefixtures("token")]


def test_a_token_keeps_a_key(tmp_path: Path) -> None:
    assert_keeps_a_key(tmp_path / "private.key", PROVIDER, PIN, "pkcs11")
    assert look_at(tmp_path / "private.key").asks_for == "PIN"


def test_the_key_in_the_token_cannot_be_taken_out(tmp_path: Path) -> None:
    saved(tmp_path / "private.key", PROVIDER, PIN)
    with pkcs11.lib(str(SOFTHSM)).get_token(token_label=LABEL).open(user_pin=PIN) as session:
        [key] = session.get_objects({pkcs11.Attribute.LABEL: "hushtap"})
        assert key[pkcs11.Attribute.EXTRACTABLE] is False
        with pytest.raises(pkcs11.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]


def test_several_private_keys_share_the_one_in_the_token(tmp_path: Path) -> None:
    keys = [saved(tmp_path / f"{n}.key", PROVIDER, PIN) for n in range(3)]
    for n, key in enumerate(keys):
        assert load_private(tmp_path / f"{n}.key", PIN).public.key_id == key.public.key_id


def test_a_recorder_needs_neither_token_nor_pin(
    tmp_path: Path, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "main.key"
    new = NewKey(place, protection_for(PROVIDER, PIN), PIN, "main")
    vault = Vault.create(tmp_path / "vault", new_key=new)
    [inside] = token.iterdir()
    inside.rename(tmp_path / "away")
    monkeypatch.delenv(MODULE)
    recording = record(Vault.open(vault.path))
    with pytest.raises(VaultError, match=f"set {MODULE} to the path of its library"):
        Vault.open(vault.path, private_key=place, passphrase=PIN).read(recording)
    monkeypatch.setenv(MODULE, str(SOFTHSM))
    with pytest.raises(VaultError, match="token 'the safe': is not attached; attach it"):
        Vault.open(vault.path, private_key=place, passphrase=PIN).read(recording)
    (tmp_path / "away").rename(inside)
    assert Vault.open(vault.path, private_key=place, passphrase=PIN).read(recording).complete
    with pytest.raises(VaultError, match=r"main\.key: protected by a token; give its PIN"):
        Vault.open(vault.path, private_key=place).read(recording)


def test_a_vault_moves_from_a_file_to_a_token(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "vault")
    recording = record(vault)
    place = tmp_path / "token.key"
    new = NewKey(place, protection_for(PROVIDER, PIN), PIN, "token")
    assert vault.keyring.rotate(main_key(vault), new).taken == 1
    assert Vault.open(vault.path, private_key=place, passphrase=PIN).read(recording).complete


def refusal(path: Path, pin: str) -> str:
    with pytest.raises(VaultError) as caught:
        load_private(path, pin)
    assert "\n" not in str(caught.value)
    assert pin not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_each_refusal_is_one_clear_line(
    tmp_path: Path, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "private.key"
    saved(path, PROVIDER, PIN)
    assert "the PIN is wrong" in refusal(path, "11111111")
    assert "the PIN is wrong" in refusal(path, "1" * 300)
    shutil.move(token, tmp_path / "away")
    token.mkdir()
    assert "is not attached" in refusal(path, PIN)
    make_token()
    assert "has no AES key 'hushtap'" in refusal(path, PIN)
    saved(tmp_path / "new.key", PROVIDER, PIN)
    assert "does not open key" in refusal(path, PIN)
    make_token()
    assert "several are attached" in refusal(path, PIN)
    monkeypatch.setenv(MODULE, str(tmp_path / "none.so"))
    assert f"is no PKCS#11 library; correct {MODULE}" in refusal(path, PIN)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (refused.PinLocked, "its PIN is locked; have it unlocked"),
        (refused.PinExpired, "its PIN has expired; set a new one"),
        (refused.UserPinNotInitialized, "it has no PIN yet; set one"),
        (refused.TokenWriteProtected, "is write-protected"),
        (refused.DeviceRemoved, "is not attached"),
        (refused.DeviceError, r"refused \(DeviceError\)"),
    ],
)
def test_what_softhsm_cannot_be_brought_to_is_told_in_one_line(
    error: type[Exception], line: str
) -> None:
    key = TokenKey(LABEL, "hushtap", PIN)
    with (
        pytest.raises(VaultError, match=f"token 'the safe': {line}") as caught,
        key._session(writes=False),
    ):
        raise error("anything")
    assert "anything" not in str(caught.value)


def test_threads_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "private.key"
    key = saved(path, PROVIDER, PIN)
    wrapped = key.public.wrap(DATA_KEY, RECORDING)
    with ThreadPoolExecutor(8) as pool:
        opened = [pool.submit(load_private, path, PIN) for _ in range(40)]
        assert {one.result().unwrap(wrapped, RECORDING) for one in opened} == {DATA_KEY}


def test_a_pin_is_shown_nowhere() -> None:
    new = NewKey(Path("new.key"), TokenKey(LABEL, "hushtap", PIN), PIN, "new")
    assert PIN not in repr(new) + str(new)
