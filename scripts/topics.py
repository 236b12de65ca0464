"""What calls are about: each topic adds one question and its number, or a bit of talk, to a call.

The ways of saying a number are named in ``WAYS``; those of recorded speakers, who
have only some words, in ``RECORDED_WAYS``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import phrases
import recorded
import sayings
import small_talk
from dialogue import AGENT, CALLER, Dialogue, Group

Topic: TypeAlias = Callable[[Dialogue], None]
T = TypeVar("T")

FOURS = (4, 4, 4, 4)
SOCIAL = (3, 2, 4)
SILENT_LISTENERS = 0.35
CLOSE = (0.0, 0.05)
"""Seconds between a number and the words of its own sentence."""

CARD_WAYS = (
    *("singles", "commas", "pairs", "multiples", "hundreds", "one_breath", "backchannels"),
    *("hesitating", "corrected", "amex_singles", "amex_pairs", "read_back", "ending_in"),
    *("last_four", "unprompted"),
)
SSN_WAYS = (
    *("singles", "pairs", "commas", "oh", "zero", "one_breath", "backchannels"),
    *("last_four", "last_four_pairs", "unprompted", "read_back"),
)
WAYS: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": CARD_WAYS,
    "US_SSN": SSN_WAYS,
    "CVV": sayings.CVV_WAYS,
    "EXPIRY": sayings.EXPIRY_WAYS,
}
_PAIRED = {"pairs", "multiples", "hundreds", "amex_pairs", "last_four_pairs", "four_pairs"}
_DIGITS_ONLY: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": tuple(way for way in CARD_WAYS if way not in {*_PAIRED, "ending_in"}),
    "US_SSN": tuple(way for way in SSN_WAYS if way not in {*_PAIRED, "oh", "read_back"}),
    "CVV": ("singles", "commas", "in_sentence", "four_singles"),
    "EXPIRY": ("singles",),
}
_PROMPTS: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": tuple(way for way in CARD_WAYS if way != "multiples"),
    "US_SSN": SSN_WAYS,
    "CVV": tuple(way for way in sayings.CVV_WAYS if way != "multiples"),
    "EXPIRY": tuple(way for way in sayings.EXPIRY_WAYS if way != "of"),
}
READ_BY_AGENT = frozenset({"read_back", "ending_in"})


def ways(entity: str, speaker: str = "") -> tuple[str, ...]:
    """Return the ways in which a recorded speaker ("": a synthetic one) can say an entity."""
    if not speaker:
        return WAYS[entity]
    return (_PROMPTS if speaker == recorded.PROMPT_SPEAKER else _DIGITS_ONLY)[entity]


def pick(call: Dialogue, items: Sequence[T]) -> T:
    """Draw one of the items."""
    return items[int(call.rng.integers(len(items)))]


def ask(call: Dialogue, kind: str) -> None:
    """Let the agent ask for ``kind`` and the caller lead in."""
    call.say(AGENT, pick(call, phrases.ASKS[kind]))
    call.say(CALLER, pick(call, phrases.LEADS[kind]))


def backchannels(call: Dialogue, count: int) -> list[str]:
    """Draw what the agent says between groups; about every third gap stays empty."""
    silent = call.rng.random(count) < SILENT_LISTENERS
    return ["" if quiet else pick(call, phrases.BACKCHANNELS) for quiet in silent]


def card(way: str) -> Topic:
    """Card number said in one of ``CARD_WAYS``."""

    def topic(call: Dialogue) -> None:
        if way == "ending_in":
            _ending_in(call)
        elif way == "last_four":
            call.say(AGENT, pick(call, phrases.CARD4))
            _last_four(call, CALLER, "CREDIT_CARD", way)
        else:
            _whole_card(call, way)

    return topic


def _whole_card(call: Dialogue, way: str) -> None:
    amex = way.startswith("amex")
    if way == "unprompted":
        call.say(CALLER, pick(call, phrases.UNPROMPTED))
    else:
        ask(call, "AMEX" if amex else "CREDIT_CARD")
    length = int(call.rng.choice([13, 15, 16, 16, 19])) if way == "one_breath" else 16
    digits = sayings.card(
        call.rng,
        15 if amex else length,
        round_groups=way == "hundreds",
        repeats={"multiples": True, "hundreds": False}.get(way),
    )
    style = way.removeprefix("amex_")
    style = style if style in sayings.STYLES else "singles"
    lengths = (length,) if way == "one_breath" else (4, 6, 5) if amex else FOURS
    groups = sayings.grouped(digits, lengths, style, call.rng)
    between: Sequence[str] = backchannels(call, 3) if way == "backchannels" or amex else ()
    fillers: Sequence[str] = ()
    gap = (0.25, 0.7)
    if way == "backchannels":
        between = [between[0] or "Mm-hmm.", *between[1:]]
    elif way == "hesitating":
        fillers = [pick(call, (*phrases.FILLERS, "")) for _ in groups[1:]]
        gap = (0.3, 1.2)
    elif way == "corrected":
        wrong = sayings.grouped(f"{call.rng.integers(1000, 10000)}", (4,), style, call.rng)
        groups = [groups[0], *wrong, *groups[1:]]
        fillers = ["", pick(call, phrases.CORRECTIONS)]
    call.number(CALLER, "CREDIT_CARD", groups, between=between, fillers=fillers, gap=gap, way=way)
    if way == "read_back":
        _read_back(call, digits)


def _read_back(call: Dialogue, digits: str) -> None:
    call.say(AGENT, pick(call, phrases.READ_BACKS))
    groups = sayings.grouped(digits, FOURS, pick(call, ("singles", "pairs")), call.rng)
    call.number(AGENT, "CREDIT_CARD", groups, gap=(0.15, 0.4), way="read_back")
    call.say(CALLER, pick(call, ("Yes, that's right.", "Correct.")))


def _ending_in(call: Dialogue) -> None:
    call.say(AGENT, pick(call, phrases.ENDINGS))
    _last_four(call, AGENT, "CREDIT_CARD", "ending_in")
    call.say(CALLER, pick(call, ("Yes, that's the one.", "Correct, use that one.")))


def _last_four(call: Dialogue, channel: int, entity: str, way: str) -> None:
    digits = f"{call.rng.integers(1000, 10000)}"
    style = "pairs" if way.endswith("pairs") else "singles"
    call.number(channel, entity, sayings.grouped(digits, (4,), style, call.rng), way=way)


def ssn(way: str) -> Topic:
    """Social security number said in one of ``SSN_WAYS``."""

    def topic(call: Dialogue) -> None:
        if way.startswith("last_four"):
            ask(call, "SSN4")
            _last_four(call, CALLER, "US_SSN", way)
            return
        if way == "unprompted":
            call.say(CALLER, pick(call, phrases.UNPROMPTED_SSN))
        else:
            ask(call, "US_SSN")
        digits = sayings.ssn(call.rng)
        if way in {"oh", "zero"}:
            digits = f"{digits[:3]}0{digits[4:7]}0{digits[8:]}"
            parts = sayings.split(digits, SOCIAL)
            groups = [Group(part, sayings.digit_words(part, way)) for part in parts]
        else:
            style = way if way in sayings.STYLES else "singles"
            lengths = (len(digits),) if way == "one_breath" else SOCIAL
            groups = sayings.grouped(digits, lengths, style, call.rng)
        between = backchannels(call, 2) if way == "backchannels" else ()
        call.number(CALLER, "US_SSN", groups, between=between, way=way)
        if way == "read_back":
            call.say(AGENT, pick(call, phrases.SSN_READ_BACKS))
            again = sayings.grouped(digits, SOCIAL, "singles", call.rng)
            call.number(AGENT, "US_SSN", again, gap=(0.15, 0.4), way=way)
            call.say(CALLER, "Yes, that is correct.")

    return topic


def code(way: str) -> Topic:
    """Security code said in one of ``sayings.CVV_WAYS``."""

    def topic(call: Dialogue) -> None:
        groups = sayings.code(way, call.rng)
        if way == "in_sentence":
            _in_sentence(call, "CVV", groups)
            return
        ask(call, "CVV4" if way.startswith("four") else "CVV")
        call.number(CALLER, "CVV", groups, way=way)

    return topic


def expiry(way: str) -> Topic:
    """Expiry date said in one of ``sayings.EXPIRY_WAYS``."""

    def topic(call: Dialogue) -> None:
        groups = sayings.expiry(call.rng, way)
        if way == "in_sentence":
            _in_sentence(call, "EXPIRY", groups)
            return
        ask(call, "EXPIRY")
        call.number(CALLER, "EXPIRY", groups, way=way)

    return topic


def _in_sentence(call: Dialogue, entity: str, groups: Sequence[Group]) -> None:
    before, after = pick(call, phrases.IN_SENTENCE[entity])
    call.say(CALLER, before)
    call.number(CALLER, entity, groups, way="in_sentence", lead=CLOSE)
    call.pause(*CLOSE)
    call.say(CALLER, after)


def harmless(kind: str) -> Topic:
    """Add a number that nobody needs to hide, in a way that the caller's voice can say.

    A recorded speaker who has the words for none of them leaves the topic out.
    """
    make, known = sayings.HARMLESS[kind]

    def topic(call: Dialogue) -> None:
        speaker = call.speakers[CALLER].digits
        order = call.rng.permutation(len(known))
        for way in (known[at] for at in order):
            groups = make(way, call.rng)
            if not speaker or all(recorded.can_say(group.said, speaker) for group in groups):
                ask(call, kind)
                call.number(CALLER, kind, groups, gap=(0.15, 0.4), way=way)
                return

    return topic


def exchange(call: Dialogue, at: int) -> None:
    """Add question and answer ``at`` of all small talk."""
    both = (*small_talk.TALK, *small_talk.TALK_WITH_NUMBERS)
    question, answer = both[at % len(both)]
    call.say(AGENT, question)
    call.say(CALLER, answer)


EXCHANGES = len(small_talk.TALK) + len(small_talk.TALK_WITH_NUMBERS)
