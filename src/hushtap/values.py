"""Every type that crosses a stage: frozen, slotted, and silent about what was said.

Samples are int16 NumPy arrays of shape ``(n,)``; positions are samples of the
call's own clock (``AudioFormat.sample_rate``), the same for all its channels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hushtap.timeline import Span

Samples: TypeAlias = NDArray[np.int16]
"""Mono audio, shape ``(n,)``."""

MIN_RATE = 8_000
MAX_RATE = 48_000
MAX_CHANNELS = 2


class Entity(StrEnum):
    """What a finding is. The first four are sensitive in the default policy."""

    CREDIT_CARD = "CREDIT_CARD"
    CVV = "CVV"
    EXPIRY = "EXPIRY"
    US_SSN = "US_SSN"
    BANK_ACCOUNT = "BANK_ACCOUNT"
    ROUTING_NUMBER = "ROUTING_NUMBER"
    PIN = "PIN"
    DATE_OF_BIRTH = "DATE_OF_BIRTH"
    PHONE = "PHONE"
    EMAIL = "EMAIL"
    KEYPAD = "KEYPAD"
    """Keys pressed: muted whatever they were, which is never worked out."""
    UNHEARD = "UNHEARD"
    """Audio that no ear could clear in time: muted, whatever it held."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """How the samples of a call are to be read: rate in Hz, number of channels.

    Raises:
        ValueError: outside 8-48 kHz or 1-2 channels.
    """

    sample_rate: int
    channels: int

    def __post_init__(self) -> None:
        """Refuse what the ears were not built for."""
        if not MIN_RATE <= self.sample_rate <= MAX_RATE:
            msg = f"sample rate {self.sample_rate} Hz is outside {MIN_RATE}-{MAX_RATE} Hz"
            raise ValueError(msg)
        if not 1 <= self.channels <= MAX_CHANNELS:
            msg = f"{self.channels} channels; Hushtap takes 1 or {MAX_CHANNELS}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, eq=False)
class PcmChunk:
    """Raw audio of one channel. Not to be written anywhere: see ``RedactedChunk``.

    ``keys``: where keys were pressed on this channel, as the signalling tells. They may
    begin shortly before the chunk (``hushtap.keypad.BEFORE_S``), and end after it.
    """

    channel: int
    span: Span
    samples: Samples = field(repr=False)
    keys: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        """Hold span and samples together."""
        _check_samples(self.span, self.samples)


@dataclass(frozen=True, slots=True, eq=False)
class RedactedChunk:
    """Audio of one channel after its mutes. Only ``hushtap.holdback`` makes these.

    The vault and every writer accept nothing else, and no conversion from
    ``PcmChunk`` exists: raw audio at a writer is a type error.
    """

    channel: int
    span: Span
    samples: Samples = field(repr=False)

    def __post_init__(self) -> None:
        """Hold span and samples together."""
        _check_samples(self.span, self.samples)


def _check_samples(span: Span, samples: Samples) -> None:
    if samples.dtype != np.int16 or samples.shape != (len(span),):
        msg = f"a span of {len(span)} needs as many int16 samples, not {samples.shape}"
        raise ValueError(msg)


class HeardBy(StrEnum):
    """Which ear a word comes from."""

    WORDS = "words"
    SPOTTER = "spotter"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. Its repr hides the text; ``probability`` is 0 to 1."""

    text: str = field(repr=False)
    span: Span
    probability: float = 1.0
    by: HeardBy = HeardBy.WORDS


@dataclass(frozen=True, slots=True)
class Finding:
    """A span that was judged: what it is and why, never what was said.

    ``score`` is 0 to 1; ``source`` names the ear or rule (``words``, ``loop``,
    ``late`` ...); ``muted`` tells whether the policy silenced it.
    """

    entity: Entity
    span: Span
    channel: int
    score: float
    source: str
    muted: bool = True


@dataclass(frozen=True, slots=True)
class Mute:
    """A span of one channel that must not be heard, and the entity that says so."""

    channel: int
    span: Span
    entity: Entity


@dataclass(frozen=True, slots=True)
class Plan:
    """What may be released: every mute known so far and, per channel, the watermark.

    Samples before ``cleared_until[channel]`` are final. It never goes back.
    """

    mutes: tuple[Mute, ...]
    cleared_until: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TranscriptWord:
    """A word of the redacted transcript: ``text`` is ``[CREDIT_CARD]`` where it was muted.

    Safe to store sealed; like all text it stays out of logs (hidden repr).
    """

    channel: int
    span: Span
    text: str = field(repr=False)


class MuteStyle(StrEnum):
    """What stands in place of muted audio."""

    SILENCE = "silence"
    BEEP = "beep"
    NOISE = "noise"
