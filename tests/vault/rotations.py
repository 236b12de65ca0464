"""Vaults with many recordings, and rotations of their keys as a command does them."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from sqlalchemy import insert

from hushtap.vault.keyring import Handover, KeyRing, NewKey, Role
from hushtap.vault.keys import PrivateKey, Unprotected, load_private, private_files
from hushtap.vault.recordings import Vault
from hushtap.vault.schema import recordings, wrapped_keys
from vault.calls import PHONE_LINE, append_all, call

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def record(vault: Vault, samples: int = 500, seed: int = 1) -> str:
    """Record and close a short call; return its id."""
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(samples, seed=seed))
    return recording.id


def many(vault: Vault, count: int) -> dict[str, bytes]:
    """List ``count`` recordings without files, sealed as real ones are; return their data keys."""
    keys = {f"20260101T{n:06}Z-00000000": n.to_bytes(32, "big") for n in range(count)}
    recipients = vault.keyring.recipients()
    rows = [
        {
            "id": identity,
            "started": "2026-01-01T00:00:00+00:00",
            "sample_rate": 8000,
            "channels": 2,
            "state": "closed",
            "samples": 0,
            "source": "line",
            "policy": "abc",
            "findings": {},
        }
        for identity in keys
    ]
    wrapped = [
        {"recording_id": identity, "key_id": key.key_id, "wrapped": key.wrap(data_key, identity)}
        for identity, data_key in keys.items()
        for key in recipients
    ]
    with vault._catalog.database.writing() as connection:
        connection.execute(insert(recordings), rows)
        connection.execute(insert(wrapped_keys), wrapped)
    return keys


def opened_by(vault: Vault, private: PrivateKey) -> dict[str, bytes]:
    """Return the data keys that ``private`` opens, by recording."""
    opened = {}
    for info in vault._catalog.list():
        wrapped = vault._catalog.find(info.id)[1].get(private.public.key_id)
        if wrapped is not None:
            opened[info.id] = private.unwrap(wrapped, info.id)
    return opened


def private_of(vault: Vault, key_id: str) -> PrivateKey:
    """Return a private key that lies in the vault."""
    return load_private(private_files(vault.keyring.folder)[key_id])


def rotate(
    vault: Vault,
    opener: PrivateKey,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Handover:
    """Rotate the main key, or finish a rotation that was interrupted."""
    ring = vault.keyring
    due = ring.unfinished()
    to = new_key(ring) if due is None else private_of(vault, due)
    return ring.rotate(opener, to, progress=progress)


def new_key(ring: KeyRing) -> NewKey:
    """Return an unprotected key to be made in the vault, of the name it would have again."""
    return NewKey(ring.folder / f"main-{len(ring.list()) + 1}.key", Unprotected(), None, "new")


def main_key(vault: Vault) -> PrivateKey:
    """Return the private half of the only main key."""
    [key] = [k for k in vault.keyring.list() if k.role is Role.MAIN and k.state == "active"]
    return private_of(vault, key.key_id)


def hashes(vault: Vault) -> dict[str, str]:
    """Return the SHA-256 of every recording's file."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (vault.path / "recordings").iterdir()
    }


def copied(vault: Path, to: Path) -> Vault:
    """Return a copy of a vault that nobody has open."""
    shutil.copytree(vault, to)
    return Vault.open(to)
