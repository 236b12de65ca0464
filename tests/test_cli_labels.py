"""What is known of a call, as ``redact`` and ``live`` take it and ``vault list`` finds it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from hushtap.vault.details import CallDetails
from hushtap.vault.recordings import Vault
from test_cli_keys import Hushtap, hushtap
from vault.lives import day, record

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hushtap"]

LABELS = ("--agent", "ann", "--queue", "billing", "--direction", "inbound", "--call-id", "id-7")


@pytest.fixture
def quiet(tmp_path: Path) -> str:
    """A call of a second in which nobody speaks; its name."""
    soundfile.write(tmp_path / "call.wav", np.zeros((8_000, 2)), 8_000, subtype="PCM_16")
    return "call.wav"


def listed(hushtap: Hushtap, *words: str) -> list[dict[str, Any]]:
    code, out, _ = hushtap("vault", "list", *words, "--json")
    assert code == 0
    return [json.loads(line) for line in out.splitlines()]


def test_a_call_is_found_by_what_was_said_of_it(hushtap: Hushtap, quiet: str) -> None:
    words = ("live", quiet, "--pace", "fast", *LABELS, "--consent", "given")
    code, _, err = hushtap(*words, CALLER="+1 202 555 0143")
    assert code == 0, err
    code, _, err = hushtap("redact", quiet, "--vault", "v", *LABELS, "--caller", "+1 202 555 0199")
    assert code == 0, err
    [one] = listed(hushtap, "--caller", "+1 (202) 555-0143")
    told = [one[name] for name in ("agent", "queue", "direction", "call_id", "consent", "held")]
    assert told == ["ann", "billing", "inbound", "id-7", "given", False]
    assert not any("0143" in str(value) for value in one.values())
    assert len(listed(hushtap, "--agent", "ann", "--call-id", "id-7")) == 2
    _, out, _ = hushtap("vault", "list", "--agent", "ann")
    assert out.count("billing") == 2
    assert out.count("given") == 1


def test_a_call_whose_caller_refused_is_not_recorded(
    hushtap: Hushtap, quiet: str, tmp_path: Path
) -> None:
    code, _, err = hushtap("redact", quiet, "--vault", "v", "--consent", "refused")
    assert code == 1
    assert err.splitlines()[-1].endswith("consent is refused: nothing is recorded")
    assert Vault.open(tmp_path / "v").list() == []
    assert [*(tmp_path / "v" / "recordings").iterdir()] == []


def test_what_cannot_be_kept_is_refused_before_anything_is_heard(
    hushtap: Hushtap, quiet: str, tmp_path: Path
) -> None:
    for words, why in (
        (("redact", quiet, "--out", "o", "--agent", "ann"), "kept in a vault: give --vault"),
        (("live", quiet, "--call-id", "4111 1111 1111 1111"), "the call id looks like a card"),
        (("live", quiet, "--caller", " "), "the caller must be 1 to 128"),
    ):
        code, _, err = hushtap(*words)
        assert code == 2
        assert why in err
        assert "1111" not in err
        assert [path.name for path in tmp_path.iterdir()] == [quiet]


def test_lists_come_in_pages(hushtap: Hushtap, tmp_path: Path) -> None:
    vault = Vault.create(tmp_path / "v")
    ids = [record(vault, CallDetails(queue="billing"), started=day(n)) for n in range(1, 6)]
    pages: list[str] = []
    words = ("--queue", "billing", "--limit", "2")
    for _ in range(3):
        after = ("--after", pages[-1]) if pages else ()
        pages += [one["recording"] for one in listed(hushtap, *words, *after)]
    assert pages == ids
    _, out, err = hushtap("vault", "list", *words, "--newest", "--since", "2026-11-02")
    assert [line.split()[0] for line in out.splitlines()[1:]] == ids[:2:-1]
    assert err == f"hushtap: more may follow: --after {ids[3]}\n"
    for wrong, why in (
        (("--since", "yesterday"), "give a date or time as 2026-11-01T09:00"),
        (("--entity", "CARD"), "give one of CREDIT_CARD"),
    ):
        code, _, err = hushtap("vault", "list", *wrong)
        assert (code, why in err) == (2, True)
