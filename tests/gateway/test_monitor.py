"""What may be heard of a call when its recording ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hushtap.errors import ConsentError
from hushtap.gateway.monitor import Monitor
from hushtap.vault.recordings import Consent
from vault.calls import PHONE_LINE, call, chunk

if TYPE_CHECKING:
    from hushtap.vault.recordings import Recording, Vault

pytest_plugins = ("live_fixtures",)
SAID = call(4 * PHONE_LINE.sample_rate, PHONE_LINE.channels)
STEP = 160


def heard(monitor: Monitor) -> int:
    return sum(len(frames) for _, frames in monitor.between(0, len(SAID)))


def begun(vault: Vault) -> tuple[Recording, Monitor]:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    monitor = Monitor(recording, PHONE_LINE, 10)
    for start in range(0, len(SAID), STEP):
        for channel in range(PHONE_LINE.channels):
            monitor.append(chunk(SAID, channel, start, start + STEP))
    return recording, monitor


@pytest.mark.parametrize("end", ["abort", "close"])
def test_after_a_refusal_nothing_is_heard_though_nothing_tells_of_it_any_more(
    vault: Vault, end: str
) -> None:
    recording, monitor = begun(vault)
    assert heard(monitor)
    vault.life.consent(recording.id, Consent.REFUSED)
    if end == "abort":
        monitor.abort()
    else:
        with pytest.raises(ConsentError):
            monitor.close()
    # With its recording, the mark of the refusal is gone.
    assert not [*(vault.path / "recordings").glob("*.refused")]
    assert monitor.over
    assert heard(monitor) == 0


def test_what_was_sealed_of_a_call_that_broke_off_is_heard(vault: Vault) -> None:
    _, monitor = begun(vault)
    monitor.abort()
    assert monitor.over
    assert heard(monitor) == len(SAID)
