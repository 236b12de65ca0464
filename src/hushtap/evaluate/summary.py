"""Many calls added up into one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hushtap.evaluate.scores import WIDE_OPEN_SECONDS, Score, SpanScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Summary:
    """Many calls added up. Rates are per hour of call; ``leak_by_entity`` is 0 to 1."""

    calls: int
    hours: float
    voiced_seconds: float
    audible_seconds: float
    leak: float
    leak_by_entity: dict[str, float]
    numbers: int
    open_numbers: int
    wide_open_numbers: int
    false_mutes: int
    false_mutes_per_hour: float
    false_mute_seconds: float
    harmless_muted_seconds_per_hour: float
    harmless_numbers: int
    harmless_numbers_muted: int
    """Harmless numbers of whose voiced time half or more is gone."""


def summarise(scores: Sequence[Score]) -> Summary:
    """Add up the scores of many calls; rates over no time at all are 0."""
    hours = sum(one.seconds for one in scores) / 3600
    sensitive = [scored for one in scores for scored in one.sensitive]
    harmless = [number for one in scores for number in one.numbers(sensitive=False)]
    false_mutes = sum(one.false_mutes for one in scores)
    taken = sum(one.harmless_muted_seconds for one in scores)
    return Summary(
        calls=len(scores),
        hours=hours,
        voiced_seconds=sum(scored.voiced for scored in sensitive),
        audible_seconds=sum(scored.audible for scored in sensitive),
        leak=_share(sensitive),
        leak_by_entity={
            entity: _share([s for s in sensitive if s.span.entity == entity])
            for entity in sorted({s.span.entity or "" for s in sensitive})
        },
        numbers=sum(len(one.numbers()) for one in scores),
        open_numbers=sum(one.open_numbers() for one in scores),
        wide_open_numbers=sum(one.open_numbers(WIDE_OPEN_SECONDS) for one in scores),
        false_mutes=false_mutes,
        false_mutes_per_hour=false_mutes / hours if hours else 0.0,
        false_mute_seconds=sum(one.false_mute_seconds for one in scores),
        harmless_muted_seconds_per_hour=taken / hours if hours else 0.0,
        harmless_numbers=len(harmless),
        harmless_numbers_muted=sum(number.muted for number in harmless),
    )


def _share(spans: Iterable[SpanScore]) -> float:
    pairs = [(scored.audible, scored.voiced) for scored in spans]
    voiced = sum(pair[1] for pair in pairs)
    return sum(pair[0] for pair in pairs) / voiced if voiced else 0.0
