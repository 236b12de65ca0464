"""A live call on the terminal: what was muted on stdout, where it stands on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from hushtap.cli.output import clock, complain, finding_line, moving, print_json, say
from hushtap.cli.streams import OutputError
from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from hushtap.live import Event
    from hushtap.session import LiveResult


class Screen:
    """Shows a call as it goes. ``failed``: it failed closed, or could not be shown."""

    def __init__(self, rate: int, *, as_json: bool) -> None:
        from rich.live import Live  # noqa: PLC0415
        from rich.spinner import Spinner  # noqa: PLC0415

        self.failed = False
        self._lost = False
        self._mutes = 0
        self._rate = rate
        self._status = Spinner("dots", "listening")
        self._live = Live(self._status, **moving())
        self._json = as_json

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._live.stop()

    def show(self, event: Event) -> None:
        """Show what happened; a screen that fails must not end the call."""
        if self._lost:
            return
        try:
            self._show(event)
        except OutputError as exc:
            self._give_up(exc)

    def tell(self, result: LiveResult) -> None:
        """Tell what was recorded."""
        if self._lost:
            return
        try:
            self._tell(result)
        except OutputError as exc:
            self._give_up(exc)

    def _give_up(self, exc: OutputError) -> None:
        self._lost = self.failed = True
        complain(f"{exc}; the call is recorded all the same")

    def _show(self, event: Event) -> None:
        from hushtap.live import Failed, Muted  # noqa: PLC0415

        if isinstance(event, Failed):
            self.failed = True
            complain(f"the call failed ({event.reason}): from here on it is silence")
            if self._json:
                print_json({"event": "failed", "reason": str(event.reason)})
        elif isinstance(event, Muted):
            self._mutes += 1
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
                say(
                    f"muted  channel {event.channel}  {clock(start)} - {clock(end)}"
                    f"  {event.entity}  after {event.delay:.1f} s"
                )
        else:
            heard, written = max(event.fed), min(event.released)
            self._status.update(
                text=f"heard {clock(to_seconds(heard, self._rate))},"
                f" written {clock(to_seconds(written, self._rate))}"
            )

    def _tell(self, result: LiveResult) -> None:
        from hushtap.outputs import findings_as_json  # noqa: PLC0415

        seconds = to_seconds(result.samples, self._rate)
        if self._json:
            print_json(
                {
                    "event": "recorded",
                    "recording": result.recording_id,
                    "seconds": round(seconds, 6),
                    "findings": findings_as_json(result.findings, self._rate),
                }
            )
            return
        found = len(result.findings)
        # A long number is released, and told, in parts.
        parts = f", muted in {self._mutes} parts" if self._mutes > found else ""
        say(f"recording {result.recording_id}: {clock(seconds)}, {found} found{parts}")
        for finding in result.findings:
            say(f"  {finding_line(finding, self._rate)}")
