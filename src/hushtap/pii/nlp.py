"""What Presidio sees of a text: tokens, cue words as lemmas, and the number runs.

A blank spaCy pipeline and one component; no model, nothing to download. The
lemma of a word is its lower case without a plural s; a phrase that means one
thing (``security code``) has one lemma, on its last word, so that matching whole words
keeps it apart from ``zip code``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import spacy
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine
from spacy.lang.en.stop_words import STOP_WORDS
from spacy.language import Language

from hushtap.numbers.lexicon import MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from spacy.tokens import Doc

_PHRASES: Final[dict[tuple[str, ...], str]] = {
    tuple(phrase.split()): lemma
    for lemma, phrases in {
        "cvv": "c v v|c v c|c v v 2|c i d|c v b|see v v",
        "ssn": "s s n|social security|social security number",
        "dob": "d o b|date of birth|birth date|birth day|month of birth|year of birth",
        "security_code": (
            "security code|card code|verification code|verification value|security number"
            "|security digit|digit code|back of the card|on the back|front of the card"
            "|signature strip|three digit|four digit code"
        ),
        "good_through": "good through|good thru|valid through|valid thru|valid until|exp date",
        "account_number": "account number|bank account|account digit",
        "routing": "routing number|transit number|sort code",
        "ending": "ending in|end in|ending with|end with",
        "card": "long number|card number|number on the front",
        "zip_code": "zip code|post code|postal code|area code",
        "promo_code": "promo code|discount code|coupon code|access code|order code|country code",
        "order": "order number|confirmation number|reference number|tracking number|case number",
        "phone": "phone number|call you|reach you|call me|reach me|callback number",
    }.items()
    for phrase in phrases.split("|")
}
_LONGEST: Final = max(map(len, _PHRASES))
_PLURAL_LENGTH: Final = 4
_MONTH: Final = rf"(?:{'|'.join(sorted(MONTHS, key=len, reverse=True))})"
RUN: Final = re.compile(
    rf"(?<![^\W_])(?:{_MONTH} )?\d+(?:[ \-/](?:{_MONTH} )?\d+)*(?: {_MONTH})?(?![^\W_])"
)
"""Groups of digits parted by one blank, and month names among them, as ``normalise`` writes."""


def lemma(word: str) -> str:
    """Return ``word`` in lower case, without a plural s."""
    word = word.lower()
    plural = len(word) >= _PLURAL_LENGTH and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def lemmas(words: Iterable[str]) -> list[str]:
    """Return one lemma a word; a phrase puts its own on its last word and none before."""
    plain = [lemma(word) for word in words]
    at = 0
    while at < len(plain):
        for length in range(min(_LONGEST, len(plain) - at), 1, -1):
            found = _PHRASES.get(tuple(plain[at : at + length]))
            if found is not None:
                plain[at : at + length] = [""] * (length - 1) + [found]
                at += length - 1
                break
        at += 1
    return plain


@Language.component("hushtap_lemmas")
def _write_lemmas(doc: Doc) -> Doc:
    for token, found in zip(doc, lemmas(token.text for token in doc), strict=True):
        token.lemma_ = found
    return doc


@dataclass(frozen=True, slots=True)
class Run:
    """A number run in a text: offsets, digits, and the lemmas around it.

    The offsets take in a month name beside the digits; ``has_month`` tells.

    ``before`` are the lemmas since the run before (nearest last), ``after`` those
    up to the next one.
    """

    start: int
    end: int
    digits: str = field(repr=False)
    groups: tuple[int, ...]
    has_month: bool
    before: tuple[str, ...] = field(repr=False)
    after: tuple[str, ...] = field(repr=False)


class SpokenArtifacts(NlpArtifacts):
    """Presidio's artifacts and the number runs, so that each is found once a text."""

    def __init__(self, doc: Doc, engine: BlankEngine, groups: Sequence[int]) -> None:
        super().__init__(
            entities=[],
            tokens=doc,
            tokens_indices=[token.idx for token in doc],
            lemmas=[token.lemma_ for token in doc],
            nlp_engine=engine,
            language="en",
        )
        self.runs = list(_runs(doc, groups))


