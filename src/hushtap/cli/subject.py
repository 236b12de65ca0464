"""``hushtap subject``: what a vault has of one caller, and its erasure."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.life import AuditKeyOption, opened, write_out
from hushtap.cli.listing import info_as_json
from hushtap.cli.output import print_json, say
from hushtap.cli.vault import DEFAULT, JsonOption, VaultOption
from hushtap.errors import HushtapError, UsageError

if TYPE_CHECKING:
    from hushtap.vault.recordings import RecordingInfo

app = typer.Typer(help="Access and erasure for whoever was recorded.", no_args_is_help=True)

CallerArgument = Annotated[
    str,
    typer.Argument(
        metavar="CALLER", help="As it was given when the call was recorded; - reads one line."
    ),
]


@app.command()
def find(
    caller: CallerArgument, vault: VaultOption = DEFAULT, *, as_json: JsonOption = False
) -> None:
    """List the recordings of one caller: what to export for a person who asks for them.

    [cyan]hushtap subject find +12025550143[/]
    """
    found = opened(vault).subjects.find(_given(caller))
    for info in found:
        if as_json:
            print_json(info_as_json(info))
        else:
            say(f"{info.id}  {_standing(info)}")
    if not found and not as_json:
        say("no recordings")


@app.command()
def erase(
    caller: CallerArgument,
    vault: VaultOption = DEFAULT,
    *,
    report: Annotated[
        Path, typer.Option("--report", metavar="FILE", help="The signed report to write.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be erased.")
    ] = False,
    audit_key: AuditKeyOption = None,
) -> None:
    """Dispose of every recording of one caller but those on hold; exit code 1 if any is left.

    [cyan]hushtap subject erase +12025550143 --report erasure.txt[/]
    """
    given = _given(caller)
    vault_ = opened(vault, audit_key)
    if dry_run:
        for info in vault_.subjects.find(given):
            kept = info.held or info.state == "open"
            say(f"{info.id}  {_standing(info) if kept else 'would be disposed of'}")
        return
    if report.exists():
        raise UsageError(f"{report}: already there; choose another name")
    done = vault_.subjects.erase(given)
    write_out(report, done.statement, force=False)
    for what, ids in (
        ("disposed of", done.disposed),
        ("kept by a legal hold", done.held),
        ("being written: do it again once it has ended", done.open),
        ("failed: do it again", done.failed),
    ):
        for identity in ids:
            say(f"{identity}  {what}")
    if done.left:
        say(f"{done.left} more: do it again")
    say(str(report))
    if done.held or done.open or done.failed or done.left:
        raise typer.Exit(HushtapError.exit_code)


def _standing(info: RecordingInfo) -> str:
    return "kept by a legal hold" if info.held else str(info.state)


def _given(caller: str) -> str:
    """Return the caller, from standard input where the argument says so. Raises ``UsageError``."""
    if caller != "-":
        return caller
    line = "" if sys.stdin is None else sys.stdin.readline().strip()
    if not line:
        raise UsageError("- reads the caller from standard input: give one line")
    return line
