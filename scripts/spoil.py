"""What telephones and people do to a call: overlap, noise, lost packets, GSM.

Every line, the clean one included, is G.711 with a hiss ``HISS_DB`` below the
speech. A condition adds one thing to the same dialogue:

- ``overlap``: the other side talks from inside the groups of the numbers on, in its
  own channel; in some calls that is heard in the number's channel too.
- ``noise``: 10 dB below the speech, in turn pink, the babble of other people, music.
- ``loss``: 2 % of the packets, concealed by the one before, halved.
- ``gsm``: GSM 06.10 full rate, and G.711 after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile as sf
import soxr

import phrases
import small_talk
import speech

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from dialogue import Dialogue, Piece

CONDITIONS = ("clean", "overlap", "noise", "loss", "gsm")
CODECS = ("ULAW", "ALAW")
NOISES = ("pink", "babble", "music")
HISS_DB = 45.0
NOISE_DB = 10.0
LOSS = 0.02
OVERLAPPED, IN_SENTENCES = 0.6, 0.7
"""Share of the groups of a number that are talked over (at least one of each),
and how often by a sentence, where there is room for one, rather than by "mm-hmm"."""
CROSSTALK_EVERY, CROSSTALK_CALLS = 5, 2
CROSSTALK_DB = (12.0, 20.0)
MUSIC = Path("/usr/share/asterisk/moh")
SETTLE = speech.RATE // 10
"""Samples left free before the next words of the side that talks over."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is heard around the calls of one split: the voices of the babble, the music."""

    babblers: tuple[str, ...]
    music: tuple[str, ...]


def over_the_line(
    call: Dialogue,
    condition: str,
    number: int,
    around: Surroundings,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int16], dict[str, object]]:
    """Return call ``number`` as it leaves the line, shape ``(n, 2)``, and the facts of that.

    Calls last whole seconds: Fourier transforms of such lengths are fast.
    """
    codec = CODECS[number % len(CODECS)]
    crosstalk = None
    over: list[Piece] = []
    if condition == "overlap":
        over = talk_over(call, rng)
        if number % CROSSTALK_EVERY < CROSSTALK_CALLS:
            crosstalk = round(rng.uniform(*CROSSTALK_DB), 1)
    echo = [] if crosstalk is None else [heard_across(call, piece, crosstalk) for piece in over]
    sides = call.mix((*over, *echo)).T
    sides = np.pad(sides, ((0, 0), (0, -sides.shape[1] % speech.RATE)))
    noise = NOISES[number % len(NOISES)] if condition == "noise" else None
    if noise:
        sides = np.stack([noisy(side, noise, call.render, around, rng) for side in sides])
    loss = LOSS if condition == "loss" else 0.0
    line = [speech.telephone(side, rng, codec, HISS_DB, loss) for side in sides]
    if condition == "gsm":
        line = [speech.transcode(speech.transcode(side, "GSM610"), codec) for side in line]
    facts: dict[str, object] = {
        "condition": condition,
        "codec": f"GSM610+{codec}" if condition == "gsm" else codec,
        "snr_db": NOISE_DB if noise else None,
        "noise": noise,
        "loss": loss,
        "overlap": condition == "overlap",
        "crosstalk_db": None if crosstalk is None else -crosstalk,
    }
    return np.stack(line, axis=1), facts


def talk_over(call: Dialogue, rng: np.random.Generator) -> list[Piece]:
    """Return words of the other side that start inside the groups of every number."""
    added: list[Piece] = []
    for first, *others in _groups_of_numbers(call):
        groups = [first, *(group for group in others if rng.random() < OVERLAPPED)]
        for channel, start, end in groups:
            other = 1 - channel
            if not call.speakers[other].talk:
                continue
            at = start + round(rng.uniform(0.1, 0.7) * (end - start))
            room = _room(at, other, (*call.pieces, *added))
            talkative = rng.random() < IN_SENTENCES
            long = rng.permutation(len(small_talk.ONLY_WORDS))
            short = rng.permutation(len(phrases.BACKCHANNELS))
            texts = (
                *(small_talk.ONLY_WORDS[n] for n in long if talkative),
                *(phrases.BACKCHANNELS[n] for n in short),
            )
            pieces = (call.talk(other, text) for text in texts)
            fitting = next((piece for piece in pieces if len(piece) + SETTLE < room), None)
            if fitting is not None:
                added.append((at, other, fitting))
    return added


