"""A live session: the same mutes as in a batch, and silence wherever something breaks."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr

from hushtap import batch
from hushtap.errors import HushtapError, TapError, VaultError
from hushtap.evaluate import OPEN_SECONDS, Truth, TruthSpan, load_truth, score
from hushtap.live import BACKLOG_S, Failed, Muted, Progress
from hushtap.observe import Queue, Reason
from hushtap.pipeline import Call
from hushtap.session import Ears, Pace, Session, record_live
from hushtap.taps.file import FileTap
from hushtap.timeline import Span, to_samples
from hushtap.values import (
    AudioFormat,
    Entity,
    Finding,
    PcmChunk,
    RedactedChunk,
    Samples,
    TranscriptWord,
)
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine, Heard
    from hushtap.live import Event
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import Judgement, SpokenAnalyzer

RATE = 16_000
FORMAT = AudioFormat(RATE, 2)
BEGIN_S, END_S = 9.0, 19.0
PATIENT_S = 60.0


@dataclass(frozen=True)
class Clip:
    """Ten seconds in which an SSN is asked for and begun; ``numbers`` are where it is said."""

    audio: NDArray[np.int16]
    numbers: tuple[tuple[int, Span], ...]

    def chunks(self, size: int, until: int | None = None) -> Iterator[PcmChunk]:
        audio = self.audio[:until]
        for start in range(0, len(audio), size):
            span = Span(start, min(start + size, len(audio)))
            for channel in range(audio.shape[1]):
                yield PcmChunk(channel, span, audio[span.start : span.end, channel])


@pytest.fixture(scope="module")
def clip(samples: Path) -> Clip:
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    part = audio[int(BEGIN_S * rate) : int(END_S * rate)].astype(np.float64)
    at_rate = np.rint(soxr.resample(part, rate, RATE)).clip(-32768, 32767).astype(np.int16)
    spans = load_truth(samples / "sample_ssn.json").spans
    return Clip(at_rate, tuple(_inside(span) for span in spans if span.end < END_S))


def _inside(span: TruthSpan) -> tuple[int, Span]:
    start, end = (to_samples(at - BEGIN_S, RATE) for at in (span.start, span.end))
    return span.channel, Span(start, end)


@dataclass
class Remembering:
    """The real ears, which hear each window only once."""

    engine: Engine
    known: dict[bytes, Heard] = field(default_factory=dict)

    def listen(self, windows: Sequence[NDArray[np.float32]]) -> list[Heard]:
        new = [w for w in windows if w.tobytes() not in self.known]
        for window, heard in zip(new, self.engine.listen(new), strict=True):
            self.known[window.tobytes()] = heard
        return [self.known[w.tobytes()] for w in windows]


@pytest.fixture(scope="module")
def ear(engine: Engine) -> Remembering:
    return Remembering(engine)


class RaisingEar:
    def listen(self, windows: Sequence[NDArray[np.float32]]) -> list[Heard]:
        raise RuntimeError(f"four one one one {len(windows)}")


class StallingEar:
    """Hears nothing until it is let go."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def listen(self, windows: Sequence[NDArray[np.float32]]) -> list[Heard]:
        self.entered.set()
        self.let_go.wait()
        raise RuntimeError(f"{len(windows)} windows, too late")


class FailingAnalyzer:
    def analyse(
        self, text: str, *, context: Sequence[str] = (), groups: Sequence[int] = ()
    ) -> list[Judgement]:
        raise HushtapError(f"{text}{context}{groups}")


@dataclass
class Played:
    """What came out of a session."""

    audio: list[Samples]
    findings: list[Finding]
    words: list[TranscriptWord]
    events: list[Event]
    ears: Ears

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def assert_length(self, samples: int) -> None:
        assert [len(channel) for channel in self.audio] == [samples, samples]

    def assert_numbers_silent(self, clip: Clip) -> None:
        """By the measure of the whole project: nothing voiced of a number is audible."""
        end = len(self.audio[0])
        spans = tuple(
            TruthSpan(channel, span.start / RATE, span.end / RATE, "US_SSN", True, 0)
            for channel, span in clip.numbers
            if span.end <= end
        )
        assert spans
        scored = score(clip.audio[:end], np.stack(self.audio, axis=1), Truth(RATE, 2, spans))
        assert all(one.voiced > 0.3 and one.audible < OPEN_SECONDS for one in scored.sensitive)

    def unheard(self) -> list[Finding]:
        return [f for f in self.findings if f.entity is Entity.UNHEARD]


