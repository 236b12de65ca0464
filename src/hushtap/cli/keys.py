"""``hushtap keys``: what recordings are sealed to, and how one key takes over from another."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.newkeys import due_key, new_key_at
from hushtap.cli.output import complain, errors, print_json, print_table, say, secret_of
from hushtap.cli.vault import DEFAULT, VaultOption
from hushtap.errors import UsageError

if TYPE_CHECKING:
    from hushtap.vault.keyring import KeyRing, NewKey
    from hushtap.vault.keys import PrivateKey

app = typer.Typer(
    help="The keys that recordings are sealed to. A recorder needs their public halves only.",
    no_args_is_help=True,
)


class RoleName(StrEnum):
    """The roles, as ``hushtap.vault.keyring`` has them; importing that takes time."""

    MAIN = "main"
    ESCROW = "escrow"


JsonOption = Annotated[bool, typer.Option("--json", help="JSON, one line a key.")]
ProviderOption = Annotated[
    str,
    typer.Option(
        "--provider",
        metavar="WHAT",
        help="What seals the private key: passphrase, pkcs11:token=LABEL;object=LABEL,"
        " awskms:///KEY or hashivault://KEY.",
    ),
]
UnprotectedOption = Annotated[
    bool, typer.Option("--unprotected", help="Nothing but the rights of the file seals it.")
]
LabelOption = Annotated[
    str | None, typer.Option("--label", metavar="TEXT", help="A name for the new key.")
]
NewKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--new-key",
        metavar="FILE",
        help="Where the new private key goes: beside the old one where left out.",
    ),
]


@app.command()
def init(
    vault: VaultOption = DEFAULT,
    *,
    role: Annotated[
        RoleName, typer.Option("--role", help="An escrow key lies in a safe until it is needed.")
    ] = RoleName.MAIN,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Where the private key goes: outside the vault"),
    ] = None,
    label: LabelOption = None,
    provider: ProviderOption = "passphrase",
    unprotected: UnprotectedOption = False,
    catalog: Annotated[
        str | None,
        typer.Option(
            "--catalog",
            metavar="URL",
            help="postgresql:// database for a new vault's catalog, without a password in it.",
        ),
    ] = None,
    objects: Annotated[
        str | None,
        typer.Option(
            "--objects",
            metavar="URL",
            help="s3:// place for a new vault's sealed files, without credentials in it.",
        ),
    ] = None,
) -> None:
    """Make a key, and the vault where there is none; recordings are sealed to it from now on.

    The private half of an escrow key is never left in the vault. What was recorded
    before is sealed to it by the next [bold]hushtap keys rotate[/].

    [cyan]hushtap keys init --vault calls.vault --key safe/main.key[/]

    [cyan]hushtap keys init --vault calls.vault --role escrow --key safe/escrow.key[/]
    """
    from hushtap.vault.keyring import Role  # noqa: PLC0415
    from hushtap.vault.location import has_catalog, set_catalog, set_objects  # noqa: PLC0415
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    if catalog is not None:
        set_catalog(vault, catalog)
    if objects is not None:
        set_objects(vault, objects)
    there = has_catalog(vault)
    if role is RoleName.ESCROW and not there:
        raise UsageError(f"{vault}: no vault here; make its main key first")
    if role is RoleName.ESCROW and key is None:
        raise UsageError("an escrow key has no place in the vault: name its file with --key")
    place = key or vault / "keys" / "private.key"
    new = new_key_at(place, label or str(role), provider, unprotected=unprotected)
    if there:
        say(Vault.open(vault).keyring.add(new, Role(role)))
        return
    [made] = Vault.create(vault, new_key=new).keyring.list()
    say(made.key_id)


@app.command("list")
def list_keys(vault: VaultOption = DEFAULT, *, as_json: JsonOption = False) -> None:
    """List the keys of a vault, and how many recordings each of them opens.

    [cyan]hushtap keys list --vault calls.vault[/]
    """
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    keys = Vault.open(vault).keyring.list()
    if as_json:
        for key in keys:
            print_json(
                {
                    "key": key.key_id,
                    "label": key.label,
                    "role": str(key.role),
                    "state": str(key.state),
                    "created": key.created.isoformat(),
                    "retired": key.retired and key.retired.isoformat(),
                    "opens": key.opens,
                }
            )
        return
    rows = [
        (
            key.key_id,
            key.label,
            str(key.role),
            str(key.state),
            f"{key.created:%Y-%m-%d}",
            f"{key.retired:%Y-%m-%d}" if key.retired else "",
            str(key.opens),
        )
        for key in keys
    ]
    print_table(("key", "label", "role", "state", "created", "retired", "opens"), rows)


@app.command()
def rotate(
    vault: VaultOption = DEFAULT,
    *,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="The private key of now, if outside the vault."),
    ] = None,
    new_key: NewKeyOption = None,
    label: LabelOption = None,
    provider: ProviderOption = "passphrase",
    unprotected: UnprotectedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Let a new main key take over: every recording is sealed to it, then the old one retires.

    Recorders go on meanwhile, and the files of recordings stay as they are. Where it
    was interrupted, the same command goes on.

    [cyan]hushtap keys rotate --vault calls.vault --key safe/main.key[/]
    """
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    ring = Vault.open(vault).keyring
    old = key or ring.private_file()
    if old is None:
        raise UsageError(f"{vault}: its private key is elsewhere; name it with --key")
    _take_over(ring, old, new_key, label, provider, unprotected=unprotected, as_json=as_json)


