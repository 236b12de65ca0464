from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.keys import PrivateKey, generate_keypair, load_private, load_public

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = "20261122T054500Z-0a1b2c3d"
DATA_KEY = bytes(range(32))
PHRASE = "tea and toast"


def test_what_the_public_half_wraps_the_private_half_opens(tmp_path: Path) -> None:
    generate_keypair(tmp_path)
    wrapped = load_public(tmp_path / "recipient.pub").wrap(DATA_KEY, RECORDING)
    assert load_private(tmp_path / "private.key").unwrap(wrapped, RECORDING) == DATA_KEY


def test_wrapping_twice_gives_different_bytes() -> None:
    public = PrivateKey.generate().public
    assert public.wrap(DATA_KEY, RECORDING) != public.wrap(DATA_KEY, RECORDING)


def test_a_wrapped_key_opens_for_its_recording_and_recipient_only() -> None:
    key = PrivateKey.generate()
    wrapped = key.public.wrap(DATA_KEY, RECORDING)
    with pytest.raises(VerificationError, match="wrapped key does not open"):
        key.unwrap(wrapped, RECORDING[:-1] + "e")
    with pytest.raises(VerificationError):
        PrivateKey.generate().unwrap(wrapped, RECORDING)
    for at in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[at] ^= 1
        with pytest.raises(VerificationError):
            key.unwrap(bytes(changed), RECORDING)
    with pytest.raises(VerificationError):
        key.unwrap(b"", RECORDING)


def test_the_private_file_is_its_owners_alone(tmp_path: Path) -> None:
    generate_keypair(tmp_path)
    assert stat.S_IMODE((tmp_path / "private.key").stat().st_mode) == 0o600
    assert [*tmp_path.glob(".*")] == []


def test_a_passphrase_is_needed_where_one_was_set(tmp_path: Path) -> None:
    public = generate_keypair(tmp_path, passphrase=PHRASE)
    path = tmp_path / "private.key"
    wrapped = public.wrap(DATA_KEY, RECORDING)
    assert load_private(path, PHRASE).unwrap(wrapped, RECORDING) == DATA_KEY
    with pytest.raises(VaultError, match="passphrase does not open"):
        load_private(path, "tea and cake")
    with pytest.raises(VaultError, match="protected by a passphrase"):
        load_private(path)


def test_existing_keys_are_never_replaced(tmp_path: Path) -> None:
    generate_keypair(tmp_path)
    before = (tmp_path / "private.key").read_bytes()
    with pytest.raises(VaultError, match="already there"):
        generate_keypair(tmp_path)
    assert (tmp_path / "private.key").read_bytes() == before


@pytest.mark.parametrize("name", ["recipient.pub", "private.key"])
def test_a_damaged_key_file_is_named(tmp_path: Path, name: str) -> None:
    generate_keypair(tmp_path)
    path = tmp_path / name
    load = load_public if name == "recipient.pub" else load_private
    document = json.loads(path.read_bytes())
    damages: list[bytes] = [b"", b"not json", b"[]", path.read_bytes()[:-20]]
    for field in document:
        without = {name: value for name, value in document.items() if name != field}
        damages += [json.dumps(without).encode(), json.dumps(document | {field: "AAAA"}).encode()]
    for damage in damages:
        path.write_bytes(damage)
        with pytest.raises(VaultError) as caught:
            load(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_protected_key_that_asks_for_absurd_memory_is_refused(tmp_path: Path) -> None:
    generate_keypair(tmp_path, passphrase=PHRASE)
    path = tmp_path / "private.key"
    document = json.loads(path.read_bytes())
    for change in ({"memory_kib": 2**40}, {"iterations": 0}, {"salt": "!"}, {"protection": "rot"}):
        path.write_text(json.dumps(document | change))
        with pytest.raises(VaultError, match="damaged"):
            load_private(path, PHRASE)


def test_the_halves_cannot_be_confused(tmp_path: Path) -> None:
    generate_keypair(tmp_path)
    with pytest.raises(VaultError, match="not a hushtap-private-key"):
        load_private(tmp_path / "recipient.pub")
    with pytest.raises(VaultError, match="not a hushtap-public-key"):
        load_public(tmp_path / "private.key")


def test_a_missing_or_unreadable_key_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no key here"):
        load_private(tmp_path / "private.key")
    with pytest.raises(VaultError, match="cannot be read"):
        load_public(tmp_path)


def test_a_key_shows_nothing_of_itself(tmp_path: Path) -> None:
    generate_keypair(tmp_path)
    key = load_private(tmp_path / "private.key")
    secret = json.loads((tmp_path / "private.key").read_bytes())["secret"]
    assert secret not in repr(key) + str(key)
    assert "bytes" not in repr(key)
