"""A live call on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hushtap.cli.screen import Screen
from hushtap.live import Muted
from hushtap.session import LiveResult
from hushtap.timeline import Span
from hushtap.values import Entity, Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

RATE = 8_000


def summary(parts: Sequence[Span], whole: Span, capsys: pytest.CaptureFixture[str]) -> str:
    finding = Finding(Entity.US_SSN, whole, 1, 0.9, "both:asked")
    with Screen(RATE, as_json=False) as screen:
        for part in parts:
            screen.show(Muted(Entity.US_SSN, 1, part, 1.0))
        screen.tell(LiveResult("20-ab", (finding,), 10 * RATE))
    *mutes, line, told = capsys.readouterr().out.splitlines()
    assert len(mutes) == len(parts)
    assert all(mute.startswith("muted  channel 1  ") for mute in mutes)
    assert told == "  channel 1  0:01.0 - 0:04.0  US_SSN  0.90  both:asked"
    return line


def test_a_number_that_was_muted_in_parts_is_still_one(capsys: pytest.CaptureFixture[str]) -> None:
    whole = Span(RATE, 4 * RATE)
    parts = [Span(RATE, 2 * RATE), Span(2 * RATE, 4 * RATE)]
    line = summary(parts, whole, capsys)
    assert line == "recording 20-ab: 0:10.0, 1 found, muted in 2 parts"
    assert summary([whole], whole, capsys) == "recording 20-ab: 0:10.0, 1 found"