Play = "Callable[..., Played]"


@pytest.fixture
def play(policy: Policy, analyzer: SpokenAnalyzer, ear: Remembering) -> Callable[..., Played]:
    """Feed chunks to a session without a sink, as fast as it takes them; return all of it."""

    def run(
        chunks: Iterable[PcmChunk],
        *,
        by: RaisingEar | StallingEar | Remembering | None = None,
        judge: Analyzer | None = None,
        deadline: float = PATIENT_S,
        wait: bool = True,
        audio_format: AudioFormat = FORMAT,
    ) -> Played:
        with Ears(by or ear) as ears:
            events: list[Event] = []

            async def session() -> Played:
                made = Session(
                    audio_format,
                    ears=ears,
                    policy=policy,
                    analyzer=judge or analyzer,
                    deadline=deadline,
                    on_event=events.append,
                )
                async with made:
                    for chunk in chunks:
                        if wait:
                            await made.feed(chunk, wait=True)
                        else:
                            made.offer(chunk)
                audio = _joined([chunk async for chunk in made])
                return Played(audio, made.findings(), made.transcript(), events, ears)

            try:
                return asyncio.run(session())
            finally:
                if isinstance(by, StallingEar):
                    by.let_go.set()

    return run


def _joined(chunks: Iterable[RedactedChunk], channels: int = 2) -> list[Samples]:
    """Return each channel's audio; the chunks must leave no gap."""
    joined: list[list[Samples]] = [[np.zeros(0, np.int16)] for _ in range(channels)]
    at = [0] * channels
    for chunk in chunks:
        assert chunk.span.start == at[chunk.channel]
        at[chunk.channel] = chunk.span.end
        joined[chunk.channel].append(chunk.samples)
    return [np.concatenate(parts) for parts in joined]


def in_batch(
    chunks: Iterable[PcmChunk],
    ear: Engine | Remembering,
    policy: Policy,
    analyzer: Analyzer,
    audio_format: AudioFormat = FORMAT,
) -> tuple[list[Samples], list[Finding]]:
    call = Call(audio_format, policy, analyzer)
    audio = _joined(batch.run(call, chunks, ear))
    return audio, call.findings()


def assert_same(one: list[Samples], other: list[Samples]) -> None:
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# --- live and batch


def test_a_session_mutes_what_a_batch_mutes(
    clip: Clip, play: Callable[..., Played], engine: Engine, policy: Policy, analyzer: Analyzer
) -> None:
    live = play(clip.chunks(320))
    audio, findings = in_batch(clip.chunks(RATE), engine, policy, analyzer)
    assert {f.entity for f in findings} == {Entity.US_SSN}
    assert_same(live.audio, audio)
    assert live.findings == findings
    live.assert_numbers_silent(clip)
    live.assert_length(len(clip.audio))
    assert any(word.text == "[US_SSN]" for word in live.words)
    muted = [event for event in live.of(Muted) if isinstance(event, Muted)]
    assert sum(len(event.span) for event in muted) == sum(len(f.span) for f in findings)
    assert live.of(Progress)
    assert live.ears.metrics.fail_closed == {}


@dataclass(frozen=True)
class Reference:
    """What a batch makes of the same ears, and of any chunks."""

    ear: Remembering
    policy: Policy
    analyzer: SpokenAnalyzer

    def of(self, chunks: Iterable[PcmChunk]) -> tuple[list[Samples], list[Finding]]:
        return in_batch(chunks, self.ear, self.policy, self.analyzer)


@pytest.fixture
def reference(ear: Remembering, policy: Policy, analyzer: SpokenAnalyzer) -> Reference:
    return Reference(ear, policy, analyzer)


@pytest.mark.parametrize("size", [160, 320, RATE, 10**9, 1237])
def test_mutes_do_not_depend_on_the_chunks(
    clip: Clip, play: Callable[..., Played], reference: Reference, size: int
) -> None:
    audio, findings = reference.of(clip.chunks(RATE))
    live = play(clip.chunks(size))
    assert_same(live.audio, audio)
    assert live.findings == findings


