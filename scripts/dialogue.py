"""Two-channel calls put together from pieces of speech, with exact truth.

Number phrases are rendered on their own, never as part of a sentence: the truth
is the voiced extent of the piece, known to 10 ms, before the telephone spoils it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import soundfile as sf

import recorded
import speech

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

AGENT, CALLER = 0, 1
SENSITIVE = frozenset({"CREDIT_CARD", "CVV", "EXPIRY", "US_SSN"})

Piece: TypeAlias = tuple[int, int, speech.Audio]
"""Where a piece of speech starts, in samples, on which channel, and its audio."""


@dataclass(frozen=True, slots=True)
class Group:
    """Digits said in one breath: what they are, and the words they are said in."""

    digits: str
    said: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """One side of a call: who talks, at which speed, and who says the digits.

    ``digits`` names a recorded speaker who stands in for every number: ``allison``
    (telephone prompts) or one of FSDD's; ``talk`` may then be empty, and all else
    that this side says is left out. ``number_speed`` 0 reads numbers at ``speed``.
    """

    talk: str
    speed: float = 1.0
    digits: str = ""
    gain_db: float = 0.0
    number_speed: float = 0.0

    @property
    def reads(self) -> str:
        """Name the voice that says the numbers."""
        if not self.digits or self.digits == recorded.PROMPT_SPEAKER:
            return self.digits or self.talk
        return f"fsdd:{self.digits}"

    @property
    def voices(self) -> str:
        """Name the voices of this side: that of its talk and, after a slash, of its numbers."""
        return "/".join(dict.fromkeys(filter(None, (self.talk, self.reads))))


@dataclass(slots=True)
class Dialogue:
    """A call under construction. Turns follow each other; ``at`` is where the next one starts.

    Times are samples at 8 kHz. ``corpora`` is needed only by FSDD's digits. ``render``
    says a text in a voice at a speed; ``facts`` go into the truth beside the spans.
    """

    speakers: tuple[Speaker, Speaker]
    rng: np.random.Generator
    corpora: Path | None = None
    at: int = speech.RATE // 2
    pieces: list[Piece] = field(default_factory=list)
    spans: list[dict[str, object]] = field(default_factory=list)
    numbers: int = 0
    render: Callable[[str, str, float], speech.Audio] = speech.say
    facts: dict[str, object] = field(default_factory=dict)

    def pause(self, low: float, high: float) -> None:
        """Let between ``low`` and ``high`` seconds pass; negative: the next turn comes early."""
        latest = max((at + len(piece) for at, _, piece in self.pieces), default=0)
        step = round(self.rng.uniform(low, high) * speech.RATE)
        self.at = max(self.at + step, 0 if step > 0 else min(self.at, latest - speech.RATE))

    def say(self, channel: int, text: str) -> None:
        """Add a turn without numbers; one turn in six starts before the last one has ended."""
        if not text or not self.speakers[channel].talk:
            return
        early = self.pieces and self.pieces[-1][1] != channel and self.rng.random() < 1 / 6
        self.pause(*((-0.25, 0.0) if early else (0.15, 0.55)))
        self._place(channel, self.talk(channel, text))

    def aside(self, channel: int, text: str) -> None:
        """Add a short "mm-hmm" that the other side does not wait for to end."""
        if not self.speakers[channel].talk:
            return
        self.at += round(self.rng.uniform(0.05, 0.2) * speech.RATE)
        piece = self.talk(channel, text)
        self._place(channel, piece)
        self.at -= round(self.rng.uniform(0.0, 0.4) * len(piece))

    def number(
        self,
        channel: int,
        entity: str,
        groups: Sequence[Group],
        *,
        between: Sequence[str] = (),
        fillers: Sequence[str] = (),
        gap: tuple[float, float] = (0.25, 0.7),
        way: str = "",
        lead: tuple[float, float] = (0.08, 0.25),
    ) -> None:
        """Add a number: a span of truth for each of its groups, joined by the field ``number``.

        ``between[i]`` is what the other side says after group ``i``, ``fillers[i]`` what
        this side says there; an empty text or a missing one is a pause of ``gap`` seconds.
        ``way`` names the way of saying it: the truth then says so, whose voice it was, and
        where each recorded word lies. ``lead`` is the pause before the number.
        """
        self.pause(*lead)
        for n, group in enumerate(groups):
            said, piece, words = self._digits(channel, group)
            start = self._place(channel, piece)
            span: dict[str, object] = {
                "channel": channel,
                "start": _seconds(start),
                "end": _seconds(start + len(piece)),
                "entity": entity,
                "sensitive": entity in SENSITIVE,
                "text": group.digits,
                "said": said,
                "number": self.numbers,
            }
            if way:
                span["way"] = way
                span["voice"] = self.speakers[channel].reads
                if words:
                    span["words"] = [[_seconds(start + a), _seconds(start + b)] for a, b in words]
            self.spans.append(span)
            if n + 1 == len(groups):
                break
            if n < len(between) and between[n]:
                self.aside(1 - channel, between[n])
            if n < len(fillers) and fillers[n] and self.speakers[channel].talk:
                self.pause(0.1, 0.3)
                self._place(channel, self.talk(channel, fillers[n]))
            self.pause(*gap)
        self.numbers += 1

    def mix(self, also: Sequence[Piece] = ()) -> NDArray[np.float32]:
        """Return the call so far, shape ``(n, 2)``, with half a second of silence at the end.

        The pieces of ``also`` are heard too, and make no part of the call.
        """
        pieces = (*self.pieces, *also)
        end = max((at + len(piece) for at, _, piece in pieces), default=0)
        mixed = np.zeros((end + speech.RATE // 2, 2), np.float32)
        for at, channel, piece in pieces:
            mixed[at : at + len(piece), channel] += piece
        return mixed

    def truth(self) -> dict[str, object]:
        """Return the truth of the call, as it is written beside its audio."""
        spans = sorted(self.spans, key=lambda span: (span["start"], span["channel"]))
        return {"sample_rate": speech.RATE, "channels": 2, **self.facts, "spans": spans}

    def write(
        self,
        path: Path,
        codec: str = "ULAW",
        snr_db: float | None = None,
        loss: float = 0.0,
        subtype: str = "PCM_16",
    ) -> None:
        """Send both channels over the telephone and write ``path`` (WAV) and its truth."""
        sides = self.mix().T
        line = [speech.telephone(side, self.rng, codec, snr_db, loss) for side in sides]
        self.save(path, np.stack(line, axis=1), subtype=subtype)

    def save(
        self,
        path: Path,
        line: NDArray[np.int16],
        facts: dict[str, object] | None = None,
        subtype: str = "PCM_16",
    ) -> None:
        """Write what came off the line, shape ``(n, 2)``, and its truth with more ``facts``."""
        sf.write(path, line, speech.RATE, subtype=subtype)
        text = json.dumps({**self.truth(), **(facts or {})}, indent=1)
        path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")

    def talk(self, channel: int, text: str, speed: float = 0.0) -> speech.Audio:
        """Return a text in the voice of one side, at its level; ``speed`` 0 is its own."""
        speaker = self.speakers[channel]
        gain = np.float32(10 ** (speaker.gain_db / 20))
        return self.render(text, speaker.talk, speed or speaker.speed) * gain

    def _digits(
        self, channel: int, group: Group
    ) -> tuple[str, speech.Audio, list[tuple[int, int]]]:
        """Return the words of a group, their audio and, where recorded, each word's extent."""
        speaker = self.speakers[channel]
        if not speaker.digits:
            return group.said, self.talk(channel, group.said, speaker.number_speed), []
        said = recorded.wording(group.said, group.digits, speaker.digits)
        piece, extents = recorded.splice(said, speaker.digits, self.corpora, self.rng)
        return said, piece * np.float32(10 ** (speaker.gain_db / 20)), extents

    def _place(self, channel: int, piece: speech.Audio) -> int:
        """Put a piece at ``at``, or right after what its own side is still saying."""
        busy = [at + len(old) for at, side, old in self.pieces if side == channel]
        start = max(self.at, *busy, 0) if busy else self.at
        self.pieces.append((start, channel, piece))
        self.at = start + len(piece)
        return start


def _seconds(samples: int) -> float:
    return round(samples / speech.RATE, 4)
