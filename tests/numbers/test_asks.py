from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conversation import AGENT, CALLER, RATE, say
from hushtap.numbers.asks import SETTLE_S, Asks
from hushtap.numbers.cues import Cue
from hushtap.numbers.pieces import Piece, find_pieces
from hushtap.values import Entity

if TYPE_CHECKING:
    from hushtap.pii.policy import Policy


def at(seconds: float) -> int:
    return round(seconds * RATE)


def asked(entity: Entity | None, seconds: float, *, strong: bool = True) -> Cue:
    return Cue(at(seconds), AGENT, entity, strong)


def piece(text: str, seconds: float, *, lenient: bool = False) -> Piece:
    found = find_pieces(say(text, seconds), [], CALLER, RATE, 1.2)[lenient]
    return found[0]


@pytest.fixture
def asks(policy: Policy) -> Asks:
    return Asks(policy, RATE)


GROUP = "four one one two"
WHOLE = " ".join([GROUP] * 4)


def test_nothing_asked_nothing_answered(asks: Asks) -> None:
    assert asks.answer(piece("seven three nine", 1)) == (None, False)
    assert not asks.armed(at(1))


@pytest.mark.parametrize(
    "entity", [Entity.CREDIT_CARD, Entity.CVV, Entity.EXPIRY, Entity.US_SSN], ids=str
)
def test_what_follows_a_firm_ask_answers_it(asks: Asks, entity: Entity) -> None:
    asks.hear(asked(entity, 0))
    assert asks.armed(at(1))
    assert asks.answer(piece("four one", 3, lenient=True)) == (entity, True)


def test_what_the_policy_does_not_mute_arms_nothing(asks: Asks) -> None:
    asks.hear(asked(Entity.PHONE, 0))
    assert not asks.armed(at(1))
    assert asks.answer(piece(GROUP, 3))[0] is None


def test_an_ask_times_out(asks: Asks, policy: Policy) -> None:
    asks.hear(asked(Entity.CVV, 0))
    assert asks.armed(at(policy.arm_timeout) - 1)
    assert not asks.armed(at(policy.arm_timeout))


def test_an_answered_ask_stays_open_for_a_while_and_no_longer(asks: Asks) -> None:
    asks.hear(asked(Entity.CREDIT_CARD, 0))
    answer = piece(WHOLE, 3, lenient=True)
    assert asks.answer(answer)[0] is Entity.CREDIT_CARD
    assert asks.armed(answer.span.end + at(SETTLE_S) - 1)
    assert not asks.armed(answer.span.end + at(SETTLE_S))


def test_a_harmless_question_takes_the_next_number(asks: Asks) -> None:
    asks.hear(asked(Entity.CREDIT_CARD, 0))
    asks.answer(piece(WHOLE, 3, lenient=True))
    asks.hear(asked(None, 12))
    assert asks.answer(piece("nine oh two one oh", 14)) == (None, False)


def test_a_new_question_ends_the_harmless_one(asks: Asks) -> None:
    asks.hear(asked(None, 0))
    asks.hear(asked(Entity.CVV, 2))
    assert asks.answer(piece("seven three nine", 5, lenient=True))[0] is Entity.CVV


def test_the_mention_of_a_card_makes_a_group_sensitive_and_a_short_number_not(asks: Asks) -> None:
    asks.hear(asked(Entity.CREDIT_CARD, 0, strong=False))
    assert not asks.armed(at(1))
    assert asks.answer(piece("forty two", 2)) == (None, False)
    assert asks.answer(piece(GROUP, 4)) == (Entity.CREDIT_CARD, False)


def test_dates_and_codes_in_the_payment_phase(asks: Asks) -> None:
    asks.found(Entity.CREDIT_CARD, piece(WHOLE, 0))
    late = 5 + SETTLE_S + 5
    assert asks.answer(piece("september twenty seven", late)) == (Entity.EXPIRY, False)
    assert asks.answer(piece("seven three nine", late + 5)) == (Entity.CVV, False)


def test_a_date_answers_the_question_for_a_date_even_if_a_code_was_asked_for_since(
    asks: Asks,
) -> None:
    asks.hear(asked(Entity.EXPIRY, 0))
    asks.hear(asked(Entity.CVV, 2))
    assert asks.answer(piece("september twenty seven", 4, lenient=True))[0] is Entity.EXPIRY


def test_prices_and_asides_answer_nothing(asks: Asks) -> None:
    asks.hear(asked(Entity.CREDIT_CARD, 0))
    assert asks.answer(piece("forty two dollars", 3, lenient=True))[0] is None
    assert asks.answer(piece("i have two cards here", 6, lenient=True))[0] is None


