"""Dual control: nothing is exported unless two accounts agree, and the log tells of both."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, update
from typer.testing import CliRunner

from hushtap.cli import app
from hushtap.errors import ApprovalError, VaultError
from hushtap.vault.approvals import DUAL_CONTROL, TERM
from hushtap.vault.audit.events import Actor
from hushtap.vault.recordings import Vault
from hushtap.vault.schema import approvals
from vault.audit.logs import entries_of
from vault.rotations import record

if TYPE_CHECKING:
    from pathlib import Path


ANN, BEN, CLEO = (Actor(name, "privacy-officer", "local") for name in ("ann", "ben", "cleo"))


@pytest.fixture
def guarded(vault: Vault) -> tuple[Vault, str]:
    """A vault under dual control, with one recording."""
    recording = record(vault)
    vault.life.approvals.require()
    return vault, recording


def test_without_dual_control_one_account_exports(vault: Vault, tmp_path: Path) -> None:
    vault.acting_as(ANN).export(record(vault), tmp_path / "call.wav")
    assert (tmp_path / "call.wav").exists()


def test_nobody_exports_alone(guarded: tuple[Vault, str], tmp_path: Path) -> None:
    vault, recording = guarded
    ann = vault.acting_as(ANN)
    with pytest.raises(ApprovalError, match="needs a second person"):
        ann.export(recording, tmp_path / "call.wav")
    request = ann.life.approvals.ask(recording)
    with pytest.raises(ApprovalError, match="another is to approve it"):
        ann.life.approvals.approve(request.id)
    with pytest.raises(ApprovalError):
        ann.export(recording, tmp_path / "call.wav")
    assert not (tmp_path / "call.wav").exists()


def test_two_export_once(guarded: tuple[Vault, str], tmp_path: Path) -> None:
    vault, recording = guarded
    ann, ben, other = vault.acting_as(ANN), vault.acting_as(BEN), record(vault, seed=9)
    request = ann.life.approvals.ask(recording)
    approved = ben.life.approvals.approve(request.id)
    assert approved.approved_by == "ben"
    for who, what in ((ben, recording), (vault.acting_as(CLEO), recording), (ann, other)):
        with pytest.raises(ApprovalError):
            who.export(what, tmp_path / "call.wav")
    ann.export(recording, tmp_path / "call.wav")
    with pytest.raises(ApprovalError):
        ann.export(recording, tmp_path / "again.wav")
    with pytest.raises(ApprovalError, match="is used"):
        vault.acting_as(CLEO).life.approvals.approve(request.id)
    told = [
        (one["activity"], one.get("change"), one["actor"]["user"])
        for one in map(json.loads, entries_of(vault.path))
        if one["outcome"] == "begun" and request.id in str(one["objects"])
    ]
    assert told == [
        ("approval", "asked", "ann"),
        ("approval", "given", "ben"),
        ("export", None, "ann"),
    ]


@pytest.mark.parametrize("approve_first", [False, True])
def test_what_was_asked_expires(
    guarded: tuple[Vault, str], tmp_path: Path, *, approve_first: bool
) -> None:
    vault, recording = guarded
    ann, ben = vault.acting_as(ANN), vault.acting_as(BEN)
    request = ann.life.approvals.ask(recording)
    if approve_first:
        ben.life.approvals.approve(request.id)
    before = (datetime.now(UTC) - TERM - timedelta(seconds=1)).isoformat()
    with vault._catalog.database.writing() as connection:
        connection.execute(update(approvals).values(asked=before))
    if not approve_first:
        with pytest.raises(ApprovalError, match="is expired"):
            ben.life.approvals.approve(request.id)
    with pytest.raises(ApprovalError):
        ann.export(recording, tmp_path / "call.wav")


@pytest.mark.parametrize("entry", [None, "one's own request", "an approval of something else", 999])
def test_an_approval_that_the_log_does_not_tell_of_opens_nothing(
    guarded: tuple[Vault, str], tmp_path: Path, entry: str | int | None
) -> None:
    vault, recording = guarded
    ann, ben = vault.acting_as(ANN), vault.acting_as(BEN)
    number = entry if isinstance(entry, int) else None
    request = ann.life.approvals.ask(recording)
    begun = [
        at + 1
        for at, one in enumerate(map(json.loads, entries_of(vault.path)))
        if one["activity"] == "approval" and one["outcome"] == "begun"
    ]
    if entry == "one's own request":
        number = begun[-1]
    elif entry == "an approval of something else":
        other = ben.life.approvals.approve(ann.life.approvals.ask(record(vault, seed=3)).id)
        with vault._catalog.database.reading() as connection:
            query = approvals.select().where(approvals.c.id == other.id)
            number = connection.execute(query).one().entry
    with vault._catalog.database.writing() as connection:
        mine = update(approvals).where(approvals.c.id == request.id)
        connection.execute(mine.values(approved_by="ben", entry=number))
    with pytest.raises(ApprovalError):
        ann.export(recording, tmp_path / "call.wav")


def test_a_request_that_was_never_asked_opens_nothing(
    guarded: tuple[Vault, str], tmp_path: Path
) -> None:
    vault, recording = guarded
    row = {
        "id": "request-00000000",
        "what": recording,
        "asked_by": "ann",
        "asked": datetime.now(UTC).isoformat(),
        "approved_by": "ben",
        "entry": 1,
        "used": False,
    }
    with vault._catalog.database.writing() as connection:
        connection.execute(insert(approvals).values(row))
    with pytest.raises(ApprovalError):
        vault.acting_as(ANN).export(recording, tmp_path / "call.wav")


def test_it_takes_two_to_end_it(guarded: tuple[Vault, str], tmp_path: Path) -> None:
    vault, recording = guarded
    ann, ben = vault.acting_as(ANN), vault.acting_as(BEN)
    with pytest.raises(ApprovalError):
        ann.life.approvals.end()
    ben.life.approvals.approve(ann.life.approvals.ask(recording).id)
    with pytest.raises(ApprovalError):
        ann.life.approvals.end()
    ben.life.approvals.approve(ann.life.approvals.ask(DUAL_CONTROL).id)
    assert ann.life.approvals.required
    ann.life.approvals.end()
    assert not Vault.open(vault.path).life.approvals.required
    ben.export(recording, tmp_path / "call.wav")


def test_without_a_log_nothing_is_asked_or_approved(guarded: tuple[Vault, str]) -> None:
    vault, recording = guarded
    request = vault.acting_as(ANN).life.approvals.ask(recording)
    (vault.path / "audit.db").rename(vault.path / "gone.db")
    with pytest.raises(VaultError):
        vault.acting_as(ANN).life.approvals.ask(recording)
    with pytest.raises(VaultError):
        vault.acting_as(BEN).life.approvals.approve(request.id)
    [left] = vault.life.approvals.all()
    assert left.approved_by is None


def test_the_commands_lead_through_it(vault: Vault, tmp_path: Path) -> None:
    recording = record(vault)
    run, at = CliRunner(), ["--vault", str(vault.path)]
    assert run.invoke(app, ["vault", "approval", "require", *at]).exit_code == 0
    export = ["vault", "export", recording, str(tmp_path / "call.wav"), *at]
    refused = run.invoke(app, export)
    assert isinstance(refused.exception, ApprovalError)
    asked = run.invoke(app, ["vault", "approval", "ask", recording[:-2], "--json", *at])
    request = json.loads(asked.stdout)
    assert (request["what"], request["state"]) == (recording, "waiting")
    own = run.invoke(app, ["vault", "approval", "give", request["request"], *at])
    assert isinstance(own.exception, ApprovalError)
    # Another account's command is another account's process: here its name.
    vault.acting_as(BEN).life.approvals.approve(request["request"])
    listed = run.invoke(app, ["vault", "approval", "list", *at])
    assert f"{request['request']}  approved: {recording}, asked by" in listed.output
    assert run.invoke(app, export).exit_code == 0
    assert run.invoke(app, ["vault", "approval", "ask", *at]).exit_code != 0
    ended = run.invoke(app, ["vault", "approval", "end", *at])
    assert isinstance(ended.exception, ApprovalError)
