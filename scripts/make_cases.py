"""Make labelled calls to tune or to judge by: every way of saying a number, two channels, 8 kHz.

    python scripts/make_cases.py --corpora DIR --out DIR --count 60 --split tune
    python scripts/make_cases.py --corpora DIR --out DIR --count 36 --digits-only

``--corpora`` (or HUSHTAP_CORPORA) is the folder that holds ``fsdd/``. The splits
share no voice and no recorded speaker. Case N depends only on the seed, the
split and N, so a longer run adds to a shorter one.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import soundfile as sf

import sayings as words
import speech
from dialogue import AGENT, CALLER, Dialogue, Speaker

Topic: TypeAlias = Callable[[Dialogue], None]

VOICES = {
    "tune": (
        "joe",
        "espeak:en-us",
        "espeak:en-us+f2",
        "joe",
        "espeak:en-gb-x-rp+m3",
        "kokoro:jf_alpha",
        "espeak:en-gb+f4",
        "joe",
    ),
    "judge": (
        "flite:slt",
        "kokoro:jf_nezumi",
        "flite:rms",
        "kokoro:jm_kumo",
        "flite:awb",
        "kokoro:jf_gongitsune",
        "flite:slt",
        "kokoro:jf_tebukuro",
    ),
}
AGENTS = {
    "tune": ("espeak:en-us+f2", "joe", "joe", "espeak:en-us+m7", "joe"),
    "judge": ("flite:rms", "flite:slt", "kokoro:jm_kumo", "flite:slt", "flite:rms"),
}
HUMANS = {"tune": ("jackson", "nicolas", "lucas"), "judge": ("theo", "george", "yweweler")}
LINES: tuple[tuple[str, float | None, float], ...] = (
    ("ULAW", None, 0.0),
    ("ALAW", 20.0, 0.0),
    ("ULAW", 10.0, 0.0),
    ("ALAW", None, 0.01),
)

SILENT_LISTENERS = 0.35


def ask(call: Dialogue, kind: str, *, unprompted: tuple[str, ...] = ()) -> None:
    """Let the agent ask for ``kind`` and the caller lead in, or the caller begin unasked."""
    if unprompted:
        call.say(CALLER, pick(call, unprompted))
        return
    call.say(AGENT, pick(call, words.ASKS[kind]))
    call.say(CALLER, pick(call, words.LEADS[kind]))


def pick(call: Dialogue, texts: tuple[str, ...]) -> str:
    """Draw one of the texts."""
    return texts[int(call.rng.integers(len(texts)))]


def backchannels(call: Dialogue, count: int) -> list[str]:
    """Draw what the agent says between groups; about every third gap stays empty."""
    silent = call.rng.random(count) < SILENT_LISTENERS
    return ["" if quiet else pick(call, words.BACKCHANNELS) for quiet in silent]


def card(style: str, *, listening: bool = False, unprompted: bool = False) -> Topic:
    """Card number in four groups said in ``style``, with the agent listening aloud or not."""

    def topic(call: Dialogue) -> None:
        ask(call, "CREDIT_CARD", unprompted=words.UNPROMPTED if unprompted else ())
        digits = words.card(call.rng, round_groups=style == "hundreds")
        groups = words.grouped(digits, (4, 4, 4, 4), style, call.rng)
        between = backchannels(call, 3) if listening else ()
        call.number(CALLER, "CREDIT_CARD", groups, between=between)

    return topic


def card_in_one(call: Dialogue) -> None:
    """Card number in one breath of single digits."""
    ask(call, "CREDIT_CARD")
    digits = words.card(call.rng, int(call.rng.choice([13, 16, 19])))
    call.number(CALLER, "CREDIT_CARD", words.grouped(digits, (len(digits),), "singles", call.rng))


def card_hesitating(call: Dialogue) -> None:
    """Card number with fillers between the groups, single digits."""
    ask(call, "CREDIT_CARD")
    groups = words.grouped(words.card(call.rng), (4, 4, 4, 4), "singles", call.rng)
    fillers = [pick(call, (*words.FILLERS, "")) for _ in groups[1:]]
    call.number(CALLER, "CREDIT_CARD", groups, fillers=fillers, gap=(0.3, 1.2))


def card_corrected(call: Dialogue) -> None:
    """Card number whose second group comes out wrong first, then right."""
    ask(call, "CREDIT_CARD")
    groups = words.grouped(words.card(call.rng), (4, 4, 4, 4), "singles", call.rng)
    wrong = words.grouped(f"{call.rng.integers(1000, 10000)}", (4,), "singles", call.rng)
    groups = [groups[0], *wrong, *groups[1:]]
    fix = ["", pick(call, words.CORRECTIONS)]
    call.number(CALLER, "CREDIT_CARD", groups, fillers=fix)


def amex(style: str) -> Topic:
    """Fifteen digits in groups of 4, 6 and 5."""

    def topic(call: Dialogue) -> None:
        ask(call, "AMEX")
        groups = words.grouped(words.card(call.rng, 15), (4, 6, 5), style, call.rng)
        call.number(CALLER, "CREDIT_CARD", groups, between=backchannels(call, 2))

    return topic


def read_back(call: Dialogue) -> None:
    """Card number, then the agent reads the whole of it back."""
    ask(call, "CREDIT_CARD")
    digits = words.card(call.rng)
    call.number(
        CALLER,
        "CREDIT_CARD",
        words.grouped(digits, (4, 4, 4, 4), "singles", call.rng),
        gap=(0.2, 0.4),
    )
    call.say(AGENT, pick(call, words.READ_BACKS))
    style = pick(call, ("singles", "pairs"))
    call.number(
        AGENT, "CREDIT_CARD", words.grouped(digits, (4, 4, 4, 4), style, call.rng), gap=(0.15, 0.4)
    )
    call.say(CALLER, pick(call, ("Yes, that's right.", "Correct.")))


def ending_in(call: Dialogue) -> None:
    """Only the last four digits of a card, read by the agent."""
    call.say(AGENT, pick(call, words.ENDINGS))
    last = f"{call.rng.integers(1000, 10000)}"
    call.number(AGENT, "CREDIT_CARD", words.grouped(last, (4,), "singles", call.rng))
    call.say(CALLER, pick(call, ("Yes, that's the one.", "Correct, use that one.")))


def code(call: Dialogue) -> None:
    """Three-digit security code."""
    ask(call, "CVV")
    digits = f"{call.rng.integers(0, 1000):03d}"
    call.number(
        CALLER,
        "CVV",
        words.grouped(digits, (3,), pick(call, ("singles", "commas", "multiples")), call.rng),
    )


def code_of_four(call: Dialogue) -> None:
    """Four-digit security code, as on an Amex, sometimes in pairs."""
    ask(call, "CVV4")
    digits = f"{call.rng.integers(1000, 10000)}"
    call.number(
        CALLER, "CVV", words.grouped(digits, (4,), pick(call, ("singles", "pairs")), call.rng)
    )


def expiry(call: Dialogue) -> None:
    """Expiry date."""
    ask(call, "EXPIRY")
    call.number(CALLER, "EXPIRY", words.expiry(call.rng))


def ssn(style: str, *, unprompted: bool = False) -> Topic:
    """Social security number in groups of 3, 2 and 4."""

    def topic(call: Dialogue) -> None:
        ask(call, "US_SSN", unprompted=words.UNPROMPTED_SSN if unprompted else ())
        groups = words.grouped(words.ssn(call.rng), (3, 2, 4), style, call.rng)
        between = backchannels(call, 2) if call.rng.integers(2) else ()
        call.number(CALLER, "US_SSN", groups, between=between)

    return topic


def last_four(call: Dialogue) -> None:
    """Last four digits of a social security number."""
    ask(call, "SSN4")
    digits = f"{call.rng.integers(1000, 10000)}"
    call.number(
        CALLER, "US_SSN", words.grouped(digits, (4,), pick(call, ("singles", "pairs")), call.rng)
    )


def plain(kind: str) -> Topic:
    """Return a topic with a number that nobody needs to hide."""

    def topic(call: Dialogue) -> None:
        ask(call, kind)
        call.number(CALLER, kind, words.harmless(kind, call.rng), gap=(0.15, 0.4))

    return topic


def talk(call: Dialogue) -> None:
    """A question and an answer without numbers."""
    question, answer = words.TALK[int(call.rng.integers(len(words.TALK)))]
    call.say(AGENT, question)
    call.say(CALLER, answer)


RECIPES: tuple[tuple[str, tuple[Topic, ...]], ...] = (
    ("card_groups", (talk, card("singles", listening=True))),
    ("card_pairs", (plain("ZIP"), card("pairs"), expiry)),
    ("code_expiry", (talk, code, plain("AMOUNT"), expiry)),
    ("ssn", (ssn("singles"), plain("DATE"))),
    ("harmless", (plain("PHONE"), plain("ORDER"), plain("AMOUNT"), plain("TIME"))),
    ("card_multiples", (card("multiples", listening=True), code)),
    ("amex", (amex("singles"), code_of_four)),
    ("read_back", (read_back,)),
    ("last_four", (talk, last_four, plain("PHONE"))),
    ("talk", (talk, talk, talk)),
    ("card_hundreds", (card("hundreds"), expiry)),
    ("card_unprompted", (card("singles", unprompted=True), plain("ZIP"))),
    ("ssn_pairs", (plain("ORDER"), ssn("pairs"))),
    ("card_corrected", (card_corrected, code)),
    ("harmless_dates", (plain("DATE"), plain("ZIP"), plain("TIME"), plain("ORDER"))),
    ("card_hesitating", (card_hesitating,)),
    ("ending_in", (ending_in, plain("AMOUNT"), code)),
    ("amex_pairs", (plain("PHONE"), amex("pairs"), expiry)),
    ("card_in_one", (card_in_one, expiry, code)),
    ("ssn_unprompted", (ssn("commas", unprompted=True), plain("TIME"))),
)

HUMAN_RECIPES: tuple[tuple[str, tuple[Topic, ...]], ...] = (
    ("human_card", (card("singles", listening=True),)),
    ("human_ssn", (ssn("singles"), plain("ZIP"))),
    ("human_code", (code, card_in_one)),
    ("human_harmless", (plain("PHONE"), plain("ORDER"), plain("ZIP"))),
    ("human_amex", (amex("singles"), code_of_four)),
)
HUMAN_EVERY = 4
"""Every fourth call is answered with recorded human digits."""


def make_case(out: Path, corpora: Path, split: str, seed: int, number: int) -> str:
    """Write case ``number`` as WAV and JSON into ``out`` and return its name."""
    rng = np.random.default_rng([seed, sorted(VOICES).index(split), number])
    human = number % HUMAN_EVERY == HUMAN_EVERY - 1
    turn = number // HUMAN_EVERY if human else number - number // HUMAN_EVERY
    recipes = HUMAN_RECIPES if human else RECIPES
    kind, topics = recipes[turn % len(recipes)]
    voices, agents = VOICES[split], AGENTS[split]
    voice = voices[(turn + turn // len(recipes)) % len(voices)]
    agent = next(a for a in np.roll(agents, -turn).tolist() if human or a != voice)
    caller = Speaker(
        talk="" if human else voice,
        speed=round(rng.uniform(0.85, 1.15), 2),
        digits=HUMANS[split][turn % len(HUMANS[split])] if human else "",
        gain_db=rng.uniform(-6, 3),
    )
    call = Dialogue((Speaker(agent, round(rng.uniform(0.95, 1.1), 2)), caller), rng, corpora)
    call.say(AGENT, pick(call, words.GREETINGS))
    call.say(CALLER, pick(call, words.WANTS))
    for topic in topics:
        topic(call)
    thanks, bye = words.THANKS[int(rng.integers(len(words.THANKS)))]
    call.say(AGENT, thanks)
    call.say(CALLER, bye)
    codec, snr_db, loss = LINES[(turn + turn // len(LINES)) % len(LINES)]
    name = f"{split}_{number:03d}_{kind}"
    call.write(out / f"{name}.wav", codec, snr_db, loss)
    return name


def make_digits(out: Path, corpora: Path, seed: int, number: int) -> str:
    """Write a mono string of 13-19 recorded digits in groups, nothing else, and return its name."""
    rng = np.random.default_rng([seed, 2, number])
    speakers = speech.fsdd_speakers(corpora)
    speaker = speakers[number % len(speakers)]
    length = 13 + (number // len(speakers)) * 6 // 5 % 7
    digits = words.card(rng, length)
    groups = tuple(len(part) for part in words.split(digits, words.card_groups(length)))
    spoken, extents = speech.splice_digits(digits, speaker, corpora, rng, groups)
    edge = speech.RATE // 2
    line = speech.telephone(np.pad(spoken, (edge, edge)), rng, ("ULAW", "ALAW")[number % 2])
    parts = words.split(digits, groups)
    spans = [
        {
            "channel": 0,
            "start": round((a + edge) / speech.RATE, 4),
            "end": round((b + edge) / speech.RATE, 4),
            "entity": "CREDIT_CARD",
            "sensitive": True,
            "text": part,
            "said": words.digit_words(part),
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
    parser.add_argument("--split", choices=sorted(VOICES), default="tune")
    parser.add_argument("--digits-only", action="store_true")
    args = parser.parse_args()
    if args.corpora is None or not (args.corpora / "fsdd").is_dir():
        parser.error(
            "no recorded digits: --corpora or HUSHTAP_CORPORA must name a folder with fsdd/"
        )
    args.out.mkdir(parents=True, exist_ok=True)
    for number in range(args.first, args.first + args.count):
        if args.digits_only:
            name = make_digits(args.out, args.corpora, args.seed, number)
        else:
            name = make_case(args.out, args.corpora, args.split, args.seed, number)
        print(name, flush=True)


if __name__ == "__main__":
    main()
