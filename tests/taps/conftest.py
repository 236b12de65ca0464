"""Makers of real audio files, and a way to lose root's rights for the length of a test."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

NOBODY = 65_534


def tone(samples: int, channels: int = 1, seed: int = 0) -> NDArray[np.int16]:
    """Noise of half scale, shape ``(samples, channels)``: no two channels or places agree."""
    random = np.random.default_rng(seed)
    return random.integers(-16_384, 16_384, (samples, channels), dtype=np.int16)


def sine(samples: int, rate: int) -> NDArray[np.int16]:
    """A 440 Hz tone, shape ``(samples, 1)``, that survives a lossy codec."""
    wave: NDArray[np.float64] = np.sin(2 * np.pi * 440 * np.arange(samples) / rate)
    column: NDArray[np.int16] = np.rint(wave * 16_384).astype(np.int16)[:, None]
    return column


def encode(
    path: Path,
    codec: str,
    samples: NDArray[np.int16],
    rate: int,
    *,
    hole_at: int | None = None,
    hole: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode with FFmpeg; from sample ``hole_at`` on, time stamps jump ahead by ``hole``."""
    layout = "mono" if samples.shape[1] == 1 else "stereo"
    settings: dict[str, Any] = {"options": options or {}}
    with av.open(str(path), "w", **settings) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        size = stream.codec_context.frame_size or 1_024
        resampler = av.AudioResampler(stream.codec_context.format.name, layout, rate)
        for start in range(0, len(samples), size):
            block = np.ascontiguousarray(samples[start : start + size]).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout=layout)
            frame.sample_rate = rate
            shift = hole if hole_at is not None and start >= hole_at else 0
            for out in resampler.resample(frame):
                out.pts = start + shift
                container.mux(stream.encode(out))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that any user may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="hushtap-test-"))
    folder.chmod(0o755)
    yield folder
    for path in folder.rglob("*"):
        path.chmod(0o700)
    shutil.rmtree(folder)


@contextmanager
def unprivileged() -> Iterator[None]:
    """Let file permissions count even where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
