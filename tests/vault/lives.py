"""Recordings with what is known of their calls, and their life in a process that can be killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hushtap.values import Finding
from hushtap.vault.recordings import CallDetails
from vault.calls import FINDINGS, PHONE_LINE, append_all, call

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.vault.recordings import Vault

PROCESS = Path(__file__).with_name("life_process.py")

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace (apt-get install strace)"
)


def record(
    vault: Vault,
    details: CallDetails | None = None,
    *,
    started: datetime | None = None,
    findings: Iterable[Finding] = FINDINGS,
    policy: str = "abc",
) -> str:
    """Record and close a short call; return its id."""
    with vault.record(
        PHONE_LINE, source="line", policy=policy, started=started, call=details
    ) as recording:
        append_all(recording, call(500))
        recording.add_findings(findings)
    return recording.id


def day(number: int, hour: int = 9) -> datetime:
    """Return an hour of a day of November 2026 in UTC."""
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def run_life(
    vault: Vault, *words: str, fault: str | None = None, at: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``life_process.py``; strace injects ``fault``, as ``CALLS:WHAT``, in calls on ``at``."""
    under: tuple[str, ...] = ()
    if fault is not None:
        calls = fault.split(":", maxsplit=1)[0]
        under = ("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={calls}")
        under = (*under, "-e", f"inject={fault}", *(() if at is None else ("-P", str(at))))
    return subprocess.run(
        [*under, sys.executable, str(PROCESS), str(vault.path), *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
