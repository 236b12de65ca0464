"""What the call is waiting for: asks that arm it, and what disarms it again.

Cues and pieces must come in the order of time. Three things make a piece
sensitive: a firm ask ("the card number, please"), the mere mention of a card
before a longer number, and the *payment phase*: once a card was asked for, a
number shaped like a code or an expiry date is one, even if the question for it
was not understood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from hushtap.numbers.ask import (
    ENOUGH,
    EVER,
    LAST,
    SMALL,
    WEAK_DIGITS,
    Ask,
    brief,
    counting,
    small,
)
from hushtap.numbers.pieces import HARMLESS_FORMS, Piece
from hushtap.numbers.spoken import Form
from hushtap.timeline import to_samples
from hushtap.values import Entity, HeardBy

if TYPE_CHECKING:
    from hushtap.numbers.cues import Cue
    from hushtap.pii.policy import Policy

SETTLE_S: Final = 15.0
"""Seconds that an answered ask stays open, for read-back and corrections."""

UNFINISHED_S: Final = 30.0
"""Seconds that an ask stays open after digits that were not all of it."""

WAIT_S: Final = 30.0
"""Seconds after a question, or the last digits of an answer that is not whole, in which
talk of a phone or a total does not turn what follows into a harmless number."""

WEAK_S: Final = 20.0
"""Seconds for which the mere mention of a card or the like counts."""

PHRASE_S: Final = 2.5
"""Seconds that one request takes to say."""

REQUEST_S: Final = 5.5
"""Seconds in which one request names all that it wants: "the last four of the card on file
and the billing zip code, please"."""

PROMPT_S: Final = 12.0
"""Seconds after a question in which a single digit may be the first of the answer."""

PAYMENT_S: Final = 60.0
"""Seconds after a card was asked for or read in which code and expiry are expected."""

HARMLESS_S: Final = 25.0
"""Seconds for which a harmless question waits for its answer."""

ANSWER_S: Final = 3.5
"""Seconds in which an answer goes on after its last digit."""

UNFINISHED: Final = frozenset({Entity.CREDIT_CARD, Entity.US_SSN})
"""Numbers so long that they are said in groups, of which some are not understood."""

INSIDE_S: Final = 4.0
"""Seconds after the last group in which the next is expected."""

TRAIL_S: Final = 1.5
"""Seconds after a long number in which a word that nobody understood is its last digit."""

LONG: Final = 8
CODE_DIGITS: Final = range(3, 5)
LONGER: Final = 5
"""Digits that neither a code nor an expiry date has."""
LONGEST: Final = 10
"""Digits that neither has even where the recogniser says them twice."""
_BRIEF: Final = frozenset({Entity.CVV, Entity.EXPIRY})
_PAYMENT: Final = frozenset({Entity.CREDIT_CARD, Entity.CVV, Entity.EXPIRY})


