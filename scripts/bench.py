"""Measure speed, leak and delay, against faster-whisper with stock Presidio, in one run.

    python scripts/bench.py [--quick] [--cases DIR] [--json FILE] [--skip baseline|live]

The baseline hears each channel with ``WhisperModel.transcribe`` (the same int8
weights, word times, its own defaults otherwise, as many threads as there are
cores), runs a stock ``AnalyzerEngine`` for CREDIT_CARD and US_SSN over the words
of the channel and silences the words that it finds. Hushtap redacts the same
files with as many calls at once. Loading is left out of both, and so is a first
call that each hears beforehand; what is scored is ``hushtap.evaluate``'s. Other work
on the machine slows one or the other, so they take turns, and of three rounds the one
in the middle is told. A call on which the baseline had to decode again at a higher
temperature is marked: what then follows is slow, so the speeds are given a second
time without these calls.

Live delays are measured by playing the samples at their natural pace, one after
another, through ``record_live`` into a vault.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ctranslate2
import faster_whisper
import numpy as np
import soundfile
from faster_whisper import WhisperModel
from faster_whisper.audio import decode_audio
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer, UsSsnRecognizer
from rich.console import Console
from rich.progress import track

from hushtap import models
from hushtap.batch import Failure, Redactor
from hushtap.crew import usual_workers
from hushtap.ears.loading import load_engine
from hushtap.evaluate import load_truth, score, score_files, summarise
from hushtap.observe import Held, Metrics
from hushtap.outputs import Job
from hushtap.pii.nlp import BlankEngine
from hushtap.pii.policy import load_policy
from hushtap.resources import folder
from hushtap.session import Ears, Pace, record_live
from hushtap.taps.file import FileTap
from hushtap.vault.recordings import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine
    from hushtap.evaluate import Score, Summary

MODEL = "tiny.en"
POLICY = "pci-ssn"
QUICK = ("sample_ssn", "sample_harmless")
PERCENTS = (50, 95, 99)
ERRORS = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A call with its truth; ``group`` says where it comes from."""

    group: str
    path: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall time, which other work on the machine adds to, and of all cores together."""

    wall: float = 0.0
    cpu: float = 0.0

    @classmethod
    def now(cls) -> Cost:
        """Return the clocks as they stand."""
        return cls(time.perf_counter(), time.process_time())

    def since(self) -> Cost:
        """Return what was spent since this was taken by ``now``."""
        now = self.now()
        return Cost(now.wall - self.wall, now.cpu - self.cpu)

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.wall + other.wall, self.cpu + other.cpu)


@dataclass(slots=True)
class Result:
    """What one system made of the calls, and what each cost where they went one by one."""

    scores: dict[Path, Score] = field(default_factory=dict)
    took: dict[Path, Cost] = field(default_factory=dict)
    repeated: set[Path] = field(default_factory=set)
    """Calls that the baseline had to decode again."""


class Baseline:
    """faster-whisper and stock Presidio; only the engine that splits words is ours.

    Presidio's own would download a language model.
    """

    def __init__(self, model: Path, cores: int) -> None:
        self._whisper = WhisperModel(
            str(model), device="cpu", compute_type="int8", cpu_threads=cores
        )
        registry = RecognizerRegistry(
            recognizers=[CreditCardRecognizer(), UsSsnRecognizer()], supported_languages=["en"]
        )
        self._presidio = AnalyzerEngine(
            registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"]
        )

    def redact(self, path: Path) -> tuple[NDArray[np.int16], bool]:
        """Return the call, shape ``(n, channels)``, and whether anything was decoded again."""
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
        channels = samples.shape[1]
        name = str(path)
        heard = decode_audio(name, split_stereo=True) if channels > 1 else decode_audio(name)
        repeated = False
        for channel, audio in enumerate(heard if channels > 1 else [heard]):
            segments, _ = self._whisper.transcribe(audio, word_timestamps=True)
            words = []
            for segment in segments:
                repeated |= bool(segment.temperature)
                words += segment.words or []
            for start, end in self._found([word.word for word in words]):
                first, last = round(words[start].start * rate), round(words[end].end * rate)
                samples[first:last, channel] = 0
        return np.asarray(samples, np.int16), repeated

    def _found(self, words: Sequence[str]) -> Iterable[tuple[int, int]]:
        """Yield the first and last word of each finding."""
        bounds = np.cumsum([0, *map(len, words)])
        for found in self._presidio.analyze("".join(words), language="en"):
            inside = np.flatnonzero((bounds[:-1] < found.end) & (bounds[1:] > found.start))
            if len(inside):
                yield int(inside[0]), int(inside[-1])


def by_baseline(calls: Sequence[Labelled], cores: int) -> Result:
    """Redact one call after another."""
    baseline, result = Baseline(models.resolve(MODEL), cores), Result()
    baseline.redact(calls[0].path)
    for call in track(calls, "baseline", console=ERRORS, transient=True):
        began = Cost.now()
        redacted, repeated = baseline.redact(call.path)
        result.took[call.path] = began.since()
        if repeated:
            result.repeated.add(call.path)
        before = np.asarray(soundfile.read(call.path, dtype="int16", always_2d=True)[0], np.int16)
        truth = load_truth(call.path.with_suffix(".json"))
        result.scores[call.path] = score(before, redacted, truth)
    return result


def by_hushtap(calls: Sequence[Labelled], ear: Engine, workers: int) -> tuple[Result, Cost]:
    """Redact ``workers`` calls at once; return the result and what all of them cost."""
    redactor, result = Redactor(POLICY, ear=ear, at_once=workers), Result()
    redactor.redact(Job(calls[0].path, None))
    with tempfile.TemporaryDirectory() as out:
        jobs = [Job(call.path, Path(out) / f"{n}.wav") for n, call in enumerate(calls)]
        began = Cost.now()
        for done in redactor.redact_all(jobs):
            if isinstance(done, Failure):
                raise done.error
        took = began.since()
        for job in jobs:
            if job.wav is not None:
                result.scores[job.source] = score_files(job.source, job.wav)
    return result, took


def live(calls: Sequence[Labelled], ear: Engine) -> Metrics:
    """Play the calls one after another at their natural pace; return the delays of all."""
    metrics, policy = Metrics(), load_policy(POLICY)
    with tempfile.TemporaryDirectory() as place, Ears(ear, metrics=metrics) as ears:
        vault = Vault.create(Path(place) / "vault")
        for call in track(calls, "live", console=ERRORS, transient=True):
            played = record_live(FileTap(call.path), vault, policy, ears=ears, pace=Pace.REALTIME)
            asyncio.run(played)
    return metrics


# --- figures


def quality(scores: Iterable[Score]) -> dict[str, float]:
    """Return the figures of ``hushtap.evaluate`` that are told."""
    told: Summary = summarise(list(scores))
    return {
        "calls": told.calls,
        "leak": told.leak,
        "numbers": told.numbers,
        "numbers_open": told.open_numbers,
        "false_mutes_per_hour": told.false_mutes_per_hour,
        "harmless_muted_s_per_hour": told.harmless_muted_seconds_per_hour,
        "harmless_numbers": told.harmless_numbers,
        "harmless_numbers_muted": told.harmless_numbers_muted,
    }


def delays(metrics: Metrics) -> dict[str, dict[str, float]]:
    """Return the release delays in seconds, by what was waited for."""
    return {
        str(held): {f"p{p}": metrics.release_delay[held].quantile(p / 100) for p in PERCENTS}
        for held in Held
    }


def show_quality(name: str, figures: dict[str, float]) -> None:
    """Print one row."""
    print(
        f"{name:28} {figures['calls']:5.0f} {100 * figures['leak']:7.2f} %"
        f" {figures['numbers_open']:4.0f} of {figures['numbers']:3.0f}"
        f" {figures['false_mutes_per_hour']:12.1f} {figures['harmless_muted_s_per_hour']:14.1f}"
    )


def show_speed(name: str, audio: float, took: Cost, than: Cost | None) -> dict[str, float]:
    """Print and return times real time, and how many times the baseline's."""
    speed = audio / took.wall
    figures = {"audio_s": audio, "wall_s": took.wall, "cpu_s": took.cpu, "times_real_time": speed}
    line = f"{name:28} {audio:8.1f} s {took.wall:8.1f} s {took.cpu:8.1f} s {speed:8.2f} x"
    if than is not None:
        figures["times_baseline"] = than.wall / took.wall
        figures["times_baseline_cpu"] = than.cpu / took.cpu
        line += f" {than.wall / took.wall:8.2f} x {than.cpu / took.cpu:8.2f} x"
    print(line)
    return figures


