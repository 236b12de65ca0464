"""Many judged calls as figures: each with its interval, by entity, way, line and voice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from hushtap.evaluate.bootstrap import SEED, Bootstrap, Estimate, Quotient
from hushtap.evaluate.scores import WIDE_OPEN_SECONDS, NumberScore, Score, Stretch
from hushtap.evaluate.truth import Truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

WORST: Final = 10

LEFT_ALONE: Final = "left alone"
MUTED: Final = "muted"
"""The column of what was muted where no findings file gives it a name."""
TALK: Final = "ordinary speech"
"""The row of false mutes that lie on no number."""


@dataclass(frozen=True, slots=True)
class Named:
    """What a findings file calls a muted stretch: only ever the name of a column."""

    where: Stretch
    entity: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One call of the corpus and its score; ``found`` is what its findings file names."""

    name: str
    truth: Truth
    score: Score
    found: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The sensitive numbers that have something in common; shares 0 to 1."""

    name: str
    calls: int
    numbers: int
    leak: Estimate
    open: Estimate
    two_digits: Estimate
    false_mutes_per_hour: Estimate | None
    """Only where whole calls are grouped."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One entity said in one way: ``recall`` is the share of voiced time that is gone."""

    numbers: int
    recall: float


@dataclass(frozen=True, slots=True)
class Edge:
    """Edge errors in seconds, sorted, and three percentiles of them."""

    p50: float | None
    p95: float | None
    p99: float | None
    errors: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Worst:
    """A call that did badly; seconds."""

    name: str
    audible: float
    leak: float
    open_numbers: int
    digits_leaked: int
    false_mutes: int
    harmless_muted: float


@dataclass(frozen=True, slots=True)
class Tally:
    """All that ``hushtap eval`` tells; shares 0 to 1, rates per hour of call."""

    calls: int
    hours: float
    numbers: int
    harmless_numbers: int
    figures: dict[str, Estimate]
    groups: dict[str, tuple[Group, ...]]
    """By what they are grouped: entity, way, voice, condition, codec ..."""
    ways: dict[str, dict[str, Cell]]
    """Way of saying, then entity."""
    left_alone: dict[str, Estimate]
    """Share of the harmless numbers of an entity of which most is still there."""
    confusion: dict[str, dict[str, int]]
    """Numbers by what they are, then by what they were muted as."""
    onset: Edge
    offset: Edge
    worst: tuple[Worst, ...]


def tally(calls: Sequence[Judged], *, seed: int = SEED) -> Tally:
    """Add up many calls. The same calls and seed give the same intervals."""
    scores = [call.score for call in calls]
    draws = Bootstrap(len(calls), seed)
    sensitive = [scored for score in scores for scored in score.sensitive]
    return Tally(
        calls=len(calls),
        hours=sum(score.seconds for score in scores) / 3600,
        numbers=sum(len(score.numbers()) for score in scores),
        harmless_numbers=sum(len(score.numbers(sensitive=False)) for score in scores),
        figures={
            name: draws.estimate([figure(score) for score in scores])
            for name, figure in FIGURES.items()
        },
        groups={
            **{by: _number_groups(calls, label, draws) for by, label in NUMBER_LABELS.items()},
            **{by: _call_groups(calls, label, draws) for by, label in CALL_LABELS.items()},
        },
        ways=_ways(scores),
        left_alone=_left_alone_by_entity(scores, draws),
        confusion=_confusion(calls),
        onset=_edge(scored.onset for scored in sensitive),
        offset=_edge(scored.offset for scored in sensitive),
        worst=_worst(calls),
    )


# --- figures


def _leak(numbers: Sequence[NumberScore]) -> Quotient:
    return sum(number.audible for number in numbers), sum(number.voiced for number in numbers)


def _open(numbers: Sequence[NumberScore]) -> Quotient:
    return sum(number.open for number in numbers), len(numbers)


def _wide_open(numbers: Sequence[NumberScore]) -> Quotient:
    return sum(number.audible_for(WIDE_OPEN_SECONDS) for number in numbers), len(numbers)


def _two_digits(numbers: Sequence[NumberScore]) -> Quotient:
    counted = [number for number in numbers if number.digits]
    return sum(number.leaked > 1 for number in counted), len(counted)


def _digits(numbers: Sequence[NumberScore]) -> Quotient:
    counted = [number for number in numbers if number.digits]
    return sum(number.leaked for number in counted), len(counted)


def _left_alone(numbers: Sequence[NumberScore]) -> Quotient:
    return sum(not number.muted for number in numbers), len(numbers)


def _false_mutes(score: Score) -> Quotient:
    return score.false_mutes, score.seconds / 3600


FIGURES: Final[Mapping[str, Callable[[Score], Quotient]]] = {
    "leak": lambda score: _leak(score.numbers()),
    "open": lambda score: _open(score.numbers()),
    "wide_open": lambda score: _wide_open(score.numbers()),
    "two_digits": lambda score: _two_digits(score.numbers()),
    "digits_leaked_per_number": lambda score: _digits(score.numbers()),
    "false_mutes_per_hour": _false_mutes,
    "harmless_muted_seconds_per_hour": lambda score: (
        score.harmless_muted_seconds,
        score.seconds / 3600,
    ),
    "harmless_left_alone": lambda score: _left_alone(score.numbers(sensitive=False)),
}
"""The main figures; what each means is in docs/benchmark.md."""


# --- tables

_NumberLabel: TypeAlias = "Callable[[Judged, NumberScore], str]"
_CallLabel: TypeAlias = "Callable[[Judged], str]"

