"""The key that signs the heads of an audit log, in two files.

``audit.key`` is JSON, readable by its owner only, with a passphrase sealed under
argon2id (RFC 9106, its second recommended setting) and AES-256-GCM. ``audit.vkey``
is one line, the public key as note tools take it.
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hushtap.errors import VaultError
from hushtap.vault.audit.note import Signer, Verifier
from hushtap.vault.files import reason, whole_file

if TYPE_CHECKING:
    from pathlib import Path

KEY_NAME: Final = "audit.key"
VKEY_NAME: Final = "audit.vkey"

_FORMAT: Final = "hushtap-audit-key"
_ARGON2: Final = {"iterations": 3, "lanes": 4, "memory_kib": 64 * 1024}
_ARGON2_MOST: Final = {"iterations": 100, "lanes": 64, "memory_kib": 4 * 1024 * 1024}
_NONCE: Final = 12


def new_signer(origin: str) -> Signer:
    """Return a fresh key for the log ``origin``, from the system's randomness."""
    return Signer(origin, Ed25519PrivateKey.generate())


def save_signer(signer: Signer, path: Path, passphrase: str | None = None) -> None:
    """Write the private half to ``path``, which must not exist. Raises ``VaultError``."""
    secret = signer.key.private_bytes_raw()
    fields: dict[str, Any] = {"format": _FORMAT, "version": 1, "name": signer.name}
    if passphrase is None:
        fields |= {"protection": "none", "secret": _text(secret)}
    else:
        salt, nonce = os.urandom(16), os.urandom(_NONCE)
        key = AESGCM(_stretch(passphrase, salt, _ARGON2))
        sealed = nonce + key.encrypt(nonce, secret, _context(signer.name))
        fields |= {"protection": "argon2id", "salt": _text(salt), "secret": _text(sealed)}
        fields |= _ARGON2
    with whole_file(path) as file:
        file.write(json.dumps(fields, indent=1).encode() + b"\n")


def load_signer(path: Path, passphrase: str | None = None) -> Signer:
    """Read the private half; ``passphrase`` is ignored where none protects it.

    Raises:
        VaultError: absent, not such a key, or the passphrase is missing or wrong.
    """
    try:
        fields = json.loads(_read(path))
        if fields["format"] != _FORMAT or fields["version"] != 1:
            raise VaultError(f"{path}: not a {_FORMAT} file of version 1")
        return Signer(
            str(fields["name"]),
            Ed25519PrivateKey.from_private_bytes(_open_secret(path, fields, passphrase)),
        )
    except (KeyError, TypeError, ValueError):
        raise _damaged(path) from None


def is_protected(path: Path) -> bool:
    """Return whether the key at ``path`` needs a passphrase; False where it cannot be read."""
    try:
        return bool(json.loads(path.read_bytes())["protection"] != "none")
    except (OSError, ValueError, KeyError, TypeError):
        return False


def save_verifier(verifier: Verifier, path: Path) -> None:
    """Write the public half to ``path``, which must not exist. Raises ``VaultError``."""
    with whole_file(path) as file:
        file.write(f"{verifier}\n".encode())


def load_verifier(path: Path) -> Verifier:
    """Read the public half. Raises ``VaultError``: absent or not such a key."""
    try:
        return Verifier.parse(_read(path).decode().removesuffix("\n"))
    except ValueError:
        raise _damaged(path) from None


def _open_secret(path: Path, fields: dict[str, Any], passphrase: str | None) -> bytes:
    secret = _bytes(fields["secret"])
    if fields["protection"] == "none":
        return secret
    if fields["protection"] != "argon2id":
        raise _damaged(path)
    if passphrase is None:
        raise VaultError(f"{path}: protected by a passphrase; give it to sign the audit log")
    cost = {name: int(fields[name]) for name in _ARGON2}
    if any(not 0 < cost[name] <= most for name, most in _ARGON2_MOST.items()):
        raise _damaged(path)
    key = AESGCM(_stretch(passphrase, _bytes(fields["salt"]), cost))
    try:
        return key.decrypt(secret[:_NONCE], secret[_NONCE:], _context(str(fields["name"])))
    except InvalidTag:
        raise VaultError(f"{path}: the passphrase does not open this key") from None


def _stretch(passphrase: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Argon2id(
        salt=salt,
        length=32,
        iterations=cost["iterations"],
        lanes=cost["lanes"],
        memory_cost=cost["memory_kib"],
    ).derive(os.fsencode(passphrase))


def _context(name: str) -> bytes:
    return f"hushtap audit key 1|{name}".encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise VaultError(
            f"{path}: no key here; name the key file that belongs to this audit log"
        ) from None
    except OSError as error:
        raise VaultError(f"{path}: the key cannot be read ({reason(error)})") from None


def _damaged(path: Path) -> VaultError:
    return VaultError(f"{path}: the key file is damaged; restore it from a backup")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
