"""The audit log of a vault: an entry before each act, and no act without it.

::

    VAULT/audit.db          the log
    VAULT/keys/audit.key    signs its heads; keep it elsewhere where you can
    VAULT/keys/audit.vkey   what they are verified with; give it to whoever verifies
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from hushtap.errors import VaultError
from hushtap.vault.audit import signing
from hushtap.vault.audit.events import Activity, Actor, Change, Event, Outcome, Thing
from hushtap.vault.audit.reading import reading
from hushtap.vault.audit.store import Store, create
from hushtap.vault.files import reason, sole_use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.vault.audit.note import Signer

LOG_NAME: Final = "audit.db"

_ERROR_NAME: Final = re.compile(r"[A-Za-z]+")


class AuditLog(Protocol):
    """Where acts are told of before they are done."""

    def append(self, event: Event) -> int:
        """Write ``event``; it is on the disk when its number is returned, counted from 1.

        Raises:
            VaultError: it cannot be written. What it tells of must then not be done.
        """
        ...


@contextmanager
def act(
    log: AuditLog,
    activity: Activity,
    actor: Actor,
    *things: Thing,
    change: Change | None = None,
    tell_end: bool = True,
) -> Iterator[int]:
    """Log that ``activity`` begins, then let it be done; give the number of that entry.

    An end in failure is logged by the class of its error; one in success where
    ``tell_end`` is set.

    Raises:
        VaultError: the log cannot be written: before the act, or after it, whose
            result must then not be handed out.
    """
    number = log.append(Event(activity, Outcome.BEGUN, actor, things, change=change))
    try:
        yield number
    except BaseException as error:
        name = type(error).__name__
        why = name if _ERROR_NAME.fullmatch(name) else None
        with suppress(VaultError):
            log.append(
                Event(activity, Outcome.FAILURE, actor, things, number, reason=why, change=change)
            )
        raise
    if tell_end:
        log.append(Event(activity, Outcome.SUCCESS, actor, things, of=number, change=change))


@dataclass(frozen=True, slots=True)
class Journal:
    """A log, and who acts. Raises what ``AuditLog.append`` does."""

    log: AuditLog
    actor: Actor

    def act(
        self,
        activity: Activity,
        *things: Thing,
        change: Change | None = None,
        tell_end: bool = True,
    ) -> AbstractContextManager[int]:
        """Log that ``activity`` begins, then let it be done; see the function ``act``."""
        return act(self.log, activity, self.actor, *things, change=change, tell_end=tell_end)

    def note(
        self,
        activity: Activity,
        outcome: Outcome,
        *things: Thing,
        of: int | None = None,
        reason: str | None = None,
        change: Change | None = None,
    ) -> None:
        """Write one entry."""
        self.log.append(Event(activity, outcome, self.actor, things, of, reason, change))


class VaultLog:
    """The log in the folder of a vault. Thread-safe; opened, or made, when first needed.

    ``key`` and ``passphrase`` are for the private half, where it was moved or is
    protected. Where it is not readable, entries are written all the same and only
    checkpoints are not: those are then made by whoever has it.
    """

    def __init__(
        self, vault: Path, *, key: Path | None = None, passphrase: str | None = None
    ) -> None:
        self.path = vault / LOG_NAME
        self._vault = vault
        self._key = key or vault / "keys" / signing.KEY_NAME
        self._named = key is not None
        self._passphrase = passphrase
        self._store = Store(self.path)
        self._lock = threading.Lock()
        self._ready = False
        self._signer: Signer | None = None
        self._origin = ""

    def append(self, event: Event) -> int:
        """Write ``event``; see ``AuditLog.append``. The end of an act signs the head with it."""
        self.open()
        ends = event.outcome is not Outcome.BEGUN
        return self._store.append(event.pack(), self._signer, seal=ends)

    def checkpoint(self) -> str:
        """Sign the head of the log as it is now and return the note.

        Raises:
            VaultError: there is no key, or the log cannot be written.
        """
        self.open()
        signer = self._signer
        if signer is None:
            signer = self._load_signer()
        return self._store.checkpoint(signer)

    def sign(self, text: str) -> str:
        """Return ``text``, which ends in a newline, as a note signed with the log's key.

        Raises:
            VaultError: there is no key.
        """
        self.open()
        return (self._signer or self._load_signer()).sign(text)

    @property
    def origin(self) -> str:
        """The name of the log, of no meaning elsewhere. Raises ``VaultError``."""
        self.open()
        return self._origin

    @property
    def can_sign(self) -> bool:
        """Whether the private half is here and open."""
        self.open()
        return self._signer is not None

    @property
    def store(self) -> Store:
        """The file, ready to be written. Raises ``VaultError``."""
        self.open()
        return self._store

    def close(self) -> None:
        """Sign the head where the key is here, and close the file; the next use opens it again.

        Raises:
            VaultError: the checkpoint cannot be written.
        """
        if not self._ready:
            return
        try:
            if self._signer is not None:
                self._store.checkpoint(self._signer)
        finally:
            self._store.close()

    def open(self) -> None:
        """Make the log where the vault has none yet, and find its key.

        Raises:
            VaultError: it cannot be made, or is missing where one was.
        """
        with self._lock:
            if not self._ready:
                self._make()
                vkey = self._vault / "keys" / signing.VKEY_NAME
                self._origin = signing.load_verifier(vkey).name
                if self._named or (
                    os.access(self._key, os.R_OK)
                    and (self._passphrase is not None or not signing.is_protected(self._key))
                ):
                    self._signer = self._load_signer()
                self._ready = True

    def _make(self) -> None:
        vkey = self._vault / "keys" / signing.VKEY_NAME
        if not vkey.exists():
            try:
                with sole_use(self._vault / "audit.lock"):
                    if not vkey.exists():
                        self._make_alone(vkey)
            except OSError as error:
                raise VaultError(
                    f"{self.path}: the audit log cannot be made ({reason(error)})"
                ) from None
        if not self.path.exists():
            raise VaultError(
                f"{self.path}: the audit log is missing, and nothing is done unlogged; restore it "
                f"from a backup, or remove {vkey} and {self._key} to begin another"
            )

    def _make_alone(self, vkey: Path) -> None:
        # The public half comes last: a log without it was never used.
        create(self.path, f"hushtap/{secrets.token_hex(8)}")
        with reading(self.path) as log:
            origin, used = log.origin, log.size
        if used:
            raise VaultError(f"{vkey}: missing; put the audit log's public key back")
        own = self._vault / "keys" / signing.KEY_NAME
        if own.exists():
            signer = signing.load_signer(own, self._passphrase)
        else:
            signer = signing.new_signer(origin)
            signing.save_signer(signer, own)
        if signer.name != origin:
            raise VaultError(f"{own}: belongs to another audit log; move it out of the way")
        signing.save_verifier(signer.verifier, vkey)

    def _load_signer(self) -> Signer:
        signer = signing.load_signer(self._key, self._passphrase)
        verifier = signing.load_verifier(self._vault / "keys" / signing.VKEY_NAME)
        if signer.verifier != verifier:
            raise VaultError(f"{self._key}: does not belong to {self.path}; name the key that does")
        return signer
