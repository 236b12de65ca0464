"""SoftHSM is a real PKCS#11 token as far as its callers can tell; only its keys lie on the disk."""

from __future__ import annotations

import shutil
import subprocess
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
from vault.rotations import main_key, record

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
LABEL = "the safe"
PIN = "27182818"
PROVIDER = "pkcs11:token=the%20safe;object=hushtap"

pytestmark = pytest.mark.skipif(
    not SOFTHSM.exists(), reason="needs SoftHSM (apt-get install softhsm2)"
)


@pytest.fixture(autouse=True)
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token ``the safe`` with a PIN; return the folder it lies in."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    (tmp_path / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "softhsm2.conf"))
    monkeypatch.setenv(MODULE, str(SOFTHSM))
    command = ["softhsm2-util", "--init-token", "--free", "--label", "the safe"]
    subprocess.run(
        [*command, "--pin", PIN, "--so-pin", "31415926"], check=True, stdout=subprocess.DEVNULL
    )
    return folder


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
    command = ["softhsm2-util", "--init-token", "--free", "--label", "the safe"]
    command += ["--so-pin", "31415926", "--pin", PIN]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert "has no AES key 'hushtap'" in refusal(path, PIN)
    saved(tmp_path / "new.key", PROVIDER, PIN)
    assert "does not open key" in refusal(path, PIN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
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
    assert PIN not in repr(TokenKey("the safe", "hushtap", PIN))
