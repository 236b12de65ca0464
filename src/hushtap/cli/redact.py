"""``hushtap redact``: files and folders, redacted copies or recordings out."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, replace
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hushtap.cli.labels import (
    AgentOption,
    CallerOption,
    CallIdOption,
    ConsentName,
    ConsentOption,
    DirectionOption,
    QueueOption,
    details_of,
)
from hushtap.cli.output import (
    choose_policy,
    clock,
    complain,
    errors,
    finding_line,
    make_vault,
    moving,
    print_json,
    say,
)
from hushtap.cli.signals import InterruptedRunError
from hushtap.errors import HushtapError, UsageError

# The options of several commands, so that they mean the same in each.
PolicyOption = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="pci-ssn, pci, everything, or a .toml file.")
]
MuteOption = Annotated[
    str | None,
    typer.Option(metavar="silence|beep|noise", help="What stands in place of muted audio."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(metavar="NAME|DIR", help="Weights: see [bold]hushtap models list[/]."),
]

if TYPE_CHECKING:
    from hushtap.batch import Redaction, Redactor
    from hushtap.outputs import Job
    from hushtap.vault.recordings import Vault


class Transcript(StrEnum):
    """How much of a call is put into words."""

    FULL = "full"
    NONE = "none"


def redact(
    paths: Annotated[
        list[Path],
        # Whether a path can be read is found out path by path: the others are still done.
        typer.Argument(
            metavar="PATH...", help="Audio files, packet captures, or folders.", readable=False
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for redacted WAVs and their findings (.json)."),
    ] = None,
    vault: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Encrypted vault; made where there is none."),
    ] = None,
    policy: PolicyOption = "pci-ssn",
    mute: MuteOption = None,
    model: ModelOption = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            help="Calls heard at once; by default one a core.",
        ),
    ] = None,
    transcript: Annotated[
        Transcript | None,
        typer.Option(
            help="Read every word, or only where numbers are said: faster."
            " By default full into a vault, none without.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be muted; write nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Redo calls already done; replace files in --out.")
    ] = False,
    agent: AgentOption = None,
    queue: QueueOption = None,
    direction: DirectionOption = None,
    caller: CallerOption = None,
    call_id: CallIdOption = None,
    consent: ConsentOption = ConsentName.UNKNOWN,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON a call.")] = False,
) -> None:
    """Redact calls from files: mute what the policy names, keep everything else.

    The output has the input's rate, channels and exact length. A call that cannot be
    redacted leaves nothing behind and does not stop the others; one that is already
    done is passed over.

    [bold]Examples[/]

    What would be muted in these calls?
    [cyan]hushtap redact calls/ --dry-run[/]

    Redacted copies, each with its findings beside it:
    [cyan]hushtap redact calls/ --out redacted/[/]

    Into an encrypted vault, with a beep where something was said:
    [cyan]hushtap redact call.wav --vault calls.vault --mute beep[/]

    Eight calls at a time, on a machine with eight cores to spare:
    [cyan]hushtap redact calls/ --out redacted/ --jobs 8[/]

    Every call in a packet capture (RTP in clear):
    [cyan]hushtap redact trunk.pcap --out redacted/[/]

    For a program to read, one line of JSON a call:
    [cyan]hushtap redact calls/ --out redacted/ --json[/]
    """
    if out is None and vault is None and not dry_run:
        raise UsageError("nowhere to write: give --out DIR or --vault DIR, or --dry-run")
    chosen = choose_policy(policy, mute)
    call = details_of(
        agent=agent,
        queue=queue,
        direction=direction,
        caller=caller,
        call_id=call_id,
        consent=consent,
    )
    if call is not None and vault is None:
        raise UsageError("what is known of a call is kept in a vault: give --vault DIR")
    report = _Report(as_json=as_json)
    todo = _jobs(paths, out, report)
    if todo:
        from hushtap.batch import Redactor  # noqa: PLC0415 - loads the ears

        if dry_run:
            todo = [replace(job, wav=None) for job in todo]
        words = None if transcript is None else transcript is Transcript.FULL
        redactor = Redactor(chosen, model=model, at_once=jobs, transcript=words, call=call)
        store = make_vault(vault) if vault is not None and not dry_run else None
        report.run(redactor, todo, store, force=force)
    raise typer.Exit(report.exit_code)


def _jobs(paths: list[Path], out: Path | None, report: _Report) -> list[Job]:
    """Return what can be tried; what cannot even be searched is told."""
    from hushtap.outputs import plan  # noqa: PLC0415
    from hushtap.taps.folders import CAPTURES, SUFFIXES, find_audio  # noqa: PLC0415

    found = find_audio(paths, unreadable=report.failed, suffixes=SUFFIXES | CAPTURES)
    return plan(found, out, unreadable=report.failed)


class _Report:
    """Tells of each call as it is done, and of all at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self.exit_code = 0
        self._json = as_json
        self._total = 0
        self._done = 0
        self._failed = 0
        self._redacted_s = 0.0
        self._turn = threading.Lock()
        self._heard: dict[Path, float] = {}
        self._heard_s = 0.0
        self._console = errors()

    def run(self, redactor: Redactor, jobs: list[Job], vault: Vault | None, *, force: bool) -> None:
        from rich.progress import (  # noqa: PLC0415 - takes as long as all else at the start
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        from hushtap.batch import Failure  # noqa: PLC0415

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[heard]}"),
        )
        self._total = self._failed + len(jobs)
        hidden = not self._console.is_terminal
        with Progress(*columns, **moving(), disable=hidden) as bar:
            task = bar.add_task("calls", total=self._total, completed=self._failed, heard="")

            began = time.monotonic()

            def progress(path: Path, seconds: float) -> None:
                bar.update(task, heard=f"{clock(self._hear(path, seconds))} heard")

            try:
                for result in redactor.redact_all(
                    jobs, vault=vault, force=force, progress=progress
                ):
                    bar.update(task, advance=1)
                    self._heard.pop(result.source, None)
                    if isinstance(result, Failure):
                        self.failed(result.source, result.error)
                    else:
                        self.done(result)
            except KeyboardInterrupt:
                bar.stop()
                raise InterruptedRunError(
                    f"interrupted after {self._done} of {self._total} calls: run it again"
                ) from None
        if self._total > 1 and not self._json:
            self._console.print(self._summary(time.monotonic() - began))

    def _hear(self, path: Path, seconds: float) -> float:
        """Note how far a call is heard, from any thread; return the seconds heard of all."""
        with self._turn:
            self._heard_s += seconds - self._heard.get(path, 0.0)
            self._heard[path] = seconds
            return self._heard_s

    def _summary(self, took: float) -> str:
        """Tell how many calls are done and how fast those were that had to be heard."""
        line = f"{self._done} of {self._total} calls done"
        if not self._redacted_s:
            return line
        speed = self._redacted_s / max(took, 0.001)
        return (
            f"{line}: {clock(self._redacted_s)} redacted in {clock(took)}, {speed:.1f} x real time"
        )

    def failed(self, source: Path, error: HushtapError) -> None:
        self._failed += 1
        self.exit_code = HushtapError.exit_code
        complain(str(error))
        if self._json:
            print_json({"input": str(source), "status": "failed", "error": str(error)})

    def done(self, result: Redaction) -> None:
        self._done += 1
        self._redacted_s += 0.0 if result.reused else result.duration
        if self._json:
            print_json(_as_json(result))
            return
        from hushtap.cli.rtp import tell_counts  # noqa: PLC0415 - its options are of another

        rate = result.audio_format.sample_rate
        into = [str(result.output)] if result.output else []
        into += [f"recording {result.recording}"] if result.recording else []
        say(
            f"{result.source}: {clock(result.duration)}, "
            f"{len(result.findings)} found{' (done before)' if result.reused else ''}"
            + "".join(f" -> {place}" for place in into)
        )
        for finding in result.findings:
            say(f"  {finding_line(finding, rate)}")
        tell_counts(result.packets, str(result.output or result.source))


def _as_json(result: Redaction) -> dict[str, Any]:
    from hushtap.outputs import findings_as_json  # noqa: PLC0415

    found: dict[str, Any] = {
        "input": str(result.source),
        "status": "reused" if result.reused else "done",
        "seconds": round(result.duration, 6),
        "sample_rate": result.audio_format.sample_rate,
        "channels": result.audio_format.channels,
        "samples": result.samples,
        "output": str(result.output) if result.output else None,
        "recording": result.recording,
        "findings": findings_as_json(result.findings, result.audio_format.sample_rate),
    }
    if result.packets:
        found["packets"] = [asdict(counts) for counts in result.packets]
    return found
