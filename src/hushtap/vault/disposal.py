"""Disposal: the keys first, then the object, each step on record before it is done.

A disposal that was killed is finished by the next: its row in the catalog appears
in the transaction that destroys the keys, and is only marked as done when the
object is gone and that is on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete as sql_delete
from sqlalchemy import insert, select, update

from hushtap.errors import HeldError, VaultError
from hushtap.vault import statements
from hushtap.vault.audit.events import Activity, Change, Kind, Outcome, Thing
from hushtap.vault.catalog import State, delete_keys
from hushtap.vault.files import PRIVATE_FOLDER, reason, whole_file
from hushtap.vault.schema import disposals, recordings, waiting_mutes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hushtap.vault.audit.log import Journal, VaultLog
    from hushtap.vault.catalog import Catalog, RecordingInfo
    from hushtap.vault.recorder import Recorder
    from hushtap.vault.remuting import Remuting
    from hushtap.vault.sealedfiles import SealedFiles

FOLDER: Final = "certificates"

_FORGOTTEN: Final = {"agent": None, "caller": None, "call_id": None, "source": ""}
"""What of a person goes from the row that stays."""


@dataclass(frozen=True, slots=True)
class Disposed:
    """A recording that was disposed of, why, how many ``keys`` went now, and the certificate.

    ``entry`` is the number of the audit log's entry that tells of it. There is no
    ``certificate`` where the log's signing key is elsewhere.
    """

    recording_id: str
    cause: Change
    keys: int
    entry: int
    certificate: Path | None


class DisposedMeanwhileError(VaultError):
    """Somebody else disposes of the recording at this moment, and it is on record."""


class Disposals:
    """The disposals of one vault.

    Raises:
        VaultError: from every method, where the catalog, the audit log or the disk refuses.
    """

    def __init__(
        self,
        vault: Path,
        catalog: Catalog,
        recorder: Recorder,
        files: SealedFiles,
        remuting: Remuting,
        *,
        journal: Journal,
        log: VaultLog,
    ) -> None:
        self.folder = vault / FOLDER
        self._catalog = catalog
        self._recorder = recorder
        self._files = files
        self._remuting = remuting
        self._journal = journal
        self._log = log

    def dispose(self, recording_id: str, cause: Change, *why: Thing) -> Disposed:
        """Destroy the keys of a recording, then its object, and certify it.

        One that is disposed of already is only finished where anything is left of it.

        Raises:
            HeldError: a legal hold keeps it, which is on record.
            DisposedMeanwhileError: somebody else disposes of it.
            VaultError: it is being written; or it is half done, and the next
                disposal finishes it.
        """
        info = self._catalog.find(recording_id)[0]
        self._recorder.settle(info)
        # Its object goes on record, and is to be the one that the keys open: if a mute exchanges
        # them from here on, ``_destroy`` finds others.
        info, wrapped = self._catalog.find(info.id)
        self._remuting.settle(info.id)
        if info.state is State.OPEN:
            raise VaultError(f"recording {info.id} is being written; end it first")
        self.refuse_held(info, cause, *why)
        before = self._row(info.id)
        if before is not None and not wrapped:
            if before[1] is not None and not self._files.exists(info.id):
                place = self._certificate_of(info.id)
                return Disposed(info.id, Change(before[0]), 0, before[1], place)
            return self._finish(info.id, Change(before[0]), before[2])
        things = (
            Thing(Kind.RECORDING, info.id),
            *(Thing(Kind.KEY, key_id) for key_id in sorted(wrapped)),
            *self._object(info.id),
            *why,
        )
        return self._finish(info.id, cause, things, begin=info, keys=wrapped)

    def destroy_keys(self, recording_id: str) -> int:
        """Destroy the wrapped keys of a recording and leave its object; see ``Vault``."""
        self._recorder.settle(self._catalog.find(recording_id)[0])
        info = self._catalog.find(recording_id)[0]
        if info.state is State.OPEN:
            raise VaultError(f"recording {info.id} is being written; end it first")
        self.refuse_held(info, Change.ORDER)
        with self._journal.act(Activity.DISPOSE, Thing(Kind.RECORDING, info.id)):
            return self._catalog.destroy_keys(info.id)

    def refuse_held(self, info: RecordingInfo, cause: Change, *why: Thing) -> None:
        """Put on record that a legal hold keeps a recording, and raise ``HeldError``, if one does.

        No entry of it says ``begun``: nothing of the kind was.
        """
        if not info.held:
            return
        things = (Thing(Kind.RECORDING, info.id), *why)
        name = HeldError.__name__
        self._journal.note(Activity.DISPOSE, Outcome.FAILURE, *things, reason=name, change=cause)
        raise HeldError(f"recording {info.id} is under a legal hold; release that first")

    def unfinished(self) -> list[str]:
        """Return the recordings whose keys are gone and whose object may not be: dispose again."""
        query = select(disposals.c.recording_id).where(disposals.c.entry.is_(None))
        with self._catalog.database.reading() as connection:
            return [*connection.scalars(query)]

    def certificate(self, recording_id: str) -> str:
        """Return the certificate of a disposal, signed now.

        Raises:
            VaultError: it was not disposed of, or not to its end; or there is no
                signing key here.
        """
        info = self._catalog.find(recording_id)[0]
        row = self._row(info.id)
        if row is None or row[1] is None:
            raise VaultError(f"recording {info.id} was not disposed of: nothing is to be certified")
        return statements.certificate(self._log, row[1])

    def _finish(
        self,
        recording_id: str,
        cause: Change,
        things: tuple[Thing, ...],
        *,
        begin: RecordingInfo | None = None,
        keys: Mapping[str, bytes] | None = None,
    ) -> Disposed:
        with self._journal.act(Activity.DISPOSE, *things, change=cause) as entry:
            destroyed = self._destroy(recording_id, cause, things, begin, keys or {})
            self._catalog.database.scrub(recording_id)
            self._delete(recording_id)
        place = self._certify(recording_id, entry)
        with self._catalog.database.writing() as connection:
            done = update(disposals).where(disposals.c.recording_id == recording_id)
            connection.execute(done.values(entry=entry))
        return Disposed(recording_id, cause, destroyed, entry, place)

    def _destroy(
        self,
        recording_id: str,
        cause: Change,
        things: tuple[Thing, ...],
        begin: RecordingInfo | None,
        keys: Mapping[str, bytes],
    ) -> int:
        row = {
            "recording_id": recording_id,
            "cause": cause,
            "things": [[thing.kind, thing.id] for thing in things],
        }
        here = disposals.c.recording_id == recording_id
        with self._catalog.database.writing() as connection:
            gone = delete_keys(connection, recording_id)
            if begin is not None:
                if keys and not gone:
                    raise DisposedMeanwhileError(
                        f"recording {recording_id} is being disposed of by somebody else"
                    )
                if gone != dict(keys):
                    # Rolled back: what is destroyed is what is on record.
                    raise VaultError(
                        f"recording {recording_id}: its keys changed meanwhile; do it again"
                    )
                connection.execute(sql_delete(disposals).where(here))
                connection.execute(insert(disposals).values(row))
            of_it = waiting_mutes.c.recording_id == recording_id
            connection.execute(sql_delete(waiting_mutes).where(of_it))
            connection.execute(
                update(recordings).where(recordings.c.id == recording_id).values(_FORGOTTEN)
            )
        return len(gone)

    def _delete(self, recording_id: str) -> None:
        refusal = self._recorder.refusal(recording_id)
        try:
            refusal.unlink(missing_ok=True)
            self._files.delete(recording_id)
        except OSError as error:
            raise VaultError(
                f"{refusal}: cannot be deleted ({reason(error)}); its keys are gone, do it again "
                "for the rest"
            ) from None
        except VaultError as error:
            raise VaultError(f"{error}; its keys are gone, do it again for the rest") from None

    def _certify(self, recording_id: str, entry: int) -> Path | None:
        if not self._log.can_sign:
            return None
        place = self.folder / f"{recording_id}.txt"
        text = statements.certificate(self._log, entry)
        try:
            self.folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        except OSError as error:
            raise VaultError(f"{self.folder}: cannot be made ({reason(error)})") from None
        with whole_file(place, replace=True) as file:
            file.write(text.encode())
        return place

    def _certificate_of(self, recording_id: str) -> Path | None:
        place = self.folder / f"{recording_id}.txt"
        return place if place.exists() else None

    def _object(self, recording_id: str) -> tuple[Thing, ...]:
        """Return the object by its SHA-256, or nothing where it is gone, or out of reach.

        The keys are what makes a disposal: a store that is away does not put it off.
        """
        try:
            digest = self._files.digest(recording_id)
        except VaultError:
            if self._files.file(recording_id).exists():
                raise
            return ()
        return () if digest is None else (Thing(Kind.OBJECT, f"sha256:{digest}"),)

    def _row(self, recording_id: str) -> tuple[str, int | None, tuple[Thing, ...]] | None:
        query = select(disposals).where(disposals.c.recording_id == recording_id)
        with self._catalog.database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        things = tuple(Thing(Kind(kind), name) for kind, name in row.things)
        return row.cause, row.entry, things
