"""The ledger of one call: which numbers were said, on which channel, and what they are.

Pieces (number runs of one channel) and cues (what was asked for) of all
channels are read in the order of time. A piece that was asked for is sensitive
from its first digit. One that nobody asked for joins a chain, across pauses and
the other speaker's "okay", which the recognizers judge by length, grouping and
context. Until a chain is judged, its audio is held.

The ledger is recomputed from the words as they stand, so it never depends on
how it came to know them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from presidio_analyzer.predefined_recognizers import CreditCardRecognizer

from hushtap.numbers.asks import HARMLESS_S, Asks
from hushtap.numbers.cues import Cue, find_cues
from hushtap.numbers.pieces import LAST, Piece, find_pieces, find_unclear, mark_lone
from hushtap.numbers.spoken import Part, find_runs, parts
from hushtap.pii.normalise import normalise
from hushtap.timeline import Span, to_samples
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hushtap.ears.words import Suspect
    from hushtap.numbers.spoken import NumberRun
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import Judgement
    from hushtap.values import Word

WORDS_BEFORE: Final = 8
WORDS_AFTER: Final = 4
"""Words around a chain that its judgement may read."""

QUESTION_S: Final = 12.0
QUESTION_WORDS: Final = 30
"""How far back, in seconds and words, the other channel's question may lie."""

CARD_GAP_S: Final = 3.5
"""Seconds between groups of what may be a card number: people look at the card."""

TALK_WORDS: Final = 3
LISTENER_WORDS: Final = 5
"""Words that are neither numbers nor fillers that end a chain: of the speaker, of the listener
(whose "mm-hmm" a small recogniser spells as words)."""

GROUP: Final = 3
"""Digits in a row from which on more of the same number may follow after a pause."""

LONE_S: Final = 1.5
"""Seconds around a digit in which another makes it part of a number."""

SENTENCE_S: Final = 3.0
"""Seconds in which so many words make a sentence."""

DENSE_DIGITS: Final = 9
DENSE_SCORE: Final = 0.6
"""Digits of a chain from which on it is taken for a card where nothing says otherwise."""

TOO_LONG: Final = 13
"""Digits from which on no announcement makes a number harmless: no phone number has them."""

VAGUE: Final = ("-near", "-length")
"""Rules for shapes that many numbers have: what was asked for is for ``Asks`` to say."""

SHORT: Final = frozenset({Entity.CVV, Entity.EXPIRY})
"""Entities too short to be known by their shape: only an ask or the payment phase names them."""

EMAIL_WORDS: Final = 40
"""Words in which an e-mail address is looked for: a spoken one takes a dozen."""


CARD_LENGTHS: Final = range(13, 20)
OPINIONS: Final = 256
"""Judgements remembered; a call has a few dozen numbers open to judgement."""

_LUHN: Final = CreditCardRecognizer()


class Analyzer(Protocol):
    """What the ledger needs of the recognizers."""

    def analyse(
        self, text: str, *, context: Sequence[str] = (), groups: Sequence[int] = ()
    ) -> list[Judgement]:
        """Return judgements on ``text``; see ``hushtap.pii.recognizers``."""
        ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """A sensitive piece: where it is to be muted (before widening), what it is, why."""

    channel: int
    span: Span
    entity: Entity
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


@dataclass(frozen=True, slots=True)
class Talk:
    """A sentence without numbers was said on ``channel``; ``time`` in samples."""

    time: int
    channel: int


@dataclass(slots=True)
class _Chain:
    """Pieces of one channel that may be one number; ``entity`` where it was asked for."""

    pieces: list[Piece]
    entity: Entity | None = None
    led: Entity | None = None
    """Of which number, asked for right after it, it is the start."""

    @property
    def channel(self) -> int:
        return self.pieces[0].channel

    @property
    def span(self) -> Span:
        return Span(self.pieces[0].span.start, self.pieces[-1].span.end)

    @property
    def start(self) -> int:
        return min(piece.reach.start for piece in self.pieces)

    @property
    def digits(self) -> str:
        return "".join(piece.digits for piece in self.pieces)


@dataclass(slots=True)
class _Channel:
    words: list[Word] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    strict: list[Piece] = field(default_factory=list)
    lenient: list[Piece] = field(default_factory=list)
    talk: list[int] = field(default_factory=list)
    """Where words of talk start; ``clear_talk``: those that the recogniser was sure of."""
    clear_talk: list[int] = field(default_factory=list)
    emails: list[Verdict] = field(default_factory=list)


