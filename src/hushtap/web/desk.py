"""The vault as one person may see it: their calls, and every listening on record first."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections import OrderedDict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from hushtap.errors import HeldError, NotFoundError, UsageError, VaultError
from hushtap.timeline import merge
from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing, is_name
from hushtap.vault.recordings import REVIEWED
from hushtap.web.errors import MissingError
from hushtap.web.guard import actor_of
from hushtap.web.review import FlagKind, FlagState
from hushtap.web.roles import Reach, reach
from hushtap.web.totals import Figures, figures_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from hushtap.timeline import Span
    from hushtap.values import Entity
    from hushtap.vault.audit.events import Change
    from hushtap.vault.recordings import Playback, Query, RecordingInfo, Vault
    from hushtap.web.accounts import Account
    from hushtap.web.review import Flag, Review
    from hushtap.web.sessions import Session
    from hushtap.web.watch import Watch

_LOGGER: Final = logging.getLogger("hushtap.web")

OPEN_AT_ONCE: Final = 64
"""Recordings that are held open to be listened to: an index and a waveform each, no audio."""

OPEN_FOR: Final = 15 * 60
"""Seconds for which one entry of the log stands for looking and listening on and on."""

FIGURES_OF: Final = 500
"""Calls that the figures of the first page are of."""
FIGURES_KEPT: Final = 30
"""Seconds."""
_MOST_FIGURES: Final = 256


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, the newest first, and whether there are more."""

    calls: list[RecordingInfo]
    more: bool


@dataclass(slots=True)
class _Opened:
    playback: Playback
    at: float
    told: bool = False
    noting: threading.Lock = field(default_factory=threading.Lock)
    """Held while it is put on record: nobody else waits for that."""


