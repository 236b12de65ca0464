"""Calls from files, as fast as the ears can hear, with the mutes of a live call."""

from __future__ import annotations

import os
import re
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hushtap import models
from hushtap.ears.engine import MAX_BATCH, Engine
from hushtap.errors import HushtapError, ModelError, UsageError, VaultError
from hushtap.manifest import load_manifest
from hushtap.outputs import (
    Job,
    Provenance,
    Sidecar,
    plan,
    read_sidecar,
    sha256_of,
    sidecar_of,
    write_sidecar,
)
from hushtap.pii.policy import Policy, load_policy
from hushtap.pipeline import Call
from hushtap.taps.file import FileTap, write_wav
from hushtap.timeline import to_seconds
from hushtap.values import MuteStyle
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hushtap.ears.shared import Ear
    from hushtap.ears.windows import Window
    from hushtap.pii.recognizers import SpokenAnalyzer
    from hushtap.values import AudioFormat, Entity, Finding, PcmChunk, RedactedChunk
    from hushtap.vault.recordings import Recording

WINDOWS_AHEAD: Final = 6 * MAX_BATCH
"""Windows gathered before the ears listen: enough to fill batches, little to hold."""


def run(call: Call, chunks: Iterable[PcmChunk], engine: Ear) -> Iterator[RedactedChunk]:
    """Yield the redacted audio of a call, in order per channel.

    Memory is bounded by ``WINDOWS_AHEAD`` windows and the policy's ``max_hold``.
    """
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


