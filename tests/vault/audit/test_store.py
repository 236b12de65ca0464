"""The file: it only grows, under threads, processes, kills and full disks."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Outcome
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.audit.reading import DamagedLogError, reading
from hushtap.vault.audit.store import CHECKPOINT_EVERY, Store
from vault.audit.logs import check, entries_of, event, log_of

APPENDER = Path(__file__).with_name("appender_process.py")


def appender(vault: Path, *options: str, under: tuple[str, ...] = ()) -> list[str]:
    return [*under, sys.executable, str(APPENDER), str(vault), *options]


def test_entries_are_numbered_and_kept_as_they_were_written(tmp_path: Path) -> None:
    log = log_of(tmp_path, 0)
    assert [log.append(event(at)) for at in range(3)] == [1, 2, 3]
    written = entries_of(tmp_path)
    assert [b'"read"' in entry for entry in written] == [True] * 3
    log_of(tmp_path, 2)
    assert entries_of(tmp_path)[:3] == written
    assert check(tmp_path).size == 5


def test_the_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    log = log_of(tmp_path, 1)
    files = sorted(tmp_path.glob(f"{LOG_NAME}*"))
    assert [path.name for path in files] == [LOG_NAME, f"{LOG_NAME}-shm", f"{LOG_NAME}-wal"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    log.close()
    assert [*tmp_path.glob(f"{LOG_NAME}*")] == [tmp_path / LOG_NAME]


def test_commits_reach_the_disk(tmp_path: Path) -> None:
    log = log_of(tmp_path, 0)
    with log.store.writing() as connection:
        found = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode")
        ]
    assert found == [2, "wal"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET entry = x'00' WHERE number = 2",
        "DELETE FROM entries WHERE number = 3",
        "DELETE FROM entries",
        "INSERT OR REPLACE INTO entries VALUES (2, x'00', x'00')",
        "INSERT INTO entries VALUES (9, x'00', x'00')",
        "INSERT INTO entries VALUES (0, x'00', x'00')",
        "UPDATE checkpoints SET note = ''",
        "DELETE FROM checkpoints",
        "INSERT OR REPLACE INTO checkpoints SELECT size, '' FROM checkpoints",
        "UPDATE log SET origin = ''",
    ],
)
def test_the_guards_refuse_changes(tmp_path: Path, statement: str) -> None:
    log = log_of(tmp_path, 3)
    log.close()
    with closing(sqlite3.connect(tmp_path / LOG_NAME)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="only grows"):
            connection.execute(statement)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM entries").fetchone() == (3,)
    assert check(tmp_path).ok


def test_the_end_of_an_act_is_signed_with_it_and_long_series_in_between(tmp_path: Path) -> None:
    log = log_of(tmp_path, CHECKPOINT_EVERY)
    with reading(tmp_path / LOG_NAME) as state:
        assert [size for size, _ in state.checkpoints()] == [CHECKPOINT_EVERY]
    log.append(event(1))
    assert check(tmp_path).signed == CHECKPOINT_EVERY
    log.append(event(1, Outcome.SUCCESS))
    assert check(tmp_path).signed == CHECKPOINT_EVERY + 2
    log.append(event(1))
    log.close()
    assert check(tmp_path).signed == CHECKPOINT_EVERY + 3


def test_a_log_that_shrank_while_in_use_takes_nothing(tmp_path: Path) -> None:
    log = log_of(tmp_path, 6)
    with closing(sqlite3.connect(tmp_path / LOG_NAME)) as connection, connection:
        connection.execute("DROP TRIGGER entries_delete")
        connection.execute("DELETE FROM entries WHERE number > 4")
    with pytest.raises(VaultError, match="it was cut: 4 entries of 6"):
        log.append(event(1))
    # A process that comes later knows it from the checkpoint.
    log = log_of(tmp_path, 0)
    log.append(event(1))
    log.close()
    with closing(sqlite3.connect(tmp_path / LOG_NAME)) as connection, connection:
        connection.execute("DELETE FROM entries WHERE number > 4")
    with pytest.raises(VaultError, match="it was cut: 4 entries of 5"):
        log_of(tmp_path, 1)


def test_a_file_that_was_replaced_or_removed_takes_nothing(tmp_path: Path) -> None:
    log = log_of(tmp_path, 2)
    copy = tmp_path / "copy"
    shutil.copy(tmp_path / LOG_NAME, copy)
    copy.replace(tmp_path / LOG_NAME)
    with pytest.raises(VaultError, match="replaced while it was in use"):
        log.append(event(1))
    (tmp_path / LOG_NAME).unlink()
    with pytest.raises(VaultError, match="No such file"):
        log.append(event(1))


def test_a_log_whose_newest_part_was_removed_takes_nothing(tmp_path: Path) -> None:
    log = log_of(tmp_path, 2)
    (tmp_path / f"{LOG_NAME}-wal").unlink()
    with pytest.raises(VaultError, match="-wal was removed"):
        log.append(event(1))


def test_what_is_no_log_takes_nothing_and_is_told_of_in_one_line(tmp_path: Path) -> None:
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"not a database, not at all" * 100)
    with pytest.raises(VaultError, match=r"junk\.db: the audit log cannot be written"):
        Store(junk).append(b"{}")
    with (
        pytest.raises(DamagedLogError, match=r"junk\.db: not readable as an audit log"),
        reading(junk),
    ):
        pass
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
    with pytest.raises(VaultError, match="not an audit log that this Hushtap knows"):
        Store(other).append(b"{}")
    with pytest.raises(VaultError, match="no audit log here"), reading(tmp_path / "absent.db"):
        pass


def test_two_hundred_calls_that_begin_at_once_are_all_logged(tmp_path: Path) -> None:
    log = log_of(tmp_path, 0)
    with ThreadPoolExecutor(200) as pool:
        numbers = [*pool.map(lambda at: log.append(event(at)), range(200))]
    assert sorted(numbers) == [*range(1, 201)]
    report = check(tmp_path)
    assert (report.ok, report.size) == (True, 200)


def test_several_processes_make_one_log_and_append_at_once(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    processes = [
        subprocess.Popen(appender(tmp_path, "60"), stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    own = log_of(tmp_path, 30)
    told = [line for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 3
    assert len(set(told)) == 180
    report = check(tmp_path)
    assert (report.ok, report.size, report.problems) == (True, 210, [])
    own.close()


def kill_after(vault: Path, told: int) -> int:
    """Kill an appender once it has told of so many entries; return the last it told of."""
    with subprocess.Popen(appender(vault, "100000"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        last = 0
        for _ in range(told):
            last = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().rpartition("\n")[0].split()
    assert process.returncode == -signal.SIGKILL
    return int(rest[-1]) if rest else last


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_a_killed_appender_loses_nothing_that_it_told_of(tmp_path: Path, kills: int) -> None:
    chance = random.Random(kills)  # noqa: S311 - where to kill
    log_of(tmp_path, 0).close()
    size = 0
    for _ in range(kills):
        told = kill_after(tmp_path, chance.randrange(1, 60))
        report = check(tmp_path)
        assert report.problems == []
        assert report.size >= told > size
        size = report.size


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (apt-get install strace)")
@pytest.mark.parametrize("fault", ["pwrite64", "fdatasync"])
@pytest.mark.parametrize(
    "when", [8, *(pytest.param(at, marks=pytest.mark.slow) for at in range(1, 30))]
)
def test_a_kill_within_a_commit_leaves_whole_entries(tmp_path: Path, fault: str, when: int) -> None:
    log_of(tmp_path, 3).close()
    inject = ("-e", f"trace={fault}", "-e", f"inject={fault}:signal=SIGKILL:when={when}")
    strace = ("strace", "-f", "-qq", "-o", os.devnull, *inject)
    done = subprocess.run(
        appender(tmp_path, "100", under=strace), capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    told = [int(line) for line in done.stdout.split()]
    report = check(tmp_path)
    assert report.problems == []
    assert report.size >= max(told, default=3)
    assert log_of(tmp_path, 1).append(event(1)) == report.size + 2


def test_a_full_disk_refuses_and_keeps_what_was_told_of(tmp_path: Path) -> None:
    log_of(tmp_path, 3).close()
    limit = 60_000
    done = subprocess.run(
        appender(tmp_path, "150", "--file-limit", str(limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    told = [int(line) for line in lines if line.isdecimal()]
    refused = [line for line in lines if line.startswith("VaultError")]
    assert len(told) > 10
    assert len(refused) > 10
    assert lines[-1] == refused[-1]
    assert all(
        "cannot be written (disk I/O error), and nothing is done unlogged" in line
        for line in refused
    )
    report = check(tmp_path)
    assert (report.problems, report.size) == ([], max(told))
