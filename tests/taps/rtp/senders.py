"""Packets as a sender makes them, and what they should become."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

from hushtap.keypad import Keypad
from hushtap.taps.rtp.codecs import parse_rtpmap
from hushtap.taps.rtp.directions import Directions
from hushtap.values import AudioFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hushtap.values import PcmChunk, Samples

PTIME = 160
L16 = 96
"""A payload type that the tests map to L16/8000: what is sent is what should come out."""

MAP = parse_rtpmap(["96=L16/8000", "97=L16/16000", "101=telephone-event/8000"])


def call(channels: int = 1, rate: int = 8_000, quiet: float = math.inf) -> Directions:
    """Return the directions of a call whose payload types are those of ``MAP``."""
    return Directions([MAP] * channels, AudioFormat(rate, channels), quiet=quiet)


def packet(
    sequence: int,
    timestamp: int,
    payload: bytes,
    *,
    kind: int = L16,
    ssrc: int = 0x1234,
    marker: bool = False,
) -> bytes:
    """Return a datagram; sequence and timestamp wrap."""
    second = kind | (0x80 if marker else 0)
    header = struct.pack("!BBHII", 0x80, second, sequence % 2**16, timestamp % 2**32, ssrc)
    return header + payload


def event(
    sequence: int,
    timestamp: int,
    duration: int,
    *,
    code: int = 5,
    ended: bool = False,
    kind: int = 101,
) -> bytes:
    """Return a telephone event (RFC 4733)."""
    payload = struct.pack("!BBH", code, (0x80 if ended else 0) | 10, duration)
    return packet(sequence, timestamp, payload, kind=kind)


def l16(samples: Samples) -> bytes:
    """Return samples as L16 carries them."""
    return samples.astype(">i2").tobytes()


def speech(count: int, seed: int = 0) -> Samples:
    """Noise in which no two places agree, and no sample is zero: silence is told from it."""
    random = np.random.default_rng(seed)
    loud = random.integers(1_000, 9_000, count, dtype=np.int16)
    signed: Samples = loud * random.choice(np.array([-1, 1], np.int16), count)
    return signed


def sent(
    samples: Samples, *, sequence: int = 100, timestamp: int = 5_000, ssrc: int = 0x1234
) -> list[tuple[float, bytes]]:
    """Return packets of 20 ms at 8 kHz with the seconds at which they are sent."""
    return [
        (
            at / 8_000,
            packet(sequence + i, timestamp + at, l16(samples[at : at + PTIME]), ssrc=ssrc),
        )
        for i, at in enumerate(range(0, len(samples), PTIME))
    ]


def received(
    call: Directions, *arrivals: Iterable[tuple[float, bytes]], step: float = 0.02
) -> list[Samples]:
    """Let packets arrive, one stream a channel, and time go on; return the channels.

    Keys pressed are silenced, as a call at 8 kHz does that.
    """
    everything = sorted(
        ((when, channel, data) for channel, one in enumerate(arrivals) for when, data in one),
        key=lambda item: item[0],
    )
    pieces: list[list[Samples]] = [[] for _ in arrivals]
    ends = [0] * len(arrivals)
    chunks: list[PcmChunk] = []
    now = everything[0][0] if everything else 0.0
    for when, channel, data in everything:
        while now + step <= when:
            now += step
            chunks += call.advance(now)
        call.push(channel, data, when)
    chunks += call.advance(now)
    chunks += call.finish()
    keypads = [Keypad(8_000) for _ in arrivals]
    for chunk in chunks:
        assert chunk.span.start == ends[chunk.channel]
        ends[chunk.channel] = chunk.span.end
        pieces[chunk.channel].append(keypads[chunk.channel].feed(chunk.samples, chunk.keys))
    for keypad, piece in zip(keypads, pieces, strict=True):
        piece.append(keypad.finish())
    return [np.concatenate([np.zeros(0, np.int16), *one]) for one in pieces]


def without(samples: Samples, spans: Sequence[tuple[int, int]]) -> Samples:
    """Return samples with silence in ``spans``."""
    out = samples.copy()
    for start, end in spans:
        out[start:end] = 0
    return out
