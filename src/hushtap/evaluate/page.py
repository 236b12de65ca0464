"""The report: one HTML file that holds all it shows, for light and dark screens."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from hushtap.evaluate.plots import Bins, Dot, dots, histogram
from hushtap.evaluate.tables import TITLES, figure, percent, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hushtap.evaluate.cases import Speed
    from hushtap.evaluate.tables import Table
    from hushtap.evaluate.tally import Group, Tally

CARDS: Final = (
    "leak",
    "open",
    "two_digits",
    "false_mutes_per_hour",
    "harmless_muted_seconds_per_hour",
    "harmless_left_alone",
)
EDGES_MS: Final = Bins(-500.0, 250.0, 25.0)

STYLE: Final = """
:root { color-scheme: light dark; --ground: #fbfbf9; --panel: #fff; --ink: #1d2428;
  --soft: #5f6b73; --line: #dfe3e6; --accent: #0b7285; --bad: #c2410c; --wash: #fdece2; }
@media (prefers-color-scheme: dark) { :root { --ground: #12171b; --panel: #1a2126;
  --ink: #e5eaed; --soft: #98a5ad; --line: #2f3940; --accent: #4cc3d9; --bad: #ff9763;
  --wash: #402a20; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2.5rem 1.5rem 4rem; background: var(--ground);
  color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 1.7rem; letter-spacing: -.02em; }
h2 { margin: 0 0 .8rem; font-size: 1rem; }
p { margin: .3rem 0 0; color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr)); gap: .8rem;
  margin: 1.8rem 0 1rem; }
.card, section { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.2rem; }
.card strong { display: block; font-size: 1.6rem; font-weight: 650; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }
.card span { display: block; color: var(--soft); font-size: .82rem; line-height: 1.35; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 31rem), 1fr));
  gap: 1rem; margin-bottom: 1rem; }
section { margin-bottom: 1rem; overflow-x: auto; }
.columns section { margin: 0; }
table { border-collapse: collapse; width: 100%; font-size: .87rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .7rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td:first-child { white-space: normal; min-width: 9rem; }
td.marked { background: var(--wash); color: var(--bad); font-weight: 600; }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, "DejaVu Sans", sans-serif; }
svg .grid { stroke: var(--line); } svg .zero { stroke: var(--soft); }
svg .tick, svg .note { fill: var(--soft); } svg .tick { font-size: 11px; }
svg .label { fill: var(--ink); }
svg .range { stroke: var(--accent); stroke-width: 2; opacity: .55; stroke-linecap: round; }
svg .dot, svg .bar { fill: var(--accent); } svg .bad { fill: var(--bad); }
"""


def page(told: Tally, *, what: str, speed: Speed | None = None) -> str:
    """Return the report as HTML; ``what`` says what was judged, in one line."""
    first, *others = tables(told, speed)
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>Hushtap benchmark: {escape(what)}</title><style>{STYLE}</style></head><body>",
            f"<h1>What is left, and what was lost</h1><p>{escape(what)}: {told.calls} calls,"
            f" {told.hours:.2f} h, {told.numbers} sensitive and {told.harmless_numbers} harmless"
            " numbers. Judged by comparing audio with audio.</p>",
            f'<div class="cards">{"".join(_cards(told, speed))}</div>',
            _table(first),
            f'<div class="columns">{"".join(_plots(told))}</div>',
            *map(_table, others),
            "</body></html>\n",
        )
    )


def _cards(told: Tally, speed: Speed | None) -> Iterator[str]:
    for name in CARDS:
        estimate = told.figures[name]
        interval = ""
        if estimate.value is not None:
            interval = f"{figure(name, estimate.low)} to {figure(name, estimate.high)}"
        yield _card(figure(name, estimate.value), TITLES[name], interval)
    if speed is not None:
        yield _card(f"{speed.times_real_time:.1f} x", "real time, calls redacted", "")


def _card(value: str, title: str, interval: str) -> str:
    return (
        f'<div class="card"><strong>{escape(value)}</strong><span>{escape(title)}</span>'
        f"<span>{escape(interval)}</span></div>"
    )


def _plots(told: Tally) -> Iterator[str]:
    for by, groups in told.groups.items():
        rows = [dot for group in groups if (dot := _dot(group)) is not None]
        if len(rows) > 1:
            title = f"Leak by {by}, with 95 % intervals"
            yield _section(title, dots(rows, title=title, unit="%"))
    for name, edge in (("onset", told.onset), ("end", told.offset)):
        if edge.errors:
            title = f"Edge error at the {name} of a number"
            plot = histogram([1000 * e for e in edge.errors], EDGES_MS, title=title, unit="ms")
            yield _section(title, plot, "Right of 0 speech sticks out of the mute.")


def _dot(group: Group) -> Dot | None:
    leak = group.leak
    if leak.value is None or leak.low is None or leak.high is None:
        return None
    note = f"{percent(leak.value)} of {group.numbers}"
    return Dot(group.name, 100 * leak.value, 100 * leak.low, 100 * leak.high, note)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in table.columns)
    body = "".join(
        f"<tr>{''.join(_cells(row, at, table))}</tr>" for at, row in enumerate(table.rows)
    )
    return _section(
        table.title,
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
        table.note,
    )


def _cells(row: Sequence[str], at: int, table: Table) -> Iterator[str]:
    for column, text in enumerate(row):
        kind = ' class="marked"' if (at, column) in table.marked else ""
        yield f"<td{kind}>{escape(text)}</td>"


def _section(title: str, content: str, note: str = "") -> str:
    said = f"<p>{escape(note)}</p>" if note else ""
    return f"<section><h2>{escape(title)}</h2>{content}{said}</section>"
