"""Outputs: recognised by their bytes, whole or absent, and nothing left of a killed run."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.batch import Redactor
from hushtap.ears.engine import Heard
from hushtap.errors import HushtapError
from hushtap.outputs import earlier_output, plan, read_sidecar, sha256_of, sidecar_of
from hushtap.taps.file import find_audio
from hushtap.wholefile import part_of, whole_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine
    from hushtap.outputs import Job

KILLED = """
import os, signal, sys
from pathlib import Path
from hushtap.batch import Redactor
from hushtap.outputs import plan
from hushtap.taps.file import find_audio

def kill(path, seconds):
    if seconds >= 7.0:
        os.kill(os.getpid(), signal.SIGKILL)

[job] = plan(find_audio([Path(sys.argv[1])]), Path(sys.argv[2]))
Redactor("pci-ssn").redact(job, force=True, progress=kill)
"""

KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
import numpy as np
from hushtap.holdback import HoldBack
from hushtap.outputs import write_call
from hushtap.timeline import Span
from hushtap.values import AudioFormat, MuteStyle, PcmChunk

audio = AudioFormat(8000, 1)
held = HoldBack(audio, MuteStyle.SILENCE)
held.add(PcmChunk(0, Span(0, 800), np.zeros(800, np.int16)))
write_call(Path(sys.argv[1]), audio, held.drop())
os.kill(os.getpid(), signal.SIGKILL)
"""


class DeafEar:
    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        return [Heard((), looped=False) for _ in windows]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    rng = np.random.default_rng(1)
    soundfile.write(tmp_path / "call.wav", rng.integers(-99, 99, 4_000, dtype=np.int16), 8_000)
    [job] = plan(find_audio([tmp_path / "call.wav"]), tmp_path / "out")
    return job


def output(job: Job) -> Path:
    assert job.wav is not None
    return job.wav


def redact(job: Job) -> bool:
    """Redact, and return whether an earlier output was recognised."""
    return Redactor(ear=DeafEar()).redact(job).reused


def run_to_its_death(code: str, *args: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


# --- recognised by its bytes


def flip_one_bit(wav: Path) -> None:
    content = bytearray(wav.read_bytes())
    content[len(content) // 2] ^= 1
    wav.write_bytes(content)


def change_the_rate(wav: Path) -> None:
    content = bytearray(wav.read_bytes())
    content[24:28] = (16_000).to_bytes(4, "little")
    wav.write_bytes(content)


def cut(wav: Path) -> None:
    wav.write_bytes(wav.read_bytes()[:-2])


def forget_the_hash(wav: Path) -> None:
    findings = sidecar_of(wav)
    findings.write_text(findings.read_text().replace('"output_sha256"', '"another_sha256"'))


@pytest.mark.parametrize("harm", [flip_one_bit, change_the_rate, cut, forget_the_hash, Path.unlink])
def test_an_output_that_is_not_the_one_written_is_made_again(
    harm: Callable[[Path], None], job: Job
) -> None:
    assert not redact(job)
    whole = output(job).read_bytes()
    assert redact(job)
    harm(output(job))
    assert not redact(job)
    assert output(job).read_bytes() == whole
    assert redact(job)


def test_the_findings_file_has_the_hash_of_its_audio(job: Job) -> None:
    redact(job)
    content = read_sidecar(sidecar_of(output(job)))
    assert content is not None
    assert content.output == sha256_of(output(job))


# --- killed


def test_a_killed_run_leaves_redacted_audio_alone_and_the_next_clears_it(
    tmp_path: Path, ssn_call: Path, engine: Engine
) -> None:
    out = tmp_path / "out"
    run_to_its_death(KILLED, ssn_call, out)
    [part] = out.iterdir()
    assert part == part_of(out / "ssn.wav")
    assert part.stat().st_mode & 0o077 == 0
    [job] = plan(find_audio([ssn_call]), out)
    assert not Redactor("pci-ssn", ear=engine).redact(job).reused
    assert {path.name for path in out.iterdir()} == {"ssn.wav", "ssn.json"}

    # Killed while it redid what is there: that stays, and counts.
    before = output(job).read_bytes()
    run_to_its_death(KILLED, ssn_call, out)
    left = part.read_bytes()[44:]
    assert len(left) > 4 * 8_000
    assert before[44:].startswith(left)
    assert output(job).read_bytes() == before
    assert Redactor("pci-ssn", ear=engine).redact(job).reused
    assert {path.name for path in out.iterdir()} == {"ssn.wav", "ssn.json"}


def test_a_run_killed_before_its_findings_are_written_is_known_and_done_again(job: Job) -> None:
    run_to_its_death(KILLED_BETWEEN, output(job))
    assert output(job).exists()
    assert not redact(job)
    assert redact(job)
    assert soundfile.info(output(job)).frames == 4_000


def test_an_output_in_the_making_is_left_alone(job: Job) -> None:
    redact(job)
    with whole_file(output(job), replace=True) as other:
        other.write(b"of another run")
        assert redact(job)
        assert part_of(output(job)).exists()
        with pytest.raises(HushtapError, match=r"call\.wav is being written by another run"):
            Redactor(ear=DeafEar()).redact(job, force=True)
    assert output(job).read_bytes() == b"of another run"
    assert not redact(job)


def test_what_is_not_ours_is_never_removed(job: Job) -> None:
    redact(job)
    folder = output(job).parent
    others = [
        folder / name for name in (".call.wav.part", ".call.wav.abcd.part", ".hushtap-1.part")
    ]
    for other in others:
        other.write_text("mine")
    assert redact(job)
    Redactor(ear=DeafEar()).redact(job, force=True)
    assert all(other.read_text() == "mine" for other in others)


def test_a_call_that_cannot_be_written_leaves_no_findings_file(job: Job) -> None:
    output(job).mkdir(parents=True)
    (output(job) / "kept").touch()
    with pytest.raises(HushtapError, match=r"call\.wav cannot be written"):
        Redactor(ear=DeafEar()).redact(job, force=True)
    output(job).rename(output(job).with_name("moved"))
    with pytest.raises(HushtapError, match="too long"):
        Redactor(ear=DeafEar()).redact(_long_named(job))
    assert {path.name for path in output(job).parent.iterdir()} == {"moved"}


def _long_named(job: Job) -> Job:
    long = output(job).with_name("x" * 300 + ".wav")
    return type(job)(job.source, long)


def test_nothing_there_is_nothing_earlier(job: Job) -> None:
    redact(job)
    content = read_sidecar(sidecar_of(output(job)))
    assert content is not None
    output(job).unlink()
    sidecar_of(output(job)).unlink()
    assert earlier_output(job, content.made_from) is None
