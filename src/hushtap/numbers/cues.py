"""What was asked for, by whom, when: phrases that announce the next number.

A cue names the entities that may follow it, or none of them (a *harmless* cue:
phone, order, postcode ...). Phrases are matched on plain words, so they survive
the recogniser's punctuation; common mishearings are listed beside what they are
mistaken for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hushtap.timeline import to_samples
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from hushtap.values import Word


@dataclass(frozen=True, slots=True)
class Cue:
    """Said at ``time`` (start of its last word, in samples of the call's clock) on ``channel``.

    ``entity`` is None where the phrase announces a number that is no secret.
    ``strong``: asks for the number itself; a weak cue (``card``, ``total``) only mentions it.
    ``few``: for the last four of it only.
    """

    time: int
    channel: int
    entity: Entity | None
    strong: bool
    few: bool = False

    def harmless(self, secrets: Collection[Entity]) -> bool:
        """Whether it announces a number that is none of the ``secrets`` of a policy.

        The mere mention of a card announces nothing, whatever the policy.
        """
        return self.entity not in secrets and (self.strong or self.entity not in SECRET)


_CARD: Final = r"(?:card|cart|visa|master ?card|amex|american express|discover|debit|credit)"
_CALL_BACK: Final = r"(?:call|cal|cow|car|child|cold) ?back"
_SOCIAL: Final = r"(?:social security|social|ssn|s s n|so?sh?ul)"


_PHRASES: Final[tuple[tuple[str, Entity | None, bool], ...]] = (
    # Codes before cards: "the code on the back of the card" asks for the code.
    (
        r"\b(?:security|verification|card|signature|three digit|3 digit|four digit|4 digit)"
        r" (?:code|coat|number on the (?:back|front))s?\b",
        Entity.CVV,
        True,
    ),
    (
        r"\b(?:c ?v ?v ?2?|c ?v ?c ?2?|c ?v ?2?|c ?i ?d|c ?b ?b|c ?v ?b|cbc|see? ?v ?v)\b",
        Entity.CVV,
        True,
    ),
    (
        r"\b(?:code|digits?|numbers?|cards?|carts?|strip|three|3|four|4)\b(?: \w+){0,4}"
        r" (?:on|at|from) the (?:back|reverse)\b"
        r"|\bback of (?:the|your|my|that) (?:card|cart|car)\b",
        Entity.CVV,
        True,
    ),
    (r"\blast (?:three|3|free|tree)\b|\bsignature s\w+\b", Entity.CVV, True),
    (
        r"\b(?:three|3|free|tree|four|4|floor) (?:digit|number|did ?it)s?"
        r" (?:code|number|on|from|security|\w+ on)\b",
        Entity.CVV,
        True,
    ),
    (r"\bcode (?:is|on|for|from|please)\b", Entity.CVV, False),
    (
        r"\bexp(?:ir\w*|i?ration|iry|irey|\b)|\b(?:good|valid) (?:through|thru|until|till)\b"
        r"|\bvalid to\b|\bmonth (?:and|end|or) year\b"
        r"|\bwhen (?:does|do|will|is) (?:the|your|this|that) (?:car|card|cart)\b"
        r"|\bwhen (?:does|do|will|is)\b(?: \w+){0,5} (?:fire|fired|aspire|inspire|buyer)\b",
        Entity.EXPIRY,
        True,
    ),
    (rf"\b{_SOCIAL}\b", Entity.US_SSN, True),
    (
        r"\bfirst (?:five|5)\b(?! (?:minutes|hours|days|weeks|months|years|people|times|or)\b)",
        Entity.US_SSN,
        True,
    ),
    # "card number" as a small recogniser writes it.
    (
        r"\b(?:car|call|cart|court|carb|guard|part|cod|code|heart|caught|current) numbers?\b",
        Entity.CREDIT_CARD,
        True,
    ),
    (
        rf"\b{_CARD} (?:number|numbers|digits|info|information|details|ending|ends)\b"
        rf"|\b{_CARD} (?:is|it s|its|reads)\b(?! (?:good|valid) (?:until|till|through|thru)\b)",
        Entity.CREDIT_CARD,
        True,
    ),
    (rf"\b(?:number|numbers|digits|details)\b(?: \w+){{0,5}} {_CARD}\b", Entity.CREDIT_CARD, True),
    (r"\b(?:sixteen|16|fifteen|15|long) (?:digits?|numbers?)\b", Entity.CREDIT_CARD, True),
    (r"\blast (?:four|4)\b", Entity.CREDIT_CARD, True),
    (r"\bending (?:in|with)\b|\bends (?:in|with)\b", Entity.CREDIT_CARD, True),
    (r"\b(?:front|face) of (?:the|your|my|it)\b", Entity.CREDIT_CARD, True),
    (rf"\b{_CARD}\b", Entity.CREDIT_CARD, False),
    (r"\brouting\b|\ba b a\b", Entity.ROUTING_NUMBER, True),
    (r"\b(?:checking|savings|bank) account\b|\baccount number\b", Entity.BANK_ACCOUNT, True),
    (r"\b(?:pin|passcode|pin number|pin code)\b", Entity.PIN, True),
    (r"\b(?:date of birth|birth ?day|birth ?date|dob|d o b|born)\b", Entity.DATE_OF_BIRTH, True),
    (
        r"\b(?:phone|telephone|cell|mobile|callback|call ?back|child back|contact|fax) number\b"
        r"|\b(?:number|best)\b(?: \w+){0,3} (?:phone|reach|cell|mobile|call)\b"
        rf"|\b{_CALL_BACK}(?: \w+){{0,2}} numbers?\b",
        Entity.PHONE,
        True,
    ),
    (
        r"\b(?:phone|telephone|cell|mobile|callback|contact|fax) is\b"
        r"|\b(?:reach|call|text|ring) (?:you|me|us)\b|\b" + _CALL_BACK + r"\b",
        Entity.PHONE,
        False,
    ),
    (
        r"\b(?:order|confirmation|reference|tracking|invoice|ticket|case|booking|member(?:ship)?"
        r"|policy|serial|model|item|extension|flight|customer|claim|employee|badge|vin|promo"
        r"|reservation|account id|user) (?:number|numbers|id|code|is)\b",
        None,
        True,
    ),
    # "zip code" is often heard as "six code", by both ears.
    (r"\b(?:zip|zipcode|post ?code|postal)\b|\b(?:six|sip|sit|dip) codes?\b", None, True),
    (r"\b(?:address|street|apartment|suite|house number)\b", None, False),
    (r"\bhow much\b|\bwhat amount\b|\bwhat time\b|\b(?:what|which) day\b", None, True),
    (r"\bwhen (?:was|did|were|should|can|could|would)\b|\byou place it\b", None, True),
    (
        r"\b(?:total|amount|balance|price|cost|order is|the charge)\b|\b(?:payment|charge) of\b"
        r"|\b(?:appointment|delivery|deliver|arrive|schedule)\b",
        None,
        False,
    ),
)

_SPOTTED: Final[tuple[tuple[str, Entity | None, bool], ...]] = (
    (
        r"\b(?:security|card) (?:number )?code\b|\bcvv\b|\bsignature\b|\blast three\b"
        r"|\b(?:three|four) (?:digit|number|code)\b"
        r"|\b(?:code|digit|number|three|four|card)(?: (?!call\b)\w+)? back\b",
        Entity.CVV,
        True,
    ),
    (r"\bcode\b", Entity.CVV, False),
    (r"\bexpire\b|\bvalid\b|\bmonth year\b", Entity.EXPIRY, True),
    (r"\bsocial\b", Entity.US_SSN, True),
    (
        r"\b(?:card|credit)(?: \w+)? (?:number|digit|front)\b"
        r"|\b(?:number|digit)(?: \w+){0,2} (?:card|credit|front)\b"
        r"|\b(?:fifteen|sixteen) (?:digit|number)\b|\blast four\b",
        Entity.CREDIT_CARD,
        True,
    ),
    (r"\b(?:card|credit)\b", Entity.CREDIT_CARD, False),
    (
        r"\b(?:phone|mobile) number\b|\bcall (?:back )?number\b|\bnumber (?:reach|call|phone)\b",
        Entity.PHONE,
        True,
    ),
    (r"\b(?:phone|mobile|reach)\b|\bcall back\b", Entity.PHONE, False),
    (r"\bzip\b|\bsix code\b|\bpost\b(?: code\b)?", None, True),
    (r"\b(?:order|confirmation|reference|tracking|member) number\b", None, True),
    (r"\bdate birth\b", Entity.DATE_OF_BIRTH, True),
    (r"\bbirth\b", Entity.DATE_OF_BIRTH, False),
    (r"\bmuch (?:charge|total)\b", None, True),
    (r"\bmuch\b|\btotal\b|\breference\b", None, False),
)
"""As ``_PHRASES``, on the words that the spotter names; there are no others between them."""

SPOTTED_GAP_S: Final = 1.5
"""Seconds between two of its words that still make one phrase."""

SURE: Final = 0.5
SURE_HARMLESS: Final = 0.8
"""Probability from which on the spotter's word is taken for a cue. What makes a number
harmless must be surer than what makes it sensitive."""

SECRET: Final = frozenset({Entity.CREDIT_CARD, Entity.CVV, Entity.EXPIRY, Entity.US_SSN})
"""What is muted by every policy; anything else that is announced is harmless to most."""

_SECRET_WORDS: Final = frozenset(
    {"card", "credit", "security", "code", "cvv", "expire", "valid", "month", "year", "social"}
    | {"signature", "front", "back", "last", "digit"}
)

SAME_S: Final = 2.0
"""Seconds within which a cue that both ears heard is one."""

_FEW: Final = re.compile(r"^last (?:four|4)$|^end(?:ing|s) ")

_COMPILED: Final = tuple((re.compile(p), entity, strong) for p, entity, strong in _PHRASES)
_COMPILED_SPOTTED: Final = tuple((re.compile(p), entity, strong) for p, entity, strong in _SPOTTED)


def find_cues(words: Sequence[Word], channel: int) -> list[Cue]:
    """Return the cues in ``words`` of one channel, in order of time. Linear in the text."""
    text: list[str] = []
    owner: list[int] = []
    for index, word in enumerate(words):
        for piece in re.findall(r"[a-z0-9]+", word.text.lower()):
            text.append(piece)
            owner.extend([index] * (len(piece) + 1))
    joined = " ".join(text)
    found: list[Cue] = []
    for pattern, entity, strong in _COMPILED:
        for match in pattern.finditer(joined):
            word = words[owner[match.end() - 1]]
            few = bool(_FEW.search(match.group()))
            found.append(Cue(word.span.start, channel, entity, strong, few))
    return sorted(found, key=lambda cue: cue.time)


def spotted_cues(said: Sequence[Word], channel: int, rate: int) -> list[Cue]:
    """Return the cues among the words that the spotter names, in order of time.

    ``said``: number words and cue words of one channel, spans on a clock of ``rate`` Hz.
    """
    found: list[Cue] = []
    gap = to_samples(SPOTTED_GAP_S, rate)
    words = [word for word in said if word.probability >= SURE]
    for phrase in _phrases(words, gap):
        joined = " ".join(word.text for word in phrase)
        owner = [i for i, word in enumerate(phrase) for _ in range(len(word.text) + 1)]
        for pattern, entity, strong in _COMPILED_SPOTTED:
            for match in pattern.finditer(joined):
                first, last = owner[match.start()], owner[match.end() - 1]
                surest = min(word.probability for word in phrase[first : last + 1])
                if surest >= (SURE if entity in SECRET else SURE_HARMLESS):
                    few = bool(_FEW.search(match.group()))
                    found.append(Cue(phrase[last].span.start, channel, entity, strong, few))
    return sorted(found, key=lambda cue: cue.time)


def asks_for_secret(names: Iterable[str]) -> bool:
    """Return whether any of the spotter's cue words belongs to a request for a secret."""
    return not _SECRET_WORDS.isdisjoint(names)


def _phrases(words: Sequence[Word], gap: int) -> Iterator[Sequence[Word]]:
    """Cut words where more than ``gap`` samples lie between them."""
    start = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or words[i].span.start - words[i - 1].span.end > gap:
            yield words[start:i]
            start = i


def both_cues(read: Sequence[Cue], spotted: Sequence[Cue], rate: int) -> list[Cue]:
    """Return the cues of both ears in order of time; one that both heard comes once."""
    reach = to_samples(SAME_S, rate)
    new = [
        cue
        for cue in spotted
        if not any(
            known.entity is cue.entity
            and known.strong >= cue.strong
            and abs(known.time - cue.time) <= reach
            for known in read
        )
    ]
    return sorted([*read, *new], key=lambda cue: cue.time)
