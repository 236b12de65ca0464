"""The key pair of a vault: the public half seals data keys, the private half opens them.

A recording's data key is wrapped by HPKE (RFC 9180) with the hybrid KEM
ML-KEM-768 + X25519, HKDF-SHA-256 and AES-256-GCM. ``info`` names the recording,
so that a wrapped key put beside another recording does not open.

Each half is a small JSON file. The private one is readable by its owner only
and, with a passphrase, sealed under argon2id (RFC 9106, its second recommended
setting: 3 passes, 4 lanes, 64 MiB).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.files import reason, whole_file

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC_NAME = "recipient.pub"
PRIVATE_NAME = "private.key"

_KEM = "MLKEM768-X25519"
_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_SEED = 64
_ARGON2 = {"iterations": 3, "lanes": 4, "memory_kib": 64 * 1024}
_ARGON2_MOST = {"iterations": 100, "lanes": 64, "memory_kib": 4 * 1024 * 1024}


class PublicKey:
    """The recipient of data keys. ``key_id`` is 16 hex digits of its SHA-256."""

    def __init__(self, mlkem: MLKEM768PublicKey, x25519: X25519PublicKey) -> None:
        self._mlkem, self._x25519 = mlkem.public_bytes_raw(), x25519.public_bytes_raw()
        self._key = hpke.MLKEM768X25519PublicKey(mlkem, x25519)
        self.key_id = hashlib.sha256(self._mlkem + self._x25519).hexdigest()[:16]

    def wrap(self, data_key: bytes, recording_id: str) -> bytes:
        """Return ``data_key`` sealed to this recipient (1168 bytes for a 32-byte key)."""
        return _SUITE.encrypt(data_key, self._key, info=_info(recording_id))

    def save(self, path: Path) -> None:
        """Write the key to ``path``, which must not exist. Raises ``VaultError``."""
        fields = {"mlkem768": _text(self._mlkem), "x25519": _text(self._x25519)}
        _save(path, "hushtap-public-key", self.key_id, fields)

    @staticmethod
    def load(path: Path) -> PublicKey:
        """Read the key at ``path``. Raises ``VaultError``: absent or not such a key."""
        fields = _load(path, "hushtap-public-key")
        try:
            key = PublicKey(
                MLKEM768PublicKey.from_public_bytes(_bytes(fields["mlkem768"])),
                X25519PublicKey.from_public_bytes(_bytes(fields["x25519"])),
            )
        except (KeyError, TypeError, ValueError):
            raise _damaged(path) from None
        if key.key_id != fields.get("key_id"):
            raise _damaged(path)
        return key


class PrivateKey:
    """What opens data keys. Its repr shows nothing of it."""

    def __init__(self, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._secret = mlkem.private_bytes_raw() + x25519.private_bytes_raw()
        self._key = hpke.MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public = PublicKey(mlkem.public_key(), x25519.public_key())

    @staticmethod
    def generate() -> PrivateKey:
        """Return a fresh key from the system's randomness."""
        return PrivateKey(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())

    def unwrap(self, wrapped: bytes, recording_id: str) -> bytes:
        """Return the 32-byte data key of ``recording_id``.

        Raises:
            VerificationError: ``wrapped`` was changed, or belongs to another
                recording or recipient.
        """
        try:
            return _SUITE.decrypt(wrapped, self._key, info=_info(recording_id))
        except InvalidTag:
            raise VerificationError(
                f"recording {recording_id}: its wrapped key does not open with private key "
                f"{self.public.key_id}; restore the catalog from a backup"
            ) from None

    def save(self, path: Path, passphrase: str | None = None) -> None:
        """Write the key to ``path``, which must not exist. Raises ``VaultError``."""
        fields: dict[str, object] = {"protection": "none", "secret": _text(self._secret)}
        if passphrase is not None:
            salt = os.urandom(16)
            key = _stretch(passphrase, salt, _ARGON2)
            seal = Cobblestone256Encryptor(key, _protection(self.public.key_id))
            sealed = seal.update(self._secret) + seal.finalize()
            fields = {"protection": "argon2id", "salt": _text(salt), "secret": _text(sealed)}
            fields |= _ARGON2
        _save(path, "hushtap-private-key", self.public.key_id, fields)

    @staticmethod
    def load(path: Path, passphrase: str | None = None) -> PrivateKey:
        """Read the key at ``path``; ``passphrase`` is ignored where none protects it.

        Raises:
            VaultError: absent, not such a key, or the passphrase is missing or wrong.
        """
        fields = _load(path, "hushtap-private-key")
        try:
            secret = _open_secret(path, fields, passphrase)
            key = PrivateKey(
                MLKEM768PrivateKey.from_seed_bytes(secret[:_SEED]),
                X25519PrivateKey.from_private_bytes(secret[_SEED:]),
            )
        except (KeyError, TypeError, ValueError):
            raise _damaged(path) from None
        if key.public.key_id != fields.get("key_id"):
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
    key.save(directory / PRIVATE_NAME, passphrase)
    key.public.save(directory / PUBLIC_NAME)
    return key.public


def _open_secret(path: Path, fields: dict[str, Any], passphrase: str | None) -> bytes:
    secret = _bytes(fields["secret"])
    if fields["protection"] == "none":
        return secret
    if fields["protection"] != "argon2id":
        raise _damaged(path)
    if passphrase is None:
        raise VaultError(f"{path}: protected by a passphrase; give it to open recordings")
    cost = {name: int(fields[name]) for name in _ARGON2}
    if any(not 0 < cost[name] <= most for name, most in _ARGON2_MOST.items()):
        raise _damaged(path)
    key = _stretch(passphrase, _bytes(fields["salt"]), cost)
    opener = Cobblestone256Decryptor(key, _protection(str(fields["key_id"])))
    try:
        return opener.update(secret) + opener.finalize()
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


def _info(recording_id: str) -> bytes:
    return f"hushtap data key 1|{recording_id}".encode()


def _protection(key_id: str) -> bytes:
    return f"hushtap private key 1|{key_id}".encode()


def _save(path: Path, kind: str, key_id: str, fields: dict[str, Any]) -> None:
    document = {"format": kind, "version": 1, "kem": _KEM, "key_id": key_id} | fields
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
    if (document.get("version"), document.get("kem")) != (1, _KEM):
        raise VaultError(f"{path}: a key of another version; use the Hushtap that made it")
    return document


def _damaged(path: Path) -> VaultError:
    return VaultError(f"{path}: the key file is damaged; restore it from a backup")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
