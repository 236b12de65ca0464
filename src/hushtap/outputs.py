"""Where redacted calls go: ``OUT/<path below the given folder>.wav`` and a findings file beside it.

The findings file (``.json``) says what was muted where, never what was said, and
from what it was made: a call whose file, policy and weights are unchanged need not
be heard again.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import HushtapError, TapError, UsageError
from hushtap.taps.folders import CAPTURES, SUFFIXES
from hushtap.taps.wav import write_wav
from hushtap.timeline import Span, to_samples, to_seconds
from hushtap.values import AudioFormat, Entity, Finding
from hushtap.wholefile import output_file, remove_left

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from hushtap.taps.pcap.calls import CapturedCall
    from hushtap.values import RedactedChunk

FORMAT: Final = 1
"""Of the findings file; its key is ``hushtap_findings``."""


@dataclass(frozen=True, slots=True)
class Job:
    """A call and the WAV that it becomes; ``None`` where no file is asked for.

    ``captured`` is the call within ``source``, where that is a packet capture.
    """

    source: Path
    wav: Path | None
    captured: CapturedCall | None = field(default=None, repr=False)


def sidecar_of(wav: Path) -> Path:
    """Return the place of the findings file beside ``wav``."""
    return wav.with_suffix(".json")


def plan(
    found: Iterable[tuple[Path, Path]],
    out: Path | None,
    *,
    unreadable: Callable[[Path, TapError], None] | None = None,
) -> list[Job]:
    """Return a job for each ``(root, file)`` of ``hushtap.taps.folders.find_audio``.

    What lies in ``out`` is passed over where ``out`` is inside a given folder: it is
    what an earlier run wrote. A packet capture is read, and gives a job for each of its
    calls: ``NAME.wav``, or ``NAME-1.wav``, ``NAME-2.wav`` ... where there are several.

    ``unreadable`` is told of each capture without a call that can be read; without it
    the first is an error.

    Raises:
        UsageError: an output would overwrite an input or another output.
        TapError: a capture cannot be read, and nobody is told.
    """
    pairs = list(found)
    if out is not None:
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out} is not a folder: give --out a folder")
        pairs = [(root, file) for root, file in pairs if not _earlier_output(root, file, out)]
    jobs: list[Job] = []
    for root, file in pairs:
        place = None if out is None else out / file.relative_to(root)
        try:
            jobs += _jobs_of(file, place)
        except TapError as exc:
            if unreadable is None:
                raise
            unreadable(file, exc)
    _refuse_overwriting([(job.source, job.wav) for job in jobs if job.wav is not None])
    return jobs


def _jobs_of(file: Path, place: Path | None) -> list[Job]:
    if not is_capture(file):
        return [Job(file, place and _named(place))]
    # dpkt and the codecs take a while to load: most runs have no capture.
    from hushtap.taps.pcap.calls import find_calls  # noqa: PLC0415

    calls = find_calls(file)
    if place is None:
        return [Job(file, None, call) for call in calls]
    wav = _named(place)
    numbered = [wav.with_name(f"{wav.stem}-{call.number}.wav") for call in calls]
    return [
        Job(file, *one) for one in zip(numbered if len(calls) > 1 else [wav], calls, strict=True)
    ]


def is_capture(file: Path) -> bool:
    """Return whether ``file`` is a packet capture by its name or, whatever its name, its start."""
    if file.suffix.lower() in CAPTURES:
        return True
    if file.suffix.lower() in SUFFIXES:
        return False
    from hushtap.taps.pcap.frames import MAGIC  # noqa: PLC0415 - as above

    try:
        if not file.is_file():
            return False
        with file.open("rb") as stream:
            return stream.read(4) in MAGIC
    except OSError:
        return False


def _named(place: Path) -> Path:
    # What follows the dot in a name that is no known format may be a date or a number.
    known = place.suffix.lower() in SUFFIXES | CAPTURES
    return place.with_suffix(".wav") if known else place.with_name(f"{place.name}.wav")


def _earlier_output(root: Path, file: Path, out: Path) -> bool:
    place, below = out.resolve(), root.resolve()
    return place != below and place.is_relative_to(below) and file.resolve().is_relative_to(place)


def _refuse_overwriting(targets: Sequence[tuple[Path, Path]]) -> None:
    inputs = {_identity(source): source for source, _ in targets}
    taken: dict[Path, Path] = {}
    for source, wav in targets:
        for target in (wav, sidecar_of(wav)):
            if (first := taken.setdefault(target, source)) is not source:
                raise UsageError(
                    f"{first} and {source} would both become {target}:"
                    " redact them in two runs with another --out"
                )
            if os.path.lexists(target) and (hit := inputs.get(_identity(target))):
                raise UsageError(f"{target} would overwrite the input {hit}: choose another --out")


def _identity(path: Path) -> tuple[int, int] | Path:
    """Return what two names of one file share."""
    try:
        status = path.stat()
    except OSError:
        return path.absolute()
    return status.st_dev, status.st_ino


@dataclass(frozen=True, slots=True)
class Provenance:
    """All that decides the result for one file.

    ``sha256`` is of the input file; ``policy`` is its name and ``fingerprint`` what
    counts of it; ``model`` names the weights, ``version`` is Hushtap's.
    """

    sha256: str
    policy: str
    fingerprint: str
    model: str
    version: str


_UNKNOWN: Final = Provenance("", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The content of a findings file.

    ``samples`` per channel; ``recording`` is a vault's id; ``output`` is the SHA-256 of
    the WAV, ``None`` while that is not whole.
    """

    made_from: Provenance
    audio_format: AudioFormat
    samples: int
    findings: tuple[Finding, ...]
    recording: str | None = None
    output: str | None = None

    def matches(self, wav: Path, made_from: Provenance) -> bool:
        """Return whether ``wav`` is, to the byte, what ``made_from`` would give again."""
        if self._what_counts(self.made_from) != self._what_counts(made_from):
            return False
        try:
            return wav.is_file() and self.output is not None and sha256_of(wav) == self.output
        except (TapError, OSError):
            return False

    @staticmethod
    def _what_counts(made_from: Provenance) -> tuple[str, ...]:
        return made_from.sha256, made_from.fingerprint, made_from.model, made_from.version


