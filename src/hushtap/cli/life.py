"""``hushtap vault``: holds, consent, disposal and the report on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli import listing
from hushtap.cli.labels import ConsentName
from hushtap.cli.output import complain, open_vault, print_json, say
from hushtap.cli.vault import (
    DEFAULT,
    JsonOption,
    KeyOption,
    RecordingArgument,
    VaultOption,
    app,
)
from hushtap.errors import HushtapError, UsageError, VaultError

if TYPE_CHECKING:
    from hushtap.vault.disposal import Disposed
    from hushtap.vault.recordings import Vault

__all__ = ["app"]

AuditKeyOption = Annotated[
    Path | None,
    typer.Option(
        "--audit-key",
        metavar="FILE",
        help="The audit log's signing key, where it is kept elsewhere.",
    ),
]
ReasonOption = Annotated[
    str | None,
    typer.Option("--reason", metavar="CASE", help="A reference such as case-2026-114: no prose."),
]


def opened(vault: Path, audit_key: Path | None = None) -> Vault:
    """Open a vault for acts that need no private key of recordings. Raises ``VaultError``."""
    import os  # noqa: PLC0415

    from hushtap.cli.output import PASSPHRASE  # noqa: PLC0415
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    # Where nobody named the key, that variable is for another one.
    secret = None if audit_key is None else os.environ.get(PASSPHRASE)
    return Vault.open(vault, audit_key=audit_key, audit_passphrase=secret)


@app.command()
def hold(
    recording: RecordingArgument,
    vault: VaultOption = DEFAULT,
    *,
    reason: ReasonOption = None,
    release: Annotated[
        bool, typer.Option("--release", help="Release it, for --reason or the only one.")
    ] = False,
    key: KeyOption = None,
) -> None:
    """Keep a recording, whatever its term and whoever wants it erased, until it is released.

    [cyan]hushtap vault hold 20260102T --reason case-2026-114[/]

    What was to be muted meanwhile waited for that, and is muted for good with the release
    of the last hold; that takes the private key.

    [cyan]hushtap vault hold 20260102T --release[/]
    """
    vault_ = opened(vault)
    life, waiting = vault_.life, vault_.waiting_mutes(recording)
    if release:
        identity = vault_.info(recording).id
        if life.holds.of(identity) or not waiting:
            identity = life.release(recording, reason)
    elif reason is None:
        raise UsageError("a hold needs a --reason, such as case-2026-114")
    else:
        identity = life.hold(recording, reason)
    cases = ", ".join(one.case for one in life.holds.of(identity))
    say(f"{identity}  {f'held for {cases}' if cases else 'not held'}")
    if release and waiting:
        say(f"{identity}  {len(waiting)} flagged spans wait to be muted")
        if not cases:
            count = open_vault(vault, key).mute_waiting(identity)
            say(f"{identity}  {count} muted for good")


@app.command()
def consent(
    recording: RecordingArgument,
    said: Annotated[ConsentName, typer.Argument(help="What the caller said.")],
    vault: VaultOption = DEFAULT,
) -> None:
    """Note what the caller said to being recorded; refused and withdrawn dispose of it.

    A call that is being recorded ends at once, in whatever process.

    [cyan]hushtap vault consent 20260102T withdrawn[/]
    """
    from hushtap.vault.recordings import Consent  # noqa: PLC0415

    noted = opened(vault).life.consent(recording, Consent(said))
    what = ""
    if noted.held:
        what = ", kept by a legal hold"
    elif noted.stopping:
        what = ", nothing more is written; vault dispose --due disposes of it"
    elif noted.disposed is not None:
        what = ", disposed of"
    say(f"{noted.recording_id}  {said}{what}")


@app.command()
def dispose(
    recordings: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Recordings to dispose of.")
    ] = None,
    vault: VaultOption = DEFAULT,
    *,
    due: Annotated[
        bool, typer.Option("--due", help="All whose term is over or whose caller refused.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be disposed of.")
    ] = False,
    reason: ReasonOption = None,
    audit_key: AuditKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Destroy the keys of recordings, then their files, each with a certificate. For good.

    A legal hold wins. What was interrupted is finished first.

    [cyan]hushtap vault dispose --due --dry-run[/]

    [cyan]hushtap vault dispose 20260102T --reason order-77[/]
    """
    if due == bool(recordings):
        raise UsageError("name recordings, or --due")
    if due and reason is not None:
        raise UsageError("what is due has its reason: leave --reason out")
    life = opened(vault, audit_key).life
    report = _Report(as_json=as_json)
    if dry_run:
        vault_ = opened(vault)
        for one in life.due() if due else ():
            report.would(one.info.id, one.cause, held=one.info.held)
        for name in recordings or ():
            info = vault_.info(name)
            report.would(info.id, "order", held=info.held)
        return
    for name, outcome in life.finish():
        report.tell(name, outcome)
    for one, outcome in life.dispose_due() if due else ():
        report.tell(one.info.id, outcome)
    for name in recordings or ():
        try:
            report.done(life.dispose(name, reason))
        except VaultError as error:
            report.failed(name, error)
    raise typer.Exit(report.exit_code)


