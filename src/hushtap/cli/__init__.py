"""The command ``hushtap``. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done, 1 something about a call or its store failed, 2 wrong use,
3 weights or a recording are not what they should be, 130 interrupted.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from hushtap.cli import evaluate, live, redact, tools, vault
from hushtap.cli.output import complain
from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from types import FrameType

app = typer.Typer(
    name="hushtap",
    help="Mute spoken card numbers, security codes, expiry dates and SSNs before they are recorded."
    "\n\nBegin with [bold]hushtap doctor[/] and [bold]hushtap demo[/].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    # They would print the variables of every frame: audio and words.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("redact")(redact.redact)
app.command("live")(live.live)
app.add_typer(vault.app, name="vault")
app.add_typer(tools.models_app, name="models")
app.command("doctor")(tools.doctor)
app.command("demo")(tools.demo)
app.command("eval")(evaluate.evaluate)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(f"hushtap {version('hushtap')}")
        raise typer.Exit


@app.callback()
def _hushtap(
    *,
    show_version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    del show_version


def main() -> NoReturn:
    """Run the command and exit. An unexpected error shows its type alone.

    Its text could carry speech; ``HUSHTAP_DEBUG=1`` shows it with its traceback.
    """
    signal.signal(signal.SIGTERM, _terminate)
    for stream in (sys.stdout, sys.stderr):
        # A file name in another encoding must not end a run; nor must a closed stream.
        if stream is not None:
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app()
    except Exception as exc:  # noqa: BLE001 - the last line of defence
        if isinstance(exc, HushtapError):
            code = exc.exit_code
            complain(str(exc))
        else:
            code = HushtapError.exit_code
            complain(f"unexpected {type(exc).__name__}: set HUSHTAP_DEBUG=1 to see where")
        if os.environ.get("HUSHTAP_DEBUG") == "1":
            traceback.print_exc()
        sys.exit(code)
    sys.exit(0)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    # As an exception, so that half-written files go and recordings are closed.
    sys.exit(128 + number)
