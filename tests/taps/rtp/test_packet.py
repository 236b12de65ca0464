from __future__ import annotations

import struct

import dpkt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.taps.rtp.packet import Event, Packet, looks_like_event, parse, parse_event


def built(
    *,
    csrc: int = 0,
    extension: bytes | None = None,
    payload: bytes = b"audio",
    padding: int = 0,
    version: int = 2,
    second: int = 0,
) -> bytes:
    first = version << 6 | bool(padding) << 5 | (extension is not None) << 4 | csrc
    data = struct.pack("!BBHII", first, second, 7, 160, 0xCAFE) + bytes(4 * csrc)
    if extension is not None:
        data += struct.pack("!HH", 0xBEDE, len(extension) // 4) + extension
    return data + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


@pytest.mark.parametrize("csrc", [0, 1, 15])
@pytest.mark.parametrize("extension", [None, b"", bytes(8)], ids=["none", "empty", "two words"])
@pytest.mark.parametrize("padding", [0, 1, 4])
def test_the_payload_is_found(csrc: int, extension: bytes | None, padding: int) -> None:
    data = built(csrc=csrc, extension=extension, padding=padding, second=0x80 | 8)
    assert parse(data) == Packet(8, True, 7, 160, 0xCAFE, b"audio")


@given(
    kind=st.integers(0, 63) | st.integers(96, 127),
    marker=st.booleans(),
    sequence=st.integers(0, 2**16 - 1),
    timestamp=st.integers(0, 2**32 - 1),
    ssrc=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=200),
)
def test_what_another_library_writes_is_read(
    *, kind: int, marker: bool, sequence: int, timestamp: int, ssrc: int, payload: bytes
) -> None:
    made = dpkt.rtp.RTP(pt=kind, m=int(marker), seq=sequence, ts=timestamp, ssrc=ssrc, data=payload)
    assert parse(bytes(made)) == Packet(kind, marker, sequence, timestamp, ssrc, payload)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(12),
        built()[:11],
        built(version=1),
        built(version=3),
        built(csrc=15)[:40],
        built(extension=bytes(8), payload=b"")[:20],
        built(extension=b"", payload=b"")[:14],
        built(payload=b"")[:12].replace(b"\x80", b"\xa0", 1),
        built(padding=4)[:-1] + b"\xff",
        built(padding=4)[:-1] + b"\x00",
        built(second=200),
        built(second=223),
        built(payload=bytes(3_000)),
    ],
    ids=[
        *("nothing", "STUN", "short", "version 1", "version 3", "sources cut", "extension cut"),
        *("extension header cut", "padding of nothing", "too much padding", "zero padding"),
        *("RTCP sender report", "RTCP last", "too long"),
    ],
)
def test_what_is_malformed_is_none(data: bytes) -> None:
    assert parse(data) is None


@given(st.binary(max_size=80))
def test_no_input_is_an_error(data: bytes) -> None:
    packet = parse(data)
    assert packet is None or len(packet.payload) <= len(data) - 12
    parse_event(data)
    looks_like_event(data)


def test_events() -> None:
    assert parse_event(bytes([1, 0x8A, 3, 32])) == Event(is_dtmf=True, ended=True, duration=800)
    assert parse_event(bytes([16, 0x0A, 0, 80, 9])) == Event(
        is_dtmf=False, ended=False, duration=80
    )
    assert parse_event(bytes(3)) is None


def test_no_key_is_kept_and_no_payload_shown() -> None:
    events = {repr(parse_event(bytes([key, 10, 0, 160]))) for key in range(12)}
    assert len(events) == 1
    assert "audio" not in repr(parse(built()))
