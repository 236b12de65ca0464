from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import VaultError
from hushtap.vault.recordings import CallDetails, Consent, Direction, Query, Vault
from vault.audit.logs import entries_of
from vault.calls import PHONE_LINE
from vault.lives import day, record

if TYPE_CHECKING:
    from pathlib import Path

ZOE = CallDetails(
    "zoe", "billing", Direction.INBOUND, "+1 202 555 0143", "id-774411", Consent.GIVEN
)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_lengths_and_counts_go_out_and_nobody_s_name(vault: Vault, tmp_path: Path) -> None:
    recording = record(vault, ZOE, started=day(5, hour=17))
    record(vault, ZOE, started=day(6))
    record(vault, CallDetails("bob"), started=day(7))
    out = tmp_path / "calls.jsonl"
    assert vault.analytics(out) == 3
    first, second, third = lines(out)
    assert first == {
        "hour": "2026-11-05T17Z",
        "agent": first["agent"],
        "queue": "billing",
        "direction": "inbound",
        "consent": "given",
        "state": "closed",
        "seconds": 0,
        "channels": 2,
        "findings": {"CREDIT_CARD": 1, "UNHEARD": 1},
    }
    # The same agent by the same pseudonym, today and tomorrow; another by another.
    assert first["agent"] == second["agent"] != third["agent"]
    again = tmp_path / "again.jsonl"
    Vault.open(vault.path).analytics(again)
    assert again.read_bytes() == out.read_bytes()
    info = vault.info(recording)
    text = out.read_text()
    for secret in ("zoe", "bob", "0143", "774411", info.id, info.id[-8:], str(info.caller), "line"):
        assert secret not in text, secret


def test_what_is_gone_or_goes_on_is_left_out_and_a_query_narrows(
    vault: Vault, tmp_path: Path
) -> None:
    vault.life.dispose(record(vault, ZOE))
    live = vault.record(PHONE_LINE, source="line", policy="abc")
    record(vault, CallDetails(queue="billing"))
    record(vault, CallDetails(queue="sales"))
    assert vault.analytics(tmp_path / "all") == 2
    assert vault.analytics(tmp_path / "some", Query(queue="sales")) == 1
    assert lines(tmp_path / "some")[0]["queue"] == "sales"
    live.close()


def test_the_export_is_on_record_and_whole_or_not_there(vault: Vault, tmp_path: Path) -> None:
    record(vault)
    out = tmp_path / "calls.jsonl"
    vault.analytics(out)
    with pytest.raises(VaultError, match="already there"):
        vault.analytics(out)
    vault.analytics(out, force=True)
    with pytest.raises(VaultError, match="lies inside the vault"):
        vault.analytics(vault.path / "calls.jsonl")
    told = [json.loads(entry) for entry in entries_of(vault.path)]
    exports = [(one["outcome"], one.get("reason")) for one in told if one["activity"] == "export"]
    assert exports == [
        *(("begun", None), ("success", None), ("begun", None), ("failure", "VaultError")),
        *(("begun", None), ("success", None)),
    ]
