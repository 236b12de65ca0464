"""One live call at the edge: an event loop, a tap and a vault around ``hushtap.live``.

::

    async with Session(audio_format, ears=ears, policy=policy, sink=recording) as session:
        async for chunk in chunks:
            await session.feed(chunk)      # never blocks the tap
    session.findings()

Fail closed. An ear that is late, full or broken leaves its window muted. An
exception in a stage turns the rest of the call into silence. Audio that comes
faster than it is taken in is lost to silence. All of these are counted, and are
findings ``UNHEARD``. When the sink fails, nothing is written anywhere any more,
and the error is raised. The output has the length of the input always. Grounds
and sizes: docs/adr/0008-live-session.md.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from hushtap.ears.shared import Ear, Ears
from hushtap.errors import HushtapError
from hushtap.live import DEADLINE_S, Event, Failed, LiveCall, Muted, Progress, Sink
from hushtap.observe import Log, LogEvent, Metrics, Name, Reason, RecordingId
from hushtap.taps.pace import WallClock, paced

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy
    from hushtap.taps import Tap
    from hushtap.values import AudioFormat, Finding, PcmChunk, RedactedChunk, TranscriptWord
    from hushtap.vault.recordings import CallDetails, Vault

__all__ = [
    "Ear",
    "Ears",
    "Event",
    "Failed",
    "LiveResult",
    "Muted",
    "Pace",
    "Progress",
    "Session",
    "Sink",
    "record_live",
]

UNHURRIED_S = 60.0
"""Deadline of a window, in seconds, where nobody waits for the call."""

_log = Log(__name__)


class Session:
    """One live call. Use it as an async context manager.

    Leaving the block finishes the call: all that was fed is judged and released.
    Leaving it by an exception, cancellation included, releases what was cleared,
    and silence for the rest.

    Args:
        audio_format: rate and channels of the call.
        ears: the ears of this process.
        policy: what to mute.
        sink: takes audio, words and findings as they come, from a thread of the
            session, and is ended by it. Without one they are fetched by
            ``released`` or ``async for``, ``transcript`` and ``findings``.
        analyzer: the recognizers; by default one for each set of entities.
        deadline: seconds that a window may wait for the ears.
        on_event: called in the event loop, soon after things happened.
        metrics: by default those of ``ears``.
    """

    def __init__(
        self,
        audio_format: AudioFormat,
        *,
        ears: Ears,
        policy: Policy,
        sink: Sink | None = None,
        analyzer: Analyzer | None = None,
        deadline: float = DEADLINE_S,
        on_event: Callable[[Event], None] | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self.format = audio_format
        self.metrics = metrics or ears.metrics
        self._live = LiveCall(
            audio_format,
            ears=ears,
            policy=policy,
            sink=sink,
            analyzer=analyzer,
            deadline=deadline,
            metrics=self.metrics,
            wake=self._wake_up,
        )
        self._on_event = on_event
        self._loop: asyncio.AbstractEventLoop | None = None
        self._driver: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def error(self) -> HushtapError | None:
        """Why the sink failed, if it did."""
        return self._live.error

    @property
    def position(self) -> int:
        """How many samples of each channel came from the tap; the longer channel's."""
        return self._live.position

    def offer(self, chunk: PcmChunk) -> bool:
        """Take the next samples of one channel, at once; from any thread.

        Returns False where the backlog is full: these samples become silence.

        Raises:
            ValueError: they do not follow the last ones of their channel, or the
                session is closed.
            HushtapError: the sink failed; see ``error``.
        """
        return self._live.offer(chunk)

    async def feed(self, chunk: PcmChunk, *, wait: bool = False) -> bool:
        """Take the next samples of one channel; see ``offer``.

        ``wait``: for sources that can wait, such as files. Returns once there is room.
        """
        while wait and not self._live.over and not self._live.room(chunk.channel):
            self._moved.clear()
            await self._moved.wait()
        return self._live.offer(chunk)

    def arm(self, seconds: float) -> None:
        """Let every number count, from what is not yet released on, for so long of the call.

        From any thread, as the next three.
        """
        self._live.arm(seconds)

    def disarm(self) -> None:
        """Let numbers from here on be judged as ever."""
        self._live.disarm()

    def mute(self, seconds: float) -> None:
        """Silence what is not yet released and what comes, for so long of the call."""
        self._live.mute(seconds)

    def unmute(self) -> None:
        """Let what comes from here on be judged as ever; what was muted stays muted."""
        self._live.unmute()

    @property
    def armed(self) -> bool:
        """Whether every number counts now because it was ordered."""
        return self._live.armed

    @property
    def muted(self) -> bool:
        """Whether all is muted now because it was ordered."""
        return self._live.muted

    async def close(self) -> None:
        """Finish the call: return when all of it is judged, released and written.

        Raises:
            HushtapError: the sink failed.
        """
        await self._end(None)

    async def abandon(self, reason: Reason = Reason.CANCELLED) -> None:
        """End the call now: what was cleared is released, the rest is silence.

        The sink is closed where the call was only cancelled, else interrupted.

        Raises:
            HushtapError: the sink failed.
        """
        await self._end(reason)

    def released(self) -> list[RedactedChunk]:
        """Return the audio released since the last call, in order per channel."""
        return self._live.released()

    def transcript(self) -> list[TranscriptWord]:
        """Return the masked words that became final since the last call."""
        return self._live.transcript()

    def findings(self) -> list[Finding]:
        """Return all findings so far, in order of time."""
        return self._live.findings()

    def written(self) -> list[Finding]:
        """Return the findings that the sink was given, in order of time."""
        return self._live.written()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RedactedChunk:
        """Wait for the next released chunk; ends with the call."""
        while True:
            over = self._live.over
            if chunks := self._live.released(most=1):
                return chunks[0]
            if over:
                raise StopAsyncIteration
            self._moved.clear()
            await self._moved.wait()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._driver = asyncio.create_task(self._drive())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.close()
            return
        cancelled = issubclass(kind, asyncio.CancelledError | KeyboardInterrupt)
        # The exception that ends the block is the one to be told of.
        with suppress(HushtapError):
            await self.abandon(Reason.CANCELLED if cancelled else Reason.TAP_FAILED)

    async def _end(self, reason: Reason | None) -> None:
        if self._driver is None:
            raise ValueError("the session is not open: use `async with`")
        self._live.end(reason)
        try:
            await asyncio.shield(self._driver)
        except asyncio.CancelledError:
            # Cancelled while it finished: no more patience for what still waits.
            self._live.end(Reason.CANCELLED)
            if not self._driver.cancelled():
                await asyncio.shield(self._driver)
            raise
        if self.error is not None:
            raise self.error

    async def _drive(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while not self._live.over:
                await self._awake()
                for event in await loop.run_in_executor(None, self._live.turn):
                    self._tell(event)
                self._moved.set()
        finally:
            # The loop ends before the call does: close what is open, here and now.
            self._live.end(Reason.CANCELLED)
            while not self._live.over:
                self._live.turn()
            self._moved.set()

    async def _awake(self) -> None:
        due = self._live.due()
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - time.monotonic())):
                await self._wake.wait()
        self._wake.clear()

    def _wake_up(self) -> None:
        # A wake that is still to be acted upon will find this work as well.
        if self._loop is not None and not self._wake.is_set():
            # A loop that is closed has nobody left to wake.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    def _tell(self, event: Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception as exc:  # noqa: BLE001 - a display must not end a recording
            self._on_event = None
            _log.warning(LogEvent.LISTENER_FAILED, {Name.ERROR: type(exc)})


