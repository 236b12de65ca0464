from __future__ import annotations

import io
import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.taps.pcap.datagrams import Dropped, datagram
from hushtap.taps.pcap.frames import LONGEST, CaptureError, Frame, frames
from taps.pcap.captures import ETHERNET, HERE, START, THERE, frame, ip, write_pcap

if TYPE_CHECKING:
    from pathlib import Path

FLOW = ((HERE, 5_004), (THERE, 5_006))
PAYLOADS = [b"first", b"second one", b""]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    each = [(i * 0.25, frame(ip(FLOW, one), ETHERNET)) for i, one in enumerate(PAYLOADS)]
    return write_pcap(tmp_path / "call.pcap", each)


def read(data: bytes) -> list[tuple[float, bytes]]:
    found = []
    for one in frames(io.BytesIO(data)):
        assert data[one.offset : one.offset + len(one.data)] == one.data
        inside = datagram(one, Dropped())
        assert inside is not None
        assert (inside.source, inside.target) == FLOW
        found.append((one.time, inside.payload))
    return found


def test_a_capture(written: Path) -> None:
    truth = [(START + i * 0.25, one) for i, one in enumerate(PAYLOADS)]
    assert read(written.read_bytes()) == truth


@pytest.mark.skipif(not shutil.which("editcap"), reason="needs editcap: apt-get install tshark")
@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "pcapng", "modpcap"])
def test_what_wireshark_writes(kind: str, written: Path) -> None:
    other = written.with_name("other")
    subprocess.run(["editcap", "-F", kind, written, other], check=True, timeout=30)
    if kind == "modpcap":
        with pytest.raises(CaptureError, match="is no packet capture"):
            read(other.read_bytes())
        return
    assert read(other.read_bytes()) == read(written.read_bytes())


def test_the_other_byte_order(written: Path) -> None:
    data = written.read_bytes()
    swapped = struct.pack(">IHHIIII", *struct.unpack_from("<IHHIIII", data))
    at = 24
    while at < len(data):
        head = struct.unpack_from("<4I", data, at)
        swapped += struct.pack(">4I", *head) + data[at + 16 : at + 16 + head[2]]
        at += 16 + head[2]
    assert read(swapped) == read(data)


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    padded = body + bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(padded) + 12)
    return struct.pack(order + "I", kind) + size + padded + size


def section(order: str = "<") -> bytes:
    return block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)


def interface(link: int, order: str = "<", options: bytes = b"") -> bytes:
    return block(1, struct.pack(order + "HHI", link, 0, 0) + options, order)


def enhanced(number: int, ticks: int, data: bytes, order: str = "<", size: int = -1) -> bytes:
    length = len(data) if size < 0 else size
    head = struct.pack(order + "5I", number, ticks >> 32, ticks & 0xFFFFFFFF, length, len(data))
    return block(6, head + data, order)


@pytest.mark.parametrize("order", ["<", ">"])
def test_interfaces_and_sections_of_their_own(order: str) -> None:
    plain, tagged = frame(ip(FLOW, b"a"), 101), frame(ip(FLOW, b"b"), 1, vlans=(7, 9))
    in_milliseconds = struct.pack(order + "HH4s", 9, 1, b"\x03\0\0\0")
    a_day_later = struct.pack(order + "HHq", 14, 8, 86_400)
    data = (
        section(order)
        + interface(101, order, in_milliseconds)
        + interface(1, order, a_day_later)
        + block(4, b"names", order)
        + enhanced(0, 1_500, plain, order)
        + enhanced(1, 2_000_000, tagged, order)
        + section("<")
        + interface(1)
        + enhanced(0, 3_000_000, tagged)
    )
    assert read(data) == [(1.5, b"a"), (86_402.0, b"b"), (3.0, b"b")]


SECTION = section() + interface(1)
BAD = {
    "nothing": (b"", "is no packet capture"),
    "text": (b"call,length\n1,2\n", "is no packet capture"),
    "audio": (b"RIFF\x00\x00\x00\x00WAVEfmt ", "is no packet capture"),
    "magic alone": (struct.pack("<I", 0xA1B2C3D4), "is cut short"),
    "huge frame": (
        struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 0, 1)
        + struct.pack("<4I", 0, 0, 0xFFFFFFF0, 0xFFFFFFF0),
        "is damaged",
    ),
    "frame beyond the limit": (
        struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 0, 1)
        + struct.pack("<4I", 0, 0, LONGEST + 1, LONGEST + 1)
        + bytes(LONGEST + 1),
        "is damaged",
    ),
    "huge block": (SECTION + struct.pack("<2I", 6, 0xFFFFFFF0), "is damaged"),
    "block of nothing": (SECTION + struct.pack("<2I", 6, 0), "is damaged"),
    "block of seven": (SECTION + struct.pack("<2I", 6, 7), "is damaged"),
    "lengths that differ": (SECTION + struct.pack("<3I", 4, 12, 16), "is damaged"),
    "unknown interface": (SECTION + enhanced(1, 0, b"data"), "is damaged"),
    "more than its block": (SECTION + enhanced(0, 0, b"data", size=500), "is damaged"),
    "no interface": (section() + enhanced(0, 0, b"data"), "is damaged"),
    "no byte order": (block(0x0A0D0D0A, bytes(16)), "is damaged"),
    "no time": (SECTION + block(3, b"1234data"), "packets without their time"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_capture_is_told_in_one_line(name: str) -> None:
    data, problem = BAD[name]
    with pytest.raises(CaptureError, match=problem) as told:
        list(frames(io.BytesIO(data)))
    assert "\n" not in str(told.value)


def test_a_capture_cut_anywhere_but_between_frames_is_refused(written: Path) -> None:
    data = written.read_bytes()
    ends, at = {24}, 24
    while at < len(data):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
        ends.add(at)
    for cut in range(4, len(data)):
        if cut in ends:
            assert len(list(frames(io.BytesIO(data[:cut])))) == sorted(ends).index(cut)
        else:
            with pytest.raises(CaptureError, match="is cut short"):
                list(frames(io.BytesIO(data[:cut])))


@given(st.data())
def test_no_damage_is_more_than_an_error(data: st.DataObject) -> None:
    """Bytes changed anywhere in a pcap or pcapng file."""
    plain = frame(ip(FLOW, b"a" * 40), 1)
    whole = data.draw(
        st.sampled_from(
            [
                struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 0, 1)
                + 2 * (struct.pack("<4I", 0, 0, len(plain), len(plain)) + plain),
                SECTION + 2 * enhanced(0, 9, plain),
            ]
        )
    )
    spoiled = bytearray(whole)
    for at in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=6)):
        spoiled[at] = data.draw(st.integers(0, 255))
    try:
        for one in frames(io.BytesIO(bytes(spoiled))):
            datagram(one, Dropped())
    except CaptureError:
        pass


HEADS = (
    b"",
    bytes(12) + b"\x08\x00\x45",
    b"\x45\0\0\x30\0\0\0\0\x40\x11",
    b"\x60\0\0\0\0\x20\x11",
)


@given(st.sampled_from([0, 1, 12, 101, 108, 113, 228, 229, 276]), st.binary(max_size=90))
def test_no_frame_is_an_error(link: int, data: bytes) -> None:
    for head in HEADS:
        datagram(Frame(0.0, link, 0, head + data), Dropped())
