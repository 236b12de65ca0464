"""What a call said, as the words that a recogniser would have given: for tests of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from hushtap.numbers.ledger import Judged, Ledger
from hushtap.timeline import Span
from hushtap.values import Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer
    from hushtap.values import Entity

RATE: Final = 8_000
AGENT: Final = 0
CALLER: Final = 1
PAUSE: Final = "|"


class Line(NamedTuple):
    """``text`` said on ``channel`` from second ``at`` on; a bar is a pause of half a second."""

    channel: int
    at: float
    text: str


def say(text: str, at: float = 0.0, probability: float = 0.9) -> list[Word]:
    """Return the words: 0.3 s each."""
    words = []
    start = round(at * RATE)
    for piece in text.split():
        if piece == PAUSE:
            start += RATE // 2
            continue
        end = start + 3 * RATE // 10
        words.append(Word(" " + piece, Span(start, end), probability))
        start = end
    return words


class Call:
    """Lines of a call, judged."""

    def __init__(self, policy: Policy, analyzer: SpokenAnalyzer, lines: Iterable[Line]) -> None:
        self.words: list[list[Word]] = [[], []]
        for line in sorted(lines, key=lambda one: one.at):
            self.words[line.channel] += say(line.text, line.at)
        self.ledger = Ledger(policy, RATE, 2, analyzer)
        for channel, words in enumerate(self.words):
            self.ledger.update(channel, words, ())

    def judge(self, now: float = 1_000.0) -> Judged:
        """Return the state at second ``now``."""
        return self.ledger.judge(round(now * RATE))

    def muted(self, channel: int, entity: Entity | None = None) -> str:
        """Return the words of ``channel`` that are muted, of ``entity`` or of any."""
        spans = [
            v.span
            for v in self.judge().verdicts
            if v.channel == channel and entity in {None, v.entity}
        ]
        return " ".join(
            word.text.strip()
            for word in self.words[channel]
            if any((word.span.start + word.span.end) // 2 in span for span in spans)
        )

    def start(self, channel: int, said: str) -> int:
        """Return the sample at which the first word ``said`` on ``channel`` starts."""
        return next(w.span.start for w in self.words[channel] if w.text.strip() == said)
