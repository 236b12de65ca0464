"""Where the files that ship with Hushtap lie: ``configs``, ``models`` and ``samples``.

A wheel carries them as ``hushtap/_resources/...``; a source checkout (editable
install) keeps them at its top level.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from hushtap.errors import HushtapError

Resource: TypeAlias = Literal["configs", "models", "samples"]

_PACKAGE = Path(__file__).resolve().parent


def folder(name: Resource) -> Path:
    """Return the folder of that name, in the wheel or in the source checkout.

    Raises:
        HushtapError: the installation lacks it.
    """
    return find_folder(name, _PACKAGE)


def find_folder(name: Resource, package: Path) -> Path:
    """Return the folder of that name for the package installed at ``package``.

    Raises:
        HushtapError: neither the wheel's place nor the checkout's holds it.
    """
    shipped = package / "_resources" / name
    if shipped.is_dir():
        return shipped
    checkout = package.parent.parent
    # A stranger's folder beside site-packages must not pass for ours.
    if (checkout / "pyproject.toml").is_file() and (checkout / name).is_dir():
        return checkout / name
    raise HushtapError(f"{shipped} is missing: reinstall hushtap")
