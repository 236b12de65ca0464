"""Two-channel calls put together from pieces of speech, with exact truth.

Number phrases are rendered on their own, never as part of a sentence: the truth
is the voiced extent of the piece, known to 10 ms, before the telephone spoils it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import soundfile as sf

import speech

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

AGENT, CALLER = 0, 1
SENSITIVE = frozenset({"CREDIT_CARD", "CVV", "EXPIRY", "US_SSN"})

SAID_BY_RECORDINGS = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Digits said in one breath: what they are, and the words they are said in."""

    digits: str
    said: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """One side of a call: who talks, at which speed, and who says the digits.

    ``digits`` names an FSDD speaker whose recordings stand in for every number;
    ``talk`` may then be empty, and all else that this side says is left out.
    """

    talk: str
    speed: float = 1.0
    digits: str = ""
    gain_db: float = 0.0


@dataclass(slots=True)
class Dialogue:
    """A call under construction. Turns follow each other; ``at`` is where the next one starts.

    Times are samples at 8 kHz. ``corpora`` is needed only by recorded digits.
    """

    speakers: tuple[Speaker, Speaker]
    rng: np.random.Generator
    corpora: Path | None = None
    at: int = speech.RATE // 2
    pieces: list[tuple[int, int, speech.Audio]] = field(default_factory=list)
    spans: list[dict[str, object]] = field(default_factory=list)
    numbers: int = 0

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
        self._place(channel, self._talk(channel, text))

    def aside(self, channel: int, text: str) -> None:
        """Add a short "mm-hmm" that the other side does not wait for to end."""
        if not self.speakers[channel].talk:
            return
        self.at += round(self.rng.uniform(0.05, 0.2) * speech.RATE)
        piece = self._talk(channel, text)
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
    ) -> None:
        """Add a number: a span of truth for each of its groups, joined by the field ``number``.

        ``between[i]`` is what the other side says after group ``i``, ``fillers[i]`` what
        this side says there; an empty text or a missing one is a pause of ``gap`` seconds.
        """
        self.pause(0.08, 0.25)
        for n, group in enumerate(groups):
            piece = self._digits(channel, group)
            recorded = " ".join(SAID_BY_RECORDINGS[int(digit)] for digit in group.digits)
            start = self._place(channel, piece)
            self.spans.append(
                {
                    "channel": channel,
                    "start": round(start / speech.RATE, 4),
                    "end": round((start + len(piece)) / speech.RATE, 4),
                    "entity": entity,
                    "sensitive": entity in SENSITIVE,
                    "text": group.digits,
                    "said": recorded if self.speakers[channel].digits else group.said,
                    "number": self.numbers,
                }
            )
            if n + 1 == len(groups):
                break
            if n < len(between) and between[n]:
                self.aside(1 - channel, between[n])
            if n < len(fillers) and fillers[n] and self.speakers[channel].talk:
                self.pause(0.1, 0.3)
                self._place(channel, self._talk(channel, fillers[n]))
            self.pause(*gap)
        self.numbers += 1

    def mix(self) -> NDArray[np.float32]:
        """Return the call so far, shape ``(n, 2)``, with half a second of silence at the end."""
        end = max((at + len(piece) for at, _, piece in self.pieces), default=0)
        mixed = np.zeros((end + speech.RATE // 2, 2), np.float32)
        for at, channel, piece in self.pieces:
            mixed[at : at + len(piece), channel] += piece
        return mixed

    def truth(self) -> dict[str, object]:
        """Return the truth of the call, as it is written beside its audio."""
        spans = sorted(self.spans, key=lambda span: (span["start"], span["channel"]))
        return {"sample_rate": speech.RATE, "channels": 2, "spans": spans}

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
        sf.write(path, np.stack(line, axis=1), speech.RATE, subtype=subtype)
        text = json.dumps(self.truth(), indent=1)
        path.with_suffix(".json").write_text(text + "\n", encoding="utf-8")

    def _talk(self, channel: int, text: str) -> speech.Audio:
        speaker = self.speakers[channel]
        gain = np.float32(10 ** (speaker.gain_db / 20))
        return speech.say(text, speaker.talk, speaker.speed) * gain

    def _digits(self, channel: int, group: Group) -> speech.Audio:
        speaker = self.speakers[channel]
        if not speaker.digits:
            return self._talk(channel, group.said)
        if self.corpora is None:
            msg = "recorded digits need the folder that holds fsdd/; give it as --corpora"
            raise FileNotFoundError(msg)
        piece, _ = speech.splice_digits(group.digits, speaker.digits, self.corpora, self.rng)
        return piece * np.float32(10 ** (speaker.gain_db / 20))

    def _place(self, channel: int, piece: speech.Audio) -> int:
        """Put a piece at ``at``, or right after what its own side is still saying."""
        busy = [at + len(old) for at, side, old in self.pieces if side == channel]
        start = max(self.at, *busy, 0) if busy else self.at
        self.pieces.append((start, channel, piece))
        self.at = start + len(piece)
        return start
