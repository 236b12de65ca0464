"""``hushtap live``: one call as it happens, into a vault."""

from __future__ import annotations

import asyncio
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.output import clock, complain, errors, finding_line, make_vault, print_json
from hushtap.cli.redact import ModelOption, MuteOption, PolicyOption
from hushtap.cli.vault import DEFAULT, VaultOption
from hushtap.errors import HushtapError, UsageError
from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from rich.status import Status

    from hushtap.live import Event
    from hushtap.pii.policy import Policy
    from hushtap.session import LiveResult
    from hushtap.taps.file import FileTap
    from hushtap.taps.microphone import MicrophoneTap
    from hushtap.taps.stdin import StreamTap
    from hushtap.vault.recordings import Vault

    AnyTap = FileTap | MicrophoneTap | StreamTap

_MICROPHONE_RATE = 16_000
_INTERRUPTED = 128 + signal.SIGINT


class Speed(StrEnum):
    """How fast a file or a pipe is read."""

    REALTIME = "realtime"
    FAST = "fast"


def live(
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="An audio file, or - for raw PCM.")
    ] = None,
    *,
    microphone: Annotated[bool, typer.Option("--microphone", help="Record from a device.")] = False,
    device: Annotated[
        str | None,
        typer.Option(metavar="N|NAME", help="Which: see [bold]hushtap doctor[/]."),
    ] = None,
    pace: Annotated[
        Speed, typer.Option(help="At its natural pace, or as fast as the ears can hear.")
    ] = Speed.REALTIME,
    rate: Annotated[int | None, typer.Option(metavar="HZ", help="Of - and of a device.")] = None,
    channels: Annotated[int | None, typer.Option(metavar="1|2", help="Of - and a device.")] = None,
    vault: VaultOption = DEFAULT,
    policy: PolicyOption = "pci-ssn",
    mute: MuteOption = None,
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON an event.")] = False,
) -> None:
    """Record one call as it happens: what is written is muted and encrypted already.

    What cannot be heard in time is muted. Ctrl-C ends the call and closes its
    recording; a second one gives up what still waits.

    [bold]Examples[/]

    A file at its natural pace, as if it were a call:
    [cyan]hushtap live call.wav --vault calls.vault[/]

    A call from another program, 16-bit little-endian, channels interleaved:
    [cyan]sox call.wav -t raw -e signed -b 16 - | hushtap live - --rate 8000 --channels 2[/]

    A sound card, until Ctrl-C:
    [cyan]hushtap live --microphone --vault calls.vault[/]
    """
    if microphone == (source is not None):
        raise UsageError("give one source: a FILE, - for standard input, or --microphone")
    from hushtap.batch import styled  # noqa: PLC0415 - loads the ears

    chosen = styled(policy, mute)
    tap = _tap(source, device, pace, rate, channels)
    result, stopped, failed = _record(
        tap,
        make_vault(vault),
        chosen,
        pace="arrival" if source in {None, "-"} and pace is Speed.REALTIME else pace,
        model=model,
        as_json=as_json,
    )
    _tell_result(result, tap.format.sample_rate, as_json=as_json)
    if failed:
        raise typer.Exit(HushtapError.exit_code)
    if stopped and not microphone:
        raise typer.Exit(_INTERRUPTED)


def _tap(
    source: str | None, device: str | None, pace: Speed, rate: int | None, channels: int | None
) -> AnyTap:
    from hushtap.taps.file import FileTap  # noqa: PLC0415
    from hushtap.taps.microphone import MicrophoneTap  # noqa: PLC0415
    from hushtap.taps.stdin import StreamTap  # noqa: PLC0415
    from hushtap.values import AudioFormat  # noqa: PLC0415

    if source not in {None, "-"}:
        tap = FileTap(Path(str(source)))
        if pace is Speed.REALTIME:
            # 20 ms, as a phone sends it.
            tap.chunk = tap.format.sample_rate // 50
        return tap
    if source == "-" and (rate is None or channels is None):
        raise UsageError("- is raw PCM and does not say its format: give --rate and --channels")
    try:
        audio = AudioFormat(
            _MICROPHONE_RATE if rate is None else rate, 1 if channels is None else channels
        )
    except ValueError as exc:
        raise UsageError(f"{exc}: give another --rate or --channels") from exc
    if source == "-":
        if sys.stdin is None:
            raise UsageError("- reads standard input, which is closed: pipe the call into it")
        return StreamTap(sys.stdin.buffer, audio)
    number = int(device) if device is not None and device.isdecimal() else device
    return MicrophoneTap(audio, device=number)


