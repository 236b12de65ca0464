"""A call that fails closed: whatever breaks inside it, what comes out is silence.

``Guarded`` has the methods of ``Call`` and none of its exceptions. After the
first one the call is abandoned: no audio of it leaves any more, only silence of
the right length, under a finding ``UNHEARD`` that says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import numpy as np

from hushtap.holdback import HoldBack
from hushtap.observe import Log, LogEvent, Name, Reason
from hushtap.timeline import Span
from hushtap.values import Entity, Finding, MuteStyle, PcmChunk, RedactedChunk, TranscriptWord

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.ears.engine import Heard
    from hushtap.ears.windows import Window
    from hushtap.observe import Metrics, Value
    from hushtap.pipeline import Call
    from hushtap.values import AudioFormat

LOST: Final = "lost"
"""Source of the findings where audio was lost before the pipeline saw it."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_log = Log(__name__)


class Guarded:
    """Drives one ``Call``. For one thread at a time."""

    def __init__(self, call: Call, metrics: Metrics) -> None:
        channels = call.audio_format.channels
        self.call = call
        self.failed: Reason | None = None
        self._metrics = metrics
        self._silence = _Silence(call.audio_format)
        self._fed = [0] * channels
        self._out = [0] * channels
        self._at_failure: list[RedactedChunk] = []
        self._findings: list[Finding] = []
        self._lost: list[list[Span]] = [[] for _ in range(channels)]
        self._silent_from: list[int] = []

    # --- as of Call ---------------------------------------------------------------------

    def feed(self, chunk: PcmChunk) -> None:
        """Take the next samples of one channel."""
        self._fed[chunk.channel] = chunk.span.end
        self._safely(self.call.feed, None, chunk)

    def lose(self, channel: int, span: Span) -> None:
        """Take note that these samples were lost: they are silence and ``UNHEARD``."""
        lost = self._lost[channel]
        if lost and lost[-1].end == span.start:
            lost[-1] = lost[-1].hull(span)
        else:
            lost.append(span)
        self.feed(_zeros(channel, span))

    def arm(self, until: int) -> None:
        """Let every number count before sample ``until``."""
        self._safely(self.call.arm, None, until)

    def disarm(self, at: int) -> None:
        """Let numbers from sample ``at`` on be judged as ever."""
        self._safely(self.call.disarm, None, at)

    def silence(self, until: int) -> None:
        """Mute what is not yet released and lies before sample ``until``."""
        self._safely(self.call.silence, None, until)

    def unsilence(self, at: int) -> None:
        """Let what lies from sample ``at`` on be judged as ever."""
        self._safely(self.call.unsilence, None, at)

    def windows(self) -> list[Window]:
        """Return the windows that became due since the last call, in order."""
        return self._safely(self.call.windows, [])

    def heard(self, window: Window, heard: Heard | None) -> None:
        """Take what the ears heard in ``window``; None where they could not."""
        self._safely(self.call.heard, None, window, heard)

    def finish(self) -> None:
        """Declare the end; a channel that is shorter than the other ends in silence."""
        longest = max(self._fed)
        for channel, end in enumerate(self._fed):
            if end < longest:
                self.feed(_zeros(channel, Span(end, longest)))
        self._safely(self.call.finish, None)

    def released(self) -> list[RedactedChunk]:
        """Return the audio released since the last call, in order per channel."""
        chunks = self._safely(self.call.released, [])
        if self.failed:
            chunks += self._at_failure
            self._at_failure = []
        whole: list[RedactedChunk] = []
        for chunk in chunks:
            if chunk.span.start != self._out[chunk.channel]:
                # A stage failed while audio was on its way: from the hole on, silence.
                self.fail(Reason.STAGE_FAILED)
                break
            whole.append(chunk)
            self._out[chunk.channel] = chunk.span.end
        if self.failed:
            self._at_failure = []
            self._silent_from = self._silent_from or list(self._out)
            for channel, end in enumerate(self._fed):
                whole += self._silence.fill(channel, Span(self._out[channel], end))
                self._out[channel] = end
        return whole

    def transcript(self) -> list[TranscriptWord]:
        """Return the masked words that became final since the last call."""
        return self._safely(self.call.transcript, [])

    def findings(self) -> list[Finding]:
        """Return all findings so far, in order of time."""
        found = self._safely(self.call.findings, []) or self._findings
        found = [*found, *self._unheard()]
        return sorted(found, key=lambda f: (f.span.start, f.channel))

    def cleared_until(self, channel: int) -> int:
        """Return the position after the last sample that ``released`` returned."""
        return self._out[channel]

    # --- failing -------------------------------------------------------------------------

    def fail(self, reason: Reason, error: type[BaseException] | None = None) -> None:
        """Abandon the call; only the first reason counts."""
        if self.failed:
            return
        self.failed = reason
        self._metrics.failed_closed(reason)
        fields: dict[Name, Value] = {Name.REASON: reason, Name.START: min(self._out)}
        if error is not None:
            fields[Name.ERROR] = error
        _log.warning(LogEvent.FAILED_CLOSED, fields)
        try:
            self._findings = self.call.findings()
            # What was cleared before the failure still counts; from there on, silence of ours.
            self._at_failure = self.call.released()
            self.call.abandon()
        except Exception as exc:  # noqa: BLE001 - it must not matter how it broke
            _log.warning(LogEvent.FAILED_CLOSED, {Name.REASON: reason, Name.ERROR: type(exc)})

    def _safely(
        self, function: Callable[_P, _T], otherwise: _T, *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        if self.failed:
            return otherwise
        try:
            return function(*args, **kwargs)
        except Exception as exc:  # noqa: BLE001 - any exception of a stage fails the call closed
            self.fail(Reason.STAGE_FAILED, type(exc))
            return otherwise

    def _unheard(self) -> list[Finding]:
        found = [
            Finding(Entity.UNHEARD, span, channel, 1.0, LOST)
            for channel, spans in enumerate(self._lost)
            for span in spans
        ]
        if self.failed:
            found += [
                Finding(Entity.UNHEARD, Span(start, end), channel, 1.0, self.failed.value)
                for channel, (start, end) in enumerate(
                    zip(self._silent_from, self._out, strict=False)
                )
                if start < end
            ]
        return found


class _Silence:
    """Makes redacted chunks of silence, by the one maker of that type."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._holdback = HoldBack(audio_format, MuteStyle.SILENCE)
        self._step = audio_format.sample_rate

    def fill(self, channel: int, span: Span) -> list[RedactedChunk]:
        """Return silence for ``span``, which lies after all that was filled before."""
        self._drop(channel, span.start)
        return self._drop(channel, span.end)

    def _drop(self, channel: int, end: int) -> list[RedactedChunk]:
        dropped: list[RedactedChunk] = []
        while (at := self._holdback.end(channel)) < end:
            self._holdback.add(_zeros(channel, Span(at, min(end, at + self._step))))
            dropped += self._holdback.drop()
        return dropped


def _zeros(channel: int, span: Span) -> PcmChunk:
    return PcmChunk(channel, span, np.zeros(len(span), np.int16))
