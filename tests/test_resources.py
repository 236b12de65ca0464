from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap import resources
from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from pathlib import Path


def test_checkout_is_found() -> None:
    assert (resources.folder("models") / "manifest.toml").is_file()


def test_wheel_is_found_and_wins(tmp_path: Path) -> None:
    package = tmp_path / "src" / "hushtap"
    shipped = package / "_resources" / "configs"
    shipped.mkdir(parents=True)
    (tmp_path / "configs").mkdir()
    (tmp_path / "pyproject.toml").touch()
    assert resources.find_folder("configs", package) == shipped


def test_a_strangers_folder_is_not_ours(tmp_path: Path) -> None:
    package = tmp_path / "lib" / "hushtap"
    package.mkdir(parents=True)
    (tmp_path / "samples").mkdir()
    with pytest.raises(HushtapError, match="reinstall hushtap"):
        resources.find_folder("samples", package)
