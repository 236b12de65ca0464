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
import recorded
import sayings
import small_talk
import speech
import spoil
import topics
from dialogue import CALLER, Dialogue, Speaker
from make_cases import Cast, Series
from voice_cache import VoiceCache

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


@pytest.fixture(scope="module")
def series(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Series:
    """The calls of the tune split, spoken by espeak-ng alone."""
    cast = Cast(
        callers=("espeak:en-us", "espeak:en-gb+f4"),
        agents=("espeak:en-us+f2",),
        humans=("jackson", "george"),
        around=spoil.Surroundings(babblers=("espeak:en-gb+f4",), music=()),
    )
    return Series("tune", 1, corpora, cast, VoiceCache(tmp_path_factory.mktemp("said")))


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
    tune, judge = make_cases.CASTS["tune"], make_cases.CASTS["judge"]
    assert not tune.everyone & judge.everyone
    assert not set(tune.around.music) & set(judge.around.music)
    assert not any(voice.startswith("kokoro") for voice in tune.everyone)


def test_a_case_depends_on_its_number_alone(tmp_path: Path, series: Series) -> None:
    once, again = tmp_path / "once", tmp_path / "again"
    for folder, order in ((once, (3, 15)), (again, (15, 3))):
        for number in order:
            make_cases.make_case(folder, series, number)
    made = sorted(path.name for path in once.iterdir())
    assert len(made) == 4
    assert all((once / name).read_bytes() == (again / name).read_bytes() for name in made)


def test_what_was_said_before_is_taken_from_the_folder(tmp_path: Path) -> None:
    first = VoiceCache(tmp_path).say("Mm-hmm.", "espeak:en-us")
    (kept,) = tmp_path.iterdir()
    np.save(kept, np.load(kept) // 2)
    again = VoiceCache(tmp_path).say("Mm-hmm.", "espeak:en-us")
    assert np.abs(again * 2 - first).max() < 3 / 32_768
    VoiceCache(tmp_path).say("Mm-hmm.", "espeak:en-us", 1.1)
    VoiceCache(tmp_path).say("Mm-hmm.", "espeak:en-us+f2")
    assert len(list(tmp_path.iterdir())) == 3
    assert np.array_equal(VoiceCache().say("Mm-hmm.", "espeak:en-us"), first)


def test_a_deck_deals_everything_before_anything_again() -> None:
    dealt = [make_cases.dealt(range(7), turn, 5) for turn in range(21)]
    assert all(sorted(dealt[at : at + 7]) == list(range(7)) for at in (0, 7, 14))
    assert dealt[:7] != dealt[7:14]


@pytest.fixture(scope="module")
def spoiled(series: Series, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("spoiled")
    make_cases.make_case(out / "clean", series, 0)
    make_cases.make_case(out, series, 1, spoil.CONDITIONS)
    return out


def test_conditions_spoil_the_same_dialogue(spoiled: Path) -> None:
    for path in (spoiled / "noise").glob("*.json"):
        truths = {
            folder.name: json.loads((folder / path.name).read_text())
            for folder in spoiled.iterdir()
        }
        assert set(truths) == set(spoil.CONDITIONS)
        assert all(truth["spans"] == truths["clean"]["spans"] for truth in truths.values())
        assert all(truth["condition"] == name for name, truth in truths.items())
        assert [truths[name]["snr_db"] for name in ("clean", "noise")] == [None, 10.0]
        assert [truths[name]["loss"] for name in ("clean", "loss")] == [0.0, 0.02]
        assert truths["gsm"]["codec"].startswith("GSM610+")
        heard = {
            name: sf.read((spoiled / name / path.name).with_suffix(".wav"), dtype="int16")[0]
            for name in truths
        }
        assert len({audio.shape for audio in heard.values()}) == 1
        assert len({audio.tobytes() for audio in heard.values()}) == len(heard)


def test_numbers_lie_where_the_truth_says(spoiled: Path) -> None:
    for path in sorted((spoiled / "clean").glob("*.json")):
        audio, rate = sf.read(path.with_suffix(".wav"), dtype="int16")
        truth = json.loads(path.read_text())
        assert len(truth["spans"]) > 3
        for span in truth["spans"]:
            side = audio[:, span["channel"]].astype(float)
            start, end = round(span["start"] * rate), round(span["end"] * rate)
            inside = np.std(side[start:end])
            assert inside > 300
            assert np.std(side[start : start + 480]) > inside / 40
            assert np.std(side[end - 480 : end]) > inside / 40
            assert np.std(side[start - 240 : start]) < inside / 4 or span["way"] == "in_sentence"


def test_recorded_words_are_marked_one_by_one(spoiled: Path) -> None:
    (path,) = (spoiled / "clean").glob("*human*.json")
    truth = json.loads(path.read_text())
    assert truth["human"] is True
    for span in truth["spans"]:
        assert len(span["words"]) == len(span["said"].split()) == len(span["text"])
        edges = list(itertools.chain(*span["words"]))
        assert edges == sorted(edges)
        assert (edges[0], edges[-1]) == pytest.approx((span["start"], span["end"]), abs=1e-4)


def test_the_other_side_talks_from_inside_the_numbers(series: Series) -> None:
    rng = np.random.default_rng(1)
    for number in range(3):
        _, call = make_cases.make_call(series, number)
        added = spoil.talk_over(call, rng)
        assert added
        for at, channel, piece in added:
            inside = [
                span
                for span in call.truth()["spans"]  # type: ignore[attr-defined]
                if span["channel"] != channel and span["start"] < at / speech.RATE < span["end"]
            ]
            assert len(inside) == 1
            taken = [
                (begin, begin + len(other)) for begin, side, other in call.pieces if side == channel
            ]
            assert all(end <= at or begin >= at + len(piece) for begin, end in taken)


def test_noise_is_as_loud_as_it_says(series: Series) -> None:
    _, call = make_cases.make_call(series, 0)
    side = call.mix()[: 40 * speech.RATE, CALLER]
    around = series.cast.around
    for noise in ("pink", "babble"):
        rng = np.random.default_rng(4)
        heard = spoil.noisy(side, noise, series.voices.say, around, rng) - side
        ratio = 20 * np.log10(speech.active_rms(side) / np.sqrt(np.mean(np.square(heard))))
        assert ratio == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("entity", sorted(topics.WAYS))
def test_every_way_of_saying_a_number_reaches_the_truth(entity: str, corpora: Path) -> None:
    say = {
        "CREDIT_CARD": topics.card,
        "US_SSN": topics.ssn,
        "CVV": topics.code,
        "EXPIRY": topics.expiry,
    }[entity]
    voices = VoiceCache()
    for speaker, way in itertools.product(("", "jackson"), topics.WAYS[entity]):
        if way not in topics.ways(entity, speaker):
            continue
        rng = np.random.default_rng(3)
        sides = (Speaker("espeak:en-us+f2"), Speaker("espeak:en-us", digits=speaker))
        call = Dialogue(sides, rng, corpora, render=voices.say)
        say(way)(call)
        spans = call.truth()["spans"]
        assert isinstance(spans, list)
        assert {span["way"] for span in spans} == {way}
        assert {span["entity"] for span in spans} == {entity}
        assert all(span["sensitive"] for span in spans)


@pytest.mark.parametrize("kind", sorted(sayings.HARMLESS))
def test_harmless_numbers_are_said_in_many_ways(kind: str) -> None:
    make, ways = sayings.HARMLESS[kind]
    rng = np.random.default_rng(9)
    said = {way: make(way, rng) for way in ways}
    assert len(said) >= 5
    assert all(
        group.digits.isdigit() and group.said for groups in said.values() for group in groups
    )


def test_a_code_has_the_digits_of_its_way() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        said = {way: sayings.code(way, rng)[0] for way in sayings.CVV_WAYS}
        assert all(
            len(group.digits) == (4 if way.startswith("four") else 3) for way, group in said.items()
        )
        assert "oh" in said["oh"].said.split()
        assert "double" in said["multiples"].said or "triple" in said["multiples"].said


def test_recorded_speakers_say_only_what_they_have() -> None:
    assert recorded.can_say("four one, one", "jackson")
    assert not recorded.can_say("forty one", "jackson")
    assert recorded.can_say("March twenty seven", recorded.PROMPT_SPEAKER)
    assert not recorded.can_say("double one", recorded.PROMPT_SPEAKER)
    assert recorded.wording("oh nine", "09", "jackson") == "zero nine"
    assert recorded.wording("nineteen", "19", "jackson") == "one nine"


@pytest.mark.skipif(
    not recorded.PROMPTS.is_dir(), reason="apt-get install asterisk-core-sounds-en-wav"
)
def test_recorded_prompts_say_compounds_in_one() -> None:
    rng = np.random.default_rng(6)
    said = "forty one eleven, three hundred"
    spoken, extents = recorded.splice(said, recorded.PROMPT_SPEAKER, None, rng)
    pauses = [
        (after - before) / speech.RATE for (_, before), (after, _) in itertools.pairwise(extents)
    ]
    forty_one, one_eleven, comma, three_hundred = pauses
    assert max(forty_one, three_hundred) <= 0.05
    assert 0.03 <= one_eleven <= 0.2 <= comma <= 0.45
    assert extents[-1][1] == len(spoken)


@pytest.mark.skipif(shutil.which("text2wave") is None, reason="apt-get install festival")
def test_festival_talks_at_the_speed_it_is_told() -> None:
    slow, fast = (speech.say("One moment, please.", "festival:kal_diphone", s) for s in (0.8, 1.2))
    assert len(slow) / len(fast) == pytest.approx(1.5, rel=0.15)


def test_small_talk_is_varied_and_holds_no_hidden_numbers() -> None:
    assert len({*small_talk.TALK, *small_talk.TALK_WITH_NUMBERS}) >= 60
    words = {*sayings.BELOW_TWENTY, *sayings.TENS[2:], "hundred", "thousand", "oh", "double"}
    plain = " ".join((*itertools.chain(*small_talk.TALK), *small_talk.ONLY_WORDS)).lower()
    said = set(plain.replace(",", " ").replace(".", " ").replace("?", " ").split())
    assert not said & (words - {"oh"})


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
