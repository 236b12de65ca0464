"""Measure what each part of Hushtap brings, by leaving it out, on labelled calls.

    python scripts/ablate.py --cases DIR [--calls N] [--jobs N] [--json FILE] [--only NAME ...]

``DIR`` holds calls as ``make_cases.py`` makes them. Every variant redacts the same calls
and is judged as ``hushtap eval`` judges. ``transcribe`` is faster-whisper with stock
Presidio, as in ``bench.py``. Speed is not measured here: what two variants hear alike is
heard once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from rich.console import Console
from rich.progress import track

from bench import MODEL, POLICY, Labelled, by_baseline, quality
from hushtap import batch
from hushtap.batch import Failure, Redactor
from hushtap.crew import usual_workers
from hushtap.ears import windows
from hushtap.ears.engine import Heard
from hushtap.ears.loading import find_weights
from hushtap.ears.windows import OFFLINE
from hushtap.evaluate import score_files
from hushtap.numbers import ledger
from hushtap.outputs import Job
from hushtap.pipeline import Call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine
    from hushtap.evaluate import Score
    from hushtap.values import Samples

ERRORS = Console(stderr=True)


class Remembering:
    """An ear that hears every window once; with ``reads`` off, only the spotter hears."""

    def __init__(self, engine: Engine, known: dict[bytes, Heard], *, reads: bool = True) -> None:
        self.spots = engine.spots
        self._engine = engine
        self._known = known
        self._reads = reads

    def listen(
        self,
        windows: Sequence[NDArray[np.float32]],
        words: Sequence[bool] | None = None,
        before: Sequence[Heard] | None = None,
    ) -> list[Heard]:
        """Return what was heard in each window, now or before."""
        del before
        wanted = [self._reads and one for one in words or [True] * len(windows)]
        keys = [
            hashlib.sha256(window.tobytes() + bytes([one])).digest()
            for window, one in zip(windows, wanted, strict=True)
        ]
        new = [at for at, key in enumerate(keys) if key not in self._known]
        if new:
            heard = self._engine.listen([windows[at] for at in new], [wanted[at] for at in new])
            for at, one in zip(new, heard, strict=True):
                self._known[keys[at]] = replace(one, frames=None)
        return [self._known[key] for key in keys]


class Untouched:
    """In place of the noise suppressor: lets everything through."""

    def step(self, samples: Samples) -> Samples:
        """Return ``samples``."""
        return samples


@contextmanager
def without(*parts: str) -> Iterator[None]:
    """Leave parts out while it is open: ``suppressor``, ``cues`` by ear, ``hindsight``."""
    blind = partial(Call, schedule=replace(OFFLINE, hindsight=0.0))
    patches: dict[str, AbstractContextManager[object]] = {
        "suppressor": patch.object(windows, "Denoiser", Untouched),
        "cues": patch.object(ledger, "spotted_cues", lambda *_: []),
        "hindsight": patch.object(batch, "Call", blind),
    }
    with ExitStack() as stack:
        for part in parts:
            stack.enter_context(patches[part])
        yield


def redacted(calls: Sequence[Path], ear: Remembering, at_once: int) -> list[Score]:
    """Redact the calls with ``ear`` and judge them."""
    redactor = Redactor(POLICY, ear=ear, at_once=at_once, transcript=True)
    with tempfile.TemporaryDirectory() as out:
        jobs = [Job(path, Path(out) / f"{n}.wav") for n, path in enumerate(calls)]
        scores = []
        for job, done in zip(
            jobs,
            track(redactor.redact_all(jobs), "calls", len(jobs), console=ERRORS, transient=True),
            strict=True,
        ):
            if isinstance(done, Failure):
                raise done.error
            assert job.wav is not None  # noqa: S101 - it was given
            scores.append(score_files(job.source, job.wav))
            job.wav.unlink()
        return scores


def measure(
    calls: Sequence[Path], only: Sequence[str], at_once: int
) -> dict[str, dict[str, float]]:
    """Return the figures of every variant, and print them."""
    weights = find_weights(MODEL)
    both = weights.load(workers=at_once)
    lone = replace(weights, spotter=None).load(workers=at_once)
    heard: dict[bytes, Heard] = {}
    ear = Remembering(both, heard)
    spotter = Remembering(both, {}, reads=False)
    variants = {
        "all": (ear, ()),
        "no hindsight": (ear, ("hindsight",)),
        "no cues by ear": (ear, ("cues",)),
        "no suppressor": (ear, ("suppressor",)),
        "spotter alone": (spotter, ()),
        "spotter alone, no cues": (spotter, ("cues",)),
        "words alone": (Remembering(lone, {}), ()),
    }
    figures: dict[str, dict[str, float]] = {}
    for name, (listener, parts) in variants.items():
        if only and name not in only:
            continue
        with without(*parts):
            figures[name] = quality(redacted(calls, listener, at_once))
        _show(name, figures[name])
    if not only or "transcribe" in only:
        baseline = by_baseline([Labelled("", path, 0.0) for path in calls], at_once)
        figures["transcribe"] = quality(baseline.scores.values())
        _show("transcribe", figures["transcribe"])
    return figures


def _show(name: str, told: dict[str, float]) -> None:
    print(
        f"| {name} | {100 * told['leak']:.2f} % | {told['numbers_open']:.0f} of"
        f" {told['numbers']:.0f} | {told['false_mutes_per_hour']:.1f} |"
        f" {told['harmless_numbers_muted']:.0f} of {told['harmless_numbers']:.0f} |",
        flush=True,
    )


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--calls", type=int, default=None, help="of the folder, in order of name")
    parser.add_argument("--jobs", type=int, default=usual_workers())
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="variants")
    given = parser.parse_args()
    calls = sorted(given.cases.glob("*.wav"))[: given.calls]
    print("| variant | leak | numbers audible 0.1 s | false mutes/h | harmless numbers muted |")
    print("|---|---|---|---|---|")
    figures = measure(calls, given.only, given.jobs)
    if given.json is not None:
        given.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
