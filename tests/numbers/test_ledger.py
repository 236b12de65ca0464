"""What is muted of a conversation, what is not, and what is held meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conversation import AGENT, CALLER, RATE, Call, Line
from hushtap.numbers.ledger import Judged
from hushtap.values import Entity

if TYPE_CHECKING:
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer

CARD = "four one one one | one one one one | one one one one | one one one one"
OTHER_CARD = (
    "five four two five | two three three four | three zero one zero | nine nine zero three"
)
ASK_CARD = "can i have your card number please"
ASK_CODE = "and the security code on the back"
ASK_EXPIRY = "and when does it expire"
ASK_SSN = "what is your social security number"


def spoken(text: str) -> str:
    return text.replace("| ", "")


class Calls:
    """Conversations under one policy."""

    def __init__(self, policy: Policy, analyzer: SpokenAnalyzer) -> None:
        self._policy = policy
        self._analyzer = analyzer

    def __call__(self, *lines: tuple[int, float, str]) -> Call:
        return Call(self._policy, self._analyzer, [Line(*line) for line in lines])


@pytest.fixture
def calls(policy: Policy, analyzer: SpokenAnalyzer) -> Calls:
    return Calls(policy, analyzer)


@pytest.fixture
def keeping_last4(policy: Policy, analyzer: SpokenAnalyzer) -> Calls:
    return Calls(replace(policy, keep_last4=True), analyzer)


# --- asked for ------------------------------------------------------------------------


def test_an_asked_card_is_muted_from_its_first_digit(calls: Calls) -> None:
    call = calls((AGENT, 0, ASK_CARD), (CALLER, 4, "sure it is four"))
    assert call.muted(CALLER) == "four"
    call = calls((AGENT, 0, ASK_CARD), (CALLER, 4, "sure it is " + CARD))
    assert call.muted(CALLER, Entity.CREDIT_CARD) == spoken(CARD)
    assert call.muted(AGENT) == ""


def test_digits_made_up_of_noise_before_a_question_do_not_take_its_answer_away(
    calls: Calls,
) -> None:
    call = calls(
        (AGENT, 0, "when did you open the account"),
        (CALLER, 3, "it was nineteen ninety eight or a year later"),
        (CALLER, 6.8, "two eight"),
        (AGENT, 6.2, "what is the expiration date"),
        (CALLER, 8.0, "oh eight twenty eight"),
    )
    assert call.muted(CALLER).endswith("oh eight twenty eight")
    assert "nineteen" not in call.muted(CALLER)


def test_talk_of_an_address_lets_no_number_go_that_was_asked_for(calls: Calls) -> None:
    said = "one two three four five six seven eight nine"
    call = calls(
        (AGENT, 0, ASK_SSN),
        (CALLER, 3, "just a second please"),
        (AGENT, 6, "and is the mailing address still current"),
        (CALLER, 10, "yes it is " + said),
    )
    assert call.muted(CALLER) == said


def test_a_good_card_is_a_card(calls: Calls) -> None:
    said = "four one one one four one one one four one one one"
    call = calls(
        (AGENT, 0, "what is your phone number"), (CALLER, 3, "my card is good it is " + said)
    )
    assert call.muted(CALLER) == said


def test_digits_begun_before_a_question_are_not_all_of_its_answer(calls: Calls) -> None:
    call = calls(
        (CALLER, 0, "nine zero two one"),
        (AGENT, 0, ASK_EXPIRY),
        (AGENT, 3, "how much was it"),
        (CALLER, 5, "zero one two six"),
    )
    assert call.muted(CALLER).endswith("zero one two six")


def test_the_listeners_okay_between_groups_changes_nothing(calls: Calls) -> None:
    call = calls(
        (AGENT, 0, ASK_CARD),
        (CALLER, 4, "five four two five"),
        (AGENT, 5.5, "okay"),
        (CALLER, 6, "two three three four"),
        (AGENT, 7.5, "mm-hmm"),
        (CALLER, 8.5, "three zero one zero"),
        (AGENT, 10, "okay"),
        (CALLER, 10.5, "nine nine zero three"),
    )
    assert call.muted(CALLER) == spoken(OTHER_CARD)
    assert call.muted(AGENT) == ""


def test_a_card_that_is_asked_for_on_one_channel_may_be_answered_on_it(calls: Calls) -> None:
    call = calls((CALLER, 0, "my card number is " + OTHER_CARD))
    assert call.muted(CALLER) == spoken(OTHER_CARD)


def test_a_first_digit_by_itself_belongs_to_the_number_that_follows(calls: Calls) -> None:
    call = calls((CALLER, 0, "my visa number is four | | | well one nine nine three eight seven"))
    assert call.muted(CALLER) == "four one nine nine three eight seven"
    far = calls((CALLER, 0, "my visa number is four | | | | | | one nine nine three eight seven"))
    assert far.muted(CALLER) == "one nine nine three eight seven"


def test_a_number_with_digits_missing_is_muted_like_a_whole_one(calls: Calls) -> None:
    call = calls((AGENT, 0, ASK_CARD), (CALLER, 4, "five four two | three three | zero one zero"))
    assert call.muted(CALLER) == "five four two three three zero one zero"


def test_a_wrong_checksum_clears_nothing(calls: Calls) -> None:
    wrong = CARD[: -len("one")] + "two"
    assert calls((CALLER, 0, wrong)).muted(CALLER) == spoken(wrong)
    assert calls((AGENT, 0, ASK_CARD), (CALLER, 4, wrong)).muted(CALLER) == spoken(wrong)


def test_a_correction_is_muted_with_what_it_corrects(calls: Calls) -> None:
    call = calls((AGENT, 0, ASK_CARD), (CALLER, 4, "five four two six sorry five four two five"))
    muted = call.muted(CALLER)
    assert muted.startswith("five four two six")
    assert muted.endswith("five four two five")


def test_an_asked_ssn_in_its_groups(calls: Calls) -> None:
    said = "five three six | two two | one two three four"
    call = calls((AGENT, 0, ASK_SSN), (CALLER, 4, said))
    assert call.muted(CALLER, Entity.US_SSN) == spoken(said)


def test_the_last_four_of_a_social_are_muted(calls: Calls) -> None:
    call = calls(
        (AGENT, 0, "and the last four of your social please"), (CALLER, 5, "one two three four")
    )
    assert call.muted(CALLER, Entity.US_SSN) == "one two three four"


def test_an_asked_code_and_expiry(calls: Calls) -> None:
    call = calls(
        (AGENT, 0, ASK_CODE),
        (CALLER, 4, "seven three nine"),
        (AGENT, 7, ASK_EXPIRY),
        (CALLER, 10, "oh nine twenty seven"),
    )
    assert call.muted(CALLER, Entity.CVV) == "seven three nine"
    assert call.muted(CALLER, Entity.EXPIRY) == "oh nine twenty seven"


def test_in_the_payment_phase_code_and_date_need_no_question(calls: Calls) -> None:
    call = calls(
        (AGENT, 0, ASK_CARD),
        (CALLER, 4, CARD),
        (AGENT, 14, "thank you very much for that"),
        (CALLER, 20, "september twenty seven"),
        (AGENT, 23, "great and then the next thing"),
        (CALLER, 27, "seven three nine"),
    )
    muted = call.muted(CALLER)
    assert muted.endswith("seven three nine")
    assert "september twenty seven" in muted


# --- not asked for --------------------------------------------------------------------


def test_a_card_that_nobody_asked_for_is_muted_as_one_chain(calls: Calls) -> None:
    call = calls(
        (CALLER, 0, "okay so here it comes five four two five"),
        (CALLER, 5, "two three three four"),
        (AGENT, 6.5, "mm-hmm"),
        (CALLER, 8, "three zero one zero"),
        (CALLER, 11, "nine nine zero three"),
    )
    assert call.muted(CALLER, Entity.CREDIT_CARD) == spoken(OTHER_CARD)


def test_an_ssn_in_its_groups_needs_no_question(calls: Calls) -> None:
    said = "five three six | two two | one two three four"
    assert calls((CALLER, 0, "yeah it is " + said)).muted(CALLER) == spoken(said)


def test_a_read_back_on_the_other_channel_is_muted(calls: Calls) -> None:
    call = calls(
        (AGENT, 0, ASK_CARD),
        (CALLER, 4, CARD),
        (AGENT, 13, "so that is " + CARD),
    )
    assert call.muted(AGENT) == spoken(CARD)


def test_ending_in_mutes_the_four_digits_after_it(calls: Calls) -> None:
    call = calls((AGENT, 0, "i see the card ending in four two four two"))
    assert call.muted(AGENT, Entity.CREDIT_CARD) == "four two four two"


# --- harmless -------------------------------------------------------------------------

HARMLESS = {
    "phone": ("what is the best phone number to reach you", "five five five | two three six one"),
    "order": ("what is the order number", "seven seven two nine one"),
    "postcode": ("and your zip code", "nine oh two one oh"),
    "amount": ("how much was it", "forty two dollars and fifty cents"),
    "time": ("what time works for the appointment", "three thirty pm"),
    "street": ("what is the street address", "twelve forty seven oak street"),
    "count": ("how many did you buy", "i bought three of them"),
    "one moment": ("are you there", "one moment please"),
}


@pytest.mark.parametrize("kind", HARMLESS)
def test_harmless_numbers_are_not_muted(calls: Calls, kind: str) -> None:
    question, answer = HARMLESS[kind]
    call = calls((AGENT, 0, question), (CALLER, 5, answer))
    assert call.muted(CALLER) == call.muted(AGENT) == ""


@pytest.mark.parametrize("idiom", ["one moment please", "just a second", "hold on one second"])
def test_an_idiom_is_not_muted_even_while_a_card_is_waited_for(calls: Calls, idiom: str) -> None:
    call = calls((AGENT, 0, ASK_CARD), (CALLER, 4, idiom))
    assert call.judge(6).armed
    assert call.muted(CALLER) == ""


def test_a_policy_mutes_only_its_entities(policy: Policy, analyzer: SpokenAnalyzer) -> None:
    only_ssn = Calls(replace(policy, entities=frozenset({Entity.US_SSN})), analyzer)
    assert only_ssn((AGENT, 0, ASK_CODE), (CALLER, 4, "seven three nine")).muted(CALLER) == ""


# --- armed and held -------------------------------------------------------------------


def test_a_question_arms_until_it_times_out(calls: Calls, policy: Policy) -> None:
    call = calls((AGENT, 0, ASK_CARD))
    assert call.judge(3).armed
    assert call.judge(policy.arm_timeout).armed
    assert not call.judge(policy.arm_timeout + 5).armed


def test_after_the_time_out_a_short_number_is_nobodys_business(
    calls: Calls, policy: Policy
) -> None:
    late = policy.arm_timeout + 30
    call = calls((AGENT, 0, ASK_CARD), (CALLER, late, "we have been there twelve times"))
    assert call.muted(CALLER) == ""


def test_small_talk_arms_nothing(calls: Calls) -> None:
    assert not calls((AGENT, 0, "thank you for calling how are you today")).judge(3).armed


def test_an_open_chain_is_held_from_its_first_digit(calls: Calls) -> None:
    call = calls((CALLER, 0, "well five four two five"))
    judged = call.judge(2.5)
    assert judged.verdicts == ()
    assert judged.hold_from == (None, call.start(CALLER, "five"))


def test_a_chain_that_ended_is_held_no_longer(calls: Calls) -> None:
    call = calls((CALLER, 0, "well five four two five"))
    assert call.judge(30).hold_from == (None, None)


def test_a_lone_number_is_held_for_less_time_than_a_group(calls: Calls, policy: Policy) -> None:
    lone, group = calls((CALLER, 0, "five")), calls((CALLER, 0, "five five five"))
    later = policy.run_gap + 1
    assert lone.judge(0.3 + later).hold_from[CALLER] is None
    assert group.judge(0.9 + later).hold_from[CALLER] is not None


def test_judging_twice_says_the_same(calls: Calls) -> None:
    call = calls((AGENT, 0, ASK_CARD), (CALLER, 4, CARD), (AGENT, 14, ASK_CODE))
    assert call.judge(30) == call.judge(30)


def test_a_verdict_has_no_text(calls: Calls) -> None:
    call = calls((AGENT, 0, ASK_CARD), (CALLER, 4, CARD))
    judged: Judged = call.judge()
    assert judged.verdicts
    assert not {"four", "one", "4111"} & set(repr(judged).replace("'", " ").split())
    assert all(v.source.split(":")[0] in {"words", "loop", "unclear"} for v in judged.verdicts)


# --- the last four digits -------------------------------------------------------------


def test_the_last_four_of_a_whole_card_stay_audible_where_the_policy_says_so(
    keeping_last4: Calls,
) -> None:
    call = keeping_last4((AGENT, 0, ASK_CARD), (CALLER, 4, OTHER_CARD))
    muted = call.muted(CALLER)
    assert muted == "five four two five two three three four three zero one zero"


@pytest.mark.parametrize(
    "said",
    [
        OTHER_CARD[: -len(" nine nine zero three")],
        OTHER_CARD[: -len("three")] + "two",
        OTHER_CARD + " | nine nine zero three",
    ],
    ids=["a group missing", "wrong checksum", "a group too many"],
)
def test_what_is_not_surely_a_whole_card_is_muted_to_its_end(
    keeping_last4: Calls, said: str
) -> None:
    call = keeping_last4((AGENT, 0, ASK_CARD), (CALLER, 4, said))
    assert call.muted(CALLER).endswith(" ".join(spoken(said).split()[-4:]).rstrip("| "))


def test_while_it_may_go_on_a_card_with_kept_digits_is_held(keeping_last4: Calls) -> None:
    call = keeping_last4((AGENT, 0, ASK_CARD), (CALLER, 4, "five four two five"))
    assert call.judge(5.5).hold_from[CALLER] == 4 * RATE


def test_a_digit_that_only_the_words_have_counts_where_it_was_asked_for(
    policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    for question, muted in ((ASK_CODE, "five"), ("how are you today", "")):
        call = Call(policy, analyzer, [Line(AGENT, 0, question), Line(CALLER, 4, "it is five")])
        call.ledger.update(CALLER, call.words[CALLER], (), spotted=lambda _: False)
        assert call.muted(CALLER) == muted
