"""The life of a recording after it was made: holds, consent, terms, disposal, and their proof.

::

    vault.life.hold(recording, "case-2026-114")
    vault.life.consent(recording, Consent.WITHDRAWN)
    for disposed in vault.life.dispose_due(): ...
    assert vault.life.report().ok
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from hushtap.errors import HeldError, UsageError, VaultError
from hushtap.vault import statements
from hushtap.vault.approvals import Approvals
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.breaches import Breaches
from hushtap.vault.catalog import State
from hushtap.vault.details import Consent
from hushtap.vault.disposal import Disposals, Disposed, DisposedMeanwhileError
from hushtap.vault.holds import Holds, checked
from hushtap.vault.report import Due, Report, due, report
from hushtap.vault.retention import RetentionSetting
from hushtap.vault.schema import recordings
from hushtap.vault.statements import About
from hushtap.vault.undo import UndoArea

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.vault.audit.log import Journal, VaultLog
    from hushtap.vault.catalog import Catalog
    from hushtap.vault.recorder import Recorder
    from hushtap.vault.remuting import Remuting
    from hushtap.vault.sealedfiles import SealedFiles

_REFUSALS: Final = (Consent.REFUSED, Consent.WITHDRAWN)

_MAY_FOLLOW: Final = {
    Consent.UNKNOWN: (Consent.ASKED, Consent.GIVEN, *_REFUSALS),
    Consent.ASKED: (Consent.GIVEN, *_REFUSALS),
    Consent.GIVEN: _REFUSALS,
    Consent.REFUSED: (Consent.WITHDRAWN,),
    Consent.WITHDRAWN: (),
}


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of a consent: ``disposed``, or ``held`` by a legal hold, or ``stopping``.

    ``stopping``: it was being written, and nothing more of it will be; its writer, or the
    next disposal of what is due, disposes of it.
    """

    recording_id: str
    disposed: Disposed | None = None
    held: bool = False
    stopping: bool = False


