"""The ledger of one call: which numbers were said, on which channel, and what they are.

Pieces (number runs of one channel) and cues (what was asked for) of all
channels are read in the order of time. A piece that was asked for is sensitive
from its first digit. One that nobody asked for joins a chain, across pauses and
the other speaker's "okay", which the recognizers judge by length, grouping and
context. Until a chain is judged, its audio is held.

The ledger is recomputed from the words as they stand, so it never depends on
how it came to know them; only mutes persist: what was once muted stays muted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from hushtap.numbers.cues import Cue, find_cues
from hushtap.numbers.spoken import Form, NumberRun, find_runs
from hushtap.pii.normalise import normalise
from hushtap.timeline import Span, merge, to_samples
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.ears.words import WordTrack
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import Judgement
    from hushtap.values import Word

CONTEXT_WORDS: Final = 8
"""Words before a chain that its judgement may read."""

CARD_DIGITS: Final = 13
"""Digits after which a card number counts as given."""

SETTLE_S: Final = 15.0
"""Seconds that a satisfied ask stays open, for read-back and corrections."""

SAME_BREATH_S: Final = 4.0
"""A harmless cue this soon after a sensitive one belongs to the same request."""

CARD_GAP_S: Final = 3.5
"""Seconds between groups of what may be a card number: people look at the card."""

WEAK_S: Final = 20.0
"""Seconds for which the mere mention of a card or the like counts."""

ENOUGH: Final = {Entity.CREDIT_CARD: 13, Entity.US_SSN: 9, Entity.CVV: 3, Entity.EXPIRY: 3}
"""Digits after which an ask counts as answered."""

_HARMLESS_FORMS: Final = frozenset(
    {Form.CURRENCY, Form.PERCENT, Form.ORDINAL, Form.UNIT, Form.STREET, Form.CLOCK}
)
_LONG: Final = 8
_WEAK_DIGITS: Final = 4


class Analyzer(Protocol):
    """What the ledger needs of the recognizers."""

    def analyse(
        self, text: str, *, context: Sequence[str] = (), groups: Sequence[int] = ()
    ) -> list[Judgement]:
        """Return judgements on ``text``; see ``hushtap.pii.recognizers``."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A number run of one channel: where it was said, and its digits (hidden)."""

    channel: int
    span: Span
    digits: str = field(repr=False)
    groups: tuple[int, ...]
    form: frozenset[Form]
    has_month: bool
    first: int
    last: int
    source: str = "words"
    lenient: bool = False
    aside: bool = False
    """A lone number word inside a sentence, or one that only names a count of digits."""
    tail: Span | None = None
    """Where the last four digits were said, if word bounds tell."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judged piece: the entity, or None for a number that is no secret."""

    piece: Piece
    entity: Entity | None
    score: float
    source: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What the ledger knows at one moment.

    ``hold_from``: per channel, the first sample of a number not yet judged, or None.
    ``armed``: a sensitive number was asked for and may still come.
    """

    verdicts: tuple[Verdict, ...]
    hold_from: tuple[int | None, ...]
    armed: bool


@dataclass(slots=True)
class _Chain:
    pieces: list[Piece] = field(default_factory=list)
    asked: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        return self.pieces[-1].span.end

    @property
    def digits(self) -> int:
        return sum(len(p.digits) for p in self.pieces)


@dataclass(slots=True)
class _Ask:
    """One entity that was asked for: until when, how firmly, and how much of it was said."""

    since: int
    until: int
    strong: bool
    digits: int = 0


class Ledger:
    """Numbers and cues of all channels of one call, on its clock of ``rate`` Hz."""

    def __init__(self, policy: Policy, rate: int, channels: int, analyzer: Analyzer) -> None:
        self._policy = policy
        self._rate = rate
        self._analyzer = analyzer
        self._words: list[list[Word]] = [[] for _ in range(channels)]
        self._pieces: list[list[Piece]] = [[] for _ in range(channels)]
        self._cues: list[list[Cue]] = [[] for _ in range(channels)]
        self._opinions: dict[tuple[str, tuple[str, ...]], tuple[Entity | None, float, str]] = {}

    def update(self, channel: int, track: WordTrack) -> None:
        """Take the words of one channel as they stand now."""
        words = self._words[channel] = track.words
        self._cues[channel] = find_cues(words, channel)
        pieces = []
        for lenient in (False, True):
            runs = find_runs(
                words, rate=self._rate, max_gap_s=self._policy.run_gap, lenient=lenient
            )
            pieces += [self._piece(channel, words, run, lenient=lenient) for run in runs]
        for suspect in track.suspects:
            pieces.append(
                Piece(
                    channel,
                    suspect.span,
                    "0" * suspect.digits,
                    (suspect.digits,),
                    frozenset(),
                    has_month=False,
                    first=-1,
                    last=-1,
                    source=suspect.source,
                    lenient=True,
                )
            )
        self._pieces[channel] = pieces

    def _piece(self, channel: int, words: list[Word], run: NumberRun, *, lenient: bool) -> Piece:
        span = Span(
            words[run.first].span.start,
            max(w.span.end for w in words[run.first : run.last + 1]),
        )
        before = words[run.first - 1] if run.first else None
        after = words[run.last + 1] if run.last + 1 < len(words) else None
        near = to_samples(0.3, self._rate)
        tight = (
            before is not None
            and after is not None
            and span.start - before.span.end < near
            and after.span.start - span.end < near
        )
        counts = after is not None and after.text.strip().lower().startswith("digit")
        names = before is not None and before.text.strip().lower().strip(",.") in {"last", "first"}
        short = run.last - run.first <= 1 and len(run.digits) <= 2
        tail = None
        if len(run.digits) >= 4 and (len(run.digits) == 4 or run.owners[-5] != run.owners[-4]):
            tail = Span(words[run.owners[-4]].span.start, span.end)
        return Piece(
            channel,
            span,
            run.digits,
            run.groups,
            run.form,
            run.has_month,
            run.first,
            run.last,
            lenient=lenient,
            aside=short and (counts or names or (tight and len(run.digits) == 1)),
            tail=tail,
        )

    def judge(self, now: int) -> Judged:
        """Return the state of all numbers, given that every channel was heard until ``now``."""
        events: list[tuple[int, int, Cue | Piece]] = []
        for cues in self._cues:
            events += [(cue.time, 0, cue) for cue in cues]
        for pieces in self._pieces:
            events += [(piece.span.start, 1, piece) for piece in pieces]
        events.sort(key=lambda e: (e[0], e[1]))

        asks: dict[Entity, _Ask] = {}
        harmless = False
        sensitive_at = digits_at = -to_samples(3600, self._rate)
        verdicts: list[Verdict] = []
        open_chains: list[_Chain] = []
        chains: list[_Chain] = []
        asked: list[str] = []
        for time, _, event in events:
            if isinstance(event, Cue):
                if event.entity is not None and event.entity in self._policy.entities:
                    self._ask(asks, event)
                    if event.strong:
                        harmless = False
                        sensitive_at = time
                elif event.strong:
                    recent = time - sensitive_at < to_samples(SAME_BREATH_S, self._rate)
                    if not (recent and digits_at < sensitive_at):
                        harmless = True
                continue
            entity, strong = self._asked_for(asks, event, harmless=harmless)
            if event.lenient != (strong is True):
                continue
            if entity is not None:
                ask = asks[entity]
                ask.digits += len(event.digits) + 2 * event.has_month
                digits_at = time
                if ask.digits >= ENOUGH.get(entity, 4):
                    ask.until = event.span.end + to_samples(SETTLE_S, self._rate)
                else:
                    ask.until = max(ask.until, event.span.end + to_samples(30, self._rate))
                verdicts.append(
                    Verdict(event, entity, 0.9 if strong else 0.7, f"{event.source}:asked")
                )
                continue
            if event.source == "words":
                chain = self._join(chains, event)
                if chain is None:
                    chain = _Chain([event])
                    chains.append(chain)
                else:
                    chain.pieces.append(event)
                found, _score, _rule = self._opinion(chain, time)
                if found is not None and found in self._policy.entities:
                    asks.setdefault(
                        found,
                        _Ask(time, event.span.end + to_samples(SETTLE_S, self._rate), strong=True),
                    )
        del asked, open_chains
        hold: list[int | None] = [None] * len(self._words)
        for chain in chains:
            entity, score, rule = self._opinion(chain, chain.pieces[0].span.start)
            verdicts += [Verdict(p, entity, score, rule) for p in chain.pieces]
            if entity is None and now - chain.end <= self._gap(chain):
                for piece in chain.pieces:
                    known = hold[piece.channel]
                    start = piece.span.start
                    hold[piece.channel] = start if known is None else min(known, start)
        armed = any(ask.until > now and ask.strong for ask in asks.values())
        return Judged(tuple(verdicts), tuple(hold), armed)

    def _ask(self, asks: dict[Entity, _Ask], cue: Cue) -> None:
        if cue.entity is None:
            return
        seconds = self._policy.arm_timeout if cue.strong else WEAK_S
        until = cue.time + to_samples(seconds, self._rate)
        known = asks.get(cue.entity)
        if known is None or known.until < cue.time or cue.strong:
            asks[cue.entity] = _Ask(cue.time, until, cue.strong)

    def _asked_for(
        self, asks: dict[Entity, _Ask], piece: Piece, *, harmless: bool
    ) -> tuple[Entity | None, bool | None]:
        """Return the entity that this piece answers, if any, and whether it was asked firmly."""
        time = piece.span.start
        live = {e: a for e, a in asks.items() if a.until > time and a.since <= time}
        firm = {e: a for e, a in live.items() if a.strong}
        if harmless or not live:
            return None, None
        if not firm:
            soft = max(live, key=lambda e: live[e].since)
            enough = len(piece.digits) >= _WEAK_DIGITS and not piece.form & _HARMLESS_FORMS
            return (soft, False) if enough and not piece.lenient else (None, None)
        if piece.aside or (piece.form & _HARMLESS_FORMS and len(piece.digits) < _LONG):
            return None, True
        return self._name(firm, piece), True

    def _name(self, asks: dict[Entity, _Ask], piece: Piece) -> Entity:
        """Choose among what was asked for by the shape of the piece, else the latest ask."""
        count = len(piece.digits)
        if Entity.EXPIRY in asks and (piece.has_month or Form.SLASH in piece.form):
            return Entity.EXPIRY
        latest = max(asks, key=lambda e: asks[e].since)
        if latest in {Entity.CVV, Entity.EXPIRY} and count >= _LONG:
            return next((e for e in (Entity.CREDIT_CARD, Entity.US_SSN) if e in asks), latest)
        return latest

    def _join(self, chains: list[_Chain], piece: Piece) -> _Chain | None:
        for chain in reversed(chains):
            if chain.pieces[-1].channel == piece.channel:
                near = piece.span.start - chain.end <= self._gap(chain)
                return chain if near else None
        return None

    def _gap(self, chain: _Chain) -> int:
        groups = [g for p in chain.pieces for g in p.groups]
        fours = all(g % 4 == 0 for g in groups[:-1]) and groups[-1] in {1, 2, 3, 4, 8, 12}
        harmless = any(p.form & _HARMLESS_FORMS for p in chain.pieces)
        card = not harmless and chain.digits >= 4 and (fours or chain.digits >= _LONG)
        return to_samples(CARD_GAP_S if card else self._policy.run_gap, self._rate)

    def _opinion(self, chain: _Chain, time: int) -> tuple[Entity | None, float, str]:
        """Ask the recognizers what a chain is, given the words before it on both channels."""
        channel = chain.pieces[0].channel
        words = self._words[channel]
        first, last = chain.pieces[0].first, chain.pieces[-1].last
        slice_ = words[max(0, first - CONTEXT_WORDS) : last + 5]
        runs = find_runs(slice_, rate=self._rate, max_gap_s=CARD_GAP_S + 0.5)
        text = normalise(slice_, runs)
        lo, hi = chain.pieces[0].span.start, chain.end
        inside = [
            r for r in runs if slice_[r.first].span.start < hi and slice_[r.last].span.end > lo
        ]
        context = tuple(self._question(channel, time))
        key = (text.text + f"@{first}-{last}", context)
        known = self._opinions.get(key)
        if known is None:
            known = (None, 0.0, "words")
            ranges = [_range(text.owners, r) for r in inside]
            for j in self._analyzer.analyse(text.text, context=context):
                touches = any(j.start < b and a < j.end for a, b in ranges)
                if (
                    touches
                    and j.entity in self._policy.entities
                    and j.score >= self._policy.min_score
                    and j.score > known[1]
                ):
                    known = (j.entity, j.score, f"words:{j.rule}")
            if len(self._opinions) > 256:
                self._opinions.clear()
            self._opinions[key] = known
        return known

    def _question(self, channel: int, time: int) -> list[str]:
        """Return the last words of the other channel before ``time``."""
        reach = time - to_samples(12, self._rate)
        return [
            w.text.strip().lower().strip(".,?!")
            for other, words in enumerate(self._words)
            if other != channel
            for w in words[-200:]
            if reach <= w.span.start < time
        ][-30:]


def _range(owners: Sequence[int], run: NumberRun) -> tuple[int, int]:
    inside = [i for i, owner in enumerate(owners) if run.first <= owner <= run.last]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def hull(verdicts: Sequence[Verdict]) -> list[Span]:
    """Return the merged spans of sensitive verdicts."""
    return merge(v.piece.span for v in verdicts if v.entity is not None)
