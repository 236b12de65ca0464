"""Whose end is still to be told of, kept over a kill: an empty file for each call, by its id.

What there is to tell comes from the catalog, so that nothing which lies there is signed and
sent but what the vault says itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hushtap.errors import NotFoundError
from hushtap.gateway.notices import Notice, Told
from hushtap.observe import Log, LogEvent, Name, RecordingId
from hushtap.timeline import to_seconds
from hushtap.values import Entity
from hushtap.vault.recordings import State

if TYPE_CHECKING:
    from hushtap.vault.recordings import RecordingInfo, Vault

FOLDER: Final = "webhooks"
"""Of a vault."""

_TOLD: Final = {State.CLOSED: Told.SEALED, State.INTERRUPTED: Told.INTERRUPTED}
_log = Log(__name__)


class Outbox:
    """The calls of ``vault`` whose end is not told of yet. Thread-safe.

    Where the folder cannot be written, nothing of it outlives a kill; calls go on.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._folder = vault.path / FOLDER

    def owe(self, recording_id: str) -> None:
        """Take note that a recording began."""
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            (self._folder / recording_id).touch(mode=0o600)
        except OSError as error:
            _log.warning(LogEvent.UNDELIVERED, {Name.ERROR: type(error)})

    def settle(self, recording_id: str) -> None:
        """Take note that its end was told of, or that nobody wants to know."""
        with suppress(OSError):
            (self._folder / recording_id).unlink(missing_ok=True)

    def owed(self, most: int) -> list[Notice]:
        """Return what is to be told of recordings that have ended, oldest first.

        At most so many: the others wait for the next start. Raises ``VaultError``.
        """
        found: list[Notice] = []
        with suppress(FileNotFoundError):
            for path in sorted(self._folder.iterdir()):
                if len(found) == most:
                    break
                try:
                    RecordingId(path.name)
                except ValueError:
                    # Not written by ``owe``: no file of others is looked at, or deleted.
                    continue
                try:
                    info = self._vault.info(path.name)
                except NotFoundError:
                    self.settle(path.name)
                    continue
                if info.state in _TOLD:
                    found.append(_notice(info))
                elif info.state is not State.OPEN:
                    # Disposed of: nobody is to look for it.
                    self.settle(path.name)
        return found


def _notice(info: RecordingInfo) -> Notice:
    return Notice(
        *(_TOLD[info.state], info.id, info.source),
        seconds=to_seconds(info.samples, info.audio_format.sample_rate),
        entities={Entity(name): count for name, count in info.findings.items()},
    )
