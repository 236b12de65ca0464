from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import VaultError
from hushtap.timeline import Span
from hushtap.values import AudioFormat, PcmChunk, TranscriptWord
from hushtap.vault.recordings import Recording, State, Vault
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call, chunk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def recording(vault: Vault) -> Recording:
    return vault.record(PHONE_LINE, source="line", policy="abc")


def test_raw_audio_is_refused_at_run_time(vault: Vault, recording: Recording) -> None:
    raw = PcmChunk(0, Span(0, 10), call(10)[:, 0])
    with pytest.raises(TypeError, match="RedactedChunk only, not PcmChunk"):
        recording.append(raw)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        recording.append(raw.samples)  # type: ignore[arg-type]
    append_all(recording, call(10))
    recording.close()
    assert np.array_equal(vault.read(recording.id).samples, call(10))


def test_raw_audio_is_refused_by_the_type_checker(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        dedent("""
        from hushtap.values import PcmChunk, RedactedChunk
        from hushtap.vault.writer import Recording

        def control(recording: Recording, chunk: RedactedChunk) -> None:
            recording.append(chunk)

        def refused(recording: Recording, chunk: PcmChunk) -> None:
            recording.append(chunk)
        """)
    )
    config = tmp_path / "mypy.ini"
    # What the vault stands on is not under test and takes long to read.
    config.write_text(
        "[mypy]\nstrict = True\n"
        "[mypy-sqlalchemy.*,cryptography.*,numpy.*]\nfollow_imports = skip\n"
        "[mypy-hushtap.*]\nfollow_imports = silent\n"
    )
    options = ["--config-file", str(config), "--cache-dir", str(tmp_path), "--no-error-summary"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "snippet.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 1, checked.stdout + checked.stderr
    assert errors[0].startswith("snippet.py:9: error:")
    assert errors[0].endswith("[arg-type]")


def test_a_gap_a_repeat_and_a_strange_channel_are_refused_and_harm_nothing(
    vault: Vault, recording: Recording
) -> None:
    audio = call(100)
    recording.append(chunk(audio, 0, 0, 40))
    for wrong in (chunk(audio, 0, 50, 60), chunk(audio, 0, 30, 40), chunk(audio, 1, 1, 2)):
        with pytest.raises(VaultError, match="stands at sample"):
            recording.append(wrong)
    mono = vault.record(AudioFormat(8000, 1), source="line", policy="abc")
    with pytest.raises(VaultError, match="no channel 1"):
        mono.append(chunk(audio, 1, 0, 10))
    mono.close()
    recording.append(chunk(audio, 0, 40, 100))
    recording.append(chunk(audio, 1, 0, 100))
    recording.close()
    assert np.array_equal(vault.read(recording.id).samples, audio)


def test_a_channel_held_back_for_long_costs_no_memory_and_loses_nothing(
    vault: Vault, recording: Recording
) -> None:
    audio = call(8000 * 30)
    for start in range(0, len(audio), 1600):
        recording.append(chunk(audio, 0, start, start + 1600))
        assert sum(map(len, recording._audio)) <= 2 * 4000
    opened = vault.read(recording.id)
    assert opened.samples.shape == (0, 2)
    assert opened.channel_samples == (len(audio), 0)
    recording.append(chunk(audio, 1, 0, len(audio)))
    recording.close()
    assert np.array_equal(vault.read(recording.id).samples, audio)


def test_closing_unequal_channels_is_refused_and_keeps_what_both_have(
    vault: Vault, recording: Recording
) -> None:
    audio = call(9000)
    recording.append(chunk(audio, 0, 0, 9000))
    recording.append(chunk(audio, 1, 0, 7000))
    with pytest.raises(VaultError, match="end at samples 9000 and 7000"):
        recording.close()
    opened = vault.read(recording.id)
    assert opened.info.state is vault.info(recording.id).state is State.INTERRUPTED
    assert opened.channel_samples == (9000, 7000)
    assert np.array_equal(opened.samples, audio[:7000])


def test_an_exception_in_the_block_interrupts(vault: Vault) -> None:
    audio = call(5000)
    recording = vault.record(PHONE_LINE, source="line", policy="abc")

    def stopped() -> None:
        with recording:
            append_all(recording, audio)
            recording.add_findings(FINDINGS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stopped()
    opened = vault.read(recording.id)
    assert vault.info(recording.id).state is State.INTERRUPTED
    assert not opened.complete
    assert np.array_equal(opened.samples, audio)
    assert opened.findings == FINDINGS
    assert vault.info(recording.id).findings == {"CREDIT_CARD": 1, "UNHEARD": 1}


def test_after_its_end_a_recording_takes_nothing(vault: Vault, recording: Recording) -> None:
    recording.close()
    recording.close()
    recording.abort()
    refusals: list[Callable[[], None]] = [
        lambda: append_all(recording, call(10)),
        lambda: recording.add_words(WORDS),
        lambda: recording.add_findings(FINDINGS),
    ]
    for refused in refusals:
        with pytest.raises(VaultError, match="has ended: closed"):
            refused()
    assert vault.info(recording.id).state is State.CLOSED
    aborted = vault.record(PHONE_LINE, source="line", policy="abc")
    aborted.abort()
    aborted.abort()
    with pytest.raises(VaultError, match="has ended: interrupted"):
        aborted.close()
    assert vault.info(aborted.id).state is State.INTERRUPTED


def test_words_and_findings_are_sealed_with_the_audio_they_came_with(
    vault: Vault, recording: Recording
) -> None:
    recording.add_words(WORDS)
    recording.add_findings(FINDINGS)
    append_all(recording, call(4200))
    opened = vault.read(recording.id)
    assert opened.info.state is State.OPEN
    assert (opened.words, opened.findings) == (WORDS, FINDINGS)
    recording.close()


def test_many_notes_without_audio_do_not_pile_up(vault: Vault, recording: Recording) -> None:
    words = [TranscriptWord(n % 2, Span(n, n + 1), f"w{n}") for n in range(2600)]
    recording.add_words(words[:1700])
    recording.add_words(words[1700:])
    assert len(recording._words) < 500
    recording.close()
    assert vault.read(recording.id).words == tuple(words)


def test_numbers_of_numpy_are_taken_as_numbers(vault: Vault, recording: Recording) -> None:
    span = Span(int(np.int64(3)), int(np.int64(9)))
    recording.add_words([TranscriptWord(0, Span(np.int64(3), np.int64(9)), "word")])  # type: ignore[arg-type]
    recording.close()
    assert vault.read(recording.id).words == (TranscriptWord(0, span, "word"),)


def test_a_repr_shows_no_sound_or_words(recording: Recording) -> None:
    recording.add_words(WORDS)
    assert "marmalade" not in repr(recording) + str(vars(recording)["_words"])
    recording.close()
