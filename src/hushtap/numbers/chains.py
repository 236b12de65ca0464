"""Chains of number pieces, and what the recognizers make of one that nobody asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hushtap.numbers.asks import HARMLESS_S
from hushtap.numbers.spoken import find_runs
from hushtap.pii.normalise import normalise
from hushtap.timeline import Span, to_samples
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.numbers.cues import Cue
    from hushtap.numbers.ledger import Analyzer, Verdict
    from hushtap.numbers.pieces import Piece
    from hushtap.numbers.spoken import NumberRun
    from hushtap.pii.policy import Policy
    from hushtap.values import Word

CARD_GAP_S: Final = 3.5
"""Seconds between groups of what may be a card number: people look at the card."""

WORDS_BEFORE: Final = 8
WORDS_AFTER: Final = 4
"""Words around a chain that its judgement may read."""

QUESTION_S: Final = 12.0
QUESTION_WORDS: Final = 30
"""How far back, in seconds and words, the other channel's question may lie."""

DENSE_DIGITS: Final = 9
DENSE_SCORE: Final = 0.6
"""Digits of a chain from which on it is taken for a card where nothing says otherwise."""

WHOLE: Final = 10
"""Digits of an announced number that may be all of it, so that the next is another."""

TOO_LONG: Final = 13
"""Digits from which on no announcement makes a number harmless: no phone number has them."""

VAGUE: Final = ("-near", "-length")
"""Rules for shapes that many numbers have: what was asked for is for ``Asks`` to say."""

SHORT: Final = frozenset({Entity.CVV, Entity.EXPIRY})
"""Entities too short to be known by their shape: only an ask or the payment phase names them."""

OPINIONS: Final = 256
"""Judgements remembered; a call has a few dozen numbers open to judgement."""


@dataclass(slots=True)
class Chain:
    """Pieces of one channel that may be one number; ``entity`` where it was asked for."""

    pieces: list[Piece]
    entity: Entity | None = None
    led: Entity | None = None
    """Of which number, asked for right after it, it is the start."""

    @property
    def channel(self) -> int:
        """Who says it."""
        return self.pieces[0].channel

    @property
    def span(self) -> Span:
        """From its first digit to its last."""
        return Span(self.pieces[0].span.start, self.pieces[-1].span.end)

    @property
    def start(self) -> int:
        """Where it starts at the earliest, doubtful words included."""
        return min(piece.reach.start for piece in self.pieces)

    @property
    def digits(self) -> str:
        """All digits in order, those of its pieces in a row."""
        return "".join(piece.digits for piece in self.pieces)


@dataclass(slots=True)
class Side:
    """What was heard on one channel of a call, as it stands."""

    words: list[Word] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    strict: list[Piece] = field(default_factory=list)
    lenient: list[Piece] = field(default_factory=list)
    talk: list[int] = field(default_factory=list)
    """Where words of talk start; ``clear_talk``: those that the recogniser was sure of."""
    clear_talk: list[int] = field(default_factory=list)
    emails: list[Verdict] = field(default_factory=list)


class Opinions:
    """Judges chains by length, grouping and the words around them on all ``sides`` of a call."""

    def __init__(
        self, policy: Policy, rate: int, analyzer: Analyzer, sides: Sequence[Side]
    ) -> None:
        self._policy = policy
        self._rate = rate
        self._analyzer = analyzer
        self._sides = sides
        self._known: dict[object, tuple[Entity | None, float, str]] = {}

    def of(self, chain: Chain) -> tuple[Entity | None, float, str]:
        """Ask the recognizers what a chain is, given the words before it on both channels."""
        if self._announced(chain):
            return None, 0.0, ""
        if self._is_dense(chain):
            return Entity.CREDIT_CARD, DENSE_SCORE, "dense"
        side = self._sides[chain.channel]
        words = side.words
        first, last = chain.pieces[0].first, chain.pieces[-1].last
        # Other numbers stay out of the text: next to this one they would read as part of it.
        others = [p for p in side.strict if p.last < first or p.first > last]
        start = max([0, first - WORDS_BEFORE, *(p.last + 1 for p in others if p.last < first)])
        end = min([last + 1 + WORDS_AFTER, *(p.first for p in others if p.first > last)])
        around = words[start:end]
        context = self._question(chain)
        key = (tuple(w.text for w in around), tuple(w.span for w in around), first - start, context)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= OPINIONS:
                self._known.clear()
            known = self._known[key] = self._analyse(
                around, Span(first - start, last + 1 - start), context
            )
        return known

    def _is_dense(self, chain: Chain) -> bool:
        """Whether so many digits came in a row, announced as nothing else, that it must be a card.

        A number of which groups were lost has no shape left for the recognizers.
        """
        if Entity.CREDIT_CARD not in self._policy.entities or len(chain.digits) < DENSE_DIGITS:
            return False
        return not any(p.harmless for p in chain.pieces)

    def whole(self, chain: Chain) -> bool:
        """Whether the chain is a harmless number that seems to be complete, as far as it goes."""
        return len(chain.digits) >= WHOLE and self._announced(chain)

    def _announced(self, chain: Chain) -> bool:
        """Whether the chain was announced as something harmless, and is not too long for it."""
        start = chain.span.start - to_samples(HARMLESS_S, self._rate)
        cues = [
            cue
            for channel in self._sides
            for cue in channel.cues
            if start <= cue.time < chain.span.start
            and (cue.strong or cue.harmless(self._policy.entities))
        ]
        last = max(cues, key=lambda cue: cue.time, default=None)
        return (
            last is not None
            and last.harmless(self._policy.entities)
            and len(chain.digits) < TOO_LONG
        )

    def _analyse(
        self, words: Sequence[Word], inside: Span, context: tuple[str, ...]
    ) -> tuple[Entity | None, float, str]:
        runs = find_runs(words, rate=self._rate, max_gap_s=CARD_GAP_S)
        text = normalise(words, runs)
        mine = [r for r in runs if r.first < inside.end and r.last >= inside.start]
        ranges = [_range(text.owners, run) for run in mine]
        best: tuple[Entity | None, float, str] = (None, 0.0, "")
        for judgement in self._analyzer.analyse(text.text, context=context):
            touches = any(judgement.start < b and a < judgement.end for a, b in ranges)
            vague = judgement.rule.endswith(VAGUE) and judgement.entity is not Entity.CREDIT_CARD
            vague = vague or judgement.rule.endswith("-part")
            wanted = judgement.entity in self._policy.entities - SHORT
            enough = judgement.score >= self._policy.min_score
            if touches and wanted and enough and not vague and judgement.score > best[1]:
                best = (judgement.entity, judgement.score, judgement.rule)
        return best

    def _question(self, chain: Chain) -> tuple[str, ...]:
        """Return the last words that the other channel said before the chain."""
        end = chain.span.start
        start = end - to_samples(QUESTION_S, self._rate)
        return tuple(
            word.text.strip().lower().strip(".,?!")
            for index, channel in enumerate(self._sides)
            if index != chain.channel
            for word in channel.words[-200:]
            if start <= word.span.start < end
        )[-QUESTION_WORDS:]


def _range(owners: Sequence[int], run: NumberRun) -> tuple[int, int]:
    inside = [i for i, owner in enumerate(owners) if run.first <= owner <= run.last]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)
