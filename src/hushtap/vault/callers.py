"""Callers by a keyed hash: recordings of one caller are found, and no caller can be read off.

The key is ``keys/caller.key``, JSON that only its owner can read. It is made when
the first caller is recorded. Who has it, and the catalog, can try numbers until
one fits: docs/adr/0015-life-of-a-recording.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.files import reason, sole_use, whole_file
from hushtap.vault.schema import settings

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.audit.log import Journal
    from hushtap.vault.database import Database

KEY_NAME: Final = "caller.key"

_FORMAT: Final = "hushtap-caller-key"
_SETTING: Final = "caller_key"
_KEY_BYTES: Final = 32
_HEX: Final = 32
"""Digits of a reference, 128 bits: a truncated HMAC as RFC 2104 has it."""

_PUNCTUATION: Final = re.compile(r"[\s().\-/]")
_NUMBER: Final = re.compile(r"\+?[0-9]+")


class Callers:
    """The keyed hashes of one vault. Thread-safe.

    Raises:
        VaultError: from ``reference``, ``known`` and ``pseudonym``, where the key is
            missing, not the one that the vault began with, or cannot be read or made.
    """

    def __init__(self, folder: Path, database: Database, journal: Journal) -> None:
        self._path = folder / KEY_NAME
        self._database = database
        self._journal = journal
        self._key: bytes | None = None

    def reference(self, caller: str) -> str:
        """Return the 32 hexadecimal digits that stand for ``caller``; the key is made if needed."""
        if self._key is None:
            self._key = self._load() or self._make()
        return _hash(self._key, "caller", normal(caller))

    def known(self, caller: str) -> str | None:
        """Return the same, or ``None`` where no caller was ever recorded."""
        if self._key is None:
            self._key = self._load()
        return None if self._key is None else _hash(self._key, "caller", normal(caller))

    def pseudonym(self, name: str) -> str:
        """Return 16 hexadecimal digits that stand for the agent ``name``, the same each time."""
        if self._key is None:
            self._key = self._load() or self._make()
        return _hash(self._key, "agent", name)[:16]

    def _load(self) -> bytes | None:
        """Return the key that the catalog knows of; ``None`` where it knows of none."""
        query = select(settings.c.value).where(settings.c.name == _SETTING)
        with self._database.reading() as connection:
            known = connection.scalar(query)
        if known is None:
            return None
        key = self._read()
        if key is None:
            raise VaultError(
                f"{self._path}: missing, and no caller can be told without it; "
                "restore it from a backup"
            )
        if _id(key) != known:
            raise VaultError(f"{self._path}: belongs to another vault; put the vault's own back")
        return key

    def _read(self) -> bytes | None:
        try:
            return _parse(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise VaultError(f"{self._path}: cannot be read ({reason(error)})") from None
        except (KeyError, TypeError, ValueError):
            raise VaultError(
                f"{self._path}: the key file is damaged; restore it from a backup"
            ) from None

    def _make(self) -> bytes:
        """Make the key: the file first, then the catalog's note of it."""
        try:
            with sole_use(self._path.with_name("caller.lock")):
                made = self._load()
                if made is not None:
                    return made
                # One without a note was made by a process that was killed.
                left = self._read()
                key = secrets.token_bytes(_KEY_BYTES) if left is None else left
                thing = Thing(Kind.KEY, _id(key))
                with self._journal.act(Activity.KEY_CHANGE, thing, change=Change.ADD):
                    if left is None:
                        self._write(key)
                    values = {"name": _SETTING, "value": _id(key)}
                    with self._database.writing() as connection:
                        connection.execute(insert(settings).values(values))
                return key
        except OSError as error:
            raise VaultError(f"{self._path}: cannot be made ({reason(error)})") from None

    def _write(self, key: bytes) -> None:
        secret = base64.b64encode(key).decode()
        fields = {"format": _FORMAT, "version": 1, "secret": secret}
        with whole_file(self._path) as file:
            file.write(json.dumps(fields, indent=1).encode() + b"\n")


def normal(caller: str) -> str:
    """Return one spelling of ``caller``: a number without punctuation, else without case.

    A number with a country code and the same without stay two callers.
    """
    text = unicodedata.normalize("NFKC", caller).strip().removeprefix("tel:")
    number = _PUNCTUATION.sub("", text)
    return number if _NUMBER.fullmatch(number) else text.casefold()


def _parse(content: bytes) -> bytes:
    fields = json.loads(content)
    key = base64.b64decode(fields["secret"], validate=True)
    if fields["format"] != _FORMAT or fields["version"] != 1 or len(key) != _KEY_BYTES:
        raise ValueError(_FORMAT)
    return key


def _hash(key: bytes, what: str, text: str) -> str:
    message = f"hushtap {what} 1|{text}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:_HEX]


def _id(key: bytes) -> str:
    return _hash(key, "key", "")[:16]
