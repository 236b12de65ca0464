"""Requests of ours within a dialog (RFC 3261 section 17.1.2): BYE, and UPDATE as a refresh."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hushtap.taps.siprec.fields import top_via
from hushtap.taps.siprec.flows import GIVE_UP_S, T1_S, T2_S, Agenda, Flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.taps.siprec.message import Response
    from hushtap.taps.siprec.transactions import Send


@dataclass(slots=True, eq=False)
class _Sent:
    branch: str
    data: bytes
    flow: Flow
    done: Callable[[int | None], None]
    ends: float
    interval: float = T1_S


class Requests:
    """What was asked and not yet answered."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._all: dict[str, _Sent] = {}
        self._agenda: Agenda[_Sent] = Agenda()

    def send(
        self,
        make: Callable[[str], bytes],
        flow: Flow,
        now: float,
        done: Callable[[int | None], None],
    ) -> None:
        """Send what ``make`` returns for a Via; ``done`` gets the final status, None for none."""
        branch = f"z9hG4bK{secrets.token_hex(12)}"
        host, port = flow.local
        shown = f"[{host}]" if ":" in host else host
        via = f"SIP/2.0/{flow.transport} {shown}:{port};branch={branch};rport"
        one = _Sent(branch, make(via), flow, done, now + GIVE_UP_S)
        self._all[branch] = one
        self._send(flow, one.data)
        self._plan(one, now)

    def receive(self, response: Response, now: float) -> None:
        """Take a response; strays are nothing."""
        one = self._all.get(top_via(response).branch)
        if one is None:
            return
        if response.status < 200:  # noqa: PLR2004
            one.interval = T2_S
            self._plan(one, now)
            return
        del self._all[one.branch]
        self._agenda.put(one, None)
        one.done(response.status)

    def due(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return self._agenda.due()

    def tick(self, now: float) -> None:
        """Repeat what is due, and give up what was never answered."""
        for one in list(self._agenda.take(now)):
            if one.ends <= now:
                del self._all[one.branch]
                one.done(None)
            else:
                self._send(one.flow, one.data)
                one.interval = min(2 * one.interval, T2_S)
                self._plan(one, now)

    def _plan(self, one: _Sent, now: float) -> None:
        self._agenda.put(
            one, one.ends if one.flow.is_reliable else min(now + one.interval, one.ends)
        )
