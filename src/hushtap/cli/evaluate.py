"""``hushtap eval``: the benchmark."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hushtap.cli.output import errors
from hushtap.cli.redact import ModelOption, PolicyOption
from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.evaluate.cases import Case, Speed
    from hushtap.evaluate.tables import Table as Told
    from hushtap.evaluate.tally import Judged, Tally


def evaluate(
    cases: Annotated[
        Path,
        typer.Argument(metavar="CASES", help="Folder of NAME.wav, each with its truth NAME.json."),
    ],
    *,
    redacted: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Redacted copies of the same names, made by whatever tool."
        ),
    ] = None,
    policy: PolicyOption = "pci-ssn",
    model: ModelOption = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", help="Calls heard at once; by default one a core."),
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="All figures, - for stdout.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A page with tables and plots (.html).")
    ] = None,
) -> None:
    """Judge redacted calls against the truth, by comparing audio with audio.

    Without [bold]--redacted[/] the calls are redacted first, into a folder that goes
    away again. What is measured and how: docs/benchmark.md.

    [bold]Examples[/]

    Hushtap itself, with a page to look at:
    [cyan]hushtap eval samples/ --report report.html[/]

    What another tool made of the same calls:
    [cyan]hushtap eval samples/ --redacted theirs/ --json theirs.json[/]
    """
    from hushtap.evaluate.cases import find_cases, judge  # noqa: PLC0415
    from hushtap.evaluate.tally import tally  # noqa: PLC0415

    found = find_cases(cases)
    speed = None
    if redacted is None:
        judged, speed = _redact_and_judge(found, policy, model, jobs)
    else:
        judged = judge(found, redacted)
    told = tally(judged)
    what = f"{cases} redacted by Hushtap" if redacted is None else f"{cases} against {redacted}"
    to_stdout = as_json is not None and str(as_json) == "-"
    if not to_stdout:
        _print(told, speed)
    if as_json is not None:
        text = json.dumps(_document(what, told, speed, judged), indent=1)
        typer.echo(text) if to_stdout else write(as_json, f"{text}\n")
    if report is not None:
        from hushtap.evaluate.page import page  # noqa: PLC0415

        write(report, page(told, what=what, speed=speed))


def _redact_and_judge(
    cases: Sequence[Case], policy: str, model: str | None, jobs: int | None
) -> tuple[list[Judged], Speed]:
    from rich.progress import Progress  # noqa: PLC0415

    from hushtap.batch import Redactor  # noqa: PLC0415 - loads the ears
    from hushtap.evaluate.cases import judge, redacted  # noqa: PLC0415

    redactor = Redactor(policy, model=model, at_once=jobs)
    console = errors()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("calls", total=len(cases))
        with redacted(cases, redactor, lambda: bar.advance(task)) as (folder, speed):
            return judge(cases, folder), speed


def _document(
    what: str, told: Tally, speed: Speed | None, judged: Sequence[Judged]
) -> dict[str, Any]:
    from hushtap.evaluate.cases import record  # noqa: PLC0415

    timed = None if speed is None else asdict(speed) | {"times_real_time": speed.times_real_time}
    head = {"hushtap_benchmark": 1, "what": what, "speed": timed}
    return {**head, **asdict(told), "cases": [record(call) for call in judged]}


def _print(told: Tally, speed: Speed | None) -> None:
    from hushtap.evaluate.tables import tables  # noqa: PLC0415

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 200)
    for table in tables(told, speed):
        console.print(Text(table.title, "bold"))
        console.print(_rendered(table))
        console.print(f"[dim]{table.note}[/]\n" if table.note else "")


def _rendered(told: Told) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, 3, 0, 0),
        header_style="dim",
    )
    for at, column in enumerate(told.columns):
        table.add_column(column, justify="right" if at else "left", overflow="fold")
    for at, row in enumerate(told.rows):
        styles = ("bold red" if (at, n) in told.marked else "" for n in range(len(row)))
        table.add_row(*(Text(text, style) for text, style in zip(row, styles, strict=True)))
    return table


def write(path: Path, text: str) -> None:
    """Write ``text`` whole, or say why not.

    Raises:
        HushtapError: the disk refuses.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise HushtapError(f"{path} cannot be written ({exc.strerror}): choose another") from exc
