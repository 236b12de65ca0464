"""The documents are run: every command and every Python block, in order, in a folder with calls."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import typer.main

from test_cli_rtp import captured

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "docs/usage.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PIPED = re.compile(r"[|<>]")


def blocks(document: str) -> list[tuple[str, str]]:
    """Return ``(language, content)`` of every fenced block."""
    return BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))


@pytest.fixture
def place(
    tmp_path: Path, ssn_call: Path, truth_of_ssn_call: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder as the documents assume it."""
    shutil.copy(ssn_call, tmp_path / "call.wav")
    captured(tmp_path / "call.pcap", ssn_call)
    for folder, name in (("cases", "call"), ("samples", "sample_ssn")):
        (tmp_path / folder).mkdir()
        shutil.copy(ssn_call, tmp_path / folder / f"{name}.wav")
        (tmp_path / folder / f"{name}.json").write_text(truth_of_ssn_call)
    (tmp_path / "calls" / "monday").mkdir(parents=True)
    soundfile.write(tmp_path / "calls" / "monday" / "1.flac", np.zeros((8_000, 2)), 8_000)
    [policy] = [content for language, content in blocks("docs/usage.md") if language == "toml"]
    (tmp_path / "mine.toml").write_text(policy)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("HUSHTAP_VAULT", "HUSHTAP_PASSPHRASE", "HUSHTAP_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_the_document_says_works(
    document: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, object] = {"__name__": document}
    ran = 0
    for language, content in blocks(document):
        if language == "python":
            exec(compile(content, document, "exec"), names)  # noqa: S102 - our own document
            ran += 1
        if language == "console":
            for line in content.splitlines():
                assert line.startswith("$ "), line
                code = run(line.removeprefix("$ "), monkeypatch)
                captured = capfd.readouterr()
                assert code == 0, (line, captured.err)
                assert "Traceback" not in captured.err
                ran += 1
    assert ran >= 5
    assert (place / "redacted" / "monday" / "1.wav").exists()


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run one line: what is the command alone without a new process, as starting it is slow."""
    if PIPED.search(command) or not command.startswith("hushtap "):
        return subprocess.run(command, shell=True, check=False).returncode  # noqa: S602
    from hushtap import cli  # noqa: PLC0415

    monkeypatch.setattr(sys, "argv", command.split())
    return cli.run()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_languages(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / document).parent.joinpath(link).exists(), link
    assert {language for language, _ in blocks(document)} <= {
        *("console", "json", "python", "sh", "toml")
    }


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", text, re.MULTILINE))
    assert len(targets) >= 3
    for target in targets:
        assert re.search(rf"^{''.join(target)}:", makefile, re.MULTILINE), target


def commands_named(text: str) -> set[str]:
    """Return what stands in ``text`` as a command, inline or in a block, without ``$``.

    Variables that are set for it in front of it are left out.
    """
    lines = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
    inline = re.findall(r"`((?:\.venv/bin/)?hushtap [^`]+)`", text)
    parts = [part.strip() for line in (*lines, *inline) for part in line.split("|")]
    commands = [re.sub(r"^([A-Z_]+=('[^']*'|\S*) +)+", "", part) for part in parts]
    return {
        command.removeprefix(".venv/bin/")
        for command in commands
        if re.match(r"(\.venv/bin/)?hushtap ", command)
    }


def tree(command: Any, *names: str) -> dict[tuple[str, ...], Any]:  # noqa: ANN401
    """Return all commands below ``command`` (of Click, or Typer's own copy) by their words."""
    below = getattr(command, "commands", None)
    if below is None:
        return {names: command}
    return {
        words: leaf
        for name, one in below.items()
        for words, leaf in tree(one, *names, name).items()
    }


def test_every_command_is_explained_and_every_option_named_exists() -> None:
    from hushtap.cli import app  # noqa: PLC0415

    leaves = tree(typer.main.get_command(app))
    documents = (*DOCUMENTS, "docs/web.md")
    text = "\n".join((ROOT / document).read_text(encoding="utf-8") for document in documents)
    helped = {
        line
        for leaf in leaves.values()
        for line in re.findall(r"\[cyan\](?:sox.*\| )?(hushtap .*?)\[/\]", leaf.help or "")
    }
    named = commands_named(text)
    assert len(named) > 15
    assert len(helped) > 15
    explained = set()
    for line in named | helped:
        words = line.split()[1:]
        if words[0].startswith("-"):
            continue
        found = [path for path in leaves if tuple(words[: len(path)]) == path]
        # A command with commands of its own may be one itself: hushtap web --demo.
        alone = any(path[:1] == tuple(words[:1]) for path in leaves) and all(
            word.startswith("-") for word in words[1:2]
        )
        assert found or "|" in line or alone, line
        for path in found:
            known = {option for parameter in leaves[path].params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= known | {"--help"}, line
            explained |= {path} if line in named else set()
    # These are named by what calls them: make demo, make bench.
    assert set(leaves) - explained <= {("demo",)}


def test_shown_formats_are_real() -> None:
    from hushtap.values import Entity  # noqa: PLC0415

    for language, content in blocks("docs/usage.md"):
        if language == "json":
            [finding] = json.loads(content)["findings"]
            assert Entity(finding["entity"])
        if language == "toml":
            assert tomllib.loads(content)["style"] == "beep"


PROVEN = ("docs/threat-model.md", "docs/compliance.md")
"""Each row of their tables names a test; the last cell is for it."""
TEST = re.compile(r"`((?:[a-z_]+/)*test_[a-z_]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("document", PROVEN)
def test_every_promise_names_a_test_that_is_there(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    header, proven = "", 0
    for line in text.splitlines():
        if not line.startswith("|") or set(line) <= set("|- "):
            header = header if line.startswith("|") else ""
            continue
        header = header or line
        if header.endswith("| test |") and line != header:
            last = line.strip("|").rpartition("|")[2].strip()
            names = [TEST.fullmatch(name.strip()) for name in last.split(", ")]
            assert all(names), line
            proven += 1
    for file, name in TEST.findall(text):
        source = ROOT / "tests" / file
        assert source.exists(), file
        assert re.search(rf"^(async )?def {name}\(", source.read_text(), re.MULTILINE), name
    assert proven > 25


@pytest.mark.parametrize("document", PROVEN)
def test_every_command_of_the_tables_is_there(document: str) -> None:
    from hushtap.cli import app  # noqa: PLC0415

    leaves = tree(typer.main.get_command(app))
    text = (ROOT / document).read_text(encoding="utf-8")
    for line in commands_named(text):
        words = line.split()[1:]
        [found] = [path for path in leaves if tuple(words[: len(path)]) == path]
        known = {option for parameter in leaves[found].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / document).parent.joinpath(link).exists(), link
