"""What is told of a call to whoever asked to be told: ids, states and counts, no text."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hushtap.observe import Reason
    from hushtap.values import Entity


class Told(StrEnum):
    """What happened."""

    SEALED = "recording.sealed"
    """A recording is complete: nothing more will be written to it."""
    INTERRUPTED = "recording.interrupted"
    """A recording ended before its call did; what was written opens."""
    FAILED_CLOSED = "call.failed_closed"
    """From here on the call is silence; its recording will end in its time."""

    @property
    def is_end(self) -> bool:
        """Whether nothing more will be told of the call."""
        return self is not Told.FAILED_CLOSED


@dataclass(frozen=True, slots=True)
class Notice:
    """Something happened to a call. ``recording`` is its id, ``tap`` the name of its tap.

    ``entities`` counts its mutes, ``missed`` what was recognised after its audio had been
    released; both are complete once the recording ended.
    """

    told: Told
    recording: str
    tap: str
    seconds: float
    reason: Reason | None = None
    entities: Mapping[Entity, int] = field(default_factory=dict)
    missed: Mapping[Entity, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its id as a message, the same whenever it is told: receivers know it again by that."""
        return f"msg_{self.recording}_{self._state}"

    @property
    def _state(self) -> str:
        return self.told.value.partition(".")[2]

    def data(self) -> dict[str, Any]:
        """Return it as JSON says it."""
        return {
            "id": self.recording,
            "state": self._state,
            "tap": self.tap,
            "seconds": round(self.seconds, 1),
            "reason": self.reason.value if self.reason else None,
            "entities": {entity.value: count for entity, count in self.entities.items()},
            "missed": {entity.value: count for entity, count in self.missed.items()},
        }
