"""Calls from files, as fast as the ears can hear, with the mutes of a live call."""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeGuard

from hushtap.crew import Crew, usual_workers
from hushtap.ears.engine import MAX_BATCH, Engine
from hushtap.ears.loading import Weights, find_weights
from hushtap.ears.triage import SpottingEar, Triage
from hushtap.errors import HushtapError, ModelError, UsageError, VaultError
from hushtap.outputs import (
    Job,
    Provenance,
    Sidecar,
    earlier_output,
    plan,
    sha256_of,
    write_call,
    write_findings,
)
from hushtap.pii.policy import Policy, load_policy
from hushtap.pipeline import Call
from hushtap.taps.file import FileTap
from hushtap.timeline import to_seconds
from hushtap.values import MuteStyle
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from hushtap.ears.shared import Ear
    from hushtap.ears.windows import Window
    from hushtap.pii.recognizers import SpokenAnalyzer
    from hushtap.taps.pcap.tap import PcapTap
    from hushtap.taps.rtp.counts import Counts
    from hushtap.values import AudioFormat, Entity, Finding, PcmChunk, RedactedChunk
    from hushtap.vault.recordings import CallDetails, Recording

WINDOWS_AHEAD: Final = 6 * MAX_BATCH
"""Windows gathered before the ears listen: enough to fill batches, little to hold."""


def run(
    call: Call, chunks: Iterable[PcmChunk], engine: Ear, *, transcript: bool = True
) -> Iterator[RedactedChunk]:
    """Yield the redacted audio of a call, in order per channel.

    Without ``transcript`` an engine with a spotter decodes only what it must.
    Memory is bounded by ``WINDOWS_AHEAD`` windows and the policy's ``max_hold``; without
    ``transcript`` by the policy's ``arm_timeout`` besides, which a question may lie back.
    """
    if not transcript and _spots(engine):
        yield from _run_on_demand(call, chunks, engine)
        return
    waiting: list[Window] = []
    for chunk in chunks:
        call.feed(chunk)
        waiting += call.windows()
        if len(waiting) >= WINDOWS_AHEAD:
            _listen(call, waiting, engine)
            waiting.clear()
        yield from call.released()
    call.finish()
    _listen(call, waiting + call.windows(), engine)
    yield from call.released()


def _spots(engine: Ear) -> TypeGuard[SpottingEar]:
    return bool(getattr(engine, "spots", False))


def _run_on_demand(
    call: Call, chunks: Iterable[PcmChunk], engine: SpottingEar
) -> Iterator[RedactedChunk]:
    triage = Triage(engine, call.policy.arm_timeout)
    waiting: list[Window] = []

    def hear(*, last: bool = False) -> None:
        for window, heard in triage.hear(waiting, last=last):
            call.heard(window, heard)
        waiting.clear()

    for chunk in chunks:
        call.feed(chunk)
        waiting += call.windows()
        if len(waiting) >= WINDOWS_AHEAD:
            hear()
        yield from call.released()
    call.finish()
    waiting += call.windows()
    hear(last=True)
    yield from call.released()


def _listen(call: Call, windows: list[Window], engine: Ear) -> None:
    heard = engine.listen([w.audio for w in windows], [w.words for w in windows])
    for window, result in zip(windows, heard, strict=True):
        call.heard(window, result)


