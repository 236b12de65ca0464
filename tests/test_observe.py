"""Metrics count right, and nothing that was said can pass through a log."""

from __future__ import annotations

import logging
import math
from enum import Enum
from typing import Any

import numpy as np
import pytest

from hushtap.observe import (
    Held,
    Histogram,
    Log,
    LogEvent,
    Metrics,
    Name,
    Queue,
    Reason,
    RecordingId,
)
from hushtap.values import Entity


def test_quantiles_are_within_two_percent_of_the_sorted_values() -> None:
    values = np.random.default_rng(1).lognormal(0, 1, 5000)
    histogram = Histogram()
    for value in values:
        histogram.observe(float(value))
    for share in (0.05, 0.5, 0.95, 0.99, 1.0):
        exact = float(np.quantile(values, share, method="inverted_cdf"))
        assert histogram.quantile(share) == pytest.approx(exact, rel=0.02)
    assert histogram.highest == values.max()


def test_weights_count_as_so_many_values() -> None:
    histogram = Histogram()
    histogram.observe(0.5, weight=990)
    histogram.observe(5.0, weight=10)
    assert histogram.quantile(0.98) == pytest.approx(0.5, rel=0.02)
    assert histogram.quantile(0.995) == pytest.approx(5.0, rel=0.02)


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e9])
def test_values_out_of_range_count_at_its_end(value: float) -> None:
    histogram = Histogram()
    histogram.observe(value)
    assert histogram.quantile(0.5) <= histogram.HIGHEST * 1.02
    assert histogram.count == 1


def test_nothing_observed_has_no_quantile() -> None:
    assert math.isnan(Histogram().quantile(0.5))
    assert math.isnan(Metrics().real_time_factor)


def test_metrics_add_up_and_name_every_number() -> None:
    metrics = Metrics()
    metrics.failed_closed(Reason.LATE)
    metrics.failed_closed(Reason.LATE, 2)
    metrics.depth(Queue.EARS, 7)
    metrics.depth(Queue.EARS, 2)
    metrics.heard(4, audio_s=8.0, took_s=0.5)
    metrics.heard(1, audio_s=2.0, took_s=0.5)
    metrics.release_delay[Held.SPEECH].observe(1.0, 160)
    snapshot = metrics.snapshot()
    assert metrics.fail_closed == {Reason.LATE: 3}
    assert snapshot['fail_closed{reason="late"}'] == 3
    assert (snapshot['depth{queue="ears"}'], metrics.deepest(Queue.EARS)) == (2, 7)
    assert (snapshot["windows"], snapshot["batches"], metrics.real_time_factor) == (5, 2, 0.1)
    assert snapshot['release_delay_p99{held="speech"}'] == pytest.approx(1.0, rel=0.02)
    assert len(snapshot) == 4 + len(Reason) + 2 * len(Queue) + 3 * len(Held)


def test_a_line_tells_enumerations_numbers_ids_and_classes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    Log("hushtap.test").info(
        LogEvent.MUTED,
        {
            Name.ENTITY: Entity.CVV,
            Name.CHANNEL: 1,
            Name.SECONDS: 1.25,
            Name.RECORDING: RecordingId("20261122T054500Z-0a1b2c3d"),
            Name.ERROR: ValueError,
        },
    )
    identity = "20261122T054500Z-0a1b2c3d"
    expected = f"muted entity=CVV channel=1 seconds=1.250 recording={identity} error=ValueError"
    assert caplog.messages == [expected]


class Foreign(Enum):
    """An enumeration that is not ours: its values might be anything."""

    SAID = "four one one one"


REFUSED: dict[str, Any] = {
    "text": "four one one one",
    "bytes": b"four",
    "an exception with its message": ValueError("four one one one"),
    "a list": ["four"],
    "a foreign enumeration": Foreign.SAID,
    "nothing": None,
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_whatever_may_carry_speech_is_refused(
    value: Any,  # noqa: ANN401 - whatever must not get through
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(TypeError) as refusal:
        Log("hushtap.test").warning(LogEvent.MUTED, {Name.ERROR: value})
    assert "four" not in str(refusal.value)
    assert caplog.messages == []


def test_an_integer_as_long_as_a_card_number_is_refused() -> None:
    with pytest.raises(ValueError, match="too long") as refusal:
        Log("hushtap.test").info(LogEvent.MUTED, {Name.COUNT: 4 * 10**15})
    assert "4" not in str(refusal.value)


def test_fields_and_events_have_names_of_ours_only() -> None:
    log = Log("hushtap.test")
    with pytest.raises(TypeError):
        log.info(LogEvent.MUTED, {"four": 1})  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="is not a valid LogEvent"):
        log.info("four")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["four one one", "", "20261122T054500Z-0a1b2c3d and more"])
def test_an_id_has_the_form_of_one(text: str) -> None:
    with pytest.raises(ValueError, match="not the id of a recording"):
        RecordingId(text)
