"""Pairs of UDP ports for media: RTP on the even one, RTCP on the odd one above it.

A pair that a call gave back rests before the next may have it: what is still under way
to the old call must not be heard in the new one.
"""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING, Final

from hushtap.errors import BusyError

if TYPE_CHECKING:
    from collections.abc import Callable

_SOCKET_BYTES: Final = 1 << 19
"""Of the receive buffer: seconds of one stream."""


class PortPair:
    """Two bound sockets. ``close`` gives the ports back."""

    def __init__(
        self, rtp: socket.socket, rtcp: socket.socket, given: Callable[[int], None]
    ) -> None:
        self.rtp, self.rtcp = rtp, rtcp
        self.port: int = rtp.getsockname()[1]
        self._given = given
        self._open = True

    def close(self) -> None:
        """Close both, once."""
        if self._open:
            self._open = False
            self.rtp.close()
            self.rtcp.close()
            self._given(self.port)


class Ports:
    """The pairs of one server on ``host``. For one thread; ``clock`` gives seconds."""

    def __init__(self, host: str, ports: range, rest: float, clock: Callable[[], float]) -> None:
        self._host = host
        self._rest = rest
        self._clock = clock
        self._free = deque(ports)
        self._resting: deque[tuple[float, int]] = deque()

    def take(self) -> PortPair:
        """Return a pair that has rested; ports that others hold are passed over.

        Raises:
            BusyError: there is none.
        """
        now = self._clock()
        while self._resting and self._resting[0][0] <= now:
            self._free.append(self._resting.popleft()[1])
        for _ in range(len(self._free)):
            port = self._free.popleft()
            pair = self._bound(port)
            if pair is not None:
                return pair
            self._free.append(port)
        wait = self._resting[0][0] - now if self._resting else self._rest
        raise BusyError("all media ports are taken or rest", retry_after=max(1, round(wait)))

    def _bound(self, port: int) -> PortPair | None:
        made: list[socket.socket] = []
        try:
            for one in (port, port + 1):
                made.append(self._socket())
                made[-1].bind((self._host, one))
        except OSError:
            for one_made in made:
                one_made.close()
            return None
        return PortPair(made[0], made[1], self._rested)

    def _socket(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        one = socket.socket(family, socket.SOCK_DGRAM)
        one.setblocking(False)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BYTES)
        return one

    def _rested(self, port: int) -> None:
        self._resting.append((self._clock() + self._rest, port))
