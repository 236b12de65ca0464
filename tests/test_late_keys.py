"""Keys that a tap tells of only after their sound was released: owned up to, never forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.ears.engine import Heard
from hushtap.ears.windows import LIVE
from hushtap.live import analyzer_of
from hushtap.pii.policy import load_policy
from hushtap.pipeline import Call
from hushtap.timeline import Span
from hushtap.values import AudioFormat, Entity, PcmChunk

if TYPE_CHECKING:
    from hushtap.values import Finding

RATE = 8_000


def told_at(second: int, key: Span) -> tuple[list[Finding], int]:
    """Return the findings of a quiet call, and what was released when the key was told of."""
    policy = load_policy("pci-ssn")
    call = Call(AudioFormat(RATE, 1), policy, analyzer_of(policy.entities), schedule=LIVE)
    released = 0
    for n in range(8):
        keys = (key,) if n == second else ()
        released = call.cleared_until(0) if n == second else released
        samples = np.full(RATE, 5, np.int16)
        call.feed(PcmChunk(0, Span(n * RATE, (n + 1) * RATE), samples, keys))
        for window in call.windows():
            call.heard(window, Heard((), looped=False))
    call.finish()
    for window in call.windows():
        call.heard(window, Heard((), looped=False))
    return [f for f in call.findings() if f.entity is Entity.KEYPAD], released


@pytest.mark.parametrize("length", [400, 3 * RATE])
def test_a_key_past_the_watermark_is_a_finding_that_is_not_muted(length: int) -> None:
    key = Span(2 * RATE, 2 * RATE + length)
    found, released = told_at(6, key)
    assert released > key.start
    late = [f for f in found if not f.muted]
    assert [(f.source, f.channel) for f in late] == [("event", 0)]
    assert late[0].span.start <= key.start
    assert late[0].span.end == min(released, key.end + 240)
    # What was still there is muted.
    assert bool([f for f in found if f.muted]) == (key.end > released)


def test_a_key_that_comes_in_time_is_not_late() -> None:
    found, _ = told_at(3, Span(3 * RATE - 100, 3 * RATE + 800))
    assert [f.muted for f in found] == [True]
