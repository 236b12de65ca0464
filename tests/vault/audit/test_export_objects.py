"""Copies of the log in a real object store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from hushtap.cli import app
from hushtap.errors import UsageError, VaultError
from hushtap.vault.audit.export import Bucket, export, target_of
from hushtap.vault.audit.reading import reading
from vault.audit.logs import check, entries_of, log_of
from vault.object_server import Line, ObjectServer
from vault.rotations import record

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.recordings import Vault


def test_a_bucket_gets_what_a_folder_would(tmp_path: Path, object_server: ObjectServer) -> None:
    prefix = object_server.new_prefix()
    target = target_of(object_server.url(prefix))
    assert isinstance(target, Bucket)
    log = log_of(tmp_path, 3)
    assert export(log, target) == 3
    log_of(tmp_path, 2)
    assert export(log, target, at_once=1) == 2
    found = object_server.content(prefix)
    assert sorted(found) == [
        *("checkpoint-000000000003.txt", "checkpoint-000000000005.txt"),
        "entries-000000000001-000000000003.jsonl",
        "entries-000000000004-000000000004.jsonl",
        "entries-000000000005-000000000005.jsonl",
    ]
    lines = b"".join(found[name] for name in sorted(found) if "entries" in name).splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4, 5]
    assert all(entry in line for entry, line in zip(entries_of(tmp_path), lines, strict=True))
    notes = [found[name].decode() for name in sorted(found) if "checkpoint" in name]
    assert check(tmp_path, *notes).problems == []


def test_what_waits_while_the_store_is_away_arrives_when_it_is_back(
    tmp_path: Path, object_server: ObjectServer
) -> None:
    prefix = object_server.new_prefix()
    log = log_of(tmp_path, 3)
    with Line(object_server.port) as line:
        target = target_of(object_server.url(prefix, line.port))
        line.cut()
        with pytest.raises(VaultError, match="cannot be reached"):
            export(log, target)
        with reading(log.path) as state:
            [told] = state.exports()
        assert (told.sent, told.failures) == (0, 1)
        line.mend()
        assert export(log, target) == 3
    assert len(object_server.content(prefix)) == 2


def test_a_secret_in_the_url_is_refused_and_not_told() -> None:
    for url in ("s3://key:marmalade@audit/1", "s3://audit/1?secret_access_key=marmalade"):
        with pytest.raises(UsageError) as caught:
            target_of(url)
        assert "marmalade" not in str(caught.value)


def test_the_command_sends_what_a_vault_did(vault: Vault, object_server: ObjectServer) -> None:
    recording = record(vault)
    prefix = object_server.new_prefix()
    words = ["audit-log", "export", object_server.url(prefix), "--vault", str(vault.path)]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0
    told = b"".join(object_server.content(prefix).values()).decode()
    assert json.loads(done.stdout)["sent"] == told.count('"number":') > 3
    assert recording in told
    assert object_server.secret not in told
