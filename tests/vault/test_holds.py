from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hushtap.errors import HeldError, UsageError, VaultError
from hushtap.vault.audit.events import Change
from hushtap.vault.recordings import Query, State, Vault
from vault.audit.logs import check, entries_of
from vault.calls import PHONE_LINE, append_all, call
from vault.lives import record

if TYPE_CHECKING:
    from collections.abc import Callable


def told(vault: Vault, activity: str) -> list[tuple[str | None, ...]]:
    """Change, outcome, reason and the objects but recordings, of the entries of one activity."""
    found = [json.loads(entry) for entry in entries_of(vault.path)]
    return [
        (
            *(one.get("change"), one["outcome"], one.get("reason")),
            *(thing["id"] for thing in one["objects"] if thing["kind"] == "case"),
        )
        for one in found
        if one["activity"] == activity
    ]


def test_a_hold_wins_over_every_disposal_and_its_refusal_is_on_record(vault: Vault) -> None:
    recording, other = record(vault), record(vault)
    assert vault.life.hold(recording[:-1], "case-1") == recording
    attempts: list[Callable[[], object]] = [
        lambda: vault.life.dispose(recording, "order-7"),
        lambda: vault.destroy_keys(recording),
        lambda: vault._catalog.destroy_keys(recording),
    ]
    for attempt in attempts:
        with pytest.raises(HeldError, match="under a legal hold; release that first"):
            attempt()
    assert told(vault, "dispose") == [
        ("order", "failure", "HeldError", "order-7"),
        ("order", "failure", "HeldError"),
    ]
    assert vault.read(recording).complete
    assert vault.info(recording).held
    assert [info.id for info in vault.search(Query(held=True))] == [recording]
    vault.life.dispose(other)
    vault.life.release(recording)
    assert not vault.info(recording).held
    vault.life.dispose(recording)
    assert check(vault.path).problems == []


def test_the_refusal_of_a_disposal_does_not_explain_keys_that_went_another_way(
    vault: Vault,
) -> None:
    recording = record(vault)
    vault.life.hold(recording, "case-1")
    with pytest.raises(HeldError):
        vault.life.dispose(recording)
    with vault._catalog.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM wrapped_keys")
    [result] = vault.verify()
    assert result.problem == "its keys are gone, but the audit log tells of no disposal"
    assert vault.life.report().unexplained == [recording]


def test_each_case_holds_until_it_is_released(vault: Vault) -> None:
    recording = record(vault)
    for case in ("case-1", "case-2", "case-1"):
        vault.life.hold(recording, case)
    assert [one.case for one in vault.life.holds.of(recording)] == ["case-1", "case-2"]
    with pytest.raises(VaultError, match="held for case-1, case-2: name the case to release"):
        vault.life.release(recording)
    vault.life.release(recording, "case-1")
    assert vault.info(recording).held
    with pytest.raises(VaultError, match="is not held for case-1"):
        vault.life.release(recording, "case-1")
    vault.life.release(recording)
    assert not vault.info(recording).held
    with pytest.raises(VaultError, match=r"is not held$"):
        vault.life.release(recording)
    assert [one[0] for one in told(vault, "hold") if one[1] == "success"] == [
        *("place", "place", "place", "release", "release")
    ]


@pytest.mark.parametrize(
    "case", ["", "the caller said four one one one", "4111111111111111", "a\nb", "x" * 129, "é"]
)
def test_a_reason_is_a_reference_and_no_prose(vault: Vault, case: str) -> None:
    recording = record(vault)
    with pytest.raises(UsageError, match="must be a reference such as case-2026-114") as error:
        vault.life.hold(recording, case)
    assert "four" not in str(error.value)
    with pytest.raises(UsageError, match="must be a reference"):
        vault.life.dispose(recording, case)
    assert vault.info(recording).state is State.CLOSED


def test_a_call_is_held_while_it_is_recorded_and_what_is_gone_is_not(vault: Vault) -> None:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, call(9000))
    vault.life.hold(recording.id, "case-1")
    recording.close()
    assert (vault.info(recording.id).held, vault.info(recording.id).state) == (True, State.CLOSED)
    gone = record(vault)
    vault.life.dispose(gone)
    with pytest.raises(VaultError, match="there is nothing to hold"):
        vault.life.hold(gone, "case-1")
    assert not vault.info(gone).held


def test_a_hold_that_comes_while_a_disposal_begins_wins(vault: Vault) -> None:
    recording = record(vault)
    before = vault.info(recording)
    vault.life.hold(recording, "case-1")
    # As a disposal sees it that looked before: the transaction looks again.
    with pytest.raises(HeldError):
        vault.life.disposals._finish(recording, Change.ORDER, (), begin=before, keys={})
    assert vault.read(recording).complete
