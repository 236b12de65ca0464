"""What a frame carries: one UDP datagram, if any. dpkt takes it apart.

Ethernet (with VLAN tags), Linux cooked capture of both versions, BSD loopback and raw
IP, each with IPv4 or IPv6. Fragments are not put together: they are counted.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import dpkt

from hushtap.taps.pcap.frames import CaptureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.taps.pcap.frames import Frame

Address: TypeAlias = tuple[bytes, int]
"""IPv4 or IPv6 address in network order, and port."""

_UDP: Final = 17
_FRAGMENT: Final = 44


def _raw(data: bytes) -> Any:  # noqa: ANN401 - dpkt publishes no types
    return dpkt.ip6.IP6(data) if data[:1] and data[0] >> 4 == 6 else dpkt.ip.IP(data)  # noqa: PLR2004


_LINKS: Final[dict[int, Callable[[bytes], Any]]] = {
    0: dpkt.loopback.Loopback,
    1: dpkt.ethernet.Ethernet,
    12: _raw,
    14: _raw,
    101: _raw,
    108: dpkt.loopback.Loopback,
    113: dpkt.sll.SLL,
    228: _raw,
    229: _raw,
    276: dpkt.sll2.SLL2,
}


@dataclass(frozen=True, slots=True)
class Datagram:
    """A whole UDP datagram."""

    source: Address
    target: Address
    payload: bytes = field(repr=False)


@dataclass(slots=True)
class Dropped:
    """Frames that could have carried audio and could not be read."""

    malformed: int = 0
    fragments: int = 0
    cut: int = 0
    """Captured without their ends."""


def datagram(frame: Frame, dropped: Dropped) -> Datagram | None:
    """Return what ``frame`` carries; None where that is no whole UDP datagram.

    Raises:
        CaptureError: frames of this link type are not known.
    """
    take_apart = _LINKS.get(frame.link)
    if take_apart is None:
        raise CaptureError(f"has frames of link type {frame.link}: capture Ethernet or raw IP")
    try:
        layer = take_apart(frame.data)
        while not isinstance(layer, dpkt.ip.IP | dpkt.ip6.IP6):
            if not isinstance(layer, dpkt.Packet):
                return None
            layer = layer.data
        if _is_fragment(layer):
            dropped.fragments += layer.p == _UDP
            return None
        udp = layer.data
        if layer.p != _UDP:
            return None
        if not isinstance(udp, dpkt.udp.UDP) or len(udp.data) < udp.ulen - 8:
            dropped.cut += 1
            return None
        payload = bytes(udp.data[: udp.ulen - 8]) if udp.ulen else bytes(udp.data)
        return Datagram((layer.src, udp.sport), (layer.dst, udp.dport), payload)
    except Exception:  # noqa: BLE001 - dpkt raises whatever its parts run into
        dropped.malformed += 1
        return None


def _is_fragment(layer: Any) -> bool:  # noqa: ANN401
    if isinstance(layer, dpkt.ip.IP):
        return bool(layer.mf or layer.offset)
    part = layer.extension_hdrs.get(_FRAGMENT)
    return part is not None and bool(part.frag_off or part.m_flag)


def shown(address: Address) -> str:
    """Return ``address`` for people to read."""
    return f"{ipaddress.ip_address(address[0])} port {address[1]}"
