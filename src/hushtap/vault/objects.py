"""Sealed files in an S3-compatible object store, by URL; obstore's errors end here.

::

    objects = "s3://calls/2026?endpoint=https://s3.internal:9000&region=eu-central-1"

The credentials are those of the environment (``AWS_ACCESS_KEY_ID`` and its like, or the
role of the machine): a URL that holds any is refused. Every request is signed with the
hash of what it carries, and repeated where the store is away for a moment.
"""

from __future__ import annotations

import errno
import io
import os
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from hushtap.errors import UsageError, VaultError
from hushtap.vault.location import objects_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from obstore import WritableFile

PART: Final = 5 << 20
"""Bytes sent at once, the least that S3 takes of a part: 160 s of a call in two channels."""

_SUFFIX: Final = ".hush"
_OPTIONS: Final = frozenset({"endpoint", "region"})
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_READ_AHEAD: Final = 1 << 20
_RETRIES: Final = 4
"""Of one request, at most 1.5 s in all: whatever is not sent then waits on the disk."""


def checked(url: str) -> tuple[str, str, dict[str, str]]:
    """Return bucket, prefix and options of ``url``.

    Raises:
        UsageError: it is none, has a secret in it, an option that is not known, or leaves
            this machine unencrypted.
    """
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        endpoint = urlsplit(options.get("endpoint", "https://"))
    except ValueError:
        raise UsageError("the objects' place must be an s3://BUCKET/PREFIX URL") from None
    if parts.scheme != "s3" or not parts.netloc:
        raise UsageError("the objects' place must be an s3://BUCKET/PREFIX URL")
    if "@" in parts.netloc or ":" in parts.netloc or set(options) - _OPTIONS:
        raise UsageError(
            f"the objects' URL may have {' and '.join(sorted(_OPTIONS))}; "
            "credentials stand in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
        )
    if endpoint.scheme != "https" and (endpoint.scheme != "http" or endpoint.hostname not in _HERE):
        raise UsageError("the endpoint of the objects' URL must be an https:// address")
    if endpoint.username is not None or endpoint.query:
        raise UsageError("the endpoint of the objects' URL has no user and no options")
    return parts.netloc, parts.path.strip("/"), options


def objects_of(vault: Path) -> Objects | None:
    """Return the store of a vault, ``None`` where its files stay in its folder.

    Raises:
        VaultError: the settings name none that can be used.
    """
    url = objects_place(vault)
    return None if url is None else Objects(url)


