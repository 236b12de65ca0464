"""Make labelled calls to tune or to judge by: every way of saying a number, two channels, 8 kHz.

    python scripts/make_cases.py --corpora DIR --out DIR --split judge --count 200
    python scripts/make_cases.py --corpora DIR --out DIR --condition clean noise gsm
    python scripts/make_cases.py --corpora DIR --out DIR --count 36 --digits-only

``--corpora`` (or HUSHTAP_CORPORA) is the folder that holds ``fsdd/``. The splits
share no voice and no recorded speaker. Case N depends only on the seed, the
split and N, so a longer run adds to a shorter one; more than one ``--condition``
spoils the same dialogue in as many ways, each in a folder of its own.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import soundfile as sf

import phrases
import recorded
import sayings
import speech
import spoil
import topics
from dialogue import AGENT, CALLER, Dialogue, Speaker
from voice_cache import VoiceCache

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cast:
    """The voices of one split; ``humans`` are recorded speakers of numbers, by turns."""

    callers: tuple[str, ...]
    agents: tuple[str, ...]
    humans: tuple[str, ...]
    around: spoil.Surroundings

    @property
    def everyone(self) -> frozenset[str]:
        """All voices, the babble's included."""
        return frozenset({*self.callers, *self.agents, *self.humans, *self.around.babblers})


CASTS = {
    "tune": Cast(
        callers=(
            *("joe", "joe", "joe"),
            *("espeak:en-us", "espeak:en-us+f2", "espeak:en-gb-x-rp+m3", "espeak:en-gb+f4"),
            *("espeak:en-gb-scotland+m1", "espeak:en-029+f3", "espeak:en-us-nyc+m7"),
            *("festival:kal_diphone", "festival:ked_diphone"),
        ),
        agents=("joe", "joe", "espeak:en-us+f2", "festival:ked_diphone", "espeak:en-gb+f4"),
        humans=("jackson", "nicolas", "lucas"),
        around=spoil.Surroundings(
            babblers=(
                *("joe", "espeak:en-us", "espeak:en-gb+f4"),
                *("festival:kal_diphone", "festival:ked_diphone"),
            ),
            music=("macroform-cold_day", "manolo_camp-morning_coffee"),
        ),
    ),
    "judge": Cast(
        callers=(
            *("flite:slt", "flite:slt", "flite:slt", "flite:rms", "flite:rms", "flite:rms"),
            *("flite:awb", "flite:awb", "flite:awb", "flite:slt"),
            *("kokoro:jf_alpha", "kokoro:jf_nezumi", "kokoro:jm_kumo"),
            *("kokoro:jf_gongitsune", "kokoro:jf_tebukuro"),
        ),
        agents=(
            *("flite:slt", "flite:rms", "flite:awb", "flite:slt", "flite:rms", "flite:awb"),
            *("kokoro:jf_alpha", "kokoro:jm_kumo"),
        ),
        humans=("theo", recorded.PROMPT_SPEAKER, "george", "yweweler"),
        around=spoil.Surroundings(
            babblers=("flite:slt", "flite:rms", "flite:awb", "flite:slt", "flite:rms"),
            music=("macroform-the_simplicity", "macroform-robot_dity", "reno_project-system"),
        ),
    ),
}
SPLITS = tuple(sorted(CASTS, reverse=True))

SHARES = 10
"""Calls differ by the last digit of their number:"""
HARMLESS = frozenset({4, 9})
"""no sensitive number, and nothing but talk in every other one of them,"""
HUMAN = frozenset({1, 3, 8, 9})
"""numbers by a recorded speaker."""
TALK_SPEEDS = (0.95, 1.05)
TALK_SPEED_OF_KOKORO, TALK_OF_KOKORO = 1.0, 3
"""One speed and every third exchange only: Kokoro is slow, and what it has said once is kept."""
SECONDS_BEFORE = (10.0, 28.0)
"""When the first number may come, and how long a call lasts."""
SECONDS = (58.0, 82.0)


@dataclass(frozen=True, slots=True)
class Series:
    """A split of cases: who speaks in it, where recorded digits lie, what keeps rendered speech."""

    split: str
    seed: int
    corpora: Path
    cast: Cast
    voices: VoiceCache

    @property
    def key(self) -> tuple[int, int]:
        """What all that is drawn for the series depends on."""
        return self.seed, SPLITS.index(self.split)