def findings_as_json(findings: Iterable[Finding], rate: int) -> list[dict[str, Any]]:
    """Return findings with their times in seconds, to the microsecond."""
    return [
        {
            "entity": str(finding.entity),
            "channel": finding.channel,
            "start": round(to_seconds(finding.span.start, rate), 6),
            "end": round(to_seconds(finding.span.end, rate), 6),
            "score": finding.score,
            "source": finding.source,
            "muted": finding.muted,
        }
        for finding in findings
    ]


def write_sidecar(path: Path, content: Sidecar) -> None:
    """Write a findings file, whole or not at all, readable by its owner only.

    Raises:
        HushtapError: the disk refuses.
    """
    rate = content.audio_format.sample_rate
    document = {
        "hushtap_findings": FORMAT,
        "version": content.made_from.version,
        "input_sha256": content.made_from.sha256,
        "policy": content.made_from.policy,
        "policy_fingerprint": content.made_from.fingerprint,
        "model": content.made_from.model,
        "recording": content.recording,
        "output_sha256": content.output,
        "sample_rate": rate,
        "channels": content.audio_format.channels,
        "samples": content.samples,
        "findings": findings_as_json(content.findings, rate),
    }
    with output_file(path) as stream:
        stream.write(json.dumps(document, indent=1).encode() + b"\n")


def read_sidecar(path: Path) -> Sidecar | None:
    """Return the findings file at ``path``; ``None`` where there is none that Hushtap wrote."""
    try:
        found = json.loads(path.read_bytes())
        if found["hushtap_findings"] != FORMAT:
            return None
        rate = int(found["sample_rate"])
        return Sidecar(
            Provenance(
                sha256=str(found["input_sha256"]),
                policy=str(found["policy"]),
                fingerprint=str(found["policy_fingerprint"]),
                model=str(found["model"]),
                version=str(found["version"]),
            ),
            AudioFormat(rate, int(found["channels"])),
            int(found["samples"]),
            tuple(_finding(one, rate) for one in found["findings"]),
            found["recording"],
            found.get("output_sha256"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def earlier_output(job: Job, made_from: Provenance) -> Sidecar | None:
    """Return what an earlier run found where ``job`` would only come out the same again.

    Raises:
        HushtapError: what lies in its place was not written by Hushtap.
    """
    if job.wav is None:
        return None
    content = read_sidecar(sidecar_of(job.wav))
    if content is not None:
        for place in (job.wav, sidecar_of(job.wav)):
            # A run that is alive, or a folder that is only read, is none of this one's business.
            with suppress(OSError):
                remove_left(place)
        return content if content.matches(job.wav, made_from) else None
    for place in (job.wav, sidecar_of(job.wav)):
        if os.path.lexists(place):
            raise HushtapError(
                f"{place} is there and not known to be Hushtap's:"
                " move it away, or replace it with --force"
            )
    return None


def write_call(wav: Path, audio: AudioFormat, chunks: Iterable[RedactedChunk]) -> int:
    """Write the call to ``wav``; return its samples per channel.

    Before its audio is replaced, its findings file says that it is not whole: a process
    that is killed before ``write_findings`` leaves what the next run knows and does anew.

    Raises:
        HushtapError: the disk refuses.
    """

    def announced() -> Iterator[RedactedChunk]:
        yield from chunks
        write_sidecar(sidecar_of(wav), Sidecar(_UNKNOWN, audio, 0, ()))

    try:
        wav.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise HushtapError(
            f"{wav.parent} cannot be made ({exc.strerror}): choose another --out"
        ) from exc
    with _none_or_both(wav):
        return write_wav(wav, audio, announced())


def write_findings(wav: Path, content: Sidecar) -> None:
    """Write what was found beside ``wav``; where that fails, ``wav`` goes too.

    Raises:
        HushtapError: the disk refuses.
    """
    with _none_or_both(wav):
        try:
            write_sidecar(sidecar_of(wav), replace(content, output=sha256_of(wav)))
        except BaseException:
            wav.unlink(missing_ok=True)
            raise


@contextmanager
def _none_or_both(wav: Path) -> Iterator[None]:
    """After an error, leave no findings file that announces a ``wav`` that is not there."""
    try:
        yield
    except BaseException:
        findings = sidecar_of(wav)
        with suppress(OSError):
            if not wav.is_file() and read_sidecar(findings) is not None:
                findings.unlink()
        raise


def _finding(one: dict[str, Any], rate: int) -> Finding:
    span = Span(to_samples(one["start"], rate), to_samples(one["end"], rate))
    channel, score = int(one["channel"]), float(one["score"])
    return Finding(Entity(one["entity"]), span, channel, score, str(one["source"]), one["muted"])


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal.

    Raises:
        TapError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise TapError(f"{path} cannot be read ({exc.strerror}): check its permissions") from exc
