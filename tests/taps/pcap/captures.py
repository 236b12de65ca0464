"""Captures: written frame by frame, or taken of real senders; and what tshark reads in them."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING, Any, Final

import dpkt

from taps.rtp.senders import PTIME, packet

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hushtap.values import Samples

HERE: Final = b"\x0a\x00\x00\x01"
THERE: Final = b"\x0a\x00\x00\x02"
THERE_6: Final = bytes(15) + b"\x02"
START: Final = 1_700_000_000.0

ETHERNET, RAW, COOKED, COOKED_2, LOOPBACK = 1, 101, 113, 276, 0
"""Link types."""


def mulaw(samples: Samples) -> bytes:
    """Encode with FFmpeg."""
    from taps.rtp.test_codecs import encoded  # noqa: PLC0415

    return encoded("pcm_mulaw", samples, 8_000)


def ip(flow: Any, payload: bytes, **fields: int) -> dpkt.Packet:  # noqa: ANN401
    """Return an IP packet with a UDP datagram in it."""
    (source, sport), (target, dport) = flow
    udp = dpkt.udp.UDP(sport=sport, dport=dport, data=payload)
    udp.ulen = len(udp)
    if len(source) == 16:
        six = dpkt.ip6.IP6(src=source, dst=target, nxt=17, p=17, hlim=64, data=udp)
        six.plen = len(udp)
        six.extension_hdrs, six.all_extension_headers = {}, []
        return six
    four = dpkt.ip.IP(src=source, dst=target, p=17, data=udp, **fields)
    four.len = len(four)
    return four


def frame(layer: dpkt.Packet, link: int, *, vlans: tuple[int, ...] = ()) -> bytes:
    """Return ``layer`` as a frame of ``link``."""
    six = isinstance(layer, dpkt.ip6.IP6)
    kind = 0x86DD if six else 0x0800
    data = bytes(layer)
    if link == ETHERNET:
        tags = b"".join(struct.pack("!HH", 0x8100, number) for number in vlans)
        return bytes(12) + tags + struct.pack("!H", kind) + data
    if link == COOKED:
        return struct.pack("!HHH8sH", 0, 1, 6, bytes(8), kind) + data
    if link == COOKED_2:
        return struct.pack("!HHiHBB8s", kind, 0, 1, 1, 0, 6, bytes(8)) + data
    if link == LOOPBACK:
        return struct.pack("=I", 24 if six else 2) + data
    return data


def write_pcap(path: Path, frames: Iterable[tuple[float, bytes]], link: int = ETHERNET) -> Path:
    """Write ``(seconds, frame)``."""
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file, snaplen=65_535, linktype=link)
        for time, data in sorted(frames, key=lambda one: one[0]):
            writer.writepkt_time(data, START + time)
    return path


def stream(
    flow: Any,  # noqa: ANN401
    samples: Samples,
    *,
    begins: float = 0.0,
    ssrc: int = 1,
    kind: int = 0,
    link: int = ETHERNET,
    **options: Any,  # noqa: ANN401
) -> list[tuple[float, bytes]]:
    """Return frames of 20 ms of mu-law, or of ``kind`` that nobody decodes."""
    data = mulaw(samples)
    return [
        (
            begins + at / 8_000,
            frame(
                ip(flow, packet(at // PTIME, at, data[at : at + PTIME], kind=kind, ssrc=ssrc)),
                link,
                **options,
            ),
        )
        for at in range(0, len(data), PTIME)
    ]


def sip(flow: Any, text: str, body: str = "", link: int = ETHERNET) -> bytes:  # noqa: ANN401
    """Return a frame with a SIP message; ``text`` is its start and headers, a line each."""
    lines = [*text.strip().splitlines(), f"Content-Length: {len(body)}", "", ""]
    return frame(ip(flow, ("\r\n".join(lines) + body).encode()), link)


def sdp(host: str, *ports: int, extra: str = "") -> str:
    """Return a body with an audio line for each port."""
    lines = ["v=0", "o=- 1 1 IN IP4 " + host, "s=-", "c=IN IP4 " + host, "t=0 0"]
    for port in ports:
        lines += [f"m=audio {port} RTP/AVP 0 96 101", *extra.splitlines()]
    return "\r\n".join([*lines, ""])


def tshark_says(path: Path, ports: Iterable[int]) -> dict[int, list[tuple[int, int, int, bytes]]]:
    """Return sequence, timestamp, payload type and payload of RTP, by destination port."""
    ports = list(ports)
    decode = [word for port in ports for word in ("-d", f"udp.port=={port},rtp")]
    fields = ("udp.dstport", "rtp.seq", "rtp.timestamp", "rtp.p_type", "rtp.payload")
    out = subprocess.run(
        ["tshark", "-n", "-r", str(path), *decode, "-Y", "rtp", "-T", "fields",
         *(word for name in fields for word in ("-e", name))],
        check=True, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    found: dict[int, list[tuple[int, int, int, bytes]]] = {port: [] for port in ports}
    for line in out.splitlines():
        port, sequence, timestamp, kind, payload = line.split("\t")
        found[int(port)].append(
            (int(sequence), int(timestamp), int(kind), bytes.fromhex(payload.replace(":", "")))
        )
    return found
