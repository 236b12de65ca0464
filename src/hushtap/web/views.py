"""What pages show: turns of a transcript, redactions by name, times as people read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from hushtap.timeline import to_samples, to_seconds
from hushtap.values import Entity, Finding, TranscriptWord
from hushtap.vault.recordings import REVIEWED, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.vault.recordings import Playback, RecordingInfo
    from hushtap.web.review import Flag

NAMES: Final = {
    Entity.CREDIT_CARD: "Card number",
    Entity.CVV: "Security code",
    Entity.EXPIRY: "Expiry date",
    Entity.US_SSN: "SSN",
    Entity.BANK_ACCOUNT: "Bank account",
    Entity.ROUTING_NUMBER: "Routing number",
    Entity.PIN: "PIN",
    Entity.DATE_OF_BIRTH: "Date of birth",
    Entity.PHONE: "Phone number",
    Entity.EMAIL: "E-mail",
    Entity.KEYPAD: "Keys pressed",
    Entity.UNHEARD: "Not cleared",
}
_TURN_S: Final = 1.5
"""A pause that begins a new line of the transcript."""


@dataclass(frozen=True, slots=True)
class Redaction:
    """A muted stretch, in seconds; ``number`` counts from 1 in order of time."""

    number: int
    channel: int
    start: float
    end: float
    entity: Entity
    name: str
    why: str
    muted: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A word, or a muted stretch in its place; in seconds."""

    start: float
    end: float
    text: str = field(repr=False)
    entity: Entity | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side says in one go."""

    channel: int
    start: float
    words: tuple[Said, ...]


def redactions(playback: Playback, waiting: Sequence[Flag] = ()) -> list[Redaction]:
    """Return what is muted, and what was flagged and waits to be, in order of time."""
    rate = playback.audio_format.sample_rate
    flagged = [Finding(flag.entity, flag.span, flag.channel, 1.0, REVIEWED) for flag in waiting]
    found = sorted([*playback.findings, *flagged], key=lambda one: (one.span, one.channel))
    return [
        Redaction(
            number=number,
            channel=one.channel,
            start=to_seconds(one.span.start, rate),
            end=to_seconds(one.span.end, rate),
            entity=one.entity,
            name=NAMES[one.entity],
            why=why(one),
            muted=one.muted,
        )
        for number, one in enumerate(found, start=1)
    ]


def why(finding: Finding) -> str:
    """Return in a few words why something was muted."""
    if finding.source == REVIEWED:
        return "flagged by a person"
    if finding.entity is Entity.UNHEARD:
        return f"nobody could clear it: {finding.source.replace('_', ' ')}"
    ear, _, rule = finding.source.partition(":")
    ears = {"words": "heard by the recogniser", "spotter": "heard by the digit spotter"}
    heard = ears.get(ear, "heard by both ears" if ear == "both" else ear)
    rules = {"asked": "asked for", "context": "mentioned before", "": ""}
    reason = rules.get(rule, rule.replace("-", " "))
    return f"{heard}{', ' if reason else ''}{reason}"


def transcript(playback: Playback, waiting: Sequence[Flag] = ()) -> list[Turn]:
    """Return the masked transcript in turns. A muted stretch is one word, whatever was in it."""
    rate = playback.audio_format.sample_rate
    turns: list[list[TranscriptWord]] = []
    for word in sorted(playback.words, key=lambda one: (one.span.start, one.channel)):
        last = turns[-1][-1] if turns else None
        pause = to_samples(_TURN_S, rate)
        if last is None or last.channel != word.channel or word.span.start > last.span.end + pause:
            turns.append([word])
        else:
            turns[-1].append(word)
    return [
        Turn(turn[0].channel, to_seconds(turn[0].span.start, rate), _said(turn, rate, waiting))
        for turn in turns
    ]


def _said(turn: list[TranscriptWord], rate: int, waiting: Sequence[Flag]) -> tuple[Said, ...]:
    said: list[Said] = []
    for word in turn:
        near = to_samples(0.3, rate)
        flag = next(
            (
                one
                for one in waiting
                if one.channel == word.channel and one.span.pad(near, near).overlaps(word.span)
            ),
            None,
        )
        entity = flag.entity if flag is not None else _masked(word.text)
        start, end = (to_seconds(at, rate) for at in (word.span.start, word.span.end))
        if entity is not None and said and said[-1].entity is entity:
            said[-1] = Said(said[-1].start, end, said[-1].text, entity)
        else:
            said.append(Said(start, end, NAMES[entity] if entity else word.text, entity))
    return tuple(said)


def _masked(text: str) -> Entity | None:
    inner = text.strip(".,;:!? ")
    if inner.startswith("[") and inner.endswith("]") and inner[1:-1] in list(Entity):
        return Entity(inner[1:-1])
    return None


def clock(seconds: float) -> str:
    """Return ``m:ss``, or ``h:mm:ss`` from an hour on."""
    whole = int(seconds)
    minutes, hours = whole // 60 % 60, whole // 3600
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def tenths(seconds: float) -> str:
    """Return the same with tenths."""
    return f"{clock(seconds)}.{int(seconds * 10) % 10}"


def long_time(seconds: float) -> str:
    """Return a sum of lengths in hours or minutes."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def when(moment: datetime | float) -> datetime:
    """Return a time in UTC."""
    return datetime.fromtimestamp(moment, UTC) if isinstance(moment, float) else moment


def length(info: RecordingInfo) -> float:
    """Return the seconds of a recording."""
    return info.samples / info.audio_format.sample_rate


def found(info: RecordingInfo) -> list[tuple[str, str, int]]:
    """Return (entity, its name, how often) of what a recording had muted."""
    known = set(Entity)
    return [
        (entity, NAMES[Entity(entity)] if entity in known else entity, count)
        for entity, count in sorted(info.findings.items())
        if count
    ]


def playable(info: RecordingInfo) -> bool:
    """Return whether there is anything to listen to."""
    return info.state in {State.CLOSED, State.INTERRUPTED} and info.samples > 0


FILTERS: Final[dict[str, Any]] = {
    "clock": clock,
    "tenths": tenths,
    "long_time": long_time,
    "when": when,
    "seconds": length,
    "found": found,
    "playable": playable,
}
