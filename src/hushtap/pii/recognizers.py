"""Spoken recognizers in Presidio's registry, behind one analyzer that is safe to share.

Presidio brings the engine, the registry, the boost by context words and the
checksums; the shapes of spoken numbers are ours (``hushtap.pii.shapes``).
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import tldextract
from presidio_analyzer import (
    AnalysisExplanation,
    AnalyzerEngine,
    EntityRecognizer,
    Pattern,
    PatternRecognizer,
    RecognizerRegistry,
    RecognizerResult,
)
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer

from hushtap.errors import HushtapError
from hushtap.pii.nlp import BlankEngine, Run, lemmas, runs_of
from hushtap.pii.normalise import Normalised, normalise
from hushtap.pii.shapes import (
    HARMLESS,
    HARMLESS_AFTER,
    RECIPES,
    SURE_LENGTH,
    YEAR_AFTER,
    Recipe,
    is_year,
)
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from presidio_analyzer.nlp_engine import NlpArtifacts

__all__ = ["Judgement", "Normalised", "SpokenAnalyzer", "normalise"]

CUED_SCORE: Final = 0.6
"""Least score of a shape that was asked for."""

_BOOST: Final = 0.4
_HARMLESS_FACTOR: Final = 0.4
_HARMLESS_WINDOW: Final = 6
_NARROW_WINDOW: Final = 3
"""Lemmas in which a harmless word may stand to speak against a shape that is muted uncued."""

_WORDS_BEFORE: Final = 8
_WORDS_AFTER: Final = 4
_AFTER_CARD: Final = 12
_WEAK: Final = 0.1
_CARD_IS_SURE: Final = 0.7
_NAME: Final = RecognizerResult.RECOGNIZER_NAME_KEY
_ID: Final = RecognizerResult.RECOGNIZER_IDENTIFIER_KEY
_SETTLED: Final = RecognizerResult.IS_SCORE_ENHANCED_BY_CONTEXT_KEY
_RULE: Final = "rule"

# Presidio logs the words around a match below this level.
logging.getLogger("presidio-analyzer").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What ``text[start:end]`` may be, with a score from 0 to 1 and the rule that says so."""

    entity: Entity
    start: int
    end: int
    score: float
    rule: str


