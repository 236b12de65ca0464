"""Files that appear whole or not at all, and locks that end with their process."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, BinaryIO

from hushtap.errors import VaultError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_FILE = 0o600
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


@contextmanager
def whole_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Give a file to fill, readable by its owner only, that becomes ``path`` when complete.

    After an error or a crash ``path`` is as it was before. Without ``replace``
    an existing ``path`` is refused, even one that appeared in the meantime.

    Raises:
        VaultError: the file exists, or cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if replace:
                part.replace(path)
            else:
                _name_new(part, path)
            sync_folder(path.parent)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise VaultError(
            f"{path}: already there; choose another name or ask to replace it"
        ) from None
    except OSError as error:
        raise VaultError(f"{path}: cannot be written ({reason(error)})") from None


def _name_new(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except OSError as error:
        # FAT and some network file systems have no links: look, then rename.
        if error.errno not in {errno.EPERM, errno.ENOTSUP} or path.exists():
            raise
        part.rename(path)


def lock_for_writing(file: IO[bytes]) -> None:
    """Mark ``file`` as being written until it is closed or its process ends, however it ends.

    Raises:
        BlockingIOError: another writer holds it.
    """
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def being_written(file: IO[bytes]) -> bool:
    """Return whether a writer holds ``file``; where none does, none can begin until it is closed.

    The lock is a shared one, so that several readers may ask at the same time.
    """
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
