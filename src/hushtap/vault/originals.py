"""A sealed original: its place and content under a data key, and the record of that key."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from hushtap.errors import UsageError, VaultError, VerificationError
from hushtap.vault.files import reason

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 1
"""Of the record of an original."""
_FORMAT: Final = "hushtap-undo"
_PIECE: Final = 1 << 20
_HEAD: Final = 4
"""Bytes that tell the length of what is known of the original, before its content."""
_LONGEST: Final = 1 << 16
_HEX: Final = 24


@dataclass(frozen=True, slots=True)
class Kept:
    """An original that can be brought back until ``until`` (UTC).

    ``item`` is its name here, ``recording`` what stands in its place, ``digest`` the
    SHA-256 of its content. Where it lay is sealed.
    """

    item: str
    recording: str
    digest: str
    size: int
    since: datetime
    until: datetime
    key_id: str
    wrapped: bytes = field(repr=False)


def item_of(path: Path, digest: str) -> str:
    """Return the name of an original by its place and the SHA-256 of its content."""
    place = os.fsencode(path.resolve())
    return hashlib.sha256(digest.encode() + b"|" + place).hexdigest()[:_HEX]


def _context(item: str) -> bytes:
    return f"hushtap undo 1|{item}".encode()


def seal(
    source: BinaryIO, out: BinaryIO, data_key: bytes, item: str, path: Path
) -> tuple[int, str]:
    """Seal place and content; return size and SHA-256 of the content."""
    place = base64.b64encode(os.fsencode(path.resolve())).decode()
    about = json.dumps({"path": place}).encode()
    if len(about) > _LONGEST:
        raise UsageError(f"{path.name}: its path is too long to be kept")
    sealing = Cobblestone256Encryptor(data_key, _context(item))
    out.write(sealing.update(len(about).to_bytes(_HEAD, "little") + about))
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        out.write(sealing.update(piece))
    out.write(sealing.finalize())
    return size, digest.hexdigest()


def unsealed(
    sealed: Path, data_key: bytes, item: str, out: BinaryIO | None = None
) -> tuple[dict[str, Any], str]:
    """Return what is known of an original and the SHA-256 of its content, which goes to ``out``.

    Raises:
        VerificationError: it was changed; what was written to ``out`` means nothing then.
    """
    opening = Cobblestone256Decryptor(data_key, _context(item))
    digest, start, about = hashlib.sha256(), b"", None

    def take(clear: bytes) -> None:
        nonlocal start, about
        if about is None:
            start += clear
            length = int.from_bytes(start[:_HEAD], "little")
            if len(start) < _HEAD + length:
                return
            about, clear = json.loads(start[_HEAD : _HEAD + length]), start[_HEAD + length :]
        digest.update(clear)
        if out is not None:
            out.write(clear)

    try:
        with sealed.open("rb") as file:
            while piece := file.read(_PIECE):
                take(opening.update(piece))
            take(opening.finalize())
    except OSError as error:
        raise VaultError(f"{sealed}: cannot be read ({reason(error)})") from None
    except (InvalidTag, ValueError):
        raise VerificationError(f"{sealed}: is not what was sealed") from None
    if about is None:
        raise VerificationError(f"{sealed}: is not what was sealed")
    return about, digest.hexdigest()


def packed(kept: Kept) -> bytes:
    """Return the record of an original: JSON."""
    fields = {
        "format": _FORMAT,
        "version": VERSION,
        "item": kept.item,
        "recording": kept.recording,
        "digest": kept.digest,
        "size": kept.size,
        "since": kept.since.isoformat(),
        "until": kept.until.isoformat(),
        "key_id": kept.key_id,
        "wrapped": base64.b64encode(kept.wrapped).decode(),
    }
    return json.dumps(fields, indent=1).encode() + b"\n"


def read(path: Path) -> Kept:
    """Read a record. Raises ``VerificationError``: damaged, or overwritten already."""
    try:
        fields = json.loads(path.read_bytes())
        known = (fields.pop("format"), fields.pop("version")) == (_FORMAT, VERSION)
        fields["wrapped"] = base64.b64decode(fields["wrapped"], validate=True)
        for name in ("since", "until"):
            fields[name] = datetime.fromisoformat(fields[name])
        if known:
            return Kept(**fields)
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise VerificationError(
        f"{path}: damaged, or half disposed of; vault undo dispose --due finishes that"
    )


def overwrite(file: BinaryIO, size: int) -> None:
    """Overwrite a file in place and make that reach the disk. Raises ``OSError``."""
    file.seek(0)
    left = size
    while left > 0:
        left -= file.write(bytes(min(left, _PIECE)))
    os.fsync(file.fileno())
