"""A player of calls, a made voice, and ears that know what is said in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from hushtap.ears.engine import Heard
from hushtap.timeline import Span, to_samples
from hushtap.vad import EAR_RATE
from hushtap.values import PcmChunk, RedactedChunk, Samples, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hushtap.ears.windows import Window
    from hushtap.pipeline import Call

RATE = 8_000

Hear: TypeAlias = "Callable[[Window], Heard | None]"


class Player:
    """Plays audio into a call, chunk by chunk, and gathers what comes out."""

    def __init__(self, call: Call, audio: Samples, hear: Hear) -> None:
        self.call = call
        self._audio = audio
        self._hear = hear
        self.at = [0] * audio.shape[1]
        self.windows: list[tuple[int, Span, bool]] = []
        self.out: list[RedactedChunk] = []

    def play(self, channel: int, size: int) -> None:
        start = self.at[channel]
        part = self._audio[start : start + size, channel]
        self.at[channel] += len(part)
        self.call.feed(PcmChunk(channel, Span(start, start + len(part)), part))
        self.turn()

    def play_all(self, size: int) -> Player:
        while any(at < len(self._audio) for at in self.at):
            for channel in range(self._audio.shape[1]):
                self.play(channel, size)
        return self

    def finish(self) -> Player:
        self.call.finish()
        self.turn()
        return self

    def turn(self) -> None:
        for window in self.call.windows():
            self.windows.append((window.channel, window.span, window.final))
            self.call.heard(window, self._hear(window))
        self.out += self.call.released()

    def channel(self, channel: int) -> Samples:
        """What was written of the channel, in order and without a hole."""
        chunks = [c for c in self.out if c.channel == channel]
        at = 0
        for chunk in chunks:
            assert chunk.span.start == at
            at = chunk.span.end
        return np.concatenate([np.zeros(0, np.int16), *(c.samples for c in chunks)])


def voice(seconds: float, rate: int = RATE) -> Samples:
    """A buzz with the pitch, formants and syllables of speech: the detector takes it for one."""
    t = np.arange(round(seconds * rate)) / rate
    tone = sum(np.sin(2 * np.pi * 130 * n * t) / n for n in range(1, 20))
    return np.asarray(6_000 * tone * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * t)), np.int16)


def script(*said: tuple[str, float, float]) -> Hear:
    """An ear that knows which word is said from when to when, in seconds of the call."""

    def hear(window: Window) -> Heard:
        spans = [Span(to_samples(a, EAR_RATE), to_samples(b, EAR_RATE)) for _, a, b in said]
        words = [
            Word(f" {text}", span.shift(-window.span.start), 0.95)
            for (text, _, _), span in zip(said, spans, strict=True)
            if window.span.start <= span.start and span.end <= window.span.end
        ]
        return Heard(tuple(words), looped=False)

    return hear


NOTHING = script()


def mono(audio: Samples) -> Samples:
    return audio.reshape(-1, 1)


def with_keys(audio: Samples, places: Sequence[float], length: float = 0.08) -> list[Span]:
    """Add keys to one channel, in place, at so many seconds; return where they are."""
    t = np.arange(to_samples(length, RATE)) / RATE
    spans = []
    for i, at in enumerate(places):
        span = Span(to_samples(at, RATE), to_samples(at, RATE) + len(t))
        hertz = (697, 770, 852, 941)[i % 4], (1_209, 1_336, 1_477)[i % 3]
        audio[span.start : span.end] += sum(
            np.asarray(5_000 * np.sin(2 * np.pi * one * t), np.int16) for one in hertz
        )
        spans.append(span)
    return spans
