"""Size and time of a call as PCM, FLAC and Opus, sealed half a second at a time.

    python scripts/measure_codecs.py [WAV...]

Each half second stands for itself, as a segment of a recording does: it is sealed as it
comes, and opened without its neighbours. Mutes of the truth beside a call are silenced first.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Pack = Callable[[NDArray[np.int16], int], bytes]
Unpack = Callable[[bytes], object]
SAMPLES = Path(__file__).parents[1] / "samples"
PER_SEGMENT = 89
"""Bytes that sealing adds to a segment (docs/adr/0003-vault-first-form.md)."""
RATE = 8000
HISS = 33
"""Root mean square of a line's noise: 60 dB under full scale."""


def packed_by(kind: str, subtype: str) -> Pack:
    """Return what packs samples with libsndfile."""

    def pack(samples: NDArray[np.int16], rate: int) -> bytes:
        out = io.BytesIO()
        soundfile.write(out, samples, rate, format=kind, subtype=subtype)
        return out.getvalue()

    return pack


def read_back(packed: bytes) -> object:
    """Decode what libsndfile packed."""
    return soundfile.read(io.BytesIO(packed), dtype="int16")


CODECS: dict[str, tuple[Pack, Unpack]] = {
    "PCM": (lambda s, _: s.astype("<i2").tobytes(), lambda b: np.frombuffer(b, "<i2").copy()),
    "FLAC": (packed_by("FLAC", "PCM_16"), read_back),
    "Opus": (packed_by("OGG", "OPUS"), read_back),
}


def calls(paths: list[Path]) -> list[NDArray[np.int16]]:
    """Return the calls at telephone rate, silent where their truth says."""
    found = []
    for path in paths:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
        truth = path.with_suffix(".json")
        if truth.exists():
            for one in json.loads(truth.read_text()).get("spans", []):
                start, end = (round(one[at] * rate) for at in ("start", "end"))
                samples[start:end, one.get("channel", 0)] = 0
        heard = samples if rate == RATE else soxr.resample(samples, rate, RATE)
        found.append(np.asarray(heard, np.int16))
    return found


def main() -> None:
    """Measure and print."""
    paths = [Path(one) for one in sys.argv[1:]] or sorted(SAMPLES.glob("*.wav"))
    clean = calls(paths)
    hiss = np.random.default_rng(1)
    noisy = [one + hiss.normal(0, HISS, one.shape).astype(np.int16) for one in clean]
    for title, heard in (("as they are", clean), ("with a line's hiss", noisy)):
        measure(title, heard)


def measure(title: str, heard: list[NDArray[np.int16]]) -> None:
    """Measure and print one set of calls."""
    hours = sum(len(samples) for samples in heard) / RATE / 3600
    channels = heard[0].shape[1]
    print(f"{len(heard)} calls {title}, {hours * 60:.1f} minutes, {channels} channels at {RATE} Hz")
    for name, (pack, unpack) in CODECS.items():
        begun = time.process_time()
        segments = [
            pack(samples[at : at + RATE // 2], RATE)
            for samples in heard
            for at in range(0, len(samples), RATE // 2)
        ]
        packing = time.process_time() - begun
        begun = time.process_time()
        for segment in segments:
            unpack(segment)
        unpacking = time.process_time() - begun
        size = sum(len(segment) + PER_SEGMENT for segment in segments)
        print(
            f"{name}: {size / hours / 1e6:.1f} MB and {packing / hours:.2f} s of CPU an hour; "
            f"a half second opens in {unpacking / len(segments) * 1e6:.0f} us"
        )


if __name__ == "__main__":
    main()
