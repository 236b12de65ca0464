"""The commands of ``hushtap``, gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from hushtap.cli import (
    approval,
    audit_log,
    breach,
    cases,
    check,
    evaluate,
    importing,
    keys,
    life,
    live,
    proofs,
    redact,
    serve,
    subject,
    tools,
    top,
    web,
)
from hushtap.cli.output import say

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
app.command("serve")(serve.serve)
app.command("top")(top.top)
life.app.add_typer(proofs.retention_app, name="retention")
life.app.add_typer(proofs.certificate_app, name="certificate")
life.app.add_typer(approval.app, name="approval")
life.app.add_typer(breach.app, name="breach")
life.app.command("import")(importing.import_)
life.app.add_typer(importing.app, name="undo")
app.add_typer(life.app, name="vault")
app.add_typer(subject.app, name="subject")
app.add_typer(keys.app, name="keys")
app.add_typer(audit_log.app, name="audit-log")
app.add_typer(tools.models_app, name="models")
app.command("doctor")(tools.doctor)
app.command("demo")(tools.demo)
app.command("eval")(evaluate.evaluate)
app.command("check")(check.check)
app.add_typer(cases.app, name="cases")
app.command("tune")(cases.tune)
app.add_typer(web.app, name="web")


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - for this alone

        say(f"hushtap {version('hushtap')}")
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
