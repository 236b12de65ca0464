from __future__ import annotations

import pytest

from conversation import RATE, say
from hushtap.numbers.cues import Cue, both_cues, find_cues, spotted_cues
from hushtap.timeline import Span
from hushtap.values import Entity, HeardBy, Word

STRONG = {
    "can i have your card number": Entity.CREDIT_CARD,
    "read me the long number": Entity.CREDIT_CARD,
    "the visa ending in": Entity.CREDIT_CARD,
    "what is the call number please": Entity.CREDIT_CARD,
    "and the security code": Entity.CVV,
    "the three digits on the back": Entity.CVV,
    "what is the CVV?": Entity.CVV,
    "when does it expire": Entity.EXPIRY,
    "the expiration date, please": Entity.EXPIRY,
    "it is good through": Entity.EXPIRY,
    "your social security number": Entity.US_SSN,
    "last four of your social": Entity.US_SSN,
    "the routing number": Entity.ROUTING_NUMBER,
    "what is your date of birth": Entity.DATE_OF_BIRTH,
    "a phone number for you": Entity.PHONE,
    "the order number": None,
    "and your zip code": None,
    "how much was it": None,
    "the four digit pulled on the front": Entity.CVV,
    "my card is": Entity.CREDIT_CARD,
    "can you give me the cv please": Entity.CVV,
}


@pytest.mark.parametrize("phrase", STRONG)
def test_a_request_is_a_strong_cue_for_what_it_asks(phrase: str) -> None:
    strong = [cue.entity for cue in find_cues(say(phrase), 0) if cue.strong]
    assert STRONG[phrase] in strong


@pytest.mark.parametrize(
    "phrase",
    [
        "thank you for calling",
        "how are you today",
        "i have been waiting for an hour",
        "okay great",
        "",
    ],
    ids=["greeting", "how", "waiting", "okay", "nothing"],
)
def test_small_talk_holds_no_cue(phrase: str) -> None:
    assert find_cues(say(phrase), 0) == []


def test_the_mere_mention_of_a_card_is_a_weak_cue() -> None:
    (cue,) = find_cues(say("i lost my card"), 0)
    assert (cue.entity, cue.strong) == (Entity.CREDIT_CARD, False)


def test_a_cue_is_where_its_last_word_starts_and_on_its_channel() -> None:
    words = say("so your social security please", at=2.0)
    assert Cue(words[3].span.start, 1, Entity.US_SSN, strong=True) in find_cues(words, 1)


def test_marks_and_case_change_nothing() -> None:
    plain, marked = say("card number please"), say("Card number, please.")
    assert find_cues(plain, 0) == find_cues(marked, 0)


def test_cues_come_in_order_of_time() -> None:
    words = say("zip code and the expiration date and your card number and the cvv", at=1.0)
    times = [cue.time for cue in find_cues(words, 0)]
    assert len(times) >= 4
    assert times == sorted(times)
    assert times[0] >= RATE


