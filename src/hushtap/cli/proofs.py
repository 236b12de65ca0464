"""``hushtap vault retention`` and ``hushtap vault certificate``."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import Annotated, Any

import typer

from hushtap.cli.life import AuditKeyOption, opened
from hushtap.cli.output import print_json, print_table, say
from hushtap.cli.vault import DEFAULT, JsonOption, RecordingArgument, VaultOption
from hushtap.errors import VerificationError

retention_app = typer.Typer(help="How long recordings are kept.", no_args_is_help=True)
certificate_app = typer.Typer(
    help="Certificates of disposal, and other signed statements.", no_args_is_help=True
)


@retention_app.command("set")
def set_retention(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML, as configs/retention.toml.")],
    vault: VaultOption = DEFAULT,
) -> None:
    """Let a vault keep its recordings as FILE says, those it has among them.

    [cyan]hushtap vault retention set retention.toml[/]
    """
    from hushtap.vault.retention import read_retention  # noqa: PLC0415

    rules = read_retention(file)
    opened(vault).life.retention.set(rules)
    say(f"retention {rules.fingerprint}")


@retention_app.command("show")
def show_retention(vault: VaultOption = DEFAULT, *, as_json: JsonOption = False) -> None:
    """Show for how long recordings are kept; the first rule that fits counts.

    [cyan]hushtap vault retention show[/]
    """
    rules = opened(vault).life.retention.get()
    found = () if rules is None else rules.rules
    if as_json:
        for rule in found:
            print_json(
                {
                    "queue": rule.queue,
                    "policy": rule.policy,
                    "policy_fingerprints": list(rule.policies),
                    "keep_days": rule.days,
                }
            )
        return
    rows = [
        (
            *(rule.queue or "any", rule.policy or "any"),
            "for ever" if rule.days is None else f"{rule.days} days",
        )
        for rule in found
    ]
    print_table(
        ("queue", "policy", "kept"), [*rows, *([] if rows else [("any", "any", "not set")])]
    )


@certificate_app.command("show")
def show_certificate(
    recording: RecordingArgument,
    vault: VaultOption = DEFAULT,
    audit_key: AuditKeyOption = None,
) -> None:
    """Print the certificate of a disposal, signed from what the audit log has of it.

    [cyan]hushtap vault certificate show 20260102T[/]
    """
    say(opened(vault, audit_key).life.disposals.certificate(recording).removesuffix("\n"))


@certificate_app.command("verify")
def verify_certificate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A certificate or a report.")],
    vault: VaultOption = DEFAULT,
    *,
    public: Annotated[
        Path | None,
        typer.Option(
            "--public", metavar="FILE", help="The log's public key, kept elsewhere: no vault then."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Check who signed a certificate or report, and compare it with the log; exit code 3 if not.

    [cyan]hushtap vault certificate verify certificate.txt --public audit.vkey[/]
    """
    from hushtap.vault import statements  # noqa: PLC0415
    from hushtap.vault.audit.log import LOG_NAME  # noqa: PLC0415
    from hushtap.vault.audit.signing import VKEY_NAME, load_verifier  # noqa: PLC0415

    try:
        text = file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        raise VerificationError(f"{file}: cannot be read as a statement") from None
    try:
        about, body = statements.read(text, load_verifier(public or vault / "keys" / VKEY_NAME))
        compared = about is statements.About.DISPOSAL and public is None
        if compared:
            statements.confirm(vault / LOG_NAME, body)
    except VerificationError as error:
        raise VerificationError(f"{file}: {error}") from None
    if as_json:
        print_json({"about": str(about), "statement": body})
        return
    say(f"{about}: signed by this log" + (", which has the same entries" if compared else ""))
    for line in _lines(body):
        say(f"  {line}")


def _text(value: object) -> str:
    return (", ".join(map(str, value)) or "none") if isinstance(value, list) else str(value)


def _lines(body: dict[str, Any]) -> list[str]:
    if "done" not in body:
        return [f"{name}: {_text(value)}" for name, value in body.items()]
    done = body["done"]["entry"]
    things = [f"{thing['kind']}: {thing['id']}" for thing in done["objects"]]
    actor = done["actor"]
    return [
        *things,
        f"why: {done.get('change', 'unknown')}",
        f"who: {actor['user']} ({actor['role']}, {actor['origin']})",
        f"when: {done['time']}",
        f"entries of the audit log: {body['begun']['number']} and {body['done']['number']}",
    ]
