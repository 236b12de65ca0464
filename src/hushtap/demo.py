"""The demonstration: a sample call through the live path, then a verdict on its recording.

The call is played at its natural pace into a new encrypted vault. Afterwards
the recording is decrypted and judged twice: its audio against the original and
the truth, and by an ear that had no part in it, a larger model.
"""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.live import Live
from rich.table import Table
from rich.text import Text

from hushtap import models
from hushtap.check import listen
from hushtap.ears.engine import Engine
from hushtap.ears.loading import load_engine
from hushtap.evaluate import OPEN_SECONDS, Score, load_truth, score
from hushtap.numbers.spoken import find_runs
from hushtap.observe import Held, Metrics
from hushtap.pii.policy import load_policy
from hushtap.resources import folder
from hushtap.session import Ears, Failed, Muted, Progress, record_live
from hushtap.taps.file import FileTap
from hushtap.timeline import Span, to_samples, to_seconds
from hushtap.values import Word
from hushtap.vault.recordings import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import Console

    from hushtap.evaluate import Truth, TruthSpan
    from hushtap.session import Event, LiveResult
    from hushtap.values import Finding, Samples

SAMPLE: Final = "sample_card_groups.wav"

JUDGE: Final = "base"
"""The model that listens to the recording; not the one that muted it."""

CARD_LIKE: Final = 8
"""Digits in one run from which the judge's hearing counts as a leak wherever it was."""

_NAMES: Final = ("agent", "caller")
_REPORT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is left in a recording: audible seconds by span, and digits that the judge heard."""

    score: Score
    digits: tuple[int, ...]
    """For each sensitive span, how many digits the judge heard inside it."""
    longest: int
    """Digits in the longest number that it heard anywhere."""

    @property
    def leaked(self) -> bool:
        """Whether any sensitive span is audible, or the judge heard a number."""
        audible = any(s.audible >= OPEN_SECONDS for s in self.score.sensitive)
        return audible or any(self.digits) or self.longest >= CARD_LIKE


def run(console: Console, *, sample: Path | None = None) -> int:
    """Play the demonstration on ``console``; return 0 only if nothing leaked.

    Raises:
        HushtapError: weights or samples are missing, or the vault cannot be written.
    """
    path = sample or folder("samples") / SAMPLE
    policy = load_policy("pci-ssn")
    truth = load_truth(path.with_suffix(".json"))
    with console.status("loading the ears"):
        ears = Ears(load_engine())
        judge = models.resolve(JUDGE)
    with tempfile.TemporaryDirectory(prefix="hushtap-demo-") as place, ears:
        vault = Vault.create(Path(place) / "vault")
        tap = FileTap(path)
        tap.chunk = tap.format.sample_rate // 50
        console.print(
            f"A call of two channels at {tap.format.sample_rate} Hz, at its natural pace, into"
            f" an encrypted vault. Policy {policy.name}, model {models.default_model()}."
        )
        screen = _Screen(console, tap.format.sample_rate)
        with screen:
            recorded = asyncio.run(record_live(tap, vault, policy, ears=ears, on_event=screen.show))
        opened = vault.read(recorded.recording_id)
    with console.status(f"decrypted; {JUDGE} listens to what is left"):
        heard = listen(Engine(judge), opened.samples, tap.format.sample_rate)
        verdict = judge_recording(_samples(path), opened.samples, truth, heard)
    console.print(_muted_table(recorded, tap.format.sample_rate))
    console.print(_verdict_table(verdict))
    console.print(_delay_table(ears.metrics))
    unheard = sum(ears.metrics.fail_closed.values())
    if unheard:
        console.print(f"{unheard} times audio could not be heard in time and was muted")
    if verdict.leaked:
        console.print(Text("LEAKED: see the table above", style="bold red"))
        return 1
    console.print(Text("nothing leaked", style="bold green"))
    return 0


def judge_recording(
    original: Samples, redacted: Samples, truth: Truth, heard: list[list[Word]]
) -> Verdict:
    """Compare the recording with the original, and the judge's words with the truth."""
    scored = score(original, redacted, truth)
    digits: list[list[Span]] = []
    longest = 0
    for words in heard:
        runs = find_runs(words, rate=truth.sample_rate)
        longest = max([longest, *(len(run.digits) for run in runs)])
        digits.append([words[owner].span for run in runs for owner in run.owners])
    counts = tuple(_inside(s.span, digits[s.span.channel], truth) for s in scored.sensitive)
    return Verdict(scored, counts, longest)


