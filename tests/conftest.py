"""What every test shares: the real ears, loaded once, and no quiet skips in CI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest
import soundfile
from hypothesis import HealthCheck, settings

from hushtap.pii.policy import Policy, load_policy
from hushtap.resources import folder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

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
    from hushtap.ears.loading import load_engine  # noqa: PLC0415 - most tests need no ears

    return load_engine("tiny.en")


@pytest.fixture(scope="session")
def analyzer(policy: Policy) -> SpokenAnalyzer:
    """The judge of numbers for the default policy."""
    from hushtap.pii.recognizers import SpokenAnalyzer  # noqa: PLC0415 - takes seconds to load

    return SpokenAnalyzer(policy.entities)


@pytest.fixture(scope="session")
def ssn_call(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of a sample call: an SSN is asked for and begun. 8 kHz, two channels, PCM16."""
    audio, rate = soundfile.read(samples / "sample_ssn.wav", dtype="int16")
    path = tmp_path_factory.mktemp("calls") / "ssn.wav"
    soundfile.write(path, audio[9 * rate : 19 * rate], rate, subtype="PCM_16")
    return path


@pytest.fixture(scope="session")
def truth_of_ssn_call(ssn_call: Path, samples: Path) -> str:
    """The truth of that call, as JSON."""
    info = soundfile.info(str(ssn_call))
    truth = json.loads((samples / "sample_ssn.json").read_text())
    for span in truth["spans"]:
        for edge in ("start", "end"):
            # It begins at 9 s of the sample.
            span[edge] = min(max(0.0, span[edge] - 9.0), info.duration)
    return json.dumps(truth)


@pytest.fixture(scope="session")
def secrets_of_ssn_call(ssn_call: Path) -> list[bytes]:
    """Raw bytes from inside its number: half a second each, to be looked for in files."""
    raw, rate = soundfile.read(ssn_call, dtype="int16")
    # The groups begin at 13.4 s and 15.1 s of the sample (its truth).
    starts = (int(4.6 * rate), int(6.3 * rate))
    return [raw[at : at + rate // 2].astype("<i2").tobytes() for at in starts]


Command: TypeAlias = "Callable[..., subprocess.CompletedProcess[str]]"


@pytest.fixture(scope="session")
def hushtap_command() -> Command:
    """Run the installed command in a process of its own.

    ``before`` are words before the command, such as another tool that starts it.
    """
    script = Path(sys.executable).with_name("hushtap")

    def run(
        *args: str | Path,
        cwd: Path,
        before: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        text_in: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        plain = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
        dropped = {"HUSHTAP_VAULT", "HUSHTAP_PASSPHRASE", "HUSHTAP_DEBUG", "FORCE_COLOR"}
        inherited = {name: value for name, value in os.environ.items() if name not in dropped}
        return subprocess.run(
            [*before, str(script), *map(str, args)],
            cwd=cwd,
            env=inherited | plain | dict(env or {}),
            input=text_in,
            stdin=subprocess.DEVNULL if text_in is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    return run
