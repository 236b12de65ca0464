"""The systemd unit that ships."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from hushtap.gateway.config import LimitsSection
from hushtap.gateway.serve import BEAT_S
from hushtap.resources import folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_it(tmp_path: Path) -> None:
    unit = (folder("configs") / "hushtap.service").read_text()
    # Checked for being there, which it is not on this machine.
    unit = unit.replace("/opt/hushtap/bin/hushtap", "/bin/true")
    (tmp_path / "hushtap.service").write_text(unit)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "hushtap.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "hushtap.service" not in checked.stderr
    assert checked.returncode == 0


def test_it_leaves_calls_their_time_and_expects_signs_of_life_that_come() -> None:
    lines = (folder("configs") / "hushtap.service").read_text().splitlines()
    unit = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    assert int(unit["TimeoutStopSec"]) > LimitsSection().drain
    assert int(unit["WatchdogSec"]) > 2 * BEAT_S