def _listen(call: Call, windows: list[Window], engine: Ear) -> None:
    heard = engine.listen([window.audio for window in windows])
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
    """

    source: Path
    audio_format: AudioFormat
    samples: int
    findings: tuple[Finding, ...]
    output: Path | None = None
    recording: str | None = None
    reused: bool = False

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
) -> Redaction:
    """Redact one call and return what was found; the input is only read.

    Args:
        path: an audio file, 1 or 2 channels, 8-48 kHz.
        policy: the name of a policy, the path of a ``.toml`` file, or a ``Policy``.
        out: folder for ``NAME.wav`` and its findings ``NAME.json``.
        vault: encrypted store for audio, masked transcript and findings; a path is
            opened, or made where there is none. With neither, nothing is written.
        mute: ``silence``, ``beep`` or ``noise`` instead of what the policy says.
        model: a model of ``hushtap models list`` or a CTranslate2 Whisper folder.
        force: hear a call again that an earlier run has done; replace any file in ``out``.

    Raises:
        TapError: the file is not a call that can be read.
        UsageError: the policy is wrong, or ``out`` would overwrite the input.
        ModelError: the weights are missing or damaged.
        VaultError: the vault cannot be written.
        HushtapError: ``out`` cannot be written, or holds a file that is not Hushtap's.
    """
    source = Path(path)
    redactor = Redactor(policy, mute=mute, model=model)
    [job] = plan([(source.parent, source)], None if out is None else Path(out))
    if vault is not None and not isinstance(vault, Vault):
        vault = Vault.create(Path(vault))
    return redactor.redact(job, vault=vault, force=force)


class Redactor:
    """Redacts many files with one engine, which is loaded when the first is heard.

    ``policy``, ``mute`` and ``model`` as for ``redact``; ``ear`` hears in place of
    a model. One instance may serve
    several threads; they take turns at the engine.

    Raises:
        UsageError: the policy or the mute style is wrong.
        ModelError: the weights are missing or damaged.
    """

    def __init__(
        self,
        policy: str | Policy = "pci-ssn",
        *,
        mute: str | None = None,
        model: str | Path | None = None,
        ear: Ear | None = None,
    ) -> None:
        self.policy = styled(policy, mute)
        self._ear = ear
        if ear is not None:
            self.model = type(ear).__name__
            return
        wanted = models.default_model() if model is None else model
        self._folder = models.resolve(wanted)
        self.model = str(wanted)
        if wanted not in load_manifest():
            self.model = f"{self._folder.name} {sha256_of(self._folder / 'model.bin')}"

    @cached_property
    def ear(self) -> Ear:
        """What hears the calls."""
        return self._ear or _engine(self._folder)

    @cached_property
    def analyzer(self) -> SpokenAnalyzer:
        """The judge of numbers."""
        return _analyzer(self.policy.entities)

    def redact_all(
        self,
        jobs: Iterable[Job],
        *,
        vault: Vault | None = None,
        force: bool = False,
        progress: Callable[[Path, float], None] | None = None,
    ) -> Iterator[Redaction | Failure]:
        """Yield what became of each job; one that fails does not stop the others.

        An exception that nobody expected becomes a failure with its type alone: its
        text could carry speech. With ``HUSHTAP_DEBUG=1`` it is raised instead.

        Raises:
            ModelError: the weights cannot be loaded.
        """
        for job in jobs:
            try:
                yield self.redact(job, vault=vault, force=force, progress=progress)
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
        tap = FileTap(job.source)
        made_from = Provenance(
            sha256=sha256_of(job.source),
            policy=self.policy.name,
            fingerprint=self.policy.fingerprint,
            model=self.model,
            version=version("hushtap"),
        )
        if not force and (done := _earlier(job, made_from, vault)):
            return done
        # Loaded before anything is begun that would have to be undone.
        ear, call = self.ear, Call(tap.format, self.policy, self.analyzer)
        recording = _begin(vault, tap, self.policy) if vault else None
        with recording or nullcontext():
            chunks = _hear(call, tap, ear, recording, progress)
            if job.wav is None:
                samples = sum(len(chunk.span) for chunk in chunks) // tap.format.channels
            else:
                samples = _write(job.wav, tap.format, chunks)
        findings = tuple(call.findings())
        recorded = recording.id if recording else None
        if job.wav is not None:
            _write_findings(job.wav, Sidecar(made_from, tap.format, samples, findings, recorded))
        return Redaction(job.source, tap.format, samples, findings, job.wav, recorded)


def _hear(
    call: Call,
    tap: FileTap,
    ear: Ear,
    recording: Recording | None,
    progress: Callable[[Path, float], None] | None,
) -> Iterator[RedactedChunk]:
    """Yield the redacted call; once it is exhausted, ``recording`` is closed."""
    lengths, fed = [0] * tap.format.channels, [0] * tap.format.channels

    def counted() -> Iterator[PcmChunk]:
        for chunk in tap:
            fed[chunk.channel] = chunk.span.end
            yield chunk

    for chunk in run(call, counted(), ear):
        if recording is not None:
            recording.append(chunk)
            recording.add_words(call.transcript())
        yield chunk
        lengths[chunk.channel] = chunk.span.end
        if progress is not None:
            progress(tap.path, to_seconds(min(lengths), tap.format.sample_rate))
    if lengths != fed:
        raise HushtapError(f"{tap.path}: the redacted call is not as long as the call itself")
    if recording is not None:
        recording.add_words(call.transcript())
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


def _begin(vault: Vault, tap: FileTap, policy: Policy) -> Recording:
    return vault.record(tap.format, source=safe_label(tap.label), policy=policy.fingerprint)


def _earlier(job: Job, made_from: Provenance, vault: Vault | None) -> Redaction | None:
    """Return what an earlier run left for ``job`` where it would only come out again.

    Raises:
        HushtapError: what lies there was not written by Hushtap.
    """
    if job.wav is None:
        return None
    content = read_sidecar(sidecar_of(job.wav))
    if content is None:
        for place in (job.wav, sidecar_of(job.wav)):
            if place.exists() or place.is_symlink():
                raise HushtapError(
                    f"{place} is there and not known to be Hushtap's:"
                    " move it away, or replace it with --force"
                )
        return None
    if not content.matches(job.wav, made_from):
        return None
    if vault is not None and not _holds(vault, content.recording):
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
        return recording is not None and vault.info(recording).state is State.CLOSED
    except VaultError:
        return False


def _write(wav: Path, audio: AudioFormat, chunks: Iterable[RedactedChunk]) -> int:
    """Write the call to ``wav``; the findings of an earlier run go before its audio does."""

    def outdating() -> Iterator[RedactedChunk]:
        yield from chunks
        try:
            sidecar_of(wav).unlink(missing_ok=True)
        except OSError as exc:
            raise HushtapError(
                f"{sidecar_of(wav)} cannot be replaced ({exc.strerror}): move it away"
            ) from exc

    try:
        wav.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise HushtapError(
            f"{wav.parent} cannot be made ({exc.strerror}): choose another --out"
        ) from exc
    return write_wav(wav, audio, outdating())


def _write_findings(wav: Path, content: Sidecar) -> None:
    """Write what was found beside ``wav``; where that fails, ``wav`` goes too."""
    try:
        write_sidecar(sidecar_of(wav), content)
    except BaseException:
        wav.unlink(missing_ok=True)
        raise


@cache
def _engine(folder: Path) -> Engine:
    return Engine(folder)


@cache
def _analyzer(entities: frozenset[Entity]) -> SpokenAnalyzer:
    # Presidio takes seconds to import: what is wrong with a file is said sooner.
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415

    return SpokenAnalyzer(entities)
