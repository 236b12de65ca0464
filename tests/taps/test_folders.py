"""Which files of the given folders are calls, and what cannot be searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap.errors import TapError
from hushtap.taps.folders import find_audio
from taps.conftest import public_folder, unprivileged

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["public_folder"]


def test_folders_are_searched_in_order(tmp_path: Path) -> None:
    for name in ("b/2.WAV", "b/1.mp3", "a.flac", "notes.txt", ".hidden.wav", ".git/x.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    odd = tmp_path / "notes.txt"
    found = find_audio([tmp_path, odd, tmp_path / "b" / "2.WAV"])
    assert [(root, str(file.relative_to(root))) for root, file in found] == [
        (tmp_path, "a.flac"),
        (tmp_path, "b/1.mp3"),
        (tmp_path, "b/2.WAV"),
        (tmp_path, "notes.txt"),
    ]


def test_folders_without_audio_and_absent_ones(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(TapError, match=r"holds no audio: \.aac .+ \.wma are looked for"):
        find_audio([tmp_path])
    with pytest.raises(TapError, match="does not exist"):
        find_audio([tmp_path / "none"])


def test_unreadable_folder(public_folder: Path) -> None:
    inner = public_folder / "inner"
    inner.mkdir()
    (inner / "call.wav").touch()
    inner.chmod(0)
    with unprivileged(), pytest.raises(TapError, match=r"inner cannot be read \(Permission"):
        find_audio([public_folder])


def test_the_rest_of_a_folder_is_found_and_what_cannot_be_read_is_told(public_folder: Path) -> None:
    for name in ("a/1.wav", "b/2.wav", "b/deep/3.wav", "c/4.wav"):
        (public_folder / name).parent.mkdir(exist_ok=True)
        (public_folder / name).touch()
    (public_folder / "b" / "deep").chmod(0)
    (public_folder / "c").chmod(0)
    told: dict[Path, str] = {}

    def note(path: Path, error: TapError) -> None:
        told[path] = str(error)

    absent, locked = public_folder / "none", public_folder / "c" / "4.wav"
    with unprivileged():
        found = find_audio([public_folder, absent, locked, public_folder / "c"], unreadable=note)
    assert [str(file.relative_to(public_folder)) for _, file in found] == ["a/1.wav", "b/2.wav"]
    assert set(told) == {public_folder / "b" / "deep", public_folder / "c", absent, locked}
    assert all(str(path) in line for path, line in told.items())
    assert "cannot be read (Permission denied)" in told[locked]
    assert not any("holds no audio" in line for line in told.values())
