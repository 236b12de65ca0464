"""Muting what was missed in a recording that is finished: sealed anew, the old key destroyed.

1. A copy in which the span is silent is sealed under a new data key, beside the
   recording, and read back.
2. One transaction of the catalog takes the old wrapped keys away and puts the new
   ones in their place: from here on nothing opens the old file.
3. The copy takes the recording's name, and the catalog's log is emptied.

The copy's name tells which wrapped keys it goes with and which it replaces. Killed
before step 2, it is deleted when the vault is next opened; killed after, it takes
its place then. No private key is needed for that. A mark beside it stays until nothing
of the old keys is left in the database's files: killed before that, it is done then.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from hushtap.errors import HeldError, UsageError, VaultError, VerificationError
from hushtap.timeline import Span
from hushtap.values import Entity, Finding
from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing
from hushtap.vault.catalog import State
from hushtap.vault.files import (
    PRIVATE_FILE,
    named,
    reason,
    sole_use,
    sole_use_or_refusal,
    sync_folder,
)
from hushtap.vault.reader import header_of
from hushtap.vault.resealing import Copy, check
from hushtap.vault.schema import found, keys, recordings, waiting_mutes, wrapped_keys
from hushtap.vault.waiting import REVIEWED, WaitingMutes
from hushtap.vault.waiting import this as waits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from hushtap.vault.audit.log import Journal
    from hushtap.vault.catalog import Catalog, RecordingInfo
    from hushtap.vault.keyring import KeyRing
    from hushtap.vault.sealedfiles import SealedFiles

_UNSCRUBBED: Final = ".unscrubbed"
"""Ends the name of the mark: old keys may still lie in the database's files."""

_TRIES: Final = 10
"""How often the keys may change while one recording is sealed anew."""


