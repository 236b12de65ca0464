"""What a deep check of a vault finds beside what is in the files: disposals, and stray files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hushtap.vault.catalog import RecordingInfo, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def strays(files: SealedFiles, known: set[str]) -> Iterator[VerifyResult]:
    """Tell of files that have no key: their row is gone, or their writer died at once."""
    for recording_id, place in files.strays(known):
        problem = f"{place}: not in the catalog; restore that from a backup or delete the file"
        yield VerifyResult(recording_id, State.INTERRUPTED, 0, problem)
