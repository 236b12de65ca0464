"""The vault: a folder of encrypted recordings. Other packages import only this module.

::

    VAULT/catalog.db             what there is, and the wrapped data keys
    VAULT/vault.toml             names a PostgreSQL database in place of that file
    VAULT/keys/*.pub             all that a recorder needs
    VAULT/keys/*.key             opens recordings; keep it elsewhere in production
    VAULT/keys/caller.key        what callers are hashed with
    VAULT/recordings/ID.hush     one sealed file each
    VAULT/certificates/ID.txt    of each that was disposed of
    VAULT/audit.db               who did what, told before it is done
"""

from __future__ import annotations

import copy
import secrets
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from hushtap.errors import ConsentError, HeldError, VaultError, VerificationError
from hushtap.values import AudioFormat
from hushtap.vault import analytics
from hushtap.vault.audit.events import Activity, Actor, Change, Kind, Outcome, Thing
from hushtap.vault.audit.log import Journal, VaultLog
from hushtap.vault.audit.reading import reading
from hushtap.vault.callers import Callers
from hushtap.vault.catalog import Catalog, Query, RecordingInfo, State
from hushtap.vault.details import CallDetails, Consent, Direction
from hushtap.vault.exporting import write_wav
from hushtap.vault.files import PRIVATE_FOLDER, reason, sole_use, sync_folder
from hushtap.vault.keymaking import NewKey, first_key, planned_first
from hushtap.vault.keyring import KeyRing
from hushtap.vault.keys import PRIVATE_NAME, PrivateKey
from hushtap.vault.life import Life
from hushtap.vault.location import catalog_place, has_catalog
from hushtap.vault.playback import Playback
from hushtap.vault.reader import OpenedRecording, open_recording
from hushtap.vault.recorder import Recorder
from hushtap.vault.remuting import SOURCE as REVIEWED
from hushtap.vault.remuting import Remuting, finding_of
from hushtap.vault.search import begins
from hushtap.vault.subjects import Subjects
from hushtap.vault.verifying import VerifyResult, disposal, strays
from hushtap.vault.writer import Recording

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TypeVar

    from hushtap.timeline import Span
    from hushtap.values import Entity, Finding

    T = TypeVar("T")

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
        self._private_path = private_key
        self._passphrase = passphrase
        self._opened: dict[str, PrivateKey] = {}
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
    ) -> Recording:
        """Begin a recording; ``started`` is now unless given (any time zone).

        ``source`` and ``policy`` (its fingerprint) are stored in clear in the catalog,
        ``call`` as it says.

        Raises:
            ConsentError: the caller refused; nothing is recorded.
            VaultError: the file or the catalog cannot be written.
        """
        call = call or CallDetails()
        if call.consent in {Consent.REFUSED, Consent.WITHDRAWN}:
            raise ConsentError(f"the caller's consent is {call.consent}: nothing is recorded")
        start = (started or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        info = RecordingInfo(
            id=f"{begins(start)}-{secrets.token_hex(4)}",
            started=start,
            audio_format=audio_format,
            state=State.OPEN,
            samples=0,
            source=source,
            policy=policy,
            findings={},
            agent=call.agent,
            queue=call.queue,
            direction=call.direction,
            caller=None if call.caller is None else self._callers.reference(call.caller),
            call_id=call.call_id,
            consent=call.consent,
        )
        return self._recorder.begin(info)

    def ordered(self, recording_id: str, change: Change) -> None:
        """Put an order for a call that is being recorded on record, before it is carried out.

        Raises:
            VaultError: the audit log cannot be written; it must then not be carried out.
        """
        thing = Thing(Kind.RECORDING, recording_id)
        self._journal.note(Activity.ORDER, Outcome.SUCCESS, thing, change=change)

    def policy_changed(self, fingerprint: str) -> None:
        """Put on record that a policy is used from now on. Raises ``VaultError``."""
        thing = Thing(Kind.POLICY, fingerprint)
        self._journal.note(Activity.POLICY_CHANGE, Outcome.SUCCESS, thing)

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
        return analytics.export(
            *(self._catalog, self._callers, self._journal, self._log),
            query=query or Query(),
            file=file,
            force=force,
        )

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
            return self._read(info, wrapped)

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
            return self._unsealed(info, wrapped, Playback)

    def mute(self, recording_id: str, channel: int, span: Span, entity: Entity) -> Finding:
        """Silence ``span`` (in samples) of a finished recording for good; return its finding.

        The recording is sealed anew under another key and the old key is destroyed:
        what was there is gone. Words of the transcript in it are masked. Copies of the
        catalog, backups among them, are not reached.

        Raises:
            UsageError: there is no such channel or span.
            HeldError: a legal hold keeps the recording as it is.
            VerificationError: it is not what was sealed.
            VaultError: it is unknown, being written or disposed of; the private key is
                missing; or it cannot be written anew, and is as it was; or another process
                kept the catalog's log from being emptied, and this is to be called again.
        """
        info = self.info(recording_id)
        self._recorder.settle(info)
        finding = finding_of(self.info(info.id), channel, span, entity)
        self._remuting.mute(info.id, finding, self._data_key, self._refuse_mute)
        return finding

    def _refuse_mute(self, info: RecordingInfo) -> None:
        if info.held:
            thing, name = Thing(Kind.RECORDING, info.id), HeldError.__name__
            self._journal.note(Activity.MUTE, Outcome.FAILURE, thing, reason=name)
            raise HeldError(f"recording {info.id} is under a legal hold; release that first")

    def _read(self, info: RecordingInfo, wrapped: Mapping[str, bytes]) -> OpenedRecording:
        """Decrypt and check, once that is on record."""
        return self._unsealed(info, wrapped, _opened)

    def _unsealed(
        self,
        info: RecordingInfo,
        wrapped: Mapping[str, bytes],
        open_it: Callable[[Path, RecordingInfo, bytes], T],
    ) -> T:
        path = self._recorder.file(info.id)
        try:
            return open_it(path, info, self._data_key(info, wrapped))
        except VerificationError:
            # Perhaps another process has just exchanged the key, and then the file, or was
            # killed between the two.
            self._remuting.wait()
            info, wrapped = self._catalog.find(info.id)
        data_key = self._data_key(info, wrapped)
        self._remuting.place(info, data_key)
        return open_it(path, info, data_key)

    def _data_key(self, info: RecordingInfo, wrapped: Mapping[str, bytes]) -> bytes:
        if not wrapped or info.state is State.DISPOSED:
            raise VaultError(f"recording {info.id}: its keys were destroyed; nothing opens it")
        private = self._private_key(wrapped)
        if private.public.key_id not in wrapped:
            raise VaultError(
                f"private key {private.public.key_id} was given, but recording {info.id} "
                f"was sealed to key {' and '.join(sorted(wrapped))}; name that private key"
            )
        return private.unwrap(wrapped[private.public.key_id], info.id)

    def export(self, recording_id: str, wav_path: Path, *, force: bool = False) -> None:
        """Write the redacted audio to ``wav_path`` as WAV PCM16, in clear, whole or not at all.

        Raises:
            VerificationError: the recording is not what was sealed.
            VaultError: ``wav_path`` exists and ``force`` is not set, lies in the vault, is a
                folder, or cannot be written.
        """
        if wav_path.is_dir():
            raise VaultError(f"{wav_path}: is a folder; name a WAV file to write")
        if wav_path.resolve().is_relative_to(self.path.resolve()):
            raise VaultError(f"{wav_path}: lies inside the vault; name a file outside it")
        info, wrapped = self._catalog.find(recording_id)
        with self._journal.act(Activity.EXPORT, Thing(Kind.RECORDING, info.id)):
            write_wav(self._read(info, wrapped), wav_path, force=force)

    def verify(self, recording_id: str | None = None) -> builtins.list[VerifyResult]:
        """Decrypt and check one recording or all of them; problems are results, not errors.

        One whose keys were destroyed is sound, as ``State.DISPOSED``, where the audit
        log tells that they were to be.

        Raises:
            VaultError: the recording is unknown, or the private key is missing or another.
        """
        self._private_key()
        infos = self.list() if recording_id is None else [self.info(recording_id)]
        thing = (
            Thing(Kind.VAULT, self._log.origin)
            if recording_id is None
            else Thing(Kind.RECORDING, infos[0].id)
        )
        with self._journal.act(Activity.VERIFY, thing) as begun:
            with reading(self._log.path) as log:
                disposals = log.disposals()
            results = [self._verify(info, disposals) for info in infos]
            if recording_id is None:
                results += strays(self.path / "recordings", {info.id for info in infos})
            for result in results:
                if not result.ok:
                    broken = Thing(Kind.RECORDING, result.recording_id)
                    self._journal.note(Activity.VERIFY, Outcome.FAILURE, broken, of=begun)
        return results

    def destroy_keys(self, recording_id: str) -> int:
        """Destroy every wrapped key of a recording: no key opens it ever again; return how many.

        Its row, as ``State.DISPOSED``, and its file stay. Copies of the catalog,
        backups among them, are not reached.

        Raises:
            HeldError: a legal hold keeps it.
            VaultError: it is unknown or being written; the audit log cannot be
                written; or another process kept the catalog's log from being
                emptied, and this is to be called again.
        """
        self._recorder.settle(self.info(recording_id))
        info = self.info(recording_id)
        if info.state is State.OPEN:
            raise VaultError(f"recording {info.id} is being written; end it first")
        self.life.disposals.refuse_held(info, Change.ORDER)
        with self._journal.act(Activity.DISPOSE, Thing(Kind.RECORDING, info.id)):
            return self._catalog.destroy_keys(info.id)

    def _verify(self, info: RecordingInfo, disposals: Mapping[str, bool]) -> VerifyResult:
        info, wrapped = self._catalog.find(info.id)
        found = disposal(info, has_keys=bool(wrapped), disposals=disposals)
        if found is not None:
            return found
        try:
            opened = self._read(info, wrapped).info
        except VaultError as error:
            return VerifyResult(info.id, info.state, 0, str(error))
        return VerifyResult(info.id, opened.state, opened.samples, None)

    def _act_as(self, actor: Actor) -> None:
        self._journal = Journal(self._log, actor)
        self.keyring = KeyRing(self.path / "keys", self._catalog.database, self._journal)
        self._callers = Callers(self.path / "keys", self._catalog.database, self._journal)
        self._recorder = Recorder(
            *(self.path / "recordings", self._catalog, self.keyring, self._journal),
            stopped=self._stopped,
        )
        self._remuting = Remuting(
            *(self.path / "recordings", self._catalog, self._recorder, self.keyring),
            self._journal,
        )
        self.life = Life(
            *(self.path, self._catalog, self._recorder, self._journal, self._log),
        )
        self.subjects = Subjects(
            *(self._catalog, self._recorder, self._callers),
            disposals=self.life.disposals,
            journal=self._journal,
            log=self._log,
        )

    def _stopped(self, recording_id: str) -> None:
        self.life.stopped(recording_id)

    def _private_key(self, wrapped: Mapping[str, bytes] | None = None) -> PrivateKey:
        """Return the private key that was named, or the vault's own that opens ``wrapped``."""
        for key_id, private in self._opened.items():
            if wrapped is None or key_id in wrapped or self._private_path is not None:
                return private
        path = self._private_path or self.keyring.private_file(wrapped)
        private = self.keyring.open(path or self.path / "keys" / PRIVATE_NAME, self._passphrase)
        self._opened[private.public.key_id] = private
        return private


def _opened(path: Path, info: RecordingInfo, data_key: bytes) -> OpenedRecording:
    try:
        with path.open("rb") as file:
            return open_recording(file, path, info, data_key)
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None
