"""What a live call hands to its recording, and what it says that it handed on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hushtap.ears.windows import LIVE_WORDS
from hushtap.guarded import Guarded
from hushtap.observe import Metrics, Reason
from hushtap.outlet import Outlet
from hushtap.pipeline import Call
from hushtap.timeline import Span
from hushtap.values import AudioFormat, Entity, Finding, PcmChunk
from hushtap.vault.recordings import Vault

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.numbers.ledger import Analyzer
    from hushtap.pii.policy import Policy

RATE = 8_000
MONO = AudioFormat(RATE, 1)


def found(start: int, end: int) -> Finding:
    return Finding(Entity.CREDIT_CARD, Span(start * RATE, end * RATE), 0, 0.9, "both:asked")


def test_what_grew_after_it_was_written_is_told_as_the_vault_has_it(
    tmp_path: Path, policy: Policy, analyzer: Analyzer
) -> None:
    guarded = Guarded(Call(MONO, policy, analyzer, schedule=LIVE_WORDS), Metrics())
    guarded.feed(PcmChunk(0, Span(0, 10 * RATE), np.zeros(10 * RATE, np.int16)))
    guarded.fail(Reason.CANCELLED)
    chunks = guarded.released()
    vault = Vault.create(tmp_path / "v")
    recording = vault.record(MONO, source="call", policy=policy.fingerprint)
    outlet = Outlet(MONO, recording)
    outlet.put(guarded, chunks, [], [found(1, 3), found(9, 10)], last=False)
    assert outlet.written() == [found(1, 3)]
    outlet.put(guarded, [], [], [found(0, 5), found(9, 10)], last=True)
    outlet.end()
    told = outlet.written()
    assert [f.span for f in told] == [f.span for f in map(found, (0, 1, 3, 9), (1, 3, 5, 10))]
    opened = vault.read(recording.id)
    assert sorted(opened.findings, key=lambda f: f.span) == told
    assert vault.info(recording.id).findings == {"CREDIT_CARD": len(told)}