# --- from a tap into a vault


class Pace(StrEnum):
    """How fast a tap is read."""

    REALTIME = "realtime"
    """Each chunk when its last sample would have been spoken: for files, in 20 ms chunks."""
    FAST = "fast"
    """As fast as the ears can hear: the tap waits."""
    ARRIVAL = "arrival"
    """As it comes, and never made to wait: for microphones and live pipes."""


@dataclass(frozen=True, slots=True)
class LiveResult:
    """A call that was recorded: its id in the vault, its findings, its samples per channel.

    The findings are those of the recording, in order of time.
    """

    recording_id: str
    findings: tuple[Finding, ...]
    samples: int


async def record_live(
    tap: Tap,
    vault: Vault,
    policy: Policy,
    *,
    ears: Ears,
    pace: Pace = Pace.REALTIME,
    analyzer: Analyzer | None = None,
    deadline: float | None = None,
    on_event: Callable[[Event], None] | None = None,
    stop: asyncio.Event | None = None,
    call: CallDetails | None = None,
) -> LiveResult:
    """Record a call from ``tap`` into ``vault`` until it ends, or until ``stop`` is set.

    Both end the call in order: what still waits is heard, judged and written.
    ``call`` says what is known of it beside its sound. Where the caller refuses while
    it is recorded, it ends with ``ConsentError``.
    Cancelling this coroutine ends it at once: the recording is closed, with
    silence for what was not yet cleared. Where the tap fails, the recording is
    interrupted.

    Raises:
        TapError: the tap cannot be read on.
        ConsentError: the caller does not want to be recorded.
        VaultError: the recording cannot be written.
    """
    if deadline is None:
        deadline = UNHURRIED_S if pace is Pace.FAST else DEADLINE_S
    # The label is stored in clear, where no digit may stand.
    source = re.sub(r"\d", "#", tap.label)
    recording = await asyncio.to_thread(
        vault.record,
        tap.format,
        source=source,
        policy=policy.fingerprint,
        call=call,
        models=ears.identity,
    )
    identity = RecordingId(recording.id)
    _log.info(LogEvent.OPENED, {Name.RECORDING: identity, Name.RATE: tap.format.sample_rate})
    session = Session(
        tap.format,
        ears=ears,
        policy=policy,
        sink=recording,
        analyzer=analyzer,
        deadline=deadline,
        on_event=on_event,
    )
    stop = stop or asyncio.Event()
    try:
        async with session:
            if pace is Pace.REALTIME:
                async for chunk in paced(tap, WallClock()):
                    await session.feed(chunk)
                    if stop.is_set():
                        break
            else:
                await _read(tap, session, stop, wait=pace is Pace.FAST)
    finally:
        samples = session.position
        _log.info(LogEvent.CLOSED, {Name.RECORDING: identity, Name.SAMPLES: samples})
    return LiveResult(recording.id, tuple(session.written()), samples)


async def _read(tap: Tap, session: Session, stop: asyncio.Event, *, wait: bool) -> None:
    """Feed the session from a thread, for taps that block."""
    loop = asyncio.get_running_loop()
    read_all: asyncio.Future[BaseException | None] = loop.create_future()
    left = threading.Event()

    def end(error: BaseException | None) -> None:
        if not read_all.done():
            read_all.set_result(error)

    def read() -> None:
        error: BaseException | None = None
        try:
            for chunk in tap:
                if left.is_set():
                    break
                if wait:
                    asyncio.run_coroutine_threadsafe(session.feed(chunk, wait=True), loop).result()
                else:
                    session.offer(chunk)
        except BaseException as exc:  # noqa: BLE001 - raised where the session is awaited
            error = exc
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(end, error)

    # A daemon: a read that never returns must not keep the process from ending.
    threading.Thread(target=read, name="hushtap-tap", daemon=True).start()
    stopped = asyncio.create_task(stop.wait())
    waiting: set[asyncio.Future[Any]] = {read_all, stopped}
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        left.set()
        stopped.cancel()
    if read_all.done() and (error := read_all.result()) is not None:
        raise error
