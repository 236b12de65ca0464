"""``hushtap live``: one call as it happens, into a vault."""

from __future__ import annotations

import io
import select
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
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
from hushtap.cli.output import choose_policy, make_vault
from hushtap.cli.redact import ModelOption, MuteOption, PolicyOption
from hushtap.cli.rtp import (
    AnySourceOption,
    ExposedOption,
    IdleOption,
    RtpmapOption,
    RtpOption,
    open_rtp,
    tell_tap,
)
from hushtap.cli.screen import Screen
from hushtap.cli.signals import INTERRUPTED, InterruptedRunError, answered_by
from hushtap.cli.vault import DEFAULT, VaultOption
from hushtap.errors import HushtapError, UsageError
from hushtap.taps.encoding import Encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from hushtap.observe import Metrics
    from hushtap.pii.policy import Policy
    from hushtap.session import LiveResult
    from hushtap.taps import Tap
    from hushtap.taps.file import FileTap
    from hushtap.taps.microphone import MicrophoneTap
    from hushtap.taps.rtp.tap import RtpTap
    from hushtap.taps.stdin import StreamTap
    from hushtap.vault.details import CallDetails
    from hushtap.vault.recordings import Vault

    AnyTap = FileTap | MicrophoneTap | StreamTap

_MICROPHONE_RATE = 16_000


class Speed(StrEnum):
    """How fast a file or a pipe is read."""

    REALTIME = "realtime"
    FAST = "fast"


