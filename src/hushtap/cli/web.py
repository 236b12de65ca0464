"""``hushtap web``: the review desk in a browser, and who may use it."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.output import complain, open_vault, print_json, print_table, say
from hushtap.cli.vault import DEFAULT, KeyOption, VaultOption
from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from hushtap.vault.audit.log import Journal
    from hushtap.vault.recordings import Vault
    from hushtap.web.accounts import Account, Accounts
    from hushtap.web.demo import Person
    from hushtap.web.rules import Rules
    from hushtap.web.server import Place

app = typer.Typer()
user_app = typer.Typer(help="Who may use the review desk.", no_args_is_help=True)
app.add_typer(user_app, name="user")

_Json = Annotated[bool, typer.Option("--json", help="JSON, one line an account.")]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")]


class RoleName(StrEnum):
    """The roles, as ``hushtap.web.roles`` has them; importing that takes time."""

    TELEPHONY_ENGINEER = "telephony-engineer"
    QA_ANALYST = "qa-analyst"
    SUPERVISOR = "supervisor"
    PRIVACY_OFFICER = "privacy-officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


@app.callback(invoke_without_command=True)
def web(
    ctx: typer.Context,
    vault: VaultOption = DEFAULT,
    key: KeyOption = None,
    *,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8443,
    cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A certificate (PEM) for TLS.")
    ] = None,
    cert_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its private key (PEM).")
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What is reviewed and what is odd (TOML)."),
    ] = None,
    plain: Annotated[
        bool, typer.Option("--plain", help="Without TLS; on the loopback only.")
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Sample calls and one person for each role.")
    ] = False,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Only redact the sample calls of --demo.")
    ] = False,
) -> None:
    """Serve the review desk over TLS, until Ctrl-C.

    [cyan]hushtap web --vault calls.vault[/]

    [cyan]hushtap web --demo --port 8443[/]
    """
    if ctx.invoked_subcommand is not None:
        ctx.obj = vault
        return
    need_web()
    if prepare:
        from hushtap.web.demo import prepared  # noqa: PLC0415

        say(str(prepared(complain)))
        return
    from hushtap.web.rules import load  # noqa: PLC0415
    from hushtap.web.server import Place  # noqa: PLC0415

    judged = load(rules)
    place = Place(host, port, cert, cert_key, plain)
    if demo:
        _demo(place, judged)
    else:
        _serve(open_vault(vault, key), place, judged)


@user_app.command("add")
def add(
    name: _Name,
    ctx: typer.Context,
    *,
    role: Annotated[RoleName, typer.Option(help="What they are at the desk.")],
    queue: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A queue whose calls they judge.")
    ] = None,
    agent: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="An agent of their team.")
    ] = None,
    vault: VaultOption = DEFAULT,
) -> None:
    """Make an account; its first password is printed, once.

    [cyan]hushtap web user add sam --role supervisor --agent ann --agent ben[/]
    """
    from hushtap.web.roles import Role  # noqa: PLC0415

    accounts, journal = _accounts(ctx, vault)
    accounts.check_new(name, Role(role), queues=queue or (), agents=agent or ())
    _note(journal, name)
    say(accounts.add(name, Role(role), queues=queue or (), agents=agent or ()))
    complain("that is the first password: it is to be changed at the first sign-in")


@user_app.command("list")
def list_users(ctx: typer.Context, vault: VaultOption = DEFAULT, *, as_json: _Json = False) -> None:
    """List the accounts.

    [cyan]hushtap web user list[/]
    """
    accounts = _accounts(ctx, vault)[0].list()
    if as_json:
        for one in accounts:
            print_json(
                {
                    "name": one.name,
                    "role": str(one.role),
                    "queues": one.queues,
                    "agents": one.agents,
                    "second_factor": one.has_totp,
                    "disabled": one.disabled,
                }
            )
        return
    rows = [(one.name, str(one.role), _reach(one), _standing(one)) for one in accounts]
    print_table(("name", "role", "calls of", "state"), rows)


@user_app.command("disable")
def disable(name: _Name, ctx: typer.Context, vault: VaultOption = DEFAULT) -> None:
    """Let nobody in by an account any more, from this moment.

    [cyan]hushtap web user disable sam[/]
    """
    accounts, journal = _accounts(ctx, vault)
    accounts.get(name)
    _note(journal, name)
    accounts.disable(name)
    say(f"{name} is disabled")


@user_app.command("reset")
def reset(name: _Name, ctx: typer.Context, vault: VaultOption = DEFAULT) -> None:
    """Give an account a new first password and no second factor; unlock and enable it.

    [cyan]hushtap web user reset sam[/]
    """
    accounts, journal = _accounts(ctx, vault)
    accounts.get(name)
    _note(journal, name)
    password = accounts.reset(name)
    accounts.disable(name, disabled=False)
    say(password)


def _accounts(ctx: typer.Context, vault: Path) -> tuple[Accounts, Journal]:
    """Return the accounts, and the log that a change of one of them is noted in first."""
    need_web()
    from hushtap.vault.recordings import Vault  # noqa: PLC0415
    from hushtap.web.accounts import Accounts  # noqa: PLC0415
    from hushtap.web.server import database_of  # noqa: PLC0415

    given = ctx.obj if vault == DEFAULT and isinstance(ctx.obj, Path) else vault
    opened = Vault.open(given)
    return Accounts(database_of(opened)), opened.journal


def _note(journal: Journal, changed: str) -> None:
    from hushtap.vault.audit.events import Activity, Kind, Outcome, Thing  # noqa: PLC0415

    journal.note(Activity.ACCOUNT_CHANGE, Outcome.SUCCESS, Thing(Kind.ACCOUNT, changed))


def _serve(vault: Vault, place: Place, rules: Rules) -> None:
    from hushtap.web.accounts import Accounts  # noqa: PLC0415
    from hushtap.web.server import certificate_of, database_of, serve  # noqa: PLC0415
    from hushtap.web.tls import fingerprint  # noqa: PLC0415

    if not Accounts(database_of(vault)).list():
        complain("note: nobody may sign in yet: hushtap web user add NAME --role ROLE")
    pair = certificate_of(vault, place)

    def started() -> None:
        say(f"review desk at {place.url}")
        if pair is not None:
            complain(f"its certificate, SHA-256: {fingerprint(pair[0])}")

    with suppress(KeyboardInterrupt):
        serve(vault, place, started=started, rules=rules)


def _demo(place: Place, rules: Rules) -> None:
    from hushtap.web.demo import add_people, make_vault, prepared  # noqa: PLC0415
    from hushtap.web.server import serve  # noqa: PLC0415

    source = prepared(complain)
    with tempfile.TemporaryDirectory(prefix="hushtap-desk-") as folder:
        vault = make_vault(Path(folder) / "vault", source)
        people = add_people(vault)
        with suppress(KeyboardInterrupt):
            started = partial(_tell, place, people)
            serve(vault, place, started=started, demo=True, rules=rules)


def _tell(place: Place, people: list[Person]) -> None:
    import pyotp  # noqa: PLC0415

    say(f"review desk at {place.url} (the certificate is its own: the browser asks once)")
    rows = [
        (one.name, one.password, pyotp.TOTP(one.secret).now(), one.secret, one.recovery[0])
        for one in people
    ]
    print_table(("sign in as", "password", "code now", "for an app", "or once this code"), rows)
    say("Ctrl-C ends it, and all of this is gone.")


def _reach(account: Account) -> str:
    return ", ".join((*account.queues, *account.agents)) or "-"


def _standing(account: Account) -> str:
    if account.disabled:
        return "disabled"
    if account.has_totp:
        return "ready"
    return "to sign in for the first time" if account.temporary else "signs in at the provider"


def need_web() -> None:
    """Say what is missing. Raises ``HushtapError``."""
    try:
        import argon2  # noqa: F401, PLC0415
        import fastapi  # noqa: F401, PLC0415
        import uvicorn  # noqa: F401, PLC0415
        import webauthn  # noqa: F401, PLC0415
    except ImportError:
        raise HushtapError(
            "the review desk needs more packages: pip install 'hushtap[web]'"
        ) from None
