"""Signed statements: certificates of disposal, reports, breaches, under the audit log's key.

A statement is a signed note (``audit.note``) of three lines: what it is, the name
of the log, and canonical JSON. Its first line keeps it apart from a checkpoint,
whose second is a number.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import VerificationError
from hushtap.vault.audit.events import canonical, unpack
from hushtap.vault.audit.reading import reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.vault.audit.log import VaultLog
    from hushtap.vault.audit.note import Verifier
    from hushtap.vault.audit.reading import Reader

MOST_NAMED: Final = 1000
"""Recordings that a statement names: it stays under the 64 KiB that readers of notes take."""


class About(StrEnum):
    """What a statement says."""

    DISPOSAL = "hushtap/disposal/1"
    ERASURE = "hushtap/erasure/1"
    RETENTION = "hushtap/retention/1"
    BREACH = "hushtap/breach/1"


def sign(log: VaultLog, about: About, body: dict[str, Any]) -> str:
    """Return a statement, signed with the key of ``log``. Raises ``VaultError``: no key here."""
    return log.sign(f"{about}\n{log.origin}\n{canonical(body).decode()}\n")


def read(text: str, verifier: Verifier) -> tuple[About, dict[str, Any]]:
    """Return what a statement says, once its signature is checked.

    Raises:
        VerificationError: it is none of this key's, or was changed.
    """
    try:
        about, origin, body, end = verifier.open(text).split("\n")
        found = About(about), unpack(body.encode())
    except ValueError:
        raise VerificationError("not a statement that this vault has signed") from None
    if origin != verifier.name or end:
        raise VerificationError("not a statement that this vault has signed")
    return found


def certificate(log: VaultLog, number: int) -> str:
    """Return the certificate of the disposal that entry ``number`` of the log began.

    Raises:
        VaultError: there is no key here, or the log tells of no such disposal.
    """
    with reading(log.path) as reader:
        begun, done = told(reader, number)
    return sign(log, About.DISPOSAL, {"begun": begun, "done": done})


def told(log: Reader, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the entries that begin and end an act, each as ``{"entry": ..., "number": ...}``.

    Raises:
        VerificationError: the log does not have them.
    """
    begun: dict[str, Any] | None = None
    for found, entry in _entries(log, number):
        if found == number:
            begun = entry
        elif entry.get("of") == number and begun is not None:
            if entry["outcome"] != "success":
                break
            ends = {"entry": entry, "number": found}
            return {"entry": begun, "number": number}, ends
    raise VerificationError(f"the audit log tells of no act that entry {number} began and finished")


def confirm(path: Path, body: dict[str, Any]) -> None:
    """Compare a certificate with the log at ``path``.

    Raises:
        VerificationError: the log has other entries in their place.
        VaultError: there is no log.
    """
    with reading(path) as log:
        begun, done = told(log, int(body["begun"]["number"]))
    if {"begun": begun, "done": done} != body:
        raise VerificationError("the audit log has other entries in the certificate's place")


def _entries(log: Reader, first: int) -> Iterator[tuple[int, dict[str, Any]]]:
    for row in log.rows(first):
        try:
            yield row.number, unpack(row.entry)
        except (TypeError, ValueError):
            raise VerificationError(f"entry {row.number} of the audit log is damaged") from None