def live(
    source: Annotated[
        str | None, typer.Argument(metavar="[FILE|-]", help="An audio file, or - for raw samples.")
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
    rate: Annotated[
        int | None,
        typer.Option(metavar="HZ", help="Of - and of a device; of the recording with --rtp."),
    ] = None,
    channels: Annotated[int | None, typer.Option(metavar="1|2", help="Of - and a device.")] = None,
    encoding: Annotated[
        Encoding | None, typer.Option(help="Of -: 16-bit linear (s16le) where left out, or G.711.")
    ] = None,
    rtp: RtpOption = None,
    rtpmap: RtpmapOption = None,
    rtp_idle: IdleOption = None,
    rtp_exposed: ExposedOption = False,
    rtp_any_source: AnySourceOption = False,
    vault: VaultOption = DEFAULT,
    policy: PolicyOption = "pci-ssn",
    mute: MuteOption = None,
    model: ModelOption = None,
    agent: AgentOption = None,
    queue: QueueOption = None,
    direction: DirectionOption = None,
    caller: CallerOption = None,
    call_id: CallIdOption = None,
    consent: ConsentOption = ConsentName.UNKNOWN,
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

    The same as G.711 mu-law, as telephones send it:
    [cyan]sox call.wav -t ul - | hushtap live - --encoding mulaw --rate 8000 --channels 2[/]

    RTP, a port for each party, until no packet came for half a minute:
    [cyan]hushtap live --rtp 127.0.0.1:40000,127.0.0.1:40002 --vault calls.vault[/]

    A sound card, until Ctrl-C:
    [cyan]hushtap live --microphone --vault calls.vault[/]

    With what the switch knows of the call, to find it by:
    [cyan]hushtap live call.wav --vault calls.vault --agent ann --queue billing[/]
    """
    if [microphone, source is not None, rtp is not None].count(True) != 1:
        raise UsageError("give one source: a FILE, - for standard input, --microphone or --rtp")
    if rtp is None and (rtpmap or rtp_exposed or rtp_any_source or rtp_idle is not None):
        raise UsageError("--rtpmap, --rtp-idle, --rtp-exposed and --rtp-any-source go with --rtp")
    if rtp is not None and (channels is not None or encoding is not None or device is not None):
        raise UsageError("--rtp says itself what it is: leave --channels and --encoding out")
    from hushtap import models  # noqa: PLC0415
    from hushtap.observe import Metrics  # noqa: PLC0415
    from hushtap.taps.begun import BegunTap  # noqa: PLC0415

    chosen = choose_policy(policy, mute)
    call = details_of(
        agent=agent,
        queue=queue,
        direction=direction,
        caller=caller,
        call_id=call_id,
        consent=consent,
    )
    # No vault is made for a call that no ear could hear.
    models.resolve(models.default_model() if model is None else model)
    packets: RtpTap | None = None
    metrics = Metrics()
    if rtp is not None:
        packets = open_rtp(
            rtp,
            rtpmap or (),
            rate=rate,
            idle=rtp_idle,
            exposed=rtp_exposed,
            any_source=rtp_any_source,
            metrics=metrics,
        )
    tap = packets or _tap(source, device, pace, rate=rate, channels=channels, encoding=encoding)
    wait = source is None or (source == "-" and not _gives_already())
    code = _record(
        tap if wait else BegunTap(tap),
        make_vault(vault),
        chosen,
        pace="arrival" if source in {None, "-"} and pace is Speed.REALTIME else pace,
        model=model,
        call=call,
        as_json=as_json,
        until_stopped=microphone or rtp is not None,
        metrics=metrics,
    )
    if packets is not None:
        tell_tap(packets)
    raise typer.Exit(code)


def _tap(
    source: str | None,
    device: str | None,
    pace: Speed,
    *,
    rate: int | None,
    channels: int | None,
    encoding: Encoding | None,
) -> AnyTap:
    from hushtap.taps.file import FileTap  # noqa: PLC0415
    from hushtap.taps.microphone import MicrophoneTap  # noqa: PLC0415
    from hushtap.taps.stdin import StreamTap  # noqa: PLC0415
    from hushtap.values import AudioFormat  # noqa: PLC0415

    if encoding is not None and source != "-":
        raise UsageError("--encoding is of raw samples from -: leave it out here")
    if source not in {None, "-"}:
        tap = FileTap(Path(str(source)))
        if pace is Speed.REALTIME:
            # 20 ms, as a phone sends it.
            tap.chunk = tap.format.sample_rate // 50
        return tap
    if source == "-" and (rate is None or channels is None):
        raise UsageError("- is raw and does not say its format: give --rate and --channels")
    try:
        audio = AudioFormat(
            _MICROPHONE_RATE if rate is None else rate, 1 if channels is None else channels
        )
    except ValueError as exc:
        raise UsageError(f"{exc}: give another --rate or --channels") from exc
    if source == "-":
        if sys.stdin is None:
            raise UsageError("- reads standard input, which is closed: pipe the call into it")
        # Unbuffered: a thread that waits in a buffer would keep the interpreter from ending.
        stream = io.FileIO(sys.stdin.fileno(), closefd=False)
        return StreamTap(stream, audio, encoding=encoding or Encoding.S16LE)
    number = int(device) if device is not None and device.isdecimal() else device
    return MicrophoneTap(audio, device=number)


def _gives_already() -> bool:
    """Return whether standard input has audio, or has ended: neither makes a reader wait."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _record(
    tap: Tap,
    vault: Vault,
    policy: Policy,
    *,
    pace: str,
    model: str | None,
    call: CallDetails | None,
    as_json: bool,
    until_stopped: bool,
    metrics: Metrics,
) -> int:
    """Record the call, tell what became of it, and return the exit code.

    ``until_stopped``: a signal is how such a call ends, and no interruption.
    """
    from hushtap.ears.loading import load_engine  # noqa: PLC0415
    from hushtap.session import Ears, Pace, record_live  # noqa: PLC0415
    from hushtap.taps.begun import BegunTap  # noqa: PLC0415

    with (
        Ears(load_engine(model), metrics=metrics) as ears,
        Screen(tap.format.sample_rate, as_json=as_json) as screen,
    ):
        begun = tap if isinstance(tap, BegunTap) else BegunTap(tap)
        record = partial(record_live, begun, vault, policy, ears=ears, pace=Pace(pace))
        result, stopped = _run(partial(record, call=call, on_event=screen.show))
        screen.tell(result)
    if screen.failed:
        return HushtapError.exit_code
    return INTERRUPTED if stopped and not until_stopped else 0


def _run(record: Callable[..., Coroutine[Any, Any, LiveResult]]) -> tuple[LiveResult, bool]:
    """Return what was recorded, and whether a signal ended it.

    The first signal ends the call, the second its patience, the third the process.
    """
    import asyncio  # noqa: PLC0415

    async def call() -> tuple[LiveResult, bool]:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        recording = asyncio.ensure_future(record(stop=stop))
        answers: list[Callable[[], object]] = [stop.set, recording.cancel]

        def answer() -> bool:
            if not answers:
                return False
            loop.call_soon_threadsafe(answers.pop(0))
            return True

        with answered_by(answer):
            return await recording, stop.is_set()

    try:
        return asyncio.run(call())
    except asyncio.CancelledError:
        raise InterruptedRunError(
            "interrupted: the recording is closed, silence for what still waited"
        ) from None
