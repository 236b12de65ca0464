"""The file of one recording: a header, then sealed segments (docs/container-format.md).

Each segment is one Cobblestone-256 message (C2SP chunked-encryption) under the
recording's data key. Its context holds the header, the segment's number, its
kind and how far the audio is complete after it: a segment moved, replaced, or
taken from another recording does not open. Segments are whole before they are
written, so a killed writer leaves whole segments and at most one torn one.

The last segment of an ended recording is of kind ``CLOSE`` and carries a digest
of everything before it. A file without one was cut, or its writer was.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import IO, TYPE_CHECKING

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.files import PRIVATE_FILE, lock_for_writing, reason, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MAGIC = b"HUSHTAP"
VERSION = 1
MAX_SEALED = 1 << 20
"""Longest sealed segment in bytes: what a reader allocates before it can trust a length."""

_HEADER = struct.Struct("<7sBBI25s")
_FRAME = struct.Struct("<BIQI")
_CONTEXT = struct.Struct("<BIQ")


class Kind(IntEnum):
    """What a segment holds."""

    OPEN = 1
    AUDIO = 2
    NOTES = 3
    CLOSE = 4


@dataclass(frozen=True, slots=True)
class Header:
    """The clear beginning of a file, authenticated by every segment after it."""

    recording_id: str
    sample_rate: int
    channels: int

    def pack(self) -> bytes:
        """Return the 38 bytes that begin the file."""
        identity = self.recording_id.encode("ascii")
        return _HEADER.pack(MAGIC, VERSION, self.channels, self.sample_rate, identity)


@dataclass(frozen=True, slots=True)
class Frame:
    """A sealed segment as it lies in the file, not yet authenticated.

    ``readable`` is the number of samples that every channel has up to and with
    this segment; ``digest`` the SHA-256 of the file before it.
    """

    kind: int
    number: int
    readable: int
    sealed: bytes = field(repr=False)
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Segment:
    """An authenticated segment. ``payload`` is clear: its repr is hidden."""

    kind: Kind
    readable: int
    payload: bytes = field(repr=False)
    digest: bytes = field(repr=False)


class SegmentWriter:
    """Appends sealed segments to a new file and holds its lock until closed.

    After an ``OSError`` nothing more is written: whatever was torn stays last.

    Raises:
        OSError: from every method, as the file system gave it.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        data_key: bytes,
        *,
        synced: Callable[[], None] = lambda: None,
    ) -> None:
        """``synced`` is called whenever what was written survives a power cut."""
        self.path = path
        self._synced = synced
        self._key = data_key
        self._header = header.pack()
        self._digest = hashlib.sha256()
        self._number = 0
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE)
        self._file = os.fdopen(handle, "wb", buffering=0)
        try:
            lock_for_writing(self._file)
            self._write(self._header)
            self.sync()
            sync_folder(path.parent)
        except OSError:
            self.close()
            path.unlink(missing_ok=True)
            raise

    @property
    def digest(self) -> bytes:
        """SHA-256 of the file so far."""
        return self._digest.digest()

    @property
    def number(self) -> int:
        """How many segments were written."""
        return self._number

    def seal(self, kind: Kind, payload: bytes, readable: int) -> None:
        """Seal ``payload`` and hand it to the system: it survives this process from here on."""
        seal = Cobblestone256Encryptor(
            self._key, self._header + _CONTEXT.pack(kind, self._number, readable)
        )
        sealed = seal.update(payload) + seal.finalize()
        if len(sealed) > MAX_SEALED:
            raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
        self._write(_FRAME.pack(kind, self._number, readable, len(sealed)) + sealed)
        self._number += 1

    def sync(self) -> None:
        """Make everything written survive a power cut."""
        os.fdatasync(self._file.fileno())
        self._synced()

    def close(self) -> None:
        """Close the file, give up its lock and forget the key. Never raises."""
        self._key = b""
        try:
            self._file.close()
        except OSError:
            return

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) or 0 :]
        self._digest.update(data)


def read_frames(file: IO[bytes], path: Path, header: Header) -> Iterator[Frame]:
    """Yield the whole frames of ``file``, which need not end with one.

    Raises:
        VerificationError: these are not frames of the recording ``header`` tells of.
        VaultError: the file is of another version, or cannot be read.
    """
    try:
        yield from _frames(file, path, header)
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None


