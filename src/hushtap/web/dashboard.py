"""What the calls in somebody's reach add up to: figures over days, findings and agents."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from hushtap.values import Entity
from hushtap.vault.recordings import State
from hushtap.web.review import FlagKind
from hushtap.web.views import NAMES, length

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.vault.recordings import RecordingInfo
    from hushtap.web.review import Flag

CODES: Final = (Entity.CVV, Entity.PIN)
"""Nobody should have to say these to an agent."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a chart: ``value`` of ``most``, and what is written beside it."""

    name: str
    value: float
    most: float
    text: str

    @property
    def width(self) -> float:
        """Per cent of the widest."""
        return round(100 * self.value / self.most, 2) if self.most else 0.0


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Figures of ``days`` days; ``seconds`` of talk, ``muted`` seconds of ``opened`` calls.

    How long was muted is in the sealed recording: it is known of calls that somebody opened.
    """

    days: int
    calls: int
    seconds: float
    with_mutes: int
    unheard: int
    interrupted: int
    misses: int
    overmutes: int
    opened: int
    opened_seconds: float
    muted: float
    scored: int
    score: float | None
    by_day: list[Bar] = field(default_factory=list)
    by_entity: list[Bar] = field(default_factory=list)
    by_agent: list[Bar] = field(default_factory=list)
    missed: list[Bar] = field(default_factory=list)
    partial: bool = False
    """There are more calls than were counted."""


def figures(
    calls: Iterable[RecordingInfo],
    flags: Iterable[Flag],
    *,
    muted: dict[str, float],
    totals: dict[str, float],
    now: datetime,
    days: int,
    partial: bool,
) -> Dashboard:
    """Return what ``calls`` of the last ``days`` days add up to, and the ``flags`` in them."""
    calls = [*calls]
    known = {info.id for info in calls}
    flags = [flag for flag in flags if flag.recording in known]
    missed = Counter(flag.entity for flag in flags if flag.kind is FlagKind.MISS)
    found: Counter[str] = Counter()
    for info in calls:
        found.update(info.findings)
    unheard = found.pop(Entity.UNHEARD, 0)
    opened = [info for info in calls if info.id in muted]
    scores = [totals[info.id] for info in calls if info.id in totals]
    return Dashboard(
        days=days,
        calls=len(calls),
        seconds=sum(length(info) for info in calls),
        with_mutes=sum(any(info.findings.values()) for info in calls),
        unheard=unheard,
        interrupted=sum(info.state is State.INTERRUPTED for info in calls),
        misses=sum(missed.values()),
        overmutes=sum(flag.kind is FlagKind.OVERMUTE for flag in flags),
        opened=len(opened),
        opened_seconds=sum(length(info) * info.audio_format.channels for info in opened),
        muted=sum(muted[info.id] for info in opened),
        scored=len(scores),
        score=sum(scores) / len(scores) if scores else None,
        by_day=_by_day(calls, now, days),
        by_entity=_bars({_name(one): count for one, count in found.items() if count}),
        by_agent=_by_agent(calls),
        missed=_bars({_name(one): count for one, count in missed.items()}),
        partial=partial,
    )


def _by_day(calls: list[RecordingInfo], now: datetime, days: int) -> list[Bar]:
    """Count calls by day, or by week where there are many days."""
    step = 1 if days <= 31 else 7  # noqa: PLR2004 - bars that still have room
    today = now.astimezone(UTC).date()
    count = Counter((today - info.started.date()).days // step for info in calls)
    most = max(count.values(), default=0)
    bars = []
    for at in range(-(-days // step) - 1, -1, -1):
        day = today - timedelta(days=at * step + step - 1)
        bars.append(Bar(f"{day:%d %b}", count[at], most, str(count[at])))
    return bars


def _by_agent(calls: list[RecordingInfo]) -> list[Bar]:
    """Return the share of each agent's calls in which a code was said, the highest first."""
    taken: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for info in calls:
        if info.agent is not None:
            taken[info.agent] += 1
            codes[info.agent] += any(info.findings.get(one) for one in CODES)
    share = {agent: codes[agent] / count for agent, count in taken.items()}
    order = sorted(share, key=lambda agent: (-share[agent], agent))[:20]
    return [Bar(agent, share[agent], 1.0, f"{codes[agent]} of {taken[agent]}") for agent in order]


def _bars(counts: dict[str, int]) -> list[Bar]:
    most = max(counts.values(), default=0)
    order = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [Bar(name, count, most, str(count)) for name, count in order]


def _name(entity: str) -> str:
    return NAMES[Entity(entity)] if entity in set(Entity) else entity
