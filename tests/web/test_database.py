"""The desk's database beside the commands that open it while the desk runs."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import text

from hushtap.web.database import DeskDatabase

if TYPE_CHECKING:
    from pathlib import Path

VISIT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
connection.close()
"""


def test_a_command_that_ends_leaves_the_log_of_a_desk_that_has_opened_it_twice(
    tmp_path: Path,
) -> None:
    desk, again = DeskDatabase(tmp_path), DeskDatabase(tmp_path)
    with desk.writing() as connection:
        connection.execute(text("CREATE TABLE said (word TEXT)"))
    # The last to close a database in a mode with a log deletes that log.
    subprocess.run([sys.executable, "-c", VISIT, str(desk.path)], check=True)
    with again.writing() as connection:
        connection.execute(text("INSERT INTO said VALUES ('after')"))
    with closing(sqlite3.connect(desk.path)) as other:
        assert other.execute("SELECT word FROM said").fetchall() == [("after",)]
    desk.close()
    again.close()


def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    DeskDatabase(tmp_path).close()
    assert (tmp_path / "desk.db").stat().st_mode & 0o777 == 0o600
