"""Server transactions (RFC 3261 section 17.2, RFC 6026): each request is acted upon once.

A repeated request gets the same answer to the letter. A final answer to an INVITE is
repeated until it is acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.taps.siprec.fields import address, cseq, top_via
from hushtap.taps.siprec.flows import GIVE_UP_S, T1_S, T2_S, T4_S, Agenda, Flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.taps.siprec.message import Request

MOST: Final = 20_000
"""Transactions that are remembered, 32 s each over UDP: 600 requests a second."""

_COOKIE: Final = "z9hg4bk"

Key: TypeAlias = tuple[str, ...]
Send: TypeAlias = "Callable[[Flow, bytes], None]"


class State(Enum):
    """Where a transaction is."""

    PROCEEDING = auto()
    COMPLETED = auto()
    ACCEPTED = auto()
    """An INVITE was answered with success; its ACK belongs to the dialog."""
    CONFIRMED = auto()


@dataclass(slots=True, eq=False)
class Transaction:
    """A request and what it was answered with."""

    key: Key
    request: Request
    flow: Flow
    state: State = State.PROCEEDING
    answer: bytes | None = None
    ends: float = 0.0
    interval: float = T1_S
    is_acknowledged: bool = False

    @property
    def is_invite(self) -> bool:
        """Whether it is about an INVITE."""
        return self.request.method == "INVITE"


class Transactions:
    """All that were begun and may still be asked about. ``send`` sends bytes on a flow."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._all: dict[Key, Transaction] = {}
        self._agenda: Agenda[Transaction] = Agenda()

    def __len__(self) -> int:
        return len(self._all)

    def find(self, request: Request, method: str | None = None) -> Transaction | None:
        """Return the transaction that a request repeats; of ``method``, for ACK and CANCEL."""
        return self._all.get(_key(request, method or request.method))

    def begin(self, request: Request, flow: Flow) -> Transaction | None:
        """Return a new transaction, or None where there are too many."""
        if len(self._all) >= MOST:
            return None
        made = Transaction(_key(request, request.method), request, flow)
        self._all[made.key] = made
        return made

    def respond(self, one: Transaction, status: int, answer: bytes, now: float) -> None:
        """Send an answer, provisional or final. A final one stands: later ones are not sent."""
        if one.state is not State.PROCEEDING:
            return
        one.answer = answer
        self._send(one.flow, answer)
        if status < 200:  # noqa: PLR2004
            return
        one.ends = now + GIVE_UP_S
        one.state = State.ACCEPTED if one.is_invite and status < 300 else State.COMPLETED  # noqa: PLR2004
        if one.is_invite:
            self._resend(one, now)
        elif one.flow.is_reliable:
            del self._all[one.key]
        else:
            self._agenda.put(one, one.ends)

    def repeat(self, one: Transaction) -> None:
        """Answer a repeated request as before."""
        if one.answer is not None and one.state is not State.CONFIRMED:
            self._send(one.flow, one.answer)

    def acknowledge(self, one: Transaction, now: float) -> None:
        """Take an ACK: nothing is repeated unasked any more."""
        one.is_acknowledged = True
        if one.state is State.COMPLETED:
            one.state = State.CONFIRMED
            one.ends = now if one.flow.is_reliable else now + T4_S
        self._agenda.put(one, one.ends)

    def due(self) -> float | None:
        """Return when ``tick`` has something to do."""
        return self._agenda.due()

    def tick(self, now: float) -> list[Transaction]:
        """Repeat what is due; return those whose success was never acknowledged."""
        lost = []
        for one in list(self._agenda.take(now)):
            if one.ends <= now:
                self._all.pop(one.key, None)
                if one.state is State.ACCEPTED and not one.is_acknowledged:
                    lost.append(one)
            elif not one.is_acknowledged and one.answer is not None:
                self._send(one.flow, one.answer)
                one.interval = min(2 * one.interval, T2_S)
                self._resend(one, now)
        return lost

    def _resend(self, one: Transaction, now: float) -> None:
        # Success is repeated over any transport (RFC 3261 section 13.3.1.4).
        repeats = one.state is State.ACCEPTED or not one.flow.is_reliable
        self._agenda.put(one, min(now + one.interval, one.ends) if repeats else one.ends)


def _key(request: Request, method: str) -> Key:
    via = top_via(request)
    method = "INVITE" if method == "ACK" else method
    if via.branch.lower().startswith(_COOKIE) and len(via.branch) > len(_COOKIE):
        return via.branch, via.host, str(via.port), method
    # RFC 2543 had no branches to go by (RFC 3261 section 17.2.3).
    tag = address(request.headers.get("from") or "").tag
    call_id = request.headers.get("call-id") or ""
    first = request.headers.get("via") or ""
    return request.uri, call_id, tag, str(cseq(request)[0]), first, method
