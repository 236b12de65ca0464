"""Orders from outside for a call that is up: what a payment page or an agent's desktop knows.

Each is in the audit log before it is carried out, and ends by itself.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from hushtap.observe import Log, LogEvent, Name, RecordingId
from hushtap.timeline import to_seconds
from hushtap.vault.audit.events import Change

if TYPE_CHECKING:
    from hushtap.gateway.calls import GatewayCall
    from hushtap.vault.audit.events import Actor
    from hushtap.vault.recordings import Vault

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 3_600.0
"""Seconds that an order may last."""

_log = Log(__name__)


class Order(StrEnum):
    """What can be asked for."""

    ARM = "arm"
    """Every number that is said counts as one that was asked for."""
    DISARM = "disarm"
    MUTE = "mute"
    """Silence, whatever is said. What was muted stays so."""
    UNMUTE = "unmute"

    @property
    def usual(self) -> float:
        """Seconds after which it ends where nothing else is said."""
        return 120.0 if self is Order.ARM else 300.0


class Control:
    """Carries orders out. For the gateway's event loop."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def give(
        self, call: GatewayCall, order: Order, seconds: float, actor: Actor
    ) -> dict[str, Any]:
        """Carry out ``order`` on ``call`` for ``seconds`` of it; return how it stands then.

        Raises:
            VaultError: it cannot be put on record, and is not carried out.
        """
        vault = self._vault.acting_as(actor)
        change = Change(order.value)
        await asyncio.to_thread(vault.ordered, call.id, change)
        session = call.session
        if order is Order.ARM:
            session.arm(seconds)
        elif order is Order.DISARM:
            session.disarm()
        elif order is Order.MUTE:
            session.mute(seconds)
        else:
            session.unmute()
        _log.info(LogEvent.ORDERED, {Name.RECORDING: RecordingId(call.id), Name.REASON: order})
        return self.look(call)

    def look(self, call: GatewayCall) -> dict[str, Any]:
        """Return how a call stands: no text, nothing that was said."""
        rate = call.format.sample_rate
        return {
            "id": call.id,
            "tap": call.tap,
            "seconds": round(to_seconds(call.session.position, rate), 1),
            "channels": call.format.channels,
            "rate": rate,
            "armed": call.session.armed,
            "muted": call.session.muted,
            "behind": round(call.behind, 1),
            "failed": call.reason.value if call.reason else None,
            "mutes": {entity.value: count for entity, count in call.entities.items()},
        }
