"""Archives are replaced: nothing is lost, and no number is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile

from archives import NUMBER, Archive, archive_in, importer_of
from hushtap.errors import VaultError, VerificationError
from hushtap.importing import Imported, LeakError, Refused
from hushtap.outputs import sha256_of
from hushtap.vault.keymaking import NewKey
from hushtap.vault.keys import Unprotected, load_private
from hushtap.vault.recordings import State, Vault
from test_check import RATE, ToneEar, spoken
from vault.audit.logs import entries_of

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCESS = Path(__file__).with_name("importing_process.py")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return archive_in(tmp_path)


def imported(archive: Archive, **how: bool) -> Imported:
    [one] = importer_of(archive.folder, **how).run(archive.files())
    assert isinstance(one, Imported), one
    return one


def refused(archive: Archive, **how: bool) -> Refused:
    [one] = importer_of(archive.folder, **how).run(archive.files())
    assert isinstance(one, Refused), one
    return one


def steps(archive: Archive) -> list[tuple[str, str | None, str]]:
    entries = [json.loads(entry) for entry in entries_of(archive.vault)]
    kinds = {"record", "close", "read", "import", "dispose"}
    return [
        (entry["activity"], entry.get("change"), entry["outcome"])
        for entry in entries
        if entry["activity"] in kinds
    ]


def heard_in(audio: Sequence[object]) -> str:
    [heard] = ToneEar().listen([audio])  # type: ignore[list-item]
    return " ".join(word.text.strip() for word in heard.words)


def test_a_file_becomes_a_recording_without_its_number(archive: Archive) -> None:
    [file] = archive.files()
    digest, length = sha256_of(file), soundfile.info(str(file)).frames
    at = datetime(2024, 2, 29, 12, tzinfo=UTC)
    os.utime(file, (at.timestamp(), at.timestamp()))
    one = imported(archive)
    assert not file.exists()
    vault = Vault.open(archive.vault)
    opened = vault.read(one.recording)
    assert (opened.info.started, len(opened.samples)) == (at, length)
    assert opened.findings
    said = opened.samples[4 * RATE :, 1]
    # What the tones of its digits were is silence.
    assert (said[: round(2.4 * RATE)] == 0).mean() > 0.95
    assert one.kept is not None
    assert one.kept.digest == digest
    assert archive.brought_back(digest)
    archive.check({file.name: digest})


def test_each_step_is_on_record_before_the_next(archive: Archive) -> None:
    imported(archive)
    assert steps(archive) == [
        ("record", None, "begun"),
        ("close", None, "success"),
        ("read", None, "begun"),
        ("read", None, "success"),
        *(("import", "check", outcome) for outcome in ("begun", "success")),
        *(("import", "seal", outcome) for outcome in ("begun", "success")),
        *(("import", "replace", outcome) for outcome in ("begun", "success")),
    ]


def test_the_original_is_not_in_clear_anywhere(archive: Archive) -> None:
    [file] = archive.files()
    content = file.read_bytes()
    pieces = [content[at : at + 64] for at in range(70_000, 110_000, 4000)]
    held = file.open("rb")
    imported(archive)
    everything = b"".join(path.read_bytes() for path in archive.folder.rglob("*") if path.is_file())
    assert not any(piece in everything for piece in pieces)
    # Nor where it lay, for whoever still has the file open.
    with held:
        assert held.read().strip(b"\0") == b""


def test_where_a_number_is_left_the_original_stays(archive: Archive) -> None:
    [file] = archive.files()
    digest = sha256_of(file)
    one = refused(archive, deaf=True)
    assert isinstance(one.error, LeakError)
    assert NUMBER[:4] not in str(one.error)
    assert sha256_of(file) == digest
    vault = Vault.open(archive.vault)
    assert [info.state for info in vault.list()] == [State.DISPOSED]
    assert vault.life.undo.list() == []
    # With ears it goes on.
    imported(archive)
    archive.check({file.name: digest})


def test_without_replace_nothing_goes(archive: Archive) -> None:
    [file] = archive.files()
    one = imported(archive, replace=False)
    assert one.kept is None
    assert file.exists()
    assert imported(archive, replace=False).recording == one.recording
    assert imported(archive).recording == one.recording
    assert not file.exists()


def test_what_cannot_be_read_as_a_call_stays(archive: Archive) -> None:
    (archive.archive / "0.wav").write_bytes(b"no audio at all")
    assert (archive.archive / "0.wav").exists()
    assert "0.wav" in str(refused(archive).error)


def test_another_name_of_the_file_keeps_it(archive: Archive) -> None:
    [file] = archive.files()
    os.link(file, archive.folder / "other name")
    one = refused(archive)
    assert "has another name" in str(one.error)
    assert file.exists()
    (archive.folder / "other name").unlink()
    imported(archive)
    assert not file.exists()


def test_a_file_that_changes_meanwhile_stays(archive: Archive) -> None:
    [file] = archive.files()
    digest = sha256_of(file)
    area = Vault.open(archive.vault).life.undo
    soundfile.write(file, spoken(seconds=1), RATE)
    with pytest.raises(VerificationError, match="changed while it was imported"):
        area.keep(file, digest, "20261122T054500Z-0a1b2c3d", timedelta(days=1))
    kept = area.keep(file, sha256_of(file), "20261122T054500Z-0a1b2c3d", timedelta(days=1))
    soundfile.write(file, spoken(seconds=2), RATE)
    with pytest.raises(VaultError, match="changed while it was imported"):
        area.remove_original(file, kept)
    assert soundfile.info(str(file)).duration == 2


def test_an_original_whose_sealed_copy_went_stays(archive: Archive) -> None:
    [file] = archive.files()
    area = Vault.open(archive.vault).life.undo
    kept = area.keep(file, sha256_of(file), "20261122T054500Z-0a1b2c3d", timedelta(days=1))
    area.dispose(kept.item)
    with pytest.raises(VaultError, match="originals are named"):
        area.remove_original(file, kept)
    kept = area.keep(file, sha256_of(file), "20261122T054500Z-0a1b2c3d", timedelta(days=1))
    (area.folder / f"{kept.item}.undo").unlink()
    with pytest.raises(VaultError, match="its sealed copy went"):
        area.remove_original(file, kept)
    assert file.exists()


def test_the_undo_key_and_no_other_brings_it_back(archive: Archive, tmp_path: Path) -> None:
    [file] = archive.files()
    content = file.read_bytes()
    one = imported(archive)
    assert one.kept is not None
    vault = Vault.open(archive.vault)
    area = vault.life.undo
    reading_key = load_private(vault.keyring.folder / "private.key")
    with pytest.raises(VaultError, match="was sealed to key"):
        area.restore(one.kept.item, reading_key)
    private = load_private(archive.undo_key)
    assert area.restore(one.kept.item[:6], private) == file
    assert file.read_bytes() == content
    with pytest.raises(VaultError, match="already there"):
        area.restore(one.kept.item, private)
    # Each is needed: the sealed copy, whole, and the record of its own key.
    sealed = area.folder / f"{one.kept.item}.undo"
    data = bytearray(sealed.read_bytes())
    for at in (0, len(data) // 2, len(data) - 1):
        data[at] ^= 1
        sealed.write_bytes(data)
        with pytest.raises(VerificationError, match="not what was sealed"):
            area.restore(one.kept.item, private, tmp_path / "out.wav")
        data[at] ^= 1
    sealed.write_bytes(data[:-1])
    with pytest.raises(VerificationError, match="not what was sealed"):
        area.restore(one.kept.item, private, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_after_its_term_nothing_brings_it_back(archive: Archive) -> None:
    [file] = archive.files()
    one = imported(archive)
    assert one.kept is not None
    area = Vault.open(archive.vault).life.undo
    assert one.kept.until - one.kept.since == timedelta(days=30)
    assert list(area.dispose_due(one.kept.until - timedelta(seconds=1))) == []
    held = (area.folder / f"{one.kept.item}.json").open("rb")
    assert list(area.dispose_due(one.kept.until)) == [one.kept]
    with held:
        # The sealed key was overwritten, not only unlinked.
        assert held.read().strip(b"\0") == b""
    assert [path.name for path in area.folder.iterdir() if path.suffix in {".json", ".undo"}] == []
    assert Vault.open(archive.vault).read(one.recording).complete
    assert not file.exists()


def test_what_a_killed_disposal_left_is_swept_up(archive: Archive) -> None:
    one = imported(archive)
    assert one.kept is not None
    area = Vault.open(archive.vault).life.undo
    record = area.folder / f"{one.kept.item}.json"
    record.write_bytes(bytes(record.stat().st_size))
    (area.folder / "0123.undo").write_bytes(b"a sealed copy without a record")
    with pytest.raises(VerificationError, match="half disposed of"):
        area.list()
    assert list(area.dispose_due()) == []
    assert sorted(path.name for path in area.folder.iterdir()) == ["undo.lock", "undo.pub"]


def test_there_is_one_undo_key_and_without_it_nothing_goes(tmp_path: Path) -> None:
    made = archive_in(tmp_path)
    area = Vault.open(made.vault).life.undo
    with pytest.raises(VaultError, match="has its key already"):
        area.make_key(NewKey(tmp_path / "second.key", Unprotected(), None, "undo"))
    (area.folder / "undo.pub").unlink()
    assert isinstance(refused(made).error, VaultError)
    assert len(made.files()) == 1


def killed_at_each(tmp_path: Path, calls: int, first: int, step: int) -> dict[str, int]:
    made = archive_in(tmp_path / "template", calls)
    (tmp_path / "work").mkdir()
    words = [str(made.folder), str(tmp_path / "work"), str(first), str(step)]
    done = subprocess.run(
        [sys.executable, str(PROCESS), *words],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_killed_anywhere_never_both_are_lost_and_it_goes_on(tmp_path: Path) -> None:
    found = killed_at_each(tmp_path, 1, first=5, step=5)
    assert found["kills"] > 1
    assert found["original"] > 1
    assert found["undo"] > 0


@pytest.mark.slow
def test_killed_at_every_call_of_two_files(tmp_path: Path) -> None:
    found = killed_at_each(tmp_path, 2, first=1, step=1)
    assert found["kills"] > 25
    assert min(found["original"], found["undo"]) > 10
