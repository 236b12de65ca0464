"""Sealed files on their way to an object store: in parts while a call runs, whole afterwards.

Nothing here holds a call up, and nothing is lost where the store is away: a file stays in
the folder until the store has every byte of it. What is left there, by an error or a
kill, is sent with the next recording that ends, or by ``send_all``.
"""

from __future__ import annotations

import os
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hushtap.errors import VaultError
from hushtap.vault.files import reason, sole_use, sync_folder
from hushtap.vault.objects import PART

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from hushtap.vault.objects import Objects, Upload

_AT_ONCE: Final = 4
"""Files that a process sends at the same time; each holds one part in memory."""

_TURNS: Final = 64
"""Locks for all recordings: two that share one wait for each other."""


def turn_of(folder: Path, recording_id: str) -> Path:
    """Return the lock without which nobody sends or deletes the object of a recording."""
    return folder / f"upload-{zlib.crc32(recording_id.encode()) % _TURNS:02}.lock"


class Uploads:
    """Sends what is in ``folder``. Safe to use from several threads and processes.

    ``ended`` tells which recordings have ended and were not disposed of.
    """

    def __init__(
        self, folder: Path, objects: Objects, ended: Callable[[Iterable[str]], set[str]]
    ) -> None:
        self._folder = folder
        self._objects = objects
        self._ended = ended
        self._lock = threading.Lock()
        self._asked: set[str] = set()
        self._begun: dict[str, _Begun] = {}
        self._behind = True
        # Python ends its threads at the end of the process, once they have done what was asked.
        self._workers = ThreadPoolExecutor(_AT_ONCE, "upload")

    def grown(self, recording_id: str) -> None:
        """Send whole parts of a recording that is being written; returns at once."""
        with self._lock:
            if recording_id in self._asked:
                return
            self._asked.add(recording_id)
        self._submit(self._send_parts, recording_id)

    def ended(self, recording_id: str) -> None:
        """Send the rest of a recording, and what else was left; returns at once."""
        self._submit(self._send_rest, recording_id)

    def waiting(self) -> list[str]:
        """Return the recordings that have ended and are not in the store yet, oldest first."""
        return sorted(self._ended(path.stem for path in self._folder.glob("*.hush")))

    def send_all(self) -> Iterator[tuple[str, VaultError | None]]:
        """Send what is waiting, and yield what came of each."""
        for recording_id in self.waiting():
            try:
                self._send(recording_id)
            except VaultError as error:
                yield recording_id, error
            else:
                yield recording_id, None

    def aside(self, act: Callable[[], None]) -> None:
        """Do ``act``, which may wait for the store and does not raise; returns at once."""
        with suppress(RuntimeError):
            self._workers.submit(act)

    def drain(self) -> None:
        """Return once all that was asked of this process so far is done, or has failed."""
        self._workers.shutdown()
        self._workers = ThreadPoolExecutor(_AT_ONCE, "upload")

    def _submit(self, act: Callable[[str], None], recording_id: str) -> None:
        # At the end of the process: it waits in the folder.
        with suppress(RuntimeError):
            self._workers.submit(act, recording_id)

    def _send_parts(self, recording_id: str) -> None:
        with self._lock:
            if recording_id not in self._asked:
                return
            self._asked.discard(recording_id)
            begun = self._begun.get(recording_id)
            if begun is None:
                path = self._folder / f"{recording_id}.hush"
                try:
                    if path.stat().st_size < PART:
                        return
                    begun = _Begun(path)
                except OSError:
                    return
                self._begun[recording_id] = begun
        begun.send_parts(self._objects, recording_id)

    def _send_rest(self, recording_id: str) -> None:
        try:
            self._send(recording_id)
        except VaultError:
            self._behind = True
            return
        if self._behind:
            # The store is there: what it lacks because it was away goes after.
            self._behind = False
            failed = [error for _, error in self.send_all() if error is not None]
            self._behind = bool(failed)

    def _send(self, recording_id: str) -> None:
        path = self._folder / f"{recording_id}.hush"
        with self._lock:
            self._asked.discard(recording_id)
            begun = self._begun.pop(recording_id, None)
        try:
            with sole_use(turn_of(self._folder, recording_id)):
                if not self._ended([recording_id]):
                    return
                try:
                    file = path.open("rb")
                except FileNotFoundError:
                    return
                with file:
                    size = os.fstat(file.fileno()).st_size
                    if begun is None or not begun.finish(file.fileno()):
                        self._objects.put(recording_id, file)
                    if self._objects.size(recording_id) != size:
                        raise VaultError(
                            f"{self._objects.name}: does not have all of {recording_id}"
                        )
                    self._leave(path, file.fileno())
        except OSError as error:
            raise VaultError(f"{path}: cannot be sent ({reason(error)})") from None
        finally:
            if begun is not None:
                begun.close()

    def _leave(self, path: Path, handle: int) -> None:
        """Delete the file that was sent, unless it was sealed anew meanwhile."""
        with sole_use(self._folder / "muting.lock"):
            if os.path.samestat(path.stat(), os.fstat(handle)):
                path.unlink()
                sync_folder(self._folder)


class _Begun:
    """A file of which the store has parts. It starts anew where one is refused."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY)
        self._lock = threading.Lock()
        self._sent = 0
        self._upload: Upload | None = None
        self._failed = False

    def send_parts(self, objects: Objects, recording_id: str) -> None:
        """Send the whole parts that there are. Where the store refuses, all is left to the end."""
        with self._lock, suppress(OSError):
            while not self._failed and os.fstat(self._handle).st_size - self._sent >= PART:
                try:
                    if self._upload is None:
                        self._upload = objects.upload(recording_id)
                    self._upload.add(os.pread(self._handle, PART, self._sent))
                    self._sent += PART
                except VaultError:
                    self._failed = True
                    self._upload = None

    def finish(self, handle: int) -> bool:
        """Send the rest and let the object appear; ``False`` where it is to be sent whole."""
        with self._lock:
            if self._upload is None or not os.path.samestat(
                os.fstat(handle), os.fstat(self._handle)
            ):
                return False
            try:
                while part := os.pread(self._handle, PART, self._sent):
                    self._upload.add(part)
                    self._sent += len(part)
                self._upload.end()
            except VaultError:
                return False
            return True

    def close(self) -> None:
        """Forget it."""
        with self._lock:
            self._failed, self._upload = True, None
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1
