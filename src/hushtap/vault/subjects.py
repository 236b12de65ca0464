"""Whoever was recorded: what there is of one caller, and its erasure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hushtap.errors import HeldError, VaultError
from hushtap.vault import statements
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.catalog import Query, State
from hushtap.vault.statements import MOST_NAMED, About

if TYPE_CHECKING:
    from hushtap.vault.audit.log import Journal, VaultLog
    from hushtap.vault.callers import Callers
    from hushtap.vault.catalog import Catalog, RecordingInfo
    from hushtap.vault.disposal import Disposals
    from hushtap.vault.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Erasure:
    """What came of the wish to be erased, and the signed statement of it.

    ``left`` counts the recordings that were too many for one statement: do it again.
    """

    disposed: tuple[str, ...]
    held: tuple[str, ...]
    open: tuple[str, ...]
    failed: tuple[str, ...]
    left: int
    statement: str


class Subjects:
    """The callers of one vault, each under a keyed hash; ``vault.subjects`` of a ``Vault``.

    Raises:
        VaultError: from every method, where the key of the hashes is not the vault's, or
            the catalog or the audit log refuses.
    """

    def __init__(
        self,
        catalog: Catalog,
        recorder: Recorder,
        callers: Callers,
        *,
        disposals: Disposals,
        journal: Journal,
        log: VaultLog,
    ) -> None:
        self._catalog = catalog
        self._recorder = recorder
        self._callers = callers
        self._disposals = disposals
        self._journal = journal
        self._log = log

    def find(self, caller: str) -> list[RecordingInfo]:
        """Return the recordings of ``caller``, oldest first, once it is on record that one looks.

        What was disposed of is not among them: its row has no caller any more.
        """
        with self._journal.act(Activity.REPORT, Thing(Kind.VAULT, self._log.origin)):
            return self._found(caller)[1]

    def erase(self, caller: str) -> Erasure:
        """Dispose of every recording of ``caller`` but those on hold or being written.

        Raises:
            VaultError: there is no signing key here, and nothing was done.
        """
        # What cannot be signed for is not begun.
        self._log.sign("hushtap/trial/1\n")
        reference, found = self._found(caller)
        done: dict[str, list[str]] = {"disposed": [], "held": [], "open": [], "failed": []}
        for info in found[:MOST_NAMED]:
            done[self._erase(info)].append(info.id)
        left = len(found[MOST_NAMED:])
        body = done | {
            "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "by": self._journal.actor.user,
            "caller": reference,
            "left": left,
        }
        statement = statements.sign(self._log, About.ERASURE, body)
        ids = {name: tuple(recordings) for name, recordings in done.items()}
        return Erasure(**ids, left=left, statement=statement)

    def _erase(self, info: RecordingInfo) -> str:
        if info.state is State.OPEN:
            return "open"
        try:
            self._disposals.dispose(info.id, Change.ERASURE)
        except HeldError:
            return "held"
        except VaultError:
            # What is wrong with one must not hide what became of the others.
            return "failed"
        return "disposed"

    def _found(self, caller: str) -> tuple[str | None, list[RecordingInfo]]:
        reference = self._callers.known(caller)
        if reference is None:
            return None, []
        self._recorder.settle_all()
        found = self._catalog.search(Query(caller=caller), reference)
        return reference, [info for info in found if info.state is not State.DISPOSED]
