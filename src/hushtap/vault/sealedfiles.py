"""Where the sealed files of a vault lie: in its folder, or in an object store when they ended.

Every recording is written to the folder, whatever becomes of the store: what a call may
lose is the same. With a store, each goes there in parts while the call runs
(``uploading``), and leaves the folder once the store has all of it. A file in the folder
is therefore always the newest.
"""

from __future__ import annotations

import hashlib
import os
import weakref
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from hushtap.errors import VaultError
from hushtap.vault.files import being_written, reason, sole_use, sync_folder
from hushtap.vault.uploading import Uploads, turn_of

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from hushtap.vault.objects import Objects, RemoteFile


_SUFFIX: Final = ".hush"
_AT_ONCE: Final = 1000
"""Names in memory."""


class Sealed(Protocol):
    """One sealed file, open for as long as this is kept.

    Raises:
        VaultError: it cannot be read.
    """

    @property
    def current(self) -> bool:
        """Whether this is still the recording's file."""
        ...

    @property
    def version(self) -> str:
        """Another one for each file that this recording was sealed in."""
        ...

    def stream(self) -> io.BufferedReader:
        """Return it from its start; closing that leaves this open."""
        ...

    def pread(self, length: int, offset: int) -> bytes:
        """Return ``length`` bytes from ``offset``; fewer at its end."""
        ...


class SealedFiles:
    """The sealed files of one vault, by the ids of their recordings.

    ``ended`` tells which recordings have ended and were not disposed of.

    Raises:
        VaultError: from every method, where the disk or the store refuses.
    """

    def __init__(
        self, folder: Path, objects: Objects | None, ended: Callable[[Iterable[str]], set[str]]
    ) -> None:
        self.folder = folder
        self._objects = objects
        self.uploads = None if objects is None else Uploads(folder, objects, ended)

    def file(self, recording_id: str) -> Path:
        """Return the file in the folder: where it is written, and what messages name."""
        return self.folder / f"{recording_id}{_SUFFIX}"

    def grown(self, recording_id: str) -> None:
        """Send on what a recording has grown by; returns at once and never raises."""
        if self.uploads is not None:
            self.uploads.grown(recording_id)

    def changed(self, recording_id: str) -> None:
        """Send on a recording that has ended or was sealed anew; returns at once."""
        if self.uploads is not None:
            self.uploads.ended(recording_id)

    def aside(self, act: Callable[[], None]) -> None:
        """Do ``act``, which does not raise; not here where it may have to wait for a store."""
        if self.uploads is None:
            act()
        else:
            self.uploads.aside(act)

    def open(self, recording_id: str) -> Sealed:
        """Open a file where it lies."""
        path = self.file(recording_id)
        try:
            try:
                return _Local(path)
            except FileNotFoundError:
                if self._objects is None:
                    raise
                return _Remote(path, recording_id, self._objects)
        except OSError as error:
            where = "" if self._objects is None else f", nor in the {self._objects.name}"
            raise VaultError(f"{path}: cannot be read ({reason(error)}{where})") from None

    def exists(self, recording_id: str) -> bool:
        """Return whether there is anything of it."""
        if self.file(recording_id).exists():
            return True
        return self._objects is not None and self._objects.size(recording_id) is not None

    def digest(self, recording_id: str) -> str | None:
        """Return the SHA-256 of a file in hexadecimal, ``None`` where there is none."""
        if not self.exists(recording_id):
            return None
        with self.open(recording_id).stream() as file:
            try:
                return hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                path = self.file(recording_id)
                raise VaultError(f"{path}: cannot be read ({reason(error)})") from None

    def delete(self, recording_id: str) -> None:
        """Delete a file wherever it lies; nothing of it is on its way afterwards."""
        path = self.file(recording_id)
        try:
            if self._objects is None:
                path.unlink(missing_ok=True)
            else:
                with sole_use(turn_of(self.folder, recording_id)):
                    path.unlink(missing_ok=True)
                    self._objects.delete(recording_id)
            sync_folder(self.folder)
        except OSError as error:
            raise VaultError(f"{path}: cannot be deleted ({reason(error)})") from None

    def ids(self) -> Iterator[str]:
        """Yield the recordings of which there is anything, here and in the store."""
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.name.endswith(_SUFFIX):
                        yield entry.name.removesuffix(_SUFFIX)
        except OSError as error:
            raise VaultError(f"{self.folder}: cannot be read ({reason(error)})") from None
        if self._objects is not None:
            yield from self._objects.ids()

    def strays(self, known: Callable[[Iterable[str]], set[str]]) -> Iterator[tuple[str, str]]:
        """Yield ids of files that are not being written, and where these lie.

        Only of those that are not ``known``, which is asked of some at a time.
        """
        ids = self.ids()
        while some := set(islice(ids, _AT_ONCE)):
            for recording_id in sorted(some - known(some)):
                path = self.file(recording_id)
                with suppress(OSError), path.open("rb") as file:
                    if being_written(file):
                        continue
                remote = self._objects is not None and not path.exists()
                yield recording_id, self._objects.name if remote and self._objects else str(path)


class _Local:
    """A file in the folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle = os.open(path, os.O_RDONLY)
        # Closed with the last who reads: never under somebody's hands.
        weakref.finalize(self, os.close, self._handle)

    @property
    def current(self) -> bool:
        try:
            # By its name: a backup may keep the old file as another link to it.
            return os.path.samestat(self._path.stat(), os.fstat(self._handle))
        except OSError:
            return False

    @property
    def version(self) -> str:
        status = os.fstat(self._handle)
        return f"{status.st_ino:x}-{status.st_mtime_ns:x}"

    def stream(self) -> io.BufferedReader:
        # It outlives this object, where its reader keeps it alone.
        handle = os.dup(self._handle)
        try:
            file = os.fdopen(handle, "rb")
            file.seek(0)
        except OSError as error:
            os.close(handle)
            raise VaultError(f"{self._path}: cannot be read ({reason(error)})") from None
        return file

    def pread(self, length: int, offset: int) -> bytes:
        try:
            return os.pread(self._handle, length, offset)
        except OSError as error:
            raise VaultError(f"{self._path}: cannot be read ({reason(error)})") from None


class _Remote:
    """An object, while no newer file is in the folder."""

    def __init__(self, path: Path, recording_id: str, objects: Objects) -> None:
        self._path = path
        self._id = recording_id
        self._objects = objects
        self._file: RemoteFile = objects.open(recording_id)

    @property
    def current(self) -> bool:
        return not self._path.exists() and self._objects.tag(self._id) == self._file.tag

    @property
    def version(self) -> str:
        return hashlib.sha256(self._file.tag.encode()).hexdigest()[:32]

    def stream(self) -> io.BufferedReader:
        return self._file.stream()

    def pread(self, length: int, offset: int) -> bytes:
        return self._file.pread(length, offset)
