"""``hushtap vault breach``: what was in reach of whoever got in, and the register of it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.life import AuditKeyOption, opened, write_out
from hushtap.cli.listing import moment
from hushtap.cli.output import print_json, say
from hushtap.cli.vault import DEFAULT, VaultOption
from hushtap.errors import UsageError

if TYPE_CHECKING:
    from hushtap.vault.breaches import Breach, Breaches
    from hushtap.vault.exposure import Scope

app = typer.Typer(
    help="Breaches: what was in reach, and the register (GDPR 33).", no_args_is_help=True
)

AccountOption = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="NAME", help="A compromised account; may be repeated."),
]
HostOption = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="NAME", help="A compromised machine or address."),
]
KeyIdOption = Annotated[
    list[str] | None, typer.Option("--key-id", metavar="KEY", help="A private key that was lost.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="Not before, UTC.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Not after, UTC; now.")
]
NatureOption = Annotated[
    str | None, typer.Option("--nature", metavar="TEXT", help="33(3)(a): what happened.")
]
ContactOption = Annotated[
    str | None,
    typer.Option("--contact", metavar="TEXT", help="33(3)(b): the data protection officer."),
]
ConsequencesOption = Annotated[
    str | None,
    typer.Option("--consequences", metavar="TEXT", help="33(3)(c): what may come of it."),
]
MeasuresOption = Annotated[
    str | None, typer.Option("--measures", metavar="TEXT", help="33(3)(d): what is done about it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON.")]
BreachArgument = Annotated[str, typer.Argument(metavar="BREACH", help="Such as breach-2026-001.")]

_QUESTIONS = {
    "nature": "What happened, and what kind of data is it (33(3)(a))",
    "contact": "Name and address of the data protection officer (33(3)(b))",
    "consequences": "What may come of it for those concerned (33(3)(c))",
    "measures": "What is done, or proposed, about it (33(3)(d))",
}


@app.command("open")
def open_(
    vault: VaultOption = DEFAULT,
    *,
    account: AccountOption = None,
    host: HostOption = None,
    key_id: KeyIdOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    aware: Annotated[
        str | None,
        typer.Option("--aware", metavar="TIME", help="When it was noticed, UTC; now. 72 h run."),
    ] = None,
    nature: NatureOption = None,
    contact: ContactOption = None,
    consequences: ConsequencesOption = None,
    measures: MeasuresOption = None,
    audit_key: AuditKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a breach, with every recording that was in reach; a person is asked for the rest.

    [cyan]hushtap vault breach open --account ann --since 2026-11-01[/]
    """
    from hushtap.vault.breaches import Answers  # noqa: PLC0415

    scope = _scope(account, host, key_id, since, until)
    said = _said(nature, contact, consequences, measures)
    noticed = None if aware is None else moment("--aware", aware)
    answers = Answers(**_asked(said))
    register = _register(vault, audit_key)
    _tell(register.open(scope, answers, noticed), as_json=as_json)


@app.command("list")
def list_breaches(vault: VaultOption = DEFAULT, *, as_json: JsonOption = False) -> None:
    """List the breaches of a vault, each as it stands.

    [cyan]hushtap vault breach list[/]
    """
    for breach in _register(vault).all():
        if as_json:
            print_json(_json(breach))
        else:
            say(f"{breach.id}  {breach.state}, {_numbers(breach)}{_open_ends(breach)}")


@app.command()
def show(
    breach: BreachArgument, vault: VaultOption = DEFAULT, *, as_json: JsonOption = False
) -> None:
    """Show what is to be told to the authority: 33(3), filled in as far as it is known.

    Every statement of it is compared with its signature and with the audit log.

    [cyan]hushtap vault breach show breach-2026-001[/]
    """
    _tell(_register(vault).get(breach), as_json=as_json)


