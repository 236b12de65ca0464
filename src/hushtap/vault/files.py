"""Files that survive a power cut, and locks that end with their process."""

from __future__ import annotations

import fcntl
import io
import os
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, BinaryIO

from hushtap import wholefile
from hushtap.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_FILE = wholefile.PRIVATE_FILE
PRIVATE_FOLDER = 0o700


def reason(error: OSError) -> str:
    """Return the system's words for ``error``, without paths or data."""
    return os.strerror(error.errno) if error.errno else type(error).__name__


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` survive a power cut. Raises ``OSError``."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def named(folder: Path, beginning: str, *endings: str) -> list[Path]:
    """Return the files whose names begin so and end in one of ``endings``.

    None where the folder cannot be read. What else it holds takes no memory: ``Path.glob``
    has all of a folder at once.
    """
    try:
        with os.scandir(folder) as entries:
            names = (entry.name for entry in entries)
            return [
                folder / name
                for name in names
                if name.startswith(beginning) and name.endswith(endings)
            ]
    except OSError:
        return []


@contextmanager
def whole_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Give a file as ``hushtap.wholefile`` does, whose name survives a power cut as well.

    Raises:
        VaultError: the file exists, or cannot be written.
    """
    try:
        with wholefile.whole_file(path, replace=replace) as file:
            yield file
        sync_folder(path.parent)
    except FileExistsError:
        raise VaultError(
            f"{path}: already there; choose another name, or replace it with --force"
        ) from None
    except OSError as error:
        raise VaultError(f"{path}: cannot be written ({reason(error)})") from None


def why_unwritable(folder: Path, size: int) -> str | None:
    """Return why ``size`` bytes more cannot be written in ``folder``, or None where they can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(size))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return reason(error)
    return None


def lock_for_writing(file: IO[bytes]) -> None:
    """Mark ``file`` as being written until it is closed or its process ends, however it ends.

    Raises:
        BlockingIOError: another writer holds it.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def being_written(file: IO[bytes]) -> bool:
    """Return whether a writer holds ``file``; where none does, none can begin until it is closed.

    The lock is a shared one, so that several readers may ask at the same time. An object in
    a store, which has no descriptor, was whole when it appeared.
    """
    try:
        file.fileno()
    except io.UnsupportedOperation:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


@contextmanager
def sole_use(path: Path) -> Iterator[None]:
    """Let one process at a time past; the others wait. Raises ``OSError``."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def sole_use_or_refusal(path: Path) -> Iterator[None]:
    """Let one process past; refuse the others at once.

    Raises:
        BlockingIOError: another process is past.
        OSError: ``path`` cannot be written.
    """
    with path.open("ab") as file:
        lock_for_writing(file)
        yield