class SpokenRecognizer(EntityRecognizer):
    """A recipe as a Presidio recognizer, over the number runs of the artifacts."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.name: str
        self.harmless = HARMLESS - recipe.cues
        super().__init__(
            supported_entities=[recipe.entity.value],
            name=f"Spoken{recipe.entity.title().replace('_', '')}Recognizer",
            context=sorted(recipe.cues),
        )

    def load(self) -> None:
        """Do nothing: a recipe is data."""

    def analyze(
        self, text: str, entities: list[str], nlp_artifacts: NlpArtifacts
    ) -> list[RecognizerResult]:
        """Return one result for each run that has a shape of this entity."""
        del text, entities
        found = (self._judge(run) for run in runs_of(nlp_artifacts))
        return [result for result in found if result is not None]

    def _judge(self, run: Run) -> RecognizerResult | None:
        shape = next((shape for shape in self.recipe.shapes if shape.fits(run)), None)
        if shape is None:
            return None
        score = min(1.0, shape.score + (self.recipe.bonus if self.recipe.proof(run) else 0.0))
        return RecognizerResult(
            entity_type=self.recipe.entity.value,
            start=run.start,
            end=run.end,
            score=score,
            analysis_explanation=AnalysisExplanation(
                recognizer=self.name, original_score=score, pattern_name=shape.rule
            ),
            recognition_metadata={_NAME: self.name, _ID: self.id, _RULE: shape.rule},
        )

    def enhance_using_context(
        self,
        text: str,
        raw_recognizer_results: list[RecognizerResult],
        other_raw_recognizer_results: list[RecognizerResult],
        nlp_artifacts: NlpArtifacts,
        context: list[str] | None = None,
    ) -> list[RecognizerResult]:
        """Lower what words nearby call harmless; raise what follows a card.

        What is settled here the lemma enhancer leaves alone; the rest is its.
        """
        del text
        runs = {run.start: run for run in runs_of(nlp_artifacts)}
        cards = [
            other.end
            for other in other_raw_recognizer_results
            if other.entity_type == Entity.CREDIT_CARD and other.score >= _CARD_IS_SURE
        ]
        for result in raw_recognizer_results:
            run = runs[result.start]
            if self._harmless(run, result.score, context or []):
                result.score *= _HARMLESS_FACTOR
                result.recognition_metadata[_SETTLED] = True
            elif self._follows_card(run, cards) and result.score > _WEAK:
                result.score = max(result.score + _BOOST, CUED_SCORE)
                result.recognition_metadata[_SETTLED] = True
        return raw_recognizer_results

    def _harmless(self, run: Run, score: float, asked: Sequence[str]) -> bool:
        if len(run.digits) >= SURE_LENGTH:
            return False
        if run.after and run.after[0] in HARMLESS_AFTER:
            return True
        if is_year(run) and not self.recipe.dated and set(run.before[-1:]) & YEAR_AFTER:
            return True
        window = _HARMLESS_WINDOW if score < CUED_SCORE else _NARROW_WINDOW
        for distance, word in enumerate(reversed(run.before[-_WORDS_BEFORE:]), 1):
            if word in self.recipe.cues:
                return False
            if word in self.harmless and distance <= window:
                return True
        return not self.recipe.cues & set(asked) and bool(self.harmless & set(asked))

    def _follows_card(self, run: Run, cards: Sequence[int]) -> bool:
        """Whether a card number ended shortly before, where code and expiry are said."""
        near = self.recipe.follows_card and len(run.before) <= _AFTER_CARD
        return near and any(end <= run.start for end in cards)


class SpokenEmailRecognizer(PatternRecognizer):
    """``john dot smith at example dot com``, and addresses already written as such.

    A known top-level domain (the public suffix list bundled with tldextract,
    never fetched) raises the score.
    """

    _WORD = r"[^\W_](?:[\w.\-]{0,40}[^\W_])?"
    _JOIN = r" (?:dot|underscore|dash|hyphen|period|point)(?: sign)? "
    _SUFFIX = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)

    def __init__(self) -> None:
        word, join = self._WORD, self._JOIN
        local = rf"{word}(?:(?:{join}| (?=\d)|(?<=\d) ){word}){{0,4}}"
        domain = rf"{word}(?:(?: dot | \. |\.){word}){{1,3}}"
        super().__init__(
            supported_entity=Entity.EMAIL.value,
            name="SpokenEmailRecognizer",
            patterns=[
                Pattern("email-spoken", rf"\b{local} at {domain}\b", 0.4),
                Pattern("email-written", rf"\b{local} ?@ ?{domain}\b", 0.7),
            ],
            context=["email", "mail", "address"],
        )

    def analyze(
        self,
        text: str,
        entities: list[str],
        nlp_artifacts: NlpArtifacts | None = None,
        regex_flags: int | None = None,
    ) -> list[RecognizerResult]:
        """Return the addresses in ``text``."""
        results = super().analyze(text, entities, nlp_artifacts, regex_flags)
        for result in results:
            host = text[result.start : result.end].replace(" dot ", ".").split()[-1]
            if self._SUFFIX(host.rpartition("@")[2]).suffix:
                result.score = min(1.0, result.score + 0.3)
            result.recognition_metadata[_RULE] = result.analysis_explanation.pattern_name
        return list(results)


class SpokenAnalyzer:
    """Presidio with the spoken recognizers. One per process; threads take turns.

    Nothing is loaded from disk beyond the packages, nothing from the network, and
    no text outlives the call that brought it.

    Raises:
        ValueError: an entity that no recognizer knows (``UNHEARD``), or none at all.
    """

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._entities = [entity.value for entity in Entity if entity in set(entities)]
        registry = RecognizerRegistry(recognizers=[], supported_languages=["en"])
        for recipe in RECIPES:
            registry.add_recognizer(SpokenRecognizer(recipe))
        registry.add_recognizer(SpokenEmailRecognizer())
        known = {recipe.entity.value for recipe in RECIPES} | {Entity.EMAIL.value}
        if not self._entities or not known.issuperset(self._entities):
            msg = f"recognizers know these entities: {', '.join(sorted(known))}"
            raise ValueError(msg)
        self._nlp = BlankEngine()
        self._engine = AnalyzerEngine(
            registry=registry,
            nlp_engine=self._nlp,
            supported_languages=["en"],
            context_aware_enhancer=LemmaContextAwareEnhancer(
                context_similarity_factor=_BOOST,
                min_score_with_context_similarity=CUED_SCORE,
                context_prefix_count=_WORDS_BEFORE,
                context_suffix_count=_WORDS_AFTER,
                context_matching_mode="whole_word",
            ),
        )
        self._turn = threading.Lock()

    def analyse(
        self, text: str, *, context: Sequence[str] = (), groups: Sequence[int] = ()
    ) -> list[Judgement]:
        """Return every judgement on ``text``, in order of start, best first.

        ``text`` as ``normalise`` writes it; ``context`` the words of the question that
        the other channel asked; ``groups`` the spoken groups of the run with as many
        digits, where ``text`` does not show them. Low scores are returned too.

        Raises:
            HushtapError: Presidio failed. The text must then be treated as sensitive.
        """
        if not text.strip():
            return []
        with self._turn, self._nlp.memory_zone():
            try:
                results = self._results(text, context, groups)
            except Exception:  # noqa: BLE001  a library's message may quote the text
                results = None
        if results is None:
            msg = "the recognizers failed on a stretch of speech; it is to be muted"
            raise HushtapError(msg)
        return sorted(results, key=lambda one: (one.start, -one.score, one.entity))

    def _results(self, text: str, context: Sequence[str], groups: Sequence[int]) -> list[Judgement]:
        found: list[Any] = self._engine.analyze(
            text=text,
            language="en",
            entities=self._entities,
            context=[word for word in lemmas(context) if word],
            nlp_artifacts=self._nlp.process_groups(text, groups),
        )
        return [
            Judgement(
                Entity(result.entity_type),
                result.start,
                result.end,
                min(1.0, round(result.score, 4)),
                str(result.recognition_metadata[_RULE]),
            )
            for result in found
        ]
