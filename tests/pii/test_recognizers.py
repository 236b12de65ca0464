"""Judgements on normalised text: what is sensitive scores high, what is harmless low."""

from __future__ import annotations

import logging
import random
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest

from hushtap.errors import HushtapError
from hushtap.pii.nlp import BlankEngine, lemmas, runs_of
from hushtap.pii.policy import DETECTABLE
from hushtap.pii.recognizers import Judgement, SpokenAnalyzer
from hushtap.values import Entity

DEFAULT = (Entity.CREDIT_CARD, Entity.CVV, Entity.EXPIRY, Entity.US_SSN)
MUTED = 0.5


@pytest.fixture(scope="module")
def default() -> SpokenAnalyzer:
    return SpokenAnalyzer(DEFAULT)


@pytest.fixture(scope="module")
def everything() -> SpokenAnalyzer:
    return SpokenAnalyzer(DETECTABLE)


def best(found: list[Judgement], entity: Entity | None = None) -> float:
    return max((one.score for one in found if entity in {None, one.entity}), default=0.0)


def numbered(count: int) -> list[str]:
    return [f"case{i}" for i in range(count)]


@pytest.mark.parametrize(
    ("text", "context", "entity"),
    [
        ("my card number is 4111 1111 1111 1111 thank you", "", Entity.CREDIT_CARD),
        ("4111 1111 1111 1112", "", Entity.CREDIT_CARD),
        ("9999 1234 5678 1112", "", Entity.CREDIT_CARD),
        ("4111111111111111", "", Entity.CREDIT_CARD),
        ("3782 822463 10005", "", Entity.CREDIT_CARD),
        ("4111 1111 1111 111", "", Entity.CREDIT_CARD),
        ("4111 1111 1111", "", Entity.CREDIT_CARD),
        ("4111 1111 111", "", Entity.CREDIT_CARD),
        ("4111 1111 11", "what is your card number", Entity.CREDIT_CARD),
        ("41 11 11 11 11", "what is your card number", Entity.CREDIT_CARD),
        ("4111 1111 1111 1111 1111 11", "", Entity.CREDIT_CARD),
        ("1 " * 60 + "1", "", Entity.CREDIT_CARD),
        ("my order number is 4111 1111 1111 1112", "", Entity.CREDIT_CARD),
        ("4111 1111 1111 1112 dollars", "what is your phone number", Entity.CREDIT_CARD),
        ("my card ending in 1234", "", Entity.CREDIT_CARD),
        ("123", "what is the security code on the back", Entity.CVV),
        ("the code is 123", "", Entity.CVV),
        ("the c v v is 1234", "", Entity.CVV),
        ("it is 12", "and the cvv", Entity.CVV),
        ("4111 1111 1111 1111 and then 123", "", Entity.CVV),
        ("0927", "when does it expire", Entity.EXPIRY),
        ("09 27", "what is the expiration date", Entity.EXPIRY),
        ("expires september 2027", "", Entity.EXPIRY),
        ("september 27", "and the exp date", Entity.EXPIRY),
        ("valid thru 9 27", "", Entity.EXPIRY),
        ("4111 1111 1111 1111 09 27", "", Entity.CREDIT_CARD),
        ("4111 1111 1111 1111, 09 27", "", Entity.EXPIRY),
        ("536 22 1234", "", Entity.US_SSN),
        ("000 00 0000", "", Entity.US_SSN),
        ("536221234", "what is your social", Entity.US_SSN),
        ("my social security number is 536 221 234", "", Entity.US_SSN),
        ("536 22 123", "your social security number please", Entity.US_SSN),
        ("1234", "the last four of your social", Entity.US_SSN),
        ("my ssn is 53 62 21 23 45", "", Entity.US_SSN),
        ("2014", "the last four of your social", Entity.US_SSN),
        ("my visa ending in 2014", "", Entity.CREDIT_CARD),
        ("it expires in 2027", "", Entity.EXPIRY),
        ("just in case i lose the phone here it comes 536 22 1234", "", Entity.US_SSN),
        ("411111111111", "", Entity.CREDIT_CARD),
    ],
    ids=numbered(39),
)
def test_sensitive_numbers_score_high(
    default: SpokenAnalyzer, text: str, context: str, entity: Entity
) -> None:
    found = default.analyse(text, context=context.split())
    assert best(found, entity) >= MUTED


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("call me at 555 123 4567", ""),
        ("my phone number is 1 555 123 4567", ""),
        ("555 123 4567", "what is the best phone number to reach you"),
        ("5551234567", "what is your phone number"),
        ("my zip code is 90210", ""),
        ("90210", "what is your zip code"),
        ("the order number is 123456789", ""),
        ("my confirmation number is 4111 1111 11", ""),
        ("that is 20 dollars", ""),
        ("it was 1234 dollars and 56 cents", ""),
        ("we close at 1230 pm", ""),
        ("it was march 2014", ""),
        ("september 2027", ""),
        ("it is 123", ""),
        ("i live at 1234 elm street", ""),
        ("536 221 234", ""),
        ("extension 4111", ""),
        ("in 2014 i moved", ""),
        ("flight 1234", ""),
        ("my promo code is 1234", ""),
        ("my card was charged 50 dollars in 2014", ""),
        ("no digits at all", "what is your card number"),
        ("  ", ""),
    ],
    ids=numbered(23),
)
def test_harmless_numbers_score_low(default: SpokenAnalyzer, text: str, context: str) -> None:
    assert best(default.analyse(text, context=context.split())) < MUTED


