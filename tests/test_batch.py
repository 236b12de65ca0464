from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

import hushtap
from hushtap import models
from hushtap.batch import Failure, Redactor, run, safe_label
from hushtap.errors import HushtapError, UsageError
from hushtap.evaluate.scores import OPEN_SECONDS, score_files
from hushtap.outputs import plan, read_sidecar
from hushtap.pipeline import Call
from hushtap.taps.file import FileTap, find_audio
from hushtap.values import AudioFormat, Entity
from hushtap.vault.recordings import State, Vault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.engine import Engine, Heard
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer


class DeafEar:
    """Hears no word; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        from hushtap.ears.engine import Heard  # noqa: PLC0415

        self.asked += len(windows)
        return [Heard((), looped=False) for _ in windows]


class BrokenEar:
    """Fails as a library does, with words in its message."""

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        raise RuntimeError(f"nine eight seven in {len(windows)} windows")


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    """The real thing, with the weights loaded once."""
    return Redactor("pci-ssn")


@pytest.fixture(scope="module")
def done(ssn_call: Path, redactor: Redactor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``out/ssn.wav``, its findings and a vault, all from one run."""
    folder = tmp_path_factory.mktemp("done")
    [job] = plan(find_audio([ssn_call]), folder / "out")
    redactor.redact(job, vault=Vault.create(folder / "vault"))
    return folder


def read(path: Path) -> NDArray[np.int16]:
    return np.asarray(soundfile.read(path, dtype="int16", always_2d=True)[0], np.int16)


def noise(path: Path, rate: int, channels: int, samples: int) -> Path:
    rng = np.random.default_rng(rate + channels)
    soundfile.write(path, rng.integers(-3000, 3000, (samples, channels), dtype=np.int16), rate)
    return path


# --- one call


def test_the_number_is_silent_and_all_else_is_untouched(done: Path, ssn_call: Path) -> None:
    original, redacted = read(ssn_call), read(done / "out" / "ssn.wav")
    assert original.shape == redacted.shape
    content = read_sidecar(done / "out" / "ssn.json")
    assert content is not None
    assert {finding.entity for finding in content.findings} == {Entity.US_SSN}
    muted = np.zeros(original.shape, bool)
    for finding in content.findings:
        muted[finding.span.start : finding.span.end, finding.channel] = True
    assert np.array_equal(original[~muted], redacted[~muted])
    # The groups of the truth, in the clip's time.
    for start, end in ((4.5, 5.4), (6.2, 6.8), (7.5, 8.6)):
        assert not redacted[int(start * 8000) : int(end * 8000), 1].any()


@pytest.mark.parametrize("name", ["sample_read_back", "sample_code_expiry"])
def test_nothing_of_a_sample_that_is_secret_is_audible(
    name: str, samples: Path, redactor: Redactor, tmp_path: Path
) -> None:
    [job] = plan(find_audio([samples / f"{name}.wav"]), tmp_path)
    redactor.redact(job)
    scored = score_files(samples / f"{name}.wav", tmp_path / f"{name}.wav")
    assert scored.sensitive
    assert all(one.audible < OPEN_SECONDS for one in scored.sensitive)


def test_keys_pressed_in_a_file_are_silent(redactor: Redactor, tmp_path: Path) -> None:
    rate, length = 8_000, 800
    time = np.arange(length) / rate
    key = 6_000 * (np.sin(2 * np.pi * 770 * time) + np.sin(2 * np.pi * 1_336 * time))
    call = np.zeros(3 * rate, np.int16)
    for at in range(rate, 2 * rate, 2 * length):
        call[at : at + length] = key
    soundfile.write(tmp_path / "keys.wav", call, rate)
    [job] = plan(find_audio([tmp_path / "keys.wav"]), tmp_path / "out")
    redactor.redact(job)
    assert np.abs(read(tmp_path / "out" / "keys.wav")).max() < 1_000


