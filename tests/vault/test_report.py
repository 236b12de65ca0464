from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from hushtap.vault import statements
from hushtap.vault.audit.signing import VKEY_NAME, load_verifier
from hushtap.vault.recordings import CallDetails, Consent, State, Vault
from hushtap.vault.retention import Retention, Rule
from hushtap.vault.schema import found, recordings, wrapped_keys
from vault.audit.logs import check, entries_of
from vault.calls import PHONE_LINE, append_all, call
from vault.lives import record

if TYPE_CHECKING:
    from pathlib import Path

BILLING, SALES = CallDetails(queue="billing"), CallDetails(queue="sales")


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


def test_what_is_over_its_term_goes_and_nothing_else(vault: Vault) -> None:
    vault.life.retention.set(Retention((Rule(30, "billing"), Rule(None, "sales"), Rule(90))))
    over = [
        record(vault, started=ago(days=91)),
        record(vault, BILLING, started=ago(days=30, minutes=1)),
        record(vault, BILLING, started=ago(days=300)),
    ]
    within = [
        record(vault, started=ago(days=89)),
        record(vault, BILLING, started=ago(days=29, hours=23)),
        record(vault, SALES, started=ago(days=3000)),
    ]
    held = record(vault, BILLING, started=ago(days=31))
    vault.life.hold(held, "case-1")
    assert {one.info.id for one in vault.life.due()} == {*over, held}
    report = vault.life.report()
    assert (sorted(report.overdue), report.held, report.ok) == (sorted(over), [held], False)
    assert (report.within, report.endless, report.disposed) == (2, 1, 0)
    done = list(vault.life.dispose_due())
    assert {one.info.id for one, _ in done} == set(over)
    assert {str(one.cause) for one, _ in done} == {"term"}
    for recording in (*within, held):
        assert vault.read(recording).complete
    after = vault.life.report()
    assert (after.ok, after.disposed, after.held, after.overdue) == (True, 3, [held], [])
    assert list(vault.life.dispose_due()) == []
    rules = vault.life.retention.get()
    assert rules is not None
    last = [json.loads(entry) for entry in entries_of(vault.path)]
    reasons = [
        thing["id"]
        for one in last
        if (one["activity"], one["outcome"]) == ("dispose", "success")
        for thing in one["objects"]
        if thing["kind"] == "policy"
    ]
    assert reasons == [rules.fingerprint] * 3


def test_without_rules_nothing_is_ever_due(vault: Vault) -> None:
    record(vault, started=ago(days=30_000))
    assert list(vault.life.due()) == []
    report = vault.life.report()
    assert (report.retention, report.endless, report.ok) == (None, 1, True)


def test_a_look_ahead_disposes_of_nothing(vault: Vault) -> None:
    vault.life.retention.set(Retention((Rule(30),)))
    recording = record(vault)
    assert list(vault.life.due()) == []
    [due] = vault.life.due(datetime.now(UTC) + timedelta(days=31))
    assert due.info.id == recording
    assert due.since == due.info.started + timedelta(days=30)
    assert vault.read(recording).complete


def test_a_call_that_goes_on_is_not_over(vault: Vault) -> None:
    vault.life.retention.set(Retention((Rule(1),)))
    recording = vault.record(PHONE_LINE, source="line", policy="abc", started=ago(days=2))
    append_all(recording, call(500))
    assert list(vault.life.due()) == []
    report = vault.life.report()
    assert (report.open, report.ok) == (1, True)
    recording.close()
    assert vault.life.report().overdue == [recording.id]


def test_whatever_is_left_over_is_told_of(vault: Vault, tmp_path: Path) -> None:
    lost, back, cut, odd = (record(vault) for _ in range(4))
    folder = vault.path / "recordings"
    aside = shutil.copy(folder / f"{back}.hush", tmp_path)
    vault.life.dispose(back)
    shutil.copy(aside, folder)
    with vault._catalog.database.writing() as connection:
        for column, recording in (
            *((wrapped_keys.c.recording_id, lost), (wrapped_keys.c.recording_id, odd)),
            *((found.c.recording_id, odd), (recordings.c.id, odd)),
        ):
            connection.execute(delete(column.table).where(column == recording))
    report = vault.life.report()
    assert (report.unexplained, report.unfinished, report.strays) == ([lost], [back], [odd])
    assert not report.ok
    assert report.endless == 1
    assert vault.read(cut).complete
    # What was disposed of, and whose file came back, goes again.
    vault.life.dispose(back)
    assert vault.life.report().unfinished == []


def test_one_that_cannot_be_disposed_of_does_not_stop_the_others(vault: Vault) -> None:
    vault.life.retention.set(Retention((Rule(1),)))
    first, second = (record(vault, started=ago(days=9 - n)) for n in range(2))
    # Its file is a folder now, which nobody can take for an object.
    path = vault.path / "recordings" / f"{first}.hush"
    path.unlink()
    path.mkdir()
    (_, failed), (_, done) = vault.life.dispose_due()
    assert f"{first}.hush: cannot be read (Is a directory)" in str(failed)
    assert not isinstance(done, Exception)
    assert vault.info(first).state is State.CLOSED
    assert vault.info(second).state is State.DISPOSED


def test_the_report_is_on_record_and_can_be_signed(vault: Vault) -> None:
    record(vault, CallDetails(consent=Consent.GIVEN))
    text = vault.life.signed(vault.life.report())
    about, body = statements.read(text, load_verifier(vault.path / "keys" / VKEY_NAME))
    assert about == "hushtap/retention/1"
    assert (body["ok"], body["endless"], body["overdue"]) == (
        *(True, 1),
        {"count": 0, "recordings": []},
    )
    last = [json.loads(entry) for entry in entries_of(vault.path)][-2:]
    assert [(one["activity"], one["outcome"]) for one in last] == [
        ("report", "begun"),
        ("report", "success"),
    ]
    assert check(vault.path).problems == []


def test_a_report_of_many_stays_readable(vault: Vault) -> None:
    report = vault.life.report()
    report.overdue = [f"20260101T{n:06}Z-00000000" for n in range(5000)]
    report.strays = ["20260102T000000Z-00000000"]
    text = vault.life.signed(report)
    _, body = statements.read(text, load_verifier(vault.path / "keys" / VKEY_NAME))
    assert body["overdue"]["count"] == 5000
    assert len(body["overdue"]["recordings"]) == statements.MOST_NAMED
    assert body["strays"] == {"count": 1, "recordings": []}
