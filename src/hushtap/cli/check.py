"""``hushtap check``: an ear for finished recordings."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path  # noqa: TC003 - Typer reads annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hushtap.cli.evaluate import write
from hushtap.cli.output import clock, complain, errors, open_vault
from hushtap.cli.redact import PolicyOption
from hushtap.cli.vault import KeyOption
from hushtap.errors import HushtapError, ModelError, UsageError
from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hushtap.check import Checker, Survivor
    from hushtap.taps import Tap
    from hushtap.values import PcmChunk
    from hushtap.vault.recordings import Vault


def check(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RECORDING|DIR...",
            help="Redacted audio files or folders; with --vault ids of recordings, all without.",
        ),
    ] = None,
    *,
    vault: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Check recordings of this vault.")
    ] = None,
    key: KeyOption = None,
    model: Annotated[
        str, typer.Option(metavar="NAME|DIR", help="Weights that did not redact them.")
    ] = "base",
    spotter: Annotated[
        bool, typer.Option(help="Let the digit spotter listen too: it finds what no words tell.")
    ] = True,
    policy: PolicyOption = "pci-ssn",
    digits: Annotated[int, typer.Option(metavar="N", min=1, help="Report runs from here on.")] = 2,
    strict: Annotated[
        bool, typer.Option("--strict", help="Any reported run is exit code 1.")
    ] = False,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="All findings, - for stdout.")
    ] = None,
) -> None:
    """Listen to finished recordings with another model and tell where digits are left.

    Says where and how many, never which. Exit code 1 where a run is sensitive by the
    policy or has 7 digits or more ([bold]--strict[/]: any run), or where a recording
    cannot be read.

    [bold]Examples[/]

    [cyan]hushtap check redacted/[/]

    [cyan]hushtap check --vault calls.vault --json leaks.json[/]
    """
    if vault is None and not paths:
        raise UsageError("nothing to listen to: give recordings, folders or --vault DIR")
    from hushtap import models  # noqa: PLC0415 - loads the ears, as all below
    from hushtap.check import Checker, DigitSpotter  # noqa: PLC0415
    from hushtap.ears.engine import Engine  # noqa: PLC0415
    from hushtap.ears.loading import load_engine  # noqa: PLC0415
    from hushtap.pii.policy import load_policy  # noqa: PLC0415
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415

    wanted = load_policy(policy)
    sources = _files(paths or [], model) if vault is None else _recordings(vault, key, paths)
    checker = Checker(
        Engine(models.resolve(model)),
        wanted,
        SpokenAnalyzer(wanted.entities),
        spotter=DigitSpotter(load_engine()) if spotter else None,
    )
    to_stdout = as_json is not None and str(as_json) == "-"
    report = _Check(checker, digits, strict=strict, tell=not to_stdout)
    for name, tap in sources:
        report.hear(name, tap)
    if as_json is not None:
        text = json.dumps({"hushtap_check": 1, "model": model, "recordings": report.heard})
        typer.echo(text) if to_stdout else write(as_json, f"{text}\n")
    report.sum_up()
    raise typer.Exit(report.exit_code)


def _files(paths: Sequence[str], model: str) -> Iterator[tuple[str, Callable[[], Tap]]]:
    """Yield the name of every file and how to open it; note those that ``model`` redacted."""
    from hushtap.taps.file import FileTap, find_audio  # noqa: PLC0415

    for _, file in find_audio(paths):
        if _redacted_with(file) == model:
            complain(f"note: {file} was redacted with {model}; another --model hears afresh")
        yield str(file), partial(FileTap, file)


def _redacted_with(file: Path) -> str | None:
    try:
        model: object = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))["model"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # What follows the name tells of the spotter.
    return str(model).partition(",")[0]


def _recordings(
    vault: Path, key: Path | None, ids: Sequence[str] | None
) -> Iterator[tuple[str, Callable[[], Tap]]]:
    from hushtap.vault.recordings import State  # noqa: PLC0415

    opened = open_vault(vault, key)
    wanted = [opened.info(one) for one in ids] if ids else opened.list()
    for info in wanted:
        if info.state is State.OPEN:
            complain(f"note: {info.id} is being recorded; check it when it is closed")
        elif ids or info.state is not State.DISPOSED:
            yield info.id, partial(_Recorded, opened, info.id)


class _Recorded:
    """A recording of a vault as a tap."""

    def __init__(self, vault: Vault, recording: str) -> None:
        opened = vault.read(recording)
        self.format = opened.audio_format
        self.label = recording
        self._samples = opened.samples

    def __iter__(self) -> Iterator[PcmChunk]:
        from hushtap.taps.samples import chunked  # noqa: PLC0415

        return chunked([self._samples], self.format.sample_rate)


class _Check:
    """Hears one recording after another and tells of each run as it is found."""

    def __init__(self, checker: Checker, digits: int, *, strict: bool, tell: bool) -> None:
        self.exit_code = 0
        self.heard: list[dict[str, Any]] = []
        self._checker = checker
        self._digits = digits
        self._strict = strict
        self._tell = tell
        self._runs = 0
        self._leaks = 0
        self._failed = 0

    def hear(self, name: str, open_tap: Callable[[], Tap]) -> None:
        try:
            tap = open_tap()
            found = self._checker.check(tap, tap.format, fewest=self._digits)
        except ModelError:
            raise
        except HushtapError as exc:
            complain(str(exc))
            self._failed += 1
            self.exit_code = HushtapError.exit_code
            self.heard.append({"recording": name, "error": str(exc)})
            return
        rate = tap.format.sample_rate
        runs = [_run(run, rate) for run in found]
        self.heard.append({"recording": name, "runs": runs})
        for run in found:
            self._runs += 1
            if run.counts or self._strict:
                self._leaks += 1
                self.exit_code = HushtapError.exit_code
            if self._tell:
                start, end = (clock(to_seconds(at, rate)) for at in (run.span.start, run.span.end))
                about = "" if run.ear == "words" else "about "
                typer.echo(
                    f"{name}: channel {run.channel}  {start} - {end}"
                    f"  {about}{run.digits} digits  {run.entity}"
                    f"{'  LEAK' if run.counts or self._strict else ''}"
                )

    def sum_up(self) -> None:
        count = len(self.heard) - self._failed
        failed = f", not heard: {self._failed}" if self._failed else ""
        errors().print(
            f"heard: {count}, runs of digits: {self._runs}, leaks: {self._leaks}{failed}"
        )


def _run(run: Survivor, rate: int) -> dict[str, Any]:
    return {
        "channel": run.channel,
        "start": round(to_seconds(run.span.start, rate), 3),
        "end": round(to_seconds(run.span.end, rate), 3),
        "digits": run.digits,
        "entity": run.entity,
        "ear": run.ear,
        "sensitive": run.sensitive,
        "leak": run.counts,
    }
