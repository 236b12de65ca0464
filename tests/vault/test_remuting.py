"""Muting what was missed: it is gone for good, and a kill leaves the one or the other whole."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select

from hushtap.errors import HeldError, UsageError, VaultError, VerificationError
from hushtap.timeline import Span
from hushtap.values import Entity, Finding, TranscriptWord
from hushtap.vault.audit.events import Change, Kind, Thing
from hushtap.vault.recordings import Query, RecordingInfo, State, Vault
from hushtap.vault.schema import wrapped_keys
from vault.audit.logs import check, entries_of
from vault.calls import FINDINGS, PHONE_LINE, append_all, call, go_on
from vault.lives import needs_strace
from vault.rotations import main_key, rotate

if TYPE_CHECKING:
    from collections.abc import Mapping

LENGTH = 20_000
SPAN = Span(4000, 12_000)
WORDS = (
    TranscriptWord(0, Span(5000, 6000), "marmalade"),
    TranscriptWord(1, Span(100, 900), "toast"),
    TranscriptWord(1, Span(2000, 3000), "nearly"),
    TranscriptWord(1, Span(5000, 6000), "nine"),
    TranscriptWord(1, Span(15_000, 16_000), "butter"),
)
PROCESS = Path(__file__).with_name("mute_process.py")


def record(vault: Vault) -> str:
    with vault.record(PHONE_LINE, source="line", policy="abc") as recording:
        recording.add_words(WORDS)
        append_all(recording, call(LENGTH))
        recording.add_findings(FINDINGS)
    return recording.id


def wrapped_of(vault: Vault, recording: str) -> dict[str, bytes]:
    query = select(wrapped_keys).where(wrapped_keys.c.recording_id == recording)
    with vault._catalog.database.reading() as connection:
        return {row.key_id: row.wrapped for row in connection.execute(query)}


def is_muted(vault: Vault, recording: str) -> bool:
    """Whether exactly the span is silent in exactly its channel; or nothing at all was changed."""
    opened = vault.read(recording)
    whole = call(LENGTH)
    if np.array_equal(opened.samples, whole):
        return False
    # The fades lie inside the span.
    assert not opened.samples[SPAN.start + 40 : SPAN.end - 40, 1].any()
    assert np.array_equal(opened.samples[:, 0], whole[:, 0])
    assert np.array_equal(opened.samples[: SPAN.start, 1], whole[: SPAN.start, 1])
    assert np.array_equal(opened.samples[SPAN.end :, 1], whole[SPAN.end :, 1])
    return True


def test_the_span_is_silent_and_its_words_are_masked(vault: Vault) -> None:
    recording = record(vault)
    finding = vault.mute(recording, 1, SPAN, Entity.US_SSN)
    assert is_muted(vault, recording)
    opened = vault.read(recording)
    assert [word.text for word in opened.words] == [
        "marmalade",
        "toast",
        "[US_SSN]",
        "[US_SSN]",
        "butter",
    ]
    assert opened.findings == (*FINDINGS, finding)
    assert (opened.complete, opened.info.state) == (True, State.CLOSED)
    assert vault.info(recording).findings == {"CREDIT_CARD": 1, "UNHEARD": 1, "US_SSN": 1}
    assert [one.id for one in vault.search(Query(entity=Entity.US_SSN))] == [recording]
    assert [result.ok for result in vault.verify()] == [True]
    assert vault.life.report().ok


def assert_gone(vault: Vault, wrapped: dict[str, bytes]) -> None:
    """See that no file of the vault has any of the wrapped keys."""
    for file in vault.path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert all(blob not in content for blob in wrapped.values()), file.name


def test_the_old_key_is_destroyed(vault: Vault) -> None:
    recording = record(vault)
    path = vault.path / "recordings" / f"{recording}.hush"
    before, old = path.read_bytes(), wrapped_of(vault, recording)
    # While another process has the catalog open, its log stays beside it.
    with closing(sqlite3.connect(vault.path / "catalog.db")) as other:
        other.execute("SELECT count(*) FROM recordings").fetchone()
        vault.mute(recording, 1, SPAN, Entity.US_SSN)
        assert_gone(vault, old)
    now = wrapped_of(vault, recording)
    assert now.keys() == old.keys()
    assert not set(now.values()) & set(old.values())
    assert_gone(vault, old)
    # Whoever kept the old file opens it no more.
    path.unlink()
    path.write_bytes(before)
    with pytest.raises(VerificationError):
        vault.read(recording)


def test_it_is_on_record_before_and_after(vault: Vault) -> None:
    recording = record(vault)
    vault.mute(recording, 1, SPAN, Entity.US_SSN)
    found = [json.loads(entry) for entry in entries_of(vault.path)]
    told = [one for one in found if one["activity"] == "mute"]
    assert [one["outcome"] for one in told] == ["begun", "success"]
    objects = [[thing["kind"] for thing in one["objects"]] for one in told]
    assert objects == [["recording", "object"]] * 2
    assert told[0]["objects"][1] != told[1]["objects"][1]
    assert check(vault.path).problems == []


def test_a_second_mute_adds_to_the_first(vault: Vault) -> None:
    recording = record(vault)
    vault.mute(recording, 0, Span(0, 300), Entity.CVV)
    vault.mute(recording, 0, Span(LENGTH - 300, LENGTH), Entity.CVV)
    samples = vault.read(recording).samples
    assert not samples[40:260, 0].any()
    assert not samples[LENGTH - 260 : LENGTH - 40, 0].any()
    assert vault.info(recording).findings["CVV"] == 2


def test_an_interrupted_recording_stays_interrupted(vault: Vault) -> None:
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    go_on(recording, call(LENGTH), 0)
    recording.abort()
    vault.mute(recording.id, 1, SPAN, Entity.US_SSN)
    assert is_muted(vault, recording.id)
    assert vault.read(recording.id).info.state is State.INTERRUPTED


def test_what_may_not_be_muted_is_left_alone(vault: Vault) -> None:
    recording = record(vault)
    sealed = (vault.path / "recordings" / f"{recording}.hush").read_bytes()
    for channel, span in ((2, SPAN), (-1, SPAN), (0, Span(5, 5)), (0, Span(0, LENGTH + 1))):
        with pytest.raises(UsageError):
            vault.mute(recording, channel, span, Entity.CVV)
    vault.life.hold(recording, "case-1")
    with pytest.raises(HeldError):
        vault.mute(recording, 1, SPAN, Entity.CVV)
    vault.life.release(recording)
    with vault.record(PHONE_LINE, source="line", policy="abc") as running:
        append_all(running, call(LENGTH))
        with pytest.raises((UsageError, VaultError)):
            vault.mute(running.id, 1, SPAN, Entity.CVV)
    vault.life.dispose(running.id)
    with pytest.raises(VaultError):
        vault.mute(running.id, 1, SPAN, Entity.CVV)
    assert (vault.path / "recordings" / f"{recording}.hush").read_bytes() == sealed


def test_a_damaged_recording_is_not_sealed_anew(vault: Vault) -> None:
    recording = record(vault)
    path = vault.path / "recordings" / f"{recording}.hush"
    content = path.read_bytes()
    path.write_bytes(content[:-30])
    with pytest.raises(VerificationError):
        vault.mute(recording, 1, SPAN, Entity.CVV)
    assert path.read_bytes() == content[:-30]
    assert not list(path.parent.glob("*muted"))
    path.write_bytes(content)
    assert not is_muted(vault, recording)


def test_a_full_disk_leaves_it_as_it_was(vault: Vault) -> None:
    recording = record(vault)
    path = vault.path / "recordings" / f"{recording}.hush"
    # No file may become longer than a third of the recording.
    limit = f"ulimit -f {path.stat().st_size // 3 // 1024}; exec "
    command = limit + f"{sys.executable} {PROCESS} {vault.path}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert not list(path.parent.glob("*muted"))
    assert not is_muted(Vault.open(vault.path), recording)


@needs_strace
@pytest.mark.parametrize(
    ("fault", "muted"),
    [
        ("rename:signal=SIGKILL:when=1", False),
        ("rename:signal=SIGKILL:when=2", True),
        ("rename:error=EIO:when=1", False),
        ("rename:error=EIO:when=2", True),
    ],
)
def test_a_kill_leaves_the_one_or_the_other_whole(vault: Vault, fault: str, *, muted: bool) -> None:
    recording = record(vault)
    strace = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=rename")
    done = subprocess.run(
        [*strace, "-e", f"inject={fault}", sys.executable, str(PROCESS), str(vault.path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout == "ready\n"
    assert done.returncode != 0
    again = Vault.open(vault.path)
    assert is_muted(again, recording) is muted
    assert not list((vault.path / "recordings").glob("*muted"))
    again.mute(recording, 1, SPAN, Entity.US_SSN)
    assert is_muted(again, recording)
    assert [result.ok for result in again.verify()] == [True]


def mute_killed_before_the_copy_is_placed(vault: Vault) -> Path:
    """Leave a catalog that knows the new keys, the old file, and the copy; return the copy."""
    fault = "inject=rename:signal=SIGKILL:when=2"
    subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=rename", "-e", fault),
            *(sys.executable, str(PROCESS), str(vault.path)),
        ],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    [copy] = (vault.path / "recordings").glob("*.muted")
    return copy


@needs_strace
def test_a_disposal_tells_of_the_object_that_its_keys_opened(vault: Vault) -> None:
    recording = record(vault)
    copy = mute_killed_before_the_copy_is_placed(vault)
    digest = hashlib.sha256(copy.read_bytes()).hexdigest()
    vault.life.dispose(recording)
    told = [json.loads(entry) for entry in entries_of(vault.path)]
    [begun] = [one for one in told if (one["activity"], one["outcome"]) == ("dispose", "begun")]
    assert {"kind": "object", "id": f"sha256:{digest}"} in begun["objects"]
    assert not list((vault.path / "recordings").glob(f"{recording}*"))


def test_keys_that_a_mute_exchanged_are_not_destroyed_under_another_name(vault: Vault) -> None:
    recording = record(vault)
    info, wrapped = vault._catalog.find(recording)
    vault.mute(recording, 1, SPAN, Entity.US_SSN)
    things = (Thing(Kind.RECORDING, recording),)
    with pytest.raises(VaultError, match="keys changed meanwhile"):
        vault.life.disposals._finish(recording, Change.ORDER, things, begin=info, keys=wrapped)
    assert is_muted(vault, recording)


@needs_strace
@pytest.mark.parametrize("rotated", [False, True])
def test_a_vault_that_was_open_reads_what_a_kill_left(vault: Vault, *, rotated: bool) -> None:
    recording = record(vault)
    mute_killed_before_the_copy_is_placed(vault)
    if rotated:
        rotate(vault, main_key(vault))
    assert is_muted(vault, recording)
    assert not list((vault.path / "recordings").glob("*.muted"))
    assert [result.ok for result in Vault.open(vault.path).verify()] == [True]


def test_a_hold_that_is_placed_meanwhile_keeps_it_as_it_is(vault: Vault) -> None:
    recording = record(vault)
    wrapped = wrapped_of(vault, recording)

    def unwrap(info: RecordingInfo, sealed: Mapping[str, bytes]) -> bytes:
        vault.life.hold(recording, "case-1")
        return vault._opener.data_key(info, sealed)

    finding = Finding(Entity.CVV, SPAN, 1, 1.0, "review")
    with pytest.raises(HeldError):
        vault._remuting.mute(recording, finding, unwrap)
    assert vault.waiting_mutes(recording) == (finding,)
    assert wrapped_of(vault, recording) == wrapped
    assert not list((vault.path / "recordings").glob("*.muted"))
    told = [json.loads(entry) for entry in entries_of(vault.path)]
    mutes = [(one["outcome"], one.get("reason")) for one in told if one["activity"] == "mute"]
    assert mutes == [("begun", None), ("failure", "HeldError")]


def test_a_copy_of_unknown_keys_is_left_alone(vault: Vault) -> None:
    recording = record(vault)
    folder = vault.path / "recordings"
    stray = folder / f"{recording}.{'0' * 16}.{'1' * 16}.muted"
    shutil.copy(folder / f"{recording}.hush", stray)
    assert not is_muted(Vault.open(vault.path), recording)
    assert stray.exists()