def _groups_of_numbers(call: Dialogue) -> list[list[tuple[int, int, int]]]:
    """Return channel, start and end in samples of the groups of every number."""
    numbers: dict[object, list[tuple[int, int, int]]] = {}
    for span in call.spans:
        start, end = (round(float(str(span[edge])) * speech.RATE) for edge in ("start", "end"))
        numbers.setdefault(span["number"], []).append((int(str(span["channel"])), start, end))
    return list(numbers.values())


def _room(at: int, channel: int, pieces: Sequence[Piece]) -> int:
    """Return how many samples from ``at`` on are free on a channel; none inside a piece."""
    mine = [(start, start + len(piece)) for start, side, piece in pieces if side == channel]
    if any(start - SETTLE < at < end + SETTLE for start, end in mine):
        return 0
    return min((start - at for start, _ in mine if start >= at), default=10 * speech.RATE)


def heard_across(call: Dialogue, piece: Piece, below_db: float) -> Piece:
    """Return a piece as the other channel hears it: ``below_db`` under that side's speech."""
    at, channel, samples = piece
    gain = 10 ** ((call.speakers[1 - channel].gain_db - below_db) / 20) * speech.LEVEL
    return at, 1 - channel, speech.level(samples, gain)


def noisy(
    side: speech.Audio,
    noise: str,
    render: Callable[[str, str, float], speech.Audio],
    around: Surroundings,
    rng: np.random.Generator,
) -> speech.Audio:
    """Return one side of a call in noise ``NOISE_DB`` below its speech."""
    if noise == "pink":
        bed = speech.pink(len(side), rng)
    elif noise == "babble":
        bed = babble(len(side), render, around.babblers, rng)
    else:
        bed = music(len(side), around.music, rng)
    bed = speech.band_limit(bed)
    loud = (speech.active_rms(side) or speech.LEVEL) * 10 ** (-NOISE_DB / 20)
    rms = float(np.sqrt(np.mean(np.square(bed, dtype=np.float64))))
    return side + bed * np.float32(loud / rms)


def babble(
    length: int,
    render: Callable[[str, str, float], speech.Audio],
    voices: tuple[str, ...],
    rng: np.random.Generator,
) -> speech.Audio:
    """Return the talk of several people at once, without number words."""
    texts = [answer for _, answer in small_talk.TALK]
    bed = np.zeros(length, np.float32)
    for voice in voices:
        at = -int(rng.integers(2 * speech.RATE))
        while at < length:
            piece = render(texts[int(rng.integers(len(texts)))], voice, 1.0)
            heard = piece[max(-at, 0) : length - at]
            bed[max(at, 0) : max(at, 0) + len(heard)] += heard
            at += len(piece) + int(rng.integers(speech.RATE // 3))
    return bed


def music(length: int, names: tuple[str, ...], rng: np.random.Generator) -> speech.Audio:
    """Return hold music from somewhere in one of the named recordings."""
    whole = _recording(MUSIC / f"{names[int(rng.integers(len(names)))]}.wav")
    start = int(rng.integers(max(len(whole) - length, 1)))
    return np.resize(whole[start:], length)


@lru_cache(maxsize=8)
def _recording(path: Path) -> speech.Audio:
    if not path.is_file():
        msg = f"no hold music {path}; apt-get install asterisk-moh-opsound-wav"
        raise FileNotFoundError(msg)
    samples, rate = sf.read(path, dtype="float32")
    return np.asarray(soxr.resample(samples, rate, speech.RATE), np.float32)
