from __future__ import annotations

import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from hushtap.errors import VaultError, VerificationError
from hushtap.timeline import Span
from hushtap.values import AudioFormat, RedactedChunk
from hushtap.vault.keys import generate_keypair
from hushtap.vault.recordings import Recording, State, Vault
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call, chunk

if TYPE_CHECKING:
    from pathlib import Path


def record(vault: Vault, samples: int = 9000, seed: int = 1) -> str:
    """Record and close a short call; return its id."""
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(samples, seed=seed))
        recording.add_words(WORDS)
        recording.add_findings(FINDINGS)
    return recording.id


def files_of(vault: Vault) -> list[Path]:
    return [path for path in vault.path.rglob("*") if path.is_file()]


def file_of(vault: Vault, recording_id: str) -> Path:
    return vault.path / "recordings" / f"{recording_id}.hush"


@pytest.mark.parametrize("rate", [8000, 11025, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_recorded_is_read(vault: Vault, rate: int, channels: int) -> None:
    audio = call(rate + 7, channels)
    with vault.record(
        AudioFormat(rate, channels), source="a line", policy="abc", models="tiny 00ff"
    ) as recording:
        append_all(recording, audio, step=rate // 50)
        recording.add_words(WORDS[:channels])
        recording.add_findings(FINDINGS)
    opened = Vault.open(vault.path).read(recording.id)
    assert opened.complete
    assert np.array_equal(opened.samples, audio)
    assert opened.words == WORDS[:channels]
    assert opened.findings == FINDINGS
    assert opened.info == vault.info(recording.id)
    assert opened.info.findings == {"CREDIT_CARD": 1, "UNHEARD": 1}
    assert (opened.info.source, opened.info.policy) == ("a line", "abc")
    assert (opened.models, opened.software) == ("tiny 00ff", version("hushtap"))
    assert opened.audio_format == AudioFormat(rate, channels)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    """One vault for all examples of a property."""
    return Vault.create(tmp_path_factory.mktemp("lasting") / "vault")


@settings(max_examples=25, deadline=None)
@given(
    lengths=st.tuples(*[st.integers(0, 13_000)] * 2),
    steps=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 9_000)), max_size=30),
)
def test_any_chunking_and_interleaving_gives_the_same_recording(
    lasting: Vault, lengths: tuple[int, int], steps: list[tuple[int, int]]
) -> None:
    audio = call(max(lengths))
    at = [0, 0]
    recording = lasting.record(PHONE_LINE, source="line", policy="abc")
    for channel, step in [*steps, (1, 13_000), (0, 13_000)]:
        end = min(at[channel] + step, lengths[channel])
        recording.append(chunk(audio, channel, at[channel], end))
        at[channel] = end
    recording.abort()
    opened = lasting.read(recording.id)
    assert opened.channel_samples == lengths
    assert np.array_equal(opened.samples, audio[: min(lengths)])
    assert opened.info.state is State.INTERRUPTED


def test_samples_are_copied_when_they_are_taken(vault: Vault) -> None:
    audio = call(100)
    buffer = audio.copy()
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, buffer)
        buffer[:] = 0
    assert np.array_equal(vault.read(recording.id).samples, audio)


def test_ids_sort_by_time_and_times_are_utc(vault: Vault) -> None:
    east = datetime(2026, 11, 22, 7, 45, tzinfo=timezone(timedelta(hours=2)))
    for minutes in (1, 0):
        started = east + timedelta(minutes=minutes)
        vault.record(PHONE_LINE, source="line", policy="abc", started=started).close()
    first, second = vault.list()
    assert first.id.startswith("20261122T054500Z-")
    assert second.id.startswith("20261122T054600Z-")
    assert first.started == east
    assert first.started.tzinfo is UTC
    assert vault.info("20261122T0546") == second
    assert vault.read("20261122T0546").info.started == second.started


