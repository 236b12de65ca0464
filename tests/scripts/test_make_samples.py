from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

import make_samples
from dialogue import AGENT, CALLER, SENSITIVE, Dialogue, Group, Speaker
from hushtap.evaluate import load_truth, score_files

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = sorted(make_samples.SAMPLES)
RATE = 8_000

needs_espeak = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is missing: apt-get install espeak-ng"
)


def truth(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SAMPLES / f"{name}.json").read_text())
    return loaded


def numbers(name: str, channel: int) -> list[str]:
    """The digits of each number said on one channel, groups joined."""
    joined: dict[int, str] = {}
    for span in truth(name)["spans"]:
        if span["channel"] == channel:
            joined[span["number"]] = joined.get(span["number"], "") + span["text"]
    return list(joined.values())


def loudness(samples: np.ndarray[Any, Any]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)) + 1))


def espeak_call(seed: int = 3) -> Dialogue:
    speakers = (Speaker("espeak:en-us+f2"), Speaker("espeak:en-us", 1.1))
    return Dialogue(speakers, np.random.default_rng(seed))


def test_the_six_samples_are_committed_and_small() -> None:
    files = sorted(SAMPLES.glob("*.wav"))
    assert [path.stem for path in files] == NAMES
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 5_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_a_short_two_channel_mu_law_call(name: str) -> None:
    info = sf.info(SAMPLES / f"{name}.wav")
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 2, "ULAW")
    assert 15 < info.duration < 35


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_of_a_sample_starts_and_ends_with_its_speech(name: str) -> None:
    audio, _ = sf.read(SAMPLES / f"{name}.wav", dtype="int16")
    for span in truth(name)["spans"]:
        side = audio[:, span["channel"]]
        start, end = round(span["start"] * RATE), round(span["end"] * RATE)
        edge = RATE * 3 // 100
        inside = loudness(side[start:end])
        assert loudness(side[start : start + 2 * edge]) > inside / 30
        assert loudness(side[end - 2 * edge : end]) > inside / 30
        assert loudness(side[start - edge : start]) < inside / 10
        assert loudness(side[end : end + edge]) < inside / 10


@pytest.mark.parametrize("name", NAMES)
def test_the_score_takes_the_samples_and_finds_them_open(name: str) -> None:
    path = SAMPLES / f"{name}.wav"
    untouched = score_files(path, path)
    sensitive = {
        span.number for span in load_truth(path.with_suffix(".json")).spans if span.sensitive
    }
    assert untouched.open_numbers() == len(sensitive)
    assert untouched.leak == (1.0 if sensitive else 0.0)


def test_the_samples_say_test_numbers_only() -> None:
    assert numbers("sample_card_groups", CALLER) == ["4111" + "1111" * 3]
    assert numbers("sample_amex", CALLER) == ["3782" + "822463" + "10005"]
    assert numbers("sample_read_back", CALLER) == numbers("sample_read_back", AGENT)
    assert numbers("sample_read_back", AGENT) == ["5500" + "0000" * 2 + "0004"]
    assert all(number.startswith("9") for number in numbers("sample_ssn", CALLER)[:1])


def test_only_the_harmless_sample_has_nothing_to_mute() -> None:
    for name in NAMES:
        entities = {span["entity"] for span in truth(name)["spans"]}
        assert bool(entities & SENSITIVE) is (name != "sample_harmless")
        assert all(
            span["sensitive"] is (span["entity"] in SENSITIVE) for span in truth(name)["spans"]
        )
    assert {span["entity"] for span in truth("sample_harmless")["spans"]} == {
        *("PHONE", "ORDER", "AMOUNT", "DATE", "TIME", "ZIP")
    }


def test_the_two_sides_have_different_voices() -> None:
    for agent, caller, _ in make_samples.SAMPLES.values():
        assert agent.talk != caller.talk


def test_recorded_digits_are_credited() -> None:
    speakers = {side.digits for pair in make_samples.SAMPLES.values() for side in pair[:2]} - {""}
    readme = (SAMPLES / "README.md").read_text()
    assert speakers
    assert all(speaker in readme for speaker in speakers)
    assert "CC BY-SA 4.0" in readme


def test_recorded_digits_need_their_corpus(tmp_path: Path) -> None:
    call = Dialogue((Speaker(""), Speaker("", digits="jackson")), np.random.default_rng(1))
    with pytest.raises(FileNotFoundError, match="--corpora"):
        call.number(CALLER, "CVV", (Group("123", ""),))
    call.corpora = tmp_path
    with pytest.raises(FileNotFoundError, match="--corpora"):
        call.number(CALLER, "CVV", (Group("123", ""),))


@needs_espeak
@pytest.mark.parametrize("script", [make_samples.amex, make_samples.harmless])
def test_the_same_seed_makes_the_same_call(script: make_samples.Script, tmp_path: Path) -> None:
    paths = [tmp_path / "one.wav", tmp_path / "two.wav"]
    for path in paths:
        call = espeak_call()
        script(call)
        call.write(path, snr_db=20.0, loss=0.02)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    first, second = (path.with_suffix(".json").read_bytes() for path in paths)
    assert first == second
    other = espeak_call(seed=4)
    script(other)
    assert other.truth() != json.loads(first)


@needs_espeak
def test_one_side_never_talks_over_itself() -> None:
    call = espeak_call()
    for script in (make_samples.card_groups, make_samples.read_back, make_samples.amex):
        script(call)
    for channel in (AGENT, CALLER):
        mine = sorted((at, at + len(piece)) for at, side, piece in call.pieces if side == channel)
        assert len(mine) > 10
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(mine))


@needs_espeak
def test_the_agent_answers_between_the_groups() -> None:
    call = espeak_call()
    make_samples.amex(call)
    spans = call.truth()["spans"]
    assert isinstance(spans, list)
    first, second, third = (span for span in spans if span["entity"] == "CREDIT_CARD")
    agent = [at / RATE for at, side, _ in call.pieces if side == AGENT]
    assert any(first["end"] < at < second["start"] for at in agent)
    assert any(second["end"] < at < third["start"] for at in agent)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sample_code_expiry", "sample_read_back"])
def test_the_committed_truth_is_what_the_script_makes(name: str, tmp_path: Path) -> None:
    pytest.importorskip("kokoro_onnx", reason="the voices extra is not installed")
    made = make_samples.make_sample(name, tmp_path, None).with_suffix(".json")
    assert json.loads(made.read_text()) == truth(name)
