"""Measure the write path: many recordings open at once, fed as fast as people talk.

::

    python scripts/measure_writing.py --calls 200 --seconds 60

Two channels of noise at 8 kHz each, handed over in pieces of ``--piece`` ms, as the stage
before does. Prints JSON: the share of one core from the first piece to the last, what it
took to begin and to end them all, how late the latest piece was, and that all are sound.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from hushtap.timeline import Span
from hushtap.values import AudioFormat, RedactedChunk
from hushtap.vault.recordings import Vault

RATE, CHANNELS = 8000, 2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--piece", type=int, default=100, help="ms of one channel at once")
    parser.add_argument("--folder", type=Path, help="where the vault is made: the disk to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        vault = Vault.create(Path(folder) / "vault")
        print(json.dumps(measure(vault, arguments.calls, arguments.seconds, arguments.piece)))


def measure(vault: Vault, calls: int, seconds: int, piece: int) -> dict[str, Any]:
    """Record ``calls`` at once for ``seconds``; return what it took."""
    noise = np.random.default_rng(1).integers(-1000, 1000, seconds * RATE).astype(np.int16)
    step = RATE * piece // 1000
    phone = AudioFormat(RATE, CHANNELS)
    began = _moment()
    open_calls = [vault.record(phone, source="line", policy="abc") for _ in range(calls)]
    fed = _moment()
    late = 0.0
    waiting = threading.Event()
    for start in range(0, len(noise), step):
        span = Span(start, min(start + step, len(noise)))
        due = fed[0] + span.end / RATE
        waiting.wait(max(0.0, due - time.monotonic()))
        for recording in open_calls:
            for channel in range(CHANNELS):
                recording.append(RedactedChunk(channel, span, noise[span.start : span.end]))
        late = max(late, time.monotonic() - due)
    ended = _moment()
    for recording in open_calls:
        recording.close()
    closed = _moment()
    return {
        "calls": calls,
        "seconds": round(ended[0] - fed[0], 1),
        "share_of_one_core": round((ended[1] - fed[1]) / (ended[0] - fed[0]), 3),
        "latest_piece_s": round(late, 2),
        "begin_ms_a_call": round(1000 * (fed[0] - began[0]) / calls, 1),
        "begin_cpu_ms_a_call": round(1000 * (fed[1] - began[1]) / calls, 1),
        "end_ms_a_call": round(1000 * (closed[0] - ended[0]) / calls, 1),
        "end_cpu_ms_a_call": round(1000 * (closed[1] - ended[1]) / calls, 1),
        "sound": sum(one.ok and one.samples == len(noise) for one in vault.verifying()),
    }


def _moment() -> tuple[float, float]:
    """Return seconds by the clock, and of the processor."""
    return time.monotonic(), time.process_time()


if __name__ == "__main__":
    main()
