"""Files that appear whole or not at all, and what dead writers leave."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hushtap.wholefile import part_of, remove_left, whole_file

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import os, signal, sys
from pathlib import Path
from hushtap.wholefile import whole_file
with whole_file(Path(sys.argv[1]), replace=True) as file:
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_a_writer(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WRITER, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert part_of(path).read_bytes() == b"half"


def write(path: Path, content: bytes, *, replace: bool) -> None:
    with whole_file(path, replace=replace) as file:
        file.write(content)


@pytest.mark.parametrize("replace", [False, True])
def test_a_dead_writer_is_no_hindrance(tmp_path: Path, *, replace: bool) -> None:
    path = tmp_path / "file"
    kill_a_writer(path)
    write(path, b"whole", replace=replace)
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"whole")]


def test_what_a_dead_writer_left_is_removed(tmp_path: Path) -> None:
    kill_a_writer(tmp_path / "file")
    remove_left(tmp_path / "other")
    assert part_of(tmp_path / "file").exists()
    remove_left(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with whole_file(path) as file:
        file.write(b"first")
        with pytest.raises(BlockingIOError):
            write(path, b"second", replace=True)
        with pytest.raises(BlockingIOError):
            remove_left(path)
    assert path.read_bytes() == b"first"
    with pytest.raises(FileExistsError):
        write(path, b"third", replace=False)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write(path, b"whole", replace=True)
    assert path.read_bytes() == b"whole"


def test_links_and_folders_in_the_way_are_left_as_they_are(tmp_path: Path) -> None:
    path, treasure = tmp_path / "file", tmp_path / "treasure"
    treasure.write_text("mine")
    part_of(path).symlink_to(treasure)
    with pytest.raises(OSError, match="symbolic"):
        write(path, b"whole", replace=True)
    part_of(path).unlink()
    part_of(path).mkdir()
    with pytest.raises(FileExistsError, match="in the way"):
        write(path, b"whole", replace=True)
    assert treasure.read_text() == "mine"
    assert part_of(path).is_dir()
    assert not path.exists()
