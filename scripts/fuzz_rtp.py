"""Feed damaged packets and captures to their parsers: no crash, bounded memory.

    python scripts/fuzz_rtp.py [INPUTS] [SEED]

Half of the inputs are a capture with bytes changed, cut out or repeated, read as
``hushtap redact`` reads it; half are streams of packets whose fields are drawn at
random around their limits, through the whole timeline. Prints how many inputs went
in, and what became of them; an exception of any other kind than a refusal ends it.
"""

from __future__ import annotations

import random
import resource
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

from hushtap.errors import TapError
from hushtap.taps.pcap.calls import find_calls
from hushtap.taps.pcap.tap import PcapTap
from hushtap.taps.rtp.codecs import parse_rtpmap
from hushtap.taps.rtp.directions import AHEAD_S, Directions
from hushtap.values import AudioFormat

MAP = parse_rtpmap(["96=L16/8000", "97=L16/16000", "101=telephone-event/8000"])
KINDS = (0, 0, 0, 8, 9, 10, 13, 72, 96, 97, 101, 111, 127)
EDGES = (0, 1, 159, 160, 161, 2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1)
RATE = 8_000
MOST_BYTES = 1_500 << 20


def streams(pick: random.Random) -> int:
    """Push one stream of drawn packets; return how many."""
    call = Directions([MAP, MAP], AudioFormat(RATE, 2))
    sequence, timestamp, now, ends = pick.choice(EDGES), pick.choice(EDGES), 0.0, [0, 0]
    count = pick.randrange(1, 200)
    for _ in range(count):
        sequence += 1 if pick.random() < 0.9 else pick.choice(EDGES)  # noqa: PLR2004
        timestamp += 160 if pick.random() < 0.9 else pick.choice(EDGES)  # noqa: PLR2004
        now += 0.02 if pick.random() < 0.95 else pick.choice((-1.0, 0.0, 0.5, 40.0))  # noqa: PLR2004
        head = struct.pack(
            "!BBHII",
            0x80 if pick.random() < 0.95 else pick.randrange(256),  # noqa: PLR2004
            pick.choice(KINDS),
            sequence % 2**16,
            timestamp % 2**32,
            pick.choice((1, 1, 1, 1, 2)),
        )
        body = bytes([pick.randrange(256)]) * pick.choice((0, 1, 4, 160, 160, 320, 1_400))
        call.push(pick.randrange(2), head + body, now)
        for chunk in call.advance(now):
            assert chunk.span.start == ends[chunk.channel]
            ends[chunk.channel] = chunk.span.end
    for chunk in call.finish():
        assert chunk.span.start == ends[chunk.channel]
        ends[chunk.channel] = chunk.span.end
    assert ends[0] == ends[1]
    # All pauses together, and what the packets themselves can hold.
    longest = count * (40.0 + 0.2) + AHEAD_S
    assert ends[0] <= longest * RATE, ends
    return count


def capture(pick: random.Random, whole: bytes, path: Path) -> str:
    """Read one damaged capture; return what became of it."""
    data = bytearray(whole)
    for _ in range(pick.randrange(1, 6)):
        at = pick.randrange(len(data))
        how = pick.random()
        if how < 0.6:  # noqa: PLR2004
            data[at] = pick.randrange(256)
        elif how < 0.8:  # noqa: PLR2004
            del data[at : at + pick.randrange(1, 64)]
        else:
            data[at:at] = data[at : at + pick.randrange(1, 64)]
    path.write_bytes(data)
    try:
        for call in find_calls(path):
            for _ in PcapTap(call):
                pass
    except TapError:
        return "refused"
    return "read"


def seeds() -> list[bytes]:
    """Return a small pcap and a small pcapng: two streams and an INVITE."""
    frames = []
    for i in range(12):
        for here, there in ((4_000, 5_000), (5_000, 4_000)):
            body = struct.pack("!BBHII", 0x80, 0, i, 160 * i, here) + bytes([i]) * 160
            frames.append(udp(here, there, body))
    sdp = b"v=0\r\nc=IN IP4 10.0.0.1\r\nm=audio 4000 RTP/AVP 0 96\r\na=rtpmap:96 L16/8000\r\n"
    head = b"INVITE sip:b SIP/2.0\r\nCall-ID: x\r\nFrom: <sip:a>;tag=y\r\nCSeq: 1 INVITE\r\n\r\n"
    frames.insert(0, udp(5_060, 5_060, head + sdp))
    plain = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 101)
    blocks = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    blocks += block(1, struct.pack("<HHI", 101, 0, 0))
    for i, one in enumerate(frames):
        plain += struct.pack("<4I", 0, 10_000 * i, len(one), len(one)) + one
        head = struct.pack("<5I", 0, 0, 10_000 * i, len(one), len(one))
        blocks += block(6, head + one + bytes(-len(one) % 4))
    return [plain, blocks]


def udp(source: int, target: int, body: bytes) -> bytes:
    """Return a raw IPv4 packet."""
    datagram = struct.pack("!4H", source, target, 8 + len(body), 0) + body
    size = 20 + len(datagram)
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 17, 0, b"\x0a\0\0\1", b"\x0a\0\0\2"
    )
    return head + datagram


def block(kind: int, body: bytes) -> bytes:
    """Return a pcapng block."""
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def main() -> None:
    """Run as many inputs as asked for."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # noqa: PLR2004
    pick = random.Random(seed)  # noqa: S311
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    became: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path, whole = Path(folder) / "fuzz.pcap", seeds()
        while became.total() < wanted:
            if became["packets"] * 2 < wanted:
                became["packets"] += streams(pick)
            else:
                became[f"captures {capture(pick, pick.choice(whole), path)}"] += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1_024
    print(f"{became.total()} inputs, seed {seed}: {dict(became)}; at most {peak} MiB")


if __name__ == "__main__":
    main()
