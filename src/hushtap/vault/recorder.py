"""The writing side of a vault: how recordings begin, and are noted as ended. No private key."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing
from hushtap.vault.catalog import State
from hushtap.vault.container import Kind as SegmentKind
from hushtap.vault.container import SegmentWriter
from hushtap.vault.files import PRIVATE_FILE, being_written, reason, sync_folder
from hushtap.vault.payloads import Opening, pack_record
from hushtap.vault.reader import header_of, last_state
from hushtap.vault.writer import Recording, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hushtap.vault.audit.log import Journal
    from hushtap.vault.catalog import Catalog, RecordingInfo
    from hushtap.vault.keyring import KeyRing
    from hushtap.vault.sealedfiles import SealedFiles

_TRIES = 10
"""How often the keys may change while one recording begins."""


class Recorder:
    """Begins recordings, and notes how those end whose writer died."""

    def __init__(
        self,
        files: SealedFiles,
        catalog: Catalog,
        keyring: KeyRing,
        journal: Journal,
        stopped: Callable[[str], None],
    ) -> None:
        """``stopped`` is called with the id of a recording that a refusal has ended."""
        self._files = files
        self._folder = files.folder
        self._catalog = catalog
        self._keyring = keyring
        self._journal = journal
        self._stopped = stopped

    def refusal(self, recording_id: str) -> Path:
        """Return the file whose being there lets nothing more be written of a recording.

        A file, for its writer may be another process and looks before each write.
        """
        return self._folder / f"{recording_id}.refused"

    def elsewhere(self, recording_id: str) -> bool:
        """Return whether a recording that is open is another machine's, which has its file."""
        return self._catalog.database.shared and not self._files.file(recording_id).exists()

    def refuse(self, recording_id: str) -> None:
        """Let nothing more be written of a recording. Raises ``VaultError``."""
        path = self.refusal(recording_id)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, PRIVATE_FILE))
            sync_folder(self._folder)
        except OSError as error:
            raise VaultError(
                f"{path}: cannot be written ({reason(error)}); the recording goes on: "
                "end the call, then do this again"
            ) from None

    def begin(self, info: RecordingInfo, models: str = "") -> Recording:
        """Begin the recording that ``info`` tells of, once that is on record.

        ``models`` is sealed in it: what hears it.

        Raises:
            VaultError: the log, the file or the catalog cannot be written.
        """
        things = (Thing(Kind.RECORDING, info.id), Thing(Kind.POLICY, info.policy))
        with self._journal.act(Activity.RECORD, *things, tell_end=False):
            return self._begin(info, models)

    def settle_all(self) -> None:
        """Do as ``settle`` does with every recording that is open."""
        for info in self._catalog.list(state=State.OPEN):
            self.settle(info)

    def settle(self, info: RecordingInfo) -> None:
        """Note in the catalog what a dead writer left; a living one is left alone.

        So is another machine's: who has not the file cannot tell.

        Never raises: what cannot be noted now is noted when the vault is next opened.
        """
        if info.state is not State.OPEN or self.elsewhere(info.id):
            return
        with suppress(OSError, VaultError):
            left = self._left_behind(info)
            if left is not None:
                self._finish(info.id, *left, None)

    def _begin(self, info: RecordingInfo, models: str) -> Recording:
        data_key = secrets.token_bytes(32)
        told = (info.started.isoformat(), info.source, info.policy)
        opening = Opening(*told, software=version("hushtap"), models=models)
        path = self._files.file(info.id)
        try:
            grown = partial(self._files.grown, info.id)
            segments = SegmentWriter(path, header_of(info), data_key, synced=grown)
        except OSError as error:
            raise VaultError(f"{path}: cannot be written ({reason(error)})") from None
        try:
            # Locked before it is listed: no one takes a new recording for a dead one.
            self._add(info, data_key)
            segments.seal(SegmentKind.OPEN, pack_record(opening), 0)
        except VaultError:
            segments.close()
            with suppress(OSError):
                path.unlink()
            raise
        except OSError as error:
            segments.close()
            self.settle(info)
            raise VaultError(f"{path}: cannot be written ({reason(error)})") from None
        return Recording(
            info,
            segments,
            finish=partial(self._finish, info.id),
            settle=partial(self.settle, info),
            refusal=Refusal(self.refusal(info.id), partial(self._stopped, info.id)),
        )

    def _add(self, info: RecordingInfo, data_key: bytes) -> None:
        for _ in range(_TRIES):
            recipients = self._keyring.recipients()
            wrapped = {key.key_id: key.wrap(data_key, info.id) for key in recipients}
            if self._catalog.add(info, wrapped):
                return
        raise VaultError(
            f"{self._catalog.database.name}: the keys change all the time; look at who changes them"
        )

    def _finish(
        self, recording_id: str, state: State, samples: int, findings: Mapping[str, int] | None
    ) -> None:
        """Note how a recording ended: in the log first, so that it is open until that has it."""
        activity = Activity.CLOSE if state is State.CLOSED else Activity.INTERRUPT
        self._journal.note(activity, Outcome.SUCCESS, Thing(Kind.RECORDING, recording_id))
        self._catalog.finish(recording_id, state, samples, findings)
        self._files.changed(recording_id)

    def _left_behind(self, info: RecordingInfo) -> tuple[State, int] | None:
        path = self._files.file(info.id)
        try:
            with path.open("rb") as file:
                if being_written(file):
                    return None
                # What the catalog is told of must not be lost to a power cut afterwards.
                os.fsync(file.fileno())
                return last_state(file, path, info)
        except (FileNotFoundError, VerificationError):
            return State.INTERRUPTED, 0