def _inside(span: TruthSpan, digits: Iterable[Span], truth: Truth) -> int:
    start, end = (to_samples(at, truth.sample_rate) for at in (span.start, span.end))
    return sum(start <= (d.start + d.end) // 2 < end for d in digits)


def _samples(path: Path) -> Samples:
    """Return a whole file, shape ``(samples, channels)``."""
    tap = FileTap(path)
    columns: list[list[Samples]] = [[] for _ in range(tap.format.channels)]
    for chunk in tap:
        columns[chunk.channel].append(chunk.samples)
    return np.stack([np.concatenate(column) for column in columns], axis=1)


# --- what is shown


class _Screen:
    """Shows a call as it goes; on a terminal it moves, elsewhere it is lines."""

    def __init__(self, console: Console, rate: int) -> None:
        self._console = console
        self._rate = rate
        self._delay = 0.0
        self._next = 0.0
        self._live = Live(console=console, transient=True) if console.is_terminal else None

    def __enter__(self) -> None:
        if self._live:
            self._live.start()

    def __exit__(self, *exc: object) -> None:
        if self._live:
            self._live.stop()

    def show(self, event: Event) -> None:
        if isinstance(event, Muted):
            self._delay = event.delay
            self._console.print(
                f"  muted  {_name(event.channel):6}  {_clock(event.span.start, self._rate)} -"
                f" {_clock(event.span.end, self._rate)}  {event.entity}"
                f"  (written {event.delay:.1f} s after it was said)"
            )
        elif isinstance(event, Failed):
            self._console.print(f"  failed closed ({event.reason}): from here on it is silence")
        else:
            self._progress(event)

    def _progress(self, event: Progress) -> None:
        seconds = to_seconds(max(event.fed), self._rate)
        held = seconds - to_seconds(min(event.released), self._rate)
        line = f"{_clock(max(event.fed), self._rate)}  held back {held:4.1f} s"
        if self._live:
            bars = "   ".join(
                f"{_name(channel)} {'█' * _bar(level):10}"
                for channel, level in enumerate(event.levels)
            )
            self._live.update(Text(f"  {line}   {bars}"))
        elif seconds >= self._next:
            self._next = seconds + _REPORT_S
            self._console.print(f"  {line}")


def _name(channel: int) -> str:
    return _NAMES[channel]


def _bar(level: float) -> int:
    """Return 0 to 10 for -60 to -10 dBFS."""
    return min(10, max(0, round((level + 60) / 5)))


def _clock(at: int, rate: int) -> str:
    seconds = to_seconds(at, rate)
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def _muted_table(recorded: LiveResult, rate: int) -> Table:
    table = Table("channel", "from", "to", "what", "why", title="Muted", title_justify="left")
    for finding in recorded.findings:
        table.add_row(*_row(finding, rate))
    return table


def _row(finding: Finding, rate: int) -> tuple[str, ...]:
    start, end = _clock(finding.span.start, rate), _clock(finding.span.end, rate)
    return _name(finding.channel), start, end, str(finding.entity), finding.source


def _verdict_table(verdict: Verdict) -> Table:
    table = Table(
        "channel",
        "said from",
        "to",
        "what",
        "spoken s",
        "audible s",
        f"digits that {JUDGE} hears",
        title="What is left of it",
        title_justify="left",
    )
    for scored, digits in zip(verdict.score.sensitive, verdict.digits, strict=True):
        span = scored.span
        table.add_row(
            _name(span.channel),
            f"{span.start:.1f}",
            f"{span.end:.1f}",
            str(span.entity),
            f"{scored.voiced:.2f}",
            f"{scored.audible:.2f}",
            str(digits),
            style="red" if digits or scored.audible >= OPEN_SECONDS else None,
        )
    return table


def _delay_table(metrics: Metrics) -> Table:
    table = Table("samples of", "p50", "p95", "p99", title="Release delay", title_justify="left")
    for held in Held:
        delays = metrics.release_delay[held]
        if delays.count:
            table.add_row(str(held), *(f"{delays.quantile(q):.2f} s" for q in (0.5, 0.95, 0.99)))
    return table
