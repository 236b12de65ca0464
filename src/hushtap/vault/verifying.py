"""The deep check of a vault: every byte, disposals, and files that nobody knows of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing
from hushtap.vault.audit.reading import reading
from hushtap.vault.catalog import RecordingInfo, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hushtap.vault.audit.log import Journal, VaultLog
    from hushtap.vault.catalog import Catalog
    from hushtap.vault.opening import Opener
    from hushtap.vault.sealedfiles import SealedFiles


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a deep check of one recording found. ``problem`` is one line, ``None`` where sound."""

    recording_id: str
    state: State
    samples: int
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether every byte is what was sealed, or was disposed of in order."""
        return self.problem is None


def disposal(
    info: RecordingInfo, *, has_keys: bool, disposals: Mapping[str, bool]
) -> VerifyResult | None:
    """Compare a recording's keys with what the audit log tells; ``None`` where it is to be read.

    ``disposals`` has the recordings whose keys were to be destroyed, and whether
    they were. The catalog alone is not believed: whoever deletes keys can write that too.
    """
    if not has_keys and info.id in disposals:
        return VerifyResult(info.id, State.DISPOSED, 0, None)
    if not has_keys:
        problem = "its keys are gone, but the audit log tells of no disposal"
    elif disposals.get(info.id):
        problem = "was disposed of, but its keys are back; dispose of it again"
    else:
        return None
    return VerifyResult(info.id, info.state, 0, problem)


def verify(
    catalog: Catalog,
    opener: Opener,
    files: SealedFiles,
    journal: Journal,
    log: VaultLog,
    *,
    infos: Sequence[RecordingInfo],
    whole: bool,
) -> list[VerifyResult]:
    """Decrypt and check ``infos``, which are the ``whole`` vault or one recording.

    Raises:
        VaultError: the private key is missing, or it cannot be put on record.
    """
    opener.has_key()
    thing = Thing(Kind.VAULT, log.origin) if whole else Thing(Kind.RECORDING, infos[0].id)
    with journal.act(Activity.VERIFY, thing) as begun:
        with reading(log.path) as reader:
            disposals = reader.disposals()
        results = [_verified(catalog, opener, info.id, disposals) for info in infos]
        if whole:
            results += strays(files, {info.id for info in infos})
        for result in results:
            if not result.ok:
                broken = Thing(Kind.RECORDING, result.recording_id)
                journal.note(Activity.VERIFY, Outcome.FAILURE, broken, of=begun)
    return results


def _verified(
    catalog: Catalog, opener: Opener, recording_id: str, disposals: Mapping[str, bool]
) -> VerifyResult:
    info, wrapped = catalog.find(recording_id)
    found = disposal(info, has_keys=bool(wrapped), disposals=disposals)
    if found is not None:
        return found
    try:
        opened = opener.read(info, wrapped).info
    except VaultError as error:
        return VerifyResult(info.id, info.state, 0, str(error))
    return VerifyResult(info.id, opened.state, opened.samples, None)


def strays(files: SealedFiles, known: set[str]) -> Iterator[VerifyResult]:
    """Tell of files that have no key: their row is gone, or their writer died at once."""
    for recording_id, place in files.strays(known):
        problem = f"{place}: not in the catalog; restore that from a backup or delete the file"
        yield VerifyResult(recording_id, State.INTERRUPTED, 0, problem)