class _Report:
    """Tells what became of each recording."""

    def __init__(self, *, as_json: bool) -> None:
        self.exit_code = 0
        self._json = as_json

    def would(self, recording: str, cause: str, *, held: bool) -> None:
        if self._json:
            print_json({"recording": recording, "cause": str(cause), "held": held})
        else:
            say(f"{recording}  {'held, stays' if held else f'would be disposed of: {cause}'}")

    def tell(self, recording: str, outcome: Disposed | VaultError) -> None:
        if isinstance(outcome, VaultError):
            self.failed(recording, outcome)
        else:
            self.done(outcome)

    def done(self, one: Disposed) -> None:
        if self._json:
            print_json(
                {
                    "recording": one.recording_id,
                    "status": "disposed",
                    "cause": str(one.cause),
                    "keys_destroyed": one.keys,
                    "entry": one.entry,
                    "certificate": None if one.certificate is None else str(one.certificate),
                }
            )
            return
        proof = "no signing key here" if one.certificate is None else str(one.certificate)
        say(f"{one.recording_id}  disposed of: {one.cause}, {proof}")

    def failed(self, recording: str, error: HushtapError) -> None:
        self.exit_code = HushtapError.exit_code
        complain(str(error))
        if self._json:
            print_json({"recording": recording, "status": "failed", "error": str(error)})


@app.command("report")
def report_(
    vault: VaultOption = DEFAULT,
    *,
    signed: Annotated[
        Path | None,
        typer.Option("--signed", metavar="FILE", help="Write it there as a signed statement."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.")] = False,
    audit_key: AuditKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that nothing outlived its term; exit code 1 where something did.

    [cyan]hushtap vault report --signed 2026-q4.txt[/]
    """
    life = opened(vault, audit_key).life
    found = life.report()
    if signed is not None:
        write_out(signed, life.signed(found), force=force)
    if as_json:
        print_json(found.as_json())
    else:
        counts = (
            f"{found.within} within their term, {found.endless} without one, {found.open} open, "
            f"{found.disposed} disposed of, {len(found.held)} kept by a legal hold"
        )
        say(f"retention {found.retention or 'not set'}: {counts}")
        for what, names in (
            ("outlived its term", found.overdue),
            ("half disposed of", found.unfinished),
            ("disposed of, and back", found.returned),
            ("without keys, nobody disposed of it", found.unexplained),
            ("not in the catalog", found.strays),
            ("held", found.held),
        ):
            for name in names:
                say(f"{name}  {what}")
        say("nothing outlived its term" if found.ok else "NOT SOUND")
    if not found.ok:
        raise typer.Exit(HushtapError.exit_code)


@app.command()
def analytics(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON, one line a recording.")],
    vault: VaultOption = DEFAULT,
    *,
    since: listing.SinceOption = None,
    until: listing.UntilOption = None,
    queue: listing.QueueFilter = None,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.")] = False,
) -> None:
    """Export lengths and counts: no caller, no id, agents under a pseudonym.

    [cyan]hushtap vault analytics --out calls.jsonl --since 2026-11-01[/]
    """
    from hushtap.vault.recordings import Query  # noqa: PLC0415

    query = Query(
        since=None if since is None else listing.moment("--since", since),
        until=None if until is None else listing.moment("--until", until),
        queue=queue,
    )
    count = opened(vault).analytics(out, query, force=force)
    say(f"{out}: {count} recordings")


def write_out(path: Path, text: str, *, force: bool) -> None:
    """Write a statement to a file, whole or not at all. Raises ``VaultError``."""
    from hushtap.vault.files import whole_file  # noqa: PLC0415

    with whole_file(path, replace=force) as file:
        file.write(text.encode())
