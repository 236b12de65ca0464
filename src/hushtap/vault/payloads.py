"""What segments hold: runs of samples, and notes in JSON. All of it redacted.

Audio is a sequence of runs, each one channel's samples from a position on, so
that one channel may be ahead of the other. Notes are words and findings.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hushtap.timeline import Span
from hushtap.values import Entity, Finding, Samples, TranscriptWord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_RUN = struct.Struct("<BQI")


@dataclass(frozen=True, slots=True)
class Opening:
    """What is known when a recording begins. ``started`` is UTC in ISO 8601.

    ``software`` is the version of Hushtap, ``models`` what heard the call (``models.identity``),
    empty where that was not told.
    """

    started: str
    source: str
    policy: str
    software: str
    models: str = ""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a recording ended: ``state``, segments before this one, samples per channel.

    ``digest`` is the SHA-256 of the file before this segment, in hex.
    """

    state: str
    segments: int
    samples: tuple[int, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Notes:
    """Words and findings since the notes before."""

    words: tuple[TranscriptWord, ...]
    findings: tuple[Finding, ...]


def pack_samples(samples: Samples) -> bytes:
    """Return ``samples`` as little-endian bytes: a copy."""
    return samples.astype("<i2").tobytes()


def pack_run(channel: int, start: int, packed: bytes | bytearray) -> bytes:
    """Return one run of packed samples of ``channel`` from position ``start`` on."""
    return _RUN.pack(channel, start, len(packed) // 2) + packed


def unpack_runs(payload: bytes) -> Iterator[tuple[int, int, Samples]]:
    """Yield (channel, start, samples) of each run. Raises ``ValueError``: not such bytes."""
    at = 0
    while at < len(payload):
        try:
            channel, start, count = _RUN.unpack_from(payload, at)
        except struct.error as error:
            raise ValueError(str(error)) from None
        at += _RUN.size
        yield channel, start, np.frombuffer(payload, "<i2", count, at).astype(np.int16)
        at += 2 * count


def pack_notes(words: Iterable[TranscriptWord], findings: Iterable[Finding]) -> bytes:
    """Return words and findings as JSON."""
    return _json(
        {
            "words": [[int(w.channel), *_ends(w.span), w.text] for w in words],
            "findings": [
                [f.entity, int(f.channel), *_ends(f.span), float(f.score), f.source, bool(f.muted)]
                for f in findings
            ],
        }
    )


def unpack_notes(payload: bytes) -> Notes:
    """Return what ``pack_notes`` packed. Raises ``ValueError``, ``KeyError``, ``TypeError``."""
    notes = json.loads(payload)
    return Notes(
        tuple(
            TranscriptWord(channel=channel, span=Span(start, end), text=text)
            for channel, start, end, text in notes["words"]
        ),
        tuple(
            Finding(Entity(entity), Span(start, end), channel, score, source, muted)
            for entity, channel, start, end, score, source, muted in notes["findings"]
        ),
    )


def pack_record(record: Opening | Closing) -> bytes:
    """Return ``record`` as JSON."""
    return _json({name: getattr(record, name) for name in record.__slots__})


def unpack_opening(payload: bytes) -> Opening:
    """Return a packed ``Opening``. Raises ``ValueError``, ``KeyError``, ``TypeError``."""
    fields = json.loads(payload)
    # One of a later version may tell more.
    return Opening(**{name: fields[name] for name in Opening.__slots__ if name in fields})


def unpack_closing(payload: bytes) -> Closing:
    """Return a packed ``Closing``. Raises ``ValueError``, ``KeyError``, ``TypeError``."""
    fields = json.loads(payload)
    return Closing(**(fields | {"samples": tuple(fields["samples"])}))


def _ends(span: Span) -> tuple[int, int]:
    return int(span.start), int(span.end)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
