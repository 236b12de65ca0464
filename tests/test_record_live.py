"""From a tap into a vault, and what is left when the tap fails or somebody ends it."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import soundfile

from hushtap import models
from hushtap.errors import ConsentError, TapError
from hushtap.observe import Reason
from hushtap.session import Ears, Pace, record_live
from hushtap.taps.file import FileTap
from hushtap.values import AudioFormat, PcmChunk
from hushtap.vault.recordings import CallDetails, Consent, Query, State, Vault
from live_calls import FORMAT, RATE, Clip, Played, Reference, Remembering, assert_same, in_batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.ears.engine import Engine
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy

pytest_plugins = ["live_fixtures"]


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
    assert opened.models == engine.identity == models.identity("tiny.en")
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


def test_a_caller_who_refuses_in_the_midst_of_it_is_not_recorded(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer, vault: Vault
) -> None:
    tap = ClipTap(clip, hang_at=6 * RATE)

    async def call(ears: Ears) -> None:
        recording = asyncio.create_task(
            record_live(
                *(tap, vault, policy),
                ears=ears,
                analyzer=analyzer,
                pace=Pace.FAST,
                call=CallDetails(call_id="id-7", consent=Consent.ASKED),
            )
        )
        await asyncio.to_thread(tap.hung.wait)
        [info] = vault.search(Query(call_id="id-7"))
        assert info.state is State.OPEN
        vault.life.consent(info.id, Consent.REFUSED)
        tap.go_on.set()
        with pytest.raises(ConsentError, match="does not want to be recorded"):
            await recording

    try:
        with Ears(ear) as ears:
            asyncio.run(call(ears))
    finally:
        tap.go_on.set()
    assert [info.state for info in vault.list()] == [State.DISPOSED]
    assert [*(vault.path / "recordings").iterdir()] == []
    assert vault.life.report().ok


HANG = 13 * RATE // 2
"""Inside the second number: what is held then is never cleared."""


@pytest.mark.parametrize("cancel", [False, True], ids=["stopped", "cancelled"])
def test_a_call_that_is_ended_from_outside_is_closed(
    clip: Clip, ear: Remembering, policy: Policy, analyzer: Analyzer, vault: Vault, *, cancel: bool
) -> None:
    tap = ClipTap(clip, hang_at=HANG)

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
            assert (await recording).samples == HANG

    try:
        with Ears(ear) as ears:
            asyncio.run(call(ears))
    finally:
        tap.go_on.set()
    (info,) = vault.list()
    assert info.state is State.CLOSED
    opened = vault.read(info.id)
    assert len(opened.samples) == HANG
    played = Played(list(opened.samples.T), list(opened.findings), [], [], ears)
    played.assert_numbers_silent(clip)
    assert (Reason.CANCELLED in ears.metrics.fail_closed) is cancel
    if cancel:
        assert {f.source for f in played.unheard()} == {"cancelled"}
    else:
        whole, _ = in_batch(clip.chunks(320, until=HANG), ear, policy, analyzer)
        assert_same(played.audio, whole)
