"""The container's document, tried by a reader that has nothing else."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vault.as_specified import read_container
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call

if TYPE_CHECKING:
    from typing import Any

    from hushtap.vault.recordings import Vault

GOLDEN = Path(__file__).parent / "golden" / "v1.hush"


def assert_notes(found: dict[str, Any]) -> None:
    """See that words and findings are those of every test, as the document lays them out."""
    assert found["words"] == [
        [word.channel, word.span.start, word.span.end, word.text] for word in WORDS
    ]
    assert found["findings"] == [
        [
            *(str(one.entity), one.channel, one.span.start, one.span.end),
            *(one.score, one.source, one.muted),
        ]
        for one in FINDINGS
    ]


def test_the_golden_file_is_what_the_document_says() -> None:
    found = read_container(GOLDEN.read_bytes(), bytes(range(32)))
    assert (found["id"], found["rate"], found["state"]) == (
        *("20261122T054500Z-0a1b2c3d", 8000),
        "closed",
    )
    assert np.array_equal(np.array(found["audio"]).T, call(24))
    assert_notes(found)


def test_what_is_recorded_now_is_what_the_document_says(vault: Vault) -> None:
    with vault.record(PHONE_LINE, source="line", policy="abc", models="tiny 00ff") as recording:
        recording.add_words(WORDS)
        append_all(recording, call(20_001))
        recording.add_findings(FINDINGS)
    info, wrapped = vault._catalog.find(recording.id)
    key = vault._opener.data_key(info, wrapped)
    path = vault.path / "recordings" / f"{recording.id}.hush"
    found = read_container(path.read_bytes(), key)
    assert np.array_equal(np.array(found["audio"]).T, call(20_001))
    assert found["opening"] == {
        "started": info.started.isoformat(),
        "source": "line",
        "policy": "abc",
        "software": version("hushtap"),
        "models": "tiny 00ff",
    }
    assert_notes(found)
