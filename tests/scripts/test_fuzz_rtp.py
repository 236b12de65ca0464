from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fuzz_rtp.py"


@pytest.mark.parametrize(
    "inputs", [400, pytest.param(100_000, marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_no_damage_is_more_than_a_refusal(inputs: int) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(inputs), "7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "captures refused" in done.stdout
    assert "captures read" in done.stdout