def _find(cases: Path | None, *, quick: bool) -> list[Labelled]:
    places = [("samples", folder("samples"))] + ([("cases", cases)] if cases else [])
    found = []
    for group, place in places:
        paths = sorted(p for p in place.rglob("*.wav") if p.with_suffix(".json").exists())
        if not paths:
            sys.exit(f"{place}: no WAV with its truth (.json) beside it")
        if quick:
            paths = [p for p in paths if p.stem in QUICK] or paths[:4]
        found += [Labelled(group, path, float(soundfile.info(path).duration)) for path in paths]
    return found


def main() -> None:
    """Measure and print; ``--json`` writes the same figures to a file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="two samples, four cases")
    parser.add_argument("--cases", type=Path, help="folder of more calls, truth beside each")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--jobs", type=int, default=usual_workers(), help="cores used by both")
    parser.add_argument("--skip", action="append", default=[], choices=("baseline", "live"))
    parser.add_argument("--rounds", type=int, default=3, help="times that speed is measured")
    args = parser.parse_args()
    calls = _find(args.cases, quick=args.quick)
    figures = measure(calls, args.jobs, set(args.skip), 1 if args.quick else args.rounds)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _middle(rounds: Sequence[tuple[Result, Cost, Result]]) -> tuple[Result, Cost, Result]:
    """Return the round in the middle by the ratio of wall times, and print all ratios."""

    def ratio(one: tuple[Result, Cost, Result]) -> float:
        return sum(one[2].took.values(), Cost()).wall / one[1].wall

    print("baseline / hushtap, wall time:", ", ".join(f"{ratio(one):.2f}" for one in rounds))
    return sorted(rounds, key=ratio)[(len(rounds) - 1) // 2]


def measure(
    calls: Sequence[Labelled], cores: int, skip: set[str], rounds: int = 1
) -> dict[str, Any]:
    """Measure what is not skipped, print it and return it."""
    figures: dict[str, Any] = {"machine": _machine(cores)}
    print(" · ".join(f"{name} {value}" for name, value in figures["machine"].items()))
    ear = load_engine(MODEL, workers=cores)
    # The first call of a process pays for imports that no later one does.
    by_hushtap(calls[:1], ear, cores)
    if "baseline" in skip:
        theirs = None
        ours, took = by_hushtap(calls, ear, cores)
    else:
        ours, took, theirs = _middle(
            [(*by_hushtap(calls, ear, cores), by_baseline(calls, cores)) for _ in range(rounds)]
        )
    figures["speed"] = _speeds(calls, ear, took, theirs, cores)
    figures["quality"] = _qualities(calls, ours, theirs)
    if theirs:
        figures["baseline_calls"] = _each_call(calls, theirs)
    if "live" not in skip:
        played = [call for call in calls if call.group == "samples"]
        metrics = live(played, ear)
        figures["live"] = {"delays_s": delays(metrics)}
        figures["live"]["fail_closed"] = {str(r): n for r, n in metrics.fail_closed.items()}
        print(f"\n{f'live delay, {len(played)} samples':28} {'p50':>8} {'p95':>8} {'p99':>8}")
        for held, by_percent in figures["live"]["delays_s"].items():
            print(f"{held:28} " + " ".join(f"{delay:6.2f} s" for delay in by_percent.values()))
        print(f"muted unheard: {sum(metrics.fail_closed.values())} times")
    return figures


def _machine(cores: int) -> dict[str, Any]:
    return {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "used": cores,
        "python": platform.python_version(),
        "ctranslate2": ctranslate2.__version__,
        "faster-whisper": faster_whisper.__version__,
        "model": MODEL,
    }


def _speeds(
    calls: Sequence[Labelled], ear: Engine, took: Cost, theirs: Result | None, cores: int
) -> dict[str, Any]:
    columns = ("calls", "wall", "cpu", "real time", "baseline", "by cpu")
    print(f"\n{'speed':28}" + "".join(f" {column:>10}" for column in columns))
    audio = sum(call.seconds for call in calls)
    if theirs is None:
        return {"hushtap": show_speed("hushtap", audio, took, None)}
    theirs_took = sum(theirs.took.values(), Cost())
    told = {
        "baseline": show_speed("baseline", audio, theirs_took, None),
        "hushtap": show_speed("hushtap", audio, took, theirs_took),
    }
    once = [call for call in calls if call.path not in theirs.repeated]
    if once and len(once) < len(calls):
        audio = sum(call.seconds for call in once)
        theirs_took = sum((theirs.took[call.path] for call in once), Cost())
        took = by_hushtap(once, ear, cores)[1]
        print(f"without the {len(calls) - len(once)} calls that the baseline decoded again")
        told["baseline_once"] = show_speed("baseline", audio, theirs_took, None)
        told["hushtap_once"] = show_speed("hushtap", audio, took, theirs_took)
    return told


def _qualities(calls: Sequence[Labelled], ours: Result, theirs: Result | None) -> dict[str, Any]:
    print(
        f"\n{'quality':28} {'calls':>5} {'leak':>9} {'open >= .1 s':>11}"
        f" {'false mutes/h':>12} {'harmless s/h':>14}"
    )
    told: dict[str, Any] = {}
    for name, result in (("baseline", theirs), ("hushtap", ours)):
        for group in dict.fromkeys(call.group for call in calls):
            if result is not None:
                scores = [result.scores[call.path] for call in calls if call.group == group]
                told[f"{name} {group}"] = quality(scores)
                show_quality(f"{name}, {group}", told[f"{name} {group}"])
    return told


def _each_call(calls: Sequence[Labelled], theirs: Result) -> list[dict[str, Any]]:
    print(f"\n{'baseline, call by call':28} {'call':>8} {'wall':>10}")
    told = []
    for call in calls:
        took, again = theirs.took[call.path].wall, call.path in theirs.repeated
        mark = "  decoded again" if again else ""
        print(f"{call.path.stem:28} {call.seconds:6.1f} s {took:8.1f} s{mark}")
        told.append({**asdict(call), "path": call.path.name, "wall_s": took, "again": again})
    return told


if __name__ == "__main__":
    main()
