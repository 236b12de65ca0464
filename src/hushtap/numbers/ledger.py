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

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from presidio_analyzer.predefined_recognizers import CreditCardRecognizer

from hushtap.numbers.asks import UNFINISHED, Asks
from hushtap.numbers.chains import CARD_GAP_S, Chain, Opinions, Side
from hushtap.numbers.cues import Cue, both_cues, find_cues, spotted_cues
from hushtap.numbers.pieces import LAST, Piece, find_pieces, find_unclear, mark_lone
from hushtap.numbers.spoken import Part, find_runs, parts
from hushtap.pii.normalise import normalise
from hushtap.timeline import Span, to_samples
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hushtap.ears.words import Suspect
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import Judgement
    from hushtap.values import Word

TALK_WORDS: Final = 3
LISTENER_WORDS: Final = 5
"""Words that are neither numbers nor fillers that end a chain: of the speaker, of the listener
(whose "mm-hmm" a small recogniser spells as words)."""

GROUP: Final = 3
"""Digits in a row from which on more of the same number may follow after a pause."""

LONE_S: Final = 1.5
"""Seconds around a digit in which another makes it part of a number."""

LEAD_S: Final = 2.0
"""Seconds after a digit by itself in which a long number goes on from it."""

SENTENCE_S: Final = 3.0
"""Seconds in which so many words make a sentence."""

EMAIL_WORDS: Final = 40
"""Words in which an e-mail address is looked for: a spoken one takes a dozen."""


CARD_LENGTHS: Final = range(13, 20)
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


