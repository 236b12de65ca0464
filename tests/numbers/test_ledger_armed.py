"""Where it was said from outside that every number counts, short ones nobody asked for do, too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conversation import AGENT, CALLER, RATE, Call, Line
from hushtap.timeline import Span
from hushtap.values import Entity

if TYPE_CHECKING:
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer


def said(policy: Policy, analyzer: SpokenAnalyzer, text: str, *, armed: bool = True) -> Call:
    """Return a call in which the caller says ``text`` from second 4 on, armed from 2 to 30."""
    call = Call(policy, analyzer, [Line(AGENT, 0, "go ahead please"), Line(CALLER, 4, text)])
    if armed:
        call.ledger.armed = [Span(2 * RATE, 30 * RATE)]
    return call


@pytest.mark.parametrize(
    ("text", "muted"),
    [
        ("sure it is four seven two", "four seven two"),
        ("seven", "seven"),
        ("twelve twenty seven", "twelve twenty seven"),
        ("it is four one one one | one one one one", "four one one one one one one one"),
    ],
    ids=range(4),
)
def test_numbers_that_nobody_asked_for_are_muted(
    text: str, muted: str, policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    call = said(policy, analyzer, text)
    assert call.muted(CALLER, Entity.CREDIT_CARD) == muted
    assert all(v.source == "words:armed" for v in call.judge().verdicts)
    plain = said(policy, analyzer, text, armed=False)
    assert plain.muted(CALLER) != muted


def test_talk_without_numbers_and_asides_are_not(policy: Policy, analyzer: SpokenAnalyzer) -> None:
    assert said(policy, analyzer, "okay let me find it please hold on").muted(CALLER) == ""
    assert said(policy, analyzer, "hang on one second i am looking for it").muted(CALLER) == ""


def test_it_is_armed_from_its_first_sample_to_its_last(
    policy: Policy, analyzer: SpokenAnalyzer
) -> None:
    call = said(policy, analyzer, "four seven two")
    assert [call.judge(at).armed for at in (1.9, 2.0, 29.9, 30.0)] == [False, True, True, False]
    call.ledger.armed = []
    assert call.muted(CALLER) == ""


def test_what_is_muted_is_named_by_the_policy(policy: Policy, analyzer: SpokenAnalyzer) -> None:
    other = replace(policy, entities=frozenset({Entity.US_SSN, Entity.PIN}))
    assert said(other, analyzer, "four seven two").muted(CALLER, Entity.PIN) == "four seven two"
