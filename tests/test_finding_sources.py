"""Every source that a finding can have stands in the tables of docs/usage.md."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

from conversation import AGENT, CALLER, Line
from conversation import Call as Said
from hushtap.ears.words import Suspect
from hushtap.guarded import LOST
from hushtap.numbers.chains import SHORT, VAGUE
from hushtap.numbers.ledger import Verdict
from hushtap.numbers.pieces import Piece
from hushtap.observe import Reason
from hushtap.pii.recognizers import SpokenEmailRecognizer
from hushtap.pii.shapes import RECIPES
from hushtap.pipeline import Call
from hushtap.values import Entity, Finding, HeardBy
from hushtap.vault.recordings import REVIEWED

if TYPE_CHECKING:
    from hushtap.pii.policy import Policy
    from hushtap.pii.recognizers import SpokenAnalyzer

ROOT = Path(__file__).resolve().parent.parent
USAGE = ROOT / "docs" / "usage.md"
SOURCE = ROOT / "src" / "hushtap"
CONSTANTS = {"REVIEWED": REVIEWED}
"""Sources that have a name of their own."""


def told_sources() -> tuple[set[str], ...]:
    """Return the ears, the rules and the words for UNHEARD and KEYPAD that the tables explain."""
    text = USAGE.read_text(encoding="utf-8")
    [section] = re.findall(r"^## What a finding says\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    tables = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    cells = [[row.split("|")[1] for row in table.splitlines()[2:]] for table in tables]
    return tuple({w for c in rows for w in re.findall(r"`(.+?)`", c)} for rows in cells)


def given_sources() -> set[str]:
    """Return every source, or part of one, that is written in the code: by reading it."""
    given: set[str] = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                given |= literals(source_of(node))
            elif isinstance(node, ast.Assign):
                given |= assigned(node)
            elif isinstance(node, ast.FunctionDef):
                given |= returned(node)
    return given


def source_of(call: ast.Call) -> ast.expr | None:
    """Return what ``call`` gives as the source of a finding, or of what becomes one."""
    takes = {
        one.__name__: [*inspect.signature(one).parameters]
        for one in (Finding, Verdict, Suspect, Piece)
    }
    takes["_mute"] = [*inspect.signature(Call._mute).parameters][1:]
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    if name not in takes:
        return None
    at = takes[name].index("source")
    by_name = [keyword.value for keyword in call.keywords if keyword.arg == "source"]
    return next(iter([*by_name, *call.args[at : at + 1]]), None)


def assigned(node: ast.Assign) -> set[str]:
    """Return the literals assigned to variables ``source`` and ``rule``."""
    found: set[str] = set()
    for target in node.targets:
        if getattr(target, "id", "") == "source":
            found |= literals(node.value)
        names = [getattr(one, "id", "") for one in getattr(target, "elts", ())]
        if "rule" in names and isinstance(node.value, ast.Tuple):
            found |= literals(node.value.elts[names.index("rule")])
    return found


def returned(node: ast.FunctionDef) -> set[str]:
    """Return the rules that a function returns beside an entity and a score."""
    if node.returns is None or ast.unparse(node.returns) != "tuple[Entity | None, float, str]":
        return set()
    tuples = [one.value for one in ast.walk(node) if isinstance(one, ast.Return)]
    return {name for one in tuples if isinstance(one, ast.Tuple) for name in literals(one.elts[-1])}


def literals(value: ast.AST | None) -> set[str]:
    """Return the names in the string literals that an expression may be, or is made of."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return {part for part in value.value.split(":") if part}
    if isinstance(value, ast.Name) and value.id in CONSTANTS:
        return {CONSTANTS[value.id]}
    if isinstance(value, ast.IfExp | ast.JoinedStr | ast.FormattedValue):
        return {name for child in ast.iter_child_nodes(value) for name in literals(child)}
    return set()


def test_every_source_of_a_finding_is_explained() -> None:
    ears, rules, unheard, keypad = told_sources()
    assert ears >= set(HeardBy)
    # Shapes that no verdict is made by are left out.
    shapes = {
        shape.rule
        for recipe in RECIPES
        for shape in recipe.shapes
        if recipe.entity not in SHORT
        and not shape.rule.endswith("-part")
        and (recipe.entity is Entity.CREDIT_CARD or not shape.rule.endswith(VAGUE))
    }
    assert rules >= shapes
    assert rules >= set(re.findall(r'"(email-.+?)"', inspect.getsource(SpokenEmailRecognizer)))
    given = given_sources()
    assert {*("unclear", "loop", "asked", "start", "dense", "max-hold", "email")} <= given
    assert given <= ears | rules | unheard | keypad
    assert unheard >= {LOST, *(Reason.STAGE_FAILED, Reason.SINK_FAILED, Reason.TAP_FAILED)}
    # Nothing is explained that is not there.
    assert unheard <= given | set(Reason) | {LOST}
    assert keypad <= given
    assert ears <= given | set(HeardBy)


def test_what_calls_give_is_explained(analyzer: SpokenAnalyzer, policy: Policy) -> None:
    ears, rules, *_ = told_sources()
    said = "four one one one one one one one one one one one one one one one"
    lines = [
        Line(AGENT, 0, "can I have your card number please"),
        Line(CALLER, 4, said),
        Line(CALLER, 200, said),
        Line(CALLER, 300, "nine eight seven six five four three two one"),
    ]
    found = {verdict.source for verdict in Said(policy, analyzer, lines).judge().verdicts}
    assert len(found) >= 2
    for source in found:
        ear, _, rule = source.partition(":")
        assert ear in ears
        assert rule in rules