def test_nor_where_every_sample_comes_alone(
    clip: Clip, play: Callable[..., Played], reference: Reference
) -> None:
    _, span = clip.numbers[0]
    short = Clip(clip.audio[span.start - RATE // 2 : span.start + RATE], ())
    audio, findings = reference.of(short.chunks(RATE))
    live = play(short.chunks(1))
    assert_same(live.audio, audio)
    assert live.findings == findings


@pytest.mark.parametrize("size", [1, 80, 160, 8_000, 10**9])
def test_nor_at_the_rate_of_a_telephone(
    ssn_call: Path, play: Callable[..., Played], reference: Reference, size: int
) -> None:
    tap = FileTap(ssn_call)
    # The question, and the first group of the number.
    audio = soundfile.read(ssn_call, dtype="int16")[0][:48_000]
    short = Clip(np.asarray(audio, np.int16), ())
    ear, policy, analyzer = reference.ear, reference.policy, reference.analyzer
    expected, findings = in_batch(short.chunks(1_237), ear, policy, analyzer, tap.format)
    assert findings
    live = play(short.chunks(size), audio_format=tap.format)
    assert_same(live.audio, expected)
    assert live.findings == findings


# --- ears that fail


def test_an_ear_that_raises_leaves_its_windows_muted(
    clip: Clip, play: Callable[..., Played]
) -> None:
    played = play(clip.chunks(320), by=RaisingEar())
    played.assert_length(len(clip.audio))
    played.assert_numbers_silent(clip)
    assert {f.entity for f in played.findings} == {Entity.UNHEARD}
    assert played.words == []
    assert set(played.ears.metrics.fail_closed) == {Reason.EAR_FAILED}
    assert played.ears.metrics.windows == 0


def test_an_ear_that_stalls_is_given_up_at_the_deadline(
    clip: Clip, play: Callable[..., Played]
) -> None:
    played = play(clip.chunks(320), by=StallingEar(), deadline=0.02)
    played.assert_length(len(clip.audio))
    played.assert_numbers_silent(clip)
    assert {f.entity for f in played.findings} == {Entity.UNHEARD}
    assert set(played.ears.metrics.fail_closed) == {Reason.LATE}


def test_windows_beyond_the_queue_of_the_ears_are_unheard_at_once(
    clip: Clip, policy: Policy, analyzer: Analyzer
) -> None:
    stalling = StallingEar()
    with Ears(stalling) as ears:
        window: NDArray[np.float32] = np.zeros(RATE, np.float32)
        others = [ears.hear(window)]
        stalling.entered.wait()
        while not others[-1].done():
            others.append(ears.hear(window))
        assert others[-1].result() is Reason.EARS_FULL

        async def session() -> list[Samples]:
            async with Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer) as made:
                for chunk in clip.chunks(320):
                    await made.feed(chunk, wait=True)
            return _joined(made.released())

        audio = asyncio.run(session())
        stalling.let_go.set()
    assert set(ears.metrics.fail_closed) == {Reason.EARS_FULL}
    assert ears.metrics.deepest(Queue.EARS) == 64
    Played(audio, [], [], [], ears).assert_numbers_silent(clip)
    assert {len(channel) for channel in audio} == {len(clip.audio)}
    # What was asked before is answered, though nobody was left to hear it.
    assert all(isinstance(other.result(), Reason) for other in others)


def test_one_window_that_breaks_the_ear_does_not_take_the_others_with_it(
    clip: Clip, ear: Remembering
) -> None:
    class Picky:
        def listen(self, windows: Sequence[NDArray[np.float32]]) -> list[Heard]:
            if any(not window.any() for window in windows):
                raise ValueError("four")
            return ear.listen(windows)

    speech = np.float32(1 / 32768) * clip.audio[: 2 * RATE, 0].astype(np.float32)
    silence: NDArray[np.float32] = np.zeros(2 * RATE, np.float32)
    with Ears(Picky()) as ears:
        silent = [ears.hear(silence) for _ in range(2)]
        heard = [ears.hear(speech) for _ in range(2)]
        answers = [answer.result() for answer in heard]
        assert [answer.result() for answer in silent] == [Reason.EAR_FAILED] * 2
    assert answers == ear.listen([speech]) * 2


def test_closed_ears_answer_at_once() -> None:
    ears = Ears(RaisingEar())
    ears.close()
    window: NDArray[np.float32] = np.zeros(RATE, np.float32)
    assert ears.hear(window).result() is Reason.EAR_FAILED


# --- a tap that is too fast, a stage that breaks


def test_what_the_backlog_cannot_hold_is_silence(clip: Clip, play: Callable[..., Played]) -> None:
    twice = Clip(np.concatenate([clip.audio, clip.audio]), clip.numbers)
    size = RATE // 50
    played = play(twice.chunks(size), wait=False)
    played.assert_length(len(twice.audio))
    limit = to_samples(BACKLOG_S, RATE)
    lost = [f for f in played.findings if f.source == "lost"]
    assert {f.channel for f in lost} == {0, 1}
    for channel in range(2):
        spans = [f.span for f in lost if f.channel == channel]
        assert spans[0].start >= limit
        for span in spans:
            assert not played.audio[channel][span.start : span.end].any()
    chunks_lost = sum(len(f.span) for f in lost) // size
    assert played.ears.metrics.fail_closed == {Reason.BACKLOG_FULL: chunks_lost}
    played.assert_numbers_silent(twice)


def test_a_stage_that_raises_turns_the_rest_into_silence(
    clip: Clip, play: Callable[..., Played], caplog: pytest.LogCaptureFixture
) -> None:
    # Without the question nothing is asked for, and the numbers go to the recognizers.
    answer = Clip(clip.audio[clip.numbers[0][1].start - RATE // 2 :], ())
    played = play(answer.chunks(320), judge=FailingAnalyzer())
    played.assert_length(len(answer.audio))
    (reason,) = [event.reason for event in played.events if isinstance(event, Failed)]
    assert reason is Reason.STAGE_FAILED
    assert played.ears.metrics.fail_closed == {Reason.STAGE_FAILED: 1}
    unheard = played.unheard()
    assert sorted((f.channel, f.span.end) for f in unheard) == [
        (0, len(answer.audio)),
        (1, len(answer.audio)),
    ]
    for finding in unheard:
        assert not played.audio[finding.channel][finding.span.start :].any()
    assert min(f.span.start for f in unheard) <= RATE // 2
    assert "stage_failed" in caplog.text
    assert "HushtapError" in caplog.text


# --- sinks


@dataclass
class Full:
    """A sink that has room for so many samples, and notes what it is asked."""

    room: int
    error: Exception
    asked: list[str] = field(default_factory=list)
    taken: int = 0

    def append(self, chunk: RedactedChunk) -> None:
        self.asked.append("append")
        if self.taken + len(chunk.span) > self.room:
            raise self.error
        self.taken += len(chunk.span)

    def add_words(self, words: Iterable[TranscriptWord]) -> None:
        self.asked.append(f"words {len(list(words)) > 0}")

    def add_findings(self, findings: Iterable[Finding]) -> None:
        self.asked.append(f"findings {len(list(findings)) > 0}")

    def close(self) -> None:
        self.asked.append("close")

    def abort(self) -> None:
        self.asked.append("abort")


@pytest.mark.parametrize("error", [VaultError("no room"), RuntimeError("four one")], ids=type)
def test_a_sink_that_fails_stays_failed_and_says_so(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer, error: Exception
) -> None:
    sink = Full(room=2 * RATE, error=error)

    async def session(ears: Ears) -> Session:
        made = Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer, sink=sink)
        async with made:
            for chunk in clip.chunks(320):
                await made.feed(chunk, wait=True)
        return made

    with Ears(ear) as ears, pytest.raises(HushtapError) as raised:
        asyncio.run(session(ears))
    assert "four" not in str(raised.value)
    assert sink.asked[-2:] == ["append", "abort"]
    assert sink.asked.count("abort") == 1
    assert ears.metrics.fail_closed[Reason.SINK_FAILED] == 1


def test_a_display_that_fails_does_not_end_the_call(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer
) -> None:
    def show(event: Event) -> None:
        raise ValueError(str(event))

    async def session(ears: Ears) -> list[Samples]:
        made = Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer, on_event=show)
        async with made:
            for chunk in clip.chunks(320):
                await made.feed(chunk, wait=True)
        return _joined(made.released())

    with Ears(ear) as ears:
        audio = asyncio.run(session(ears))
    assert_same(audio, in_batch(clip.chunks(320), ear, policy, analyzer)[0])


def test_samples_must_follow_and_a_closed_session_takes_none(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer
) -> None:
    first, second, third = list(clip.chunks(320))[:3]

    async def session(ears: Ears) -> None:
        made = Session(FORMAT, ears=ears, policy=policy, analyzer=analyzer)
        with pytest.raises(ValueError, match="not open"):
            await made.close()
        async with made:
            await made.feed(first)
            await made.feed(second)
            with pytest.raises(ValueError, match="expected sample 320"):
                await made.feed(first)
        with pytest.raises(ValueError, match="closed"):
            await made.feed(third)

    with Ears(ear) as ears:
        asyncio.run(session(ears))


def test_a_shorter_channel_ends_in_silence(clip: Clip, play: Callable[..., Played]) -> None:
    chunks = [c for c in clip.chunks(320) if c.channel == 0 or c.span.end <= RATE]
    played = play(chunks)
    played.assert_length(len(clip.audio))
    assert not played.audio[1][RATE:].any()


# --- from a tap into a vault


@dataclass
class ClipTap:
    """A clip as a tap that fails, or waits, after so many samples."""

    clip: Clip
    fail_at: int | None = None
    hang_at: int | None = None
    hung: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    format: AudioFormat = FORMAT
    label: str = "line 555"

    def __iter__(self) -> Iterator[PcmChunk]:
        for chunk in self.clip.chunks(320):
            if self.fail_at is not None and chunk.span.start >= self.fail_at:
                raise TapError("the line: cannot be read on")
            if self.hang_at is not None and chunk.span.start >= self.hang_at:
                self.hung.set()
                self.go_on.wait()
            yield chunk


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "vault")


