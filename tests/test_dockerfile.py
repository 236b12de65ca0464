"""The image: what it copies and runs is there, and it needs no more rights than it should."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

from typer.testing import CliRunner

from hushtap.cli import app
from hushtap.gateway.config import HttpSection, LimitsSection, read_settings

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Dockerfile").read_text()
LINES = [
    line for line in re.sub(r"\\\n\s*", " ", TEXT).splitlines() if line and not line.startswith("#")
]


def of(word: str) -> list[str]:
    return [line.partition(" ")[2] for line in LINES if line.startswith(f"{word} ")]


def test_what_it_copies_is_there_and_let_in() -> None:
    let_in = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    sources = [name for line in of("COPY") if "--from" not in line for name in line.split()[:-1]]
    assert {"src", "models", "configs", "requirements.lock"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in let_in, source
    # What the package is built from is all there.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    forced = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert {*forced, "src", *project["project"]["license-files"]} <= set(sources)
    [extras] = re.findall(r"\.\[([a-z,]+)\]", TEXT)
    assert set(extras.split(",")) <= set(project["project"]["optional-dependencies"])


def test_what_it_runs_is_a_command_and_ends_in_its_time() -> None:
    [entry], [command] = of("ENTRYPOINT"), of("CMD")
    assert json.loads(entry) == ["hushtap"]
    words = json.loads(command)
    [config] = [line.split() for line in of("COPY") if line.startswith("configs/gateway.toml")]
    assert words[-1] == config[1]
    assert CliRunner().invoke(app, [words[0], "--help"]).exit_code == 0
    read_settings(ROOT / config[0])
    [health] = of("HEALTHCHECK")
    assert f"http://{HttpSection().listen}/healthz" in health
    stop = re.search(r"--stop-timeout (\d+)", TEXT)
    assert stop is not None
    assert int(stop[1]) > LimitsSection().drain
    assert of("STOPSIGNAL") == ["SIGTERM"]


def test_it_is_nobody_and_its_root_may_be_read_only() -> None:
    assert of("USER") == ["hushtap"]
    assert of("VOLUME") == of("WORKDIR")[-1:] == ["/var/lib/hushtap"]
    last = TEXT.rindex("\nUSER ")
    assert "RUN" not in TEXT[last:]
    assert "--read-only" in TEXT
    assert "PYTHONDONTWRITEBYTECODE=1" in TEXT


def test_constraints_are_the_lock_without_its_hashes() -> None:
    [expression] = re.findall(r"sed -E '([^']*)' requirements.lock", TEXT)
    made = subprocess.run(
        ["sed", "-E", expression, str(ROOT / "requirements.lock")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = made.splitlines()
    assert not any("--hash" in line or line.endswith("\\") for line in lines)
    assert all(re.match(r"[A-Za-z0-9_.\[\]-]+==\S+", line) for line in lines if line)
    assert any(line.startswith("uvicorn==") for line in lines)
