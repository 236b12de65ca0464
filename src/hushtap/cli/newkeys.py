"""The keys that commands make or go on with, and the passphrases these ask for."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from hushtap.cli.output import PASSPHRASE, PIN, ask, secret_of
from hushtap.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.keyring import KeyRing, NewKey
    from hushtap.vault.keys import PrivateKey

NEW_PASSPHRASE = "HUSHTAP_NEW_PASSPHRASE"  # noqa: S105 - the name of the variable
"""Environment variable: the passphrase of a key that takes over; else that of the old one."""


def new_key_at(place: Path, label: str, provider: str, *, unprotected: bool) -> NewKey:
    """Return the key that is to be made; ask for its passphrase or PIN where none is set.

    Raises:
        UsageError: nothing protects it, and nobody said that nothing should.
    """
    from hushtap.vault.keyring import NewKey  # noqa: PLC0415
    from hushtap.vault.keys import Unprotected, protection_for  # noqa: PLC0415

    if unprotected:
        if provider != "passphrase":
            raise UsageError("--unprotected and --provider exclude each other")
        return NewKey(place, Unprotected(), None, label)
    secret = None
    if provider == "passphrase":
        secret = os.environ.get(NEW_PASSPHRASE) or os.environ.get(PASSPHRASE)
        secret = secret or _asked(f"Passphrase for the new key {place}", new=True)
        if not secret:
            raise UsageError(
                f"nothing protects the new key: set {PASSPHRASE}, or say --unprotected"
            )
    elif provider.startswith("pkcs11:"):
        secret = os.environ.get(PIN) or _asked("PIN of the token", new=False)
    return NewKey(place, protection_for(provider, secret), secret, label)


def due_key(ring: KeyRing, key_id: str, named: Path | None, beside: Path) -> PrivateKey:
    """Return the private key of that id: from ``named``, else ``beside`` it, else in the vault.

    Raises:
        UsageError: it is not there.
        VaultError: the file ``named`` is no private key, or does not open.
    """
    from hushtap.vault.keys import look_at, private_files  # noqa: PLC0415

    if named is not None:
        path = named if look_at(named).key_id == key_id else None
    else:
        nearby = [private_files(folder) for folder in (beside, ring.folder)]
        path = next((files[key_id] for files in nearby if key_id in files), None)
    if path is None:
        raise UsageError(f"the private half of key {key_id} is elsewhere: name it with --new-key")
    passphrase = look_at(path).protection == "argon2id"
    secret = os.environ.get(NEW_PASSPHRASE) if passphrase else None
    return ring.open(path, secret or secret_of(path))


def _asked(question: str, *, new: bool) -> str | None:
    return ask(question, new=new) if sys.stdin is not None and sys.stdin.isatty() else None
