"""A folder of labelled calls: found, redacted where no copies are given, and judged."""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hushtap.errors import UsageError
from hushtap.evaluate.scores import Stretch, score_files
from hushtap.evaluate.tally import Judged, Named
from hushtap.evaluate.truth import Truth, load_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hushtap.batch import Redactor


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled call; ``name`` is its path below the corpus, without suffix."""

    name: str
    wav: Path
    truth: Truth


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds of call and the seconds that redacting them took, loading the ears included."""

    call_seconds: float
    wall_seconds: float

    @property
    def times_real_time(self) -> float:
        """Seconds of call per second."""
        return self.call_seconds / max(self.wall_seconds, 1e-9)


def find_cases(folder: Path) -> list[Case]:
    """Return every ``NAME.wav`` with its truth ``NAME.json``, to any depth, sorted.

    Raises:
        UsageError: there is none, or a truth is absent or wrong.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: give one with NAME.wav and its truth NAME.json")
    waves = sorted(p for p in folder.rglob("*.wav") if not p.name.startswith("."))
    if not waves:
        raise UsageError(f"{folder} holds no .wav: every case is NAME.wav with its truth NAME.json")
    return [
        Case(
            wav.relative_to(folder).with_suffix("").as_posix(),
            wav,
            load_truth(wav.with_suffix(".json")),
        )
        for wav in waves
    ]


@contextmanager
def redacted(
    cases: Sequence[Case], redactor: Redactor, done: Callable[[], None] = lambda: None
) -> Iterator[tuple[Path, Speed]]:
    """Redact the cases into a folder that goes away again; ``done`` is told of each.

    Raises:
        HushtapError: a case cannot be redacted.
    """
    from hushtap.batch import Failure  # noqa: PLC0415 - loads the ears
    from hushtap.outputs import Job  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="hushtap-eval-") as place:
        out = Path(place)
        jobs = [Job(case.wav, out / f"{case.name}.wav") for case in cases]
        seconds = 0.0
        began = time.perf_counter()
        for result in redactor.redact_all(jobs):
            if isinstance(result, Failure):
                raise result.error
            seconds += result.duration
            done()
        yield out, Speed(seconds, time.perf_counter() - began)


def judge(cases: Sequence[Case], folder: Path) -> list[Judged]:
    """Score each case against its copy of the same name in ``folder``.

    Raises:
        TapError: a copy cannot be read.
        UsageError: a copy is missing, or of another length, rate or channel count.
    """
    copies = [folder / f"{case.name}.wav" for case in cases]
    missing = next((copy for copy in copies if not copy.exists()), None)
    if missing is not None:
        raise UsageError(f"{missing} is missing: every case needs its redacted copy, of that name")
    return [
        Judged(case.name, case.truth, score_files(case.wav, copy), named(copy))
        for case, copy in zip(cases, copies, strict=True)
    ]


def record(call: Judged) -> dict[str, Any]:
    """Return one call with all its numbers and false mutes, for JSON; seconds."""
    score = call.score
    return {
        "name": call.name,
        "seconds": score.seconds,
        "leak": score.leak,
        "harmless_muted_seconds": score.harmless_muted_seconds,
        "false_mutes": [asdict(stretch) for stretch in score.false_stretches],
        "numbers": [
            {
                "channel": number.span.channel,
                "start": number.span.start,
                "end": number.spans[-1].span.end,
                "entity": number.span.entity,
                "sensitive": number.span.sensitive,
                "way": number.span.way,
                "voice": number.span.voice,
                "voiced": number.voiced,
                "audible": number.audible,
                "digits": number.digits,
                "digits_leaked": number.leaked,
                "muted": number.muted,
            }
            for number in (*score.numbers(), *score.numbers(sensitive=False))
        ],
    }


def named(copy: Path) -> tuple[Named, ...]:
    """Return the names that a findings file beside ``copy`` gives; none where there is none."""
    try:
        data: Any = json.loads(copy.with_suffix(".json").read_text(encoding="utf-8"))
        return tuple(
            Named(
                Stretch(int(found["channel"]), float(found["start"]), float(found["end"])),
                str(found["entity"]),
            )
            for found in data["findings"]
            if found.get("muted", True)
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Another tool's file, or a copy of the truth: it names nothing.
        return ()
