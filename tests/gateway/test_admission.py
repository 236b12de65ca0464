"""A call is taken while there is room, by count and by what the ears measured lately."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from hushtap.errors import BusyError
from hushtap.gateway.admission import LATELY_S, Admission, Refusal
from hushtap.gateway.config import LimitsSection
from hushtap.observe import Metrics, Queue, Reason

LIMITS = LimitsSection(max_calls=2, max_delay=1.0, max_wait=8, retry_after=7)


@dataclass
class Rig:
    metrics: Metrics = field(default_factory=Metrics)
    now: float = 100.0

    def __post_init__(self) -> None:
        self.admission = Admission(LIMITS, self.metrics, clock=lambda: self.now)

    def heard(self, *delays: float) -> None:
        for delay in delays:
            self.metrics.ear_delay.observe(delay)

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.admission.note()


def test_places_are_counted_and_given_back() -> None:
    rig = Rig()
    rig.admission.take()
    rig.admission.take()
    with pytest.raises(BusyError) as refused:
        rig.admission.take()
    assert refused.value.retry_after == 7
    rig.admission.free()
    rig.admission.take()
    assert rig.admission.up == 2
    assert rig.admission.refused == {Refusal.FULL: 1}


def test_slow_ears_refuse_calls_and_soon_take_them_again() -> None:
    rig = Rig()
    rig.heard(*[0.2] * 100)
    assert rig.admission.refusal() is None
    rig.heard(*[1.6] * 100)
    assert rig.admission.refusal() is Refusal.EARS_SLOW
    assert rig.admission.delay() == pytest.approx(1.6, rel=0.02)
    rig.wait(int(LATELY_S))
    assert rig.admission.refusal() is Refusal.EARS_SLOW
    rig.wait(1)
    assert rig.admission.refusal() is None
    assert math.isnan(rig.admission.delay())


def test_one_slow_window_among_many_refuses_nothing() -> None:
    rig = Rig()
    rig.heard(*[0.2] * 100, 3.0)
    assert rig.admission.refusal() is None


def test_a_long_queue_refuses_before_anything_was_heard() -> None:
    rig = Rig()
    rig.metrics.depth(Queue.EARS, 9)
    assert rig.admission.refusal() is Refusal.EARS_SLOW
    rig.metrics.depth(Queue.EARS, 8)
    assert rig.admission.refusal() is None


@pytest.mark.parametrize("reason", [Reason.LATE, Reason.EARS_FULL])
def test_no_call_is_taken_while_others_lose_audio(reason: Reason) -> None:
    rig = Rig()
    rig.metrics.failed_closed(reason)
    assert rig.admission.refusal() is Refusal.EARS_LATE
    rig.wait(int(LATELY_S) + 1)
    assert rig.admission.refusal() is None


def test_what_other_calls_lose_for_reasons_of_their_own_refuses_nothing() -> None:
    rig = Rig()
    rig.metrics.failed_closed(Reason.TAP_FAILED)
    assert rig.admission.refusal() is None


def test_a_gateway_that_drains_takes_nothing() -> None:
    rig = Rig()
    rig.admission.draining = True
    with pytest.raises(BusyError, match="draining"):
        rig.admission.take()
    assert rig.admission.up == 0