def test_a_call_without_audio_is_closed_and_empty(vault: Vault) -> None:
    recording_id = record(vault, 0)
    opened = vault.read(recording_id)
    assert opened.complete
    assert opened.samples.shape == (0, 2)


def test_create_twice_is_open(vault: Vault) -> None:
    recording_id = record(vault)
    keys = (vault.path / "keys" / "private.key").read_bytes()
    again = Vault.create(vault.path)
    assert [info.id for info in again.list()] == [recording_id]
    assert (vault.path / "keys" / "private.key").read_bytes() == keys


def test_only_its_owner_may_enter_a_vault(vault: Vault) -> None:
    record(vault)
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o700


def test_open_is_told_from_closed_and_interrupted(vault: Vault) -> None:
    other = Vault.open(vault.path)
    audio = call(10_000)
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, audio)
    assert [info.state for info in other.list()] == [State.OPEN]
    opened = other.read(recording.id)
    assert opened.info.state is State.OPEN
    assert not opened.complete
    assert 10_000 - 4_000 < len(opened.samples) <= 10_000
    assert np.array_equal(opened.samples, audio[: len(opened.samples)])
    recording.close()
    assert [info.state for info in other.list()] == [State.CLOSED]
    assert other.read(recording.id).complete


def test_a_writer_that_went_away_is_found_by_the_next_to_look(vault: Vault) -> None:
    audio = call(10_000)
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, audio)
    recording._segments.close()
    (info,) = Vault.open(vault.path).list()
    assert info.state is State.INTERRUPTED
    opened = vault.read(info.id)
    assert opened.info.state is State.INTERRUPTED
    assert len(opened.samples) == info.samples > 10_000 - 4_000
    assert np.array_equal(opened.samples, audio[: info.samples])


def test_a_writer_that_died_after_the_end_left_a_closed_recording(vault: Vault) -> None:
    catalog = vault.path / "catalog.db"
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    before = catalog.read_bytes()
    append_all(recording, call(500))
    recording.close()
    catalog.write_bytes(before)
    (info,) = Vault.open(vault.path).list()
    assert (info.state, info.samples) == (State.CLOSED, 500)
    assert vault.read(info.id).complete


def test_the_wrong_private_key_is_named(vault: Vault, tmp_path: Path) -> None:
    recording_id = record(vault)
    (tmp_path / "other").mkdir()
    generate_keypair(tmp_path / "other")
    other = tmp_path / "other" / "private.key"
    with pytest.raises(VaultError, match="was sealed to key"):
        Vault.open(vault.path, private_key=other).read(recording_id)
    (result,) = Vault.open(vault.path, private_key=other).verify()
    assert not result.ok


def test_with_the_recorders_files_alone_nothing_opens(vault: Vault, tmp_path: Path) -> None:
    away = tmp_path / "safe" / "private.key"
    away.parent.mkdir()
    (vault.path / "keys" / "private.key").rename(away)
    recorder = Vault.create(vault.path)
    recording_id = record(recorder)
    assert recorder.info(recording_id).state is State.CLOSED
    for refused in (
        lambda: recorder.read(recording_id),
        recorder.verify,
        lambda: recorder.export(recording_id, tmp_path / "call.wav"),
    ):
        with pytest.raises(VaultError, match="no key here"):
            refused()
    assert not (tmp_path / "call.wav").exists()
    assert not (vault.path / "keys" / "private.key").exists()
    assert Vault.open(vault.path, private_key=away).read(recording_id).complete


def test_a_passphrase_opens_the_vault_it_protects(tmp_path: Path) -> None:
    phrase = "tea and toast"
    recording_id = record(Vault.create(tmp_path / "vault", passphrase=phrase), 100)
    assert Vault.open(tmp_path / "vault", passphrase=phrase).read(recording_id).complete
    with pytest.raises(VaultError, match="passphrase"):
        Vault.open(tmp_path / "vault").read(recording_id)


