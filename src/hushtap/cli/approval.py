"""``hushtap vault approval``: what two people are to agree on before audio leaves a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.life import opened
from hushtap.cli.output import print_json, say
from hushtap.cli.vault import DEFAULT, JsonOption, VaultOption
from hushtap.errors import UsageError

if TYPE_CHECKING:
    from hushtap.vault.approvals import Request

app = typer.Typer(
    help="Dual control: exports that a second account approves.", no_args_is_help=True
)


@app.command()
def require(vault: VaultOption = DEFAULT) -> None:
    """Let exports of a vault need a second account from now on.

    [cyan]hushtap vault approval require[/]
    """
    opened(vault).life.approvals.require()
    say("exports need a second account")


@app.command()
def ask(
    recording: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="The recording that is to be exported.")
    ] = None,
    vault: VaultOption = DEFAULT,
    *,
    end: Annotated[
        bool, typer.Option("--end", help="That exports need no second account any more.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask for an export, within 24 hours and once; another account is to approve it.

    [cyan]hushtap vault approval ask 20260102T[/]
    """
    from hushtap.vault.approvals import DUAL_CONTROL  # noqa: PLC0415

    if (recording is None) != end:
        raise UsageError("name a recording, or --end")
    vault_ = opened(vault)
    what = DUAL_CONTROL if recording is None else vault_.info(recording).id
    _tell(vault_.life.approvals.ask(what), as_json=as_json)


@app.command()
def give(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="Such as request-1f0e.")],
    vault: VaultOption = DEFAULT,
    *,
    as_json: JsonOption = False,
) -> None:
    """Approve what another account asked for.

    [cyan]hushtap vault approval give request-1f0e9a77[/]
    """
    _tell(opened(vault).life.approvals.approve(request), as_json=as_json)


@app.command("list")
def list_requests(vault: VaultOption = DEFAULT, *, as_json: JsonOption = False) -> None:
    """List what was asked for, and by whom it was approved.

    [cyan]hushtap vault approval list[/]
    """
    for request in opened(vault).life.approvals.all():
        _tell(request, as_json=as_json)


@app.command()
def end(vault: VaultOption = DEFAULT) -> None:
    """End dual control; that was asked for with [bold]ask --end[/] and approved.

    [cyan]hushtap vault approval end[/]
    """
    opened(vault).life.approvals.end()
    say("exports need no second account")


def _tell(request: Request, *, as_json: bool) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415

    state = request.state(datetime.now(UTC))
    if as_json:
        print_json(
            {
                "request": request.id,
                "what": request.what,
                "state": state,
                "asked_by": request.asked_by,
                "approved_by": request.approved_by,
                "ends": request.ends.isoformat(),
            }
        )
        return
    by = "" if request.approved_by is None else f", approved by {request.approved_by}"
    say(f"{request.id}  {state}: {request.what}, asked by {request.asked_by}{by}")
