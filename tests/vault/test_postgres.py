"""A vault whose catalog lies in a real PostgreSQL server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import insert

from hushtap.errors import HeldError, UsageError, VaultError
from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.vault.database import Database
from hushtap.vault.keyring import NewKey, Role
from hushtap.vault.keys import Unprotected
from hushtap.vault.location import SETTINGS, catalog_place, has_catalog, set_catalog
from hushtap.vault.postgres import PARTS, checked
from hushtap.vault.recordings import CallDetails, Consent, Query, State, Vault
from hushtap.vault.schema import recordings
from vault.audit.logs import check
from vault.calls import PHONE_LINE, call
from vault.lives import day
from vault.lives import record as record_with
from vault.rotations import main_key, many, opened_by, record, rotate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from vault.postgres_server import PostgresServer

DETAILS = CallDetails("ann", "billing", None, "+1 202 555 0143", "id-774411")


def database_of(vault: Vault) -> str:
    return str(catalog_place(vault.path)).rpartition("/")[2]


def pieces_in(server: PostgresServer, wrapped: Iterable[bytes], folder: str) -> int:
    """Return how many pieces of wrapped keys lie in the server's files, once all is written."""
    server.execute("CHECKPOINT")
    files = [path for path in (server.data / folder).rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    return sum(
        secret[at : at + 16] in content
        for secret in wrapped
        for at in range(0, len(secret) - 16, 16)
    )


def test_a_vault_lives_its_whole_life_there(vault_in_postgres: Vault, tmp_path: Path) -> None:
    vault = vault_in_postgres
    assert not (vault.path / "catalog.db").exists()
    vault.keyring.add(NewKey(tmp_path / "e.key", Unprotected(), None, "safe"), Role.ESCROW)
    first, second = (record_with(vault, DETAILS, started=day(n)) for n in (1, 2))
    unknown = record(vault, seed=7)
    again = Vault.open(vault.path)
    assert [info.id for info in again.search(Query(caller="+12025550143"))] == [first, second]
    assert np.array_equal(again.read(unknown).samples, call(500, seed=7))
    assert rotate(again, main_key(again)).taken == 3
    assert [key.opens for key in again.keyring.list()] == [0, 3, 3]
    again.life.hold(first, "case-1")
    with pytest.raises(HeldError):
        again.life.dispose(first)
    again.life.release(first)
    assert again.life.dispose(first).keys == 2
    noted = again.life.consent(second, Consent.WITHDRAWN)
    assert noted.disposed is not None
    assert [info.state for info in again.list()] == [State.DISPOSED] * 2 + [State.CLOSED]
    assert [result.ok for result in Vault.open(vault.path).verify()] == [True] * 3
    assert again.life.report().ok
    assert check(vault.path).problems == []


def test_no_trace_of_a_disposed_key_is_left_in_the_tables_files(
    vault_in_postgres: Vault, postgres: PostgresServer
) -> None:
    vault = vault_in_postgres
    keys = many(vault, 20)
    recording = record(vault)
    wrapped = [*vault._catalog.find(recording)[1].values()]
    assert pieces_in(postgres, wrapped, "base") == 72
    vault.life.dispose(recording)
    assert pieces_in(postgres, wrapped, "base") == 0
    # The promise ends here: the server's own log goes its own way.
    assert pieces_in(postgres, wrapped, "pg_wal") > 0
    assert opened_by(vault, main_key(vault)) == keys


def test_a_mute_that_could_not_scrub_is_scrubbed_when_the_vault_is_opened(
    vault_in_postgres: Vault, postgres: PostgresServer
) -> None:
    vault = vault_in_postgres
    recording = record(vault)
    wrapped = [*vault._catalog.find(recording)[1].values()]
    place = catalog_place(vault.path)
    short = Vault.open(vault.path)
    short._catalog.database = Database(place, create=False, wait_seconds=0.05)
    with Database(place, create=False).reading(), pytest.raises(VaultError, match="holds it"):
        short.mute(recording, 0, Span(100, 200), Entity.CVV)
    assert pieces_in(postgres, wrapped, "base") > 0
    again = Vault.open(vault.path)
    assert pieces_in(postgres, wrapped, "base") == 0
    assert [result.ok for result in again.verify()] == [True]
    assert not list((vault.path / "recordings").glob("*.unscrubbed"))


def test_deletion_alone_would_leave_them(
    vault_in_postgres: Vault, postgres: PostgresServer
) -> None:
    vault = vault_in_postgres
    recording = record(vault)
    wrapped = [*vault._catalog.find(recording)[1].values()]
    with vault._catalog.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM wrapped_keys")
    assert pieces_in(postgres, wrapped, "base") > 0


def test_every_part_is_scrubbed_by_the_recording_that_lies_in_it(
    vault_in_postgres: Vault, postgres: PostgresServer
) -> None:
    vault = vault_in_postgres
    keys = many(vault, 60)
    with postgres.connect(database_of(vault)) as connection:
        found = connection.execute(
            "SELECT recording_id, tableoid::regclass::text FROM wrapped_keys"
        )
        part_of = {str(row[0]): str(row[1]) for row in found.fetchall()}
        assert len(set(part_of.values())) > PARTS / 2

        def files() -> dict[str, object]:
            query = "SELECT relname, relfilenode FROM pg_class WHERE relname ~ '^wrapped_keys_..$'"
            return {str(row[0]): row[1] for row in connection.execute(query).fetchall()}

        seen = set()
        for recording in list(keys)[:12]:
            before = files()
            vault._catalog.database.scrub(recording)
            after = files()
            assert {name for name in before if before[name] != after[name]} == {part_of[recording]}
            seen.add(part_of[recording])
    assert len(seen) > 5
    assert opened_by(vault, main_key(vault)) == keys


def test_one_who_reads_on_is_told_of_and_sees_one_moment(vault_in_postgres: Vault) -> None:
    many(vault_in_postgres, 5)
    place = catalog_place(vault_in_postgres.path)
    database = Database(place, create=False, wait_seconds=0.01)
    with database.reading() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM wrapped_keys").scalar() == 5
        with database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM wrapped_keys")
        with pytest.raises(VaultError, match="do the same again once that has ended"):
            database.scrub("20260101T000000-00000000")
        assert reader.exec_driver_sql("SELECT count(*) FROM wrapped_keys").scalar() == 5
    database.scrub("20260101T000000-00000000")
    with database.reading() as after:
        assert after.exec_driver_sql("SELECT count(*) FROM wrapped_keys").scalar() == 0


def test_whoever_waits_for_a_scrub_misses_nothing(vault_in_postgres: Vault) -> None:
    """A table that was truncated looks empty to those whose moment came before."""
    keys = many(vault_in_postgres, 100)
    catalog = vault_in_postgres._catalog
    seen: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(len(catalog.with_keys()))

    looking = threading.Thread(target=look)
    looking.start()
    for recording in list(keys)[:60]:
        catalog.database.scrub(recording)
    done.set()
    looking.join()
    assert seen
    assert set(seen) == {100}


def test_one_writer_at_a_time(vault_in_postgres: Vault) -> None:
    place = catalog_place(vault_in_postgres.path)
    hasty = Database(place, create=False, wait_seconds=0.01)
    with (
        vault_in_postgres._catalog.database.writing(),
        pytest.raises(VaultError, match="another process holds it"),
        hasty.writing(),
    ):
        pytest.fail("two writers at a time")
    with hasty.writing():
        pass


def test_a_reader_cannot_write_and_what_fails_is_rolled_back(vault_in_postgres: Vault) -> None:
    database = vault_in_postgres._catalog.database
    many(vault_in_postgres, 2)
    with (
        pytest.raises(VaultError, match="ReadOnlySqlTransaction"),
        database.reading() as connection,
    ):
        connection.exec_driver_sql("DELETE FROM wrapped_keys")

    def delete_and_fail() -> None:
        with database.writing() as connection:
            connection.exec_driver_sql("DELETE FROM wrapped_keys")
            raise UsageError("stop")

    with pytest.raises(UsageError, match="stop"):
        delete_and_fail()
    assert vault_in_postgres.keyring.list()[0].opens == 2


def test_what_is_confirmed_is_on_the_servers_disk(
    vault_in_postgres: Vault, postgres: PostgresServer
) -> None:
    postgres.execute(
        f"ALTER DATABASE {database_of(vault_in_postgres)} SET synchronous_commit = off"
    )
    with vault_in_postgres._catalog.database.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_without_its_server_nothing_is_recorded_and_with_it_all_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vault.postgres_server import PROGRAMS, PostgresServer  # noqa: PLC0415 - one of its own

    if PROGRAMS is None:
        pytest.skip("needs PostgreSQL (scripts/setup.sh --peers)")
    with PostgresServer() as server:
        monkeypatch.setenv("PGPASSFILE", str(server.passfile))
        set_catalog(tmp_path / "vault", server.new_database())
        vault = Vault.create(tmp_path / "vault")
        recording = vault.record(PHONE_LINE, source="line", policy="abc")
        server.stop()
        with pytest.raises(VaultError, match="cannot be reached"):
            vault.record(PHONE_LINE, source="line", policy="abc")
        assert [path.stem for path in (vault.path / "recordings").iterdir()] == [recording.id]
        with pytest.raises(VaultError, match="cannot be reached"):
            recording.close()
        with pytest.raises(VaultError, match="cannot be reached"):
            Vault.create(vault.path)
        del recording
        server.start()
        again = Vault.open(vault.path)
        [info] = again.list()
        assert (info.state, info.samples) == (State.CLOSED, 0)
        assert [one.ok for one in again.verify()] == [True]
        assert again.keyring.list()[0].opens == 1


def test_the_password_has_no_way_out(
    vault_in_postgres: Vault,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    monkeypatch.setenv("PGPASSWORD", f"not {postgres.password}")
    with pytest.raises(VaultError, match=r"cannot be reached; look at .* password") as refused:
        Vault.open(vault_in_postgres.path)
    assert refused.value.__cause__ is None
    assert postgres.password not in str(refused.value)
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    vault = Vault.open(vault_in_postgres.path)
    record(vault)
    shown = "".join(capfd.readouterr()) + repr(vault._catalog.database._backend.engine)
    files = b"".join(path.read_bytes() for path in vault.path.rglob("*") if path.is_file())
    assert postgres.password not in shown
    assert postgres.password.encode() not in files


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://a:5ecr3t@db/calls", "a password has no place"),
        ("postgresql://a@db/calls?password=5ecr3t", "a password stands in the passfile"),
        ("postgresql://a@db/calls?passfile=/tmp/5ecr3t", "a password stands in the passfile"),
        ("mysql://a@db/calls", "must be a postgresql:// URL"),
        ("postgresql://a@db:port/calls", "must be a postgresql:// URL"),
    ],
)
def test_a_url_with_a_secret_or_a_mistake_is_refused(url: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=why) as refused:
        set_catalog(tmp_path, url)
    assert "5ecr3t" not in str(refused.value)
    (tmp_path / SETTINGS).write_text(f'catalog = "{url}"\n')
    with pytest.raises(VaultError) as refused_too:
        has_catalog(tmp_path)
    assert "5ecr3t" not in str(refused_too.value)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ("catalog = postgresql://a:5ecr3t@db", "not valid TOML"),
        ("catalogue = 'x'", "unknown key 'catalogue'"),
        ("catalog = 5", "must be a postgresql:// URL"),
        ("catalog = 'catalog.db'", "must be a postgresql:// URL"),
    ],
)
def test_settings_that_make_no_sense_never_mean_the_file(
    settings: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / SETTINGS).write_text(settings)
    with pytest.raises(VaultError, match=why) as refused:
        Vault.create(tmp_path)
    assert "5ecr3t" not in str(refused.value)
    assert not (tmp_path / "catalog.db").exists()


