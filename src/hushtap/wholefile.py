"""Files that appear whole or not at all, however the process ends.

Until it is whole, a file lies beside its place under a hidden name that belongs to
that place alone, locked by its writer. A writer that was killed leaves that name
and no lock; whoever comes next for the same place removes it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE_FILE: Final = 0o600

_NO_LOCKS = {errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP}


def part_of(path: Path) -> Path:
    """Return where ``path`` lies until it is whole."""
    # Of one length, for the name of ``path`` may be as long as names can be.
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]
    return path.with_name(f".hushtap-{name}.part")


@contextmanager
def whole_file(path: Path, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Give a file to fill, readable by its owner only, that becomes ``path`` when complete.

    After an error or a crash ``path`` is as it was before. Without ``replace``
    an existing ``path`` is refused, even one that appeared in the meantime.

    Raises:
        FileExistsError: ``path`` exists, and is not to be replaced.
        BlockingIOError: another run is writing ``path``.
        OSError: the disk refuses.
    """
    part = part_of(path)
    with _locked(part) as file:
        named = False
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if replace:
                part.replace(path)
                named = True
            else:
                named = _name_new(part, path)
        finally:
            if not named:
                part.unlink(missing_ok=True)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file as ``whole_file`` does, which replaces ``path``, for a folder of outputs.

    Raises:
        HushtapError: another run is writing ``path``, or the disk refuses.
    """
    try:
        with whole_file(path, replace=True) as file:
            yield file
    except BlockingIOError as exc:
        raise HushtapError(f"{path} is being written by another run: wait for its end") from exc
    except OSError as exc:
        raise HushtapError(
            f"{path} cannot be written ({exc.strerror}): free space there or choose another --out"
        ) from exc


def remove_left(path: Path) -> None:
    """Remove what a killed writer of ``path`` left, if there is anything.

    Raises:
        BlockingIOError: its writer is alive.
        OSError: it cannot be removed, or is none of ours.
    """
    _remove_left(part_of(path))


@contextmanager
def _locked(part: Path) -> Iterator[BinaryIO]:
    while True:
        try:
            handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        except FileExistsError:
            _remove_left(part)
            continue
        with os.fdopen(handle, "w+b") as file:
            # Between making and locking it, another run may have taken it for a dead one's.
            if _lock(handle) and _is(part, handle):
                yield file
                return


def _remove_left(part: Path) -> None:
    try:
        handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise FileExistsError(errno.EEXIST, f"{part.name} is in the way")
        if not _lock(handle):
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK))
        if _is(part, handle):
            part.unlink()
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Lock an open file until it is closed or its process ends; False where another has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _is(path: Path, handle: int) -> bool:
    """Return whether ``path`` still names the open file."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _name_new(part: Path, path: Path) -> bool:
    """Name ``part`` ``path``, which must not exist; return whether its old name is gone."""
    try:
        os.link(part, path)
    except OSError as error:
        # FAT and some network file systems have no links: look, then rename.
        if error.errno not in _NO_LINKS or path.exists():
            raise
        part.rename(path)
        return True
    return False
