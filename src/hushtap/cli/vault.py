"""``hushtap vault``: what was recorded, and whether it is what was sealed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli import listing
from hushtap.cli.listing import info_as_json
from hushtap.cli.output import (
    clock,
    complain,
    finding_line,
    open_vault,
    print_json,
    say,
)
from hushtap.errors import HushtapError, VerificationError
from hushtap.timeline import to_samples, to_seconds

if TYPE_CHECKING:
    from hushtap.values import TranscriptWord
    from hushtap.vault.recordings import OpenedRecording, VerifyResult

app = typer.Typer(help="List, read, export and check encrypted recordings.", no_args_is_help=True)

VaultOption = Annotated[
    Path,
    typer.Option(
        "--vault", metavar="DIR", envvar="HUSHTAP_VAULT", help="The vault.", show_default=True
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", help="The private key, where it is kept outside the vault."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON, one line a recording.")]
RecordingArgument = Annotated[
    str, typer.Argument(metavar="ID", help="A recording, or the beginning of its id.")
]

DEFAULT = Path("hushtap-vault")
_TURN_SECONDS = 1.5
"""A pause in the transcript that begins a new line."""


@app.command("list")
def list_recordings(
    vault: VaultOption = DEFAULT,
    *,
    since: listing.SinceOption = None,
    until: listing.UntilOption = None,
    agent: listing.AgentFilter = None,
    queue: listing.QueueFilter = None,
    entity: listing.EntityFilter = None,
    state: listing.StateFilter = None,
    held: listing.HoldFilter = None,
    consent: listing.ConsentFilter = None,
    caller: listing.CallerFilter = None,
    call_id: listing.CallIdFilter = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Go on after this recording.")
    ] = None,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the recordings of a vault, all or those that fit. No key is needed.

    [cyan]hushtap vault list --vault calls.vault[/]

    [cyan]hushtap vault list --queue billing --entity CVV --since 2026-11-01 --limit 50[/]
    """
    query = listing.query_of(
        since=since,
        until=until,
        agent=agent,
        queue=queue,
        entity=entity,
        state=state,
        held=held,
        consent=consent,
        caller=caller,
        call_id=call_id,
    )
    query = replace(query, limit=limit, after=after, newest=newest)
    listing.list_recordings(vault, query, as_json=as_json)


@app.command()
def show(
    recording: RecordingArgument,
    vault: VaultOption = DEFAULT,
    key: KeyOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Decrypt a recording and show its findings and its redacted transcript.

    [cyan]hushtap vault show 20260102T --vault calls.vault[/]
    """
    from hushtap.outputs import findings_as_json  # noqa: PLC0415

    opened = open_vault(vault, key).read(recording)
    rate = opened.audio_format.sample_rate
    if as_json:
        words = [
            {
                "channel": word.channel,
                "start": round(to_seconds(word.span.start, rate), 6),
                "end": round(to_seconds(word.span.end, rate), 6),
                "text": word.text,
            }
            for word in opened.words
        ]
        found = findings_as_json(opened.findings, rate)
        made_by = {"software": opened.software, "models": opened.models}
        print_json(info_as_json(opened.info) | made_by | {"found": found, "words": words})
        return
    length = clock(to_seconds(len(opened.samples), rate))
    say(f"{opened.info.id}: {opened.info.state}, {length}, {opened.info.source}")
    for finding in opened.findings:
        say(f"  {finding_line(finding, rate)}")
    for line in _turns(opened):
        say(line)


@app.command()
def export(
    recording: RecordingArgument,
    wav: Annotated[Path, typer.Argument(metavar="FILE", help="The WAV to write.")],
    vault: VaultOption = DEFAULT,
    key: KeyOption = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.")] = False,
) -> None:
    """Decrypt the redacted audio of a recording into a WAV file, in clear.

    [cyan]hushtap vault export 20260102T call.wav --vault calls.vault[/]
    """
    opened = open_vault(vault, key)
    opened.export(recording, wav, force=force)
    say(str(wav))
    if waiting := opened.waiting_mutes(recording):
        complain(f"note: {len(waiting)} flagged spans, which a legal hold keeps, are silent in it")


@app.command()
def verify(
    recording: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A recording; all where left out.")
    ] = None,
    vault: VaultOption = DEFAULT,
    key: KeyOption = None,
    *,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Decrypt nothing: find what is missing, cut (not of objects in a store) or "
            "without keys; not what was changed, a wrapped key included. Needs no key.",
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Decrypt and check every byte; exit code 3 where one is not what was sealed.

    [cyan]hushtap vault verify --vault calls.vault[/]

    [cyan]hushtap vault verify --quick --vault calls.vault[/]
    """
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    sound = True
    opened = Vault.open(vault) if quick else open_vault(vault, key)
    for result in opened.verifying(recording, quick=quick):
        sound = sound and result.ok
        if as_json:
            print_json(
                {
                    "recording": result.recording_id,
                    "state": str(result.state),
                    "samples": result.samples,
                    "ok": result.ok,
                    "problem": result.problem,
                    "quick": quick,
                }
            )
        else:
            say(f"{result.recording_id}  {_verdict(result, quick=quick)}")
    if not sound:
        raise typer.Exit(VerificationError.exit_code)


@app.command()
def upload(
    vault: VaultOption = DEFAULT,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what is not in the object store yet.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Send to the object store what a kill, or a store that was away, left in the folder.

    What is recorded goes there by itself. Exit code 1 where the store refuses. No key is needed.

    [cyan]hushtap vault upload --vault calls.vault[/]
    """
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    opened = Vault.open(vault)
    outcomes = ((one, None) for one in opened.waiting()) if dry_run else opened.upload()
    status, failed = ("waiting" if dry_run else "sent"), False
    for recording, error in outcomes:
        if error is not None:
            failed = True
            complain(str(error))
        told = "waiting" if error is not None else status
        if as_json:
            print_json({"recording": recording, "status": told})
        else:
            say(f"{recording}  {told}")
    if failed:
        raise typer.Exit(HushtapError.exit_code)


def _verdict(result: VerifyResult, *, quick: bool) -> str:
    if not result.ok:
        return f"NOT SOUND: {result.problem}"
    # Nothing of it can be checked any more.
    if result.state == "disposed":
        return str(result.state)
    return f"{result.state}, {'whole by its looks' if quick else 'sound'}"


def _turns(opened: OpenedRecording) -> list[str]:
    """Return the transcript in lines: one a turn, with its channel and start."""
    rate = opened.audio_format.sample_rate
    pause = to_samples(_TURN_SECONDS, rate)
    turns: list[list[TranscriptWord]] = []
    for word in sorted(opened.words, key=lambda word: (word.span.start, word.channel)):
        last = turns[-1][-1] if turns else None
        if last is None or last.channel != word.channel or word.span.start > last.span.end + pause:
            turns.append([word])
        elif word.text != last.text or not word.text.startswith("["):
            turns[-1].append(word)
    return [
        f"{clock(to_seconds(turn[0].span.start, rate)):>9}  channel {turn[0].channel}  "
        + " ".join(word.text for word in turn)
        for turn in turns
    ]
