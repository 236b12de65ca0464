"""A number that is spoken in a live call is nowhere but in the caller's mouth.

Every search has a positive control: the same search finds the number where it
was planted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from hushtap.ears.shared import Ears
from hushtap.errors import HushtapError
from hushtap.live import Event
from hushtap.pipeline import Call
from hushtap.session import Pace, Session, record_live
from hushtap.taps.file import FileTap
from hushtap.values import Finding, PcmChunk, TranscriptWord
from hushtap.vault.recordings import Vault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine, Heard
    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import Judgement

PROCESS = Path(__file__).with_name("live_process.py")

# What the caller of ``ssn_call`` says, in its groups.
GROUPS = ("987", "65", "4320")
WORDS = ("nine eight seven", "six five", "four three two zero", "four three two oh")
NUMBER = "".join(GROUPS)
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def needles() -> list[str]:
    """The number in every way in which text might hold it."""
    split = [sep.join(GROUPS) for sep in ("", " ", "-", ", ")]
    single = [sep.join(NUMBER) for sep in (" ", ", ", "-")]
    return [*split, *single, *WORDS, *(" ".join(group) for group in GROUPS if len(group) > 2)]


def found_in_text(text: str) -> list[str]:
    """Return which ways of saying the number the text holds; case and space do not count."""
    plain = re.sub(r"\s+", " ", text.lower())
    return [needle for needle in needles() if needle in plain]


def found_in_folder(folder: Path, secrets: Iterable[bytes]) -> list[Path]:
    """Return the files that hold the number as text, or its audio as raw samples."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if any(s in data for s in secrets) or found_in_text(data.decode("latin-1")):
                found.append(path)
    return found


@pytest.mark.parametrize("at", range(len(needles())))
def test_the_search_finds_what_is_planted(
    at: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    needle = needles()[at]
    logging.getLogger("hushtap.plant").warning("before %s after", needle.upper())
    assert needle in found_in_text(caplog.text)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "plain.txt").write_text("nothing")
    (tmp_path / "deep" / "temp.bin").write_bytes(b"\x00" + needle.encode() + b"\xff")
    assert found_in_folder(tmp_path, []) == [tmp_path / "deep" / "temp.bin"]


def test_the_search_finds_raw_audio(tmp_path: Path, secrets_of_ssn_call: list[bytes]) -> None:
    (tmp_path / "spool").write_bytes(b"RIFF" + secrets_of_ssn_call[1] + b"\x00")
    assert found_in_folder(tmp_path, secrets_of_ssn_call) == [tmp_path / "spool"]


@dataclass
class Overheard:
    """Ears that keep what they heard, so that the test knows it was there to be leaked."""

    engine: Engine
    heard: list[Heard]
    spots: bool = True

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        heard = self.engine.listen(windows, words)
        self.heard += heard
        return heard

    @property
    def text(self) -> str:
        """What either ear heard; the spotter's words as numerals."""
        decoded = " ".join(word.text for one in self.heard for word in one.words)
        named = [w.text for one in self.heard if one.digits for w in one.digits.words]
        return decoded + " " + " ".join(str(NAMES.index(n)) for n in named if n in NAMES)


@dataclass
class TellingAnalyzer:
    """Fails once it is shown many digits, and quotes them."""

    quoted: str = ""

    def analyse(
        self, text: str, *, context: Sequence[str] = (), groups: Sequence[int] = ()
    ) -> list[Judgement]:
        if len(spoken_digits(text)) < 3:
            return []
        self.quoted += text
        raise HushtapError(f"cannot judge {text} after {context} in {groups}")


@dataclass
class TellingEar:
    """Hears, and then fails with all that it heard."""

    inner: Overheard

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        self.inner.listen(windows)
        raise RuntimeError(self.inner.text)


def spoken_digits(text: str) -> str:
    """Return the digits of the text in order: what the ears made of the number."""
    return re.sub(r"\D", "", text)