def read_heads(file: IO[bytes], path: Path, header: Header) -> Iterator[tuple[int, int]]:
    """Yield kind and ``readable`` of the whole frames of ``file``, as far as it can skip.

    Raises:
        VerificationError: these are not the frames of a recording in order.
        VaultError: the file is of another version, or cannot be read.
    """
    try:
        _begin(file, path, header)
        size = file.seek(0, os.SEEK_END) if file.seekable() else 0
        at, count, ended = _HEADER.size, 0, False
        while at + _FRAME.size <= size:
            file.seek(at)
            if len(head := file.read(_FRAME.size)) < _FRAME.size:
                return
            kind, number, readable, length = _FRAME.unpack(head)
            if ended or number != count or length > MAX_SEALED:
                raise damaged(path, f"segment {count} is out of place")
            at, count, ended = at + _FRAME.size + length, count + 1, kind == Kind.CLOSE
            if at <= size:
                yield kind, readable
        if ended and at < size:
            raise damaged(path, f"segment {count} is out of place")
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({reason(error)})") from None


def _begin(file: IO[bytes], path: Path, header: Header) -> bytes:
    """Return the header that ``file`` begins with, if it is the right one."""
    start = file.read(_HEADER.size)
    expected = header.pack()
    if start[: len(MAGIC)] == MAGIC and start[len(MAGIC) : len(MAGIC) + 1] > bytes([VERSION]):
        raise VaultError(f"{path}: of a newer format; open it with a newer Hushtap")
    if not expected.startswith(start):
        raise damaged(path, "its header belongs to another recording or was changed")
    return start


def _frames(file: IO[bytes], path: Path, header: Header) -> Iterator[Frame]:
    start = _begin(file, path, header)
    digest = hashlib.sha256(start)
    count, ended = 0, False
    while head := file.read(_FRAME.size):
        if ended:
            # Only a file that has no end may be torn.
            raise damaged(path, f"segment {count} is out of place")
        if len(head) < _FRAME.size:
            return
        kind, number, readable, length = _FRAME.unpack(head)
        if length > MAX_SEALED:
            raise damaged(path, "a segment's length was changed")
        sealed = file.read(length)
        if len(sealed) < length:
            return
        yield Frame(kind, number, readable, sealed, digest.digest())
        digest.update(head + sealed)
        count, ended = count + 1, kind == Kind.CLOSE


def read_segments(
    file: IO[bytes], path: Path, header: Header, data_key: bytes
) -> Iterator[Segment]:
    """Yield the authenticated segments of ``file`` in order; a torn last one is left out.

    Raises:
        VerificationError: a segment was changed, moved, removed or added.
        VaultError: the file is of another version, or cannot be read.
    """
    prefix = header.pack()
    ended = False
    for number, frame in enumerate(read_frames(file, path, header)):
        if ended or frame.number != number:
            raise damaged(path, f"segment {number} is out of place")
        kind, payload = _opened(prefix, data_key, path, frame)
        ended = kind is Kind.CLOSE
        yield Segment(kind, frame.readable, payload, frame.digest)


def _opened(prefix: bytes, data_key: bytes, path: Path, frame: Frame) -> tuple[Kind, bytes]:
    context = prefix + _CONTEXT.pack(frame.kind, frame.number, frame.readable)
    opener = Cobblestone256Decryptor(data_key, context)
    try:
        return Kind(frame.kind), opener.update(frame.sealed) + opener.finalize()
    except (InvalidTag, ValueError):
        raise damaged(path, f"segment {frame.number} was changed") from None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a frame lies in its file: byte ``offset``, whole ``length``, segment ``number``."""

    offset: int
    length: int
    number: int


def read_placed_segments(
    file: IO[bytes], path: Path, header: Header, data_key: bytes
) -> Iterator[tuple[Place, Segment]]:
    """Yield what ``read_segments`` does, each with its place; ``file`` stands at its start."""
    offset = _HEADER.size
    for number, segment in enumerate(read_segments(file, path, header, data_key)):
        end = file.tell()
        yield Place(offset, end - offset, number), segment
        offset = end


def read_segment_at(
    pread: Callable[[int, int], bytes], path: Path, header: Header, data_key: bytes, place: Place
) -> Segment:
    """Return the one authenticated segment at ``place``; safe in several threads.

    ``pread`` returns bytes of the file by their count and offset. The segment's ``digest``
    is empty: what lies before it is not read.

    Raises:
        VerificationError: it was changed since ``place`` was found.
        VaultError: as ``pread`` does.
    """
    frame = pread(place.length, place.offset)
    if len(frame) != place.length or place.length < _FRAME.size:
        raise damaged(path, f"segment {place.number} is gone")
    kind, number, readable, _ = _FRAME.unpack_from(frame)
    if number != place.number:
        raise damaged(path, f"segment {place.number} is out of place")
    found = Frame(kind, number, readable, frame[_FRAME.size :], b"")
    opened, payload = _opened(header.pack(), data_key, path, found)
    return Segment(opened, readable, payload, b"")


def damaged(path: Path, what: str) -> VerificationError:
    """Return the error of a file that is not what was sealed."""
    return VerificationError(f"{path}: {what}; restore the file from a backup")
