"""Which address the packets of one port come from: UDP says, and anybody can send.

The first one to send ``LEARNED`` packets of one stream is it until the call ends. An
address can be forged as well; this keeps out whoever sees nothing of the call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hushtap.taps.rtp.epochs import signed
from hushtap.taps.rtp.packet import parse

if TYPE_CHECKING:
    from hushtap.taps.rtp.packet import Packet

LEARNED: Final = 5
"""Packets of one source (SSRC), in sequence, after which its address is the port's."""
_CANDIDATES: Final = 64
"""Addresses among which that one is looked for."""


class Origin:
    """The address that one port listens to, once it is known."""

    def __init__(self) -> None:
        self._known: object = None
        self._sent: dict[object, tuple[int, Packet]] = {}

    def admits(self, source: object, data: bytes) -> bool:
        """Return whether a datagram from ``source`` is to be listened to."""
        if self._known is not None:
            return source == self._known
        packet = parse(data)
        if packet is None:
            return True
        count, before = self._sent.get(source, (0, packet))
        near = abs(signed(packet.sequence - before.sequence, 16)) <= LEARNED
        count = count + 1 if near and packet.ssrc == before.ssrc else 1
        if len(self._sent) < _CANDIDATES or source in self._sent:
            self._sent[source] = count, packet
        if count >= LEARNED:
            self._known = source
        return True