@pytest.mark.parametrize("text", ["it is 123", "1234", "so 472 then"], ids=numbered(3))
def test_short_numbers_that_nobody_asked_for_score_under_a_third(
    default: SpokenAnalyzer, text: str
) -> None:
    assert best(default.analyse(text)) < 0.3


@pytest.mark.parametrize(
    ("text", "context", "entity"),
    [
        ("my account number is 12345678", "", Entity.BANK_ACCOUNT),
        ("021 000 021", "and the routing number", Entity.ROUTING_NUMBER),
        ("my pin is 1234", "", Entity.PIN),
        ("i was born march 5 1980", "", Entity.DATE_OF_BIRTH),
        ("03 05 1980", "what is your date of birth", Entity.DATE_OF_BIRTH),
        ("555 123 4567", "", Entity.PHONE),
        ("my phone number is 5551234567", "", Entity.PHONE),
        ("it is john dot smith at example dot com", "", Entity.EMAIL),
        ("my email is j smith 23 at gmail dot com", "", Entity.EMAIL),
        ("j.smith@example.co.uk", "", Entity.EMAIL),
    ],
    ids=numbered(10),
)
def test_the_options_are_found_too(
    everything: SpokenAnalyzer, text: str, context: str, entity: Entity
) -> None:
    assert best(everything.analyse(text, context=context.split()), entity) >= MUTED


def test_a_talk_of_dots_is_no_address(everything: SpokenAnalyzer) -> None:
    assert best(everything.analyse("look at this dot thing"), Entity.EMAIL) < MUTED


def test_a_checksum_raises_and_never_clears(everything: SpokenAnalyzer) -> None:
    for right, wrong, entity in (
        ("4111 1111 1111 1111", "4111 1111 1111 1112", Entity.CREDIT_CARD),
        ("536 22 1234", "666 22 1234", Entity.US_SSN),
        ("021 000 021", "021 000 022", Entity.ROUTING_NUMBER),
    ):
        high = best(everything.analyse(right), entity)
        low = best(everything.analyse(wrong), entity)
        assert high > low > 0


def test_offsets_cover_the_run_and_its_month(default: SpokenAnalyzer) -> None:
    text = "it expires september 2027 thanks"
    (found,) = [one for one in default.analyse(text) if one.entity is Entity.EXPIRY]
    assert text[found.start : found.end] == "september 2027"
    assert found.rule == "month-name-year"
    text = "so 4111 1111 1111 1111 please"
    (card,) = [one for one in default.analyse(text) if one.entity is Entity.CREDIT_CARD]
    assert text[card.start : card.end] == "4111 1111 1111 1111"


