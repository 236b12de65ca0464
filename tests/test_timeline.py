from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hushtap.timeline import (
    Span,
    merge,
    overlap,
    rescale,
    rescale_span,
    subtract,
    to_samples,
    to_seconds,
)

SPANS = st.builds(lambda at, length: Span(at, at + length), st.integers(0, 60), st.integers(0, 20))
MANY = st.lists(SPANS, max_size=8)
RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 47_999, 48_000])
POSITIONS = st.integers(0, 48_000 * 3_600 * 10)


def inside(*spans: Span) -> set[int]:
    return {sample for span in spans for sample in range(span.start, span.end)}


def test_a_span_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        Span(5, 4)


@given(SPANS, SPANS)
def test_spans_are_the_sets_of_their_samples(a: Span, b: Span) -> None:
    assert len(a) == len(inside(a))
    assert bool(a) == bool(inside(a))
    assert all((sample in a) == (sample in inside(a)) for sample in range(90))
    assert a.overlaps(b) == bool(inside(a) & inside(b)) == b.overlaps(a)
    assert inside(a.intersect(b)) == inside(a) & inside(b)
    assert inside(a.hull(b)) >= inside(a) | inside(b)
    assert len(a.hull(b)) == max(a.end, b.end) - min(a.start, b.start)
    assert inside(a.clip(b.start, b.end)) == inside(a) & inside(b)


@given(SPANS, st.integers(0, 100), st.integers(0, 100))
def test_padding_grows_and_stops_at_zero(span: Span, before: int, after: int) -> None:
    padded = span.pad(before, after)
    assert padded.start == max(0, span.start - before)
    assert padded.end == span.end + after
    assert inside(padded) >= inside(span)


@given(SPANS, st.integers(-10, 100))
def test_shifting_moves_both_ends(span: Span, by: int) -> None:
    assert span.shift(by).shift(-by) == span
    assert len(span.shift(by)) == len(span)


def test_clipping_to_nothing_leaves_an_empty_span() -> None:
    assert not Span(3, 9).clip(9, 3)
    assert not Span(3, 9).clip(20, 30)


@given(MANY)
def test_merging_keeps_every_sample_and_leaves_disjoint_spans_in_order(spans: list[Span]) -> None:
    merged = merge(spans)
    assert inside(*merged) == inside(*spans)
    assert all(a.end < b.start for a, b in itertools.pairwise(merged))
    assert all(merged)
    assert merge(reversed(spans)) == merged == merge(merged)


@given(MANY, st.integers(0, 10))
def test_merging_with_a_gap_closes_gaps_up_to_it_and_no_wider_one(
    spans: list[Span], gap: int
) -> None:
    merged = merge(spans, gap)
    assert inside(*merged) >= inside(*spans)
    assert all(b.start - a.end > gap for a, b in itertools.pairwise(merged))
    holes = inside(*merged) - inside(*spans)
    assert all(inside(Span(max(0, at - gap), at + gap + 1)) & inside(*spans) for at in holes)


@given(SPANS, MANY)
def test_subtracting_cuts_out_exactly_the_holes(span: Span, holes: list[Span]) -> None:
    left = list(subtract(span, holes))
    assert inside(*left) == inside(span) - inside(*holes)
    assert all(left)
    assert left == sorted(left)


@given(MANY, MANY)
def test_overlap_counts_each_shared_sample_once(spans: list[Span], others: list[Span]) -> None:
    assert overlap(spans, others) == len(inside(*spans) & inside(*others))


@given(POSITIONS, RATES)
def test_a_position_converted_to_seconds_and_back_is_unchanged(sample: int, rate: int) -> None:
    assert to_samples(to_seconds(sample, rate), rate) == sample


@given(POSITIONS, st.integers(0, 1_000), RATES, RATES)
def test_rescaling_never_goes_back(sample: int, more: int, rate: int, to_rate: int) -> None:
    assert rescale(sample, rate, to_rate) <= rescale(sample + more, rate, to_rate)


@given(POSITIONS, RATES, RATES)
def test_rescaling_does_not_drift(sample: int, rate: int, to_rate: int) -> None:
    late = Fraction(sample * to_rate, rate) - rescale(sample, rate, to_rate)
    assert 0 <= late < 1


@given(st.integers(0, 36_000), RATES, RATES)
def test_whole_seconds_are_whole_on_every_clock(seconds: int, rate: int, to_rate: int) -> None:
    assert rescale(seconds * rate, rate, to_rate) == seconds * to_rate


@given(POSITIONS, RATES, RATES)
def test_there_and_back_is_never_later_and_off_by_less_than_a_coarse_sample(
    sample: int, rate: int, to_rate: int
) -> None:
    back = rescale(rescale(sample, rate, to_rate), to_rate, rate)
    assert 0 <= sample - back < 1 + rate / to_rate


@given(SPANS.map(lambda s: s.shift(48_000 * 3_600)), RATES, RATES)
def test_a_rescaled_span_covers_the_original(span: Span, rate: int, to_rate: int) -> None:
    scaled = rescale_span(span, rate, to_rate)
    assert Fraction(scaled.start, to_rate) <= Fraction(span.start, rate)
    assert Fraction(scaled.end, to_rate) >= Fraction(span.end, rate)
    assert Fraction(scaled.end - 1, to_rate) < Fraction(span.end, rate)
