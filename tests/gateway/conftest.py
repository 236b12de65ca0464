"""Fixtures of the gateway's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap.vault.recordings import Vault

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A new, empty vault with its own key pair."""
    return Vault.create(tmp_path / "vault")
