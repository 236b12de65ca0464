"""``hushtap top``: a running gateway on the terminal."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.output import clock, moving, print_json
from hushtap.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Group

    from hushtap.gateway.view import View

_URL = "http://127.0.0.1:8090"

TokenOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help=r"The token of its \[http] section.")
]
AuthorityOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Who signed its certificate, as PEM.")
]


def top(
    *,
    url: Annotated[str, typer.Option(metavar="URL", help=r"Its \[http] address.")] = _URL,
    token: TokenOption = None,
    ca: AuthorityOption = None,
    interval: Annotated[
        float, typer.Option(min=0.2, max=3_600, help="Seconds between two looks.")
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one line a look.")] = False,
) -> None:
    """Watch the calls of a running gateway: delay, state and what was muted, never what was said.

    [bold]Examples[/]

    [cyan]hushtap top --token /etc/hushtap/token[/]

    For a script: [cyan]hushtap top --token /etc/hushtap/token --once --json[/]
    """
    from importlib.util import find_spec  # noqa: PLC0415

    if find_spec("prometheus_client") is None:
        raise UsageError("hushtap top needs prometheus_client: pip install 'hushtap[gateway]'")

    import time  # noqa: PLC0415
    from contextlib import closing  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    from hushtap.gateway.view import Watcher  # noqa: PLC0415

    with closing(Watcher(url, token, ca)) as watcher:
        if as_json:
            print_json(watcher.look().told())
            while not once:
                time.sleep(interval)
                print_json(watcher.look().told())
        elif once:
            width = None if sys.stdout.isatty() else 200
            Console(highlight=False, width=width).print(shown(watcher.look()))
        else:
            with Live(shown(watcher.look()), **moving()) as live:
                while True:
                    time.sleep(interval)
                    live.update(shown(watcher.look()))


def shown(view: View) -> Group:
    """Return a view as a terminal shows it."""
    from rich.console import Group  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(
        "recording", "tap", "length", "behind", "state", "muted", box=None, pad_edge=False
    )
    for call in view.calls:
        table.add_row(
            str(call["id"]),
            str(call["tap"]),
            clock(float(call["seconds"])),
            f"{call['behind']:.1f} s",
            _state(call),
            _counts(call["mutes"]),
        )
    lines = [
        f"{len(view.calls)} calls, ears {_delay(view.ears_delay)} behind at p95, speech released"
        f" after {_delay(view.release_delay)} at p99{', draining' if view.draining else ''}",
    ]
    for name in ("muted", "missed", "refused", "failed"):
        counts: Mapping[str, int] = getattr(view, name)
        if counts:
            lines.append(f"{name}: {_counts(counts)}")
    return Group(Text("\n".join(lines)), table if view.calls else Text("no call is up"))


def _state(call: Mapping[str, object]) -> str:
    states = [str(call["failed"])] if call["failed"] else []
    states += [name for name in ("armed", "muted") if call[name]]
    return " ".join(states) or "listening"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "-"


def _delay(seconds: float) -> str:
    return "-" if math.isnan(seconds) else f"{seconds:.2f} s"
