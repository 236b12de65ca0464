"""``hushtap audit-log``: who did what in a vault, and whether that record is whole."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hushtap.cli.output import PASSPHRASE, print_json, print_table, say
from hushtap.cli.vault import DEFAULT, VaultOption
from hushtap.errors import VaultError, VerificationError

if TYPE_CHECKING:
    from hushtap.vault.audit.log import VaultLog
    from hushtap.vault.audit.reading import ExportState

app = typer.Typer(
    help="Show, export, sign and check the record of who did what.", no_args_is_help=True
)

KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The signing key, where it is kept elsewhere."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON.")]


@app.command()
def verify(
    vault: VaultOption = DEFAULT,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            help="A checkpoint kept elsewhere; finds cuts and rewrites. May be repeated.",
        ),
    ] = None,
    public: Annotated[
        Path | None,
        typer.Option("--public", metavar="FILE", help="The log's public key, kept elsewhere."),
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Compute the log anew and compare; exit code 3 where it is not what was written.

    [cyan]hushtap audit-log verify --vault calls.vault --checkpoint kept.txt[/]
    """
    from hushtap.vault.audit.log import LOG_NAME  # noqa: PLC0415
    from hushtap.vault.audit.reading import reading  # noqa: PLC0415
    from hushtap.vault.audit.signing import VKEY_NAME, load_verifier  # noqa: PLC0415
    from hushtap.vault.audit.verify import verify as check  # noqa: PLC0415

    key = load_verifier(public or vault / "keys" / VKEY_NAME)
    kept = [(str(path), _read(path)) for path in checkpoints or ()]
    with reading(vault / LOG_NAME) as log:
        report = check(log, key, kept)
    if as_json:
        print_json(
            {
                "log": report.origin,
                "entries": report.size,
                "root": report.root.hex(),
                "checkpoints": report.checkpoints,
                "signed": report.signed,
                "ok": report.ok,
                "problems": report.problems,
                "more_problems": report.more,
            }
        )
    else:
        for problem in report.problems:
            say(f"NOT SOUND: {problem}")
        if report.more:
            say(f"NOT SOUND: {report.more} more")
        say(
            f"{report.origin}: {report.size} entries, {report.signed} of them covered by "
            f"{report.checkpoints} checkpoints, {'sound' if report.ok else 'NOT SOUND'}"
        )
    if not report.ok:
        raise typer.Exit(VerificationError.exit_code)


