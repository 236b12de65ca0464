"""What seals a private key where it is kept.

Nothing here is needed to record: a recorder has public halves only, and neither
passphrase, token nor credentials of a service.
"""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from hushtap.errors import UsageError, VaultError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROVIDERS = "passphrase, pkcs11:token=LABEL;object=LABEL, awskms:///KEY or hashivault://KEY"
"""The forms of ``protection_for``: RFC 7512 and what cosign uses."""

_COST = {"iterations": 3, "lanes": 4, "memory_kib": 64 * 1024}
_MOST = {"iterations": 100, "lanes": 64, "memory_kib": 4 * 1024 * 1024}


class Protection(Protocol):
    """Seals the private half of a key pair, and opens it again.

    ``context`` names the key; it is bound to what is sealed.
    """

    name: str

    def seal(self, secret: bytes, context: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return ``secret`` (96 bytes) sealed, and what the key file must say to open it.

        Raises:
            VaultError: what seals it is absent or refuses.
        """

    def open(self, sealed: bytes, fields: Mapping[str, Any], context: bytes) -> bytes:
        """Return the secret of a key file with these ``fields``.

        Raises:
            VaultError: what sealed it is absent or refuses, or ``sealed`` was changed.
            KeyError, TypeError, ValueError: the fields are not what ``seal`` made.
        """


class Unprotected:
    """The rights of the file are all that protects it."""

    name = "none"

    def seal(self, secret: bytes, context: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return ``secret`` as it is."""
        del context
        return secret, {}

    def open(self, sealed: bytes, fields: Mapping[str, Any], context: bytes) -> bytes:
        """Return the secret as it lies there."""
        del fields, context
        return sealed


class Passphrase:
    """Argon2id (RFC 9106, its second recommended setting: 3 passes, 4 lanes, 64 MiB)."""

    name = "argon2id"

    def __init__(self, passphrase: str) -> None:
        self._passphrase = passphrase

    def seal(self, secret: bytes, context: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return ``secret`` under a key stretched from the passphrase, and salt and cost."""
        salt = os.urandom(16)
        seal = Cobblestone256Encryptor(self._stretch(salt, _COST), context)
        told = {"salt": base64.b64encode(salt).decode()} | _COST
        return seal.update(secret) + seal.finalize(), told

    def open(self, sealed: bytes, fields: Mapping[str, Any], context: bytes) -> bytes:
        """Return the secret. Raises ``VaultError`` where the passphrase is another."""
        cost = {name: int(fields[name]) for name in _COST}
        if any(not 0 < cost[name] <= most for name, most in _MOST.items()):
            raise ValueError("a cost that no Hushtap writes")
        salt = base64.b64decode(fields["salt"], validate=True)
        opener = Cobblestone256Decryptor(self._stretch(salt, cost), context)
        try:
            return opener.update(sealed) + opener.finalize()
        except InvalidTag:
            key_id = fields["key_id"]
            raise VaultError(f"key {key_id}: the passphrase does not open this key") from None

    def _stretch(self, salt: bytes, cost: dict[str, int]) -> bytes:
        return Argon2id(
            salt=salt,
            length=32,
            iterations=cost["iterations"],
            lanes=cost["lanes"],
            memory_cost=cost["memory_kib"],
        ).derive(os.fsencode(self._passphrase))


def protection_for(provider: str, passphrase: str | None) -> Protection:
    """Return what ``provider`` names (one of ``PROVIDERS``); ``passphrase`` is a token's PIN.

    Raises:
        UsageError: there is no such provider, or it needs a passphrase or PIN.
    """
    scheme, _, rest = provider.partition(":")
    if provider == "passphrase" and passphrase:
        return Passphrase(passphrase)
    if scheme == "pkcs11":
        return _token(provider, rest, passphrase)
    if scheme == "awskms" and rest.startswith("///") and rest[3:]:
        from hushtap.vault.keys.kms import KmsKey  # noqa: PLC0415 - an extra

        return KmsKey(rest[3:])
    if scheme == "hashivault" and rest.startswith("//") and rest[2:]:
        from hushtap.vault.keys.transit import TransitKey  # noqa: PLC0415 - an extra

        return TransitKey(rest[2:])
    if provider == "passphrase":
        raise UsageError("the key needs a passphrase that is not empty")
    raise UsageError(f"no provider {scheme!r}; there are {PROVIDERS}")


def protection_of(path: Path, fields: Mapping[str, Any], passphrase: str | None) -> Protection:
    """Return what opens the key file at ``path`` with these ``fields``.

    Raises:
        VaultError: it needs a passphrase or PIN and none was given.
        KeyError, ValueError: there is no such protection.
    """
    name = fields["protection"]
    if name == Unprotected.name:
        return Unprotected()
    if name == "aws-kms":
        from hushtap.vault.keys.kms import KmsKey  # noqa: PLC0415 - an extra

        return KmsKey(str(fields["kms_key"]))
    if name == "transit":
        from hushtap.vault.keys.transit import TransitKey  # noqa: PLC0415 - an extra

        return TransitKey(str(fields["transit_key"]))
    if name not in {Passphrase.name, "pkcs11"}:
        raise ValueError("a protection that no Hushtap writes")
    if passphrase is None:
        what = "passphrase" if name == Passphrase.name else "token"
        raise VaultError(
            f"{path}: protected by a {what}; give its {'PIN' if what == 'token' else what} "
            "to open recordings"
        )
    if name == Passphrase.name:
        return Passphrase(passphrase)
    from hushtap.vault.keys.token import TokenKey  # noqa: PLC0415 - an extra

    return TokenKey(str(fields["token"]), str(fields["object"]), passphrase)


def _token(provider: str, rest: str, pin: str | None) -> Protection:
    """Read a PKCS#11 URI (RFC 7512) of the attributes ``token`` and ``object``."""
    parts = [part.partition("=") for part in rest.split(";")]
    named = {name: unquote(value) for name, _, value in parts}
    if set(named) != {"token", "object"} or not all(named.values()) or len(parts) != len(named):
        raise UsageError(f"{provider}: say pkcs11:token=LABEL;object=LABEL, and nothing else")
    if not pin:
        raise UsageError(f"token {named['token']!r}: its PIN is needed")
    from hushtap.vault.keys.token import TokenKey  # noqa: PLC0415 - an extra

    return TokenKey(named["token"], named["object"], pin)
