"""The hybrid key pair: the public half seals data keys, the private half opens them.

A recording's data key is wrapped by HPKE (RFC 9180) with the hybrid KEM
ML-KEM-768 + X25519, HKDF-SHA-256 and AES-256-GCM. ``info`` names the recording,
so that a wrapped key put beside another recording does not open.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from hushtap.errors import VerificationError

KEM = "MLKEM768-X25519"

_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_SEED = 64


class PublicKey:
    """A recipient of data keys. ``key_id`` is 16 hex digits of its SHA-256.

    ``mlkem768`` (1184 bytes) and ``x25519`` (32 bytes) are its raw halves.
    """

    def __init__(self, mlkem768: bytes, x25519: bytes) -> None:
        """Take the raw halves. Raises ``ValueError`` where they are no public key."""
        self.mlkem768, self.x25519 = mlkem768, x25519
        self._key = hpke.MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(mlkem768), X25519PublicKey.from_public_bytes(x25519)
        )
        self.key_id = hashlib.sha256(mlkem768 + x25519).hexdigest()[:16]

    def wrap(self, data_key: bytes, recording_id: str) -> bytes:
        """Return ``data_key`` sealed to this recipient (1168 bytes for a 32-byte key)."""
        return _SUITE.encrypt(data_key, self._key, info=_info(recording_id))


class PrivateKey:
    """What opens data keys. Its repr shows nothing of it.

    ``secret`` is all of it: 64 bytes of ML-KEM seed, then 32 of X25519.
    """

    def __init__(self, secret: bytes) -> None:
        """Take the secret. Raises ``ValueError`` where it is none."""
        mlkem = MLKEM768PrivateKey.from_seed_bytes(secret[:_SEED])
        x25519 = X25519PrivateKey.from_private_bytes(secret[_SEED:])
        self.secret = secret
        self._key = hpke.MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public = PublicKey(
            mlkem.public_key().public_bytes_raw(), x25519.public_key().public_bytes_raw()
        )

    @staticmethod
    def generate() -> PrivateKey:
        """Return a fresh key from the system's randomness."""
        seed = MLKEM768PrivateKey.generate().private_bytes_raw()
        return PrivateKey(seed + X25519PrivateKey.generate().private_bytes_raw())

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


def _info(recording_id: str) -> bytes:
    return f"hushtap data key 1|{recording_id}".encode()