def _record(
    tap: AnyTap, vault: Vault, policy: Policy, *, pace: str, model: str | None, as_json: bool
) -> tuple[LiveResult, bool, bool]:
    """Return what was recorded, whether a signal ended it, and whether it failed closed."""
    from hushtap import models  # noqa: PLC0415
    from hushtap.ears.engine import Engine  # noqa: PLC0415
    from hushtap.session import Ears, Pace, record_live  # noqa: PLC0415

    console = errors()
    rate = tap.format.sample_rate
    with (
        Ears(Engine(models.resolve(model or models.default_model()))) as ears,
        console.status("listening") as status,
    ):
        screen = _Screen(rate, status, as_json=as_json)

        async def call() -> tuple[LiveResult, bool]:
            stop = asyncio.Event()
            recording = asyncio.ensure_future(
                record_live(
                    tap,
                    vault,
                    policy,
                    ears=ears,
                    pace=Pace(pace),
                    on_event=screen.show,
                    stop=stop,
                )
            )

            def interrupt() -> None:
                recording.cancel() if stop.is_set() else stop.set()

            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, interrupt)
            return await recording, stop.is_set()

        try:
            result, stopped = asyncio.run(call())
        except asyncio.CancelledError:
            complain("interrupted: the recording is closed, silence for what still waited")
            raise typer.Exit(_INTERRUPTED) from None
    return result, stopped, screen.failed


class _Screen:
    """Shows a call as it goes: what was muted on stdout, where it stands on stderr."""

    def __init__(self, rate: int, status: Status, *, as_json: bool) -> None:
        self.failed = False
        self._rate = rate
        self._status = status
        self._json = as_json

    def show(self, event: Event) -> None:
        from hushtap.live import Failed, Muted  # noqa: PLC0415

        if isinstance(event, Failed):
            self.failed = True
            complain(f"the call failed ({event.reason}): from here on it is silence")
            if self._json:
                print_json({"event": "failed", "reason": str(event.reason)})
        elif isinstance(event, Muted):
            start, end = (to_seconds(at, self._rate) for at in (event.span.start, event.span.end))
            if self._json:
                print_json(
                    {
                        "event": "muted",
                        "entity": str(event.entity),
                        "channel": event.channel,
                        "start": round(start, 6),
                        "end": round(end, 6),
                        "delay": round(event.delay, 3),
                    }
                )
            else:
                typer.echo(
                    f"muted  channel {event.channel}  {clock(start)} - {clock(end)}"
                    f"  {event.entity}  after {event.delay:.1f} s"
                )
        else:
            heard, written = max(event.fed), min(event.released)
            self._status.update(
                f"heard {clock(to_seconds(heard, self._rate))},"
                f" written {clock(to_seconds(written, self._rate))}"
            )


def _tell_result(result: LiveResult, rate: int, *, as_json: bool) -> None:
    from hushtap.outputs import findings_as_json  # noqa: PLC0415

    if as_json:
        print_json(
            {
                "event": "recorded",
                "recording": result.recording_id,
                "seconds": round(to_seconds(result.samples, rate), 6),
                "findings": findings_as_json(result.findings, rate),
            }
        )
        return
    length = clock(to_seconds(result.samples, rate))
    typer.echo(f"recording {result.recording_id}: {length}, {len(result.findings)} found")
    for finding in result.findings:
        typer.echo(f"  {finding_line(finding, rate)}")
