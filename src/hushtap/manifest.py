"""The manifest of the weights, and what it means for a folder to hold one of them.

``models/manifest.toml`` names every file with its size and sha256. A folder is
a model when it holds exactly those files, as plain files, with exactly those bytes.
"""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hushtap import resources
from hushtap.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileSpec:
    """What one file must be: its size in bytes and its sha256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """One place that a model may come from.

    ``parts`` maps each file to ``package/path`` pieces, to be concatenated;
    ``repository`` and ``revision`` name a commit on the hub.
    """

    type: Literal["package", "folder", "hub"]
    requirements: tuple[str, ...]
    parts: Mapping[str, tuple[str, ...]]
    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of the manifest; ``sources`` in the order in which they are tried."""

    name: str
    kind: str
    licence: str
    origin: str
    files: Mapping[str, FileSpec]
    sources: tuple[Source, ...]
    default: bool
    spotters: Mapping[str, FileSpec]
    """Files beside the manifest: digit spotters trained on the frames of this model's encoder."""


@cache
def load_manifest() -> dict[str, ModelSpec]:
    """Return every model of the manifest by name.

    Raises:
        ModelError: the manifest cannot be read.
    """
    path = resources.folder("models") / "manifest.toml"
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: _spec(name, entry, default=name == data["default"])
            for name, entry in data["models"].items()
        }
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as exc:
        raise ModelError(f"{path} cannot be read as a manifest: reinstall hushtap") from exc


def _spec(name: str, entry: dict[str, Any], *, default: bool) -> ModelSpec:
    return ModelSpec(
        name=name,
        kind=entry["kind"],
        licence=entry["licence"],
        origin=entry["origin"],
        files={file: FileSpec(**what) for file, what in entry["files"].items()},
        sources=tuple(_source(source) for source in entry["sources"]),
        default=default,
        spotters={file: FileSpec(**what) for file, what in entry.get("spotters", {}).items()},
    )


def _source(entry: dict[str, Any]) -> Source:
    return Source(
        type=entry["type"],
        requirements=tuple(entry.get("requirements", ())),
        parts={file: tuple(parts) for file, parts in entry.get("parts", {}).items()},
        repository=entry.get("repository", ""),
        revision=entry.get("revision", ""),
    )


def problem(folder: Path, spec: ModelSpec) -> str | None:
    """Return what is wrong with ``folder``, naming the file, or ``None``. Cheap checks first.

    Links are refused: their target may change after the check. So are files that
    the manifest does not know: a loader may prefer them to those that it does.
    """
    if folder.is_symlink() or not folder.is_dir():
        return f"{folder} is not a plain folder"
    try:
        present = {entry.name for entry in folder.iterdir()}
        if missing := sorted(spec.files.keys() - present):
            return f"{folder / missing[0]} is missing"
        if extra := sorted(present - spec.files.keys()):
            return f"{folder / extra[0]} does not belong to {spec.name}"
        by_size = sorted(spec.files.items(), key=lambda item: item[1].size)
        checks = (file_problem(folder / name, want, spec.name) for name, want in by_size)
        return next((wrong for wrong in checks if wrong is not None), None)
    except OSError as exc:
        return f"{exc.filename or folder} cannot be read ({exc.strerror})"


def file_problem(file: Path, want: FileSpec, model: str) -> str | None:
    """Return what is wrong with one file, or ``None``."""
    if file.is_symlink() or not file.is_file():
        return f"{file} is not a plain file"
    if (size := file.stat().st_size) != want.size:
        return f"{file} has {size} bytes where {model} has {want.size}"
    with file.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != want.sha256:
            return f"{file} differs from {model} as published"
    return None
