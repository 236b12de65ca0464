"""The options of ``hushtap live --rtp``, and what became of the packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hushtap.cli.output import complain
from hushtap.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.observe import Metrics
    from hushtap.taps.rtp.counts import Counts
    from hushtap.taps.rtp.tap import RtpTap

RtpOption = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT[,HOST:PORT]",
        help="Take RTP on these UDP ports, one for each direction.",
    ),
]
RtpmapOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TYPE=NAME/HZ",
        help="What a payload type carries, as SDP says it: 96=L16/16000. May be repeated.",
    ),
]
IdleOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", min=1, help="With --rtp: end after so long without a packet."),
]
ExposedOption = Annotated[
    bool, typer.Option("--rtp-exposed", help="Let --rtp bind to addresses beyond loopback.")
]
AnySourceOption = Annotated[
    bool,
    typer.Option(
        "--rtp-any-source",
        help="With --rtp: listen to every address, not to the first that sends alone.",
    ),
]

_RATE = 8_000


def open_rtp(
    addresses: str,
    rtpmap: Sequence[str],
    *,
    rate: int | None,
    idle: float | None,
    exposed: bool,
    any_source: bool,
    metrics: Metrics,
) -> RtpTap:
    """Bind the ports and tell which; warn where others than this machine reach them.

    Raises:
        UsageError: an option is wrong, or a port cannot be bound.
    """
    from hushtap.addresses import is_loopback, shown  # noqa: PLC0415
    from hushtap.taps.rtp.codecs import parse_rtpmap  # noqa: PLC0415
    from hushtap.taps.rtp.tap import IDLE_S, RtpTap, parse_addresses  # noqa: PLC0415
    from hushtap.values import AudioFormat  # noqa: PLC0415

    found = parse_addresses(addresses)
    try:
        audio = AudioFormat(_RATE if rate is None else rate, len(found))
    except ValueError as exc:
        raise UsageError(f"{exc}: give another --rate") from exc
    payloads = parse_rtpmap(rtpmap)
    if not all(map(is_loopback, found)):
        if not exposed:
            raise UsageError(
                f"{addresses} is reached from other machines, and RTP is neither encrypted nor"
                " signed: bind to 127.0.0.1, or say --rtp-exposed"
            )
        complain(f"warning: whoever reaches {addresses} can listen on the way, or add to the call")
    tap = RtpTap(
        found,
        audio,
        payloads,
        idle=IDLE_S if idle is None else idle,
        any_source=any_source,
        metrics=metrics,
    )
    complain(f"waiting for RTP on {' and '.join(map(shown, tap.addresses))}")
    return tap


def tell_tap(tap: RtpTap) -> None:
    """Tell on stderr what was not as it should be; nothing where all was."""
    tell_counts(tap.counts)
    if tap.dropped:
        complain(f"{tap.dropped} packets came faster than they were taken in: silence")
    if tap.strangers:
        complain(
            f"{tap.strangers} packets came from other addresses than the first: left out"
            " (--rtp-any-source listens to all)"
        )


def tell_counts(channels: Sequence[Counts], call: str = "") -> None:
    """Tell on stderr what became of the packets of ``call``, where not all was well."""
    which = f"{call}, " if call else ""
    for channel, counts in enumerate(channels):
        told = {
            "lost": counts.lost,
            "late": counts.late,
            "malformed": counts.malformed,
            "of unknown payload types": counts.unknown,
            "of other sources": counts.foreign,
        }
        parts = [f"{count} {what}" for what, count in told.items() if count]
        if parts:
            what = f"of {counts.packets} packets {', '.join(parts)}: silence"
            complain(f"{which}channel {channel}: {what}")
        if counts.keys:
            what = f"keys were pressed {counts.keys} times, as events tell: silence"
            complain(f"{which}channel {channel}: {what}")
