"""The vault: a folder of encrypted recordings. Other packages import only this module.

::

    VAULT/catalog.db             what there is, and the wrapped data keys
    VAULT/keys/*.pub             all that a recorder needs
    VAULT/keys/*.key             opens recordings; keep it elsewhere in production
    VAULT/recordings/ID.hush     one sealed file each
    VAULT/audit.db               who did what, told before it is done
"""

from __future__ import annotations

import copy
import os
import secrets
import wave
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from hushtap.errors import VaultError, VerificationError
from hushtap.values import AudioFormat
from hushtap.vault.audit.events import Activity, Actor, Event, Outcome, Thing
from hushtap.vault.audit.events import Kind as ThingKind
from hushtap.vault.audit.log import VaultLog, act
from hushtap.vault.catalog import Catalog, RecordingInfo, State
from hushtap.vault.container import Kind, SegmentWriter
from hushtap.vault.files import (
    PRIVATE_FOLDER,
    being_written,
    reason,
    sole_use,
    sync_folder,
    whole_file,
)
from hushtap.vault.keymaking import NewKey, first_key, make_first
from hushtap.vault.keyring import KeyRing
from hushtap.vault.keys import PRIVATE_NAME, PrivateKey, load_private
from hushtap.vault.payloads import Opening, pack_record
from hushtap.vault.reader import OpenedRecording, header_of, last_state, open_recording
from hushtap.vault.writer import Recording

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "OpenedRecording",
    "Recording",
    "RecordingInfo",
    "State",
    "Vault",
    "VerifyResult",
]

_MAX_WAV = 2**32 - 4096
_TRIES = 10
"""How often the keys may change while one recording begins."""


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a deep check of one recording found. ``problem`` is one line, ``None`` where sound."""

    recording_id: str
    state: State
    samples: int
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether every byte is what was sealed."""
        return self.problem is None


