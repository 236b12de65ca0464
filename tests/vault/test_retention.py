from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hushtap.errors import PolicyError, VaultError
from hushtap.pii.policy import load_policy
from hushtap.values import MuteStyle
from hushtap.vault.recordings import RecordingInfo, Vault
from hushtap.vault.retention import Retention, Rule, read_retention
from vault.audit.logs import entries_of
from vault.calls import info_of

SHIPPED = Path(__file__).parents[2] / "configs" / "retention.toml"
FINGERPRINT = load_policy("pci").fingerprint


def info(queue: str | None, policy: str = "abc") -> RecordingInfo:
    return replace(info_of("20261122T054500Z-0a1b2c3d"), queue=queue, policy=policy)


def rules(tmp_path: Path, text: str) -> Retention:
    path = tmp_path / "retention.toml"
    path.write_text(text)
    return read_retention(path)


def test_the_first_rule_that_fits_counts(tmp_path: Path) -> None:
    found = rules(
        tmp_path,
        f"""
        keep_days = 365
        [[rule]]
        queue = "billing"
        policy = "pci"
        keep_days = 30
        [[rule]]
        queue = "billing"
        keep_days = 90
        [[rule]]
        policy = "{"0" * 16}"
        keep_days = "forever"
        """,
    )
    for queue, policy, days in (
        *((None, "abc", 365), ("sales", "abc", 365), ("Billing", "abc", 365)),
        *(("billing", "abc", 90), ("billing", FINGERPRINT, 30), ("sales", FINGERPRINT, 365)),
        *(("sales", "0" * 16, None), ("billing", "0" * 16, 90)),
    ):
        expected = None if days is None else timedelta(days=days)
        assert found.term_of(info(queue, policy)) == expected, (queue, policy)


def test_a_policy_is_the_same_whatever_stands_in_place_of_muted_audio(tmp_path: Path) -> None:
    found = rules(tmp_path, '[[rule]]\npolicy = "pci"\nkeep_days = 7')
    for style in MuteStyle:
        policy = replace(load_policy("pci"), style=style).fingerprint
        assert found.term_of(info(None, policy)) == timedelta(days=7)
    assert found.term_of(info(None, load_policy("pci-ssn").fingerprint)) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "says nothing"),
        ("keep_days = ", "not valid TOML"),
        *((f"keep_days = {days}", "a whole number from 1") for days in (0, -1, 36501, 1.5, "true")),
        ('keep_days = "ever"', 'or "forever"'),
        ("keepdays = 3", "unknown key 'keepdays'; keys are keep_days, rule"),
        ("rule = 3", r"rule must be \[\[rule\]\] tables"),
        ("[[rule]]\nkeep_days = 3", "rule 1: name a queue or a policy"),
        ('[[rule]]\nqueue = "a"', "rule 1: keep_days is missing"),
        ("[[rule]]\nqueue = 3\nkeep_days = 3", "rule 1: queue must be text"),
        ('[[rule]]\nqueue = " "\nkeep_days = 3', "rule 1: queue must be text"),
        ('[[rule]]\nagent = "ann"\nkeep_days = 3', "rule 1: unknown key 'agent'"),
        ('[[rule]]\npolicy = "pc"\nkeep_days = 3', "there is no policy 'pc'"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(PolicyError, match=why) as told:
        rules(tmp_path, text)
    assert "\n" not in str(told.value)


def test_what_ships_is_right(tmp_path: Path) -> None:
    assert read_retention(SHIPPED) == Retention((Rule(365),))
    uncommented = [line.removeprefix("# ") for line in SHIPPED.read_text().splitlines()]
    examples = uncommented[uncommented.index("[[rule]]") :]
    found = rules(tmp_path, "\n".join(line.removeprefix("#") for line in examples))
    assert [(rule.queue, rule.policy, rule.days) for rule in found.rules] == [
        ("billing", None, 90),
        ("trading", "pci", 2555),
    ]


def test_a_vault_keeps_its_rules_and_tells_of_each_change(vault: Vault, tmp_path: Path) -> None:
    assert vault.life.retention.get() is None
    first, second = rules(tmp_path, "keep_days = 3"), rules(tmp_path, "keep_days = 4")
    assert first.fingerprint != second.fingerprint
    for one in (first, second):
        vault.life.retention.set(one)
        assert Vault.open(vault.path).life.retention.get() == one
    told = [json.loads(entry) for entry in entries_of(vault.path)]
    changes = [
        (one["outcome"], one["objects"][0]["id"])
        for one in told
        if one["activity"] == "policy-change"
    ]
    assert changes == [
        (outcome, one.fingerprint) for one in (first, second) for outcome in ("begun", "success")
    ]


def test_damaged_rules_are_told_of(vault: Vault, tmp_path: Path) -> None:
    vault.life.retention.set(rules(tmp_path, "keep_days = 3"))
    for text in ("", "3", "[3]", '[{"day": 3}]'):
        with closing(sqlite3.connect(vault.path / "catalog.db")) as connection, connection:
            connection.execute("UPDATE settings SET value = ?", (text,))
        with pytest.raises(VaultError, match="damaged; set them again"):
            vault.life.retention.get()
