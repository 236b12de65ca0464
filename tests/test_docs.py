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

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "docs/usage.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PIPED = re.compile(r"[|<>]")


def blocks(document: str) -> list[tuple[str, str]]:
    """Return ``(language, content)`` of every fenced block."""
    return BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))


@pytest.fixture
def place(tmp_path: Path, ssn_call: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as the documents assume it."""
    shutil.copy(ssn_call, tmp_path / "call.wav")
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
    from hushtap.cli import main  # noqa: PLC0415

    monkeypatch.setattr(sys, "argv", command.split())
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


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


def test_shown_formats_are_real() -> None:
    from hushtap.values import Entity  # noqa: PLC0415

    for language, content in blocks("docs/usage.md"):
        if language == "json":
            [finding] = json.loads(content)["findings"]
            assert Entity(finding["entity"])
        if language == "toml":
            assert tomllib.loads(content)["style"] == "beep"
