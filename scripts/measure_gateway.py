"""Measure how many live calls at once the gateway hears in time on this machine.

    python scripts/measure_gateway.py [--calls 5,10,20] [--seconds 60] [--deaf] [--json FILE]

Each call is a sample of two channels, played at its natural pace in packets of
20 ms, over and over, from another place than the calls beside it. All go through
admission, ears, policy and into a vault, as they do from a tap; what taps add, a
socket and a decoder, is left out. Nothing is refused: what happens beyond the
capacity is what is looked for. ``--deaf`` leaves the ears out: what is left is
what the calls themselves cost.

A delay is that of a sample from its arrival to its release. Audio that the ears
could not hear in time is ``UNHEARD``: silence.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from hushtap.ears.engine import Heard
from hushtap.ears.loading import load_engine
from hushtap.ears.shared import Ear, Ears
from hushtap.gateway.admission import Admission
from hushtap.gateway.calls import Calls, TapName
from hushtap.gateway.config import LimitsSection, PolicySection
from hushtap.gateway.policies import Policies
from hushtap.gateway.serve import THREADS
from hushtap.live import analyzer_of
from hushtap.observe import Held, Queue
from hushtap.resources import folder
from hushtap.timeline import Span
from hushtap.values import AudioFormat, Entity, PcmChunk, Samples
from hushtap.vault.recordings import Vault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

PACKET_S = 0.02
QUANTILES = (0.5, 0.95, 0.99)
APART_S = 7.3
"""Seconds by which each call is ahead of the one beside it in its sample."""


@dataclass(slots=True)
class Measured:
    """What one run gave; delays in seconds at p50, p95 and p99."""

    calls: int
    seconds: float
    speech: list[float] = field(default_factory=list)
    number: list[float] = field(default_factory=list)
    ears: list[float] = field(default_factory=list)
    unheard_seconds: float = 0.0
    channel_seconds: float = 0.0
    fail_closed: dict[str, int] = field(default_factory=dict)
    cores_used: float = 0.0
    ears_share: float = 0.0
    deepest_queue: float = 0.0
    late_packets: int = 0
    """Packets that this script itself could not send within half a second of their time."""
    peak_mib: float = 0.0


class DeafEar:
    """Hears nothing, at no cost."""

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        """Return nothing for each window."""
        del words
        return [Heard((), looped=False) for _ in windows]


async def play(calls: Calls, audio: Samples, rate: int, number: int, until: float) -> int:
    """Play one call until ``until``; return how many packets were sent late."""
    loop = asyncio.get_running_loop()
    call = await calls.admit(None, AudioFormat(rate, audio.shape[1]), tap=TapName.RTP)
    packet = round(rate * PACKET_S)
    began, at, late = loop.time(), 0, 0
    offset = round(number * APART_S * rate)
    while loop.time() < until and not call.over:
        start = (offset + at) % (len(audio) - packet)
        span = Span(at, at + packet)
        for channel in range(audio.shape[1]):
            call.offer(PcmChunk(channel, span, audio[start : start + packet, channel]))
        at += packet
        wait = began + at / rate - loop.time()
        late += wait < -0.5  # noqa: PLR2004 - half a second
        await asyncio.sleep(max(0.0, wait))
    await call.end()
    return late


async def measure(ear: Ear, count: int, seconds: float, samples: list[Path]) -> Measured:
    """Run ``count`` calls for so many seconds."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(THREADS))
    audio: list[tuple[Samples, int]] = []
    for path in samples:
        read, rate = soundfile.read(path, dtype="int16")
        audio.append((read.astype(np.int16), rate))
    limits = LimitsSection(max_calls=count, max_delay=60, max_wait=64)
    policies = Policies(PolicySection())
    analyzer_of(policies.of(None).entities)
    with tempfile.TemporaryDirectory() as temporary, Ears(ear) as ears:
        vault = Vault.create(Path(temporary) / "vault")
        admission = _Open(limits, ears.metrics)
        calls = Calls(vault, policies, ears=ears, admission=admission, longest=86_400)
        cpu, began = time.process_time(), loop.time()
        until = began + seconds
        late = await asyncio.gather(
            *(play(calls, *audio[n % len(audio)], n, until) for n in range(count))
        )
        took = loop.time() - began
        metrics = ears.metrics
        found = Measured(count, seconds, late_packets=sum(late))
        found.cores_used = (time.process_time() - cpu) / took
        found.ears_share = metrics.ear_seconds / took
        found.speech = [metrics.release_delay[Held.SPEECH].quantile(q) for q in QUANTILES]
        found.number = [metrics.release_delay[Held.NUMBER].quantile(q) for q in QUANTILES]
        found.ears = [metrics.ear_delay.quantile(q) for q in QUANTILES]
        found.fail_closed = {reason.value: n for reason, n in metrics.fail_closed.items() if n}
        found.deepest_queue = metrics.deepest(Queue.EARS)
        for info in vault.list():
            opened = vault.read(info.id)
            rate = info.audio_format.sample_rate
            found.channel_seconds += 2 * len(opened.samples) / rate
            found.unheard_seconds += sum(
                len(f.span) / rate for f in opened.findings if f.entity is Entity.UNHEARD
            )
    found.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


class _Open(Admission):
    def refusal(self) -> None:
        """Refuse nothing."""


def main() -> int:
    """Measure, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", default="5,10,20")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--deaf", action="store_true", help="without ears")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    ear: Ear = DeafEar() if arguments.deaf else load_engine()
    samples = sorted(folder("samples").glob("*.wav"))
    results = []
    print(f"{os.cpu_count()} cores, load before: {os.getloadavg()[0]:.1f}")
    print("calls  speech p50/p95/p99    number p50/p95/p99    ears p50/p95/p99     unheard  cores")
    for count in map(int, arguments.calls.split(",")):
        one = asyncio.run(measure(ear, count, arguments.seconds, samples))
        results.append(one)
        delays = "   ".join(
            "/".join(f"{value:5.2f}" for value in values)
            for values in (one.speech, one.number, one.ears)
        )
        share = 100 * one.unheard_seconds / one.channel_seconds
        print(f"{count:5}  {delays}   {share:5.1f} %  {one.cores_used:5.2f}  {one.fail_closed}")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in results], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