class Objects:
    """The objects of one vault, by the ids of recordings. Safe to use from several threads.

    Raises:
        VaultError: from every method, where the store cannot be reached or refuses.
    """

    def __init__(self, url: str) -> None:
        try:
            bucket, prefix, options = checked(url)
        except UsageError as error:
            raise VaultError(str(error)) from None
        try:
            from obstore import store  # noqa: PLC0415 - a vault in a folder needs none
        except ImportError:
            raise VaultError(
                "the recordings lie in an object store: pip install 'hushtap[s3]'"
            ) from None
        self.url = url
        self.name = f"object store s3://{'/'.join(filter(None, (bucket, prefix)))}"
        config: dict[str, Any] = dict(options)
        plain = options.get("endpoint", "").startswith("http://")
        with self._translated():
            self._store = store.S3Store(
                bucket,
                prefix=prefix or None,
                client_options={
                    "allow_http": plain,
                    "connect_timeout": "5s",
                    "timeout": "60s",
                },
                retry_config={
                    "max_retries": _RETRIES,
                    "retry_timeout": timedelta(seconds=60),
                },
                **config,
            )

    def put(self, recording_id: str, file: BinaryIO) -> None:
        """Send the whole of ``file``, in parts where it is long."""
        import obstore  # noqa: PLC0415

        with self._translated():
            obstore.put(self._store, _name(recording_id), file, chunk_size=PART, max_concurrency=1)

    def put_other(self, name: str, data: bytes) -> None:
        """Write what is no recording, whole or not at all; replace what has the name."""
        import obstore  # noqa: PLC0415

        with self._translated():
            obstore.put(self._store, name, data)

    def upload(self, recording_id: str) -> Upload:
        """Begin an object that appears once its ``Upload`` is ended; memory holds one part."""
        import obstore  # noqa: PLC0415

        with self._translated():
            writer = obstore.open_writer(
                self._store, _name(recording_id), buffer_size=PART, max_concurrency=1
            )
        return Upload(self, writer)

    def size(self, recording_id: str) -> int | None:
        """Return the bytes of an object, ``None`` where there is none."""
        found = self._head(recording_id)
        return None if found is None else int(found["size"])

    def open(self, recording_id: str) -> RemoteFile:
        """Open an object as it is now. Raises ``FileNotFoundError``: there is none."""
        found = self._head(recording_id)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return RemoteFile(self, recording_id, int(found["size"]), str(found["e_tag"]))

    def tag(self, recording_id: str) -> str | None:
        """Return what changes whenever an object does."""
        found = self._head(recording_id)
        return None if found is None else str(found["e_tag"])

    def read(self, recording_id: str, tag: str, length: int, offset: int) -> bytes:
        """Return bytes of an object, which must still have that ``tag``; fewer at its end."""
        import obstore  # noqa: PLC0415

        options: Any = {"range": (offset, offset + length), "if_match": tag}
        with self._translated():
            return bytes(obstore.get(self._store, _name(recording_id), options=options).bytes())

    def delete(self, recording_id: str) -> None:
        """Delete an object; nothing where there is none."""
        import obstore  # noqa: PLC0415

        with self._translated():
            try:
                obstore.delete(self._store, _name(recording_id))
            except FileNotFoundError:
                return

    def ids(self) -> Iterator[str]:
        """Yield the recordings that there are objects of."""
        import obstore  # noqa: PLC0415

        with self._translated():
            for page in obstore.list(self._store):
                for found in page:
                    name = found["path"]
                    if name.endswith(_SUFFIX):
                        yield name.removesuffix(_SUFFIX)

    def _head(self, recording_id: str) -> dict[str, Any] | None:
        import obstore  # noqa: PLC0415

        with self._translated():
            try:
                return dict(obstore.head(self._store, _name(recording_id)))
            except FileNotFoundError:
                return None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Tell the class of an error only: its text quotes answers of the server."""
        from obstore.exceptions import BaseError  # noqa: PLC0415

        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            why = _REASONS.get(type(error).__name__, "cannot be reached, or answers with an error")
            raise VaultError(f"{self.name}: {why}") from None


_REASONS: Final = {
    "PermissionDeniedError": "refuses these credentials; look at AWS_ACCESS_KEY_ID and its rights",
    "UnauthenticatedError": "refuses these credentials; look at AWS_ACCESS_KEY_ID and its rights",
    "PermissionError": "refuses these credentials; look at AWS_ACCESS_KEY_ID and its rights",
    "FileNotFoundError": "there is no such bucket or object",
    "NotFoundError": "there is no such bucket or object",
    "PreconditionError": "the recording has changed; open it again",
}


class Upload:
    """One object on its way. It is there after ``end`` only.

    Raises:
        VaultError: from both methods, where the store refuses; it is then to be begun anew.
    """

    def __init__(self, objects: Objects, writer: WritableFile) -> None:
        self._objects = objects
        self._writer = writer

    def add(self, part: bytes) -> None:
        """Send what comes next; ``PART`` bytes at a time but for the last."""
        with self._objects._translated():  # noqa: SLF001 - one module, one adapter
            self._writer.write(part)

    def end(self) -> None:
        """Let the object appear."""
        with self._objects._translated():  # noqa: SLF001 - same
            self._writer.close()


class RemoteFile(io.RawIOBase):
    """An object as it was when it was opened, to be read from its start or anywhere.

    Raises:
        VaultError: from ``pread`` and reads, where the store is away or the object changed.
    """

    def __init__(self, objects: Objects, recording_id: str, size: int, tag: str) -> None:
        super().__init__()
        self._objects = objects
        self._id = recording_id
        self._size = size
        self.tag = tag
        self._at = 0

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def tell(self) -> int:
        """Return where the next read begins."""
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever takes bytes
        """Fill ``buffer`` from where it stands."""
        found = self.pread(len(buffer), self._at)
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

    def pread(self, length: int, offset: int) -> bytes:
        """Return ``length`` bytes from ``offset``, fewer at the end."""
        length = min(length, self._size - offset)
        return self._objects.read(self._id, self.tag, length, offset) if length > 0 else b""

    def stream(self) -> io.BufferedReader:
        """Return the same as a stream from its start that fetches ahead."""
        again = RemoteFile(self._objects, self._id, self._size, self.tag)
        return io.BufferedReader(again, _READ_AHEAD)


def _name(recording_id: str) -> str:
    return f"{recording_id}{_SUFFIX}"
