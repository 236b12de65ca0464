"""Which policy judges a call, by its queue; read again when the operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hushtap.pii.policy import load_policy

if TYPE_CHECKING:
    from hushtap.gateway.config import PolicySection
    from hushtap.pii.policy import Policy


class Policies:
    """The policies that ``section`` names. Calls keep the one that they began with.

    Raises:
        PolicyError: one of them is missing or wrong.
    """

    def __init__(self, section: PolicySection) -> None:
        self._section = section
        self._default, self._queues = self._load()

    def of(self, queue: str | None) -> Policy:
        """Return the policy for calls of ``queue``."""
        return self._default if queue is None else self._queues.get(queue, self._default)

    def all(self) -> tuple[Policy, ...]:
        """Return every policy that a call may get."""
        return (self._default, *self._queues.values())

    def reload(self) -> None:
        """Read all of them again, for calls to come; all or none is taken.

        Raises:
            PolicyError: one of them is missing or wrong; those read before stay.
        """
        self._default, self._queues = self._load()

    def _load(self) -> tuple[Policy, dict[str, Policy]]:
        queues = {queue: load_policy(name) for queue, name in self._section.queues.items()}
        return load_policy(self._section.default), queues