def test_the_findings_file_says_where_and_why_and_no_digits(done: Path) -> None:
    document = json.loads((done / "out" / "ssn.json").read_text())
    assert document["policy"] == "pci-ssn"
    assert document["version"] == hushtap.__version__
    assert document["model"] == models.identity("tiny.en")
    assert document["model"].startswith("tiny.en, digit_spotter.onnx ")
    keys = {"entity", "channel", "start", "end", "score", "source", "muted"}
    assert all(set(finding) == keys for finding in document["findings"])
    told = json.dumps(document["findings"])
    assert not re.search(r"987|65432|4320|nine|eight", told)
    assert (done / "out" / "ssn.json").stat().st_mode & 0o077 == 0


def test_the_vault_has_the_same_audio_and_the_words_are_masked(done: Path) -> None:
    vault = Vault.open(done / "vault")
    [info] = vault.list()
    assert info.state is State.CLOSED
    assert info.source == "ssn.wav"
    opened = vault.read(info.id)
    assert np.array_equal(opened.samples, read(done / "out" / "ssn.wav"))
    text = " ".join(word.text for word in opened.words)
    assert "social security number" in text
    assert "[US_SSN]" in text
    assert not re.search(r"\d|\bnine\b|\beight\b", text)


def test_a_call_that_is_done_is_not_heard_again(done: Path, ssn_call: Path) -> None:
    wav = done / "out" / "ssn.wav"
    before = wav.stat().st_ino
    again = hushtap.redact(ssn_call, out=wav.parent)
    assert again.reused
    assert again.recording is None
    assert wav.stat().st_ino == before
    recorded = hushtap.redact(ssn_call, out=wav.parent, vault=done / "vault")
    assert recorded.reused
    assert recorded.recording == read_sidecar(wav.with_suffix(".json")).recording  # type: ignore[union-attr]
    assert len(Vault.open(done / "vault").list()) == 1


def test_a_call_heard_for_its_numbers_alone_is_heard_again_for_its_words(
    ssn_call: Path, tmp_path: Path
) -> None:
    alone = hushtap.redact(ssn_call, out=tmp_path / "out")
    again = hushtap.redact(ssn_call, out=tmp_path / "out", vault=tmp_path / "vault")
    assert not again.reused
    assert again.findings == alone.findings
    vault = Vault.open(tmp_path / "vault")
    assert vault.read(vault.list()[0].id).words