class Remuting:
    """Mutes spans of finished recordings of one vault.

    Raises:
        VaultError: from every method, where the disk, the catalog or the audit log refuses.
    """

    def __init__(
        self, files: SealedFiles, catalog: Catalog, keyring: KeyRing, journal: Journal
    ) -> None:
        self._files = files
        self._folder = files.folder
        self._catalog = catalog
        self._keyring = keyring
        self._journal = journal

    def mute(
        self,
        recording_id: str,
        finding: Finding,
        unwrap: Callable[[RecordingInfo, Mapping[str, bytes]], bytes],
    ) -> None:
        """Make the span of ``finding`` silent, and add the finding; see ``Vault.mute``."""
        try:
            self._mute_alone(recording_id, finding, unwrap)
        except HeldError:
            WaitingMutes(self._catalog.database).add(
                recording_id, finding, self._journal.actor.user
            )
            raise

    def _mute_alone(
        self,
        recording_id: str,
        finding: Finding,
        unwrap: Callable[[RecordingInfo, Mapping[str, bytes]], bytes],
    ) -> None:
        try:
            with sole_use(self._folder / "muting.lock"):
                self._finish(recording_id)
                info, wrapped = self._catalog.find(recording_id)
                if info.state not in {State.CLOSED, State.INTERRUPTED} or not wrapped:
                    raise VaultError(f"recording {info.id} is {info.state}: it cannot be muted")
                self._refuse_held(info)
                self._mute(info, wrapped, finding, unwrap)
        except OSError as error:
            raise VaultError(
                f"{self._files.file(recording_id)}: cannot be sealed anew ({reason(error)}); "
                "free space, then do it again"
            ) from None

    def finish_all(self) -> None:
        """Finish what was killed, unless another process is muting now. Never raises."""
        left = {path.name.split(".")[0] for path in named(self._folder, "", ".muted", _UNSCRUBBED)}
        if not left:
            return
        with suppress(OSError, VaultError), sole_use_or_refusal(self._folder / "muting.lock"):
            for recording_id in sorted(left):
                self._finish(recording_id)

    def settle(self, recording_id: str) -> None:
        """Return once nobody is muting this recording, and what a kill left of that is finished.

        After that, keys that were in the catalog before go with the file.
        """
        if not any(named(self._folder, f"{recording_id}.", "muted")):
            return
        try:
            with sole_use(self._folder / "muting.lock"):
                self._finish(recording_id)
        except OSError as error:
            raise VaultError(f"{self._folder}: cannot be written ({reason(error)})") from None

    def wait(self) -> None:
        """Return once no process is muting, and what was killed is finished."""
        with suppress(OSError), sole_use(self._folder / "muting.lock"):
            pass
        self.finish_all()

    def place(self, info: RecordingInfo, data_key: bytes) -> None:
        """Let a copy that a kill left, and that ``data_key`` opens, take its place. Never raises.

        Its name tells it no more where the vault's keys were rotated since.
        """
        with suppress(OSError, VaultError), sole_use(self._folder / "muting.lock"):
            for copy in named(self._folder, f"{info.id}.", ".muted"):
                with suppress(VerificationError):
                    check(copy, header_of(info), data_key)
                    self._place(copy)

    def _refuse_held(self, info: RecordingInfo) -> None:
        if info.held:
            this, why = Thing(Kind.RECORDING, info.id), HeldError.__name__
            self._journal.note(Activity.MUTE, Outcome.FAILURE, this, reason=why)
            raise HeldError(f"recording {info.id} is under a legal hold; release that first")

    def _mute(
        self,
        info: RecordingInfo,
        wrapped: Mapping[str, bytes],
        finding: Finding,
        unwrap: Callable[[RecordingInfo, Mapping[str, bytes]], bytes],
    ) -> None:
        this = Thing(Kind.RECORDING, info.id)
        old = self._object(info.id)
        with self._journal.act(Activity.MUTE, this, old, tell_end=False) as begun:
            old_key, new_key = unwrap(info, wrapped), secrets.token_bytes(32)
            copy = self._folder / f"{info.id}.muted"
            copy.unlink(missing_ok=True)
            try:
                source = self._files.open(info.id)
                Copy(source, self._files.file(info.id), info, finding).write(copy, old_key, new_key)
                copy = self._swap(info, wrapped, copy, new_key, finding)
            # Whatever ends it, an interrupt by the keyboard among it: a copy stays only where
            # the catalog may have its keys.
            except BaseException:
                for left in named(self._folder, f"{info.id}.", "muted"):
                    if self._is_current(left) is False:
                        left.unlink(missing_ok=True)
                raise
            new = _object(copy)
            self._place(copy)
            self._journal.note(Activity.MUTE, Outcome.SUCCESS, this, new, of=begun)

    def _swap(
        self,
        info: RecordingInfo,
        wrapped: Mapping[str, bytes],
        copy: Path,
        new_key: bytes,
        finding: Finding,
    ) -> Path:
        """Let the catalog know the new keys only; return the copy under the name that tells so."""
        for _ in range(_TRIES):
            recipients = self._keyring.recipients()
            sealed = {key.key_id: key.wrap(new_key, info.id) for key in recipients}
            named = copy.with_name(f"{info.id}.{_mark(sealed)}.{_mark(wrapped)}.muted")
            copy = copy.rename(named)
            sync_folder(self._folder)
            if self._replace_keys(info, wrapped, sealed, finding):
                return copy
        raise VaultError(
            f"recording {info.id}: the keys change all the time; look at who changes them"
        )

    def _replace_keys(
        self,
        info: RecordingInfo,
        wrapped: Mapping[str, bytes],
        sealed: Mapping[str, bytes],
        finding: Finding,
    ) -> bool:
        """Exchange the wrapped keys, unless those of the vault or the recording have changed."""
        of_it = wrapped_keys.c.recording_id == info.id
        active = select(keys.c.id).where(keys.c.state == "active")
        counts = {**info.findings, finding.entity: info.findings.get(finding.entity, 0) + 1}
        row = {"recording_id": info.id, "entity": str(finding.entity)}
        with self._catalog.database.writing() as connection:
            now = connection.execute(select(wrapped_keys).where(of_it))
            if {one.key_id: one.wrapped for one in now} != dict(wrapped):
                raise VaultError(f"recording {info.id}: its keys changed meanwhile; do it again")
            if connection.scalar(select(recordings.c.held).where(recordings.c.id == info.id)):
                raise HeldError(f"recording {info.id} is under a legal hold; release that first")
            if set(connection.scalars(active)) != sealed.keys():
                return False
            connection.execute(delete(wrapped_keys).where(of_it))
            connection.execute(
                insert(wrapped_keys),
                [
                    {"recording_id": info.id, "key_id": key_id, "wrapped": blob}
                    for key_id, blob in sealed.items()
                ],
            )
            this = recordings.c.id == info.id
            connection.execute(
                update(recordings)
                .where(this)
                .values(findings={str(entity): count for entity, count in counts.items()})
            )
            connection.execute(
                delete(found).where(
                    found.c.recording_id == info.id, found.c.entity == row["entity"]
                )
            )
            connection.execute(insert(found).values(**row, count=counts[finding.entity]))
            connection.execute(delete(waiting_mutes).where(waits(info.id, finding)))
        return True

    def _finish(self, recording_id: str) -> None:
        """Finish what a kill left of one recording; the lock is held."""
        for copy in named(self._folder, recording_id, ".muted"):
            current = self._is_current(copy)
            if current:
                self._place(copy)
            elif current is False:
                copy.unlink(missing_ok=True)
        for mark in named(self._folder, recording_id, _UNSCRUBBED):
            self._scrub(mark)

    def _is_current(self, copy: Path) -> bool | None:
        """Return whether the catalog knows the keys of ``copy``; ``None``: of neither file."""
        identity, *marks, _ = copy.name.split(".")
        if len(marks) != len(("new", "old")):
            return False
        try:
            info, wrapped = self._catalog.find(identity)
        except VaultError:
            return None
        known = {_mark({key_id: blob}) for key_id, blob in wrapped.items()}
        if info.state is State.DISPOSED:
            return False
        if marks[0] in known:
            return True
        return False if marks[1] in known else None

    def _place(self, copy: Path) -> None:
        identity = copy.name.split(".")[0]
        mark = self._folder / f"{identity}{_UNSCRUBBED}"
        mark.touch(PRIVATE_FILE)
        copy.replace(self._files.file(identity))
        sync_folder(self._folder)
        if self._catalog.find(identity)[0].state is State.DISPOSED:
            # That was meanwhile, and its object must not come back.
            self._files.file(identity).unlink(missing_ok=True)
            sync_folder(self._folder)
        self._files.changed(identity)
        self._scrub(mark)

    def _object(self, recording_id: str) -> Thing:
        digest = self._files.digest(recording_id)
        if digest is None:
            raise VaultError(f"{self._files.file(recording_id)}: is gone; restore it from a backup")
        return Thing(Kind.OBJECT, f"sha256:{digest}")

    def _scrub(self, mark: Path) -> None:
        """Leave nothing of the keys that were replaced; ``mark`` stays until that is done."""
        self._catalog.database.scrub(mark.name.removesuffix(_UNSCRUBBED))
        mark.unlink(missing_ok=True)


def finding_of(info: RecordingInfo, channel: int, span: Span, entity: Entity) -> Finding:
    """Return what is to be muted of ``info``. Raises ``UsageError``: it has no such span."""
    if not 0 <= channel < info.audio_format.channels:
        raise UsageError(f"recording {info.id} has no channel {channel}")
    if not span or not 0 <= span.start < span.end <= info.samples:
        raise UsageError(f"recording {info.id} has {info.samples} samples: mute a span of them")
    return Finding(entity, span, channel, 1.0, REVIEWED)


def _mark(wrapped: Mapping[str, bytes]) -> str:
    """Return what tells a recording's keys from its earlier ones."""
    first = wrapped[min(wrapped)]
    return hashlib.sha256(first).hexdigest()[:16]


def _object(path: Path) -> Thing:
    with path.open("rb") as file:
        return Thing(Kind.OBJECT, f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}")
