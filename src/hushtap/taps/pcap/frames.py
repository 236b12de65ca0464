"""Frames of a capture file: pcap (microseconds, nanoseconds, either byte order) and pcapng.

Every length is held against a limit before that much is read, and a file that ends
within a frame is an error: the missing end of a call must be noticed. dpkt, which takes
the frames apart, has readers too; they believe any length, and know one interface.

Sources: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST: Final = 1 << 18
"""Bytes of a frame, at most: what libpcap itself takes (MAXIMUM_SNAPLEN)."""
_LONGEST_BLOCK: Final = 1 << 24

_PCAP: Final = {0xA1B2C3D4: 1e6, 0xA1B23C4D: 1e9}
_SECTION: Final = 0x0A0D0D0A
_ORDER: Final = 0x1A2B3C4D
_INTERFACE: Final = 1
_OLD_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_PACKET: Final = 6
_TSRESOL: Final = 9
_TSOFFSET: Final = 14
_MOST_INTERFACES: Final = 1_024

MAGIC: Final = frozenset(
    struct.pack(order + "I", number) for number in (*_PCAP, _SECTION) for order in "<>"
)
"""How capture files begin."""


class CaptureError(Exception):
    """What is wrong with a file, and what to do; without its name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: seconds of its capture, link type, and where its bytes are in the file."""

    time: float
    link: int
    offset: int
    data: bytes


def frames(file: BinaryIO) -> Iterator[Frame]:
    """Yield the frames of an open file, from its start.

    Raises:
        CaptureError: it is no capture, is cut short, or its lengths cannot be true.
    """
    file.seek(0)
    magic = file.read(4)
    for order in "<>":
        number = struct.unpack(order + "I", magic)[0] if len(magic) == 4 else 0  # noqa: PLR2004
        if number in _PCAP:
            return _classic(file, order, _PCAP[number])
        if number == _SECTION:
            file.seek(0)
            return _blocks(file)
    raise CaptureError("is no packet capture: give a .pcap or .pcapng file")


def _classic(file: BinaryIO, order: str, ticks: float) -> Iterator[Frame]:
    header = _exactly(file, 20)
    (link,) = struct.unpack_from(order + "I", header, 16)
    record = struct.Struct(order + "4I")
    while head := file.read(record.size):
        if len(head) < record.size:
            raise _cut_short()
        seconds, fraction, size, _ = record.unpack(head)
        if size > LONGEST:
            raise _damaged()
        offset = file.tell()
        yield Frame(seconds + fraction / ticks, link & 0xFFFF, offset, _exactly(file, size))


@dataclass(frozen=True, slots=True)
class _Interface:
    link: int
    ticks: float
    offset: int


def _blocks(file: BinaryIO) -> Iterator[Frame]:
    order = "<"
    interfaces: list[_Interface] = []
    while head := file.read(8):
        if len(head) < 8:  # noqa: PLR2004
            raise _cut_short()
        if struct.unpack("<I", head[:4])[0] == _SECTION:
            order = _byte_order(file)
            interfaces = []
        kind, size = struct.unpack(order + "2I", head)
        if not 12 <= size <= _LONGEST_BLOCK or size % 4:  # noqa: PLR2004
            raise _damaged()
        start = file.tell()
        body = _exactly(file, size - 12)
        if _exactly(file, 4) != head[4:]:
            raise _damaged()
        if kind == _INTERFACE:
            if len(interfaces) >= _MOST_INTERFACES:
                raise _damaged()
            interfaces.append(_interface(body, order))
        elif kind in {_PACKET, _OLD_PACKET}:
            yield _packet(kind, body, order, interfaces, start)
        elif kind == _SIMPLE_PACKET:
            raise CaptureError("has packets without their time: capture it again")


def _byte_order(file: BinaryIO) -> str:
    """Return the byte order of the section whose header comes next; it is left unread."""
    mark = _exactly(file, 4)
    file.seek(-4, 1)
    for order in "<>":
        if struct.unpack(order + "I", mark)[0] == _ORDER:
            return order
    raise _damaged()


def _interface(body: bytes, order: str) -> _Interface:
    if len(body) < 8:  # noqa: PLR2004
        raise _damaged()
    (link,) = struct.unpack_from(order + "H", body)
    ticks, offset, at = 1e6, 0, 8
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "2H", body, at)
        value = body[at + 4 : at + 4 + size]
        if code == _TSRESOL and len(value) == 1:
            ticks = float((2 if value[0] & 0x80 else 10) ** (value[0] & 0x7F))
        elif code == _TSOFFSET and len(value) == 8:  # noqa: PLR2004
            (offset,) = struct.unpack(order + "q", value)
        at += 4 + -(-size // 4) * 4
    return _Interface(link, ticks, offset)


def _packet(kind: int, body: bytes, order: str, interfaces: list[_Interface], start: int) -> Frame:
    if len(body) < 20:  # noqa: PLR2004
        raise _damaged()
    high, low, size = struct.unpack_from(order + "3I", body, 4)
    (number,) = struct.unpack_from(order + ("I" if kind == _PACKET else "H"), body)
    if number >= len(interfaces) or size > min(LONGEST, len(body) - 20):
        raise _damaged()
    known = interfaces[number]
    time = known.offset + ((high << 32) | low) / known.ticks
    return Frame(time, known.link, start + 20, body[20 : 20 + size])


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise _cut_short()
    return data


def _cut_short() -> CaptureError:
    return CaptureError("is cut short: copy it again, or keep its whole part with editcap")


def _damaged() -> CaptureError:
    return CaptureError("is damaged: copy it again")
