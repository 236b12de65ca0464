"""Speech-like calls made in the test, their mutes known to the sample."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from hushtap.evaluate import Truth, TruthSpan

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 8_000


@cache
def voice(seconds: float, seed: int = 7) -> NDArray[np.int16]:
    """A wavering buzz over a little room noise, without a pause."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    pitch = 2 * np.pi * np.cumsum(110 + 15 * np.sin(2 * np.pi * 0.7 * t)) / RATE
    buzz = sum(np.sin(n * pitch + n) / n for n in range(3, 25))
    speech = np.round(5_000 * (buzz + 0.004 * rng.standard_normal(len(t)))).astype(np.int16)
    speech.setflags(write=False)
    return speech


def muted(audio: NDArray[np.int16], *where: tuple[float, float]) -> NDArray[np.int16]:
    """Silence in the place of these seconds."""
    copy = audio.copy()
    for start, end in where:
        copy[round(start * RATE) : round(end * RATE)] = 0
    return copy


def span(
    start: float,
    end: float,
    *,
    entity: str = "CREDIT_CARD",
    sensitive: bool = True,
    number: int = 0,
    way: str = "-",
    voice: str = "-",
    digits: int = 0,
    words: tuple[tuple[float, float], ...] = (),
) -> TruthSpan:
    """A card number on the only channel, unless it is said otherwise."""
    return TruthSpan(0, start, end, entity, sensitive, number, way, voice, digits, words)


def truth(*spans: TruthSpan) -> Truth:
    return Truth(RATE, 1, spans)


def write_case(
    folder: Path, name: str, audio: NDArray[np.int16], spans: list[dict[str, Any]], **facts: object
) -> None:
    """Write ``name.wav`` and its truth; every span is on channel 0."""
    path = folder / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, RATE)
    labels = {
        "sample_rate": RATE,
        "channels": audio.ndim,
        "spans": [{"channel": 0, "sensitive": True, "entity": "CREDIT_CARD"} | s for s in spans],
    }
    path.with_suffix(".json").write_text(json.dumps(labels | facts))