class Vault:
    """A folder of encrypted recordings. Make one by ``create`` or ``open``."""

    def __init__(
        self,
        path: Path,
        private_key: Path | None,
        passphrase: str | None,
        *,
        create: bool,
        label: str = "main",
    ) -> None:
        self.path = path
        self._catalog = Catalog(
            path / "catalog.db", create=create, first_key=partial(first_key, path / "keys", label)
        )
        self.keyring = KeyRing(path / "keys", self._catalog.database)
        self.keyring.recipients()
        self._private_path = private_key
        self._passphrase = passphrase
        self._opened: dict[str, PrivateKey] = {}
        self._log = VaultLog(path)
        self.actor = Actor.of_process()
        self._settle_all()

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
                if not (path / "catalog.db").exists():
                    make_first(path / "keys", passphrase, new_key)
                vault = Vault(
                    path,
                    None if new_key is None else new_key.path,
                    passphrase if new_key is None else new_key.passphrase,
                    create=True,
                    label="main" if new_key is None else new_key.label,
                )
                vault._log.open()
                sync_folder(path)
        except OSError as error:
            raise VaultError(f"{path}: a vault cannot be made here ({reason(error)})") from None
        return vault

    @staticmethod
    def open(
        path: Path, *, private_key: Path | None = None, passphrase: str | None = None
    ) -> Vault:
        """Open the vault at ``path``, and mark recordings whose writer died as interrupted.

        ``private_key`` is only read when a recording is; without one the vault
        can still be written and listed.

        Raises:
            VaultError: there is no vault, or it cannot be used.
        """
        return Vault(path, private_key, passphrase, create=False)

    def acting_as(self, actor: Actor) -> Vault:
        """Return the same vault, whose audit log names ``actor`` instead of this process."""
        same = copy.copy(self)
        same.actor = actor
        return same

    def record(
        self,
        audio_format: AudioFormat,
        *,
        source: str,
        policy: str,
        started: datetime | None = None,
    ) -> Recording:
        """Begin a recording; ``started`` is now unless given (any time zone).

        ``source`` and ``policy`` (its fingerprint) are stored in clear in the catalog.

        Raises:
            VaultError: the file or the catalog cannot be written.
        """
        start = (started or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        info = RecordingInfo(
            id=f"{start:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}",
            started=start,
            audio_format=audio_format,
            state=State.OPEN,
            samples=0,
            source=source,
            policy=policy,
            findings={},
        )
        things = (Thing(ThingKind.RECORDING, info.id), Thing(ThingKind.POLICY, policy))
        with act(self._log, Activity.RECORD, self.actor, *things, tell_end=False):
            return self._begin(info)

    def _begin(self, info: RecordingInfo) -> Recording:
        data_key = secrets.token_bytes(32)
        opening = Opening(info.started.isoformat(), info.source, info.policy, version("hushtap"))
        path = self._file(info.id)
        try:
            segments = SegmentWriter(path, header_of(info), data_key)
        except OSError as error:
            raise VaultError(f"{path}: cannot be written ({reason(error)})") from None
        try:
            # Locked before it is listed: no one takes a new recording for a dead one.
            self._add(info, data_key)
            segments.seal(Kind.OPEN, pack_record(opening), 0)
        except VaultError:
            segments.close()
            with suppress(OSError):
                path.unlink()
            raise
        except OSError as error:
            segments.close()
            self._settle(info)
            raise VaultError(f"{path}: cannot be written ({reason(error)})") from None
        return Recording(
            info,
            segments,
            finish=partial(self._finish, info.id),
            settle=partial(self._settle, info),
        )

    def list(self) -> builtins.list[RecordingInfo]:
        """Return all recordings, oldest first. Raises ``VaultError``."""
        self._settle_all()
        return [*self._catalog.list()]

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
        info = self.info(recording_id)
        with act(self._log, Activity.READ, self.actor, Thing(ThingKind.RECORDING, info.id)):
            return self._read(info.id)

    def _read(self, recording_id: str) -> OpenedRecording:
        """Decrypt and check, once that is on record."""
        info, wrapped = self._catalog.find(recording_id)
        if not wrapped:
            raise VaultError(f"recording {info.id}: its keys were destroyed; nothing opens it")
        path = self._file(info.id)
        private = self._private_key(wrapped)
        if private.public.key_id not in wrapped:
            raise VaultError(
                f"private key {private.public.key_id} was given, but recording {info.id} "
                f"was sealed to key {' and '.join(sorted(wrapped))}; name that private key"
            )
        data_key = private.unwrap(wrapped[private.public.key_id], info.id)
        try:
            with path.open("rb") as file:
                return open_recording(file, path, info, data_key)
        except OSError as error:
            raise VaultError(f"{path}: cannot be read ({reason(error)})") from None

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
        info = self.info(recording_id)
        with act(self._log, Activity.EXPORT, self.actor, Thing(ThingKind.RECORDING, info.id)):
            self._export(info.id, wav_path, force=force)

    def _export(self, recording_id: str, wav_path: Path, *, force: bool) -> None:
        opened = self._read(recording_id)
        if opened.samples.nbytes > _MAX_WAV:
            raise VaultError(
                f"{wav_path}: the recording is longer than a WAV file can hold (4 GiB)"
            )
        # The standard library's writer: it passes on the errors of the disk as they are.
        with whole_file(wav_path, replace=force) as file, wave.open(file, "wb") as wav:
            wav.setnchannels(opened.audio_format.channels)
            wav.setsampwidth(2)
            wav.setframerate(opened.audio_format.sample_rate)
            wav.writeframes(opened.samples.astype("<i2").tobytes())

    def verify(self, recording_id: str | None = None) -> builtins.list[VerifyResult]:
        """Decrypt and check one recording or all of them; problems are results, not errors.

        Raises:
            VaultError: the recording is unknown, or the private key is missing or another.
        """
        self._private_key()
        infos = self.list() if recording_id is None else [self.info(recording_id)]
        thing = (
            Thing(ThingKind.VAULT, self._log.origin)
            if recording_id is None
            else Thing(ThingKind.RECORDING, infos[0].id)
        )
        with act(self._log, Activity.VERIFY, self.actor, thing) as begun:
            results = [self._verify(info) for info in infos]
            if recording_id is None:
                results += self._strays({info.id for info in infos})
            for result in results:
                if not result.ok:
                    self._note(Activity.VERIFY, Outcome.FAILURE, result.recording_id, begun)
        return results

    def destroy_keys(self, recording_id: str) -> int:
        """Destroy every wrapped key of a recording: no key opens it ever again; return how many.

        Its row and its file stay. Copies of the catalog, backups among them, are not reached.

        Raises:
            VaultError: it is unknown or being written; or another process kept the
                catalog's log from being emptied, and this is to be called again.
        """
        self._settle(self.info(recording_id))
        info = self.info(recording_id)
        if info.state is State.OPEN:
            raise VaultError(f"recording {info.id} is being written; end it first")
        return self._catalog.destroy_keys(info.id)

    def _add(self, info: RecordingInfo, data_key: bytes) -> None:
        for _ in range(_TRIES):
            recipients = self.keyring.recipients()
            wrapped = {key.key_id: key.wrap(data_key, info.id) for key in recipients}
            if self._catalog.add(info, wrapped):
                return
        raise VaultError(f"{self.path}: its keys change all the time; look at who changes them")

    def _verify(self, info: RecordingInfo) -> VerifyResult:
        try:
            found = self._read(info.id).info
        except VaultError as error:
            return VerifyResult(info.id, info.state, 0, str(error))
        return VerifyResult(info.id, found.state, found.samples, None)

    def _strays(self, known: set[str]) -> Iterator[VerifyResult]:
        """Tell of files that have no key: their row is gone, or their writer died at once."""
        for path in sorted((self.path / "recordings").glob("*.hush")):
            if path.stem in known:
                continue
            with suppress(OSError), path.open("rb") as file:
                if being_written(file):
                    continue
            problem = f"{path}: not in the catalog; restore that from a backup or delete the file"
            yield VerifyResult(path.stem, State.INTERRUPTED, 0, problem)

    def _file(self, recording_id: str) -> Path:
        return self.path / "recordings" / f"{recording_id}.hush"

    def _private_key(self, wrapped: Mapping[str, bytes] | None = None) -> PrivateKey:
        """Return the private key that was named, or the vault's own that opens ``wrapped``."""
        for key_id, private in self._opened.items():
            if wrapped is None or key_id in wrapped or self._private_path is not None:
                return private
        path = self._private_path or self.keyring.private_file(wrapped)
        private = load_private(path or self.path / "keys" / PRIVATE_NAME, self._passphrase)
        self._opened[private.public.key_id] = private
        return private

    def _settle_all(self) -> None:
        for info in self._catalog.list(state=State.OPEN):
            self._settle(info)

    def _settle(self, info: RecordingInfo) -> None:
        """Note in the catalog what a dead writer left; a living one is left alone.

        Never raises: what cannot be noted now is noted when the vault is next opened.
        """
        with suppress(OSError, VaultError):
            left = self._left_behind(info)
            if left is not None:
                self._finish(info.id, *left, None)

    def _finish(
        self, recording_id: str, state: State, samples: int, findings: Mapping[str, int] | None
    ) -> None:
        """Note how a recording ended: in the log first, so that it is open until that has it."""
        activity = Activity.CLOSE if state is State.CLOSED else Activity.INTERRUPT
        self._note(activity, Outcome.SUCCESS, recording_id)
        self._catalog.finish(recording_id, state, samples, findings)

    def _note(
        self, activity: Activity, outcome: Outcome, recording_id: str, of: int | None = None
    ) -> None:
        thing = Thing(ThingKind.RECORDING, recording_id)
        self._log.append(Event(activity, outcome, self.actor, (thing,), of=of))

    def _left_behind(self, info: RecordingInfo) -> tuple[State, int] | None:
        path = self._file(info.id)
        try:
            with path.open("rb") as file:
                if being_written(file):
                    return None
                # What the catalog is told of must not be lost to a power cut afterwards.
                os.fsync(file.fileno())
                return last_state(file, path, info)
        except (FileNotFoundError, VerificationError):
            return State.INTERRUPTED, 0
