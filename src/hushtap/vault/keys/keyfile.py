"""The two files of a key pair. The private one is readable by its owner only."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hushtap.errors import VaultError
from hushtap.vault.files import reason, whole_file
from hushtap.vault.keys.hybrid import KEM, PrivateKey, PublicKey
from hushtap.vault.keys.protection import Passphrase, Protection, Unprotected, protection_of

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC_NAME = "recipient.pub"
PRIVATE_NAME = "private.key"

_PUBLIC = "hushtap-public-key"
_PRIVATE = "hushtap-private-key"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """What a private key file says in clear: whose it is, and what opens it.

    ``protection`` is ``none``, ``argon2id``, ``pkcs11``, ``aws-kms`` or ``transit``.
    """

    path: Path
    key_id: str
    protection: str

    @property
    def asks_for(self) -> str | None:
        """What a person has to give to open it: ``passphrase``, ``PIN``, or nothing."""
        return {"argon2id": "passphrase", "pkcs11": "PIN"}.get(self.protection)


def look_at(path: Path) -> KeyFile:
    """Return what the private key file at ``path`` says in clear.

    Raises:
        VaultError: absent or not such a file.
    """
    fields = _load(path, _PRIVATE)
    try:
        return KeyFile(path, str(fields["key_id"]), str(fields["protection"]))
    except KeyError:
        raise _damaged(path) from None


def private_files(folder: Path) -> dict[str, Path]:
    """Return the private key files in ``folder`` by the ids they claim; other files are none."""
    found = {}
    for path in sorted(folder.glob("*.key")):
        with suppress(VaultError):
            found[look_at(path).key_id] = path
    return found


def save_public(key: PublicKey, path: Path) -> None:
    """Write the key to ``path``, which must not exist. Raises ``VaultError``."""
    fields = {"mlkem768": _text(key.mlkem768), "x25519": _text(key.x25519)}
    _save(path, _PUBLIC, key.key_id, fields)


def load_public(path: Path) -> PublicKey:
    """Read the key at ``path``. Raises ``VaultError``: absent or not such a key."""
    fields = _load(path, _PUBLIC)
    try:
        key = PublicKey(_bytes(fields["mlkem768"]), _bytes(fields["x25519"]))
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None
    if key.key_id != fields.get("key_id"):
        raise _damaged(path)
    return key


def save_private(key: PrivateKey, path: Path, protection: Protection) -> None:
    """Write the key to ``path``, which must not exist, under ``protection``.

    Raises:
        VaultError: it exists, cannot be written, or the protection refuses.
    """
    key_id = key.public.key_id
    sealed, told = protection.seal(key.secret, _context(key_id))
    fields = {"protection": protection.name, "secret": _text(sealed)} | told
    _save(path, _PRIVATE, key_id, fields)


def load_private(path: Path, passphrase: str | None = None) -> PrivateKey:
    """Read the key at ``path``. ``passphrase`` is a token's PIN where one protects it.

    Raises:
        VaultError: absent, not such a key, or what protects it does not open it.
    """
    fields = _load(path, _PRIVATE)
    try:
        protection = protection_of(path, fields, passphrase)
        sealed, key_id = _bytes(fields["secret"]), str(fields["key_id"])
        key = PrivateKey(protection.open(sealed, fields, _context(key_id)))
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None
    if key.public.key_id != key_id:
        raise _damaged(path)
    return key


def generate_keypair(directory: Path, *, passphrase: str | None = None) -> PublicKey:
    """Make ``private.key`` (mode 0600) and ``recipient.pub`` in ``directory``.

    The private half is on disk before the public one can be used: nothing is
    ever sealed to a key that was lost.

    Raises:
        VaultError: either file exists, or cannot be written.
    """
    key = PrivateKey.generate()
    protection = Unprotected() if passphrase is None else Passphrase(passphrase)
    save_private(key, directory / PRIVATE_NAME, protection)
    save_public(key.public, directory / PUBLIC_NAME)
    return key.public


def _context(key_id: str) -> bytes:
    return f"hushtap private key 1|{key_id}".encode()


def _save(path: Path, kind: str, key_id: str, fields: dict[str, Any]) -> None:
    document = {"format": kind, "version": 1, "kem": KEM, "key_id": key_id} | fields
    with whole_file(path) as file:
        file.write(json.dumps(document, indent=1).encode() + b"\n")


def _load(path: Path, kind: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise VaultError(
            f"{path}: no key here; name the key file that belongs to this vault"
        ) from None
    except OSError as error:
        raise VaultError(f"{path}: the key cannot be read ({reason(error)})") from None
    except ValueError:
        raise _damaged(path) from None
    if not isinstance(document, dict) or document.get("format") != kind:
        raise VaultError(f"{path}: not a {kind} file")
    if (document.get("version"), document.get("kem")) != (1, KEM):
        raise VaultError(f"{path}: a key of another version; use the Hushtap that made it")
    return document


def _damaged(path: Path) -> VaultError:
    return VaultError(f"{path}: the key file is damaged; restore it from a backup")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