class Life:
    """See the module; ``vault.life`` of a ``Vault``.

    Ids may be cut short to their unique beginning.

    Raises:
        VaultError: from every method, where the recording is unknown, or the catalog,
            the audit log or the disk refuses.
    """

    def __init__(
        self,
        vault: Path,
        catalog: Catalog,
        recorder: Recorder,
        files: SealedFiles,
        remuting: Remuting,
        *,
        journal: Journal,
        log: VaultLog,
    ) -> None:
        self._files = files
        self._catalog = catalog
        self._recorder = recorder
        self._journal = journal
        self._log = log
        self.disposals = Disposals(
            *(vault, catalog, recorder, files, remuting), journal=journal, log=log
        )
        self.holds = Holds(catalog, journal)
        self.breaches = Breaches(vault, catalog, journal, log)
        self.undo = UndoArea(vault, journal)
        self.approvals = Approvals(catalog.database, journal, log.path)
        self.retention = RetentionSetting(catalog.database, journal)

    def hold(self, recording_id: str, case: str) -> str:
        """Keep a recording, whatever its term, until ``release``; see ``Holds.place``."""
        return self.holds.place(recording_id, case)

    def release(self, recording_id: str, case: str | None = None) -> str:
        """Release a hold; see ``Holds.release``."""
        return self.holds.release(recording_id, case)

    def consent(self, recording_id: str, consent: Consent) -> Noted:
        """Note what the caller said; a refusal or withdrawal disposes of the recording.

        From any process: the writer of a recording that is refused looks before each
        half second that it writes.

        Raises:
            UsageError: ``consent`` cannot follow what was said before.
            VaultError: it was disposed of; or another machine records it, which is to be
                told as well: it is noted, so that it is due once it has ended.
        """
        info = self._catalog.find(recording_id)[0]
        if info.state is State.DISPOSED:
            raise VaultError(f"recording {info.id} was disposed of")
        if consent is not info.consent and consent not in _MAY_FOLLOW[info.consent]:
            raise UsageError(
                f"recording {info.id}: consent is {info.consent}, {consent} cannot follow that"
            )
        refused = consent in _REFUSALS
        this = (recordings.c.id == info.id, recordings.c.consent == info.consent)
        change = None if consent is Consent.UNKNOWN else Change(consent)
        with self._journal.act(Activity.CONSENT, Thing(Kind.RECORDING, info.id), change=change):
            # First of all: a kill after this leaves a recording that has ended.
            stop = refused and info.state is State.OPEN
            elsewhere = stop and self._recorder.elsewhere(info.id)
            if stop and not elsewhere:
                self._recorder.refuse(info.id)
            with self._catalog.database.writing() as connection:
                said = update(recordings).where(*this).values(consent=consent)
                if not connection.execute(said).rowcount:
                    raise VaultError(f"recording {info.id}: its consent changed meanwhile")
            if elsewhere:
                raise VaultError(
                    f"recording {info.id}: noted, but another machine goes on recording it; "
                    "say it there too"
                )
        return self._refused(info.id) if refused else Noted(info.id)

    def stopped(self, recording_id: str) -> None:
        """Dispose of a recording that a refusal has ended; whatever fails is due later.

        Calls that go on do not wait for an object store meanwhile.
        """
        self._files.aside(partial(self._stopped, recording_id))

    def _stopped(self, recording_id: str) -> None:
        with suppress(VaultError):
            self._refused(recording_id)

    def _refused(self, recording_id: str) -> Noted:
        info = self._catalog.find(recording_id)[0]
        self._recorder.settle(info)
        info = self._catalog.find(recording_id)[0]
        if info.state is State.OPEN:
            return Noted(info.id, stopping=True, held=info.held)
        withdrawn = info.consent is Consent.WITHDRAWN
        try:
            cause = Change.WITHDRAWN if withdrawn else Change.REFUSED
            return Noted(info.id, self.disposals.dispose(info.id, cause))
        except DisposedMeanwhileError:
            # Its writer was quicker.
            return Noted(info.id, stopping=True)
        except HeldError:
            return Noted(info.id, held=True)

    def dispose(self, recording_id: str, case: str | None = None) -> Disposed:
        """Dispose of a recording because somebody says so; ``case`` is a reference for why.

        Raises:
            UsageError: ``case`` is no reference.
            HeldError: a legal hold keeps it.
        """
        why = () if case is None else (Thing(Kind.CASE, checked(case)),)
        return self.disposals.dispose(recording_id, Change.ORDER, *why)

    def finish(self) -> Iterator[tuple[str, Disposed | VaultError]]:
        """Finish the disposals that were killed or failed half way; one cannot stop the others."""
        for recording_id in self.disposals.unfinished():
            try:
                yield recording_id, self.dispose(recording_id)
            except VaultError as error:
                yield recording_id, error

    def due(self, now: datetime | None = None) -> Iterator[Due]:
        """Yield what is to be disposed of, those on hold among it; ``now`` for a look ahead."""
        self._recorder.settle_all()
        return due(self._catalog, self.retention.get(), self._log.path, now or datetime.now(UTC))

    def dispose_due(self) -> Iterator[tuple[Due, Disposed | VaultError]]:
        """Dispose of all that is due, and yield what came of each.

        Those that a hold keeps are passed over. One that fails does not stop the others.
        """
        retention = self.retention.get()
        for one in self.due():
            if one.info.held:
                continue
            by_rule = one.cause is Change.TERM and retention is not None
            why = (Thing(Kind.POLICY, retention.fingerprint),) if by_rule and retention else ()
            try:
                yield one, self.disposals.dispose(one.info.id, one.cause, *why)
            except VaultError as error:
                yield one, error

    def report(self) -> Report:
        """Look for what outlived its term; on record, as a deep look at the vault."""
        self._recorder.settle_all()
        with self._journal.act(Activity.REPORT, Thing(Kind.VAULT, self._log.origin)):
            return report(
                *(self._catalog, self.retention.get(), self._log.path, self._files),
                datetime.now(UTC),
            )

    def signed(self, found: Report) -> str:
        """Return a report as a signed statement. Raises ``VaultError``: no signing key here."""
        return statements.sign(self._log, About.RETENTION, found.as_json())