def test_a_recorded_call_tells_nothing(
    ssn_call: Path,
    secrets_of_ssn_call: list[bytes],
    engine: Engine,
    policy: Policy,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    vault = Vault.create(tmp_path / "vault")
    ear = Overheard(engine, [])
    events: list[Event] = []
    with Ears(ear) as ears:
        result = asyncio.run(
            record_live(
                FileTap(ssn_call), vault, policy, ears=ears, pace=Pace.FAST, on_event=events.append
            )
        )
        metrics = ears.metrics.snapshot()
    opened = vault.read(result.recording_id)
    vault.export(result.recording_id, tmp_path / "export.wav")
    # The ears did hear it: the search would have something to find.
    assert all(group in spoken_digits(ear.text) for group in GROUPS)
    values = [result, events, metrics, opened, opened.words, opened.findings, ear.heard, vault]
    values += [list(FileTap(ssn_call)), ears, caplog.records]
    assert found_in_text(repr(values)) == []
    assert found_in_text(caplog.text) == []
    assert found_in_text(" ".join(word.text for word in opened.words)) == []
    assert found_in_folder(tmp_path, secrets_of_ssn_call) == []


@pytest.mark.parametrize("fault", ["analyzer", "ear"])
def test_a_stage_that_quotes_the_number_is_not_quoted(
    ssn_call: Path,
    engine: Engine,
    policy: Policy,
    analyzer: Analyzer,
    caplog: pytest.LogCaptureFixture,
    *,
    fault: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    inner = Overheard(engine, [])
    telling = TellingAnalyzer()
    tap = FileTap(ssn_call)
    # From the answer on: with the question before it nobody would ask the recognizers.
    start = 4 * tap.format.sample_rate
    values: list[object] = []

    async def play(ears: Ears) -> None:
        session = Session(
            tap.format,
            ears=ears,
            policy=policy,
            analyzer=telling if fault == "analyzer" else analyzer,
            deadline=60,
            on_event=values.append,
        )
        async with session:
            for chunk in _from(tap, start):
                await session.feed(chunk, wait=True)
        values.extend([session, session.findings(), session.released(), session.transcript()])

    with Ears(TellingEar(inner) if fault == "ear" else inner) as ears:
        asyncio.run(play(ears))
    quoted = telling.quoted if fault == "analyzer" else inner.text
    assert len(spoken_digits(quoted)) >= 3
    assert "failed" in repr(values) or ears.metrics.fail_closed
    assert found_in_text(repr(values)) == []
    assert found_in_text(caplog.text) == []
    assert quoted not in caplog.text


def _from(tap: FileTap, start: int) -> Iterable[PcmChunk]:
    for chunk in tap:
        if chunk.span.start >= start:
            yield PcmChunk(chunk.channel, chunk.span.shift(-start), chunk.samples)


def test_values_hide_what_they_carry(ssn_call: Path, policy: Policy, analyzer: Analyzer) -> None:
    tap = FileTap(ssn_call)
    call = Call(tap.format, policy, analyzer)
    (first, *_) = tap
    call.feed(first)
    word = TranscriptWord(0, first.span, WORDS[0])
    finding = Finding(min(policy.entities), first.span, 0, 1.0, "words")
    assert found_in_text(word.text)
    assert found_in_text(repr([call, word, finding, first])) == []


# --- all that a process writes

needs_strace = pytest.mark.skipif(
    shutil.which("strace") is None, reason="needs strace (apt-get install strace)"
)

STRACE = ("strace", "-f", "--seccomp-bpf", "-qq", "-xx", "-s", "1048576", "-y")
CALLS = "write,pwrite64,writev,pwritev,sendto,sendmsg,mmap"


def written_by(
    ssn_call: Path, tmp_path: Path, *options: str
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Run a live call under strace; return it and the log of all that it wrote."""
    log, temp = tmp_path / "strace.log", tmp_path / "tmp"
    temp.mkdir()
    vault = Vault.create(tmp_path / "vault")
    command = [*STRACE, "-e", f"trace={CALLS}", "-o", str(log)]
    command += [sys.executable, str(PROCESS), str(vault.path), str(ssn_call), *options]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"TMPDIR": str(temp), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    return done, log


def traced(log: Path, secrets: list[bytes]) -> set[str]:
    """Return what the log shows of the number, and of memory shared with a file."""
    # 256 samples are enough, and survive the bounds of most buffers; one channel or both.
    both = [np.frombuffer(secret, "<i2") for secret in secrets]
    alone = [pair[channel::2] for pair in both for channel in range(2)]
    wanted = {_in_hex(samples[:256].tobytes()): "audio" for samples in (*both, *alone)}
    wanted |= {_in_hex(needle.encode()): "words" for needle in needles()}
    found = set()
    with log.open() as lines:
        for line in lines:
            found |= {what for needle, what in wanted.items() if needle in line}
            if "MAP_SHARED" in line and "PROT_WRITE" in line and _SQLITE_INDEX not in line:
                found.add("a store that no trace shows")
    return found


def _in_hex(data: bytes) -> str:
    """Return ``data`` as strace prints it."""
    return "".join(f"\\x{byte:02x}" for byte in data)


# SQLite maps the index of its write-ahead log, which holds page numbers only.
_SQLITE_INDEX = _in_hex(b".db-shm") + ">"


@needs_strace
@pytest.mark.slow
def test_no_write_of_the_process_carries_the_number(
    ssn_call: Path, secrets_of_ssn_call: list[bytes], tmp_path: Path
) -> None:
    done, log = written_by(ssn_call, tmp_path)
    assert "closed" in done.stdout
    assert log.stat().st_size > 100_000
    assert traced(log, secrets_of_ssn_call) == set()
    assert found_in_text(done.stdout + done.stderr) == []


@needs_strace
@pytest.mark.slow
def test_a_process_that_does_write_it_is_caught(
    ssn_call: Path, secrets_of_ssn_call: list[bytes], tmp_path: Path
) -> None:
    """The leaked file is gone when the process ends, and still every byte is seen."""
    _, log = written_by(ssn_call, tmp_path, "--leak")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert traced(log, secrets_of_ssn_call) == {"audio", "words"}


def test_the_raw_needles_are_in_the_call(ssn_call: Path, secrets_of_ssn_call: list[bytes]) -> None:
    audio, _ = soundfile.read(ssn_call, dtype="int16")
    assert all(secret in audio.astype("<i2").tobytes() for secret in secrets_of_ssn_call)
