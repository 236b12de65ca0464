"""What calls add up to, above the list of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hushtap.vault.recordings import State

if TYPE_CHECKING:
    from hushtap.vault.recordings import RecordingInfo


@dataclass(frozen=True, slots=True)
class Figures:
    """What the last calls of somebody add up to."""

    calls: int
    seconds: float
    with_findings: int
    findings: dict[str, int]
    unheard: int
    held: int
    interrupted: int


def figures_of(calls: list[RecordingInfo]) -> Figures:
    """Return what ``calls`` add up to."""
    found: Counter[str] = Counter()
    for info in calls:
        found.update(info.findings)
    unheard = found.pop("UNHEARD", 0)
    return Figures(
        calls=len(calls),
        seconds=sum(info.samples / info.audio_format.sample_rate for info in calls),
        with_findings=sum(any(info.findings.values()) for info in calls),
        findings=dict(found.most_common()),
        unheard=unheard,
        held=sum(info.held for info in calls),
        interrupted=sum(info.state is State.INTERRUPTED for info in calls),
    )