def test_a_call_goes_from_a_file_into_the_vault(
    clip: Clip, reference: Reference, engine: Engine, tmp_path: Path
) -> None:
    policy, analyzer = reference.policy, reference.analyzer
    vault = Vault.create(tmp_path / "vault")
    path = tmp_path / "call.wav"
    soundfile.write(path, clip.audio, RATE, subtype="PCM_16")
    with Ears(engine) as ears:
        result = asyncio.run(
            record_live(FileTap(path), vault, policy, ears=ears, analyzer=analyzer, pace=Pace.FAST)
        )
    audio, findings = in_batch(clip.chunks(RATE), engine, policy, analyzer)
    opened = vault.read(result.recording_id)
    assert opened.info.state is State.CLOSED
    assert_same(list(opened.samples.T), audio)
    assert list(result.findings) == findings
    assert sorted(opened.findings, key=lambda f: f.span) == sorted(findings, key=lambda f: f.span)
    assert any(word.text == "[US_SSN]" for word in opened.words)
    assert result.samples == len(clip.audio)
    assert sum(delays.count for delays in ears.metrics.release_delay.values()) > 0


def test_a_tap_that_fails_leaves_an_interrupted_recording(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer, vault: Vault
) -> None:
    tap = ClipTap(clip, fail_at=6 * RATE)
    with Ears(ear) as ears, pytest.raises(TapError, match="cannot be read on"):
        asyncio.run(record_live(tap, vault, policy, ears=ears, analyzer=analyzer, pace=Pace.FAST))
    (info,) = vault.list()
    assert info.state is State.INTERRUPTED
    assert info.source == "line ###"
    opened = vault.read(info.id)
    assert len(opened.samples) == 6 * RATE
    Played(list(opened.samples.T), [], [], [], ears).assert_numbers_silent(clip)