def test_a_public_key_that_went_missing_is_not_silently_replaced(vault: Vault) -> None:
    (vault.path / "keys" / "recipient.pub").unlink()
    with pytest.raises(VaultError, match="put the vault's public key back"):
        Vault.create(vault.path)
    with pytest.raises(VaultError, match="put the vault's public key back"):
        Vault.open(vault.path)


def test_no_clear_audio_or_word_is_in_any_file_of_the_vault(vault: Vault) -> None:
    audio = call(24_000)
    canaries = [
        audio[8_000:8_016, 0].tobytes(),
        audio[8_000:8_016, 0].byteswap().tobytes(),
        audio[8_000:8_008].tobytes(),
        b"marmalade",
    ]

    def found() -> int:
        return sum(canary in path.read_bytes() for path in files_of(vault) for canary in canaries)

    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, audio)
        recording.add_words(WORDS)
        assert found() == 0
    assert found() == 0
    opened = vault.read(recording.id)
    assert found() == 0
    # The control: the same search finds each of them in clear files.
    assert opened.words == WORDS
    (vault.path / "mono.raw").write_bytes(audio[:, 0].tobytes() + b"marmalade")
    (vault.path / "swapped.raw").write_bytes(audio[:, 0].byteswap().tobytes())
    vault.export(recording.id, vault.path.parent / "call.wav")
    shutil.copy(vault.path.parent / "call.wav", vault.path / "call.wav")
    assert found() == len(canaries)


def test_export_is_the_redacted_audio_as_wav(vault: Vault, tmp_path: Path) -> None:
    recording_id = record(vault)
    wav = tmp_path / "call.wav"
    vault.export(recording_id, wav)
    samples, rate = soundfile.read(wav, dtype="int16")
    assert rate == 8000
    assert soundfile.info(wav).subtype == "PCM_16"
    assert np.array_equal(samples, call(9000))
    with pytest.raises(VaultError, match="already there"):
        vault.export(recording_id, wav)
    wav.write_bytes(b"old")
    with pytest.raises(VaultError, match="already there"):
        vault.export(recording_id, wav)
    assert wav.read_bytes() == b"old"
    vault.export(recording_id, wav, force=True)
    assert soundfile.info(wav).frames == 9000
    assert [*tmp_path.glob(".*")] == []


def test_export_to_nowhere_is_one_clear_line(vault: Vault, tmp_path: Path) -> None:
    recording_id = record(vault, 100)
    with pytest.raises(VaultError, match=r"call\.wav: cannot be written \(No such file"):
        vault.export(recording_id, tmp_path / "absent" / "call.wav")


def test_swapped_files_and_keys_are_found(vault: Vault, tmp_path: Path) -> None:
    first, second = record(vault, seed=1), record(vault, seed=2)
    assert [result.ok for result in vault.verify()] == [True, True]
    a, b, aside = file_of(vault, first), file_of(vault, second), tmp_path / "aside"
    a.rename(aside)
    b.rename(a)
    aside.rename(b)
    for recording_id in (first, second):
        with pytest.raises(VerificationError, match="another recording"):
            vault.read(recording_id)
    results = vault.verify()
    assert [result.ok for result in results] == [False, False]
    # The same with headers rewritten to match: only the keys can tell.
    for path, recording_id in ((a, first), (b, second)):
        data = bytearray(path.read_bytes())
        data[13:38] = recording_id.encode()
        path.write_bytes(data)
        with pytest.raises(VerificationError, match="segment 0 was changed"):
            vault.read(recording_id)


def test_swapped_wrapped_keys_are_found(vault: Vault) -> None:
    ids = record(vault, 100), record(vault, 100)
    with closing(sqlite3.connect(vault.path / "catalog.db")) as connection, connection:
        keys = dict(connection.execute("SELECT recording_id, wrapped FROM wrapped_keys"))
        for recording_id, other in (ids, ids[::-1]):
            connection.execute(
                "UPDATE wrapped_keys SET wrapped = ? WHERE recording_id = ?",
                (keys[other], recording_id),
            )
    for recording_id in ids:
        with pytest.raises(VerificationError, match="wrapped key does not open"):
            vault.read(recording_id)


