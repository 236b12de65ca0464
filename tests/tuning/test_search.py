"""Which knobs are turned: less audible in the cases, nothing worse on the guard set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.evaluate import summarise
from hushtap.evaluate.scores import Score, SpanScore, Stretch
from hushtap.evaluate.truth import Truth, TruthSpan
from hushtap.pii.policy import Policy, load_policy
from hushtap.tuning.search import as_toml, tune, worse
from hushtap.tuning.trials import Judge, Trial
from hushtap.values import Entity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PCI = load_policy("pci-ssn")
NOTHING = np.zeros((0, 1), np.int16)


class Written(Judge):
    """Gives each trial the score that a rule says, in place of listening."""

    def __init__(self, rule: Callable[[str, Policy], tuple[float, int]]) -> None:
        self._rule = rule

    def score(self, trial: Trial, policy: Policy) -> Score:
        audible, false_mutes = self._rule(trial.name, policy)
        span = SpanScore(trial.truth.spans[0], 2.0, audible)
        return Score(60.0, (span,), false_mutes, 1.0 * false_mutes, 0.0, ())


def trial(name: str, entity: Entity = Entity.CVV) -> Trial:
    span = TruthSpan(0, 1.0, 3.0, str(entity), True, 0)
    return Trial(name, NOTHING, Truth(8000, 1, (span,)))


def test_a_knob_that_helps_is_turned_as_little_as_it_takes() -> None:
    judge = Written(lambda _, policy: (0.0 if policy.arm_timeout >= 180 else 1.0, 0))
    tuned = tune(PCI, [trial("case")], [trial("guard")], judge)
    assert tuned.policy == replace(PCI, arm_timeout=180.0)
    assert [(step.knob, step.before, step.after) for step in tuned.steps] == [
        ("arm_timeout", 1.0, 0.0)
    ]
    assert [one.audible_seconds for one in tuned.cases] == [1.0, 0.0]


def test_nothing_is_turned_that_makes_the_guard_set_worse() -> None:
    def rule(name: str, policy: Policy) -> tuple[float, int]:
        if name == "guard":
            return 0.0, int(policy.run_gap > 2)
        return max(0.0, 2.0 - policy.run_gap / 2), 0

    tuned = tune(PCI, [trial("case")], [trial("guard")], Written(rule))
    assert tuned.policy.run_gap == 1.8
    assert tuned.guard[0] == tuned.guard[1]


def test_what_the_policy_leaves_out_is_taken_in() -> None:
    judge = Written(lambda _, policy: (0.0 if Entity.PIN in policy.entities else 2.0, 0))
    tuned = tune(PCI, [trial("case", Entity.PIN)], [trial("guard")], judge)
    assert tuned.policy.entities == PCI.entities | {Entity.PIN}


def test_where_nothing_helps_the_policy_stays() -> None:
    tuned = tune(PCI, [trial("case")], [trial("guard")], Written(lambda *_: (1.0, 0)))
    assert (tuned.policy, tuned.steps) == (PCI, ())


@pytest.mark.parametrize(
    "change",
    ["audible_seconds", "false_mutes", "harmless_numbers_muted", "open_numbers"],
)
def test_any_figure_makes_it_worse(change: str) -> None:
    base = summarise([Score(60.0, (), 0, 0.0, 0.0, (Stretch(0, 0, 1),))])
    assert not worse(base, base)
    assert worse(replace(base, **{change: 1}), base)  # type: ignore[arg-type]
    assert not worse(base, replace(base, **{change: 1}))  # type: ignore[arg-type]


def test_the_new_policy_is_a_file_that_can_be_loaded(tmp_path: Path) -> None:
    judge = Written(lambda _, policy: (0.0 if policy.min_score < 0.4 else 1.0, 0))
    tuned = tune(PCI, [trial("case")], [trial("guard")], judge)
    path = tmp_path / "ours.toml"
    path.write_text(as_toml(tuned, "pci-ssn"))
    assert load_policy(str(path)) == tuned.policy
    assert "min_score: 1.00 s -> 0.00 s audible" in path.read_text()
