"""From a flagged miss to a better policy: a real call, a flag at the desk, the real ears."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile as sf
from typer.testing import CliRunner

from hushtap.batch import redact
from hushtap.cli.commands import app
from hushtap.evaluate.cases import find_cases
from hushtap.pii.policy import load_policy
from hushtap.tuning.patterns import Pattern
from hushtap.tuning.rereading import RATE, read_again
from hushtap.values import Entity
from hushtap.vault.recordings import CallDetails

if TYPE_CHECKING:
    from pathlib import Path

    from web.bench import Bench

pytest.importorskip("piper", reason="needs the extra voices")
SAID = (
    Pattern(Entity.CVV, 1, ((0.0, 1.4),), 140.0),
    Pattern(Entity.BANK_ACCOUNT, 1, ((0.0, 2.0), (2.6, 4.5)), 2.0),
)
"""A code said long after it was asked for, and what the policy does not name."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_policy_tuned_on_flagged_misses_leaks_less(own_bench: Bench, tmp_path: Path) -> None:
    state, vault = own_bench.app.state, own_bench.vault
    state.accounts.add("una", "supervisor", agents=["zoe"], password="marmalade on the shelf")  # noqa: S106
    token = state.tokens.make(state.accounts.get("una"), "all", ["calls:flag"], 1)
    client = own_bench.client()
    client.headers["authorization"] = f"Bearer {token}"
    for number, pattern in enumerate(SAID):
        samples, truth = read_again(pattern, seed=900 + number)
        wav = tmp_path / f"call-{'ab'[number]}.wav"
        sf.write(wav, samples, RATE)
        details = CallDetails(agent="zoe")
        made = redact(wav, vault=vault, call=details)
        assert made.recording is not None
        spans = truth["spans"]
        start, end = spans[0]["start"], spans[-1]["end"]
        part = slice(round(start * RATE), round(end * RATE))
        # It is a miss: what was said is in the recording.
        assert np.array_equal(vault.read(made.recording).samples[part], samples[part])
        body = {"kind": "miss", "entity": str(pattern.entity), "channel": 1}
        answer = client.post(
            f"/api/v1/calls/{made.recording}/flags", json=body | {"start": start, "end": end}
        )
        assert (answer.status_code, answer.json()["state"]) == (201, "muted")
        inner = slice(part.start + 50, part.stop - 50)
        assert not vault.read(made.recording).samples[inner, 1].any()
    code, account = state.cases.all()
    assert code.pattern.asked == pytest.approx(140.0, abs=3)
    assert len(account.pattern.groups) == 2

    run, at = CliRunner().invoke, ["--vault", str(vault.path)]
    out = tmp_path / "ours.toml"
    told = run(app, ["tune", str(out), "--each", "1", "--json", *at])
    assert told.exit_code == 0, told.output
    figures = json.loads(told.stdout.splitlines()[-1])
    before, after = figures["cases"]["before"], figures["cases"]["after"]
    assert before["leak"] > 0.9
    assert after["leak"] < 0.1
    assert figures["guard"]["before"] == figures["guard"]["after"]
    policy = load_policy(str(out))
    assert Entity.BANK_ACCOUNT in policy.entities
    assert policy.arm_timeout > 140

    # The same by ``hushtap eval``, on calls of other numbers that are said so.
    folder = tmp_path / "missed"
    exported = run(app, ["cases", "export", str(folder), "--each", "2", *at])
    assert exported.stdout.split() == [one.name for one in find_cases(folder)]
    leaks = []
    for chosen in ("pci-ssn", str(out)):
        judged = run(app, ["eval", str(folder), "--policy", chosen, "--json", "-", "--jobs", "1"])
        assert judged.exit_code == 0, judged.output
        leaks.append(json.loads(judged.stdout)["figures"]["leak"]["value"])
    assert leaks[0] > 0.9
    assert leaks[1] < 0.1
