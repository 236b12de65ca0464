"""Fixtures of the vault's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap.vault.recordings import Vault
from vault.calls import SmallFile, small_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A new, empty vault with its own key pair."""
    return Vault.create(tmp_path / "vault")


@pytest.fixture
def small(tmp_path: Path) -> SmallFile:
    """A closed recording of seven small segments."""
    return small_file(tmp_path, "20261122T054500Z-0a1b2c3d", bytes(range(32)))
