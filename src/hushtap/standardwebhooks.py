"""Messages signed as Standard Webhooks 1.0.0 has it (https://www.standardwebhooks.com).

Headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``: an HMAC-SHA256
over id, time and body. A secret is ``whsec_`` and base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PREFIX: Final = "whsec_"
_KEY_BYTES: Final = range(24, 65)


def message(kind: str, data: Mapping[str, Any]) -> bytes:
    """Return the body of a message of a ``kind`` such as ``recording.sealed``."""
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": at, "data": data}, separators=(",", ":")).encode()


def signed(
    name: str, body: bytes, keys: Sequence[bytes], at: float | None = None
) -> dict[str, str]:
    """Return the headers of a message, signed by each of ``keys`` at ``at``, by default now.

    ``name`` is the message's id, the same at every try.
    """
    stamp = str(int(time.time() if at is None else at))
    content = b".".join((name.encode("ascii"), stamp.encode("ascii"), body))
    marks = [base64.b64encode(hmac.digest(key, content, hashlib.sha256)) for key in keys]
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{mark.decode('ascii')}" for mark in marks),
    }


def read_keys(path: Path) -> tuple[bytes, ...]:
    """Return the keys of a file: one a line, the newest first.

    Raises:
        UsageError: it cannot be read, or a line is no such key. It is not quoted.
    """
    try:
        lines = path.read_text(encoding="ascii").split()
    except OSError as error:
        raise UsageError(f"{path}: the secret cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        lines = []
    keys = tuple(map(_key, lines))
    if not keys or not all(keys):
        raise UsageError(
            f"{path}: a webhook secret is {PREFIX} and base64 of {_KEY_BYTES[0]} to"
            f" {_KEY_BYTES[-1]} bytes: make one by:"
            f' echo "{PREFIX}$(openssl rand -base64 32)"'
        )
    return keys


def _key(line: str) -> bytes:
    """Return the key on a line; nothing where it is none."""
    try:
        key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return b""
    return key if line.startswith(PREFIX) and len(key) in _KEY_BYTES else b""
