"""``hushtap web``: who may use the desk, and the demo as it is started."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from hushtap.cli import app
from hushtap.vault.recordings import Vault
from hushtap.web.accounts import Accounts
from hushtap.web.server import database_of
from vault.audit.logs import entries_of

if TYPE_CHECKING:
    from typer.testing import Result


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.create(tmp_path / "vault")


def run(vault: Vault, *words: str) -> Result:
    return CliRunner().invoke(app, ["web", "user", *words, "--vault", str(vault.path)])


def test_accounts_are_made_listed_disabled_and_reset(vault: Vault) -> None:
    made = run(vault, "add", "sam", "--role", "supervisor", "--agent", "ann", "--agent", "ben")
    assert made.exit_code == 0
    password = made.stdout.strip()
    assert re.fullmatch(r"[0-9a-f-]{29}", password)
    run(vault, "add", "ada", "--role", "auditor")
    listed = [json.loads(line) for line in run(vault, "list", "--json").stdout.splitlines()]
    assert [(one["name"], one["role"], one["agents"]) for one in listed] == [
        ("ada", "auditor", []),
        ("sam", "supervisor", ["ann", "ben"]),
    ]
    accounts = Accounts(database_of(vault))
    assert accounts.check_password("sam", password).temporary
    run(vault, "disable", "sam")
    assert accounts.get("sam").disabled
    again = run(vault, "reset", "sam").stdout.strip()
    assert again != password
    assert accounts.check_password("sam", again).name == "sam"
    changes = [json.loads(entry) for entry in entries_of(vault.path)]
    told = [one["objects"][0]["id"] for one in changes if one["activity"] == "account-change"]
    assert told == ["sam", "ada", "sam", "sam"]


@pytest.mark.parametrize(
    "words",
    [
        ("add", "sam", "--role", "supervisor"),
        ("add", "quinn", "--role", "qa-analyst", "--agent", "ann"),
        ("add", "Not A Name", "--role", "auditor"),
        ("add", "sam", "--role", "king"),
        ("disable", "nobody"),
        ("reset", "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused(vault: Vault, words: tuple[str, ...]) -> None:
    assert run(vault, *words).exit_code != 0
    assert Accounts(database_of(vault)).list() == []


def test_what_is_no_name_is_not_on_record(vault: Vault) -> None:
    for words in (("add", "4111111111111111", "--role", "auditor"), ("reset", "4111111111111111")):
        told = run(vault, *words)
        assert told.exit_code != 0
        assert "4111111111111111" not in str(told.exception)
    assert not any(b"account-change" in entry for entry in entries_of(vault.path))


def test_a_signal_ends_the_desk_as_a_signal(vault: Vault) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(sys.executable).with_name("hushtap")
    with subprocess.Popen(
        [script, "web", "--vault", str(vault.path), "--plain", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as desk:
        assert desk.stdout is not None
        assert desk.stderr is not None
        assert f"localhost:{port}" in desk.stdout.readline()
        desk.send_signal(signal.SIGTERM)
        assert desk.wait(20) == 128 + signal.SIGTERM
        assert "is taken" not in desk.stderr.read()


def test_the_vault_may_be_named_before_or_after(vault: Vault) -> None:
    words = ["web", "--vault", str(vault.path), "user", "add", "ada", "--role", "auditor"]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert [one.name for one in Accounts(database_of(vault)).list()] == ["ada"]


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_is_up_and_lets_in_with_what_it_prints(
    tmp_path: Path, end: signal.Signals
) -> None:
    script = Path(sys.executable).with_name("hushtap")
    subprocess.run([script, "web", "--prepare"], check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {"TMPDIR": str(tmp_path), "COLUMNS": "200", "NO_COLOR": "1"}
    with subprocess.Popen(
        [script, "web", "--demo", "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    ) as desk:
        assert desk.stdout is not None
        begun = time.monotonic()
        lines = [desk.stdout.readline() for _ in range(9)]
        took = time.monotonic() - begun
        try:
            assert f"https://localhost:{port}" in lines[0]
            assert len([line for line in lines if re.search(r"[A-Z2-7]{32}", line)]) == 6
            own = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            own.check_hostname, own.verify_mode = False, ssl.CERT_NONE
            url = f"https://localhost:{port}/sign-in"
            with urllib.request.urlopen(url, context=own) as answer:
                assert b"demonstration" in answer.read()
        finally:
            desk.send_signal(end)
        desk.wait(20)
    print(f"the demo was up in {took:.1f} s")  # noqa: T201 - a figure, no assertion on it
    assert list(tmp_path.iterdir()) == []
