"""Archives that hold numbers today: each file is redacted, sealed, checked, and only then replaced.

The order of one file, each step on record in the audit log before it is done:

1. redacted into the vault, under a call id made of its content and place;
2. heard there by an ear that did not redact it (``hushtap.check``); what fails is disposed of;
3. its original sealed into the undo area, and read back;
4. the original deleted.

A process that is killed leaves either the original, or the original under the undo
key beside a recording that was checked. The same command goes on where it stood.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from hushtap.errors import HushtapError, VerificationError
from hushtap.outputs import Job, sha256_of
from hushtap.taps.samples import chunked
from hushtap.vault.originals import item_of
from hushtap.vault.recordings import CallDetails, Query, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from hushtap.batch import Redactor
    from hushtap.check import Checker
    from hushtap.vault.originals import Kept
    from hushtap.vault.recordings import Vault

UNDO_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that is in the vault; ``kept`` is its original, where that was replaced."""

    source: Path
    recording: str
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that stays where it is, as it is, and why."""

    source: Path
    error: HushtapError


class LeakError(VerificationError):
    """A number can still be heard in what was redacted."""


class Importer:
    """Takes files of an archive into ``vault``, whose private key must be at hand.

    ``redactor`` makes what redacts a call of those details and that beginning; ``checker``
    hears what came of it with other ears. With ``replace`` the originals go, to be
    brought back for ``undo_days``.
    """

    def __init__(
        self,
        vault: Vault,
        redactor: Callable[[CallDetails, datetime], Redactor],
        checker: Checker,
        *,
        replace: bool,
        undo_days: int = UNDO_DAYS,
    ) -> None:
        self._vault = vault
        self._redactor = redactor
        self._checker = checker
        self._replace = replace
        self._term = timedelta(days=undo_days)

    def run(self, files: Iterable[Path]) -> Iterator[Imported | Refused]:
        """Yield what became of each file, in order; one that fails does not stop the others."""
        for file in files:
            try:
                yield self.take(file)
            except HushtapError as error:
                yield Refused(file, error)

    def take(self, file: Path) -> Imported:
        """Take one file.

        Raises:
            LeakError: a number was left in it; the recording is disposed of, the file stays.
            HushtapError: as ``hushtap.redact``; the file stays.
        """
        digest = sha256_of(file)
        recording = self._recorded(file, digest)
        self._check(recording, digest)
        if not self._replace:
            return Imported(file, recording)
        area = self._vault.life.undo
        kept = area.keep(file, digest, recording, self._term)
        area.remove_original(file, kept)
        return Imported(file, recording, kept)

    def _recorded(self, file: Path, digest: str) -> str:
        """Return the recording of ``file``: an earlier run's, or a new one."""
        call = CallDetails(call_id=f"import-{item_of(file, digest)}")
        for earlier in self._vault.search(Query(call_id=call.call_id)):
            if earlier.state is State.CLOSED:
                return earlier.id
            if earlier.state is State.INTERRUPTED:
                # A run that was killed left it; the original is still whole.
                self._vault.life.dispose(earlier.id)
        began = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        done = self._redactor(call, began).redact(Job(file, None), vault=self._vault, force=True)
        if done.recording is None:
            raise VerificationError(f"{file}: was not recorded")
        return done.recording

    def _check(self, recording: str, digest: str) -> None:
        opened = self._vault.read(recording)
        if not opened.complete:
            raise VerificationError(f"recording {recording}: is not complete")
        form = opened.audio_format
        left = self._checker.check(chunked([opened.samples], form.sample_rate), form)
        leaks = sum(run.counts for run in left)
        if leaks:
            self._vault.life.dispose(recording)
            raise LeakError(
                f"{leaks} number(s) can still be heard in what was redacted: it was disposed of, "
                "and the original stays; listen to it, or import it with another --model"
            )
        self._vault.life.undo.checked(recording, digest)
