"""Where a SIP message came from and how an answer goes back; and when something is due."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from hushtap.taps.siprec.fields import split, top_via
from hushtap.taps.siprec.message import Headers, Request

if TYPE_CHECKING:
    from collections.abc import Iterator

T1_S: Final = 0.5
"""Round trip that is reckoned with (RFC 3261 section 17.1.1.1)."""
T2_S: Final = 4.0
T4_S: Final = 5.0
GIVE_UP_S: Final = 64 * T1_S

UDP_PORT: Final = 5_060

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flow:
    """One way to and from a peer: a UDP address, or a connection by its number.

    ``local`` is the address that we are told to be reached at.
    """

    transport: str
    remote: tuple[str, int]
    local: tuple[str, int]
    number: int = 0

    @property
    def is_reliable(self) -> bool:
        """Whether the transport repeats what is lost."""
        return self.transport != "UDP"

    def contact(self) -> str:
        """Return our Contact, with the mark of a recording server (RFC 7866 section 6.1.2)."""
        host, port = self.local
        shown = f"[{host}]" if ":" in host else host
        return f"<sip:{shown}:{port};transport={self.transport.lower()}>;+sip.srs"


def received(request: Request, flow: Flow) -> tuple[Request, Flow]:
    """Return ``request`` with its Via as RFC 3261 section 18.2.1 and RFC 3581 want it in answers.

    And where these answers go. ``request`` has a valid Via.
    """
    via = top_via(request)
    host, port = flow.remote
    wants_port = "rport" in via.parameters
    back = flow
    if not flow.is_reliable and not wants_port:
        back = replace(flow, remote=(host, via.port or UDP_PORT))
    if via.host == host and not wants_port:
        return request, back
    values = request.headers.all("via")
    first, *others = split(values[0], ",")
    head, *rest = split(first, ";")
    kept = [
        one for one in rest if one.partition("=")[0].strip().lower() not in {"rport", "received"}
    ]
    kept += [f"received={host}"] + ([f"rport={port}"] if wants_port else [])
    lines = [("via", ", ".join([";".join([head, *kept]), *others]))]
    lines += [("via", value) for value in values[1:]]
    return replace(request, headers=Headers([*lines, *request.headers.but("via")])), back


class Agenda(Generic[T]):
    """What is due when, in seconds of a clock that others hold. Each thing has one time."""

    def __init__(self) -> None:
        self._times: dict[T, float] = {}
        self._heap: list[tuple[float, int, T]] = []
        self._order = count()

    def put(self, thing: T, when: float | None) -> None:
        """Let ``thing`` be due at ``when`` and no other time; None: never."""
        if when is None:
            self._times.pop(thing, None)
        else:
            self._times[thing] = when
            heapq.heappush(self._heap, (when, next(self._order), thing))

    def due(self) -> float | None:
        """Return when the next thing is due."""
        while self._heap and self._times.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> Iterator[T]:
        """Yield what is due by ``now``, once."""
        while (when := self.due()) is not None and when <= now:
            _, _, thing = heapq.heappop(self._heap)
            del self._times[thing]
            yield thing
