from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from hushtap.errors import VaultError
from hushtap.vault.catalog import Catalog, State
from vault.calls import info_of

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "20261122T054500Z-0a1b2c3d"
SECOND = "20261122T054501Z-ffffffff"
KEY = "0" * 16


def first_key() -> tuple[str, str]:
    return KEY, "main"


@pytest.fixture
def catalog(place: Path | str) -> Catalog:
    """Two recordings that have begun; in a file, and in PostgreSQL."""
    made = Catalog(place, create=True, first_key=first_key)
    made.add(info_of(SECOND), {KEY: b"second"})
    made.add(info_of(FIRST), {KEY: b"first"})
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The same in a file."""
    path = tmp_path / "catalog.db"
    made = Catalog(path, create=True, first_key=first_key)
    made.add(info_of(SECOND), {KEY: b"second"})
    made.add(info_of(FIRST), {KEY: b"first"})
    return path


@pytest.mark.usefixtures("catalog")
def test_rows_come_back_oldest_first(place: Path | str) -> None:
    again = Catalog(place, first_key=first_key)
    assert again.list() == (info_of(FIRST), info_of(SECOND))
    assert again.find(SECOND) == (info_of(SECOND), {KEY: b"second"})


def test_the_unique_beginning_of_an_id_is_enough(catalog: Catalog) -> None:
    assert catalog.find("20261122T054501")[1] == {KEY: b"second"}
    with pytest.raises(VaultError, match="several"):
        catalog.find("2026")
    for unknown in ("2027", "%", "_", FIRST + "0"):
        with pytest.raises(VaultError, match="no recording"):
            catalog.find(unknown)


def test_an_empty_id_names_nothing_even_where_there_is_only_one(place: Path | str) -> None:
    catalog = Catalog(place, create=True, first_key=first_key)
    catalog.add(info_of(FIRST), {KEY: b"first"})
    with pytest.raises(VaultError, match="empty id"):
        catalog.find("")


def test_an_end_is_noted_once(catalog: Catalog) -> None:
    catalog.finish(FIRST, State.CLOSED, 80, {"CVV": 2})
    catalog.finish(FIRST, State.INTERRUPTED, 3, {})
    info = catalog.find(FIRST)[0]
    assert (info.state, info.samples, info.findings) == (State.CLOSED, 80, {"CVV": 2})
    assert catalog.list(state=State.OPEN) == (info_of(SECOND),)


def test_an_id_is_taken_once(catalog: Catalog) -> None:
    with pytest.raises(VaultError, match=r"(?i)unique"):
        catalog.add(info_of(FIRST), {KEY: b"stolen"})
    assert catalog.find(FIRST)[1] == {KEY: b"first"}


def test_deleted_pages_are_overwritten_and_commits_reach_the_disk(file: Path) -> None:
    catalog = Catalog(file, first_key=first_key)
    with catalog.database.reading() as connection:
        pragmas = {
            name: connection.scalar(text(f"PRAGMA {name}"))
            for name in ("secure_delete", "synchronous", "journal_mode")
        }
    assert pragmas == {"secure_delete": 1, "synchronous": 2, "journal_mode": "wal"}
    assert [path.name for path in file.parent.iterdir()] == ["catalog.db"]


def test_what_is_no_catalog_is_refused_in_one_line(tmp_path: Path, file: Path) -> None:
    with pytest.raises(VaultError, match="no vault here"):
        Catalog(tmp_path / "absent.db", first_key=first_key)
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"not a database, not at all" * 100)
    with pytest.raises(VaultError, match=r"junk\.db: the catalog cannot be used"):
        Catalog(junk, first_key=first_key)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(VaultError, match="catalog of version 9"):
        Catalog(file, first_key=first_key)


def test_rows_that_make_no_sense_are_damage_not_a_traceback(file: Path) -> None:
    catalog = Catalog(file, first_key=first_key)
    for column, value in (("state", "lost"), ("started", "noon"), ("sample_rate", 5)):
        with closing(sqlite3.connect(file)) as connection, connection:
            before = connection.execute(f"SELECT {column} FROM recordings").fetchone()  # noqa: S608 - a literal above
            connection.execute(f"UPDATE recordings SET {column} = ?", (value,))  # noqa: S608 - same
        with pytest.raises(VaultError, match="damaged"):
            catalog.list()
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(f"UPDATE recordings SET {column} = ?", before)  # noqa: S608 - same
    assert len(catalog.list()) == 2


def test_threads_do_not_lose_each_others_rows(place: Path | str) -> None:
    catalog = Catalog(place, create=True, first_key=first_key)

    def write(number: int) -> None:
        identity = f"20261122T0545{number:02}Z-00000000"
        catalog.add(info_of(identity), {KEY: b"key"})
        catalog.finish(identity, State.CLOSED, number, {})

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(write, number) for number in range(16)]:
            done.result()
    assert [info.samples for info in catalog.list(state=State.CLOSED)] == [*range(16)]