@app.command()
def recover(
    vault: VaultOption = DEFAULT,
    *,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The private half of an escrow key.")
    ],
    new_key: NewKeyOption = None,
    label: LabelOption = None,
    provider: ProviderOption = "passphrase",
    unprotected: UnprotectedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Make a new main key by means of an escrow key, where the main key was lost.

    [cyan]hushtap keys recover --vault calls.vault --key escrow.key --new-key main.key[/]
    """
    from hushtap.vault.keyring import Role  # noqa: PLC0415
    from hushtap.vault.keys import look_at  # noqa: PLC0415
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    ring = Vault.open(vault).keyring
    given = look_at(key).key_id
    if given not in {known.key_id for known in ring.list() if known.role is Role.ESCROW}:
        raise UsageError(f"{key}: no escrow key of this vault; with a main key, rotate")
    place = new_key or ring.folder / _next_name(ring)
    _take_over(ring, key, place, label, provider, unprotected=unprotected, as_json=as_json)


@app.command()
def retire(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key, or the beginning of its id.")],
    vault: VaultOption = DEFAULT,
    *,
    destroy: Annotated[
        bool,
        typer.Option(
            "--destroy", help="Then note that it is gone; delete its private half in the vault."
        ),
    ] = False,
) -> None:
    """Seal nothing to a key any more, and leave it only what no main key opens.

    [cyan]hushtap keys retire 4f0c --vault calls.vault[/]
    """
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    ring = Vault.open(vault).keyring
    key_id = ring.known(key)
    ring.retire(key_id)
    if destroy:
        ring.destroy(key_id)
    [now] = [known for known in ring.list() if known.key_id == key_id]
    say(f"{key_id}  {now.state}, opens {now.opens}")


def _take_over(
    ring: KeyRing,
    old: Path,
    new_key: Path | None,
    label: str | None,
    provider: str,
    *,
    unprotected: bool,
    as_json: bool,
) -> None:
    from rich.progress import Progress  # noqa: PLC0415 - takes as long as all else at the start

    opener = ring.open(old, secret_of(old))
    name = _next_name(ring)
    due = ring.unfinished()
    to: NewKey | PrivateKey
    if due is None:
        place = new_key or old.parent / name
        to = new_key_at(place, label or Path(name).stem, provider, unprotected=unprotected)
    else:
        complain(f"going on with the rotation to key {due}")
        to = due_key(ring, due, new_key, old.parent)
    console = errors()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as display:
        task = display.add_task("recordings", total=None)
        taken = ring.rotate(
            opener,
            to,
            progress=lambda done, of: display.update(task, completed=done, total=of),
        )
    if as_json:
        print_json(
            {
                "key": taken.key_id,
                "recordings": taken.taken,
                "left": taken.left,
                "retired": list(taken.retired),
            }
        )
        return
    say(f"{taken.key_id}  took over {taken.taken} recordings from {', '.join(taken.retired)}")
    if taken.left:
        say(
            f"{taken.left} did not open and stay with the old key: hushtap vault verify tells which"
        )


def _next_name(ring: KeyRing) -> str:
    """Return a name for the next main key: the same one where making it was interrupted."""
    return f"main-{len(ring.list()) + 1}.key"
