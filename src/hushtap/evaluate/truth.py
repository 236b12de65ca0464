"""What a labelled call holds: where which number was said, and under what conditions.

Truth files are JSON: ``sample_rate``, ``channels`` and ``spans`` of ``channel``,
``start`` and ``end`` in seconds, ``entity`` and ``sensitive``; an optional
``number`` joins the spans (groups of digits) that are one number. Everything else
is optional too and only sorts the results: see docs/benchmark.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

UNKNOWN: Final = "-"
"""The group of what a truth file does not tell."""

SPEAKERS: Final = ("agent", "caller")
"""Who speaks on which channel; a call of one channel is named by its caller."""


@dataclass(frozen=True, slots=True)
class TruthSpan:
    """Where something was said, in seconds of the call; ``number`` joins groups of one number.

    ``way`` is how it was said and ``voice`` whose voice said it, ``digits`` how many
    digits it has (0: not told), ``words`` the start and end of each of its words.
    """

    channel: int
    start: float
    end: float
    entity: str | None
    sensitive: bool
    number: int
    way: str = UNKNOWN
    voice: str = UNKNOWN
    digits: int = 0
    words: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a call was made, each in a word to group by."""

    condition: str = UNKNOWN
    codec: str = UNKNOWN
    noise: str = UNKNOWN
    loss: str = UNKNOWN
    overlap: str = UNKNOWN


@dataclass(frozen=True, slots=True)
class Truth:
    """What a labelled call holds. The digits of the file are not kept."""

    sample_rate: int
    channels: int
    spans: tuple[TruthSpan, ...]
    conditions: Conditions = Conditions()


def load_truth(path: Path) -> Truth:
    """Read a truth file.

    Raises:
        UsageError: it is absent, is not JSON or lacks a field.
    """
    try:
        return truth_of(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        msg = f"{path}: cannot be read; every labelled call needs its truth beside it"
    except (ValueError, KeyError, TypeError, AttributeError):
        msg = f"{path}: not a truth file; it needs sample_rate, channels and spans as JSON"
    raise UsageError(msg)


def truth_of(data: Mapping[str, Any]) -> Truth:
    """Return what a truth file says, from its JSON.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    channels = int(data["channels"])
    voices = data.get("voices") or {}
    speakers = SPEAKERS if channels > 1 else SPEAKERS[1:]
    by_channel = dict(enumerate(voices.get(speaker) or UNKNOWN for speaker in speakers))
    spans = tuple(_span(span, at, by_channel) for at, span in enumerate(data["spans"]))
    return Truth(int(data["sample_rate"]), channels, spans, _conditions(data))


def _span(span: Mapping[str, Any], at: int, voices: Mapping[int, str]) -> TruthSpan:
    channel = int(span["channel"])
    return TruthSpan(
        channel=channel,
        start=float(span["start"]),
        end=float(span["end"]),
        entity=span["entity"],
        sensitive=bool(span["sensitive"]),
        number=int(span.get("number", -1 - at)),
        way=str(span.get("way") or UNKNOWN),
        voice=str(span.get("voice") or voices.get(channel, UNKNOWN)),
        digits=sum(c.isdigit() for c in str(span.get("text") or "")),
        words=tuple((float(start), float(end)) for start, end in span.get("words") or ()),
    )


def _conditions(data: Mapping[str, Any]) -> Conditions:
    kind = data.get("noise") or ""
    return Conditions(
        condition=_told(data, "condition", str),
        codec=_told(data, "codec", str),
        noise=_told(data, "snr_db", lambda snr: f"{kind} {float(snr):g} dB".strip()),
        loss=_told(data, "loss", _share),
        overlap=_told(data, "overlap", _share),
    )


def _told(data: Mapping[str, Any], key: str, name: Callable[[Any], str]) -> str:
    """Return the group of a call; ``null`` is known to be none of it."""
    if key not in data:
        return UNKNOWN
    value = data[key]
    return "none" if value is None else name(value)


def _share(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "none"
    if isinstance(value, (int, float)):
        return f"{100 * value:g} %" if value else "none"
    return str(value)
