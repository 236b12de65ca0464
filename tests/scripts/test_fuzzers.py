from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
TOLD = {
    "fuzz_rtp": ("captures refused", "captures read"),
    "fuzz_sip": ("refused", "taken", "sessions begun"),
    "fuzz_streams": tuple(
        f"{tap} {fate}"
        for tap in ("twilio", "audiohook", "audiosocket")
        for fate in ("taken", "refused")
    ),
}


@pytest.mark.parametrize(
    "inputs", [400, pytest.param(100_000, marks=pytest.mark.slow)], ids=["few", "many"]
)
@pytest.mark.parametrize("script", TOLD)
def test_no_damage_is_more_than_a_refusal(script: str, inputs: int) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / f"{script}.py"), str(inputs), "7"],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        env={"OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    for words in TOLD[script]:
        assert words in done.stdout
