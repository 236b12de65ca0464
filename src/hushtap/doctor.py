"""What an installation has, what it lacks, and how to put that right."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hushtap import models
from hushtap.errors import HushtapError
from hushtap.taps import microphone

if TYPE_CHECKING:
    from collections.abc import Iterator

_PYTHONS = ((3, 11), (3, 13))
_DISTRIBUTIONS = {
    "av": "av",
    "cryptography": "cryptography",
    "ctranslate2": "ctranslate2",
    "dpkt": "dpkt",
    "faster-whisper": "faster_whisper",
    "httpx": "httpx",
    "huggingface-hub": "huggingface_hub",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "presidio-analyzer": "presidio_analyzer",
    "rich": "rich",
    "soundfile": "soundfile",
    "soxr": "soxr",
    "spacy": "spacy",
    "sqlalchemy": "sqlalchemy",
    "threadpoolctl": "threadpoolctl",
    "tldextract": "tldextract",
    "tokenizers": "tokenizers",
    "typer": "typer",
    "webrtc-noise-gain": "webrtc_noise_gain",
    "webrtcvad-wheels": "webrtcvad",
}
"""Distribution -> module, for every runtime dependency in pyproject.toml."""

_EXTRAS = ("gateway", "web")
"""Those that have a command of their own."""

_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: ``detail`` is what is there, ``fix`` what to do (empty where ``ok``).

    Where ``optional`` is set, Hushtap works without it.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""
    optional: bool = False


def diagnose(vault: Path | None = None) -> list[Check]:
    """Look at the interpreter, every dependency, the weights, the machine and ``vault``.

    Writes nothing but an empty file that it removes, in ``vault`` or in the folder
    that ``vault`` would be made in. Nothing is fetched.
    """
    checks = [check_python(sys.version_info[:2])]
    checks += [check_dependency(name, module) for name, module in _DISTRIBUTIONS.items()]
    checks += _weights()
    checks += [check_extra(name) for name in _EXTRAS]
    checks += [_processor(), _microphone(), _espeak()]
    if vault is not None:
        checks.append(check_vault(vault))
    return checks


def check_python(version: tuple[int, int]) -> Check:
    """Return whether Hushtap supports Python ``version`` (major, minor)."""
    low, high = (".".join(map(str, bound)) for bound in _PYTHONS)
    ok = _PYTHONS[0] <= version <= _PYTHONS[1]
    fix = "" if ok else f"run Hushtap on Python {low} to {high}"
    return Check("python", ok, platform.python_version(), fix)


def check_dependency(distribution: str, module: str) -> Check:
    """Return whether ``distribution`` is installed and its ``module`` loads here."""
    try:
        version = importlib.metadata.version(distribution)
        importlib.import_module(module)
    except importlib.metadata.PackageNotFoundError:
        return Check(distribution, False, "not installed", f"pip install {distribution}")
    except Exception as exc:  # noqa: BLE001 - a broken native library may raise anything
        fix = f"pip install --force-reinstall {distribution}"
        return Check(distribution, False, f"does not load ({type(exc).__name__})", fix)
    return Check(distribution, True, version)


def check_extra(extra: str) -> Check:
    """Return whether every distribution of ``extra`` is installed, as pyproject.toml names them."""
    marker = re.compile(rf"extra == ['\"]{extra}['\"]")
    wanted = importlib.metadata.requires("hushtap") or []
    names = [re.split(r"[^\w-]", line)[0] for line in wanted if marker.search(line)]
    missing = [name for name in names if not _installed(name)]
    label = f"extra {extra}"
    if missing or not names:
        detail = f"{', '.join(missing) or extra} not installed"
        return Check(label, False, detail, f"pip install 'hushtap[{extra}]'", optional=True)
    return Check(label, True, f"{len(names)} packages", optional=True)


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.distribution(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def check_vault(folder: Path) -> Check:
    """Return whether recordings can be written to ``folder``, which need not exist yet."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".hushtap-doctor."):
            free = shutil.disk_usage(place).free
    except OSError as exc:
        fix = f"make {place} a folder that this user may write to, or give another --vault"
        return Check("vault", False, f"{folder} cannot be written ({exc.strerror})", fix)
    return Check("vault", True, f"{folder} ({free / 2**30:.0f} GiB free)")


def _weights() -> Iterator[Check]:
    try:
        lines = models.status()
    except HushtapError as exc:
        yield Check("weights", False, str(exc), "reinstall hushtap")
        return
    for line in lines:
        ready = line.path is not None
        pending = line.path is None and line.installed
        fix = "" if ready or pending else f"hushtap models fetch {line.name}"
        name = f"weights {line.name}"
        yield Check(name, ready or pending, line.detail, fix, optional=not line.default)


def _processor() -> Check:
    cores = len(os.sched_getaffinity(0))
    try:
        flags = set(_CPUINFO.read_text(encoding="utf-8").split())
    except OSError:
        flags = set()
    best = next((name for name in ("avx512f", "avx2", "avx") if name in flags), None)
    detail = f"{cores} core{'s' * (cores > 1)}, {best or platform.machine()}"
    if platform.machine() == "x86_64" and best in (None, "avx"):
        return Check("processor", False, detail, "use a CPU with AVX2: speech is slow here", True)
    return Check("processor", True, detail)


def _microphone() -> Check:
    try:
        found = microphone.devices()
    except HushtapError as exc:
        fix = "install libportaudio2, then pip install 'hushtap[mic]'"
        return Check("microphone", False, str(exc), fix, optional=True)
    if not found:
        return Check("microphone", False, "no input device", "connect one", optional=True)
    names = ", ".join(f"{device.index} ({device.name})" for device in found)
    return Check("microphone", True, names, optional=True)


def _espeak() -> Check:
    path = shutil.which("espeak-ng")
    if path is None:
        fix = "apt-get install espeak-ng (only to make sample calls)"
        return Check("espeak-ng", False, "not installed", fix, optional=True)
    return Check("espeak-ng", True, path, optional=True)
