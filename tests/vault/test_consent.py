from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import ConsentError, UsageError, VaultError
from hushtap.vault.container import SegmentWriter
from hushtap.vault.recordings import CallDetails, Consent, Query, State, Vault
from vault.audit.logs import check, entries_of
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call, go_on
from vault.lives import PROCESS, record

if TYPE_CHECKING:
    from hushtap.vault.recordings import Recording

FORWARD = {
    "unknown": {"asked", "given", "refused", "withdrawn"},
    "asked": {"given", "refused", "withdrawn"},
    "given": {"refused", "withdrawn"},
    "refused": {"withdrawn"},
    "withdrawn": set(),
}
REFUSALS = (Consent.REFUSED, Consent.WITHDRAWN)


def told(vault: Vault) -> list[tuple[str, str, str | None]]:
    found = [json.loads(entry) for entry in entries_of(vault.path)]
    return [
        (one["activity"], one["outcome"], one.get("change"))
        for one in found
        if one["activity"] in {"consent", "dispose"}
    ]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_caller_who_refused_is_not_recorded(vault: Vault, refusal: Consent) -> None:
    before = len(entries_of(vault.path))
    with pytest.raises(ConsentError, match=f"consent is {refusal}: nothing is recorded"):
        vault.record(PHONE_LINE, source="line", policy="abc", call=CallDetails(consent=refusal))
    assert vault.list() == []
    assert [*(vault.path / "recordings").iterdir()] == []
    assert len(entries_of(vault.path)) == before


@pytest.mark.parametrize(("now", "then"), [*itertools.product(Consent, Consent)])
def test_what_may_follow_what(vault: Vault, now: Consent, then: Consent) -> None:
    recording = record(vault)
    vault.life.hold(recording, "case-1")
    if now is not Consent.UNKNOWN:
        vault.life.consent(recording, now)
    if then in FORWARD[now] or then is now:
        assert vault.life.consent(recording, then).held == (then in REFUSALS)
        assert vault.info(recording).consent is then
    else:
        with pytest.raises(UsageError, match=f"consent is {now}, {then} cannot follow that"):
            vault.life.consent(recording, then)
        assert vault.info(recording).consent is now


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_after_the_call_disposes_of_it(vault: Vault, refusal: Consent) -> None:
    recording = record(vault, CallDetails(consent=Consent.GIVEN))
    noted = vault.life.consent(recording, refusal)
    assert noted.disposed is not None
    assert noted.disposed.keys == 1
    assert vault.info(recording).state is State.DISPOSED
    assert told(vault) == [
        *(("consent", "begun", str(refusal)), ("consent", "success", str(refusal))),
        *(("dispose", "begun", str(refusal)), ("dispose", "success", str(refusal))),
    ]
    with pytest.raises(VaultError, match="was disposed of"):
        vault.life.consent(recording, Consent.WITHDRAWN)


def test_a_hold_keeps_what_was_withdrawn_until_it_is_released(vault: Vault) -> None:
    recording = record(vault)
    vault.life.hold(recording, "case-1")
    noted = vault.life.consent(recording, Consent.WITHDRAWN)
    assert (noted.held, noted.disposed) == (True, None)
    assert vault.read(recording).complete
    assert told(vault)[-1] == ("dispose", "failure", "withdrawn")
    report = vault.life.report()
    assert (report.held, report.overdue, report.ok) == ([recording], [], True)
    assert list(vault.life.dispose_due()) == []
    vault.life.release(recording)
    assert vault.life.report().overdue == [recording]
    [(due, _)] = vault.life.dispose_due()
    assert due.cause == "withdrawn"
    assert vault.info(recording).state is State.DISPOSED


def begun(vault: Vault) -> Recording:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, call(9000))
    return recording


