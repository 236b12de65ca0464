"""The undo area: originals that were replaced, sealed under a key of their own, for a term.

::

    VAULT/undo/undo.pub      seals; all that an import needs
    VAULT/undo/undo.key      opens; keep it elsewhere
    VAULT/undo/ITEM.undo     one original, sealed
    VAULT/undo/ITEM.json     its key, sealed; goes first when the term is over

Whoever can read recordings cannot read these, and the other way round.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import stat
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.files import PRIVATE_FOLDER, reason, sole_use, sync_folder, whole_file
from hushtap.vault.keys import load_public, save_public
from hushtap.vault.originals import Kept, item_of, overwrite, packed, read, seal, unsealed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.vault.audit.log import Journal
    from hushtap.vault.keymaking import NewKey
    from hushtap.vault.keys import PrivateKey

FOLDER: Final = "undo"
KEY_NAME: Final = "undo.key"


class UndoArea:
    """The undo area of one vault.

    Raises:
        VaultError: from every method, where the audit log or the disk cannot be used.
    """

    def __init__(self, vault: Path, journal: Journal) -> None:
        self.folder = vault / FOLDER
        self._journal = journal

    @property
    def ready(self) -> bool:
        """Whether there is a key to seal to."""
        return (self.folder / "undo.pub").exists()

    def make_key(self, new: NewKey) -> str:
        """Make the key of this area, once, and return its id. Raises ``VaultError``."""
        from hushtap.vault.keymaking import planned  # noqa: PLC0415 - imports the keys' providers

        if self.ready:
            raise VaultError(f"{self.folder}: has its key already")
        self._make_folder()
        plan = planned(new)
        key = Thing(Kind.KEY, plan.key_id)
        with self._journal.act(Activity.KEY_CHANGE, key, change=Change.ADD):
            save_public(plan.make().public, self.folder / "undo.pub")
        return plan.key_id

    def checked(self, recording: str, digest: str) -> None:
        """Put on record that an independent ear found nothing left in ``recording``."""
        with self._journal.act(Activity.IMPORT, *_things(recording, digest), change=Change.CHECK):
            pass

    def keep(self, path: Path, digest: str, recording: str, term: timedelta) -> Kept:
        """Seal a copy of the original at ``path``, and read it back, before anything of it goes.

        Raises:
            VerificationError: its content is not that of ``digest`` any more, or what was
                sealed does not come back.
            VaultError: there is no key, or the disk refuses.
        """
        recipient = load_public(self.folder / "undo.pub")
        item, data_key = item_of(path, digest), secrets.token_bytes(32)
        now = datetime.now(UTC).replace(microsecond=0)
        sealed = self.folder / f"{item}.undo"
        with (
            self._alone(),
            self._journal.act(Activity.IMPORT, *_things(recording, digest), change=Change.SEAL),
        ):
            try:
                with path.open("rb") as source, whole_file(sealed, replace=True) as out:
                    size, found = seal(source, out, data_key, item, path)
            except OSError as error:
                raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
            if found != digest:
                raise VerificationError(f"{path}: changed while it was imported; do it again")
            if unsealed(sealed, data_key, item)[1] != digest:
                raise VerificationError(f"{sealed}: does not come back as it was sealed")
            kept = Kept(
                *(item, recording, digest, size, now, now + term),
                *(recipient.key_id, recipient.wrap(data_key, f"undo/{item}")),
            )
            with whole_file(self.folder / f"{item}.json", replace=True) as out:
                out.write(packed(kept))
        return kept

    def remove_original(self, path: Path, kept: Kept) -> None:
        """Delete the original that ``kept`` has a copy of, and overwrite what its file held.

        Raises:
            VaultError: it is another file by now, has a second name, or cannot be deleted.
        """
        things = _things(kept.recording, kept.digest)
        with self._alone(), self._journal.act(Activity.IMPORT, *things, change=Change.REPLACE):
            if self.get(kept.item) != kept or not (self.folder / f"{kept.item}.undo").exists():
                raise VaultError(f"{path}: its sealed copy went meanwhile; do it again")
            try:
                handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
                with os.fdopen(handle, "r+b", buffering=0) as file:
                    about = os.fstat(handle)
                    if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
                        raise VaultError(f"{path}: the same file has another name; remove that")
                    if hashlib.file_digest(file, "sha256").hexdigest() != kept.digest:
                        raise VaultError(f"{path}: changed while it was imported; do it again")
                    path.unlink()
                    sync_folder(path.parent)
                    overwrite(file, about.st_size)
            except OSError as error:
                raise VaultError(f"{path}: cannot be deleted ({reason(error)})") from None

    def list(self) -> list[Kept]:
        """Return what can be brought back, oldest first. Raises ``VerificationError``: damaged."""
        found = [read(path) for path in self.folder.glob("*.json")]
        return sorted(found, key=lambda kept: (kept.since, kept.item))

    def get(self, item: str) -> Kept:
        """Return one by the beginning of its name. Raises ``VaultError``: none, or several."""
        found = [kept for kept in self.list() if item and kept.item.startswith(item)]
        if len(found) != 1:
            raise VaultError(f"{self.folder}: {len(found)} originals are named {item!r}; list them")
        return found[0]

    def restore(self, item: str, private: PrivateKey, to: Path | None = None) -> Path:
        """Write an original to where it was, or ``to``; it stays here too. Return where.

        Raises:
            VerificationError: it is not what was sealed.
            VaultError: something lies there already, or the key is another.
        """
        kept = self.get(item)
        if private.public.key_id != kept.key_id:
            raise VaultError(f"original {kept.item} was sealed to key {kept.key_id}; name that key")
        data_key = private.unwrap(kept.wrapped, f"undo/{kept.item}")
        sealed = self.folder / f"{kept.item}.undo"
        things = _things(kept.recording, kept.digest)
        with self._journal.act(Activity.IMPORT, *things, change=Change.RESTORE):
            about, _ = unsealed(sealed, data_key, kept.item)
            place = to or Path(os.fsdecode(base64.b64decode(about["path"])))
            with whole_file(place) as out:
                _, found = unsealed(sealed, data_key, kept.item, out)
                if found != kept.digest:
                    raise VerificationError(f"{sealed}: is not what was sealed")
        return place

    def dispose(self, item: str, *, order: bool = True) -> Kept:
        """Destroy the key of an original, then its sealed copy: it cannot be brought back.

        ``order``: somebody named it; otherwise its term is over.
        """
        kept = self.get(item)
        change = Change.ORDER if order else Change.TERM
        record = self.folder / f"{kept.item}.json"
        with self._journal.act(
            Activity.IMPORT, *_things(kept.recording, kept.digest), change=change
        ):
            try:
                # The sealed copy first loses its key for good; a kill leaves what nothing opens.
                with record.open("r+b", buffering=0) as file:
                    overwrite(file, record.stat().st_size)
                (self.folder / f"{kept.item}.undo").unlink(missing_ok=True)
                record.unlink()
                sync_folder(self.folder)
            except OSError as error:
                raise VaultError(f"{record}: cannot be deleted ({reason(error)})") from None
        return kept

    def dispose_due(self, now: datetime | None = None) -> Iterator[Kept]:
        """Dispose of all whose term is over, and of what a kill has left; yield the former."""
        at = now or datetime.now(UTC)
        with self._alone():
            self._sweep()
        for kept in self.list():
            if kept.until <= at:
                yield self.dispose(kept.item, order=False)

    def _sweep(self) -> None:
        """Remove records that were overwritten, and sealed copies without a record."""
        try:
            for record in self.folder.glob("*.json"):
                if not any(record.read_bytes()):
                    record.with_suffix(".undo").unlink(missing_ok=True)
                    record.unlink()
            for sealed in self.folder.glob("*.undo"):
                if not sealed.with_suffix(".json").exists():
                    sealed.unlink()
        except OSError as error:
            raise VaultError(f"{self.folder}: cannot be swept ({reason(error)})") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let nobody sweep up what is about to be entered."""
        self._make_folder()
        with sole_use(self.folder / "undo.lock"):
            yield

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            sync_folder(self.folder.parent)
        except OSError as error:
            raise VaultError(f"{self.folder}: cannot be made ({reason(error)})") from None


def _things(recording: str, digest: str) -> tuple[Thing, ...]:
    return Thing(Kind.RECORDING, recording), Thing(Kind.OBJECT, f"sha256:{digest}")