def _runs(doc: Doc, groups: Sequence[int]) -> Iterator[Run]:
    text = doc.text
    matches = list(RUN.finditer(text))
    words = [(token.idx, token.lemma_) for token in doc if token.lemma_.strip()]
    at = 0
    between: list[list[str]] = [[] for _ in range(len(matches) + 1)]
    for index, found in words:
        while at < len(matches) and index >= matches[at].end():
            at += 1
        if at == len(matches) or index < matches[at].start():
            between[at].append(found)
    for place, match in enumerate(matches):
        pieces = re.findall(r"\d+", match.group())
        digits = "".join(pieces)
        given = tuple(groups) if sum(groups) == len(digits) else tuple(map(len, pieces))
        yield Run(
            match.start(),
            match.end(),
            digits,
            given,
            re.search(r"[a-z]", match.group()) is not None,
            tuple(between[place]),
            tuple(between[place + 1]),
        )


def runs_of(artifacts: NlpArtifacts | None) -> list[Run]:
    """Return the number runs of artifacts that ``BlankEngine`` made.

    Raises:
        TypeError: another engine made them.
    """
    if not isinstance(artifacts, SpokenArtifacts):
        msg = "spoken recognizers need the artifacts of BlankEngine"
        raise TypeError(msg)
    return artifacts.runs


class BlankEngine(NlpEngine):
    """Presidio's NlpEngine on a blank spaCy pipeline. Not safe for two threads at once."""

    def __init__(self) -> None:
        self._nlp: Language | None = None

    def load(self) -> None:
        """Build the pipeline; nothing is read from disk or network."""
        # The language-neutral tokenizer loads sooner and cuts our text alike.
        self._nlp = spacy.blank("xx")
        self._nlp.add_pipe("hushtap_lemmas")

    def is_loaded(self) -> bool:
        """Return whether ``load`` was called."""
        return self._nlp is not None

    @property
    def nlp(self) -> Language:
        """The pipeline.

        Raises:
            RuntimeError: before ``load``.
        """
        if self._nlp is None:
            msg = "call load() first"
            raise RuntimeError(msg)
        return self._nlp

    def memory_zone(self) -> AbstractContextManager[Any]:
        """Return a context that frees every string of the texts processed in it."""
        return self.nlp.memory_zone()

    def process_text(self, text: str, language: str) -> SpokenArtifacts:  # noqa: ARG002
        """Return the artifacts of ``text``, groups as written."""
        return self.process_groups(text, ())

    def process_groups(self, text: str, groups: Sequence[int]) -> SpokenArtifacts:
        """Return the artifacts of ``text``; ``groups`` hold for the run with as many digits."""
        return SpokenArtifacts(self.nlp(text), self, groups)

    def process_batch(
        self,
        texts: Iterable[str],
        language: str,
        batch_size: int = 1,  # noqa: ARG002
        n_process: int = 1,  # noqa: ARG002
        **_: object,
    ) -> Iterator[tuple[str, SpokenArtifacts]]:
        """Yield each text with its artifacts, one by one."""
        for text in texts:
            yield text, self.process_text(text, language)

    def is_stopword(self, word: str, language: str) -> bool:  # noqa: ARG002
        """Return whether ``word`` carries no cue; digits carry none, so windows skip them."""
        return not word.strip() or word.isdigit() or word in STOP_WORDS

    def is_punct(self, word: str, language: str) -> bool:  # noqa: ARG002
        """Return whether ``word`` has no letter or digit."""
        return not any(char.isalnum() for char in word)

    def get_supported_entities(self) -> list[str]:
        """Return nothing: a blank pipeline names no entities."""
        return []

    def get_supported_languages(self) -> list[str]:
        """Return English."""
        return ["en"]
