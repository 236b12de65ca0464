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

from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.values import Word


@dataclass(frozen=True, slots=True)
class Cue:
    """Said at ``time`` (start of its last word, in samples of the call's clock) on ``channel``.

    ``entity`` is None where the phrase announces a number that is no secret.
    ``strong``: asks for the number itself; a weak cue (``card``) only mentions it.
    """

    time: int
    channel: int
    entity: Entity | None
    strong: bool


_CARD: Final = r"(?:card|cart|visa|master ?card|amex|american express|discover|debit|credit)"
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
        r"\b(?:c ?v ?v ?2?|c ?v ?c ?2?|c ?v ?2|c ?i ?d|c ?b ?b|c ?v ?b|cbc|see? ?v ?v)\b",
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
        r" (?:code|number|on|from|security)\b",
        Entity.CVV,
        True,
    ),
    (r"\bcode (?:is|on|for|from|please)\b", Entity.CVV, False),
    (
        r"\bexp(?:ir\w*|i?ration|iry|irey|\b)|\b(?:good|valid) (?:through|thru|until|till|to)\b"
        r"|\bmonth (?:and|end|or) year\b"
        r"|\bwhen (?:does|do|will|is) (?:the|your|this|that) (?:car|card|cart)\b"
        r"|\bwhen (?:does|do|will|is)\b(?: \w+){0,5} (?:fire|fired|aspire|inspire|buyer)\b",
        Entity.EXPIRY,
        True,
    ),
    (rf"\b{_SOCIAL}\b", Entity.US_SSN, True),
    # "card number" as a small recogniser writes it.
    (
        r"\b(?:car|call|cart|court|carb|guard|part|cod|code|heart|caught|current) numbers?\b",
        Entity.CREDIT_CARD,
        True,
    ),
    (
        rf"\b{_CARD} (?:number|numbers|digits|info|information|details|ending|ends)\b"
        rf"|\b{_CARD} (?:is|it s|its|reads)\b",
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
        r"\b(?:phone|telephone|cell|mobile|callback|call ?back|contact|fax) (?:number|is)\b"
        r"|\b(?:number|best)\b(?: \w+){0,3} (?:phone|reach|cell|mobile|call)\b"
        r"|\b(?:reach|call|text|ring) (?:you|me|us)\b|\b(?:call|cow|car) ?back\b",
        Entity.PHONE,
        True,
    ),
    (
        r"\b(?:order|confirmation|reference|tracking|invoice|ticket|case|booking|member(?:ship)?"
        r"|policy|serial|model|item|extension|flight|customer|claim|employee|badge|vin|promo"
        r"|reservation|account id|user) (?:number|numbers|id|code|is)\b",
        None,
        True,
    ),
    (r"\b(?:zip|zipcode|post ?code|postal)\b", None, True),
    (r"\b(?:address|street|apartment|suite|house number)\b", None, True),
    (
        r"\b(?:total|amount|balance|price|cost|how much|order is|order number|the charge)\b"
        r"|\b(?:payment|charge) of\b",
        None,
        True,
    ),
    (
        r"\bwhen (?:was|did|were|should|can|could|would)\b|\b(?:what|which) day\b|\byou place it\b",
        None,
        True,
    ),
    (r"\b(?:what time|appointment|delivery|deliver|arrive|schedule)\b", None, True),
)

_COMPILED: Final = tuple((re.compile(p), entity, strong) for p, entity, strong in _PHRASES)


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
            found.append(Cue(word.span.start, channel, entity, strong))
    return sorted(found, key=lambda cue: cue.time)