@dataclass(frozen=True, slots=True)
class Redaction:
    """What became of one call.

    Attributes:
        source: the file that was heard.
        audio_format: its rate in Hz and channels; the output has the same.
        samples: its length per channel; the output has the same.
        findings: what was found, in order of time; spans in samples.
        output: the redacted WAV, where one was asked for.
        recording: the id in the vault, where one was given.
        reused: an earlier run had done this call, and it was not heard again.
        packets: of a call of a packet capture, what became of them, by channel.
    """

    source: Path
    audio_format: AudioFormat
    samples: int
    findings: tuple[Finding, ...]
    output: Path | None = None
    recording: str | None = None
    reused: bool = False
    packets: tuple[Counts, ...] = ()

    @property
    def duration(self) -> float:
        """The length of the call in seconds."""
        return to_seconds(self.samples, self.audio_format.sample_rate)


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that was not redacted, and why. Nothing of it was written to a folder."""

    source: Path
    error: HushtapError


def redact(
    path: str | Path,
    *,
    policy: str | Policy = "pci-ssn",
    out: str | Path | None = None,
    vault: Vault | str | Path | None = None,
    mute: str | None = None,
    model: str | Path | None = None,
    force: bool = False,
    at_once: int | None = None,
    transcript: bool | None = None,
    call: CallDetails | None = None,
) -> Redaction:
    """Redact one call and return what was found; the input is only read.

    Args:
        path: an audio file, 1 or 2 channels, 8-48 kHz, or a packet capture with one call.
        policy: the name of a policy, the path of a ``.toml`` file, or a ``Policy``.
        out: folder for ``NAME.wav`` and its findings ``NAME.json``.
        vault: encrypted store for audio, masked transcript and findings; a path is
            opened, or made where there is none. With neither, nothing is written.
        mute: ``silence``, ``beep`` or ``noise`` instead of what the policy says.
        model: a model of ``hushtap models list`` or a CTranslate2 Whisper folder.
        force: hear a call again that an earlier run has done; replace any file in ``out``.
        at_once: threads that hear; by default one a core.
        transcript: whether every word is wanted; by default where a vault keeps them.
            Without, words are only read where they decide about a number.
        call: what is known of the call beside its sound, for the vault's catalog.

    Raises:
        TapError: the file is not a call that can be read.
        UsageError: the policy is wrong, or ``out`` would overwrite the input.
        ModelError: the weights are missing or damaged.
        VaultError: the vault cannot be written.
        HushtapError: ``out`` cannot be written, or holds a file that is not Hushtap's.
    """
    source = Path(path)
    redactor = Redactor(
        policy, mute=mute, model=model, at_once=at_once, transcript=transcript, call=call
    )
    jobs = plan([(source.parent, source)], None if out is None else Path(out))
    if len(jobs) > 1:
        raise UsageError(f"{source} holds {len(jobs)} calls: redact them with Redactor.redact_all")
    [job] = jobs
    if vault is not None and not isinstance(vault, Vault):
        vault = Vault.create(Path(vault))
    return redactor.redact(job, vault=vault, force=force)


class Redactor:
    """Redacts many files with one engine, which is loaded when the first is heard.

    ``policy``, ``mute`` and ``model`` as for ``redact``; ``ear`` hears in place of
    a model, from several threads. ``at_once`` calls are redacted at a time, by
    default one a core and ``hushtap.crew.MOST`` at most; the mutes do not depend on it.
    ``transcript`` as for ``redact``; ``call`` is known of each of them, and that it
    ``began`` then (any time zone) rather than now.

    Raises:
        UsageError: the policy, the mute style or ``at_once`` is wrong.
        ModelError: the weights are missing or damaged.
    """

    def __init__(
        self,
        policy: str | Policy = "pci-ssn",
        *,
        mute: str | None = None,
        model: str | Path | None = None,
        ear: Ear | None = None,
        at_once: int | None = None,
        transcript: bool | None = None,
        call: CallDetails | None = None,
        began: datetime | None = None,
    ) -> None:
        self._call = call
        self._began = began
        self.policy = styled(policy, mute)
        self.at_once = usual_workers() if at_once is None else at_once
        if self.at_once < 1:
            raise UsageError(f"{at_once} calls at once cannot be redacted: give 1 or more")
        self._ear = ear
        self._transcript = transcript
        if ear is not None:
            self.model = type(ear).__name__
            return
        self._weights = find_weights(model)
        self.model = self._weights.identity

    def _load(self) -> Ear:
        return _engine(self._weights, self.at_once) if self._ear is None else self._ear

    def redact_all(
        self,
        jobs: Iterable[Job],
        *,
        vault: Vault | None = None,
        force: bool = False,
        progress: Callable[[Path, float], None] | None = None,
    ) -> Iterator[Redaction | Failure]:
        """Yield what became of each job, in order; one that fails does not stop the others.

        ``progress`` is told the seconds heard of a call, from the thread that hears it.
        Closing the iterator, or an exception such as ``KeyboardInterrupt``, stops the
        calls in hand: no file is left of them and their recordings are interrupted.

        An exception that nobody expected becomes a failure with its type alone: its
        text could carry speech. With ``HUSHTAP_DEBUG=1`` it is raised instead.

        Raises:
            ModelError: the weights cannot be loaded.
        """

        def one(job: Job) -> Redaction:
            return self._redact(job, crew, vault, force=force, progress=progress)

        with Crew(self._load, self.at_once) as crew:
            for job, outcome in crew.map(one, jobs):
                try:
                    yield outcome.result()
                except ModelError:
                    # Without ears no other call can be heard either.
                    raise
                except HushtapError as exc:
                    yield Failure(job.source, exc)
                except Exception as exc:
                    if os.environ.get("HUSHTAP_DEBUG") == "1":
                        raise
                    problem = (
                        f"{job.source} could not be redacted (unexpected {type(exc).__name__}),"
                        " nothing of it was kept: set HUSHTAP_DEBUG=1 to see where"
                    )
                    yield Failure(job.source, HushtapError(problem))

    def redact(
        self,
        job: Job,
        *,
        vault: Vault | None = None,
        force: bool = False,
        progress: Callable[[Path, float], None] | None = None,
    ) -> Redaction:
        """Redact one call; ``progress`` is told the seconds heard so far.

        Raises:
            HushtapError: as ``hushtap.redact``. No file is left in the folder and the
                recording, if one was begun, is marked interrupted.
        """
        with Crew(self._load, self.at_once) as crew:
            return self._redact(job, crew, vault, force=force, progress=progress)

    def _redact(
        self,
        job: Job,
        crew: Crew,
        vault: Vault | None,
        *,
        force: bool,
        progress: Callable[[Path, float], None] | None,
    ) -> Redaction:
        crew.check()
        tap = _tap(job)
        words = vault is not None if self._transcript is None else self._transcript
        made_from = Provenance(
            sha256=sha256_of(job.source),
            policy=self.policy.name,
            fingerprint=self.policy.fingerprint,
            model=self.model if words else f"{self.model}, words on demand",
            version=version("hushtap"),
        )
        # What was heard with every word will do where only some were wanted, not the reverse.
        enough = [made_from] if words else [made_from, replace(made_from, model=self.model)]
        for wanted in () if force else enough:
            if done := _earlier(job, wanted, vault):
                return done
        # Loaded before anything is begun that would have to be undone.
        crew.ready()
        call = Call(tap.format, self.policy, _analyzer(self.policy.entities))
        recording = self._begin(vault, tap) if vault else None
        with recording or nullcontext():
            chunks = _hear(call, tap, crew, recording, progress, transcript=words)
            if job.wav is None:
                samples = sum(len(chunk.span) for chunk in chunks) // tap.format.channels
            else:
                samples = write_call(job.wav, tap.format, chunks)
        findings = tuple(call.findings())
        recorded = recording.id if recording else None
        if job.wav is not None:
            write_findings(job.wav, Sidecar(made_from, tap.format, samples, findings, recorded))
        packets = () if isinstance(tap, FileTap) else tap.counts
        return Redaction(
            job.source, tap.format, samples, findings, job.wav, recorded, packets=packets
        )

    def _begin(self, vault: Vault, tap: FileTap | PcapTap) -> Recording:
        source, policy = safe_label(tap.label), self.policy.fingerprint
        return vault.record(
            tap.format,
            source=source,
            policy=policy,
            started=self._began,
            call=self._call,
            models=self.model,
        )


def _tap(job: Job) -> FileTap | PcapTap:
    if job.captured is None:
        return FileTap(job.source)
    from hushtap.taps.pcap.tap import PcapTap  # noqa: PLC0415 - most runs have no capture

    return PcapTap(job.captured)


def _hear(
    call: Call,
    tap: FileTap | PcapTap,
    crew: Crew,
    recording: Recording | None,
    progress: Callable[[Path, float], None] | None,
    *,
    transcript: bool,
) -> Iterator[RedactedChunk]:
    """Yield the redacted call; once it is exhausted, ``recording`` is closed."""
    lengths, fed = [0] * tap.format.channels, [0] * tap.format.channels

    def counted() -> Iterator[PcmChunk]:
        for chunk in tap:
            crew.check()
            fed[chunk.channel] = chunk.span.end
            yield chunk

    for chunk in run(call, counted(), crew, transcript=transcript):
        words = call.transcript()
        if recording is not None:
            recording.append(chunk)
            recording.add_words(words if transcript else ())
        yield chunk
        lengths[chunk.channel] = chunk.span.end
        if progress is not None:
            progress(tap.path, to_seconds(min(lengths), tap.format.sample_rate))
    if lengths != fed:
        raise HushtapError(f"{tap.path}: the redacted call is not as long as the call itself")
    if recording is not None:
        recording.add_words(call.transcript() if transcript else ())
        recording.add_findings(call.findings())
        recording.close()


def styled(policy: str | Policy, mute: str | None = None) -> Policy:
    """Return a policy, by name, path or itself, with another way to mute where one is given.

    Raises:
        UsageError: there is no such policy or way to mute.
    """
    found = policy if isinstance(policy, Policy) else load_policy(policy)
    if mute is None:
        return found
    if mute not in list(MuteStyle):
        raise UsageError(f"{mute!r} is no way to mute: give {', '.join(MuteStyle)}")
    return replace(found, style=MuteStyle(mute))


def safe_label(label: str) -> str:
    """Return ``label`` with every digit replaced: files are named after phone numbers."""
    return re.sub(r"\d", "#", label)


def _earlier(job: Job, made_from: Provenance, vault: Vault | None) -> Redaction | None:
    """Return what an earlier run left for ``job`` where it would only come out again.

    Raises:
        HushtapError: what lies there was not written by Hushtap.
    """
    content = earlier_output(job, made_from)
    if content is None or (vault is not None and not _holds(vault, content.recording)):
        return None
    return Redaction(
        job.source,
        content.audio_format,
        content.samples,
        content.findings,
        job.wav,
        content.recording if vault is not None else None,
        reused=True,
    )


def _holds(vault: Vault, recording: str | None) -> bool:
    try:
        # Disposing of a recording must not bring it back from its source.
        done = {State.CLOSED, State.DISPOSED}
        return recording is not None and vault.info(recording).state in done
    except VaultError:
        return False


@cache
def _engine(weights: Weights, workers: int) -> Engine:
    return weights.load(workers=workers)


@cache
def _analyzer(entities: frozenset[Entity]) -> SpokenAnalyzer:
    # Presidio takes seconds to import: what is wrong with a file is said sooner.
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415

    return SpokenAnalyzer(entities)