def test_nothing_is_written_of_a_call_once_it_is_refused(vault: Vault) -> None:
    # With a hold, so that what was written until then can still be looked at.
    recording = begun(vault)
    vault.life.hold(recording.id, "case-1")
    recording.add_words(WORDS)
    path = vault.path / "recordings" / f"{recording.id}.hush"
    noted = Vault.open(vault.path).life.consent(recording.id, Consent.REFUSED)
    assert noted.stopping
    before = path.read_bytes()
    with pytest.raises(ConsentError, match="does not want to be recorded; it has ended"):
        go_on(recording, call(18_000, seed=2), 9000)
    for act in (recording.close, lambda: recording.add_findings(FINDINGS)):
        with pytest.raises(VaultError, match="has ended"):
            act()
    # What came after it is its signed end alone.
    after = path.read_bytes()
    assert after.startswith(before)
    assert len(after) - len(before) < 400
    opened = vault.read(recording.id)
    assert (opened.complete, opened.words, vault.info(recording.id).state) == (
        *(False, ()),
        State.INTERRUPTED,
    )
    assert np.array_equal(opened.samples, call(9000)[: len(opened.samples)])
    assert 7500 < len(opened.samples) <= 8000
    assert vault.info(recording.id).held


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_was_written_before_the_refusal_is_disposed_of(vault: Vault, refusal: Consent) -> None:
    recording = begun(vault)
    vault.life.consent(recording.id, refusal)
    with pytest.raises(ConsentError):
        recording.close()
    assert vault.info(recording.id).state is State.DISPOSED
    assert [*(vault.path / "recordings").iterdir()] == []
    assert told(vault)[-1] == ("dispose", "success", str(refusal))
    assert vault.life.report().ok
    assert check(vault.path).problems == []


def test_a_recorder_that_leaves_without_a_word_leaves_nothing_either(vault: Vault) -> None:
    recording = begun(vault)
    vault.life.consent(recording.id, Consent.REFUSED)
    recording.abort()
    assert vault.info(recording.id).state is State.DISPOSED


def test_a_recorder_in_another_process_stops(vault: Vault) -> None:
    command = [sys.executable, str(PROCESS), str(vault.path), "record-on"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as recorder:
        assert recorder.stdin is not None
        assert recorder.stdout is not None
        identity = recorder.stdout.readline().strip()
        assert vault.info(identity).state is State.OPEN
        assert vault.life.consent(identity, Consent.REFUSED).stopping
        recorder.stdin.write("go on\n")
        recorder.stdin.flush()
        assert recorder.stdout.read().startswith("ConsentError ")
    assert vault.info(identity).state is State.DISPOSED
    assert vault.life.report().ok


def test_one_whose_recorder_died_is_disposed_of_with_what_is_due(vault: Vault) -> None:
    recording = begun(vault)
    vault.life.consent(recording.id, Consent.REFUSED)
    # As the end of its process does: the lock goes, and nothing is said.
    segments: SegmentWriter = recording._segments
    segments.close()
    again = Vault.open(vault.path)
    assert again.info(recording.id).state is State.INTERRUPTED
    [(due, _)] = again.life.dispose_due()
    assert (due.info.id, due.cause) == (recording.id, "refused")
    assert [*(vault.path / "recordings").iterdir()] == []


def test_where_nobody_can_tell_it_counts_as_refused(vault: Vault) -> None:
    recording = begun(vault)
    folder = vault.path / "recordings"
    shutil.move(folder, vault.path / "aside")
    folder.write_text("not a folder")
    with pytest.raises(ConsentError):
        recording.close()


def test_calls_are_found_by_consent(vault: Vault) -> None:
    ids = {
        consent: record(vault, CallDetails(consent=consent))
        for consent in (Consent.UNKNOWN, Consent.ASKED, Consent.GIVEN)
    }
    vault.life.consent(ids[Consent.ASKED], Consent.GIVEN)
    given = vault.search(Query(consent=Consent.GIVEN))
    assert {info.id for info in given} == {ids[Consent.ASKED], ids[Consent.GIVEN]}
    assert vault.search(Query(consent=Consent.ASKED)) == []
