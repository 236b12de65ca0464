"""One thing that was asked for, and what a number is beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hushtap.values import Entity

if TYPE_CHECKING:
    from hushtap.numbers.pieces import Piece

ENOUGH: Final = {Entity.CREDIT_CARD: 13, Entity.US_SSN: 7, Entity.CVV: 3, Entity.EXPIRY: 3}
"""Digits after which an ask counts as answered: some may have gone unheard."""

FULL: Final = {Entity.CREDIT_CARD: 16, Entity.US_SSN: 9}
"""Digits that a long number has: up to them, even one or two that follow are its rest."""

LAST: Final = 4
"""Digits of a number that are asked for where not all of it is."""

WEAK_DIGITS: Final = 4
SMALL: Final = 2
EVER: Final = -(10**12)


@dataclass(slots=True)
class Ask:
    """One thing that was asked for, from the question to the end of the answer. Not thread-safe.

    ``since``, ``until``: when it was asked for, and how long it is open, in samples of the
    call's clock; ``firm``: asked for, not only mentioned.
    """

    since: int
    until: int
    firm: bool
    enough: int
    """Digits after which it counts as answered: some may have gone unheard."""
    asker: int = -1
    digits: int = 0
    """How many were said, without those that the other speaker said again."""
    said: str = field(default="", repr=False)
    channel: int = -1
    """Who answers, once digits came."""
    end: int = EVER
    """Where the last of the answer ended."""
    done: int = -1
    """The channel that gave all of it, once the other has gone on, which may still read it back."""

    @property
    def answered(self) -> bool:
        """Whether all of it seems to have been said."""
        return self.digits >= self.enough

    def aside(self, piece: Piece) -> bool:
        """Whether ``piece`` comes from who asked, before anybody answered."""
        return not self.digits and piece.channel == self.asker

    def full(self, entity: Entity) -> int:
        """Return how many digits all of it has."""
        return self.enough if self.enough == LAST else FULL.get(entity, self.enough)

    def echoes(self, piece: Piece) -> bool:
        """Whether the other speaker says again what was said of it."""
        return piece.channel != self.channel and piece.digits in self.said


def small(piece: Piece) -> bool:
    """Whether a number is no more than one that sentences are full of: "two", "thirty five"."""
    sure = len(piece.digits) if piece.sure < 0 else piece.sure
    return sure <= SMALL and not piece.has_month and not piece.doubt


def brief(piece: Piece) -> bool:
    """Whether a number is too short, or too much of a date, to be a complete answer said again."""
    return piece.has_month or len(piece.digits) < WEAK_DIGITS


def counting(piece: Piece) -> bool:
    """Whether somebody counts aloud: "one, two, three"."""
    return len(piece.digits) > SMALL and "123456789".startswith(piece.digits)