def test_what_was_disposed_of_is_not_brought_back(
    done: Path, ssn_call: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(done, tmp_path / "done")
    vault = Vault.open(folder / "vault")
    [info] = vault.list()
    vault.destroy_keys(info.id)
    assert hushtap.redact(ssn_call, out=folder / "out", vault=folder / "vault").reused
    assert [info.state for info in vault.list()] == [State.DISPOSED]


def test_what_changes_a_mute_makes_it_heard_again(tmp_path: Path, policy: Policy) -> None:
    call = noise(tmp_path / "call.wav", 8000, 1, 12_000)
    jobs = plan(find_audio([call]), tmp_path / "out")

    def reused(policy: Policy, *, force: bool = False) -> bool:
        return Redactor(policy, ear=DeafEar()).redact(jobs[0], force=force).reused

    assert not reused(policy)
    assert reused(policy)
    assert reused(replace(policy, name="another name"))
    assert not reused(replace(policy, pad_after=0.3))
    assert not reused(replace(policy, pad_after=0.3), force=True)
    noise(call, 8000, 1, 12_001)
    assert not reused(replace(policy, pad_after=0.3))
    (tmp_path / "out" / "call.wav").write_bytes(b"cut")
    assert not reused(replace(policy, pad_after=0.3))
    assert len(read(tmp_path / "out" / "call.wav")) == 12_001


def test_mutes_may_be_heard(tmp_path: Path, engine: Engine, ssn_call: Path) -> None:
    [job] = plan(find_audio([ssn_call]), tmp_path)
    Redactor("pci-ssn", mute="beep", ear=engine).redact(job)
    original, redacted = read(ssn_call)[40_000:42_000, 1], read(tmp_path / "ssn.wav")
    inside = redacted[40_000:42_000, 1].astype(float)
    assert inside.std() > 10
    assert abs(np.corrcoef(inside, original.astype(float))[0, 1]) < 0.1


# --- every format


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 47_999, 48_000])
def test_the_output_is_as_long_as_the_input(tmp_path: Path, rate: int, channels: int) -> None:
    for samples in (1, rate // 50 - 1, rate // 3 + 7):
        call = noise(tmp_path / f"{samples}.wav", rate, channels, samples)
        [job] = plan(find_audio([call]), tmp_path / "out")
        result = Redactor(ear=DeafEar()).redact(job)
        assert result.output is not None
        info = soundfile.info(result.output)
        assert (info.frames, info.samplerate, info.channels) == (samples, rate, channels)
        assert np.array_equal(read(call), read(tmp_path / "out" / call.name))


def test_chunks_do_not_matter(
    done: Path, ssn_call: Path, policy: Policy, engine: Engine, analyzer: SpokenAnalyzer
) -> None:
    tap = FileTap(ssn_call, chunk=1_237)
    whole: list[list[NDArray[np.int16]]] = [[], []]
    for out in run(Call(tap.format, policy, analyzer), tap, engine):
        whole[out.channel].append(out.samples)
    redacted = np.stack([np.concatenate(pieces) for pieces in whole], axis=1)
    assert np.array_equal(redacted, read(done / "out" / "ssn.wav"))


# --- what goes wrong


@pytest.mark.parametrize("kept", [False, True], ids=["nothing before", "an earlier output"])
def test_a_call_that_fails_leaves_nothing_new(
    *, kept: bool, tmp_path: Path, ssn_call: Path
) -> None:
    vault = Vault.create(tmp_path / "vault")
    [job] = plan(find_audio([ssn_call]), tmp_path / "out")
    assert job.wav is not None
    before: dict[Path, bytes] = {}
    if kept:
        Redactor(ear=DeafEar()).redact(job)
        before = {path: path.read_bytes() for path in job.wav.parent.iterdir()}
        assert len(before) == 2
    [failure] = Redactor(ear=BrokenEar()).redact_all([job], vault=vault, force=True)
    assert isinstance(failure, Failure)
    assert "RuntimeError" in str(failure.error)
    assert "nine" not in str(failure.error)
    assert failure.error.__cause__ is None
    assert {path: path.read_bytes() for path in job.wav.parent.iterdir()} == before
    [info] = vault.list()
    assert info.state is State.INTERRUPTED


def test_the_mutes_are_the_same_however_many_calls_at_once(
    tmp_path: Path, ssn_call: Path, engine: Engine
) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    soundfile.write(calls / "begun.wav", read(ssn_call)[:48_000], 8000, subtype="PCM_16")
    (calls / "broken.wav").write_bytes(b"RIFF")
    noise(calls / "noise.wav", 11_025, 1, 30_000)
    made = {}
    for at_once in (1, 3):
        jobs = plan(find_audio([calls, ssn_call]), tmp_path / f"out{at_once}")
        vault = Vault.create(tmp_path / f"vault{at_once}")
        results = list(Redactor(ear=engine, at_once=at_once).redact_all(jobs, vault=vault))
        assert [result.source for result in results] == [job.source for job in jobs]
        assert [type(result) for result in results].count(Failure) == 1
        assert {info.state for info in vault.list()} == {State.CLOSED}
        assert all(check.ok for check in vault.verify())
        made[at_once] = [
            (result.findings, read(result.output), vault.read(result.recording).words)
            for result in results
            if not isinstance(result, Failure) and result.output and result.recording
        ]
    assert len(made[1]) == 3
    assert sum(len(findings) for findings, _, _ in made[1]) > 0
    for (findings, redacted, words), other in zip(made[1], made[3], strict=True):
        assert findings == other[0]
        assert np.array_equal(redacted, other[1])
        assert words == other[2]


def test_one_failure_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    noise(tmp_path / "b.wav", 8000, 2, 4_000)
    jobs = plan(find_audio([tmp_path]), tmp_path / "out")
    first, second = Redactor(ear=DeafEar()).redact_all(jobs)
    assert isinstance(first, Failure)
    assert isinstance(second, hushtap.Redaction)
    assert str(tmp_path / "a.wav") in str(first.error)


@pytest.mark.parametrize("name", ["call.wav", "call.json"])
def test_a_file_of_someone_else_is_not_replaced(name: str, tmp_path: Path) -> None:
    call = noise(tmp_path / "call.wav", 8000, 1, 4_000)
    other = tmp_path / "out" / name
    other.parent.mkdir()
    other.write_text('{"mine": true}')
    [job] = plan(find_audio([call]), tmp_path / "out")
    with pytest.raises(HushtapError, match="--force"):
        Redactor(ear=DeafEar()).redact(job)
    assert other.read_text() == '{"mine": true}'
    Redactor(ear=DeafEar()).redact(job, force=True)
    assert read_sidecar(tmp_path / "out" / "call.json") is not None


def test_findings_that_cannot_be_written_take_the_audio_with_them(tmp_path: Path) -> None:
    call = noise(tmp_path / "call.wav", 8000, 1, 4_000)
    (tmp_path / "out" / "call.json").mkdir(parents=True)
    [job] = plan(find_audio([call]), tmp_path / "out")
    with pytest.raises(HushtapError, match=r"call\.json"):
        Redactor(ear=DeafEar()).redact(job, force=True)
    assert not (tmp_path / "out" / "call.wav").exists()


# --- where outputs go


def test_outputs_keep_the_path_below_the_folder(tmp_path: Path) -> None:
    for name in ("a/x.wav", "b/x.mp3", "b/y.z.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    jobs = plan(find_audio([tmp_path]), tmp_path / "out")
    assert [job.wav for job in jobs] == [
        tmp_path / "out" / name for name in ("a/x.wav", "b/x.wav", "b/y.z.wav")
    ]


def test_a_name_without_a_known_suffix_keeps_all_of_it(tmp_path: Path) -> None:
    jobs = plan([(tmp_path, tmp_path / "call.1"), (tmp_path, tmp_path / "call.2")], tmp_path / "o")
    assert [job.wav for job in jobs] == [tmp_path / "o/call.1.wav", tmp_path / "o/call.2.wav"]


def test_what_an_earlier_run_wrote_is_no_input(tmp_path: Path) -> None:
    noise(tmp_path / "call.wav", 8000, 1, 400)
    (tmp_path / "out").mkdir()
    noise(tmp_path / "out" / "call.wav", 8000, 1, 400)
    [job] = plan(find_audio([tmp_path]), tmp_path / "out")
    assert job.source == tmp_path / "call.wav"


def test_two_inputs_for_one_output_are_refused(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UsageError, match="would both become"):
        plan(find_audio([tmp_path]), tmp_path / "out")


def test_an_input_is_never_overwritten(tmp_path: Path) -> None:
    call = noise(tmp_path / "call.wav", 8000, 1, 400)
    (tmp_path / "linked").symlink_to(tmp_path)
    for out in (tmp_path, tmp_path / "linked"):
        with pytest.raises(UsageError, match="would overwrite the input"):
            plan(find_audio([call]), out)
    with pytest.raises(UsageError, match="not a folder"):
        plan(find_audio([call]), call)


def test_labels_carry_no_digits() -> None:
    assert safe_label("call-5551234.wav") == "call-#######.wav"


def test_a_findings_file_of_another_shape_is_not_ours(tmp_path: Path) -> None:
    for content in ("", "[]", "{}", '{"hushtap_findings": 1}', '{"hushtap_findings": 99}'):
        (tmp_path / "x.json").write_text(content)
        assert read_sidecar(tmp_path / "x.json") is None


def test_formats_are_told(done: Path, ssn_call: Path) -> None:
    again = hushtap.redact(str(ssn_call), out=str(done / "out"))
    assert again.audio_format == AudioFormat(8000, 2)
    assert again.samples == 80_000