def test_spoken_groups_count_where_the_text_lacks_them(default: SpokenAnalyzer) -> None:
    plain = best(default.analyse("536221234"), Entity.US_SSN)
    grouped = best(default.analyse("536221234", groups=(3, 2, 4)), Entity.US_SSN)
    unrelated = best(default.analyse("536221234", groups=(3, 2)), Entity.US_SSN)
    assert plain == unrelated < MUTED <= grouped


def test_only_the_entities_asked_for_come_back() -> None:
    analyser = SpokenAnalyzer([Entity.CVV])
    assert {one.entity for one in analyser.analyse("my card is 4111 1111 and cvv 123")} == {
        Entity.CVV
    }


@pytest.mark.parametrize("entities", [(), (Entity.UNHEARD,)], ids=["none", "unheard"])
def test_what_no_recognizer_knows_is_refused(entities: tuple[Entity, ...]) -> None:
    with pytest.raises(ValueError, match="recognizers know these entities"):
        SpokenAnalyzer(entities)


def test_phrases_have_one_lemma() -> None:
    assert lemmas(["what", "is", "your", "Social", "Security", "number"])[-1] == "ssn"
    assert lemmas(["security", "codes"]) == ["", "security_code"]
    assert lemmas(["zip", "code"]) == ["", "zip_code"]
    assert lemmas(["cards", "address"]) == ["card", "address"]


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        pytest.fail("the analyzer opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    found = SpokenAnalyzer(DETECTABLE).analyse("mail john at example dot com or 4111 1111")
    assert best(found, Entity.EMAIL) >= MUTED


def test_a_failure_says_nothing_of_the_text(default: SpokenAnalyzer) -> None:
    lone_surrogate = "my card is 4111 1111 \ud800"
    with pytest.raises(HushtapError) as failed:
        default.analyse(lone_surrogate)
    assert "4111" not in str(failed.value)
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    assert best(default.analyse("my card is 4111 1111 1111 1111")) == 1.0


def test_logs_and_reprs_carry_no_text(
    everything: SpokenAnalyzer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("control").debug("canary")
    text = "my card is 4929 8832 zebra mail badger at example dot com"
    found = everything.analyse(text, context=["ostrich", "card"])
    engine = BlankEngine()
    engine.load()
    runs = runs_of(engine.process_text("my card is 4929 8832 zebra", "en"))
    seen = caplog.text + repr(found) + repr(runs)
    assert "canary" in seen
    for secret in ("4929", "8832", "zebra", "ostrich", "badger", "example"):
        assert secret not in seen


def test_artifacts_of_another_engine_are_refused() -> None:
    with pytest.raises(TypeError, match="BlankEngine"):
        runs_of(None)
    with pytest.raises(RuntimeError, match="load"):
        _ = BlankEngine().nlp


def test_memory_does_not_grow_with_numbers() -> None:
    analyser = SpokenAnalyzer([Entity.PIN])
    vocab = analyser._nlp.nlp.vocab
    analyser.analyse("my pin is 1234")
    # len(vocab) only ever counts up; what it holds is what it yields.
    before = (len(vocab.strings), sum(1 for _ in vocab))
    draw = random.Random(4)  # noqa: S311  test data
    for _ in range(200):
        analyser.analyse(", ".join(str(draw.randrange(10**11, 10**12)) for _ in range(100)))
    assert (len(vocab.strings), sum(1 for _ in vocab)) == before


def test_without_its_memory_zone_memory_would_grow() -> None:
    engine = BlankEngine()
    engine.load()
    before = len(engine.nlp.vocab.strings)
    for number in range(10**9, 10**9 + 50):
        engine.process_text(str(number), "en")
    assert len(engine.nlp.vocab.strings) >= before + 50


def test_threads_take_turns_and_agree(everything: SpokenAnalyzer) -> None:
    texts = [f"my card number is 4111 1111 1111 {at:04}" for at in range(40)]
    alone = [everything.analyse(text) for text in texts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(everything.analyse, texts)) == alone


def test_long_texts_end(everything: SpokenAnalyzer) -> None:
    found = everything.analyse("a.b " * 500 + "at x dot " * 300 + "1234 " * 500)
    assert best(found, Entity.CREDIT_CARD) >= MUTED