@pytest.mark.parametrize("cancel", [False, True], ids=["stopped", "cancelled"])
def test_a_call_that_is_ended_from_outside_is_closed(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer, vault: Vault, *, cancel: bool
) -> None:
    tap = ClipTap(clip, hang_at=6 * RATE)

    async def call(ears: Ears) -> None:
        stop = asyncio.Event()
        recording = asyncio.create_task(
            record_live(tap, vault, policy, ears=ears, analyzer=analyzer, pace=Pace.FAST, stop=stop)
        )
        await asyncio.to_thread(tap.hung.wait)
        if cancel:
            recording.cancel()
            with pytest.raises(asyncio.CancelledError):
                await recording
        else:
            stop.set()
            assert (await recording).samples == 6 * RATE

    try:
        with Ears(ear) as ears:
            asyncio.run(call(ears))
    finally:
        tap.go_on.set()
    (info,) = vault.list()
    assert info.state is State.CLOSED
    opened = vault.read(info.id)
    assert len(opened.samples) == 6 * RATE
    played = Played(list(opened.samples.T), list(opened.findings), [], [], ears)
    played.assert_numbers_silent(clip)
    assert (Reason.CANCELLED in ears.metrics.fail_closed) is cancel
    if cancel:
        assert {f.source for f in played.unheard()} == {"cancelled"}
    else:
        whole, _ = in_batch(clip.chunks(320, until=6 * RATE), ear, policy, analyzer)
        assert_same(played.audio, whole)
