"""Which policy judges a call, by its queue; read again when the operator says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hushtap.pii.policy import load_policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hushtap.gateway.config import PolicySection
    from hushtap.pii.policy import Policy


@dataclass(frozen=True, slots=True)
class Loaded:
    """Policies as their files stood at one moment."""

    default: Policy
    queues: Mapping[str, Policy]

    def all(self) -> tuple[Policy, ...]:
        """Return every policy that a call may get."""
        return (self.default, *self.queues.values())


class Policies:
    """The policies that ``section`` names. Calls keep the one that they began with.

    Raises:
        PolicyError: one of them is missing or wrong.
    """

    def __init__(self, section: PolicySection) -> None:
        self._section = section
        self.used = self.load()
        """Those that calls to come get."""

    def of(self, queue: str | None) -> Policy:
        """Return the policy for calls of ``queue``."""
        used = self.used
        return used.default if queue is None else used.queues.get(queue, used.default)

    def load(self) -> Loaded:
        """Return all of them as their files stand now, to be ``used`` or not.

        Raises:
            PolicyError: one of them is missing or wrong.
        """
        queues = {queue: load_policy(name) for queue, name in self._section.queues.items()}
        return Loaded(load_policy(self._section.default), queues)
