"""What is to be muted on one channel of a call, and what was recognised too late for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hushtap.timeline import Span, subtract
from hushtap.values import Entity, Mute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.values import Finding


class Mutes:
    """The findings of one channel; ``cleared`` is the sample before which all is released."""

    def __init__(self) -> None:
        self.cleared = 0
        self._muted: dict[Entity, list[Finding]] = {}
        self._missed: list[Finding] = []

    def add(self, finding: Finding) -> None:
        """Mute a finding; one that overlaps another of the same entity becomes part of it.

        What was released already cannot be muted any more.
        """
        span = finding.span
        new = replace(finding, span=Span(max(span.start, min(self.cleared, span.end)), span.end))
        if not new.span:
            return
        apart = []
        for known in self._muted.get(new.entity, ()):
            if known.span.start <= new.span.end and new.span.start <= known.span.end:
                better = known if known.score >= new.score else new
                new = replace(better, span=known.span.hull(new.span))
            else:
                apart.append(known)
        self._muted[new.entity] = [*apart, new]

    def missed(self, span: Span) -> list[Span]:
        """Return what of ``span`` was released, and is neither muted nor owned up to."""
        told = [found.span for found in self.findings()]
        return list(subtract(span.clip(0, self.cleared), told))

    def own_up(self, finding: Finding) -> None:
        """Take note of a number that was recognised after it had been released."""
        self._missed.append(replace(finding, muted=False))

    def end(self, samples: int) -> None:
        """Let no finding reach beyond the call's end: it would wait for the rest in vain."""
        for entity, findings in self._muted.items():
            clipped = [replace(found, span=found.span.clip(0, samples)) for found in findings]
            self._muted[entity] = [found for found in clipped if found.span]

    def findings(self) -> list[Finding]:
        """Return all findings. One that is not ``muted`` was recognised too late."""
        return [*(found for some in self._muted.values() for found in some), *self._missed]

    def plan(self) -> Iterator[Mute]:
        """Yield what is to be muted."""
        for entity, findings in self._muted.items():
            for found in findings:
                yield Mute(found.channel, found.span, entity)

    def over(self, word: Span) -> Entity | None:
        """Return what hides a word from the transcript, if anything does.

        Nobody hears words in keys: a word that reaches over them was said beside them.
        """
        hiding = (found for found in self.findings() if found.entity is not Entity.KEYPAD)
        return next((found.entity for found in hiding if found.span.overlaps(word)), None)
