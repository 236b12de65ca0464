"""Which files of the given folders are calls; found by name, opened by nobody yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hushtap.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_WAVES = (".wav", ".aif", ".aiff", ".au", ".caf", ".flac")
_CODED = (".aac", ".amr", ".mp3", ".oga", ".ogg", ".opus", ".wma")
_BOXED = (".m4a", ".mka", ".mp4", ".webm")

SUFFIXES = frozenset(_WAVES + _CODED + _BOXED)
"""What a folder is searched for, in lower case. A file named outright may end in anything."""

CAPTURES = frozenset((".pcap", ".pcapng", ".cap"))
"""Packet captures, each of which may hold several calls."""


def find_audio(
    paths: Iterable[str | Path],
    *,
    unreadable: Callable[[Path, TapError], None] | None = None,
    suffixes: frozenset[str] = SUFFIXES,
) -> list[tuple[Path, Path]]:
    """Return ``(root, file)`` for every audio file under ``paths``, sorted within each.

    A file is its own, whatever its suffix, with its folder as root. Folders are
    searched to any depth by suffix; hidden entries and links to folders are passed
    over. No file comes twice.

    ``unreadable`` is told of each path that cannot be searched, a folder within a
    folder as well, and the others are searched; without it the first is an error.

    Raises:
        TapError: a path is absent, a folder cannot be read or holds no audio.
    """
    found: dict[Path, Path] = {}
    tell = unreadable or _refuse
    for path in map(Path, paths):
        for file, root in _below(path, tell, suffixes):
            found.setdefault(file, root)
    return [(root, file) for file, root in found.items()]


def _below(
    path: Path, tell: Callable[[Path, TapError], None], suffixes: frozenset[str]
) -> Iterator[tuple[Path, Path]]:
    """Yield the calls at or below ``path``, each with its root."""
    try:
        is_folder = path.is_dir()
        if not is_folder:
            path.stat()
    except FileNotFoundError:
        tell(path, TapError(f"{path} does not exist: check the name"))
        return
    except OSError as exc:
        tell(path, _denied(path, exc))
        return
    if not is_folder:
        yield path, path.parent
        return
    told: list[Path] = []

    def unread(exc: OSError) -> None:
        folder = Path(exc.filename)
        told.append(folder)
        tell(folder, _denied(folder, exc))

    files = sorted(_walk(path, unread, suffixes))
    if not files and not told:
        wanted = " ".join(sorted(suffixes))
        tell(path, TapError(f"{path} holds no audio: {wanted} are looked for"))
    yield from ((file, path) for file in files)


def _walk(
    folder: Path, unread: Callable[[OSError], None], suffixes: frozenset[str]
) -> Iterator[Path]:
    for base, folders, files in os.walk(folder, onerror=unread):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield Path(base) / name


def _denied(path: Path, exc: OSError) -> TapError:
    return TapError(f"{path} cannot be read ({exc.strerror}): check its permissions")


def _refuse(_path: Path, error: TapError) -> None:
    raise error
