from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

import make_cases
import sayings
import speech

SCRIPTS = Path(__file__).parents[2] / "scripts"

pytestmark = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is missing: apt-get install espeak-ng"
)


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stand-in recordings: the digits by espeak-ng under the names of FSDD's files."""
    folder = tmp_path_factory.mktemp("corpora")
    (folder / "fsdd").mkdir()
    for speaker, digit in itertools.product(("jackson", "george"), range(10)):
        voice = {"jackson": "espeak:en-us", "george": "espeak:en-us+f2"}[speaker]
        piece = speech.say(sayings.ONES[digit], voice)
        sf.write(folder / "fsdd" / f"{digit}_{speaker}_0.wav", piece, speech.RATE)
    return folder


def luhn(number: str) -> int:
    doubled = [int(digit) * (1 + n % 2) for n, digit in enumerate(reversed(number))]
    return sum(value // 10 + value % 10 for value in doubled) % 10


@pytest.mark.parametrize(
    ("say", "digits", "said"),
    [
        (sayings.pairs, "4111", "forty one eleven"),
        (sayings.pairs, "0927", "oh nine twenty seven"),
        (sayings.pairs, "10005", "one oh oh oh five"),
        (sayings.multiples, "4111", "four triple one"),
        (sayings.multiples, "1111", "triple one one"),
        (sayings.multiples, "5005", "five double zero five"),
        (sayings.hundreds, "4100", "four thousand one hundred"),
        (sayings.hundreds, "5500", "five thousand five hundred"),
        (sayings.hundreds, "4000", "four thousand"),
        (sayings.hundreds, "4111", "forty one eleven"),
        (sayings.digit_words, "40", "four zero"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_numbers_in_words(say: object, digits: str, said: str) -> None:
    assert callable(say)
    assert say(digits) == said


@pytest.mark.parametrize("length", range(13, 20))
def test_made_cards_have_their_length_and_pass_the_luhn_check(length: int) -> None:
    rng = np.random.default_rng(length)
    made = [sayings.card(rng, length, round_groups=bool(n % 2)) for n in range(200)]
    assert {len(number) for number in made} == {length}
    assert {luhn(number) for number in made} == {0}
    assert len(set(made)) > 150


def test_made_ssns_were_given_to_nobody() -> None:
    rng = np.random.default_rng(5)
    made = [sayings.ssn(rng) for _ in range(100)]
    assert all(len(number) == 9 and number.startswith("9") for number in made)


def test_the_splits_share_no_voice() -> None:
    tune, judge = (
        {*make_cases.VOICES[split], *make_cases.AGENTS[split], *make_cases.HUMANS[split]}
        for split in ("tune", "judge")
    )
    assert not tune & judge


def test_a_case_depends_on_its_number_alone(tmp_path: Path, corpora: Path) -> None:
    once, again = tmp_path / "once", tmp_path / "again"
    for folder, order in ((once, (3, 15)), (again, (15, 3))):
        folder.mkdir()
        for number in order:
            make_cases.make_case(folder, corpora, "tune", 1, number)
    made = sorted(path.name for path in once.iterdir())
    assert len(made) == 4
    assert all((once / name).read_bytes() == (again / name).read_bytes() for name in made)


def test_recorded_digits_make_a_mono_call(tmp_path: Path, corpora: Path) -> None:
    for number in range(8):
        name = make_cases.make_digits(tmp_path, corpora, 1, number)
        truth = json.loads((tmp_path / f"{name}.json").read_text())
        info = sf.info(tmp_path / f"{name}.wav")
        assert (info.channels, info.samplerate) == (1, 8_000)
        digits = "".join(span["text"] for span in truth["spans"])
        assert 13 <= len(digits) <= 19
        assert {span["number"] for span in truth["spans"]} == {0}
        assert truth["spans"][-1]["end"] == pytest.approx(info.duration - 0.5, abs=0.001)


def test_spliced_groups_lie_where_the_speech_is(corpora: Path) -> None:
    rng = np.random.default_rng(2)
    spoken, extents = speech.splice_digits("1234567", "jackson", corpora, rng, (3, 4))
    (start, end), (next_start, last) = extents
    assert (start, last) == (0, len(spoken))
    assert not spoken[end:next_start].any()
    assert 0.4 <= (next_start - end) / speech.RATE <= 0.9
    assert all(np.abs(spoken[at : at + 80]).max() > 0 for at in (start, next_start))


def test_the_telephone_keeps_the_length_and_adds_what_it_is_told() -> None:
    rng = np.random.default_rng(1)
    clean = np.pad(speech.say("How can I help you today?", "espeak:en-us+f2"), 8_000)
    for codec in ("ULAW", "ALAW"):
        line = speech.telephone(clean, rng, codec, snr_db=20.0, loss=0.05)
        assert line.shape == clean.shape
        assert line.dtype == np.int16
    quiet, noisy = (
        speech.telephone(clean, rng, "ULAW", snr_db=snr)[:8_000] for snr in (30.0, 10.0)
    )
    ratio = 20 * np.log10(np.std(noisy.astype(float)) / np.std(quiet.astype(float)))
    assert ratio == pytest.approx(20, abs=3)


def test_the_telephone_carries_nothing_outside_its_band() -> None:
    t = np.arange(8_000) / speech.RATE
    for hertz, passes in ((100, False), (1_000, True), (3_700, False)):
        tone = (0.1 * np.sin(2 * np.pi * hertz * t)).astype(np.float32)
        line = speech.telephone(tone, np.random.default_rng(1)).astype(float)[2_000:6_000]
        assert bool(np.std(line) > 1_000) is passes


def test_an_unknown_voice_is_named() -> None:
    with pytest.raises(ValueError, match="no voice 'nobody'"):
        speech.speak("hello", "nobody")


def test_without_a_corpus_the_script_says_what_it_needs(tmp_path: Path) -> None:
    script = [sys.executable, str(SCRIPTS / "make_cases.py"), "--out", str(tmp_path / "cases")]
    run = subprocess.run(
        [*script, "--corpora", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 2
    assert "--corpora or HUSHTAP_CORPORA" in run.stderr
    assert "Traceback" not in run.stderr