class Asks:
    """The asks of one call, on its clock of ``rate`` Hz."""

    def __init__(self, policy: Policy, rate: int) -> None:
        self._policy = policy
        self._rate = rate
        self._asks: dict[Entity, Ask] = {}
        self._harmless_until = EVER
        self._payment_until = EVER
        self._talked: dict[int, int] = {}

    def hear(self, cue: Cue) -> None:
        """Take a cue."""
        if cue.entity is not None and cue.entity in self._policy.entities:
            self._open(cue.entity, cue)
        elif cue.harmless(self._policy.entities) and not self._waits(cue):
            self._harmless_until = cue.time + self._samples(HARMLESS_S)

    def _waits(self, cue: Cue) -> bool:
        """Whether a firm ask is not answered, or not whole, and the harmless ``cue`` leaves it so.

        Only who asked can ask for something else instead, and only by another question:
        "hold on, let me put my phone down" is no question for a phone number, nor is what
        the ears disagree on in "your social security number". What one request names
        before anybody replied is wanted all of it. A code or date that was announced by who
        then said it ("it is valid until ...") was asked by nobody: any question goes on from it.
        """
        time = cue.time
        replied = max((at for c, at in self._talked.items() if c != cue.channel), default=EVER)
        phrase, request = self._samples(PHRASE_S), self._samples(REQUEST_S)
        latest = max(self._asks.values(), key=lambda ask: ask.since, default=None)
        asks = {cue.channel, -1}
        return any(
            ask.firm
            and not (
                cue.strong
                and (
                    ask.asker in asks
                    or (latest is not None and latest.asker in asks)
                    or (entity in _BRIEF and ask.digits > 0 and ask.channel == ask.asker)
                )
                and time - ask.since > (phrase if ask.digits or replied > ask.since else request)
            )
            and not ask.answered
            and ask.since <= time < min(ask.until, max(ask.since, ask.end) + self._samples(WAIT_S))
            for entity, ask in self._asks.items()
        )

    def _open(self, entity: Entity, cue: Cue) -> None:
        known = self._asks.get(entity)
        if entity is Entity.CREDIT_CARD and (asked := self._code_asked(cue)) is not None:
            if cue.strong:
                # "The code ... on the front of the card" asks for the code.
                self._open(asked, replace(cue, entity=asked))
            return
        if cue.strong:
            self._harmless_until = EVER
            if entity in _PAYMENT:
                self._payment_until = cue.time + self._samples(PAYMENT_S)
        elif known is not None and known.until >= cue.time:
            return
        seconds = self._policy.arm_timeout if cue.strong else WEAK_S
        asker = cue.channel
        if known is not None and known.until >= cue.time and known.asker != asker:
            asker = -1  # who was asked repeats what for: what follows is the answer
        few = cue.few or (cue.strong and self._spoke_of_last_four(entity, cue))
        enough = LAST if few else ENOUGH.get(entity, WEAK_DIGITS)
        until = cue.time + self._samples(seconds)
        self._asks[entity] = Ask(cue.time, until, cue.strong, enough, asker)

    def _spoke_of_last_four(self, entity: Entity, cue: Cue) -> bool:
        """Whether "the last four" was said just before, of what the ``cue`` then names.

        Taken for those of a card, they are let go where they are of something else.
        """
        spoken = self._asks.get(Entity.CREDIT_CARD)
        few = (
            spoken is not None
            and entity in UNFINISHED
            and spoken.enough == LAST
            and not spoken.digits
            and spoken.asker == cue.channel
            and 0 <= cue.time - spoken.since <= self._samples(PHRASE_S)
        )
        if few and entity is not Entity.CREDIT_CARD:
            del self._asks[Entity.CREDIT_CARD]
        return few

    def _code_asked(self, cue: Cue) -> Entity | None:
        """Return the code or date just spoken of there: "the code on the front of the card"."""
        for entity in (Entity.CVV, Entity.EXPIRY):
            ask = self._asks.get(entity)
            if (
                ask is not None
                and ask.asker in {cue.channel, -1}
                and 0 <= cue.time - ask.since <= self._samples(PHRASE_S)
            ):
                return entity
        return None

    def talk(self, time: int, channel: int) -> None:
        """Take note that a sentence was said on ``channel``: after an answer, the call moves on."""
        self._talked[channel] = time
        for ask in self._asks.values():
            if ask.answered and ask.channel != channel and time > ask.end:
                ask.done = ask.channel

    def found(self, entity: Entity, piece: Piece) -> None:
        """Take note of a sensitive number that nobody had asked for: more of it may follow."""
        end = piece.span.end
        until = end + self._samples(SETTLE_S)
        known = self._asks.get(entity)
        if known is None or known.until < until:
            said = piece.digits if known is None else known.said + piece.digits
            digits = len(piece.digits) + (known.digits if known is not None else 0)
            enough = ENOUGH.get(entity, WEAK_DIGITS)
            self._asks[entity] = Ask(
                piece.span.start,
                until,
                firm=True,
                enough=enough,
                digits=digits,
                said=said,
                channel=piece.channel,
                end=end,
            )
        if entity in _PAYMENT:
            self._payment_until = max(self._payment_until, end + self._samples(PAYMENT_S))

    def answer(self, piece: Piece) -> tuple[Entity | None, bool]:
        """Return the entity that ``piece`` answers, or None, and whether it was asked firmly.

        A firm ask wants the lenient reading of what follows, anything else the strict one.
        """
        time = piece.span.start
        if time < self._harmless_until:
            if piece.source == "unclear":
                return None, True
            self._harmless_until = min(
                self._harmless_until, piece.span.end + self._samples(ANSWER_S)
            )
            return None, False
        live = {
            e: a
            for e, a in self._asks.items()
            if a.since <= time < a.until
            and not (a.done == piece.channel and brief(piece))
            and not self._beside(e, a, piece)
        }
        firm = {e: a for e, a in live.items() if a.firm}
        if piece.source == "unclear":
            inside = self._unclear(firm, piece)
            return inside, inside is not None or not piece.repeats
        if firm:
            # The strict reading of the same words must not count their digits once more.
            return (self._answer_firm(firm, piece) if piece.lenient else None), True
        return self._answer_unasked(live, piece), False

    def _beside(self, entity: Entity, ask: Ask, piece: Piece) -> bool:
        """Whether ``piece`` is too short or too long for an answer, or for one said again."""
        if ask.answered and self._counts(piece):
            return True
        if entity in _BRIEF and len(piece.digits) >= (LONGER if ask.answered else LONGEST):
            return True
        if not small(piece):
            return False
        aside = ask.aside(piece) and not self._told(ask, piece)
        return aside or (ask.answered and not self._goes_on(entity, ask, piece))

    def _told(self, ask: Ask, piece: Piece) -> bool:
        """Whether who spoke of it said it: "the code on the back is" is no question."""
        return (
            len(piece.digits) == SMALL
            and piece.source != HeardBy.WORDS
            and piece.span.start - ask.since <= self._samples(INSIDE_S)
        )

    def _goes_on(self, entity: Entity, ask: Ask, piece: Piece) -> bool:
        """Whether a number however small is the rest of a long one, or a pair of it read back."""
        if not 0 <= piece.span.start - ask.end <= self._samples(INSIDE_S):
            return False
        rest = entity in UNFINISHED and piece.channel == ask.channel
        pair = len(piece.digits) == SMALL and piece.digits in ask.said and not piece.amid
        return pair or (rest and len(ask.said) < ask.full(entity))

    def _counts(self, piece: Piece) -> bool:
        """Whether ``piece`` is counting aloud, and says nothing again that was asked for."""
        return counting(piece) and not any(piece.digits in ask.said for ask in self._asks.values())

    def _answer_firm(self, firm: dict[Entity, Ask], piece: Piece) -> Entity | None:
        awaited = self.awaits(piece)
        # "The eleventh of twenty six": a date asked for may be said as one.
        dated = Entity.EXPIRY in firm and (
            piece.has_month or (awaited and piece.form & HARMLESS_FORMS == {Form.ORDINAL})
        )
        harmless = piece.harmless and not dated
        # The spotter knows no sentences: a number word that it hears is the answer awaited.
        aside = piece.aside and (piece.source == HeardBy.WORDS or not awaited)
        # A slash is heard as "last" and the like: the halves of a date asked for stand alone.
        half = Entity.EXPIRY in firm and len(piece.digits) == SMALL and self.expects(piece)
        if (aside and not half) or (harmless and len(piece.digits) < LONG):
            return None
        return self._take(self._name(firm, piece), piece)

    def _answer_unasked(self, live: dict[Entity, Ask], piece: Piece) -> Entity | None:
        """Return what a piece is by the payment phase, or by what was merely mentioned."""
        if piece.lenient or piece.harmless or piece.aside:
            return None
        paying = piece.span.start < self._payment_until
        # A code stands inside a sentence as often as alone, but then digit by digit.
        paying = paying and (piece.spelled or not piece.amid) and not self._counts(piece)
        shaped = self._payment_shape(piece) if paying else None
        if shaped is not None and shaped in self._policy.entities:
            return shaped
        if live and len(piece.digits) >= WEAK_DIGITS:
            return self._take(max(live, key=lambda e: live[e].since), piece)
        return None

    def awaits(self, piece: Piece) -> bool:
        """Whether ``piece`` may be the first that is said of what was firmly asked for."""
        time = piece.span.start
        return time >= self._harmless_until and any(
            a.firm
            and not a.digits
            and a.since <= time < min(a.until, a.since + self._samples(PROMPT_S))
            and a.asker != piece.channel
            for a in self._asks.values()
        )

    def expects(self, piece: Piece) -> bool:
        """Whether a firm ask waits for digits that ``piece`` may be among, or say again."""
        time = piece.span.start
        return self.awaits(piece) or (
            time >= self._harmless_until
            and any(
                ask.firm
                and 0 < ask.digits < ask.full(entity)
                and (ask.channel == piece.channel or ask.said.endswith(piece.digits))
                and 0 <= time - ask.end <= self._samples(INSIDE_S)
                for entity, ask in self._asks.items()
            )
        )

    def armed(self, now: int) -> bool:
        """Return whether a firm ask is open."""
        return any(ask.firm and ask.until > now and ask.done < 0 for ask in self._asks.values())

    def _take(self, entity: Entity, piece: Piece) -> Entity:
        if piece.early:
            return entity  # the answer is still to come
        ask = self._asks[entity]
        count = len(piece.digits) + 2 * piece.has_month
        # The strict reading of the same words may be counted already.
        again = piece.span.start < ask.end and piece.channel == ask.channel
        near = 0 <= piece.span.start - ask.end <= self._samples(INSIDE_S)
        more = ask.answered and (near or piece.digits not in ask.said)
        if ask.enough == LAST and more and piece.channel == ask.channel:
            ask.enough = ENOUGH.get(entity, WEAK_DIGITS)  # all of it after all
        echo = ask.echoes(piece)
        if again:
            ask.digits = max(ask.digits, count)
        elif not echo:
            ask.digits += count
            ask.said += piece.digits
        end = ask.end = piece.span.end
        if not echo or len(ask.said) >= ask.full(entity):
            ask.channel = piece.channel
        if ask.answered:
            ask.until = end + self._samples(SETTLE_S)
        else:
            ask.until = max(ask.until, end + self._samples(UNFINISHED_S))
        if entity in _PAYMENT:
            self._payment_until = max(self._payment_until, end + self._samples(PAYMENT_S))
        return entity

    def _unclear(self, firm: dict[Entity, Ask], piece: Piece) -> Entity | None:
        """Return the entity of which talk that makes no sense is likely a part.

        Inside a long number that is not yet complete, any such talk of who says it; and
        right after what was asked for, or announced by who says it; and whatever trails a
        long number, which is all that is made of what is faint.
        """
        for entity, ask in firm.items():
            since = piece.span.start - ask.end
            mine = entity in UNFINISHED and ask.digits > 0 and ask.channel == piece.channel
            if mine and 0 <= since <= self._samples(TRAIL_S):
                return entity
            if piece.faint:
                continue
            inside = mine and not ask.answered and since <= self._samples(INSIDE_S)
            limit = INSIDE_S if ask.asker == piece.channel else PROMPT_S
            if inside or (
                not piece.shy
                and not ask.digits
                and 0 <= piece.span.start - ask.since <= self._samples(limit)
            ):
                ask.channel = piece.channel
                ask.end = max(ask.end, piece.span.end)
                ask.digits += len(piece.digits)
                return entity
        return None

    def _name(self, firm: dict[Entity, Ask], piece: Piece) -> Entity:
        """Choose among what was asked for by the shape of the piece, else the latest ask."""
        if Entity.EXPIRY in firm and (piece.has_month or Form.SLASH in piece.form):
            return Entity.EXPIRY
        latest = max(firm, key=lambda e: firm[e].since)
        if latest in {Entity.CVV, Entity.EXPIRY} and len(piece.digits) >= LONG:
            return next((e for e in (Entity.CREDIT_CARD, Entity.US_SSN) if e in firm), latest)
        return latest

    def _payment_shape(self, piece: Piece) -> Entity | None:
        count = len(piece.digits)
        if piece.has_month and count in {2, 4}:
            return Entity.EXPIRY
        if count in CODE_DIGITS:
            month = piece.digits[: count - 2]
            return Entity.EXPIRY if 1 <= int(month) <= 12 and count == 4 else Entity.CVV  # noqa: PLR2004
        return None

    def _samples(self, seconds: float) -> int:
        return to_samples(seconds, self._rate)