@dataclass(frozen=True, slots=True)
class Plan:
    """Who speaks in a call, and about what."""

    kind: str
    agent: Speaker
    caller: Speaker
    topics: tuple[topics.Topic, ...]


def dealt(items: Sequence[T], turn: int, *seed: int) -> T:
    """Return item ``turn`` of endless shuffled decks: each item once before any comes again."""
    order = np.random.default_rng([*seed, turn // len(items)]).permutation(len(items))
    return items[int(order[turn % len(items)])]


def plan(series: Series, number: int, rng: np.random.Generator) -> Plan:
    """Return what call ``number`` of a series is made of."""
    cast, key = series.cast, series.key
    digit = number % SHARES
    human = dealt(cast.humans, _turn(number, HUMAN), *key, 1) if digit in HUMAN else ""
    voice = dealt(cast.callers, number, *key, 2)
    agents = (dealt(cast.agents, number + step, *key, 3) for step in range(2 * len(cast.agents)))
    agent = Speaker(next(name for name in agents if name != voice))
    agent = replace(agent, speed=speed(agent.talk, rng))
    caller = Speaker(
        voice,
        speed(voice, rng),
        digits=human,
        gain_db=round(float(rng.uniform(-6, 3)), 1),
        number_speed=round(0.05 * round(float(rng.uniform(17, 24))), 2),
    )
    if digit in HARMLESS:
        kind, about = _harmless(number, human, rng)
    else:
        kind, about, by_agent = _sensitive(number, human, key, rng)
        if by_agent and human == recorded.PROMPT_SPEAKER:
            agent, caller = replace(agent, digits=human), replace(caller, digits="")
    return Plan(f"human_{kind}" if human else kind, agent, caller, about)


def _turn(number: int, digits: frozenset[int]) -> int:
    """Return how many of the calls before ``number`` end in one of the digits."""
    block, digit = divmod(number, SHARES)
    return block * len(digits) + sum(other < digit for other in digits)


def speed(voice: str, rng: np.random.Generator) -> float:
    """Draw how fast a voice talks."""
    drawn = float(rng.choice(TALK_SPEEDS))
    return TALK_SPEED_OF_KOKORO if voice.startswith("kokoro") else drawn


def _sensitive(
    number: int, human: str, key: tuple[int, int], rng: np.random.Generator
) -> tuple[str, tuple[topics.Topic, ...], bool]:
    """Return name and topics of a call with sensitive numbers, and if the agent says the first."""
    calls = (HUMAN if human else frozenset(range(SHARES)) - HUMAN) - HARMLESS
    turn = _turn(number, calls)
    deck = (*key, 4 + bool(human) + (human == recorded.PROMPT_SPEAKER))
    entities = ("CREDIT_CARD", "US_SSN")
    mains = [(entity, way) for entity in entities for way in topics.ways(entity, human)]
    entity, way = dealt(mains, turn, *deck)
    first = (topics.card if entity == "CREDIT_CARD" else topics.ssn)(way)
    cvv = topics.code(dealt(topics.ways("CVV", human), turn, *deck, 1))
    expires = topics.expiry(dealt(topics.ways("EXPIRY", human), turn, *deck, 2))
    others = [topics.harmless(str(kind)) for kind in rng.permutation(list(sayings.HARMLESS))]
    rest = [cvv, expires] if rng.integers(2) else [expires, cvv]
    if entity == "US_SSN":
        rest = rest[: int(rng.integers(2))]
    about = [first, *rest, others[0]]
    about.insert(int(rng.integers(len(about))), others[1])
    name = f"{'card' if entity == 'CREDIT_CARD' else 'ssn'}_{way}"
    return name, tuple(about), way in topics.READ_BY_AGENT


def _harmless(
    number: int, human: str, rng: np.random.Generator
) -> tuple[str, tuple[topics.Topic, ...]]:
    if not human and number // SHARES % 2:
        return "talk", ()
    kinds = rng.permutation(list(sayings.HARMLESS))
    return "harmless", tuple(topics.harmless(str(kind)) for kind in kinds)


def make_call(series: Series, number: int) -> tuple[str, Dialogue]:
    """Return name and dialogue of case ``number``; nothing has spoiled it yet."""
    rng = np.random.default_rng([*series.key, number])
    made = plan(series, number, rng)
    call = Dialogue((made.agent, made.caller), rng, series.corpora, render=series.voices.say)
    call.facts = {
        "split": series.split,
        "voices": {"agent": made.agent.voices, "caller": made.caller.voices},
        "human": bool(made.agent.digits or made.caller.digits),
    }
    slow = any(speaker.talk.startswith("kokoro") for speaker in call.speakers)
    known = range(0, topics.EXCHANGES, TALK_OF_KOKORO if slow else 1)
    small = iter(rng.permutation(known).tolist())
    call.say(AGENT, topics.pick(call, phrases.GREETINGS))
    call.say(CALLER, topics.pick(call, phrases.WANTS))
    first = rng.uniform(*SECONDS_BEFORE) * speech.RATE
    while call.at < first:
        topics.exchange(call, next(small))
    last = rng.uniform(*SECONDS) * speech.RATE
    for topic in made.topics:
        topic(call)
        if call.at < last:
            topics.exchange(call, next(small))
    while call.at < last:
        topics.exchange(call, next(small))
    thanks, bye = topics.pick(call, phrases.THANKS)
    call.say(AGENT, thanks)
    call.say(CALLER, bye)
    return f"{series.split}_{number:03d}_{made.kind}", call


def make_case(
    out: Path, series: Series, number: int, conditions: Sequence[str] = ("clean",)
) -> str:
    """Write case ``number`` as WAV and JSON and return its name.

    One condition is written into ``out``, several each into its sub folder.
    """
    name, call = make_call(series, number)
    for condition in conditions:
        folder = out if len(conditions) == 1 else out / condition
        folder.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng([*series.key, number, spoil.CONDITIONS.index(condition)])
        line, facts = spoil.over_the_line(call, condition, number, series.cast.around, rng)
        call.save(folder / f"{name}.wav", line, facts)
    return name


def make_digits(out: Path, corpora: Path, seed: int, number: int) -> str:
    """Write a mono string of 13-19 recorded digits in groups, nothing else, and return its name."""
    rng = np.random.default_rng([seed, 2, number])
    speakers = speech.fsdd_speakers(corpora)
    speaker = speakers[number % len(speakers)]
    length = 13 + (number // len(speakers)) * 6 // 5 % 7
    digits = sayings.card(rng, length)
    groups = tuple(len(part) for part in sayings.split(digits, sayings.card_groups(length)))
    spoken, extents = speech.splice_digits(digits, speaker, corpora, rng, groups)
    edge = speech.RATE // 2
    line = speech.telephone(np.pad(spoken, (edge, edge)), rng, ("ULAW", "ALAW")[number % 2])
    parts = sayings.split(digits, groups)
    spans = [
        {
            "channel": 0,
            "start": round((a + edge) / speech.RATE, 4),
            "end": round((b + edge) / speech.RATE, 4),
            "entity": "CREDIT_CARD",
            "sensitive": True,
            "text": part,
            "said": sayings.digit_words(part),
            "number": 0,
        }
        for part, (a, b) in zip(parts, extents, strict=True)
    ]
    name = f"digits_{number:03d}_{speaker}"
    sf.write(out / f"{name}.wav", line, speech.RATE)
    truth = {"sample_rate": speech.RATE, "channels": 1, "spans": spans}
    (out / f"{name}.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return name


def main() -> None:
    """Read the command line and make the cases."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--corpora", type=Path, default=os.environ.get("HUSHTAP_CORPORA"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=SPLITS, default="tune")
    parser.add_argument("--condition", nargs="+", choices=spoil.CONDITIONS, default=["clean"])
    parser.add_argument("--cache", type=Path, help="folder that keeps rendered speech")
    parser.add_argument("--digits-only", action="store_true")
    args = parser.parse_args()
    if args.corpora is None or not (args.corpora / "fsdd").is_dir():
        parser.error(
            "no recorded digits: --corpora or HUSHTAP_CORPORA must name a folder with fsdd/"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    cast = CASTS[args.split]
    series = Series(args.split, args.seed, args.corpora, cast, VoiceCache(args.cache))
    for number in range(args.first, args.first + args.count):
        if args.digits_only:
            name = make_digits(args.out, args.corpora, args.seed, number)
        else:
            name = make_case(args.out, series, number, args.condition)
        print(name, flush=True)


if __name__ == "__main__":
    main()