def spotted(text: str, *, gap: float = 0.4, probability: float = 0.95) -> list[Word]:
    """Return cue words as the spotter names them, ``gap`` seconds apart."""
    step = round(gap * RATE)
    return [
        Word(word, Span(i * step, i * step + RATE // 50), probability, HeardBy.SPOTTER)
        for i, word in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("said", "entity"),
    [
        ("card number", Entity.CREDIT_CARD),
        ("number credit card", Entity.CREDIT_CARD),
        ("sixteen digit front", Entity.CREDIT_CARD),
        ("security code", Entity.CVV),
        ("three digit back", Entity.CVV),
        ("cvv", Entity.CVV),
        ("expire date", Entity.EXPIRY),
        ("month year", Entity.EXPIRY),
        ("social security number", Entity.US_SSN),
        ("phone number", Entity.PHONE),
        ("zip code", None),
        ("order number", None),
        ("date birth", Entity.DATE_OF_BIRTH),
    ],
)
def test_what_the_spotter_names_announces_a_number(said: str, entity: Entity | None) -> None:
    strong = [cue for cue in spotted_cues(spotted(said), 1, RATE) if cue.strong]
    assert entity in {cue.entity for cue in strong}
    assert {cue.channel for cue in strong} == {1}


def test_words_far_apart_are_no_phrase() -> None:
    assert any(c.strong for c in spotted_cues(spotted("card number"), 0, RATE))
    assert not any(c.strong for c in spotted_cues(spotted("card number", gap=2.0), 0, RATE))


def test_what_makes_harmless_must_be_surer_than_what_makes_sensitive() -> None:
    assert spotted_cues(spotted("social", probability=0.6), 0, RATE)
    assert not spotted_cues(spotted("zip", probability=0.6), 0, RATE)
    assert not spotted_cues(spotted("social", probability=0.4), 0, RATE)


def test_a_cue_of_both_ears_comes_once_and_none_is_lost() -> None:
    read = [Cue(RATE, 0, Entity.CVV, strong=True)]
    same = Cue(RATE + RATE // 2, 0, Entity.CVV, strong=True)
    other = Cue(RATE // 2, 0, Entity.EXPIRY, strong=True)
    later = Cue(9 * RATE, 0, Entity.CVV, strong=True)
    assert both_cues(read, [same, other, later], RATE) == [other, *read, later]
    weak = [Cue(RATE, 0, Entity.CVV, strong=False)]
    assert both_cues(weak, [same], RATE) == [*weak, same]


def test_how_long_a_card_is_good_announces_no_card_number() -> None:
    strong = {cue.entity for cue in find_cues(say("my card is valid until"), 0) if cue.strong}
    assert strong == {Entity.EXPIRY}


@pytest.mark.parametrize("said", ["that's good to hear", "good to know", "it was good to talk"])
def test_small_talk_asks_for_no_expiry_date(said: str) -> None:
    assert find_cues(say(said), 0) == []


@pytest.mark.parametrize("said", ["it is good through", "valid to", "good till"])
def test_what_says_how_long_a_card_is_good_does(said: str) -> None:
    assert [cue.entity for cue in find_cues(say(said), 0)] == [Entity.EXPIRY]


@pytest.mark.parametrize(
    "said", ["let me put my phone down", "the total is", "it is my birthday", "reach me there"]
)
def test_what_only_mentions_a_harmless_number_asks_for_none(said: str) -> None:
    assert not any(
        cue.strong for cue in find_cues(say(said), 0) if cue.entity is not Entity.DATE_OF_BIRTH
    )
    assert not any(cue.strong for cue in spotted_cues(spotted("phone"), 0, RATE))


@pytest.mark.parametrize(
    ("said", "few"),
    [
        ("the last four of the card", True),
        ("a card ending in", True),
        ("your card number", False),
        ("the last three on the back", False),
    ],
)
def test_a_cue_tells_whether_only_the_last_four_are_meant(said: str, *, few: bool) -> None:
    assert any(cue.few for cue in find_cues(say(said), 0)) == few


def test_a_number_to_call_back_is_no_code_on_the_back() -> None:
    cues = spotted_cues(spotted("phone number call back"), 0, RATE)
    assert {cue.entity for cue in cues} == {Entity.PHONE}
    assert Entity.CVV in {c.entity for c in spotted_cues(spotted("number card back"), 0, RATE)}


def test_what_is_no_secret_of_the_policy_is_harmless_where_it_is_asked_for() -> None:
    secrets = {Entity.US_SSN}
    assert Cue(0, 0, None, strong=False).harmless(secrets)
    assert Cue(0, 0, Entity.CREDIT_CARD, strong=True).harmless(secrets)
    assert not Cue(0, 0, Entity.CREDIT_CARD, strong=False).harmless(secrets)
    assert not Cue(0, 0, Entity.US_SSN, strong=True).harmless(secrets)
