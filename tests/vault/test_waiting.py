"""What is to be muted under a legal hold: silent in all that goes out, muted at its release."""

from __future__ import annotations

import json
import wave
from typing import TYPE_CHECKING

import numpy as np
import pytest
from typer.testing import CliRunner

from hushtap.cli import app
from hushtap.errors import HeldError
from hushtap.timeline import Span
from hushtap.values import Entity, Finding, TranscriptWord
from hushtap.vault.recordings import Vault
from vault.audit.logs import entries_of
from vault.calls import PHONE_LINE, append_all, call

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LENGTH = 20_000
SPAN = Span(4000, 12_000)
FINDING = Finding(Entity.CVV, SPAN, 1, 1.0, "review")
WORDS = (TranscriptWord(1, Span(1, 9), "toast"), TranscriptWord(1, Span(5000, 6000), "nine"))
MASKED = (WORDS[0], TranscriptWord(1, Span(5000, 6000), "[CVV]"))


@pytest.fixture
def held(vault: Vault) -> tuple[Vault, str]:
    """A vault with one recording under a hold, of which a span was to be muted."""
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        recording.add_words(WORDS)
        append_all(recording, call(LENGTH), 4000)
    vault.life.hold(recording.id, "case-1")
    for _ in range(2):
        with pytest.raises(HeldError):
            vault.mute(recording.id, 1, SPAN, Entity.CVV)
    return vault, recording.id


def silent() -> NDArray[np.int16]:
    audio = call(LENGTH)
    audio[SPAN.start : SPAN.end, 1] = 0
    return audio


def file_of(vault: Vault, recording: str) -> bytes:
    return (vault.path / "recordings" / f"{recording}.hush").read_bytes()


def samples_of(wav: Path) -> NDArray[np.int16]:
    with wave.open(str(wav)) as file:
        return np.frombuffer(file.readframes(LENGTH), "<i2").reshape(-1, 2)


def test_it_waits_and_the_file_stays_as_it_is(held: tuple[Vault, str]) -> None:
    vault, recording = held
    before = file_of(vault, recording)
    assert Vault.open(vault.path).waiting_mutes(recording) == (FINDING,)
    with pytest.raises(HeldError):
        vault.mute_waiting(recording)
    assert vault.waiting_mutes(recording) == (FINDING,)
    assert file_of(vault, recording) == before
    assert [result.ok for result in vault.verify()] == [True]


def test_it_is_silent_in_whatever_goes_out(held: tuple[Vault, str], tmp_path: Path) -> None:
    vault, recording = held
    opened = vault.read(recording)
    assert np.array_equal(opened.samples, silent())
    assert opened.words == MASKED
    playback = vault.playback(recording)
    assert playback.words == MASKED
    for start, end in ((0, LENGTH), (3999, 4001), (5000, 6000), (11_999, 12_001), (0, 10)):
        assert np.array_equal(playback.read(start, end), silent()[start:end])
    [waiting] = vault.waiting_mutes(recording)
    shown = playback.peaks(100)[waiting.channel]
    middle = (waiting.span.start + waiting.span.end) // 2
    assert not shown[middle * len(shown) // LENGTH]
    assert shown.any()
    vault.export(recording, tmp_path / "call.wav")
    assert np.array_equal(samples_of(tmp_path / "call.wav"), silent())


def test_with_the_last_hold_it_is_muted_for_good(held: tuple[Vault, str]) -> None:
    vault, recording = held
    vault.life.hold(recording, "case-2")
    run = CliRunner()
    words = ["vault", "hold", recording, "--release", "--vault", str(vault.path), "--reason"]
    first = run.invoke(app, [*words, "case-1"])
    assert first.output.splitlines() == [
        f"{recording}  held for case-2",
        f"{recording}  1 flagged spans wait to be muted",
    ]
    before = file_of(vault, recording)
    last = run.invoke(app, [*words, "case-2"])
    assert (last.exit_code, last.output.splitlines()) == (
        0,
        [
            f"{recording}  not held",
            f"{recording}  1 flagged spans wait to be muted",
            f"{recording}  1 muted for good",
        ],
    )
    assert vault.waiting_mutes(recording) == ()
    assert file_of(vault, recording) != before
    again = Vault.open(vault.path)
    opened = again.read(recording)
    assert not opened.samples[SPAN.start + 40 : SPAN.end - 40, 1].any()
    assert opened.findings == (FINDING,)
    assert [result.ok for result in again.verify()] == [True]
    mutes = [
        (one["outcome"], one.get("reason"))
        for one in map(json.loads, entries_of(vault.path))
        if one["activity"] == "mute"
    ]
    assert mutes == [("failure", "HeldError")] * 2 + [("begun", None), ("success", None)]


def test_without_the_private_key_it_waits_on_and_is_done_with_it(
    held: tuple[Vault, str], tmp_path: Path
) -> None:
    vault, recording = held
    elsewhere = tmp_path / "private.key"
    (vault.path / "keys" / "private.key").rename(elsewhere)
    run = CliRunner()
    words = ["vault", "hold", recording, "--release", "--vault", str(vault.path)]
    failed = run.invoke(app, words)
    assert failed.exit_code != 0
    again = Vault.open(vault.path)
    assert again.life.holds.of(recording) == ()
    assert again.waiting_mutes(recording) == (FINDING,)
    done = run.invoke(app, [*words, "--key", str(elsewhere)])
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, f"{recording}  1 muted for good")


def test_the_command_says_what_is_silent_in_an_export(
    held: tuple[Vault, str], tmp_path: Path
) -> None:
    vault, recording = held
    wav = tmp_path / "call.wav"
    words = ["vault", "export", recording, str(wav), "--vault", str(vault.path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0
    assert "1 flagged spans, which a legal hold keeps, are silent in it" in done.stderr
    assert np.array_equal(samples_of(wav), silent())


def test_a_disposal_forgets_it(held: tuple[Vault, str]) -> None:
    vault, recording = held
    vault.life.release(recording)
    vault.life.dispose(recording)
    assert vault.waiting_mutes(recording) == ()