NUMBER_LABELS: Final[Mapping[str, _NumberLabel]] = {
    "entity": lambda _, number: str(number.span.entity),
    "way": lambda _, number: number.span.way,
    "voice": lambda _, number: number.span.voice,
}
CALL_LABELS: Final[Mapping[str, _CallLabel]] = {
    "condition": lambda call: call.truth.conditions.condition,
    "codec": lambda call: call.truth.conditions.codec,
    "noise": lambda call: call.truth.conditions.noise,
    "loss": lambda call: call.truth.conditions.loss,
    "overlap": lambda call: call.truth.conditions.overlap,
}


def _number_groups(
    calls: Sequence[Judged], label: _NumberLabel, draws: Bootstrap
) -> tuple[Group, ...]:
    numbers = [[(label(call, n), n) for n in call.score.numbers()] for call in calls]
    names = sorted({name for one in numbers for name, _ in one})
    return tuple(
        _group(name, [[n for label, n in one if label == name] for one in numbers], draws)
        for name in names
    )


def _call_groups(calls: Sequence[Judged], label: _CallLabel, draws: Bootstrap) -> tuple[Group, ...]:
    labels = [label(call) for call in calls]
    return tuple(
        _group(
            name,
            [
                call.score.numbers() if name == own else ()
                for call, own in zip(calls, labels, strict=True)
            ],
            draws,
            [
                _false_mutes(call.score) if name == own else (0, 0)
                for call, own in zip(calls, labels, strict=True)
            ],
        )
        for name in sorted(set(labels))
    )


def _group(
    name: str,
    numbers: Sequence[Sequence[NumberScore]],
    draws: Bootstrap,
    false_mutes: Sequence[Quotient] | None = None,
) -> Group:
    """Return one group from its numbers, and false mutes over hours, of each call."""
    own = numbers if false_mutes is None else [q for q in false_mutes if q[1]]
    return Group(
        name,
        calls=sum(map(bool, own)),
        numbers=sum(map(len, numbers)),
        leak=draws.estimate([_leak(one) for one in numbers]),
        open=draws.estimate([_open(one) for one in numbers]),
        two_digits=draws.estimate([_two_digits(one) for one in numbers]),
        false_mutes_per_hour=None if false_mutes is None else draws.estimate(false_mutes),
    )


def _ways(scores: Sequence[Score]) -> dict[str, dict[str, Cell]]:
    cells: dict[tuple[str, str], list[NumberScore]] = {}
    for score in scores:
        for number in score.numbers():
            cells.setdefault((number.span.way, str(number.span.entity)), []).append(number)
    table: dict[str, dict[str, Cell]] = {}
    for (way, entity), numbers in sorted(cells.items()):
        audible, voiced = _leak(numbers)
        recall = 1 - audible / voiced if voiced else 1.0
        table.setdefault(way, {})[entity] = Cell(len(numbers), recall)
    return table


def _left_alone_by_entity(scores: Sequence[Score], draws: Bootstrap) -> dict[str, Estimate]:
    harmless = [score.numbers(sensitive=False) for score in scores]
    entities = sorted({str(number.span.entity) for one in harmless for number in one})
    return {
        entity: draws.estimate(
            [_left_alone([n for n in one if n.span.entity == entity]) for one in harmless]
        )
        for entity in entities
    }


def _confusion(calls: Sequence[Judged]) -> dict[str, dict[str, int]]:
    """Count numbers by what they are and were muted as; the audio says whether they were."""
    counts: dict[str, Counter[str]] = {}
    for call in calls:
        numbers = (*call.score.numbers(), *call.score.numbers(sensitive=False))
        for number in numbers:
            where = [Stretch(s.span.channel, s.span.start, s.span.end) for s in number.spans]
            column = _name(call, where) if number.muted else LEFT_ALONE
            counts.setdefault(str(number.span.entity), Counter())[column] += 1
        said = [scored.span for number in numbers for scored in number.spans]
        for stretch in call.score.false_stretches:
            if not any(_overlap(stretch, Stretch(s.channel, s.start, s.end)) for s in said):
                counts.setdefault(TALK, Counter())[_name(call, [stretch])] += 1
    return {row: dict(counts[row]) for row in sorted(counts, key=lambda row: (row == TALK, row))}


def _name(call: Judged, where: Sequence[Stretch]) -> str:
    """Return what the findings file calls the most of these stretches."""
    shares: Counter[str] = Counter()
    for found in call.found:
        shares[found.entity] += round(1e6 * sum(_overlap(found.where, part) for part in where))
    return next((entity for entity, share in shares.most_common(1) if share), MUTED)


def _overlap(one: Stretch, other: Stretch) -> float:
    if one.channel != other.channel:
        return 0.0
    return max(0.0, min(one.end, other.end) - max(one.start, other.start))


def _edge(errors: Iterable[float | None]) -> Edge:
    known = sorted(error for error in errors if error is not None)
    if not known:
        return Edge(None, None, None, ())
    p50, p95, p99 = np.percentile(known, (50, 95, 99)).tolist()
    return Edge(p50, p95, p99, tuple(known))


def _worst(calls: Sequence[Judged]) -> tuple[Worst, ...]:
    """Return the calls that leaked most, then those that lost most, none that did neither."""
    lines = [
        Worst(
            call.name,
            audible=sum(scored.audible for scored in call.score.sensitive),
            leak=call.score.leak,
            open_numbers=call.score.open_numbers(),
            digits_leaked=sum(number.leaked for number in call.score.numbers()),
            false_mutes=call.score.false_mutes,
            harmless_muted=call.score.harmless_muted_seconds,
        )
        for call in calls
    ]
    bad = [line for line in lines if line.audible or line.harmless_muted]
    return tuple(sorted(bad, key=lambda w: (-w.audible, -w.harmless_muted, w.name))[:WORST])
