from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import PolicyError
from hushtap.pii.policy import DETECTABLE, Policy, built_in, load_policy
from hushtap.values import Entity, MuteStyle

if TYPE_CHECKING:
    from pathlib import Path

CARD = {Entity.CREDIT_CARD, Entity.CVV, Entity.EXPIRY}


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_three_policies_ship() -> None:
    assert sorted(built_in()) == ["everything", "pci", "pci-ssn"]
    assert load_policy("pci").entities == CARD
    assert load_policy("pci-ssn").entities == {*CARD, Entity.US_SSN}
    assert load_policy("everything").entities == set(DETECTABLE)


@pytest.mark.parametrize("name", ["pci", "pci-ssn", "everything"])
def test_a_shipped_policy_spells_out_every_default(name: str) -> None:
    policy = load_policy(name)
    assert policy == Policy(name=name, entities=policy.entities)
    for key in Policy.__slots__:
        assert f"\n{key} = " in built_in()[name].read_text(encoding="utf-8")


def test_a_file_needs_only_its_entities(tmp_path: Path) -> None:
    policy = load_policy(write(tmp_path, 'entities = ["PIN"]\nstyle = "beep"\nmax_hold = 5'))
    assert policy == Policy("mine", frozenset({Entity.PIN}), style=MuteStyle.BEEP, max_hold=5.0)
    assert isinstance(policy.max_hold, float)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('entitys = ["CVV"]', "unknown key 'entitys' (did you mean entities?)"),
        ("zzz = 1", "unknown key 'zzz'; keys are name, entities"),
        ("", "entities is missing; give a list of CREDIT_CARD, CVV"),
        ("entities = []", "entities must be a list of CREDIT_CARD"),
        ('entities = "CVV"', "entities must be a list of CREDIT_CARD"),
        ('entities = ["CREDITCARD"]', "not 'CREDITCARD' (did you mean CREDIT_CARD?)"),
        ("entities = [1]", "entities must be a list of CREDIT_CARD"),
        ('entities = ["UNHEARD"]', "entities must be a list of CREDIT_CARD"),
        ('entities = ["CVV"]\nstyle = "bip"', "style must be one of silence, beep, noise"),
        ('entities = ["CVV"]\nstyle = 3', "style must be one of silence, beep, noise"),
        ('entities = ["CVV"]\nkeep_last4 = 1', "keep_last4 must be true or false"),
        ('entities = ["CVV"]\nname = ""', "name must be a line of text"),
        ('entities = ["CVV"]\nname = "a\\nb"', "name must be a line of text"),
        ('entities = ["CVV"]\npad_before = "1"', "pad_before must be a number from 0 to 2 seconds"),
        ('entities = ["CVV"]\npad_after = -0.1', "pad_after must be a number from 0 to 2 seconds"),
        ('entities = ["CVV"]\npad_after = nan', "pad_after must be a number from 0 to 2 seconds"),
        ('entities = ["CVV"]\nmax_hold = inf', "max_hold must be a number from 2 to 120 seconds"),
        ('entities = ["CVV"]\nmax_hold = true', "max_hold must be a number from 2 to 120 seconds"),
        ('entities = ["CVV"]\nmin_score = 1.1', "min_score must be a number from 0 to 1"),
        ('entities = ["CVV"]\narm_timeout = 4', "arm_timeout must be a number from 5 to 600"),
        ('entities = ["CVV"]\nrun_gap = 0', "run_gap must be a number from 0.3 to 10 seconds"),
        ("entities = [", "not valid TOML"),
        ("a = 1\na = 2", "not valid TOML"),
        ("a = " + "[" * 20_000, "a policy is a flat TOML file"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, hint: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert hint in message
    assert "\n" not in message
    assert refused.value.exit_code == 2


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"absent\.toml: cannot read the policy: No such file"):
        load_policy(str(tmp_path / "absent.toml"))
    with pytest.raises(PolicyError, match="cannot read the policy"):
        load_policy(str(tmp_path))
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyError, match=r"binary\.toml: not UTF-8 text"):
        load_policy(str(binary))


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(PolicyError, match=r"no policy 'pci-snn' \(did you mean pci-ssn\?\)"):
        load_policy("pci-snn")


def test_the_fingerprint_follows_the_content_and_not_the_name() -> None:
    policy = load_policy("pci-ssn")
    assert policy.fingerprint == load_policy("pci-ssn").fingerprint
    assert len(policy.fingerprint) == 16
    int(policy.fingerprint, 16)
    assert replace(policy, name="other").fingerprint == policy.fingerprint
    changed = [
        replace(policy, entities=frozenset({Entity.CVV})),
        replace(policy, pad_before=0.1),
        replace(policy, pad_after=0.1),
        replace(policy, keep_last4=True),
        replace(policy, style=MuteStyle.NOISE),
        replace(policy, max_hold=10.0),
        replace(policy, min_score=0.4),
        replace(policy, arm_timeout=10.0),
        replace(policy, run_gap=1.0),
    ]
    assert len({policy.fingerprint, *(one.fingerprint for one in changed)}) == 10


def test_a_number_of_thousands_of_digits_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    path.write_text('entities = ["CVV"]\npad_before = ' + "9" * 5000)
    with pytest.raises(PolicyError) as refused:
        load_policy(str(path))
    assert "\n" not in str(refused.value)