def test_a_cut_behind_the_catalogs_back_is_found(vault: Vault) -> None:
    closed = record(vault)
    stopped = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(stopped, call(9000))
    stopped.abort()
    for recording_id in (closed, stopped.id):
        assert vault.verify(recording_id)[0].ok
        path = file_of(vault, recording_id)
        path.write_bytes(path.read_bytes()[:20_000])
        with pytest.raises(VerificationError):
            vault.read(recording_id)
        (result,) = vault.verify(recording_id)
        assert str(path) in (result.problem or "")


def test_missing_and_stray_files_are_reported(vault: Vault) -> None:
    lost, kept = record(vault), record(vault)
    stray = file_of(vault, kept.replace("Z-", "Z-f")[:25])
    shutil.copy(file_of(vault, kept), stray)
    file_of(vault, lost).unlink()
    with pytest.raises(VaultError, match="cannot be read"):
        vault.read(lost)
    results = {result.recording_id: result.problem for result in vault.verify()}
    assert results.pop(kept) is None
    assert "cannot be read" in (results.pop(lost) or "")
    assert "not in the catalog" in (results.pop(stray.stem) or "")
    assert results == {}


def test_a_missing_file_of_a_dead_writer_is_interrupted_and_empty(vault: Vault) -> None:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    recording._segments.close()
    file_of(vault, recording.id).unlink()
    (info,) = vault.list()
    assert (info.state, info.samples) == (State.INTERRUPTED, 0)


def test_what_is_not_a_vault_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no vault here"):
        Vault.open(tmp_path)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(VaultError, match="cannot be made here"):
        Vault.create(file)


def test_a_path_the_system_refuses_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="cannot be looked at"):
        Vault.open(tmp_path / ("long" * 100))
    with pytest.raises(VaultError, match="cannot be made here"):
        Vault.create(tmp_path / ("long" * 100))


def test_a_recording_that_cannot_begin_leaves_nothing(vault: Vault) -> None:
    catalog = vault.path / "catalog.db"
    catalog.write_bytes(b"not a database, not at all" * 1000)
    with pytest.raises(VaultError, match="the catalog cannot be used"):
        vault.record(PHONE_LINE, source="line", policy="abc")
    assert [*(vault.path / "recordings").iterdir()] == []
    (vault.path / "recordings").rmdir()
    with pytest.raises(VaultError, match=r"\.hush: cannot be written \(No such file"):
        vault.record(PHONE_LINE, source="line", policy="abc")


def test_many_recordings_at_once_do_not_mix(vault: Vault) -> None:
    calls = [call(9000, seed=seed) for seed in range(5)]
    recordings: list[Recording] = [
        vault.record(PHONE_LINE, source=f"line {n}", policy="abc") for n in range(5)
    ]
    for start in range(0, 9000, 1000):
        for audio, recording in zip(calls, recordings, strict=True):
            for channel in range(2):
                recording.append(chunk(audio, channel, start, start + 1000))
    for audio, recording in zip(calls, recordings, strict=True):
        recording.close()
        assert np.array_equal(vault.read(recording.id).samples, audio)


def test_export_never_overwrites_the_vault_itself(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "vault")
    with vault.record(AudioFormat(8000, 1), source="call", policy="p") as recording:
        recording.append(RedactedChunk(0, Span(0, 800), np.zeros(800, np.int16)))
    catalog = tmp_path / "vault" / "catalog.db"
    before = catalog.read_bytes()
    for target in (catalog, tmp_path / "vault" / "keys" / "private.key", tmp_path):
        with pytest.raises(VaultError):
            vault.export(recording.id, target, force=True)
    assert catalog.read_bytes() == before
