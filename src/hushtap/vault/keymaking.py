"""Making key pairs: the private half is on disk, and read back, before anything relies on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hushtap.errors import VaultError
from hushtap.vault.keys import (
    PRIVATE_NAME,
    PUBLIC_NAME,
    Passphrase,
    PrivateKey,
    Unprotected,
    load_private,
    load_public,
    look_at,
    save_private,
    save_public,
)

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.keys import Protection


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be made: where its private half goes, and what protects it there.

    ``passphrase`` (a token's PIN) is what ``protection`` was made with: the file
    is read back before anything relies on it. A key file at ``path`` that is under
    the same protection, and opens, is taken as it is.
    """

    path: Path
    protection: Protection
    passphrase: str | None = field(repr=False)
    label: str


def made(new: NewKey) -> PrivateKey:
    """Make the private key that ``new`` tells of, and return it as read back.

    Raises:
        VaultError: it cannot be written, or is there under other protection.
    """
    if not new.path.exists():
        save_private(PrivateKey.generate(), new.path, new.protection)
    elif look_at(new.path).protection != new.protection.name:
        raise VaultError(f"{new.path}: already there, under other protection; choose another")
    return load_private(new.path, new.passphrase)


def make_first(folder: Path, passphrase: str | None, new: NewKey | None) -> None:
    """Make the first key of a vault in ``folder``, as ``new`` says or under ``passphrase``.

    A private half that is there already is taken.

    Raises:
        VaultError: a file cannot be written, or the passphrase is another.
    """
    if (folder / PUBLIC_NAME).exists():
        return
    if new is None and (folder / PRIVATE_NAME).exists():
        key = load_private(folder / PRIVATE_NAME, passphrase)
    else:
        protection = Unprotected() if passphrase is None else Passphrase(passphrase)
        key = made(new or NewKey(folder / PRIVATE_NAME, protection, passphrase, ""))
    save_public(key.public, folder / PUBLIC_NAME)


def first_key(folder: Path, label: str) -> tuple[str, str] | None:
    """Return the key that a vault is made with, and that one of schema 1 has: id and label."""
    path = folder / PUBLIC_NAME
    return (load_public(path).key_id, label) if path.exists() else None
