"""The dashboard and the alert rules that ship: all they ask for is in ``/metrics``."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.rig import serving
from hushtap.resources import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.vault.recordings import Vault

_UNPACKED = Path(sys.prefix) / "peers" / "usr" / "bin" / "promtool"
PROMTOOL = str(_UNPACKED) if _UNPACKED.exists() else shutil.which("promtool")
SELECTOR = re.compile(r"\b((?:hushtap|process)_[a-z_]+)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r"([a-z_]+)(=~|!~|!=|=)\"([^\"]*)\"")


@pytest.fixture
def samples(vault: Vault) -> dict[str, list[dict[str, str]]]:
    """The labels of each sample of a gateway without calls."""

    async def run() -> str:
        async with serving(vault) as gateway:
            return gateway.figures.text().decode()

    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(asyncio.run(run())):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(dict(sample.labels))
    return found


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder("configs") / "grafana.json").read_text())
    return found


def expressions() -> Iterator[str]:
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    rules = (folder("configs") / "alerts.yml").read_text()
    parts = re.findall(r"expr: (?:>\n)?((?:.|\n)*?)\n        (?:for|labels):", rules)
    assert len(parts) == rules.count("alert:")
    yield from parts


def test_every_metric_and_label_that_is_asked_for_is_there(
    samples: dict[str, list[dict[str, str]]],
) -> None:
    asked = [found for one in expressions() for found in SELECTOR.findall(one)]
    assert len(asked) > 25
    for name, selector in asked:
        assert name in samples, name
        for label, how, value in MATCHER.findall(selector):
            if label == "instance":
                continue
            values = {labels[label] for labels in samples[name]}
            wanted = value.split("|") if how in {"=~", "!~"} else [value]
            assert set(wanted) <= values, (name, label, value)


def test_every_grouping_and_legend_is_a_label(samples: dict[str, list[dict[str, str]]]) -> None:
    labels = {label for of in samples.values() for one in of for label in one} | {"instance"}
    for expression in expressions():
        for names in re.findall(r"by \(([^)]*)\)", expression):
            assert {name.strip() for name in names.split(",")} <= labels
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            grouped = re.search(r"by \(([^)]*)\)", target["expr"])
            kept = {n.strip() for n in grouped[1].split(",")} if grouped else {"instance"}
            assert used <= kept


def test_panels_have_places_and_numbers_of_their_own() -> None:
    panels = dashboard()["panels"]
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels]
    assert len(set(places)) == len({p["id"] for p in panels}) == len(panels)


@pytest.mark.skipif(PROMTOOL is None, reason="needs promtool, of the package prometheus")
def test_prometheus_takes_the_rules_and_the_metrics(vault: Vault, tmp_path: Path) -> None:
    assert PROMTOOL is not None
    rules = folder("configs") / "alerts.yml"
    checked = subprocess.run(
        [PROMTOOL, "check", "rules", str(rules)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr + checked.stdout
    assert "9 rules found" in checked.stdout
    # One of a missed number fires; a gateway in good health raises none.
    unit = tmp_path / "unit.yml"
    unit.write_text(UNIT.replace("RULES", str(rules)))
    tested = subprocess.run(
        [PROMTOOL, "test", "rules", str(unit)], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr + tested.stdout

    async def run() -> bytes:
        async with serving(vault) as gateway:
            return gateway.figures.text()

    linted = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=asyncio.run(run()), capture_output=True, check=False
    )
    assert b"error" not in linted.stderr


UNIT = """
rule_files: [RULES]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: hushtap_heartbeat_age_seconds{instance="a"}
        values: 0x30
      - series: hushtap_missed_total{instance="a", entity="KEYPAD"}
        values: 0x9 1x20
      - series: hushtap_fail_closed_total{instance="a", reason="cancelled"}
        values: 0+1x30
    alert_rule_test:
      - eval_time: 5m
        alertname: HushtapMissed
      - eval_time: 12m
        alertname: HushtapMissed
        exp_alerts:
          - exp_labels: {severity: critical, instance: a, entity: KEYPAD}
            exp_annotations:
              summary: "KEYPAD was recognised only after some of it had been written."
      - eval_time: 12m
        alertname: HushtapFailedClosed
      - eval_time: 12m
        alertname: HushtapDown
"""
