"""The check of a vault, deep or quick: files, disposals, and files that nobody knows of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing
from hushtap.vault.audit.reading import reading
from hushtap.vault.catalog import RecordingInfo, State
from hushtap.vault.container import damaged
from hushtap.vault.reader import claimed_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hushtap.vault.audit.log import Journal, VaultLog
    from hushtap.vault.catalog import Catalog
    from hushtap.vault.opening import Opener
    from hushtap.vault.sealedfiles import SealedFiles

    Check = Callable[[RecordingInfo, Mapping[str, bytes]], RecordingInfo]


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What a check of one recording found. ``problem`` is one line, ``None`` where sound."""

    recording_id: str
    state: State
    samples: int
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether it is what was sealed, as far as was looked, or was disposed of in order."""
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
    only: RecordingInfo | None,
    quick: bool,
) -> Iterator[VerifyResult]:
    """Check every recording, or ``only`` one, and yield what was found, a page in memory.

    Each is decrypted, and every byte of it checked. A ``quick`` check opens none and needs
    no private key: see ``glance``.

    Raises:
        VaultError: the private key is missing, or it cannot be put on record.
    """
    if not quick:
        opener.has_key()
    thing = Thing(Kind.VAULT, log.origin) if only is None else Thing(Kind.RECORDING, only.id)
    check = partial(glance, files) if quick else opener.check
    with journal.act(Activity.VERIFY, thing) as begun:
        for result in _results(catalog, files, log, check, only):
            if not result.ok:
                broken = Thing(Kind.RECORDING, result.recording_id)
                journal.note(Activity.VERIFY, Outcome.FAILURE, broken, of=begun)
            yield result


def glance(files: SealedFiles, info: RecordingInfo, _wrapped: Mapping[str, bytes]) -> RecordingInfo:
    """Return how a file claims to end, by the clear heads of its segments alone.

    That it is there, is the recording's, ends where the catalog says and lacks no segment
    is found out; a changed byte is not. Of an object in a store, only that it is there and
    begins as the recording's.

    Raises:
        VaultError: one of that is not so.
    """
    path = files.file(info.id)
    with files.open(info.id).stream() as stream:
        state, samples = claimed_end(stream, path, info)
    if info.state is State.CLOSED and state is not State.CLOSED:
        raise damaged(path, "it was closed and now has no end: it was cut")
    if info.state is not State.OPEN and samples < info.samples:
        raise damaged(path, f"it had {info.samples} samples and now has {samples}")
    return replace(info, samples=samples)


def _results(
    catalog: Catalog,
    files: SealedFiles,
    log: VaultLog,
    check: Check,
    only: RecordingInfo | None,
) -> Iterator[VerifyResult]:
    with reading(log.path) as reader:
        disposals = reader.disposals()
    rows = catalog.with_their_keys() if only is None else iter([catalog.find(only.id)])
    for info, wrapped in rows:
        result = _checked(check, info, wrapped, disposals)
        if not result.ok:
            # What became of it since its page was read is not damage.
            with reading(log.path) as reader:
                result = _checked(check, *catalog.find(info.id), reader.disposals())
        yield result
    if only is None:
        yield from strays(files, catalog)


def _checked(
    check: Check,
    info: RecordingInfo,
    wrapped: Mapping[str, bytes],
    disposals: Mapping[str, bool],
) -> VerifyResult:
    found = disposal(info, has_keys=bool(wrapped), disposals=disposals)
    if found is not None:
        return found
    try:
        sealed = check(info, wrapped)
    except VaultError as error:
        return VerifyResult(info.id, info.state, 0, str(error))
    return VerifyResult(info.id, sealed.state, sealed.samples, None)


def strays(files: SealedFiles, catalog: Catalog) -> Iterator[VerifyResult]:
    """Tell of files that have no key: their row is gone, or their writer died at once."""
    for recording_id, place in files.strays(catalog.known):
        problem = f"{place}: not in the catalog; restore that from a backup or delete the file"
        yield VerifyResult(recording_id, State.INTERRUPTED, 0, problem)
