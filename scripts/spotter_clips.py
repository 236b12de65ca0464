"""Training clips of the digit spotter: pieces in a row, spoiled as telephones spoil them.

A clip is what the ears would get as one window: speech of one channel, then
silence up to the window's canvas. Labels are one class for each 20 ms (other
speech, number speech, silence) and, where known, the number words in order.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass

import numpy as np
import soundfile as sf
import soxr

from spotter_pool import RATE, Piece

FRAME = RATE // 50
SILENCE, TALK, NUMBER, IGNORE = 0, 1, 2, -1
LINE = 8_000
CLOSE = 8
"""Pauses of up to this many frames inside a number belong to it."""

CODECS = ("ULAW", "ULAW", "ALAW", "GSM610", "wide")


@dataclass(frozen=True, slots=True)
class Clip:
    """Audio of one canvas, frame labels, and the classes of its number words (None: unknown)."""

    audio: np.ndarray
    length: int
    labels: np.ndarray
    words: tuple[int, ...] | None


class Pools:
    """Pieces by voice: what one speaker says with numbers and without."""

    def __init__(self, pieces: list[Piece], hard: list[Piece]) -> None:
        self.numbers: dict[str, list[Piece]] = {}
        self.hard: dict[str, list[Piece]] = {}
        for piece in hard:
            self.hard.setdefault(piece.voice, []).append(piece)
        self.talk: dict[str, list[Piece]] = {}
        for piece in pieces:
            side = self.numbers if piece.counts else self.talk
            side.setdefault(piece.voice, []).append(piece)
        self.talkers = sorted(self.talk)
        self.counters = sorted(self.numbers)
        human = [v for v in self.counters if not v.startswith("espeak")]
        self.weights = np.array([6.0 if v in human else 1.0 for v in self.counters])
        self.weights /= self.weights.sum()
        self.talk_weights = np.array(
            [1.0 if v.startswith("espeak") else 8.0 for v in self.talkers], dtype=float
        )
        self.talk_weights /= self.talk_weights.sum()


def stretch(audio: np.ndarray, factor: float) -> np.ndarray:
    """Play faster (factor over 1) or slower: pitch, formants and pace change together."""
    return np.asarray(soxr.resample(audio, factor, 1.0, quality="LQ"), np.float32)


def voiced(audio: np.ndarray) -> np.ndarray:
    """Return, for each whole frame, whether it holds voice, short pauses included."""
    count = len(audio) // FRAME
    power = np.mean(np.square(audio[: count * FRAME].reshape(-1, FRAME)), axis=1)
    loud: np.ndarray = power > power.max(initial=0.0) * 10**-3.0
    for a, b in itertools.pairwise(np.flatnonzero(loud)):
        if b - a <= CLOSE:
            loud[a:b] = True
    return loud


MOODS = {
    "usual": {"mixed": 0.42, "digits": 0.18, "talk": 0.27, "few": 0.13},
    "hard": {"mixed": 0.25, "digits": 0.1, "talk": 0.35, "few": 0.3},
}
"""Shares of the kinds of clips; in hard ones half of the talk is easily taken for a number."""


def clip(
    rng: np.random.Generator,
    pools: Pools,
    noises: list[np.ndarray],
    seconds: float,
    kind: str = "usual",
) -> Clip:
    """Return one clip on a canvas of ``seconds``, of one of the ``MOODS``."""
    canvas = round(seconds * RATE)
    tail = float(rng.choice([0.5, 0.5, 1.0, 2.5]))
    room = canvas - round(tail * RATE)
    if rng.random() < 0.25:
        room = round(room * rng.uniform(0.3, 1.0))
    audio = np.zeros(room, np.float32)
    labels = np.zeros(canvas // FRAME, np.int8)
    words: list[int] | None = []
    voice = str(rng.choice(pools.counters, p=pools.weights))
    talker = voice if voice in pools.talk else str(rng.choice(pools.talkers, p=pools.talk_weights))
    moods = MOODS[kind]
    mood = str(rng.choice(list(moods), p=list(moods.values())))
    if mood == "talk":
        talker = str(rng.choice(pools.talkers, p=pools.talk_weights))
    pace = rng.uniform(0.87, 1.15) if rng.random() < 0.8 else rng.uniform(0.75, 1.3)
    at = round(rng.uniform(0.05, 0.5) * RATE) if rng.random() < 0.6 else 0
    first = True
    while at < room:
        share = {"mixed": 0.6, "digits": 0.95, "talk": 0.0, "few": 0.25}[mood]
        number = rng.random() < share
        classes: tuple[int, ...] | None
        if number:
            group, classes = _number(rng, pools, voice)
        else:
            trap = kind == "hard" and talker in pools.hard and rng.random() < 0.5
            piece = _one(rng, (pools.hard if trap else pools.talk)[talker])
            group = piece.audio.astype(np.float32) / 32_768
            classes = piece.classes
        sound = stretch(group, pace)
        begin = 0
        if first and rng.random() < 0.15:
            begin = int(rng.integers(len(sound)))
            if classes:
                words = None
        first = False
        sound = sound[begin:]
        if at + len(sound) > room:
            if number and rng.random() < 0.8:  # most numbers are heard to their end
                break
            sound = sound[: room - at]
            if classes:
                words = None
        gain = np.float32(10 ** (rng.uniform(-3, 3) / 20))
        audio[at : at + len(sound)] += sound * gain
        loud = voiced(sound)
        a = -(-at // FRAME)
        inside = labels[a : a + len(loud)]
        mark = np.int8(NUMBER if number else TALK)
        inside[loud[: len(inside)] & (inside != NUMBER)] = mark
        words = None if words is None or classes is None else [*words, *classes]
        low, high = (0.0, 0.12) if rng.random() < 0.35 else (0.12, 1.0)
        at += len(sound) + round(rng.uniform(low, high) * RATE)
    audio = spoil(audio, rng, noises, pools)
    full = np.zeros(canvas, np.float32)
    full[:room] = audio[:room]
    return Clip(full, room, labels, None if words is None else tuple(words))


def _one(rng: np.random.Generator, pieces: list[Piece]) -> Piece:
    return pieces[int(rng.integers(len(pieces)))]


def _number(
    rng: np.random.Generator, pools: Pools, voice: str
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Return a number phrase of one voice; recorded single digits are put in a row."""
    if not voice.startswith("fsdd"):
        piece = _one(rng, pools.numbers[voice])
        return piece.audio.astype(np.float32) / 32_768, piece.classes or ()
    count = int(rng.choice([1, 2, 3, 4, 4, 4, 5, 6, 7]))
    said: list[int] = []
    row: np.ndarray = np.zeros(0, np.float32)
    tight = rng.random() < 0.6
    for n in range(count):
        piece = _one(rng, pools.numbers[voice])
        said += piece.classes or ()
        sound = piece.audio.astype(np.float32) / 32_768
        if not n:
            row = sound
        elif tight:
            over = min(round(rng.uniform(0.0, 0.05) * RATE), len(sound) // 3, len(row) // 3)
            fade = np.linspace(0, 1, over, dtype=np.float32)
            joint = row[len(row) - over :] * (1 - fade) + sound[:over] * fade
            row = np.concatenate((row[: len(row) - over], joint, sound[over:]))
        else:
            gap = np.zeros(round(rng.uniform(0.02, 0.25) * RATE), np.float32)
            row = np.concatenate((row, gap, sound))
    return row, tuple(said)


def spoil(
    audio: np.ndarray, rng: np.random.Generator, noises: list[np.ndarray], pools: Pools
) -> np.ndarray:
    """Return the audio as it comes out of a telephone, at 16 kHz, about the same length."""
    codec = str(rng.choice(CODECS))
    line: np.ndarray = audio if codec == "wide" else soxr.resample(audio, RATE, LINE)
    rate = RATE if codec == "wide" else LINE
    level = float(np.sqrt(np.mean(np.square(line[np.abs(line) > 0.01])))) if len(line) else 0.0
    level = level if np.isfinite(level) and level > 0 else 0.08
    if codec != "wide" and rng.random() < 0.7:
        line = _band(line, rate, rng.uniform(150, 350), rng.uniform(3000, 3600))
    if rng.random() < 0.7:
        line = line + _noise(len(line), rate, rng, noises, pools) * np.float32(
            level * 10 ** (-rng.uniform(1, 32) / 20)
        )
    if rng.random() < 0.15:
        echo = _babble(len(line), rate, rng, pools, 1)
        line = line + echo * np.float32(level * 10 ** (-rng.uniform(12, 30) / 20))
    line = line * np.float32(10 ** (rng.uniform(-26, 6) / 20))
    if rng.random() < 0.06:
        line = line * np.float32(rng.uniform(3, 8))
    line = np.clip(line, -1, 1).astype(np.float32)
    if codec != "wide":
        line = _coded(line, codec)
    if rng.random() < 0.25:
        line = _lose(line, rate, rng)
    return line if rate == RATE else np.asarray(soxr.resample(line, LINE, RATE), np.float32)


def _coded(line: np.ndarray, codec: str) -> np.ndarray:
    buffer = io.BytesIO()
    sf.write(buffer, line, LINE, format="WAV", subtype=codec)
    buffer.seek(0)
    out = sf.read(buffer, dtype="float32")[0][: len(line)]
    return np.pad(out, (0, len(line) - len(out)))


def _lose(line: np.ndarray, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Lose 20 ms packets at 1-5 %, concealed by the one before, or by silence."""
    size = rate // 50
    line = line.copy()
    share, conceal = rng.uniform(0.01, 0.05), rng.random() < 0.7
    for n in np.flatnonzero(rng.random(len(line) // size) < share):
        before = line[(n - 1) * size : n * size] if n else np.zeros(size, np.float32)
        line[n * size : (n + 1) * size] = before / 2 if conceal else 0
    return line


def _band(line: np.ndarray, rate: int, low: float, high: float) -> np.ndarray:
    spectrum = np.fft.rfft(line)
    frequency = np.fft.rfftfreq(len(line), 1 / rate)
    gain = np.clip((frequency - low + 80) / 80, 0, 1) * np.clip(
        (high + 120 - frequency) / 120, 0, 1
    )
    return np.fft.irfft(spectrum * gain, len(line)).astype(np.float32)


def _unit(noise: np.ndarray) -> np.ndarray:
    rms = float(np.sqrt(np.mean(np.square(noise)))) or 1.0
    return (noise / rms).astype(np.float32)


def _noise(
    length: int, rate: int, rng: np.random.Generator, noises: list[np.ndarray], pools: Pools
) -> np.ndarray:
    kind = rng.choice(["white", "pink", "brown", "hum", "music", "babble"])
    if kind == "music" and noises:
        music = noises[int(rng.integers(len(noises)))]
        at = int(rng.integers(max(1, len(music) - 2 * length)))
        part = music[at : at + (length if rate == LINE else length // 2 + 1)]
        part = part if rate == LINE else soxr.resample(part, LINE, RATE)
        return _unit(np.resize(part, length))
    if kind == "babble":
        return _unit(_babble(length, rate, rng, pools, int(rng.integers(2, 6))))
    if kind == "hum":
        time = np.arange(length) / rate
        base = float(rng.choice([50, 60]))
        hum = sum(np.sin(2 * np.pi * base * k * time) / k for k in range(1, 12))
        return _unit(hum + 0.3 * rng.standard_normal(length))
    slope = {"white": 0.0, "pink": 0.5, "brown": 1.0}.get(str(kind), 0.5)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.maximum(np.arange(len(spectrum)), 4) ** slope
    return _unit(np.fft.irfft(spectrum, length))


def _babble(
    length: int, rate: int, rng: np.random.Generator, pools: Pools, voices: int
) -> np.ndarray:
    mixed = np.zeros(length, np.float32)
    for _ in range(voices):
        piece = _one(rng, pools.talk[str(rng.choice(pools.talkers, p=pools.talk_weights))])
        sound = piece.audio.astype(np.float32) / 32_768
        if rate == LINE:
            sound = soxr.resample(sound, RATE, LINE, quality="LQ")
        at = int(rng.integers(-length // 2, length))
        a, b = max(at, 0), min(at + len(sound), length)
        if b > a:
            mixed[a:b] += sound[a - at : b - at]
    return _unit(mixed) if np.any(mixed) else mixed
