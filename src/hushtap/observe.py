"""Metrics and logs that cannot carry text.

Everything here takes members of enumerations, numbers and the ids of
recordings; a free string is refused, by the type checker and again at run time.
So whatever was said, and whatever an exception quotes, has no way into a log.
"""

from __future__ import annotations

import logging
import math
import re
import threading
from collections import Counter
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reason(StrEnum):
    """Why audio was muted without having been judged, or a call ended early."""

    LATE = "late"
    """The ears did not answer within the deadline."""
    EARS_FULL = "ears_full"
    """More windows waited for the ears than they could hear in time."""
    EAR_FAILED = "ear_failed"
    """The ears raised an exception on this window."""
    BACKLOG_FULL = "backlog_full"
    """The tap brought audio faster than the session took it in."""
    STAGE_FAILED = "stage_failed"
    """A stage of the pipeline raised an exception: the rest of the call is silence."""
    SINK_FAILED = "sink_failed"
    """The recording could not be written: nothing more is."""
    TAP_FAILED = "tap_failed"
    """The tap could not be read on."""
    CANCELLED = "cancelled"
    """The session was cancelled while audio still waited."""


class Held(StrEnum):
    """What a released sample had to wait for."""

    SPEECH = "speech"
    NUMBER = "number"
    """A number was heard or asked for, or the sample was muted."""
    SILENCE = "silence"


class Queue(StrEnum):
    """The bounded queues. Depths of all but ``PACKETS`` and ``EARS`` are seconds of a channel."""

    PACKETS = "packets"
    """Datagrams of one call that came and were not yet looked at."""
    BACKLOG = "backlog"
    """Taken from the tap, not yet by the pipeline."""
    EARS = "ears"
    """Windows, of all sessions, that wait for the ears."""
    HELD = "held"
    """Held back until the plan clears them."""
    OUTPUT = "output"
    """Released and not yet fetched, where the session has no sink."""


# --- numbers


class Histogram:
    """Weighted values above zero in logarithmic bins, 2 % wide. Thread-safe.

    Memory does not grow: from ``LOWEST`` to ``HIGHEST``, values beyond count as these.
    """

    LOWEST: Final = 0.001
    HIGHEST: Final = 1_000.0
    _STEP: Final = math.log(1.02)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._weights: dict[int, float] = {}
        self.count = 0
        self.highest = 0.0

    def observe(self, value: float, weight: float = 1.0) -> None:
        """Add ``value`` with ``weight`` (such as: samples that waited so long)."""
        clipped = min(max(value, self.LOWEST), self.HIGHEST)
        with self._lock:
            index = round(math.log(clipped / self.LOWEST) / self._STEP)
            self._weights[index] = self._weights.get(index, 0.0) + weight
            self.count += 1
            self.highest = max(self.highest, value)

    def weights(self) -> Mapping[int, float]:
        """Return what was observed so far, to be given to ``quantile`` later."""
        with self._lock:
            return dict(self._weights)

    def quantile(self, share: float, *, since: Mapping[int, float] | None = None) -> float:
        """Return the value that ``share`` (0 to 1) of the weight does not exceed; NaN if empty.

        ``since``: of what was observed after ``weights`` returned it.
        """
        before = since or {}
        with self._lock:
            now = sorted(self._weights.items())
        bins = [(index, weight - before.get(index, 0.0)) for index, weight in now]
        bins = [(index, weight) for index, weight in bins if weight > 0]
        total = sum(weight for _, weight in bins)
        passed = 0.0
        for index, weight in bins:
            passed += weight
            if passed >= share * total:
                return min(self.LOWEST * math.exp(index * self._STEP), self.highest)
        return math.nan


