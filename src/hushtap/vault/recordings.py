"""The vault: a folder of encrypted recordings. Other packages import only this module.

::

    VAULT/catalog.db             what there is, and the wrapped data keys
    VAULT/vault.toml             names a PostgreSQL database in place of that file, and an
                                 object store that sealed files go to once they are whole
    VAULT/keys/*.pub             all that a recorder needs
    VAULT/keys/*.key             opens recordings; keep it elsewhere in production
    VAULT/keys/caller.key        what callers are hashed with
    VAULT/recordings/ID.hush     one sealed file each
    VAULT/certificates/ID.txt    of each that was disposed of
    VAULT/audit.db               who did what, told before it is done
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING

from hushtap.errors import ConsentError, UsageError, VaultError
from hushtap.values import AudioFormat
from hushtap.vault import analytics
from hushtap.vault.audit.events import Activity, Actor, Change, Kind, Outcome, Thing
from hushtap.vault.audit.log import Journal, VaultLog
from hushtap.vault.callers import Callers
from hushtap.vault.catalog import Catalog, Query, RecordingInfo, State, info_of_call
from hushtap.vault.details import CallDetails, Consent, Direction
from hushtap.vault.exporting import check_place, write_wav
from hushtap.vault.files import PRIVATE_FOLDER, reason, sole_use, sync_folder
from hushtap.vault.keymaking import NewKey, first_key, planned_first
from hushtap.vault.keyring import KeyRing
from hushtap.vault.life import Life
from hushtap.vault.location import catalog_place, has_catalog
from hushtap.vault.objects import objects_of
from hushtap.vault.opening import Opener, PrivateKeys
from hushtap.vault.playback import Playback
from hushtap.vault.reader import OpenedRecording
from hushtap.vault.recorder import Recorder
from hushtap.vault.remuting import Remuting, finding_of
from hushtap.vault.sealedfiles import SealedFiles
from hushtap.vault.subjects import Subjects
from hushtap.vault.verifying import VerifyResult, verify
from hushtap.vault.waiting import REVIEWED, WaitingMutes
from hushtap.vault.writer import Recording

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from hushtap.timeline import Span
    from hushtap.values import Entity, Finding

__all__ = [
    "REVIEWED",
    "CallDetails",
    "Consent",
    "Direction",
    "OpenedRecording",
    "Playback",
    "Query",
    "Recording",
    "RecordingInfo",
    "State",
    "Vault",
    "VerifyResult",
]


class Vault:
    """A folder of encrypted recordings. Make one by ``create`` or ``open``."""

    def __init__(
        self,
        path: Path,
        private_key: Path | None,
        passphrase: str | None,
        log: VaultLog,
        *,
        create: bool,
        label: str = "main",
    ) -> None:
        self.path = path
        self._catalog = Catalog(
            catalog_place(path), create=create, first_key=partial(first_key, path / "keys", label)
        )
        self._files = SealedFiles(path / "recordings", objects_of(path), self._catalog.ended)
        self._private_keys = PrivateKeys(private_key, passphrase)
        self._waiting = WaitingMutes(self._catalog.database)
        self._log = log
        self._act_as(Actor.of_process())
        self.keyring.recipients()
        self._recorder.settle_all()
        self._remuting.finish_all()

    @staticmethod
    def create(
        path: Path, *, passphrase: str | None = None, new_key: NewKey | None = None
    ) -> Vault:
        """Open the vault at ``path``; make it, with a new key pair, where there is none.

        ``passphrase`` protects a new private key, and opens an existing one.
        ``new_key`` says instead where the first private key is kept, and under what.

        Raises:
            VaultError: the folder cannot be made, or a vault there lacks its parts.
        """
        try:
            for folder in (path, path / "keys", path / "recordings"):
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
            with sole_use(path / "vault.lock"):
                log = VaultLog(path)
                log.open()
                label = "main"
                place = None
                if new_key is not None:
                    place, passphrase, label = new_key.path, new_key.passphrase, new_key.label
                made = partial(Vault, path, place, passphrase, log, create=True, label=label)
                if has_catalog(path):
                    vault = made()
                else:
                    key_id, make_key = planned_first(path / "keys", passphrase, new_key)
                    journal, key = Journal(log, Actor.of_process()), Thing(Kind.KEY, key_id)
                    with journal.act(Activity.KEY_CHANGE, key, change=Change.ADD):
                        make_key()
                        vault = made()
                sync_folder(path)
        except OSError as error:
            raise VaultError(f"{path}: a vault cannot be made here ({reason(error)})") from None
        return vault

    @staticmethod
    def open(
        path: Path,
        *,
        private_key: Path | None = None,
        passphrase: str | None = None,
        audit_key: Path | None = None,
        audit_passphrase: str | None = None,
    ) -> Vault:
        """Open the vault at ``path``, and mark recordings whose writer died as interrupted.

        ``private_key`` is only read when a recording is; without one the vault
        can still be written and listed. ``audit_key`` signs the audit log, where it was
        moved; ``audit_passphrase`` opens it, where it is protected.

        Raises:
            VaultError: there is no vault, or it cannot be used.
        """
        log = VaultLog(path, key=audit_key, passphrase=audit_passphrase)
        return Vault(path, private_key, passphrase, log, create=False)

    def acting_as(self, actor: Actor) -> Vault:
        """Return the same vault, whose audit log names ``actor`` instead of this process."""
        same = copy.copy(self)
        Vault._act_as(same, actor)
        return same

    @property
    def journal(self) -> Journal:
        """The audit log, in the name of who acts."""
        return self._journal

    @property
    def origin(self) -> str:
        """The name of the audit log, of no meaning elsewhere. Raises ``VaultError``."""
        return self._log.origin

    def record(
        self,
        audio_format: AudioFormat,
        *,
        source: str,
        policy: str,
        started: datetime | None = None,
        call: CallDetails | None = None,
        models: str = "",
    ) -> Recording:
        """Begin a recording; ``started`` is now unless given (any time zone).

        ``source`` and ``policy`` (its fingerprint) are stored in clear in the catalog, ``call``
        as it says; ``models``, what hears it (``hushtap.models.identity``), only sealed.

        Raises:
            ConsentError: the caller refused; nothing is recorded.
            VaultError: the file or the catalog cannot be written.
        """
        call = call or CallDetails()
        if call.consent in {Consent.REFUSED, Consent.WITHDRAWN}:
            raise ConsentError(f"the caller's consent is {call.consent}: nothing is recorded")
        caller = None if call.caller is None else self._callers.reference(call.caller)
        info = info_of_call(audio_format, source, policy, started, call, caller=caller)
        return self._recorder.begin(info, models)

    def ordered(self, recording_id: str, change: Change) -> None:
        """Put an order for a call that is being recorded on record, before it is carried out.

        Raises:
            VaultError: the audit log cannot be written; it must then not be carried out.
        """
        thing = Thing(Kind.RECORDING, recording_id)
        self._journal.note(Activity.ORDER, Outcome.SUCCESS, thing, change=change)

    def waiting(self) -> builtins.list[str]:
        """Return the recordings that are to go to the object store, and are still here."""
        self._recorder.settle_all()
        return [] if self._files.uploads is None else self._files.uploads.waiting()

    def upload(self) -> Iterator[tuple[str, VaultError | None]]:
        """Send what is ``waiting`` to the object store, and yield what came of each.

        Raises:
            UsageError: the vault has none.
        """
        if self._files.uploads is None:
            raise UsageError(f"{self.path}: its recordings lie in its folder, not in a store")
        self._recorder.settle_all()
        yield from self._files.uploads.send_all()

    def drain(self) -> None:
        """Return once all that this process was to send to the object store is there, or failed."""
        if self._files.uploads is not None:
            self._files.uploads.drain()

    def policy_changed(self, fingerprint: str) -> None:
        """Put on record that a policy is used from now on. Raises ``VaultError``."""
        self._journal.note(Activity.POLICY_CHANGE, Outcome.SUCCESS, Thing(Kind.POLICY, fingerprint))

    def list(self) -> builtins.list[RecordingInfo]:
        """Return all recordings, oldest first. Raises ``VaultError``."""
        self._recorder.settle_all()
        return [*self._catalog.list()]

    def search(self, query: Query) -> builtins.list[RecordingInfo]:
        """Return one page of the recordings that fit. Raises ``VaultError``."""
        self._recorder.settle_all()
        caller = None if query.caller is None else self._callers.known(query.caller)
        return [*self._catalog.search(query, caller)]

    def analytics(self, file: Path, query: Query | None = None, *, force: bool = False) -> int:
        """Write lengths and counts to ``file``; see ``hushtap.vault.analytics.export``."""
        parts = (self._catalog, self._callers, self._journal, self._log)
        return analytics.export(*parts, query=query or Query(), file=file, force=force)

    def info(self, recording_id: str) -> RecordingInfo:
        """Return what is known of a recording by its id or the unique beginning of it.

        Raises:
            VaultError: none or several match.
        """
        return self._catalog.find(recording_id)[0]

    def read(self, recording_id: str) -> OpenedRecording:
        """Decrypt a recording into memory and check all of it.

        Raises:
            VerificationError: it is not what was sealed.
            VaultError: it is unknown, or the private key is missing or another.
        """
        info, wrapped = self._catalog.find(recording_id)
        with self._journal.act(Activity.READ, Thing(Kind.RECORDING, info.id)):
            return self._opener.read(info, wrapped)

    def playback(self, recording_id: str) -> Playback:
        """Open a recording to be listened to piece by piece, for as long as it is kept.

        That it is opened is on record, as a reading. Each listening is for whoever plays
        it to put on record, before its first byte.

        Raises:
            VerificationError: it is not what was sealed.
            VaultError: it is unknown or being written, or the private key is missing or
                another.
        """
        info, wrapped = self._catalog.find(recording_id)
        with self._journal.act(Activity.READ, Thing(Kind.RECORDING, info.id)):
            return self._opener.playback(info, wrapped)

    def mute(self, recording_id: str, channel: int, span: Span, entity: Entity) -> Finding:
        """Silence ``span`` (in samples) of a finished recording for good; return its finding.

        The recording is sealed anew under another key and the old key is destroyed:
        what was there is gone. Words of the transcript in it are masked. Copies of the
        catalog, backups among them, are not reached.

        Raises:
            UsageError: there is no such channel or span.
            HeldError: a legal hold keeps the recording as it is. The mute waits for its
                release (``mute_waiting``); until then it is silent in all that is given out.
            VerificationError: it is not what was sealed.
            VaultError: it is unknown, being written or disposed of; the private key is
                missing; or it cannot be written anew, and is as it was; or another process
                kept the catalog's log from being emptied, and this is to be called again.
        """
        info = self.info(recording_id)
        self._recorder.settle(info)
        finding = finding_of(self.info(info.id), channel, span, entity)
        self._remuting.mute(info.id, finding, self._opener.data_key)
        return finding

    def waiting_mutes(self, recording_id: str) -> tuple[Finding, ...]:
        """Return what was to be muted of a recording while a legal hold kept it."""
        return self._waiting.of(self.info(recording_id).id)

    def mute_waiting(self, recording_id: str) -> int:
        """Mute for good what waited for the release of a hold; return how many spans.

        Raises:
            HeldError: a hold keeps it still.
            VaultError: as ``mute`` does; what was not muted waits on.
        """
        info = self.info(recording_id)
        waiting = self._waiting.of(info.id)
        for finding in waiting:
            self._remuting.mute(info.id, finding, self._opener.data_key)
        return len(waiting)

    def export(self, recording_id: str, wav_path: Path, *, force: bool = False) -> None:
        """Write the redacted audio to ``wav_path`` as WAV PCM16, in clear, whole or not at all.

        Raises:
            ApprovalError: the vault is under dual control, and nobody else has agreed.
            VerificationError: the recording is not what was sealed.
            VaultError: ``wav_path`` exists and ``force`` is not set, lies in the vault, is a
                folder, or cannot be written.
        """
        check_place(wav_path, self.path)
        info, wrapped = self._catalog.find(recording_id)
        things = [Thing(Kind.RECORDING, info.id)]
        if self.life.approvals.required:
            things.append(self.life.approvals.spend(info.id))
        with self._journal.act(Activity.EXPORT, *things):
            write_wav(self._opener.read(info, wrapped), wav_path, force=force)

    def verify(
        self, recording_id: str | None = None, *, quick: bool = False
    ) -> builtins.list[VerifyResult]:
        """Return what ``verifying`` yields."""
        return [*self.verifying(recording_id, quick=quick)]

    def verifying(
        self, recording_id: str | None = None, *, quick: bool = False
    ) -> Iterator[VerifyResult]:
        """Decrypt and check one recording or all of them; problems are results, not errors.

        One whose keys were destroyed is sound, as ``State.DISPOSED``, where the audit
        log tells that they were to be. ``quick`` opens nothing and needs no private key: it
        finds what is missing, cut or has lost its keys, not a byte that was changed.

        Raises:
            VaultError: the recording is unknown, or the private key is missing or another.
        """
        self._recorder.settle_all()
        return verify(
            *(self._catalog, self._opener, self._files, self._journal, self._log),
            only=None if recording_id is None else self.info(recording_id),
            quick=quick,
        )

    def destroy_keys(self, recording_id: str) -> int:
        """Destroy every wrapped key of a recording: no key opens it ever again; return how many.

        Its row, as ``State.DISPOSED``, and its file stay. Copies of the catalog,
        backups among them, are not reached.

        Raises:
            HeldError: a legal hold keeps it.
            VaultError: it is unknown or being written; or as ``mute`` raises it.
        """
        return self.life.disposals.destroy_keys(recording_id)

    def _act_as(self, actor: Actor) -> None:
        self._journal = Journal(self._log, actor)
        self.keyring = KeyRing(self.path / "keys", self._catalog.database, self._journal)
        self._callers = Callers(self.path / "keys", self._catalog.database, self._journal)
        self._recorder = Recorder(
            *(self._files, self._catalog, self.keyring, self._journal), stopped=self._stopped
        )
        self._remuting = Remuting(self._files, self._catalog, self.keyring, self._journal)
        self._opener = Opener(
            *(self._catalog, self._files, self._remuting, self.keyring, self._private_keys)
        )
        self.life = Life(
            *(self.path, self._catalog, self._recorder, self._files, self._remuting),
            journal=self._journal,
            log=self._log,
        )
        self.subjects = Subjects(
            *(self._catalog, self._recorder, self._callers),
            disposals=self.life.disposals,
            journal=self._journal,
            log=self._log,
        )

    def _stopped(self, recording_id: str) -> None:
        self.life.stopped(recording_id)