class Ledger:
    """Numbers and cues of all channels of one call, on its clock of ``rate`` Hz."""

    def __init__(self, policy: Policy, rate: int, channels: int, analyzer: Analyzer) -> None:
        self._policy = policy
        self._rate = rate
        self._analyzer = analyzer
        self._channels = [_Channel() for _ in range(channels)]
        self._opinions: dict[object, tuple[Entity | None, float, str]] = {}

    def update(
        self,
        channel: int,
        words: Sequence[Word],
        suspects: Sequence[Suspect],
        spotted: Callable[[Span], bool] | None = None,
    ) -> None:
        """Take the words of one channel as they stand now.

        ``suspects``: where the words may be wrong. ``spotted`` tells whether the
        spotter hears number speech in a span; a doubt that it does not share is dropped.
        """
        strict, lenient = find_pieces(words, suspects, channel, self._rate, self._policy.run_gap)
        unclear = find_unclear(words, channel, self._rate)
        if spotted is not None:
            # What only the words ear suspects is no number; nor is a word or two of it.
            strict = [p for p in strict if len(p.digits) >= GROUP or p.has_month or spotted(p.span)]
            clear = [p.span for p in strict]
            lenient = [
                p
                for p in lenient
                if spotted(p.span) or (not p.doubt and any(p.span.overlaps(c) for c in clear))
            ]
            unclear = [p for p in unclear if spotted(p.span)]
        doubted = {i for piece in unclear for i in range(piece.first, piece.last + 1)}
        talk = [i for i, part in enumerate(parts(words)) if part is Part.OTHER]
        near = to_samples(LONE_S, self._rate)
        self._channels[channel] = _Channel(
            list(words),
            find_cues(words, channel),
            mark_lone(strict, near),
            [*mark_lone(lenient, near), *unclear],
            [words[i].span.start for i in talk],
            [words[i].span.start for i in talk if i not in doubted],
            self._emails(channel, words[-EMAIL_WORDS:]),
        )

    def _emails(self, channel: int, words: Sequence[Word]) -> list[Verdict]:
        """Return the e-mail addresses among the latest words, where the policy mutes them."""
        if Entity.EMAIL not in self._policy.entities or not words:
            return []
        text = normalise(words, find_runs(words, rate=self._rate))
        found = []
        for judgement in self._analyzer.analyse(text.text):
            if judgement.entity is Entity.EMAIL and judgement.score >= self._policy.min_score:
                first, last = text.words(judgement.start, judgement.end)
                span = Span(
                    words[first].span.start, max(words[last].span.end, words[first].span.start)
                )
                found.append(Verdict(channel, span, Entity.EMAIL, judgement.score, "words:email"))
        return found

    def judge(self, now: int, known: Sequence[int] | None = None) -> Judged:
        """Return the state of all numbers, given that every channel was heard until ``now``.

        ``known``: per channel, the sample before which its words stand (default: ``now``).
        No number is let go before the words around it are known.

        Raises:
            HushtapError: the recognizers failed; the call must fail closed.
        """
        asks = Asks(self._policy, self._rate)
        verdicts: list[Verdict] = []
        chains: list[_Chain] = []
        hold: list[int | None] = [None] * len(self._channels)
        heard = known or [now] * len(self._channels)
        for event in self._events():
            if isinstance(event, Cue):
                asks.hear(event)
            elif isinstance(event, Talk):
                asks.talk(event.time, event.channel)
            elif event.lone and not asks.awaits(event):
                # One digit by itself gives nothing away, and sentences are full of them.
                if heard[event.channel] - event.span.end <= to_samples(LONE_S, self._rate):
                    _hold(hold, event.channel, event.reach.start)
            else:
                self._weigh(event, asks, chains, verdicts)
        verdicts += [verdict for channel in self._channels for verdict in channel.emails]
        self._lead(chains)
        for chain in chains:
            self._close(chain, heard, verdicts, hold)
        return Judged(tuple(verdicts), tuple(hold), asks.armed(now))

    def _weigh(
        self, piece: Piece, asks: Asks, chains: list[_Chain], verdicts: list[Verdict]
    ) -> None:
        """Put a piece into its chain; where it was asked for, it is sensitive already."""
        entity, firm = asks.answer(piece)
        if firm != piece.lenient and not (piece.repeats and not firm):
            return
        if entity is None and (piece.doubt or piece.lenient) and not piece.repeats:
            return
        chain = self._join(chains, piece, entity)
        if entity is not None:
            source = f"{piece.source}:{'asked' if firm else 'context'}"
            score = 0.9 if firm else 0.7
            verdicts.append(Verdict(piece.channel, piece.reach, entity, score, source))
            return
        found = self._opinion(chain)[0]
        if found is not None:
            asks.found(found, piece)

    def _events(self) -> list[Cue | Talk | Piece]:
        """Return the cues and pieces of all channels in the order of time, cues first."""
        timed: list[tuple[int, int, Cue | Talk | Piece]] = []
        for index, channel in enumerate(self._channels):
            sentences = _sentences(channel.talk, to_samples(SENTENCE_S, self._rate))
            timed += [(time, 0, Talk(time, index)) for time in sentences]
            timed += [(cue.time, 0, cue) for cue in channel.cues]
            timed += [(p.span.start, 1, p) for p in (*channel.strict, *channel.lenient)]
        return [event for *_, event in sorted(timed, key=lambda e: e[:2])]

    def _lead(self, chains: Sequence[_Chain]) -> None:
        """Take digits right before a long number that was asked for as the start of it."""
        for chain in chains:
            if chain.entity is not None or len(chain.digits) < GROUP:
                continue
            after = next(
                (
                    other
                    for other in chains
                    if other.channel == chain.channel and other.span.start >= chain.span.end
                ),
                None,
            )
            if (
                after is not None
                and after.entity in {Entity.CREDIT_CARD, Entity.US_SSN}
                and after.span.start - chain.span.end <= self._gap(chain)
                and not self._talk_between(chain, after.pieces[0])
            ):
                chain.led = after.entity

    def _close(
        self,
        chain: _Chain,
        heard: Sequence[int],
        verdicts: list[Verdict],
        hold: list[int | None],
    ) -> None:
        """Judge a chain: add its verdicts, or hold its audio while it may still grow."""
        span = chain.span
        # What was not heard yet may go on with it, however long ago it paused.
        is_open = heard[chain.channel] - span.end <= self._gap(chain) or any(
            until < span.start for until in heard
        )
        if chain.entity is not None:
            if self._keeps_last4(chain):
                self._spare_last4(chain, verdicts, is_open=is_open, hold=hold)
            return
        entity, score, rule = self._opinion(chain)
        if entity is None and chain.led is not None:
            entity, score, rule = chain.led, 0.6, "start"
        if entity is not None:
            verdicts += [
                Verdict(p.channel, p.reach, entity, score, f"{p.source}:{rule}")
                for p in chain.pieces
            ]
        elif is_open:
            _hold(hold, chain.channel, chain.start)

    def _keeps_last4(self, chain: _Chain) -> bool:
        return self._policy.keep_last4 and chain.entity is Entity.CREDIT_CARD

    def _spare_last4(
        self, chain: _Chain, verdicts: list[Verdict], *, is_open: bool, hold: list[int | None]
    ) -> None:
        """Leave the last four digits of a whole card number audible; hold until it is whole.

        Whole means a length and checksum that cards have, or four digits alone.
        Anything else is muted to its end.
        """
        if is_open:
            _hold(hold, chain.channel, chain.start)
        digits, last = chain.digits, chain.pieces[-1]
        whole = len(digits) == LAST or (
            len(digits) in CARD_LENGTHS and bool(_LUHN.validate_result(digits))
        )
        spared = last.tail if whole and last.tail is not None else None
        mine = [v for v in verdicts if v.channel == chain.channel and v.span.overlaps(chain.span)]
        for verdict in mine:
            if verdict.entity is not Entity.CREDIT_CARD:
                continue
            verdicts.remove(verdict)
            if is_open:
                continue
            span = verdict.span
            if spared is not None and span.overlaps(spared):
                span = Span(span.start, max(span.start, spared.start))
            if span:
                verdicts.append(
                    Verdict(verdict.channel, span, verdict.entity, verdict.score, verdict.source)
                )

    def _join(self, chains: list[_Chain], piece: Piece, entity: Entity | None) -> _Chain:
        """Return the chain that ``piece`` continues, or a new one."""
        for chain in reversed(chains):
            if chain.channel != piece.channel:
                continue
            near = piece.span.start - chain.span.end <= self._gap(chain)
            if near and chain.entity is entity and not self._talk_between(chain, piece):
                chain.pieces.append(piece)
                return chain
            break
        chains.append(_Chain([piece], entity))
        return chains[-1]

    def _talk_between(self, chain: _Chain, piece: Piece) -> bool:
        start, end = chain.span.end, piece.span.start
        return any(
            any(start <= cue.time < end for cue in channel.cues)
            or sum(start <= at < end for at in channel.clear_talk[-100:])
            >= (TALK_WORDS if index == chain.channel else LISTENER_WORDS)
            for index, channel in enumerate(self._channels)
        )

    def _gap(self, chain: _Chain) -> int:
        """Return how many samples a chain stays open after its last digit."""
        if any(p.harmless for p in chain.pieces):
            return to_samples(self._policy.run_gap, self._rate)
        may_be_card = len(chain.digits) >= GROUP
        return to_samples(CARD_GAP_S if may_be_card else self._policy.run_gap, self._rate)

    def _opinion(self, chain: _Chain) -> tuple[Entity | None, float, str]:
        """Ask the recognizers what a chain is, given the words before it on both channels."""
        if self._announced(chain):
            return None, 0.0, ""
        if self._is_dense(chain):
            return Entity.CREDIT_CARD, DENSE_SCORE, "dense"
        channel = self._channels[chain.channel]
        words = channel.words
        first, last = chain.pieces[0].first, chain.pieces[-1].last
        # Other numbers stay out of the text: next to this one they would read as part of it.
        others = [p for p in channel.strict if p.last < first or p.first > last]
        start = max([0, first - WORDS_BEFORE, *(p.last + 1 for p in others if p.last < first)])
        end = min([last + 1 + WORDS_AFTER, *(p.first for p in others if p.first > last)])
        around = words[start:end]
        context = self._question(chain)
        key = (tuple(w.text for w in around), tuple(w.span for w in around), first - start, context)
        known = self._opinions.get(key)
        if known is None:
            if len(self._opinions) >= OPINIONS:
                self._opinions.clear()
            known = self._opinions[key] = self._analyse(
                around, Span(first - start, last + 1 - start), context
            )
        return known

    def _is_dense(self, chain: _Chain) -> bool:
        """Whether so many digits came in a row, announced as nothing else, that it must be a card.

        A number of which groups were lost has no shape left for the recognizers.
        """
        if Entity.CREDIT_CARD not in self._policy.entities or len(chain.digits) < DENSE_DIGITS:
            return False
        return not any(p.harmless for p in chain.pieces)

    def _announced(self, chain: _Chain) -> bool:
        """Whether the chain was announced as something harmless, and is not too long for it."""
        start = chain.span.start - to_samples(HARMLESS_S, self._rate)
        cues = [
            cue
            for channel in self._channels
            for cue in channel.cues
            if cue.strong and start <= cue.time < chain.span.start
        ]
        last = max(cues, key=lambda cue: cue.time, default=None)
        return (
            last is not None
            and (last.entity is None or last.entity not in self._policy.entities)
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

    def _question(self, chain: _Chain) -> tuple[str, ...]:
        """Return the last words that the other channel said before the chain."""
        end = chain.span.start
        start = end - to_samples(QUESTION_S, self._rate)
        return tuple(
            word.text.strip().lower().strip(".,?!")
            for index, channel in enumerate(self._channels)
            if index != chain.channel
            for word in channel.words[-200:]
            if start <= word.span.start < end
        )[-QUESTION_WORDS:]


def _sentences(talk: Sequence[int], reach: int) -> list[int]:
    """Return the times at which ``TALK_WORDS`` clear words had been said within ``reach``."""
    return [
        later
        for first, later in zip(talk, talk[TALK_WORDS - 1 :], strict=False)
        if later - first <= reach
    ]


def _hold(hold: list[int | None], channel: int, start: int) -> None:
    known = hold[channel]
    hold[channel] = start if known is None else min(known, start)


def _range(owners: Sequence[int], run: NumberRun) -> tuple[int, int]:
    inside = [i for i, owner in enumerate(owners) if run.first <= owner <= run.last]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)
