"""Key pairs that data keys are sealed to, and where their private halves are kept.

``PublicKey.wrap`` needs the public half only; ``PrivateKey.unwrap`` needs the
private one. Each half is a small JSON file (``keyfile``). What is in the private
file is sealed by a ``Protection``: a passphrase, a PKCS#11 token, AWS KMS, or the
transit engine of a HashiCorp Vault or OpenBao server (docs/adr/0012-keys.md).
"""

from hushtap.vault.keys.hybrid import PrivateKey, PublicKey
from hushtap.vault.keys.keyfile import (
    PRIVATE_NAME,
    PUBLIC_NAME,
    KeyFile,
    generate_keypair,
    load_private,
    load_public,
    look_at,
    private_files,
    save_private,
    save_public,
)
from hushtap.vault.keys.protection import Passphrase, Protection, Unprotected, protection_for

__all__ = [
    "PRIVATE_NAME",
    "PUBLIC_NAME",
    "KeyFile",
    "Passphrase",
    "PrivateKey",
    "Protection",
    "PublicKey",
    "Unprotected",
    "generate_keypair",
    "load_private",
    "load_public",
    "look_at",
    "private_files",
    "protection_for",
    "save_private",
    "save_public",
]
