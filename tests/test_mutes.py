from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.mutes import Mutes
from hushtap.timeline import Span
from hushtap.values import Entity, Finding

SPANS = st.tuples(st.integers(0, 90), st.integers(1, 20)).map(lambda t: Span(t[0], sum(t)))


def found(start: int, end: int, *, entity: Entity = Entity.CVV, score: float = 0.9) -> Finding:
    return Finding(entity, Span(start, end), 1, score, "both:asked")


@pytest.fixture
def mutes() -> Mutes:
    return Mutes()


def covered(mutes: Mutes) -> set[int]:
    return {sample for mute in mutes.plan() for sample in range(mute.span.start, mute.span.end)}


@given(st.lists(SPANS), st.integers(0, 100))
def test_all_that_was_added_is_muted_but_for_what_had_been_released(
    spans: list[Span], cleared: int
) -> None:
    mutes = Mutes()
    mutes.cleared = cleared
    for span in spans:
        mutes.add(found(span.start, span.end))
    asked = {sample for span in spans for sample in range(span.start, span.end)}
    assert covered(mutes) == {sample for sample in asked if sample >= cleared}
    ends = sorted((mute.span.start, mute.span.end) for mute in mutes.plan())
    assert all(end < start for (_, end), (start, _) in itertools.pairwise(ends))


def test_of_findings_that_become_one_the_surest_is_told(mutes: Mutes) -> None:
    mutes.add(found(0, 10, score=0.6))
    mutes.add(found(8, 20, score=0.8))
    mutes.add(found(30, 40, entity=Entity.EXPIRY))
    assert [(f.span, f.score) for f in mutes.findings()] == [
        (Span(0, 20), 0.8),
        (Span(30, 40), 0.9),
    ]


def test_what_was_released_unmuted_is_owned_up_to_once(mutes: Mutes) -> None:
    mutes.add(found(10, 20))
    mutes.cleared = 30
    (late,) = mutes.missed(Span(15, 40))
    assert late == Span(20, 30)
    mutes.own_up(found(late.start, late.end))
    assert not mutes.missed(Span(15, 40))
    assert [(f.span, f.muted) for f in mutes.findings()] == [
        (Span(10, 20), True),
        (late, False),
    ]
    assert covered(mutes) == set(range(10, 20))


def test_no_finding_outlasts_the_call(mutes: Mutes) -> None:
    mutes.add(found(10, 30))
    mutes.add(found(40, 50))
    mutes.end(20)
    assert [f.span for f in mutes.findings()] == [Span(10, 20)]


def test_a_word_is_hidden_by_what_is_muted_and_what_was_missed_but_not_by_keys(
    mutes: Mutes,
) -> None:
    mutes.add(found(10, 20))
    mutes.add(found(30, 40, entity=Entity.KEYPAD))
    mutes.own_up(found(50, 60, entity=Entity.US_SSN))
    hidden = [mutes.over(Span(at, at + 5)) for at in (0, 16, 32, 58)]
    assert hidden == [None, Entity.CVV, None, Entity.US_SSN]