class Ledger:
    """Numbers and cues of all channels of one call, on its clock of ``rate`` Hz."""

    def __init__(self, policy: Policy, rate: int, channels: int, analyzer: Analyzer) -> None:
        self._policy = policy
        self._rate = rate
        self._analyzer = analyzer
        self._channels = [Side() for _ in range(channels)]
        self._opinions = Opinions(policy, rate, analyzer, self._channels)
        secrets = sorted(policy.entities)
        self._unnamed = Entity.CREDIT_CARD if Entity.CREDIT_CARD in policy.entities else secrets[0]
        self.armed: list[Span] = []
        """Where it was said from outside that every number counts."""

    def update(
        self,
        channel: int,
        words: Sequence[Word],
        suspects: Sequence[Suspect],
        spotted: Callable[[Span], bool] | None = None,
        said: Sequence[Word] = (),
    ) -> None:
        """Take the words of one channel as they stand now.

        ``suspects``: where the words may be wrong. ``spotted`` tells whether the
        spotter hears number speech in a span; a doubt that it does not share is dropped.
        ``said``: the number words and cues that the spotter names.
        """
        strict, lenient = find_pieces(words, suspects, channel, self._rate, self._policy.run_gap)
        unclear = [
            replace(piece, shy=spotted is None)
            for piece in find_unclear(words, channel, self._rate)
        ]
        if spotted is not None:
            # What only the words ear suspects is no number; a word or two that only it
            # heard are one where it was asked for.
            strict = [
                p
                if len(p.digits) >= GROUP or p.has_month or spotted(p.span)
                else replace(p, shy=True)
                for p in strict
            ]
            clear = [p.span for p in strict if not p.shy]
            lenient = [
                p
                if spotted(p.span) or any(p.span.overlaps(c) for c in clear)
                else replace(p, shy=True)
                for p in lenient
                if spotted(p.span) or not p.doubt
            ]
            unclear = [
                replace(p, faint=False) if spotted(p.span) else p
                for p in unclear
                if p.faint or spotted(p.span)
            ]
        else:
            unclear = [replace(p, faint=False) for p in unclear]
        doubted = {
            i for piece in unclear if not piece.faint for i in range(piece.first, piece.last + 1)
        }
        talk = [i for i, part in enumerate(parts(words)) if part is Part.OTHER]
        near = to_samples(LONE_S, self._rate)
        self._channels[channel] = Side(
            list(words),
            both_cues(
                find_cues(words, channel), spotted_cues(said, channel, self._rate), self._rate
            ),
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
        chains: list[Chain] = []
        hold: list[int | None] = [None] * len(self._channels)
        heard = known or [now] * len(self._channels)
        lone: dict[int, Piece] = {}
        for event in self._events():
            if isinstance(event, Cue):
                asks.hear(event)
            elif isinstance(event, Talk):
                asks.talk(event.time, event.channel)
            elif event.shy and (event.amid or not self._expects(asks, event)):
                continue
            elif event.lone and not self._expects(asks, event):
                # One digit by itself gives nothing away, and sentences are full of them.
                lone[event.channel] = event
                wait = to_samples(LEAD_S if asks.armed(event.span.end) else LONE_S, self._rate)
                if heard[event.channel] - event.span.end <= wait:
                    _hold(hold, event.channel, event.reach.start)
            else:
                self._weigh(event, asks, chains, verdicts, lone.get(event.channel))
        verdicts += [verdict for channel in self._channels for verdict in channel.emails]
        self._lead(chains)
        for chain in chains:
            self._close(chain, heard, verdicts, hold)
        armed = asks.armed(now) or any(now in span for span in self.armed)
        return Judged(tuple(verdicts), tuple(hold), armed)

    def _expects(self, asks: Asks, piece: Piece) -> bool:
        return asks.expects(piece) or self._is_ordered(piece)

    def _is_ordered(self, piece: Piece) -> bool:
        """Whether a number falls where every number counts; an aside is none."""
        told = piece.source != "unclear" and not piece.aside
        return told and any(piece.span.overlaps(span) for span in self.armed)

    def _weigh(
        self,
        piece: Piece,
        asks: Asks,
        chains: list[Chain],
        verdicts: list[Verdict],
        lone: Piece | None,
    ) -> None:
        """Put a piece into its chain; where it was asked for, it is sensitive already.

        ``lone``: the last digit by itself. Right before a long number it is the first of it.
        """
        entity, firm = asks.answer(piece)
        ordered = entity is None and self._is_ordered(piece)
        if ordered:
            entity, firm = self._unnamed, True
        if firm != piece.lenient and not (piece.repeats and not firm):
            return
        if entity is None and (piece.doubt or piece.lenient) and not piece.repeats:
            return
        chain = self._join(chains, piece, entity)
        if entity is not None:
            source = f"{piece.source}:{'asked' if firm else 'context'}"
            if ordered:
                source = f"{piece.source}:armed"
            score = 0.9 if firm else 0.7
            verdicts.append(Verdict(piece.channel, piece.reach, entity, score, source))
            near = to_samples(LEAD_S, self._rate)
            if lone and entity in UNFINISHED and 0 <= piece.span.start - lone.span.end <= near:
                verdicts.append(Verdict(lone.channel, lone.reach, entity, score, source))
            return
        found = self._opinions.of(chain)[0]
        if found is not None:
            asks.found(found, piece)

    def _events(self) -> list[Cue | Talk | Piece]:
        """Return the cues and pieces of all channels in the order of time, cues first."""
        timed: list[tuple[int, int, Cue | Talk | Piece]] = []
        asked = [
            cue
            for channel in self._channels
            for cue in channel.cues
            if cue.strong and cue.entity in self._policy.entities
        ]
        for index, channel in enumerate(self._channels):
            sentences = _sentences(channel.talk, to_samples(SENTENCE_S, self._rate))
            timed += [(time, 0, Talk(time, index)) for time in sentences]
            timed += [(cue.time, 0, cue) for cue in channel.cues]
            pieces = (_asked_amid(p, asked) for p in (*channel.strict, *channel.lenient))
            timed += [(p.span.start, 1, p) for p in pieces]
        return [event for *_, event in sorted(timed, key=lambda e: e[:2])]

    def _lead(self, chains: Sequence[Chain]) -> None:
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
        chain: Chain,
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
        entity, score, rule = self._opinions.of(chain)
        if entity is None and chain.led is not None:
            entity, score, rule = chain.led, 0.6, "start"
        if entity is not None:
            verdicts += [
                Verdict(p.channel, p.reach, entity, score, f"{p.source}:{rule}")
                for p in chain.pieces
            ]
        elif is_open:
            _hold(hold, chain.channel, chain.start)

    def _keeps_last4(self, chain: Chain) -> bool:
        return self._policy.keep_last4 and chain.entity is Entity.CREDIT_CARD

    def _spare_last4(
        self, chain: Chain, verdicts: list[Verdict], *, is_open: bool, hold: list[int | None]
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

    def _join(self, chains: list[Chain], piece: Piece, entity: Entity | None) -> Chain:
        """Return the chain that ``piece`` continues, or a new one."""
        for chain in reversed(chains):
            if chain.channel != piece.channel:
                continue
            near = piece.span.start - chain.span.end <= self._gap(chain)
            if near and chain.entity is entity and not self._talk_between(chain, piece):
                chain.pieces.append(piece)
                return chain
            break
        chains.append(Chain([piece], entity))
        return chains[-1]

    def _talk_between(self, chain: Chain, piece: Piece) -> bool:
        start, end = chain.span.end, piece.span.start
        return any(
            any(start <= cue.time < end for cue in channel.cues)
            or sum(start <= at < end for at in channel.clear_talk[-100:])
            >= (TALK_WORDS if index == chain.channel else LISTENER_WORDS)
            for index, channel in enumerate(self._channels)
        )

    def _gap(self, chain: Chain) -> int:
        """Return how many samples a chain stays open after its last digit."""
        if any(p.harmless for p in chain.pieces) or self._opinions.whole(chain):
            return to_samples(self._policy.run_gap, self._rate)
        may_be_card = len(chain.digits) >= GROUP
        return to_samples(CARD_GAP_S if may_be_card else self._policy.run_gap, self._rate)


def _asked_amid(piece: Piece, asked: Sequence[Cue]) -> Piece:
    """Return ``piece`` as the answer to what the other speaker asked for while it was said.

    Digits that are made up of noise before a question must not draw its answer away from it.
    """
    span = piece.span
    times = [c.time for c in asked if c.channel != piece.channel and span.start < c.time < span.end]
    return replace(piece, span=Span(max(times), span.end), early=True) if times else piece


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
