"""Listening piece by piece: any stretch is what the whole says; only its segments are opened."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.errors import VaultError, VerificationError
from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.vault.container import Kind
from hushtap.vault.playback import Playback
from hushtap.vault.recordings import Vault
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call, chunk

if TYPE_CHECKING:
    import io
    from pathlib import Path

    from hushtap.vault.sealedfiles import Sealed

LENGTH = 30_000


@pytest.fixture(scope="module")
def long_call(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vault, str]:
    """A vault with one call, of which channel 1 came seconds ahead of channel 0."""
    vault = Vault.create(tmp_path_factory.mktemp("playback") / "vault")
    audio = call(LENGTH)
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        recording.add_words(WORDS)
        for at in range(0, 20_000, 1000):
            recording.append(chunk(audio, 1, at, at + 1000))
        for at in range(0, LENGTH, 700):
            recording.append(chunk(audio, 0, at, at + 700))
        recording.append(chunk(audio, 1, 20_000, LENGTH))
        recording.add_findings(FINDINGS)
    return vault, recording.id


def file_of(vault: Vault, recording: str) -> Path:
    return vault.path / "recordings" / f"{recording}.hush"


def test_any_stretch_is_what_the_whole_says(long_call: tuple[Vault, str]) -> None:
    vault, recording = long_call
    playback = vault.playback(recording)
    whole = call(LENGTH)

    @given(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).map(sorted))
    def check(ends: list[int]) -> None:
        start, end = ends
        assert np.array_equal(playback.read(start, end), whole[start:end])

    check()
    assert np.array_equal(playback.read(0, LENGTH), whole)
    assert (playback.words, playback.findings) == (WORDS, FINDINGS)
    for start, end in ((-1, 5), (5, 4), (0, LENGTH + 1)):
        with pytest.raises(VaultError):
            playback.read(start, end)


def test_the_waveform_is_the_loudest_of_each_hundredth(long_call: tuple[Vault, str]) -> None:
    vault, recording = long_call
    playback = vault.playback(recording)
    loud = np.abs(call(LENGTH).astype(np.int32)).reshape(-1, 80, 2).max(axis=1).T >> 7
    expected = np.minimum(loud, 255)
    assert np.array_equal(playback.peaks(10_000), expected)
    assert np.array_equal(playback.peaks(75)[:, -1], expected[:, -5:].max(axis=1))
    assert playback.peaks(7).shape == (2, 7)


class Watched:
    """A sealed file that notes which of its bytes are asked for, once it was opened."""

    def __init__(self, file: Sealed) -> None:
        self._file = file
        self.asked: list[tuple[int, int]] = []

    @property
    def current(self) -> bool:
        return self._file.current

    @property
    def version(self) -> str:
        return self._file.version

    def stream(self) -> io.BufferedReader:
        return self._file.stream()

    def pread(self, length: int, offset: int) -> bytes:
        self.asked.append((offset, offset + length))
        return self._file.pread(length, offset)


def test_a_stretch_reads_the_segments_it_touches_and_no_other_byte(
    vault: Vault,
) -> None:
    audio = call(LENGTH)
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, audio, 4000)
    info, wrapped = vault._catalog.find(recording.id)
    key, path = vault._opener.data_key(info, wrapped), file_of(vault, recording.id)
    # Each half second of both channels is one segment: where it lies, by the format.
    places, starts, at = [], [], 38
    content = path.read_bytes()
    while at < len(content):
        kind, _, readable, length = struct.unpack_from("<BIQI", content, at)
        if kind == Kind.AUDIO:
            places.append((at, at + 17 + length))
            starts.append(readable)
        at += 17 + length
    whole = max(places)[1] - min(places)[0]

    @given(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH)).map(sorted))
    def check(ends: list[int]) -> None:
        start, end = ends
        watched = Watched(vault._files.open(recording.id))
        playback = Playback(watched, path, info, key)
        assert watched.asked == []
        assert np.array_equal(playback.read(start, end), audio[start:end])
        assert set(watched.asked) <= set(places)
        assert len(watched.asked) <= (end - start) // 4000 * 2 + 4
        assert sum(last - first for first, last in watched.asked) <= whole

    check()


def test_only_what_is_played_is_decrypted(vault: Vault) -> None:
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(LENGTH))
    playback = vault.playback(recording.id)
    path = file_of(vault, recording.id)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    # The damage is in the middle: what lies elsewhere plays, and it does not.
    assert np.array_equal(playback.read(0, 4000), call(LENGTH)[:4000])
    assert np.array_equal(playback.read(26_000, LENGTH), call(LENGTH)[26_000:])
    with pytest.raises(VerificationError):
        playback.read(0, LENGTH)


def test_nothing_of_a_damaged_recording_is_played(vault: Vault) -> None:
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(LENGTH))
    path = file_of(vault, recording.id)
    content = path.read_bytes()
    for damaged in (
        content[:-40],
        content[: len(content) // 2] + b"\0" + content[len(content) // 2 + 1 :],
    ):
        path.write_bytes(damaged)
        with pytest.raises(VerificationError):
            vault.playback(recording.id)


def test_what_is_being_written_is_not_played(vault: Vault) -> None:
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(LENGTH))
        with pytest.raises(VaultError, match="being written"):
            vault.playback(recording.id)


@pytest.mark.parametrize("how", ["muted", "disposed"])
def test_what_has_changed_is_played_no_further(vault: Vault, how: str) -> None:
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(LENGTH))
    playback = vault.playback(recording.id)
    before = playback.version
    current = playback.current
    assert current is True
    if how == "muted":
        vault.mute(recording.id, 0, Span(10, 9000), Entity.CVV)
        assert vault.playback(recording.id).version != before
    else:
        vault.life.dispose(recording.id)
    changed = playback.current
    assert changed is False
    with pytest.raises(VaultError, match="open it again"):
        playback.read(0, 10)


def test_another_name_of_the_old_file_does_not_let_it_be_played(
    vault: Vault, tmp_path: Path
) -> None:
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(LENGTH))
    playback = vault.playback(recording.id)
    # As a backup of hard links keeps it.
    (tmp_path / "kept.hush").hardlink_to(file_of(vault, recording.id))
    vault.mute(recording.id, 1, Span(4000, 12_000), Entity.CVV)
    assert not playback.current
    with pytest.raises(VaultError):
        playback.read(4000, 12_000)
