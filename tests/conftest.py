"""What every test shares: the real ears, loaded once, and no quiet skips in CI."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - pytest reads annotations
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from hushtap import models
from hushtap.pii.policy import Policy, load_policy
from hushtap.resources import folder

if TYPE_CHECKING:
    from collections.abc import Generator

    from hushtap.ears.engine import Engine
    from hushtap.pii.recognizers import SpokenAnalyzer

settings.register_profile(
    "hushtap",
    database=None,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("hushtap")

_IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips where ``CI`` is set: there, everything is installed."""
    report = yield
    if _IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a module that skips where ``CI`` is set."""
    report = yield
    if _IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> object:
    return longrepr[2] if isinstance(longrepr, tuple) else longrepr


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the sample calls."""
    return folder("samples")


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The default policy."""
    return load_policy("pci-ssn")


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The default ears, with their real weights."""
    from hushtap.ears.engine import Engine  # noqa: PLC0415 - most tests need no ears

    return Engine(models.resolve("tiny.en"))


@pytest.fixture(scope="session")
def analyzer(policy: Policy) -> SpokenAnalyzer:
    """The judge of numbers for the default policy."""
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415 - takes seconds to load

    return SpokenAnalyzer(policy.entities)
