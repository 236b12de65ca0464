"""The policy that leaks least on flagged cases, and is nowhere worse on a guard set.

One knob after the other, in the order of what it costs: what a policy leaves out altogether,
how long a question counts, how long a number may pause, how sure it has to be, and how much
around it is muted. A value is taken where less is audible in the cases and the guard set is
not worse: not more audible, not more harmless numbers muted, not more false mutes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from hushtap.pii.policy import DETECTABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hushtap.evaluate import Summary
    from hushtap.pii.policy import Policy
    from hushtap.tuning.trials import Judge, Trial

VALUES: Final[dict[str, tuple[float, ...]]] = {
    "arm_timeout": (120.0, 180.0, 300.0),
    "run_gap": (1.8, 2.5, 4.0),
    "min_score": (0.4, 0.3, 0.2),
    "pad_before": (0.4, 0.6),
    "pad_after": (0.5, 0.8),
}
"""What is tried of each knob, the least change first."""
LEAST_GAIN_S: Final = 0.05
"""Seconds that have to become silent: less is the error of an edge."""
_MARGIN: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """A knob that was turned, and what it brought: seconds of numbers audible in the cases."""

    knob: str
    value: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """A policy and what it does beside the one that it came from."""

    policy: Policy
    steps: tuple[Step, ...]
    cases: tuple[Summary, Summary]
    """Before and after."""
    guard: tuple[Summary, Summary]


def tune(
    policy: Policy,
    cases: Sequence[Trial],
    guard: Sequence[Trial],
    judge: Judge,
    progress: Callable[[str], None] = lambda _: None,
) -> Tuned:
    """Return the policy that leaks less on ``cases``; ``progress`` is told what is tried.

    Raises:
        HushtapError: a call cannot be redacted.
    """
    best, steps = policy, []
    base = judge.summary(guard, policy)
    at = first = judge.summary(cases, policy)
    for knob, tried in _knobs(policy, first):
        for candidate in tried:
            if at.audible_seconds < LEAST_GAIN_S:
                break
            turned = _turned(best, knob, getattr(candidate, knob))
            progress(f"{knob} = {_told(turned, knob)}")
            # What leaks already tells soonest that nothing is gained.
            leaking = [one for one in cases if judge.score(one, best).leak > 0]
            if judge.summary(leaking, turned).audible_seconds > at.audible_seconds - LEAST_GAIN_S:
                continue
            then = judge.summary(cases, turned)
            gained = at.audible_seconds - then.audible_seconds >= LEAST_GAIN_S
            if gained and not worse(judge.summary(guard, turned), base):
                told = _told(turned, knob)
                steps.append(Step(knob, told, at.audible_seconds, then.audible_seconds))
                best, at = turned, then
    return Tuned(best, tuple(steps), (first, at), (base, judge.summary(guard, best)))


def worse(one: Summary, other: Summary) -> bool:
    """Return whether ``one`` is worse than ``other`` in any figure that counts."""
    return (
        one.audible_seconds > other.audible_seconds + _MARGIN
        or one.open_numbers > other.open_numbers
        or one.harmless_numbers_muted > other.harmless_numbers_muted
        or one.false_mutes > other.false_mutes
        or one.false_mute_seconds > other.false_mute_seconds + _MARGIN
    )


def _knobs(policy: Policy, first: Summary) -> Iterator[tuple[str, list[Policy]]]:
    """Yield each knob with the policies that turn it alone."""
    leaking = {name for name, leak in first.leak_by_entity.items() if leak > 0}
    left_out = [one for one in DETECTABLE if one in leaking and one not in policy.entities]
    if left_out:
        yield "entities", [replace(policy, entities=policy.entities | set(left_out))]
    if policy.keep_last4:
        yield "keep_last4", [replace(policy, keep_last4=False)]
    for knob, values in VALUES.items():
        now = getattr(policy, knob)
        wider = [one for one in values if (one < now if knob == "min_score" else one > now)]
        yield knob, [_turned(policy, knob, one) for one in wider]


def _turned(policy: Policy, knob: str, value: Any) -> Policy:  # noqa: ANN401 - of any knob
    return replace(policy, **{knob: value})


def as_toml(tuned: Tuned, source: str) -> str:
    """Return the policy as a file that ``load_policy`` reads, with what was changed and why."""
    lines = [f"# {source}, tuned on {tuned.cases[0].calls} flagged cases."]
    for step in tuned.steps:
        change = f"{step.before:.2f} s -> {step.after:.2f} s audible"
        lines.append(f"# {step.knob}: {change}")
    lines.append("")
    lines += [f"{one.name} = {_told(tuned.policy, one.name)}" for one in fields(tuned.policy)]
    return "\n".join(lines) + "\n"


def _told(policy: Policy, knob: str) -> str:
    value = getattr(policy, knob)
    if knob == "entities":
        return json.dumps([str(one) for one in DETECTABLE if one in value])
    # TOML writes strings, numbers and truth values of these kinds as JSON does.
    return json.dumps(value)
