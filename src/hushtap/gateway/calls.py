"""The calls of a gateway: admitted while there is room, each a worker whose state dies with it.

::

    call = await calls.admit(details, AudioFormat(8_000, 2), tap=TapName.SIPREC)
    call.offer(chunk)          # never waits, never raises for what became of the call
    await call.end()           # or: end(Reason.TAP_FAILED)
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from hushtap.errors import HushtapError
from hushtap.gateway.gather import Gather
from hushtap.gateway.media import MediaFigures
from hushtap.gateway.monitor import Monitor
from hushtap.gateway.notices import Notice, Told
from hushtap.live import DEADLINE_S
from hushtap.observe import Log, LogEvent, Name, Reason, RecordingId
from hushtap.session import Event, Failed, Muted, Progress, Session
from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.ears.shared import Ears
    from hushtap.gateway.admission import Admission
    from hushtap.gateway.policies import Policies
    from hushtap.observe import Value
    from hushtap.pii.policy import Policy
    from hushtap.values import AudioFormat, Entity, PcmChunk
    from hushtap.vault.recordings import CallDetails, Recording, Vault

AHEAD_S: Final = 60.0
"""Seconds by which audio may be ahead of the clock: more than any network holds back. A sender
that is faster would fill the disk with what nobody can hear in time."""

_DIGIT: Final = re.compile(r"\d")
_log = Log(__name__)


class TapName(StrEnum):
    """What brought a call: the label of its metrics, and the source of its recording."""

    RTP = "rtp"
    SIPREC = "siprec"
    AUDIOSOCKET = "audiosocket"
    TWILIO = "twilio"
    AUDIOHOOK = "audiohook"


class GatewayCall:
    """One call that was admitted. Made by ``Calls.admit``; ended by ``end``, always.

    ``id`` is that of its recording.
    """

    def __init__(
        self,
        session: Session,
        recording_id: str,
        tap: TapName,
        details: CallDetails | None = None,
        monitor: Monitor | None = None,
    ) -> None:
        self.id = recording_id
        self.tap = tap
        self.session = session
        self.details = details
        """What is known of it beside its sound."""
        self.monitor = monitor
        """What of it may be heard while it is up, where the settings let anybody listen."""
        self.figures: Callable[[], MediaFigures] = MediaFigures
        """What became of its packets up to now, where its tap can tell."""
        self.entities: Counter[Entity] = Counter()
        """Its mutes that were released."""
        self.behind = 0.0
        """Seconds between what came and what was released, when it was last looked at."""
        self.ended: Told | None = None
        """How its recording ended; None while it has not."""
        self.reason: Reason | None = None
        """Why it failed closed or ended early, where it did."""
        self._gather = Gather(session.format)
        self._lock = threading.Lock()
        self._closing: asyncio.Task[None] | None = None
        self._over = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._began = time.monotonic()

    @property
    def format(self) -> AudioFormat:
        """Rate and channels of the call."""
        return self.session.format

    @property
    def over(self) -> bool:
        """Whether nothing more of it will be recorded: the tap should let the far end go."""
        return self._over.is_set()

    async def wait_over(self) -> None:
        """Return once ``over``: it ended, its recording failed, or the gateway gave it up."""
        await self._over.wait()

    def offer(self, chunk: PcmChunk) -> bool:
        """Take the next samples of one channel, at once; from any thread, one at a time.

        They must follow the last ones of their channel; both channels go on at about
        the same pace, for neither is released ahead of the other. Returns False where
        they are lost: the backlog is full, which makes them silence, or it is ``over``.

        Raises:
            ValueError: they do not follow the last ones of their channel.
        """
        if self._over.is_set():
            return False
        at = to_seconds(chunk.span.end, self.format.sample_rate)
        if at - (time.monotonic() - self._began) > AHEAD_S:
            self._loop.call_soon_threadsafe(self.give_up, Reason.TAP_FAILED)
            return False
        with self._lock:
            ready = self._gather.add(chunk)
        return ready is None or self._hand_on(ready)

    def _hand_on(self, chunk: PcmChunk) -> bool:
        try:
            return self.session.offer(chunk)
        except HushtapError:
            # The recording failed; the call ends, and its tap learns it from there.
            self._loop.call_soon_threadsafe(self.give_up)
            return False
        except ValueError:
            # It ended meanwhile: that samples follow each other was looked at before.
            return False

    def missed(self) -> Counter[Entity]:
        """Return what was recognised after its audio had been released, of what is written."""
        return Counter(f.entity for f in self.session.written() if not f.muted)

    def notice(self, told: Told) -> Notice:
        """Return what there is to tell of it."""
        seconds = to_seconds(self.session.position, self.format.sample_rate)
        return Notice(
            *(told, self.id, self.tap.value, seconds),
            reason=self.reason,
            entities=Counter(self.entities),
            missed=self.missed() if self.ended else {},
        )

    async def end(self, reason: Reason | None = None) -> None:
        """Finish the call: all that was offered is judged and written. May be called again.

        With a ``reason``, end it now: silence for what was not cleared yet.
        ``Reason.TAP_FAILED`` marks the recording interrupted. Does not raise for what
        became of the recording; that is logged and counted.
        """
        if self._closing is None:
            self.give_up(reason)
        elif reason is not None:
            with suppress(HushtapError):
                await self.session.abandon(reason)
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def give_up(self, reason: Reason | None = None) -> None:
        """Begin to end the call, where it has not ended; see ``end``."""
        if self._closing is None:
            self._over.set()
            self._closing = asyncio.create_task(self._close(reason))

    async def _close(self, reason: Reason | None) -> None:
        fields: dict[Name, Value] = {Name.RECORDING: RecordingId(self.id)}
        try:
            with self._lock:
                rest = self._gather.rest()
            for chunk in rest:
                self._hand_on(chunk)
            if reason is None:
                await self.session.close()
            else:
                await self.session.abandon(reason)
        except HushtapError as error:
            self.ended = Told.INTERRUPTED
            _log.warning(LogEvent.INTERRUPTED, fields | {Name.ERROR: type(error)})
        else:
            failed = reason is Reason.TAP_FAILED
            self.ended = Told.INTERRUPTED if failed else Told.SEALED
            _log.info(LogEvent.CLOSED, fields | {Name.SAMPLES: self.session.position})


class Calls:
    """All calls of one gateway. For its event loop.

    ``deadline``: seconds that a window of a call may wait for the ears; ``monitored``: seconds
    after which listeners hear a call, if they may at all.
    """

    def __init__(
        self,
        vault: Vault,
        policies: Policies,
        *,
        ears: Ears,
        admission: Admission,
        longest: float,
        deadline: float = DEADLINE_S,
        monitored: float | None = None,
    ) -> None:
        self.admission = admission
        self.admitted: Counter[TapName] = Counter()
        self.found: Counter[Entity] = Counter()
        """Mutes that were released."""
        self.missed: Counter[Entity] = Counter()
        """Of calls that ended: what was recognised after its audio had been released."""
        self.tell: Callable[[Notice], None] = lambda _: None
        """Called with what happens to calls; must not wait."""
        self.begun: Callable[[str], None] = lambda _: None
        """Called with the id of each recording that begins, from a thread; may wait."""
        self._media = {tap: MediaFigures() for tap in TapName}
        self._vault = vault
        self._policies = policies
        self._ears = ears
        self._longest = longest
        self._monitored = monitored
        self.deadline = deadline
        self._up: dict[str, GatewayCall] = {}
        self._watches: set[asyncio.Task[None]] = set()

    def up(self) -> list[GatewayCall]:
        """Return the calls that are up, oldest first."""
        return list(self._up.values())

    def find(self, call_id: str) -> GatewayCall | None:
        """Return the call that is up under this id."""
        return self._up.get(call_id)

    def media(self, tap: TapName) -> MediaFigures:
        """Return what became of the packets of all calls of a tap."""
        total = MediaFigures()
        total.add(self._media[tap])
        for call in self.up():
            if call.tap is tap:
                total.add(call.figures())
        return total

    async def admit(
        self,
        details: CallDetails | None,
        audio_format: AudioFormat,
        *,
        tap: TapName,
        queue: str | None = None,
    ) -> GatewayCall:
        """Take a call: begin its recording, under the policy of ``queue``.

        That queue is for the settings to tell: the one in ``details`` may be what a stranger
        said, who could choose the policy that mutes least.

        Raises:
            BusyError: the gateway is full or drains; see ``retry_after``.
            ConsentError: the caller refused.
            VaultError: the recording cannot be written.
        """
        self.admission.take()
        with ExitStack() as undo:
            undo.callback(self.admission.free)
            policy = self._policies.of(queue)
            recording = await self._begin(details, audio_format, tap, policy)
            undo.callback(recording.abort)
            call = self._open(recording, audio_format, tap, policy, details)
            await call.session.__aenter__()
            undo.pop_all()
        self._up[call.id] = call
        self.admitted[tap] += 1
        watch = asyncio.create_task(self._watch(call))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        opened: dict[Name, Value] = {Name.RECORDING: RecordingId(call.id), Name.TAP: tap}
        _log.info(LogEvent.OPENED, opened | {Name.RATE: audio_format.sample_rate})
        return call

    def drain(self) -> None:
        """Take no more calls."""
        self.admission.draining = True

    async def abandon(self) -> None:
        """End every call now: silence for what was not cleared yet."""
        await asyncio.gather(*(call.end(Reason.CANCELLED) for call in self.up()))

    async def gone(self) -> None:
        """Return once no call is up."""
        while self._watches:
            await asyncio.wait(self._watches)

    async def _begin(
        self,
        details: CallDetails | None,
        audio_format: AudioFormat,
        tap: TapName,
        policy: Policy,
    ) -> Recording:
        def begin() -> Recording:
            recording = self._vault.record(
                audio_format,
                source=_DIGIT.sub("#", tap.value),
                policy=policy.fingerprint,
                call=details,
                models=self._ears.identity,
            )
            self.begun(recording.id)
            return recording

        begun = asyncio.ensure_future(asyncio.to_thread(begin))
        try:
            return await asyncio.shield(begun)
        except asyncio.CancelledError:
            # The thread goes on: what it begins must not stay open.
            begun.add_done_callback(_abort)
            raise

    def _open(
        self,
        recording: Recording,
        audio_format: AudioFormat,
        tap: TapName,
        policy: Policy,
        details: CallDetails | None,
    ) -> GatewayCall:
        made: list[GatewayCall] = []
        muted_until: dict[tuple[int, Entity], int] = {}

        def on_event(event: Event) -> None:
            if isinstance(event, Muted):
                # A long mute is told of piece by piece.
                place = (event.channel, event.entity)
                if muted_until.get(place) != event.span.start:
                    self.found[event.entity] += 1
                    made[0].entities[event.entity] += 1
                muted_until[place] = event.span.end
            elif isinstance(event, Progress):
                late = max(event.fed) - min(event.released)
                made[0].behind = to_seconds(late, audio_format.sample_rate)
            elif isinstance(event, Failed):
                made[0].reason = event.reason
                self.tell(made[0].notice(Told.FAILED_CLOSED))
                if event.reason is Reason.SINK_FAILED:
                    made[0].give_up()

        monitor = None
        if self._monitored is not None:
            monitor = Monitor(recording, audio_format, self._monitored)
        session = Session(
            audio_format,
            ears=self._ears,
            policy=policy,
            sink=monitor or recording,
            deadline=self.deadline,
            on_event=on_event,
        )
        made.append(GatewayCall(session, recording.id, tap, details, monitor))
        return made[0]

    async def _watch(self, call: GatewayCall) -> None:
        """Keep the place of a call until it has ended; end it where it is too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._longest):
                await call.wait_over()
        try:
            await call.end()
        finally:
            del self._up[call.id]
            self.admission.free()
            self._media[call.tap].add(call.figures())
            self.missed.update(call.missed())
            if call.ended is not None:
                self.tell(call.notice(call.ended))


def _abort(begun: asyncio.Future[Recording]) -> None:
    if not begun.cancelled() and begun.exception() is None:
        begun.result().abort()
