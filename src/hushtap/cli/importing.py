"""``hushtap vault import`` and ``hushtap vault undo``: archives that hold numbers today."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.life import opened
from hushtap.cli.newkeys import new_key_at
from hushtap.cli.output import complain, open_vault, print_json, say, secret_of
from hushtap.cli.redact import ModelOption, MuteOption, PolicyOption
from hushtap.cli.vault import DEFAULT, JsonOption, KeyOption, VaultOption
from hushtap.errors import HushtapError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.check import Checker
    from hushtap.importing import Imported, Importer, Refused
    from hushtap.vault.originals import Kept
    from hushtap.vault.recordings import Vault

app = typer.Typer(
    help="Originals that an import replaced, sealed for a term.", no_args_is_help=True
)

ItemArgument = Annotated[
    str, typer.Argument(metavar="ITEM", help="An original, or the beginning of its name.")
]


def import_(
    paths: Annotated[
        list[str], typer.Argument(metavar="FILE|DIR...", help="Audio files, or folders of them.")
    ],
    vault: VaultOption = DEFAULT,
    key: KeyOption = None,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete each original once it is sealed for undo.")
    ] = False,
    undo_days: Annotated[
        int, typer.Option("--undo-days", metavar="N", min=1, help="How long it can be undone.")
    ] = 30,
    undo_key: Annotated[
        Path | None,
        typer.Option("--undo-key", metavar="FILE", help="Where a new undo key goes: elsewhere."),
    ] = None,
    unprotected: Annotated[
        bool, typer.Option("--unprotected", help="Nothing but its rights seals a new undo key.")
    ] = False,
    policy: PolicyOption = "pci-ssn",
    mute: MuteOption = None,
    model: ModelOption = None,
    check_model: Annotated[
        str, typer.Option("--check-model", metavar="NAME|DIR", help="Weights that check.")
    ] = "base",
    as_json: Annotated[bool, typer.Option("--json", help="JSON, one line a file.")] = False,
) -> None:
    """Redact files of an archive into a vault, check them with other ears, replace the originals.

    A file goes only when its recording was checked and its original sealed under the
    undo key. What was interrupted goes on by the same command.

    [cyan]hushtap vault import archive/ --replace --vault calls.vault --undo-key safe/undo.key[/]
    """
    from hushtap.importing import Imported  # noqa: PLC0415 - loads the ears, as all below
    from hushtap.taps.folders import find_audio  # noqa: PLC0415

    files = [file for _, file in find_audio(paths)]
    inside = [file for file in files if file.resolve().is_relative_to(vault.resolve())]
    if inside:
        raise UsageError(f"{inside[0]}: lies in the vault; name an archive outside it")
    target = open_vault(vault, key)
    if replace:
        _make_undo_key(target, undo_key, unprotected=unprotected)
    importer = _importer(
        target, policy, mute, model, check_model, replace=replace, undo_days=undo_days
    )
    failed = False
    for one in importer.run(files):
        failed = failed or not isinstance(one, Imported)
        _tell(one, as_json=as_json)
    if failed:
        raise typer.Exit(HushtapError.exit_code)


def _make_undo_key(vault: Vault, place: Path | None, *, unprotected: bool) -> None:
    area = vault.life.undo
    if area.ready:
        if place is not None:
            raise UsageError("the undo area has its key already: leave --undo-key out")
        return
    area.make_key(
        new_key_at(place or area.folder / "undo.key", "undo", "passphrase", unprotected=unprotected)
    )


def _importer(
    vault: Vault,
    policy: str,
    mute: str | None,
    model: str | None,
    check_model: str,
    *,
    replace: bool,
    undo_days: int,
) -> Importer:
    from hushtap.batch import Redactor, styled  # noqa: PLC0415
    from hushtap.importing import Importer  # noqa: PLC0415

    chosen = styled(policy, mute)
    first = Redactor(chosen, model=model)
    if first.model.partition(",")[0] == check_model:
        raise UsageError("an ear cannot check itself: give another --check-model")
    return Importer(
        vault,
        lambda call, began: Redactor(chosen, model=model, call=call, began=began),
        _checker(check_model, policy),
        replace=replace,
        undo_days=undo_days,
    )


def _checker(model: str, policy: str) -> Checker:
    from hushtap import models  # noqa: PLC0415
    from hushtap.check import Checker, DigitSpotter  # noqa: PLC0415
    from hushtap.ears.engine import Engine  # noqa: PLC0415
    from hushtap.ears.loading import load_engine  # noqa: PLC0415
    from hushtap.pii.policy import load_policy  # noqa: PLC0415
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415

    wanted = load_policy(policy)
    return Checker(
        Engine(models.resolve(model)),
        wanted,
        SpokenAnalyzer(wanted.entities),
        spotter=DigitSpotter(load_engine()),
    )


def _tell(one: Imported | Refused, *, as_json: bool) -> None:
    from hushtap.importing import Refused  # noqa: PLC0415

    if isinstance(one, Refused):
        complain(f"{one.source}: {one.error}")
        if as_json:
            print_json({"file": str(one.source), "status": "failed", "error": str(one.error)})
        return
    kept = one.kept
    if as_json:
        print_json(
            {
                "file": str(one.source),
                "status": "imported" if kept is None else "replaced",
                "recording": one.recording,
                "undo": None if kept is None else kept.item,
                "until": None if kept is None else kept.until.isoformat(),
            }
        )
    elif kept is None:
        say(f"{one.source}: {one.recording}")
    else:
        say(f"{one.source}: {one.recording}, undo {kept.item} until {kept.until:%Y-%m-%d}")


@app.command("list")
def list_kept(vault: VaultOption = DEFAULT, *, as_json: JsonOption = False) -> None:
    """List the originals that can be brought back, and until when.

    [cyan]hushtap vault undo list[/]
    """
    _tell_kept(opened(vault).life.undo.list(), "until", as_json=as_json)


@app.command()
def restore(
    item: ItemArgument,
    vault: VaultOption = DEFAULT,
    *,
    undo_key: Annotated[
        Path | None, typer.Option("--undo-key", metavar="FILE", help="The undo key.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Somewhere else than it was.")
    ] = None,
) -> None:
    """Write an original to where it was, in clear, with whatever was said in it.

    [cyan]hushtap vault undo restore 3f2a --undo-key safe/undo.key[/]
    """
    target = opened(vault)
    area = target.life.undo
    path = undo_key or area.folder / "undo.key"
    private = target.keyring.open(path, secret_of(path))
    say(str(area.restore(item, private, to)))


@app.command()
def dispose(
    items: Annotated[list[str] | None, typer.Argument(metavar="[ITEM]...")] = None,
    vault: VaultOption = DEFAULT,
    *,
    due: Annotated[bool, typer.Option("--due", help="All whose term is over.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Destroy the keys of originals, then their sealed copies. For good.

    [cyan]hushtap vault undo dispose --due[/]
    """
    if due == bool(items):
        raise UsageError("name originals, or --due")
    area = opened(vault).life.undo
    done = area.dispose_due() if due else (area.dispose(item) for item in items or ())
    _tell_kept(done, "disposed of, was kept until", as_json=as_json)


def _tell_kept(found: Iterable[Kept], what: str, *, as_json: bool) -> None:
    for kept in found:
        if as_json:
            print_json(
                {
                    "undo": kept.item,
                    "recording": kept.recording,
                    "sha256": kept.digest,
                    "bytes": kept.size,
                    "since": kept.since.isoformat(),
                    "until": kept.until.isoformat(),
                }
            )
        else:
            say(f"{kept.item}  {kept.recording}  {what} {kept.until:%Y-%m-%d}")
