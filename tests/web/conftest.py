"""Fixtures of the review desk's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from web.bench import Bench, make_bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A desk that the tests of one module share."""
    made = make_bench(tmp_path_factory.mktemp("desk"))
    yield made
    made.database.close()


@pytest.fixture
def own_bench(tmp_path: Path) -> Iterator[Bench]:
    """A desk of a test's own."""
    made = make_bench(tmp_path)
    yield made
    made.database.close()
