"""A tally as tables of text: the same for the terminal and for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hushtap.evaluate.tally import LEFT_ALONE
from hushtap.evaluate.truth import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.evaluate.bootstrap import Estimate
    from hushtap.evaluate.cases import Speed
    from hushtap.evaluate.tally import Edge, Group, Tally

TARGET_RECALL: Final = 0.97
"""A cell of the table of ways below this is marked."""

TITLES: Final = {
    "leak": "leak: sensitive speech still audible",
    "open": "numbers audible for 0.1 s or more",
    "wide_open": "numbers audible for 0.7 s or more",
    "two_digits": "numbers with two digits or more audible",
    "digits_leaked_per_number": "digits leaked per number",
    "false_mutes_per_hour": "false mutes an hour",
    "harmless_muted_seconds_per_hour": "muted harmless seconds an hour",
    "harmless_left_alone": "harmless numbers left alone",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under columns; the first column names the row.

    ``marked`` are the cells ``(row, column)`` that miss a target.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    marked: frozenset[tuple[int, int]] = frozenset()


def tables(told: Tally, speed: Speed | None = None) -> list[Table]:
    """Return all tables that have something to tell, the main figures first.

    A group that is all of the calls says nothing that the main figures do not.
    """
    return [
        _figures(told, speed),
        *([_ways(told)] if told.ways else []),
        *(_groups(by, groups) for by, groups in told.groups.items() if len(groups) > 1),
        *([_left_alone(told)] if told.left_alone else []),
        *([_confusion(told)] if told.confusion else []),
        *([_edges(told)] if told.onset.errors or told.offset.errors else []),
        *([_worst(told)] if told.worst else []),
    ]


def percent(value: float | None) -> str:
    """Return a share with two significant figures below one percent, one decimal above."""
    if value is None:
        return UNKNOWN
    shown = 100 * value
    return f"{shown:.2f} %" if 0 < shown < 1 else f"{shown:.1f} %"


def figure(name: str, value: float | None) -> str:
    """Return the value of a main figure with its unit."""
    if value is None:
        return UNKNOWN
    if name.endswith("per_hour"):
        return f"{value:.1f}"
    return f"{value:.2f}" if name.endswith("per_number") else percent(value)


def _interval(name: str, estimate: Estimate) -> str:
    if estimate.low is None:
        return ""
    return f"{figure(name, estimate.low)} to {figure(name, estimate.high)}"


def _figures(told: Tally, speed: Speed | None) -> Table:
    rows = []
    for name, estimate in told.figures.items():
        if name == "leak":
            base = f"{estimate.of:.1f} s of speech in {told.numbers} numbers"
        elif name.endswith("per_hour"):
            base = f"{told.hours:.2f} h"
        else:
            base = f"{estimate.of:.0f} numbers"
        value = figure(name, estimate.value)
        rows.append((TITLES[name], value, _interval(name, estimate), base))
    if speed is not None:
        rows.append(
            (
                "speed",
                f"{speed.times_real_time:.1f} x real time",
                "",
                f"{speed.call_seconds:.0f} s of call in {speed.wall_seconds:.1f} s",
            )
        )
    none_seen = any(e.high == 0 and e.of for e in told.figures.values())
    return Table(
        "Main figures",
        ("figure", "value", "95 % interval", "of"),
        tuple(rows),
        note="An interval of 0 to 0: none of these calls had any; with N calls, up to"
        " 3 / N of all calls may (the rule of three)."
        if none_seen
        else "",
    )


def _groups(by: str, groups: Sequence[Group]) -> Table:
    hourly = any(group.false_mutes_per_hour is not None for group in groups)
    columns = ("calls", "numbers", "leak", "95 % interval", "open", "two digits or more")
    return Table(
        f"By {by}",
        (by, *columns, *(("false mutes an hour",) if hourly else ())),
        tuple(
            (
                group.name,
                str(group.calls),
                str(group.numbers),
                percent(group.leak.value),
                _interval("leak", group.leak),
                percent(group.open.value),
                percent(group.two_digits.value),
                *(
                    (figure("false_mutes_per_hour", group.false_mutes_per_hour.value),)
                    if group.false_mutes_per_hour is not None
                    else ()
                ),
            )
            for group in groups
        ),
    )


def _ways(told: Tally) -> Table:
    entities = sorted({entity for cells in told.ways.values() for entity in cells})
    rows, marked = [], set()
    for row, (way, cells) in enumerate(told.ways.items()):
        line = [way]
        for column, entity in enumerate(entities, start=1):
            cell = cells.get(entity)
            line.append("" if cell is None else f"{percent(cell.recall)} ({cell.numbers})")
            if cell is not None and cell.recall < TARGET_RECALL:
                marked.add((row, column))
        rows.append(tuple(line))
    return Table(
        "Recall by way of saying and entity (numbers)",
        ("way", *entities),
        tuple(rows),
        note=f"Recall is 1 - leak; below {100 * TARGET_RECALL:.0f} % is marked.",
        marked=frozenset(marked),
    )


def _left_alone(told: Tally) -> Table:
    return Table(
        "Harmless numbers left alone",
        ("entity", "left alone", "95 % interval", "numbers"),
        tuple(
            (entity, percent(e.value), _interval("harmless_left_alone", e), f"{e.of:.0f}")
            for entity, e in told.left_alone.items()
        ),
    )


def _confusion(told: Tally) -> Table:
    names = {name for counts in told.confusion.values() for name in counts}
    columns = [LEFT_ALONE, *sorted(names - {LEFT_ALONE})]
    return Table(
        "What was said, and what it was muted as",
        ("said", *columns),
        tuple(
            (said, *(str(counts.get(column, "")) for column in columns))
            for said, counts in told.confusion.items()
        ),
        note="Muted or not is read from the audio, the name from the findings file, if any.",
    )


def _edges(told: Tally) -> Table:
    return Table(
        "Edge error of the mutes, ms",
        ("edge", "p50", "p95", "p99", "edges"),
        (_edge("onset", told.onset), _edge("end", told.offset)),
        note="Above 0 speech sticks out of the mute (a leak), below 0 the mute sticks out.",
    )


def _edge(name: str, edge: Edge) -> tuple[str, ...]:
    shown = (UNKNOWN if p is None else f"{1000 * p:+.0f}" for p in (edge.p50, edge.p95, edge.p99))
    return name, *shown, str(len(edge.errors))


def _worst(told: Tally) -> Table:
    columns = ("audible s", "leak", "open", "digits leaked", "false mutes", "harmless muted s")
    return Table(
        f"The worst {len(told.worst)} calls",
        ("call", *columns),
        tuple(
            (
                worst.name,
                f"{worst.audible:.2f}",
                percent(worst.leak),
                str(worst.open_numbers),
                str(worst.digits_leaked),
                str(worst.false_mutes),
                f"{worst.harmless_muted:.1f}",
            )
            for worst in told.worst
        ),
    )