class Metrics:
    """The numbers of one process. Thread-safe; every name is an enumeration's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fail_closed: Counter[Reason] = Counter()
        self._depth: dict[Queue, float] = dict.fromkeys(Queue, 0.0)
        self._deepest: dict[Queue, float] = dict.fromkeys(Queue, 0.0)
        self.release_delay = {held: Histogram() for held in Held}
        """Seconds from the arrival of a sample to its release, weighted by samples."""
        self.ear_delay = Histogram()
        """Seconds from the moment a window was due to the moment it was heard."""
        self.windows = 0
        """Windows that the ears heard."""
        self.batches = 0
        self.ear_seconds = 0.0
        """Seconds for which the ears computed."""
        self.heard_seconds = 0.0
        """Seconds of audio in the windows that they heard."""

    def failed_closed(self, reason: Reason, times: int = 1) -> None:
        """Count audio that was muted for ``reason``."""
        with self._lock:
            self._fail_closed[Reason(reason)] += times

    def heard(self, windows: int, audio_s: float, took_s: float) -> None:
        """Count one batch of the ears: its windows, their audio and the time it took, seconds."""
        with self._lock:
            self.windows += windows
            self.batches += 1
            self.heard_seconds += audio_s
            self.ear_seconds += took_s

    def depth(self, queue: Queue, depth: float) -> None:
        """Note how full a queue is now."""
        with self._lock:
            self._depth[Queue(queue)] = depth
            self._deepest[queue] = max(self._deepest[queue], depth)

    def now(self, queue: Queue) -> float:
        """Return how full a queue was when it was last noted."""
        return self._depth[queue]

    def deepest(self, queue: Queue) -> float:
        """Return how full a queue ever was."""
        return self._deepest[queue]

    @property
    def fail_closed(self) -> Mapping[Reason, int]:
        """How often audio was muted unjudged, by reason."""
        with self._lock:
            return dict(self._fail_closed)

    @property
    def real_time_factor(self) -> float:
        """Seconds that the ears compute for a second of window; NaN before the first."""
        return self.ear_seconds / self.heard_seconds if self.heard_seconds else math.nan

    def snapshot(self) -> dict[str, float]:
        """Return every number under a name, as ``release_delay_p50{held="speech"}``."""
        with self._lock:
            numbers = {
                "windows": float(self.windows),
                "batches": float(self.batches),
                "ear_seconds": self.ear_seconds,
                "heard_seconds": self.heard_seconds,
            }
            numbers |= {f'fail_closed{{reason="{r}"}}': float(self._fail_closed[r]) for r in Reason}
            numbers |= {f'depth{{queue="{q}"}}': self._depth[q] for q in Queue}
            numbers |= {f'deepest{{queue="{q}"}}': self._deepest[q] for q in Queue}
        for held, delays in self.release_delay.items():
            for percent in (50, 95, 99):
                name = f'release_delay_p{percent}{{held="{held}"}}'
                numbers[name] = delays.quantile(percent / 100)
        return numbers


# --- logs


@dataclass(frozen=True, slots=True)
class RecordingId:
    """The id of a recording: a time and random hexadecimal digits.

    Raises:
        ValueError: ``value`` has another form.
    """

    value: str

    def __post_init__(self) -> None:
        """Refuse whatever else might be passed off as an id."""
        if not re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", self.value, re.ASCII):
            raise ValueError("not the id of a recording")


class LogEvent(StrEnum):
    """All that may be logged."""

    OPENED = "opened"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"
    MUTED = "muted"
    FAILED_CLOSED = "failed_closed"
    LISTENER_FAILED = "listener_failed"
    ORDERED = "ordered"
    """Somebody outside armed, disarmed, muted or unmuted a call."""
    LISTENED = "listened"
    """Somebody began to listen to a call that is up."""
    STARTED = "started"
    DRAINING = "draining"
    STOPPED = "stopped"
    RELOADED = "reloaded"
    REFUSED = "refused"
    UNDELIVERED = "undelivered"
    """A webhook was not taken by its receiver."""


class Name(StrEnum):
    """The fields that a log line may have."""

    RECORDING = "recording"
    REASON = "reason"
    ENTITY = "entity"
    ERROR = "error"
    CHANNEL = "channel"
    CHANNELS = "channels"
    RATE = "rate"
    START = "start"
    END = "end"
    SAMPLES = "samples"
    SECONDS = "seconds"
    COUNT = "count"
    TAP = "tap"
    STATUS = "status"


Value: TypeAlias = Enum | bool | int | float | RecordingId | type[BaseException]

LONGEST_INTEGER: Final = 10**12
"""A day of samples is far below; a card number is not."""


class Log:
    """A logger of standard ``logging`` that takes no text.

    Lines read ``event field=value ...``; an exception is told by its class alone,
    for its message may quote what was said.
    """

    def __init__(self, module: str) -> None:
        self._logger = logging.getLogger(module)

    def info(self, event: LogEvent, fields: Mapping[Name, Value] | None = None) -> None:
        """Log what is expected. Raises ``TypeError``, ``ValueError``: see ``write``."""
        self.write(logging.INFO, event, fields or {})

    def warning(self, event: LogEvent, fields: Mapping[Name, Value] | None = None) -> None:
        """Log what somebody should look at. Raises ``TypeError``, ``ValueError``: see ``write``."""
        self.write(logging.WARNING, event, fields or {})

    def write(self, level: int, event: LogEvent, fields: Mapping[Name, Value]) -> None:
        """Log ``event`` at ``level`` of ``logging``.

        Raises:
            TypeError: a field is none of ``Name``, or its value is of another type than ``Value``.
            ValueError: an integer is so long that it might be a number that was said.
        """
        parts = [LogEvent(event).value]
        parts += [f"{_name(name)}={_text(value)}" for name, value in fields.items()]
        self._logger.log(level, "%s", " ".join(parts))


def _name(name: Name) -> str:
    if not isinstance(name, Name):
        raise TypeError("a field of a log line is a member of Name")
    return name.value


def _text(value: Value) -> str:
    if isinstance(value, Enum):
        # Only members that our own modules define: their values are in the source.
        if not type(value).__module__.startswith("hushtap."):
            raise TypeError("a log line takes Hushtap's own enumerations only")
        return str(value.value)
    if isinstance(value, RecordingId):
        return value.value
    if isinstance(value, type) and issubclass(value, BaseException):
        return value.__name__
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        if abs(value) >= LONGEST_INTEGER:
            raise ValueError("an integer too long for a log line")
        return str(value)
    if isinstance(value, float):
        return f"{value:.3f}"
    raise TypeError(f"a log line takes no {type(value).__name__}")