def test_once_the_call_moved_on_its_answer_is_no_longer_waited_for(asks: Asks) -> None:
    asks.hear(asked(Entity.US_SSN, 0))
    answer = piece("five three six two two one two three four", 3, lenient=True)
    assert asks.answer(answer)[0] is Entity.US_SSN
    asks.talk(at(8), AGENT)
    assert not asks.armed(at(9))


def test_the_code_on_the_front_of_the_card_asks_for_the_code(asks: Asks) -> None:
    asks.hear(asked(Entity.CVV, 1, strong=False))
    asks.hear(asked(Entity.CREDIT_CARD, 2))
    assert asks.answer(piece("seven four four six", 4, lenient=True)) == (Entity.CVV, True)


def test_a_number_is_expected_after_the_question_and_inside_the_answer(asks: Asks) -> None:
    assert not asks.expects(piece("seven", 1))
    asks.hear(asked(Entity.CREDIT_CARD, 1))
    assert asks.expects(piece("seven", 3))
    asks.answer(piece(GROUP, 4, lenient=True))
    assert asks.expects(piece("seven", 7))
    assert not asks.expects(piece("seven", 30))
    asks.answer(piece(WHOLE, 8, lenient=True))
    assert not asks.expects(piece("seven", 14))


def test_a_lone_word_that_the_spotter_hears_is_the_answer_awaited(asks: Asks) -> None:
    aside = replace(piece("seven", 4, lenient=True), aside=True)
    asks.hear(asked(Entity.CVV, 2))
    assert asks.answer(aside) == (None, True)
    assert asks.answer(replace(aside, source="spotter")) == (Entity.CVV, True)


def test_what_makes_no_sense_right_after_a_question_is_its_answer(asks: Asks) -> None:
    unclear = replace(piece("seven", 4, lenient=True), source="unclear", doubt=True)
    assert asks.answer(unclear)[0] is None
    asks.hear(asked(Entity.CVV, 2))
    assert asks.answer(replace(unclear, shy=True))[0] is None
    assert asks.answer(unclear)[0] is Entity.CVV


@pytest.mark.parametrize("entity", [Entity.CVV, Entity.EXPIRY, Entity.CREDIT_CARD, Entity.US_SSN])
def test_small_talk_before_the_answer_does_not_make_it_harmless(asks: Asks, entity: Entity) -> None:
    # "Hold on, let me put my phone down. It is ..."; "The total will be forty dollars."
    asks.hear(asked(entity, 1))
    asks.hear(Cue(at(7), CALLER, Entity.PHONE, strong=True))
    asks.hear(Cue(at(7.5), CALLER, None, strong=False))
    asks.hear(Cue(at(8), AGENT, None, strong=False))
    assert asks.answer(piece("four one two", 10, lenient=True)) == (entity, True)


def test_who_asked_may_ask_for_something_else_instead(asks: Asks) -> None:
    asks.hear(asked(Entity.CVV, 1))
    asks.hear(asked(None, 7))
    assert asks.answer(piece("four one two", 10, lenient=True)) == (None, False)


@pytest.mark.parametrize(
    ("asker", "entity"), [(AGENT, Entity.EXPIRY), (CALLER, None)], ids=["asked", "announced"]
)
def test_a_date_that_nobody_asked_for_is_over_with_the_next_question(
    asks: Asks, asker: int, entity: Entity | None
) -> None:
    # "It is valid until oh eight", of which no more was understood; "And your order number?"
    asks.hear(replace(asked(Entity.EXPIRY, 1), channel=asker))
    asks.answer(replace(piece("oh eight", 3, lenient=True), source="both"))
    asks.hear(replace(asked(None, 9), channel=CALLER if asker == AGENT else AGENT))
    assert asks.answer(piece("seven oh eight eight", 11, lenient=True))[0] is entity


def test_who_is_asked_may_not_take_it_back_but_who_asked_last_may(asks: Asks) -> None:
    asks.hear(replace(asked(Entity.EXPIRY, 1), channel=CALLER))  # misheard
    asks.hear(asked(Entity.CREDIT_CARD, 3))
    assert asks.answer(piece(WHOLE, 6, lenient=True))[0] is Entity.CREDIT_CARD
    asks.hear(asked(None, 20))
    assert asks.answer(piece("nine four one one oh", 22)) == (None, False)


def test_one_request_is_not_disarmed_by_another_reading_of_it(asks: Asks) -> None:
    # "Your social security number", of which the spotter makes "tracking number" as well.
    asks.hear(asked(Entity.US_SSN, 1))
    asks.hear(asked(None, 2))
    assert asks.answer(piece("nine four seven", 4, lenient=True)) == (Entity.US_SSN, True)


def test_a_mere_mention_of_what_the_policy_leaves_alone_disarms_nothing(policy: Policy) -> None:
    only_ssn = Asks(replace(policy, entities=frozenset({Entity.US_SSN})), RATE)
    only_ssn.found(Entity.US_SSN, piece("nine four seven", 0))
    only_ssn.hear(asked(Entity.CREDIT_CARD, 3, strong=False))
    assert only_ssn.answer(piece("nine four seven two", 5, lenient=True))[0] is Entity.US_SSN


