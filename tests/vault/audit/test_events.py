from __future__ import annotations

import json
import os
import pwd
from datetime import UTC, datetime, timedelta

import pytest

from hushtap.vault.audit.events import (
    Activity,
    Actor,
    Event,
    Kind,
    Outcome,
    Thing,
    canonical,
    unpack,
)


def test_an_entry_has_what_pci_dss_10_2_2_asks_for() -> None:
    actor = Actor("ann@example.com", "qa-analyst", "2001:db8::7")
    things = (Thing(Kind.RECORDING, "20261122T054500Z-0a1b2c3d"), Thing(Kind.KEY, "00ff" * 4))
    packed = Event(
        Activity.EXPORT, Outcome.FAILURE, actor, things, of=7, reason="VaultError"
    ).pack()
    fields = json.loads(packed)
    assert datetime.now(UTC) - datetime.fromisoformat(fields.pop("time")) < timedelta(minutes=1)
    assert fields.pop("host")
    assert fields.pop("version")
    assert fields == {
        "activity": "export",
        "actor": {"user": "ann@example.com", "role": "qa-analyst", "origin": "2001:db8::7"},
        "objects": [
            {"kind": "recording", "id": "20261122T054500Z-0a1b2c3d"},
            {"kind": "key", "id": "00ff00ff00ff00ff"},
        ],
        "outcome": "failure",
        "of": 7,
        "reason": "VaultError",
    }
    assert unpack(packed) == json.loads(packed)


@pytest.mark.parametrize(
    "text",
    [
        "four one one one",
        "",
        " ",
        "a\nb",
        "é",
        "\udcff",
        "x" * 129,
        "{}",
        "my card is 4",
        "-rf",
        "a=b",
    ],
)
def test_text_has_no_way_in(text: str) -> None:
    assert Thing(Kind.POLICY, text).id == "unknown"
    assert Actor(text, text, text) == Actor("unknown", "unknown", "unknown")
    event = Event(Activity.READ, Outcome.FAILURE, Actor("a", "b", "c"), (), reason=text)
    assert json.loads(event.pack())["reason"] == "unknown"


def test_the_process_s_account_is_not_what_its_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "mallory")
    assert Actor.of_process().user == pwd.getpwuid(os.getuid()).pw_name != "mallory"


def test_only_canonical_json_is_an_entry() -> None:
    assert canonical({"b": 1, "a": ["—", {"d": 2, "c": "\n"}]}) == (
        b'{"a":["\\u2014",{"c":"\\n","d":2}],"b":1}'
    )
    for entry in (b'{"b":1,"a":2}', b'{"a": 1}', b"[]", b'"a"', b"", b"\xff", b'{"a":1,"a":1}'):
        with pytest.raises(ValueError):  # noqa: PT011 - of two libraries
            unpack(entry)
