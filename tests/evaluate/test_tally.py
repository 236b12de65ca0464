from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from evaluate.calls import muted, span, truth, voice
from hushtap.evaluate import Stretch, Truth, score
from hushtap.evaluate.bootstrap import Bootstrap, Estimate
from hushtap.evaluate.tally import Judged, Named, tally
from hushtap.evaluate.truth import Conditions

CLEAN, NOISY = Conditions(codec="ULAW", noise="none"), Conditions(codec="ULAW", noise="10 dB")


def judged(
    name: str,
    labels: Truth,
    *mutes: tuple[float, float],
    conditions: Conditions = CLEAN,
    found: tuple[Named, ...] = (),
) -> Judged:
    audio = voice(10)
    labels = Truth(labels.sample_rate, labels.channels, labels.spans, conditions)
    return Judged(name, labels, score(audio, muted(audio, *mutes), labels), found)


CARD = span(2, 4, digits=4, way="pairs", voice="joe")
CODE = span(2, 4, entity="CVV", digits=4, way="singles", voice="ann")
PHONE = span(6, 8, entity="PHONE", sensitive=False, number=1)


def calls() -> list[Judged]:
    return [
        judged("whole", truth(CARD, PHONE), (1.9, 4.2)),
        judged("half", truth(CARD, PHONE), (3, 4), (6, 8), conditions=NOISY),
        judged("code", truth(CODE), (2, 4), (8.5, 9.5), conditions=NOISY),
    ]


def test_main_figures_are_sums_over_calls() -> None:
    told = tally(calls())
    values = {name: estimate.value for name, estimate in told.figures.items()}
    assert values["leak"] == pytest.approx(1 / 6, abs=0.01)
    assert values["open"] == values["wide_open"] == values["two_digits"] == pytest.approx(1 / 3)
    assert values["digits_leaked_per_number"] == pytest.approx(2 / 3)
    assert values["false_mutes_per_hour"] == pytest.approx(2 / (30 / 3600))
    assert values["harmless_left_alone"] == pytest.approx(1 / 2)
    assert (told.calls, told.numbers, told.harmless_numbers) == (3, 3, 2)


def test_groups_hold_what_belongs_to_them() -> None:
    groups = {by: {g.name: g for g in told} for by, told in tally(calls()).groups.items()}
    assert {name: g.numbers for name, g in groups["entity"].items()} == {"CREDIT_CARD": 2, "CVV": 1}
    assert groups["way"]["pairs"].leak.value == pytest.approx(0.25, abs=0.01)
    assert groups["voice"]["ann"].leak.value == 0.0
    noisy = groups["noise"]["10 dB"]
    assert (noisy.calls, noisy.numbers) == (2, 2)
    assert noisy.false_mutes_per_hour is not None
    assert noisy.false_mutes_per_hour.value == pytest.approx(2 / (20 / 3600))
    assert groups["way"]["pairs"].false_mutes_per_hour is None
    assert groups["overlap"]["-"].calls == 3


def test_ways_and_entities_meet_in_recall() -> None:
    ways = tally(calls()).ways
    assert set(ways) == {"pairs", "singles"}
    assert ways["singles"]["CVV"].recall == 1.0
    assert ways["pairs"]["CREDIT_CARD"].recall == pytest.approx(0.75, abs=0.01)
    assert ways["pairs"]["CREDIT_CARD"].numbers == 2


def test_the_audio_says_what_was_muted_and_the_findings_only_its_name() -> None:
    named = (Named(Stretch(0, 1.9, 4.2), "US_SSN"), Named(Stretch(0, 6, 8), "CVV"))
    talk = (Named(Stretch(0, 8.4, 9.6), "EXPIRY"),)
    told = tally(
        [
            judged("misnamed, phone untouched", truth(CARD, PHONE), (1.9, 4.2), found=named),
            judged("all", truth(CARD, PHONE), (1.9, 4.2), (6, 8), found=named),
            judged("talk", truth(CODE), (2, 4), (8.5, 9.5), found=talk),
        ]
    )
    assert told.confusion == {
        "CREDIT_CARD": {"US_SSN": 2},
        "CVV": {"muted": 1},
        "PHONE": {"left alone": 1, "CVV": 1},
        "ordinary speech": {"EXPIRY": 1},
    }


def test_the_worst_come_first_and_the_faultless_not_at_all() -> None:
    many = [judged(f"open {n}", truth(CARD), (3 + n / 20, 4)) for n in range(12)]
    worst = tally([judged("good", truth(CARD), (1.9, 4.1)), *calls(), *many]).worst
    assert [one.name for one in worst[:2]] == ["open 11", "open 10"]
    assert len(worst) == 10
    assert all(one.audible >= later.audible for one, later in pairwise(worst))
    assert tally([judged("good", truth(CARD), (1.9, 4.1))]).worst == ()


def test_percentiles_of_edges() -> None:
    told = tally([judged(f"{n}", truth(CARD), (2 + n / 100, 4.1)) for n in range(21)])
    assert told.onset.p50 == pytest.approx(0.1, abs=0.011)
    assert told.onset.p99 == pytest.approx(0.2, abs=0.015)
    assert told.offset.p50 == pytest.approx(-0.1, abs=0.011)


def test_nothing_at_all_is_nothing() -> None:
    told = tally([])
    assert told.figures["leak"] == Estimate(None, None, None, 0.0)
    assert (told.calls, told.worst, told.ways, told.confusion) == (0, (), {}, {})


def test_the_same_calls_give_the_same_intervals() -> None:
    assert tally(calls()) == tally(calls())


def test_intervals_cover_as_often_as_they_promise() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        quotients = [(float(open_), 1.0) for open_ in rng.random(60) < 0.3]
        estimate = Bootstrap(60).estimate(quotients)
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.9 <= covered / 200 <= 0.99


def test_calls_are_drawn_and_not_numbers() -> None:
    alike = [(10.0, 10.0), (0.0, 10.0)] * 5
    apart = [(5.0, 10.0)] * 10
    wide, none = (Bootstrap(10).estimate(quotients) for quotients in (alike, apart))
    assert wide.value == none.value == 0.5
    assert none.low == none.high == 0.5
    assert wide.low is not None
    assert wide.low <= 0.3


def test_an_interval_of_a_rare_group_leaves_out_draws_without_it() -> None:
    estimate = Bootstrap(3).estimate([(1.0, 2.0), (0.0, 0.0), (0.0, 0.0)])
    assert (estimate.value, estimate.low, estimate.high, estimate.of) == (0.5, 0.5, 0.5, 2.0)