def last_four(entity: Entity, seconds: float) -> Cue:
    return replace(asked(entity, seconds), few=True)


def test_the_last_four_are_all_that_was_asked_for(asks: Asks) -> None:
    asks.hear(last_four(Entity.CREDIT_CARD, 1))
    assert asks.answer(piece(GROUP, 3, lenient=True)) == (Entity.CREDIT_CARD, True)
    asks.hear(asked(None, 12))
    assert asks.answer(piece("nine four one one oh", 14)) == (None, False)


def test_who_says_all_of_it_where_four_were_asked_for_is_listened_to(asks: Asks) -> None:
    asks.hear(last_four(Entity.CREDIT_CARD, 1))
    for at_s in (3, 6):
        assert asks.answer(piece(GROUP, at_s, lenient=True))[0] is Entity.CREDIT_CARD
    asks.hear(replace(asked(None, 9), channel=CALLER))
    assert asks.answer(piece(GROUP, 10, lenient=True))[0] is Entity.CREDIT_CARD


def test_the_last_four_of_a_social_leave_no_card_to_wait_for(asks: Asks) -> None:
    asks.hear(last_four(Entity.CREDIT_CARD, 1))
    asks.hear(asked(Entity.US_SSN, 2))
    assert asks.answer(piece(GROUP, 4, lenient=True)) == (Entity.US_SSN, True)
    asks.talk(at(8), AGENT)
    assert not asks.armed(at(9))


def test_counting_aloud_is_no_number_but_where_one_is_awaited(asks: Asks) -> None:
    counting = piece("one two three", 12, lenient=True)
    asks.hear(asked(Entity.CVV, 1))
    assert asks.answer(piece("seven two four", 3, lenient=True)) == (Entity.CVV, True)
    assert asks.answer(counting)[0] is None
    assert asks.answer(piece("seven two three", 14, lenient=True))[0] is Entity.CVV


def test_in_the_payment_phase_a_sentence_about_something_else_holds_no_code(asks: Asks) -> None:
    asks.found(Entity.CREDIT_CARD, piece(WHOLE, 0))
    late = 5 + SETTLE_S + 5
    price = piece("seven thirty nine", late)
    assert asks.answer(replace(price, amid=True)) == (None, False)
    assert asks.answer(price) == (Entity.CVV, False)


def test_in_the_payment_phase_digits_said_one_by_one_are_a_code_wherever_they_stand(
    asks: Asks,
) -> None:
    asks.found(Entity.CREDIT_CARD, piece(WHOLE, 0))
    code = piece("seven three nine", 5 + SETTLE_S + 5)
    assert asks.answer(replace(code, amid=True)) == (Entity.CVV, False)


@pytest.mark.parametrize(("after", "muted"), [(0.5, True), (4.0, False)])
def test_what_trails_a_long_number_is_its_last_digit(
    asks: Asks, after: float, *, muted: bool
) -> None:
    number = piece(WHOLE, 3, lenient=True)
    asks.hear(asked(Entity.CREDIT_CARD, 1))
    asks.answer(number)
    late = piece("seven", number.span.end / RATE + after, lenient=True)
    faint = replace(late, source="unclear", doubt=True, faint=True)
    assert (asks.answer(faint)[0] is Entity.CREDIT_CARD) == muted


def test_the_same_digits_read_twice_count_once(asks: Asks) -> None:
    group = piece(GROUP, 3)
    asks.found(Entity.CREDIT_CARD, group)
    asks.answer(piece(GROUP, 3, lenient=True))
    # Not all of it yet: talk of the other side does not end it.
    asks.talk(at(8), AGENT)
    assert asks.armed(at(9))


def test_a_date_asked_for_may_be_an_ordinal_and_two_halves(asks: Asks) -> None:
    # "Eleven slash two six", as a small recogniser writes it: "11th last 26".
    asks.hear(asked(Entity.EXPIRY, 1))
    assert asks.answer(piece("11th", 3, lenient=True))[0] is Entity.EXPIRY
    half = replace(piece("last two six", 4.2, lenient=True), aside=True)
    assert asks.answer(half)[0] is Entity.EXPIRY
    assert asks.answer(replace(half, span=piece("two six", 30).span))[0] is None


@pytest.mark.parametrize("entity", [Entity.CVV, Entity.EXPIRY])
def test_the_last_four_and_a_code_are_two_things(asks: Asks, entity: Entity) -> None:
    asks.hear(last_four(Entity.CREDIT_CARD, 1))
    asks.hear(asked(entity, 3))
    assert asks._asks.keys() == {Entity.CREDIT_CARD, entity}
    assert asks.answer(piece(GROUP, 5, lenient=True))[0] is not None
