"""Making key pairs: the private half is on disk, and read back, before anything relies on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
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
    from collections.abc import Callable
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


@dataclass(frozen=True, slots=True)
class Plan:
    """A key that is about to be made, or taken from its file; nothing is written yet."""

    key_id: str
    make: Callable[[], PrivateKey] = field(repr=False)
    """Writes it and returns it as read back. Raises ``VaultError``."""


def planned(new: NewKey) -> Plan:
    """Return the key that ``new`` tells of.

    Raises:
        VaultError: its file is there already, under other protection or as no key.
    """
    if not new.path.exists():
        key = PrivateKey.generate()
        return Plan(key.public.key_id, partial(_save, key, new))
    there = look_at(new.path)
    if there.protection != new.protection.name:
        raise VaultError(f"{new.path}: already there, under other protection; choose another")
    return Plan(there.key_id, partial(load_private, new.path, new.passphrase))


def planned_first(
    folder: Path, passphrase: str | None, new: NewKey | None
) -> tuple[str, Callable[[], object]]:
    """Return the id of a vault's first key, and what writes its files into ``folder``.

    It is made as ``new`` says or under ``passphrase``; halves that are there are taken.

    Raises:
        VaultError: what is there is no key, or under other protection than ``new``.
            Both from here and from the function returned.
    """
    public, own = folder / PUBLIC_NAME, folder / PRIVATE_NAME
    if public.exists():
        return load_public(public).key_id, lambda: None
    if new is not None:
        plan = planned(new)
    elif own.exists():
        plan = Plan(look_at(own).key_id, partial(load_private, own, passphrase))
    else:
        protection = Unprotected() if passphrase is None else Passphrase(passphrase)
        plan = planned(NewKey(own, protection, passphrase, ""))
    return plan.key_id, lambda: save_public(plan.make().public, public)


def first_key(folder: Path, label: str) -> tuple[str, str] | None:
    """Return the key that a vault is made with, and that one of schema 1 has: id and label."""
    path = folder / PUBLIC_NAME
    return (load_public(path).key_id, label) if path.exists() else None


def _save(key: PrivateKey, new: NewKey) -> PrivateKey:
    save_private(key, new.path, new.protection)
    return load_private(new.path, new.passphrase)