class Desk:
    """See the module. Safe to use from several threads. ``clock`` gives seconds since 1970.

    Raises:
        MissingError: from every method that takes an id: there is no such call, or it is
            not one of theirs.
        VaultError: the vault or the desk's database refuses.
    """

    def __init__(
        self,
        vault: Vault,
        review: Review,
        watch: Watch,
        clock: Callable[[], float] = time.time,
        *,
        learn: Callable[[Flag, Playback, list[Flag]], Callable[[], object]] | None = None,
    ) -> None:
        """``learn`` is given each miss before it is muted, and what else is to be muted there.

        What it returns is called once the miss is muted.
        """
        self._vault = vault
        self._learn = learn
        self._watch = watch
        self._clock = clock
        self.review = review
        self._lock = threading.Lock()
        self._figures: OrderedDict[tuple[Account, Query], tuple[float, Figures]] = OrderedDict()
        self._open: OrderedDict[tuple[str, str, str], _Opened] = OrderedDict()

    def page(self, account: Account, query: Query, limit: int) -> Page:
        """Return a page of the calls that fit ``query`` and are in reach, the newest first."""
        parts = _within(account, replace(query, newest=True))
        # Of many queues or agents each gives few of a page: little is asked of each at first.
        portion = limit + 1 if len(parts) == 1 else max(10, 2 * limit // max(1, len(parts)))
        merged = heapq.merge(
            *(self._searched(part, portion) for part in parts),
            key=lambda info: info.id,
            reverse=True,
        )
        found = list(islice(merged, limit + 1))
        return Page(found[:limit], len(found) > limit)

    def _searched(self, query: Query, portion: int) -> Iterator[RecordingInfo]:
        """Yield what fits, ``portion`` at a time, as far as somebody asks."""
        while True:
            found = self._vault.search(replace(query, limit=portion))
            yield from found
            if len(found) < portion:
                return
            query = replace(query, after=found[-1].id)

    def overview(self, account: Account, query: Query, limit: int) -> tuple[Page, Figures]:
        """Return the first page of what fits, and what the last ``FIGURES_OF`` of it add up to.

        The figures may be ``FIGURES_KEPT`` seconds old.
        """
        # Whoever gets another reach is another account here.
        key, now = (account, query), self._clock()
        with self._lock:
            at, figures = self._figures.get(key, (0.0, None))
        if figures is not None and 0 <= now - at < FIGURES_KEPT:
            return self.page(account, query, limit), figures
        most = self.page(account, query, FIGURES_OF)
        figures = figures_of(most.calls)
        with self._lock:
            self._figures[key] = (now, figures)
            self._figures.move_to_end(key)
            while len(self._figures) > _MOST_FIGURES:
                self._figures.popitem(last=False)
        return Page(most.calls[:limit], most.more or len(most.calls) > limit), figures

    def info(self, session: Session, recording_id: str) -> RecordingInfo:
        """Return what is known of a call in reach, by its whole id."""
        return self._info(session.account, recording_id, session)

    def _info(
        self, account: Account, recording_id: str, asked: Session | None = None
    ) -> RecordingInfo:
        try:
            info = self._vault.info(recording_id) if is_name(recording_id) else None
        except NotFoundError:
            info = None
        if info is None or info.id != recording_id:
            raise MissingError("There is no such call.")
        if not in_reach(account, info):
            if asked is not None:
                self._watch.refused(asked, recording_id)
            raise MissingError("There is no such call.")
        return info

    def cases(self, account: Account, most: int) -> list[tuple[Flag, RecordingInfo]]:
        """Return the newest ``most`` flags in the calls in reach, each with its call."""
        found: list[tuple[Flag, RecordingInfo]] = []
        infos: dict[str, RecordingInfo | None] = {}
        before: int | None = None
        while len(found) < most and (flags := self.review.flags(before=before)):
            for flag in flags:
                if flag.recording not in infos:
                    infos[flag.recording] = None
                    with suppress(MissingError):
                        infos[flag.recording] = self._info(account, flag.recording)
                info = infos[flag.recording]
                if info is not None:
                    found.append((flag, info))
            before = flags[-1].id
        return found[:most]

    def open(self, session: Session, recording_id: str) -> Playback:
        """Open a call for ``session``, or return it as it stands open.

        That it is opened is on record first.

        Raises:
            VerificationError: it is not what was sealed.
        """
        return self._opened(session, recording_id).playback

    def listen(self, session: Session, recording_id: str) -> Playback:
        """The same, to hear it: on record once for each time that it is opened.

        Raises:
            VerificationError: it is not what was sealed.
        """
        opened = self._opened(session, recording_id)
        with opened.noting:
            if not opened.told:
                self._as(session).journal.note(
                    Activity.LISTEN, Outcome.SUCCESS, Thing(Kind.RECORDING, recording_id)
                )
                self._watch.listened(session, opened.playback.info)
                opened.told = True
        return opened.playback

    def on_air(self, account: Account, ids: Iterable[str]) -> list[RecordingInfo]:
        """Return those of the calls of ``ids`` that are in reach, the newest first."""
        found = []
        for one in sorted(ids, reverse=True):
            with suppress(MissingError):
                found.append(self._info(account, one))
        return found

    def listens_live(self, session: Session, info: RecordingInfo) -> None:
        """Put on record that a call in reach is listened to while it is up.

        Raises:
            VaultError: it cannot be, and nothing may be played.
        """
        thing = Thing(Kind.RECORDING, info.id)
        self._as(session).journal.note(Activity.LISTEN, Outcome.SUCCESS, thing)
        self._watch.listened(session, info)

    def sound(
        self, playback: Playback, start: int, end: int, step: int
    ) -> Iterator[NDArray[np.int16]]:
        """Yield samples ``start`` to ``end`` in pieces of ``step``, shape ``(n, channels)``.

        What was flagged as missed and is still in the file is silent.
        """
        for at in range(start, end, step):
            piece = playback.read(at, min(at + step, end))
            for flag in self.waiting(playback):
                span = flag.span
                piece[max(0, span.start - at) : max(0, span.end - at), flag.channel] = 0
            yield piece

    def waiting(self, playback: Playback) -> list[Flag]:
        """Return what was flagged as missed and is still in what ``playback`` plays.

        To be asked after what is to be shown was taken from it: a mute that ended
        meanwhile is no flag any more, and the old file has it in clear.

        Raises:
            VaultError: ``playback`` is not the recording any more.
        """
        found = []
        for flag in self.review.waiting(playback.info.id):
            if flag.state is FlagState.HELD and _is_muted(playback, flag):
                # It waited for a hold that is released, and was muted with it. The vault's own
                # word is not enough: ``playback`` may still play the file from before.
                self.review.settle(flag.id, FlagState.MUTED)
            else:
                found.append(flag)
        if not playback.current:
            raise VaultError(f"recording {playback.info.id} has changed or is gone; open it again")
        return found

    def mute(
        self, session: Session, recording_id: str, channel: int, span: Span, entity: Entity
    ) -> FlagState:
        """Mute what was missed, at once and for good; return what came of it.

        From its beginning the desk plays silence there, whatever becomes of the file.

        Raises:
            UsageError: there is no such channel or span.
            VaultError: it could not be sealed anew; the desk plays silence, and it is to be
                done again.
        """
        info = self.info(session, recording_id)
        self._check(info, channel, span)
        note = partial(self.review.flag, channel=channel, span=span, entity=entity)
        flag = note(info.id, FlagKind.MISS, account=session.account.name)
        keep = self._learned(session, info.id, flag)
        try:
            self._as(session).mute(info.id, channel, span, entity)
        except HeldError:
            self.review.settle(flag, FlagState.HELD)
            return FlagState.HELD
        else:
            self.review.settle(flag, FlagState.MUTED)
            return FlagState.MUTED
        finally:
            keep()

    def _learned(self, session: Session, recording_id: str, flag: int) -> Callable[[], None]:
        """Read what is learned of a miss; return what keeps it. Neither raises."""
        kept: list[Callable[[], object]] = []

        def keep() -> None:
            with _unlearned():
                for one in kept:
                    one()

        with _unlearned():
            if self._learn is not None:
                playback = self._opened(session, recording_id).playback
                waiting = self.review.waiting(recording_id)
                [about] = [one for one in waiting if one.id == flag]
                others = [one for one in waiting if one.id != flag]
                kept.append(self._learn(about, playback, others))
        return keep

    def overmute(
        self, session: Session, recording_id: str, channel: int, span: Span, entity: Entity
    ) -> None:
        """Note that a mute was wrong. Raises ``UsageError``: there is no such span."""
        info = self.info(session, recording_id)
        self._check(info, channel, span)
        things = Thing(Kind.RECORDING, info.id)
        self._as(session).journal.note(Activity.FLAG, Outcome.SUCCESS, things)
        note = partial(self.review.flag, channel=channel, span=span, entity=entity)
        note(info.id, FlagKind.OVERMUTE, account=session.account.name)

    def note(
        self, session: Session, activity: Activity, *things: Thing, change: Change | None = None
    ) -> None:
        """Put on record what ``session`` does. Raises ``VaultError``: it must not be done then."""
        self._as(session).journal.note(activity, Outcome.SUCCESS, *things, change=change)

    def log(self, session: Session) -> Vault:
        """Return the vault, whose acts ``session`` is named for."""
        return self._as(session)

    def _opened(self, session: Session, recording_id: str) -> _Opened:
        self.info(session, recording_id)
        # From another address it is another listening: a token may be in two places.
        key, now = (session.id, session.address, recording_id), self._clock()
        with self._lock:
            found = self._open.get(key)
            fresh = found is not None and 0 <= now - found.at < OPEN_FOR
            if found is not None and fresh and found.playback.current:
                self._open.move_to_end(key)
                return found
        opened = _Opened(self._as(session).playback(recording_id), now)
        self.review.opened(recording_id, _muted(opened.playback))
        with self._lock:
            self._open[key] = opened
            self._open.move_to_end(key)
            while len(self._open) > OPEN_AT_ONCE:
                self._open.popitem(last=False)
        return opened

    def forget(self, session_id: str) -> None:
        """Close what a session that has ended had open."""
        with self._lock:
            for key in [key for key in self._open if key[0] == session_id]:
                del self._open[key]

    def _as(self, session: Session) -> Vault:
        return self._vault.acting_as(actor_of(session))

    def _check(self, info: RecordingInfo, channel: int, span: Span) -> None:
        if not (0 <= channel < info.audio_format.channels and 0 <= span.start < span.end):
            raise UsageError(f"call {info.id} has no such span")
        if span.end > info.samples:
            raise UsageError(f"call {info.id} ends before that")


@contextmanager
def _unlearned() -> Iterator[None]:
    """Tell what goes wrong in learning, and go on: whatever it is, what was missed is muted."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - see above
        _LOGGER.warning("nothing was learned of a miss (%s)", type(error).__name__)


def _muted(playback: Playback) -> float:
    """Return the seconds that are muted, of all channels together."""
    spans: dict[int, list[Span]] = {}
    for one in playback.findings:
        if one.muted:
            spans.setdefault(one.channel, []).append(one.span)
    samples = sum(len(span) for some in spans.values() for span in merge(some))
    return samples / playback.audio_format.sample_rate


def in_reach(account: Account, info: RecordingInfo) -> bool:
    """Return whether a call is one of those that ``account`` gets to see."""
    wide = reach(account.role)
    if wide is Reach.QUEUES:
        return info.queue in account.queues
    if wide is Reach.TEAM:
        return info.agent in account.agents
    return wide is Reach.ALL


def _within(account: Account, query: Query) -> list[Query]:
    """Return the searches that together find what fits ``query`` and is in reach."""
    wide = reach(account.role)
    if wide is Reach.QUEUES:
        queues = [one for one in account.queues if query.queue in {None, one}]
        return [replace(query, queue=one) for one in queues]
    if wide is Reach.TEAM:
        agents = [one for one in account.agents if query.agent in {None, one}]
        return [replace(query, agent=one) for one in agents]
    return [query] if wide is Reach.ALL else []


def _is_muted(playback: Playback, flag: Flag) -> bool:
    """Whether what was flagged is muted in the file that ``playback`` plays."""
    wanted = (flag.channel, flag.span, flag.entity)
    return any(
        found.source == REVIEWED and (found.channel, found.span, found.entity) == wanted
        for found in playback.findings
    )
