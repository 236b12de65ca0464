"""Signed notes (c2sp.org/signed-note) and the checkpoints in them (c2sp.org/tlog-checkpoint).

Ed25519 only. Parsing raises ``ValueError`` with a constant text; whoever knows
the file names it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hushtap.vault.audit.merkle import HASH_BYTES

_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_MOST_BYTES: Final = 64 * 1024
_LINES: Final = 3
_KEY_NAME: Final = re.compile(r"[^\s+]+")
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its first ``size`` entries have the RFC 6962 root hash ``root``."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text that is signed."""
        return f"{self.origin}\n{self.size}\n{_text(self.root)}\n"

    @staticmethod
    def parse(text: str) -> Checkpoint:
        """Read the text of a note; lines after the third are ignored. Raises ``ValueError``."""
        lines = text.split("\n")
        if len(lines) <= _LINES or not all(lines[:-1]) or not _SIZE.fullmatch(lines[1]):
            raise ValueError("not a checkpoint")
        root = _bytes(lines[2])
        if len(root) != HASH_BYTES:
            raise ValueError("not a checkpoint")
        return Checkpoint(lines[0], int(lines[1]), root)


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key that notes are checked with. Its text is the usual ``name+id+key``."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that name the key in a signature."""
        content = self.name.encode() + b"\n" + _ED25519 + self.public
        return hashlib.sha256(content).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_text(_ED25519 + self.public)}"

    @staticmethod
    def parse(text: str) -> Verifier:
        """Read ``name+id+key``. Raises ``ValueError``."""
        name, _, rest = text.partition("+")
        identity, _, key = rest.partition("+")
        encoded = _bytes(key)
        verifier = Verifier(name, encoded[1:])
        if not _KEY_NAME.fullmatch(name) or encoded[:1] != _ED25519:
            raise ValueError("not an Ed25519 note key")
        Ed25519PublicKey.from_public_bytes(verifier.public)
        if verifier.key_id.hex() != identity:
            raise ValueError("not an Ed25519 note key")
        return verifier

    def open(self, note: str) -> str:
        """Return the text of ``note``, which this key has signed.

        Signatures of other keys are passed over.

        Raises:
            ValueError: it is no note, or this key has not signed it.
        """
        text, gap, signatures = note.rpartition("\n\n")
        if not gap or not signatures.endswith("\n") or len(note) > _MOST_BYTES:
            raise ValueError("not a signed note")
        if _CONTROL.search(note):
            raise ValueError("not a signed note")
        text += "\n"
        signed = False
        for line in signatures[:-1].split("\n"):
            match = _SIGNATURE.fullmatch(line)
            if match is None:
                raise ValueError("not a signed note")
            signature = _bytes(match[2])
            if match[1] != self.name or signature[:_KEY_ID_BYTES] != self.key_id:
                continue
            try:
                key = Ed25519PublicKey.from_public_bytes(self.public)
                key.verify(signature[_KEY_ID_BYTES:], text.encode())
            except InvalidSignature:
                raise ValueError("a signature is wrong") from None
            signed = True
        if not signed:
            raise ValueError("not signed by this key")
        return text


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that signs notes under its name."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, self.key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return ``text``, which ends in a newline, as a signed note."""
        if not text.endswith("\n") or _CONTROL.search(text):
            raise ValueError("not the text of a note")
        signature = self.verifier.key_id + self.key.sign(text.encode())
        return f"{text}\n— {self.name} {_text(signature)}\n"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if _text(data) != text:
        raise ValueError("base64 in another form")
    return data
