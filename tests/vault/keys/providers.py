"""What every provider must do, whichever it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault.keys import PrivateKey, load_private, look_at, protection_for, save_private

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = "20261122T054500Z-0a1b2c3d"
DATA_KEY = bytes(range(32))


def saved(path: Path, provider: str, secret: str | None = None) -> PrivateKey:
    """Make a key and keep it at ``path`` under ``provider``."""
    key = PrivateKey.generate()
    save_private(key, path, protection_for(provider, secret))
    return key


def assert_keeps_a_key(path: Path, provider: str, secret: str | None, protection: str) -> None:
    """See that a key comes back, that its file does not hold it, and that changes are found."""
    key = saved(path, provider, secret)
    wrapped = key.public.wrap(DATA_KEY, RECORDING)
    assert load_private(path, secret).unwrap(wrapped, RECORDING) == DATA_KEY
    told = look_at(path)
    assert (told.key_id, told.protection) == (key.public.key_id, protection)
    content = path.read_bytes()
    document = json.loads(content)
    assert key.secret not in content
    assert key.secret.hex().encode() not in content
    other = saved(path.with_name("other.key"), provider, secret)
    assert load_private(path.with_name("other.key"), secret).public.key_id == other.public.key_id
    swapped = json.loads(path.with_name("other.key").read_bytes())
    middle = len(document["secret"]) // 2
    flipped = "A" if document["secret"][middle] != "A" else "B"
    damages = [
        {"secret": document["secret"][:middle] + flipped + document["secret"][middle + 1 :]},
        {"secret": document["secret"][: middle - middle % 4]},
        {"secret": ""},
        {"secret": swapped["secret"]} | ({"nonce": swapped["nonce"]} if "nonce" in swapped else {}),
        {"key_id": other.public.key_id},
    ]
    for damage in damages:
        path.write_text(json.dumps(document | damage))
        with pytest.raises(VaultError) as caught:
            load_private(path, secret)
        assert "\n" not in str(caught.value)
    path.write_bytes(content)
    assert load_private(path, secret).unwrap(wrapped, RECORDING) == DATA_KEY