def test_a_server_elsewhere_is_verified_unless_the_url_says_otherwise() -> None:
    def query(url: str) -> dict[str, object]:
        return dict(checked(url).query)

    verified = {"sslmode": "verify-full", "sslrootcert": "system"}
    assert query("postgresql://a@db.internal/calls") == verified
    assert query("postgresql://a@db.internal/calls?sslrootcert=/ca.pem") == {
        "sslmode": "verify-full",
        "sslrootcert": "/ca.pem",
    }
    assert query("postgresql://a@db.internal/calls?sslmode=require") == {"sslmode": "require"}
    for here in ("a@127.0.0.1/calls", "a@localhost/calls", "/calls?host=/run/postgresql"):
        assert "sslmode" not in query(f"postgresql://{here}")


def test_a_second_vault_does_not_take_the_database_of_another(
    vault_in_postgres: Vault, tmp_path: Path
) -> None:
    record(vault_in_postgres)
    set_catalog(tmp_path / "other", str(catalog_place(vault_in_postgres.path)))
    with pytest.raises(VaultError, match=r"public|key"):
        Vault.create(tmp_path / "other")
    assert [one.ok for one in vault_in_postgres.verify()] == [True]
    other = Vault.create(tmp_path / "third")
    with pytest.raises(VaultError, match="has its catalog in"):
        set_catalog(other.path, str(catalog_place(vault_in_postgres.path)))


