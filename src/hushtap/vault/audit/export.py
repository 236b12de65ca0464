"""Copies of the log elsewhere: what was not sent yet goes out, in order, at least once.

The log itself is the queue. How far a target is stands in it and moves only once
the target has the entries; a target that is down costs nothing but a count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

from hushtap.errors import UsageError, VaultError
from hushtap.vault.audit.reading import reading
from hushtap.vault.audit.syslog import PORT, SyslogPeer, message
from hushtap.vault.files import PRIVATE_FOLDER, reason, whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hushtap.vault.audit.log import VaultLog
    from hushtap.vault.objects import Objects

AT_ONCE: Final = 1000
"""Entries in one batch, about half a megabyte."""

_SYSLOG: Final = re.compile(
    r"syslog\+tls://(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+))(?::(\d{1,5}))?/?"
)


class Target(Protocol):
    """Where entries go."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    def send(self, origin: str, entries: Sequence[tuple[int, bytes]], note: str | None) -> None:
        """Take entries with their numbers, and a checkpoint; return once they are safe there.

        Raises:
            VaultError: they may not be.
        """
        ...


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that gets a file for each batch, one line of JSON an entry, and checkpoints."""

    path: Path

    @property
    def name(self) -> str:
        """What it is called in the log's list of targets."""
        return self.path.absolute().as_uri()

    def send(self, origin: str, entries: Sequence[tuple[int, bytes]], note: str | None) -> None:
        """Write what ``files_of`` names, each whole or not at all."""
        try:
            self.path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        except OSError as error:
            raise VaultError(f"{self.path}: cannot be made ({reason(error)})") from None
        for name, data in files_of(origin, entries, note):
            with whole_file(self.path / name, replace=True) as file:
                file.write(data)


class Bucket:
    """A prefix of an object store that gets the same files as a ``Folder``.

    The store may keep them from being changed (Object Lock): nothing is written twice but a
    batch that was not noted as sent.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @property
    def name(self) -> str:
        """What it is called in the log's list of targets."""
        return self._objects.url

    def send(self, origin: str, entries: Sequence[tuple[int, bytes]], note: str | None) -> None:
        """Write what ``files_of`` names, each whole or not at all."""
        for name, data in files_of(origin, entries, note):
            self._objects.put_other(name, data)


def files_of(
    origin: str, entries: Sequence[tuple[int, bytes]], note: str | None
) -> Iterator[tuple[str, bytes]]:
    """Yield ``entries-FIRST-LAST.jsonl`` and ``checkpoint-LAST.txt``, and what is in them."""
    first, last = entries[0][0], entries[-1][0]
    # A batch that was written and not noted is written once more.
    lines = [message(origin, number, entry) + b"\n" for number, entry in entries]
    yield f"entries-{first:012}-{last:012}.jsonl", b"".join(lines)
    if note is not None:
        size = int(note.split("\n", 2)[1])
        yield f"checkpoint-{size:012}.txt", note.encode()


def target_of(
    text: str, *, ca: Path | None = None, cert: Path | None = None, key: Path | None = None
) -> SyslogPeer | Folder | Bucket:
    """Return what ``text`` names: ``syslog+tls://HOST[:PORT]``, ``s3://BUCKET/PREFIX`` or a folder.

    Raises:
        UsageError: it is none of them, or has a secret in it.
        VaultError: what reaches an object store is not installed.
    """
    from pathlib import Path  # noqa: PLC0415 - the only use that is not a type

    if match := _SYSLOG.fullmatch(text):
        return SyslogPeer(match[1] or match[2], int(match[3] or PORT), ca, cert, key)
    if text.startswith("s3://"):
        from hushtap.vault.objects import Objects, checked  # noqa: PLC0415 - needs the extra s3

        checked(text)
        return Bucket(Objects(text))
    if "://" in text:
        raise UsageError(
            f"{text}: not a target; name syslog+tls://HOST:PORT, s3://BUCKET/PREFIX or a folder"
        )
    return Folder(Path(text))


def export(log: VaultLog, target: Target, *, at_once: int = AT_ONCE) -> int:
    """Send ``target`` all that it has not got, with a fresh checkpoint where one can be signed.

    Returns:
        how many entries went out.

    Raises:
        VaultError: the target did not take them, which is counted in the log, or the
            log cannot be used. What was sent before is noted.
    """
    if log.can_sign:
        log.checkpoint()
    with reading(log.path) as state:
        sent = {one.target: one.sent for one in state.exports()}.get(target.name, 0)
        if sent > state.size:
            raise VaultError(f"{log.path}: {target.name} has more entries than the log; verify it")
        newest = state.last_checkpoint()
        count = 0
        for first in range(sent + 1, state.size + 1, at_once):
            last = min(first + at_once - 1, state.size)
            entries = [(row.number, row.entry) for row in state.rows(first, last)]
            note = newest[1] if newest is not None and last == state.size else None
            try:
                target.send(state.origin, entries, note)
            except VaultError as error:
                now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
                log.store.export_failed(target.name, now, str(error))
                raise
            log.store.exported(target.name, last)
            count += len(entries)
    return count