@app.command()
def amend(
    breach: BreachArgument,
    vault: VaultOption = DEFAULT,
    *,
    nature: NatureOption = None,
    contact: ContactOption = None,
    consequences: ConsequencesOption = None,
    measures: MeasuresOption = None,
    delay: Annotated[
        str | None, typer.Option("--delay", metavar="TEXT", help="33(1): why it was told late.")
    ] = None,
    audit_key: AuditKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add to what is known of a breach, or correct it; what stood before stays on record.

    [cyan]hushtap vault breach amend breach-2026-001 --measures 'keys rotated'[/]
    """
    said = {**_said(nature, contact, consequences, measures), "delay": delay}
    if not any(said.values()):
        raise UsageError("nothing to add: give --nature, --contact, --consequences or --measures")
    register = _register(vault, audit_key)
    _tell(register.amend(breach, **said), as_json=as_json)


@app.command()
def close(
    breach: BreachArgument,
    vault: VaultOption = DEFAULT,
    *,
    notified: Annotated[
        str | None,
        typer.Option("--notified", metavar="TIME", help="When the authority was told, UTC."),
    ] = None,
    no_notice: Annotated[
        str | None,
        typer.Option("--no-notice", metavar="TEXT", help="Why it need not be told: 33(1)."),
    ] = None,
    delay: Annotated[
        str | None, typer.Option("--delay", metavar="TEXT", help="33(1): why it was told late.")
    ] = None,
    audit_key: AuditKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a breach; refused while any of 33(3) is not answered. It stays in the register.

    [cyan]hushtap vault breach close breach-2026-001 --notified 2026-11-03T10:00[/]
    """
    register = _register(vault, audit_key)
    told = None if notified is None else moment("--notified", notified)
    when = None if told is None else _utc(told).isoformat(timespec="seconds")
    if when or no_notice or delay:
        register.amend(breach, notified=when, no_notice=no_notice, delay=delay)
    _tell(register.close(breach), as_json=as_json)


@app.command()
def affected(
    breach: Annotated[
        str | None, typer.Argument(metavar="[BREACH]", help="One of the register; or a search.")
    ] = None,
    vault: VaultOption = DEFAULT,
    *,
    account: AccountOption = None,
    host: HostOption = None,
    key_id: KeyIdOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write JSON, one line each, there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List recordings that were in reach, how, and whose: callers by their keyed hash.

    [cyan]hushtap vault breach affected --host recorder-3 --since 2026-11-01 --until 2026-11-02[/]

    [cyan]hushtap vault breach affected breach-2026-001 --out affected.jsonl[/]
    """
    import json  # noqa: PLC0415

    register = _register(vault)
    named = (account, host, key_id, since, until)
    if breach is not None:
        if any(named):
            raise UsageError("name a breach, or what to search for")
        content = register.lines(register.get(breach)).decode()
    else:
        found = register.affected(_scope(*named)).recordings
        content = "".join(f"{json.dumps(one.as_json(), sort_keys=True)}\n" for one in found)
    if out is not None:
        write_out(out, content, force=False)
        say(f"{out}: {content.count(chr(10))} recordings")
        return
    for line in content.splitlines():
        one = json.loads(line)
        if as_json:
            print_json(one)
        else:
            say(f"{one['recording']}  {', '.join(one['how'])}  {one['caller'] or 'caller unknown'}")
    if not content and not as_json:
        say("no recordings")


def _register(vault: Path, audit_key: Path | None = None) -> Breaches:
    return opened(vault, audit_key).life.breaches


def _said(*answers: str | None) -> dict[str, str | None]:
    """Return the answers of 33(3), in the order of its letters, by what they answer."""
    return dict(zip(_QUESTIONS, answers, strict=True))


def _scope(
    account: list[str] | None,
    host: list[str] | None,
    key_id: list[str] | None,
    since: str | None,
    until: str | None,
) -> Scope:
    from hushtap.vault.exposure import Scope  # noqa: PLC0415

    return Scope(
        *(tuple(account or ()), tuple(host or ()), tuple(key_id or ())),
        since=None if since is None else moment("--since", since),
        until=None if until is None else moment("--until", until),
    )


def _asked(said: dict[str, str | None]) -> dict[str, str | None]:
    """Return the answers; a person at the terminal is asked for those that are not there."""
    if sys.stdin is None or not sys.stdin.isatty():
        return said
    for name, question in _QUESTIONS.items():
        if said[name] is None:
            answer = typer.prompt(f"{question}; empty: later", "", show_default=False, err=True)
            said[name] = str(answer).strip() or None
    return said


def _tell(breach: Breach, *, as_json: bool) -> None:
    if as_json:
        print_json(_json(breach))
        return
    say(f"{breach.id}  {breach.state}, statement {breach.revision}, noticed {breach.aware}")
    say(f"  (a) {breach.answers.nature or 'to be answered'}")
    say(f"      {_numbers(breach)}")
    for mark, name in (("b", "contact"), ("c", "consequences"), ("d", "measures")):
        say(f"  ({mark}) {getattr(breach.answers, name) or 'to be answered'}")
    for name in ("notified", "no_notice", "delay"):
        if said := getattr(breach.answers, name):
            say(f"  {name.replace('_', ' ')}: {said}")
    for key in breach.keys_used:
        say(f"  key {key} was in use there: what it opens is breach affected --key-id {key}")
    if ends := _open_ends(breach).removeprefix(", "):
        say(f"  {ends}")


def _numbers(breach: Breach) -> str:
    return (
        f"{breach.recordings} recordings of {breach.callers} callers"
        f" and {breach.without_caller} without one"
    )


def _open_ends(breach: Breach) -> str:
    if breach.state != "open":
        return ""
    lacks = f", to be answered: {', '.join(breach.missing)}" if breach.missing else ""
    late = breach.answers.notified is None and datetime.now(UTC) > breach.due
    when = "the authority was to be told by" if late else "tell the authority by"
    return f"{lacks}, {when} {breach.due:%Y-%m-%dT%H:%MZ}"


def _json(breach: Breach) -> dict[str, object]:
    due = f"{breach.due:%Y-%m-%dT%H:%M:%SZ}"
    return breach.as_json() | {"due": due, "missing": list(breach.missing)}


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