def test_a_vault_that_grew_counts_what_it_has_when_it_is_next_opened(
    vault_in_postgres: Vault,
) -> None:
    def known() -> int:
        with vault_in_postgres._catalog.database.reading() as connection:
            query = "SELECT relpages FROM pg_class WHERE relname = 'recordings'"
            return int(connection.exec_driver_sql(query).scalar() or 0)

    row = {"started": "2026-01-01T00:00:00+00:00", "sample_rate": 8000, "channels": 2}
    row |= {"state": "closed", "samples": 0, "source": "line", "policy": "abc", "findings": {}}
    rows = [row | {"id": f"20260101T{n:06}Z-00000000"} for n in range(1200)]
    Vault.open(vault_in_postgres.path)
    assert known() == 0
    with vault_in_postgres._catalog.database.writing() as connection:
        connection.execute(insert(recordings), rows)
    Vault.open(vault_in_postgres.path)
    assert known() > 10


def test_tables_of_a_later_version_are_left_alone(
    vault_in_postgres: Vault, postgres: PostgresServer
) -> None:
    name = database_of(vault_in_postgres)
    later = "UPDATE settings SET value = '99' WHERE name = 'schema'"
    postgres.execute(later, name)
    with pytest.raises(VaultError, match="catalog of version 99"):
        Vault.open(vault_in_postgres.path)