@app.command()
def show(
    vault: VaultOption = DEFAULT,
    last: Annotated[int, typer.Option("--last", min=1, help="How many entries, the newest.")] = 20,
    *,
    pending: Annotated[
        bool, typer.Option("--pending", help="What is still to be exported, and why.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the newest entries. That is an entry as well; --pending is not.

    [cyan]hushtap audit-log show --vault calls.vault --last 50[/]
    """
    from hushtap.vault.audit.events import Activity  # noqa: PLC0415
    from hushtap.vault.audit.log import LOG_NAME  # noqa: PLC0415
    from hushtap.vault.audit.reading import reading  # noqa: PLC0415

    if pending:
        with reading(vault / LOG_NAME) as log:
            _show_pending(log.exports(), log.size, as_json=as_json)
        return
    _tell(_log(vault), Activity.LOG_READ)
    with reading(vault / LOG_NAME) as log:
        rows = [(row.number, row.entry) for row in log.rows(log.size - last + 1)]
    _show_entries(rows, as_json=as_json)


@app.command()
def export(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="syslog+tls://HOST:PORT, s3://BUCKET/PREFIX or a folder."
        ),
    ],
    vault: VaultOption = DEFAULT,
    *,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="PEM: who vouches for the server.")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option("--cert", metavar="FILE", help="PEM: our certificate.")
    ] = None,
    cert_key: Annotated[
        Path | None, typer.Option("--cert-key", metavar="FILE", help="PEM: its private key.")
    ] = None,
    key: KeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send what TARGET has not got yet, with a fresh checkpoint; run it as often as you like.

    [cyan]hushtap audit-log export syslog+tls://logs.example.com:6514 --ca ca.pem[/]

    [cyan]hushtap audit-log export "s3://audit/vault-1?region=eu-central-1"[/]
    """
    from hushtap.vault.audit.events import Activity  # noqa: PLC0415
    from hushtap.vault.audit.export import export as ship  # noqa: PLC0415
    from hushtap.vault.audit.export import target_of  # noqa: PLC0415

    chosen = target_of(target, ca=ca, cert=cert, key=cert_key)
    log = _log(vault, key)
    _tell(log, Activity.LOG_EXPORT)
    sent = ship(log, chosen)
    if as_json:
        print_json({"target": chosen.name, "sent": sent})
    else:
        say(f"{chosen.name}: {sent} entries")


@app.command()
def checkpoint(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Where to; stdout where left out.")
    ] = None,
    vault: VaultOption = DEFAULT,
    key: KeyOption = None,
) -> None:
    """Sign the log as it is now. Keep the result where whoever can change the log cannot.

    [cyan]hushtap audit-log checkpoint kept.txt --vault calls.vault[/]
    """
    from hushtap.vault.files import whole_file  # noqa: PLC0415

    note = _log(vault, key).checkpoint()
    if file is None:
        say(note.removesuffix("\n"))
        return
    with whole_file(file) as out:
        out.write(note.encode())
    say(str(file))


def _log(vault: Path, key: Path | None = None) -> VaultLog:
    """Return the log of a vault that is there. Raises ``VaultError``."""
    from hushtap.vault.audit.log import VaultLog  # noqa: PLC0415
    from hushtap.vault.location import has_catalog  # noqa: PLC0415

    if not has_catalog(vault):
        raise VaultError(f"{vault}: no vault here; create one or check the path")
    return VaultLog(vault, key=key, passphrase=os.environ.get(PASSPHRASE))


def _tell(log: VaultLog, activity: Any) -> None:  # noqa: ANN401 - imported where it is used
    """Log that the log is looked at (PCI DSS 10.2.1.3), before it is."""
    from hushtap.vault.audit.events import Actor, Event, Kind, Outcome, Thing  # noqa: PLC0415

    thing = Thing(Kind.LOG, log.origin)
    log.append(Event(activity, Outcome.BEGUN, Actor.of_process(), (thing,)))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise VerificationError(f"{path}: not a checkpoint") from None


def _show_entries(rows: list[tuple[int, bytes]], *, as_json: bool) -> None:
    from hushtap.vault.audit.events import unpack  # noqa: PLC0415

    table = []
    for number, entry in rows:
        try:
            fields = unpack(entry)
        except (TypeError, ValueError):
            raise VerificationError(
                f"entry {number}: not an event; see what hushtap audit-log verify finds"
            ) from None
        if as_json:
            print_json({"number": number} | fields)
            continue
        of = f" (of {fields['of']})" if "of" in fields else ""
        why = f" {fields['reason']}" if "reason" in fields else ""
        things = ", ".join(f"{thing['kind']} {thing['id']}" for thing in fields["objects"])
        actor = fields["actor"]
        who = f"{actor['user']} ({actor['role']}, {actor['origin']}) on {fields['host']}"
        change = f", {fields['change']}" if "change" in fields else ""
        done = f"{fields['activity']}: {fields['outcome']}{why}{of}{change}"
        table.append((str(number), fields["time"], who, done, things))
    if not as_json:
        print_table(("", "time", "who", "what", "of what"), table)


def _show_pending(states: list[ExportState], size: int, *, as_json: bool) -> None:
    if as_json:
        for state in states:
            print_json(
                {
                    "target": state.target,
                    "sent": state.sent,
                    "pending": state.pending,
                    "failures": state.failures,
                    "failed": state.failed,
                    "reason": state.reason,
                }
            )
        return
    if not states:
        say(f"{size} entries, never exported")
        return
    rows = [
        (
            state.target,
            str(state.sent),
            str(state.pending),
            f"{state.failures}, last {state.failed}: {state.reason}" if state.failures else "none",
        )
        for state in states
    ]
    print_table(("target", "sent", "pending", "failures"), rows)
