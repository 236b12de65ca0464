"""Checks of a whole vault: page by page, and quick ones that open nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from hushtap.cli import app
from hushtap.errors import VaultError
from hushtap.vault.catalog import Catalog
from hushtap.vault.recordings import State, Vault
from hushtap.vault.schema import recordings, wrapped_keys
from vault.calls import PHONE_LINE, append_all, call, info_of
from vault.rotations import record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANY = 1001


def file_of(vault: Vault, recording: str) -> Path:
    return vault.path / "recordings" / f"{recording}.hush"


@pytest.fixture
def keyless(vault: Vault, tmp_path: Path) -> Vault:
    """A vault whose private key is elsewhere."""
    (vault.path / "keys" / "private.key").rename(tmp_path / "private.key")
    return vault


def test_pages_are_the_whole_in_order_with_the_keys_of_each(place: Path | str) -> None:
    catalog = Catalog(place, create=True, first_key=lambda: ("00112233", "main"))
    ids = [f"20261122T{number:06}Z-0a1b2c3d" for number in range(MANY)]
    assert catalog.add(info_of(ids[0]), {"00112233": b"0"})
    with catalog.database.writing() as connection:
        row = connection.execute(recordings.select()).mappings().one()
        connection.execute(insert(recordings), [{**row, "id": one} for one in ids[1:]])
        # The last of them was disposed of.
        sealed = [
            {"recording_id": one, "key_id": "00112233", "wrapped": str(number).encode()}
            for number, one in enumerate(ids[:-1])
        ]
        connection.execute(insert(wrapped_keys), sealed[1:])
    found = [(info.id, wrapped) for info, wrapped in catalog.with_their_keys()]
    assert [one for one, _ in found] == ids
    expected = [{"00112233": str(number).encode()} for number in range(MANY - 1)]
    assert [wrapped for _, wrapped in found] == [*expected, {}]
    assert catalog.known([*ids, "20271122T000000Z-0a1b2c3d"]) == set(ids)


def test_a_quick_check_needs_no_key_and_finds_all_in_order(keyless: Vault) -> None:
    record(keyless)
    interrupted = keyless.record(PHONE_LINE, source="line", policy="abc")
    append_all(interrupted, call(10_000))
    interrupted.abort()
    torn = keyless.record(PHONE_LINE, source="line", policy="abc")
    append_all(torn, call(10_000))
    torn._segments.close()
    path = file_of(keyless, torn.id)
    path.write_bytes(path.read_bytes()[:-100])
    going_on = keyless.record(PHONE_LINE, source="line", policy="abc")
    append_all(going_on, call(10_000))
    found = Vault.open(keyless.path).verify(quick=True)
    assert all(one.ok for one in found)
    states = {one.recording_id: one.state for one in found}
    assert sorted(states.values()) == ["closed", "interrupted", "interrupted", "open"]
    assert states[going_on.id] is State.OPEN
    going_on.close()
    with pytest.raises(VaultError, match="no key here"):
        keyless.verify()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "it was cut"),
        (lambda path: path.write_bytes(path.read_bytes()[:60]), "it was cut"),
        (lambda path: path.write_bytes(b""), "it was cut"),
        (lambda path: path.write_bytes(path.read_bytes() + bytes(17)), "out of place"),
        (lambda path: path.write_bytes(b"X" + path.read_bytes()[1:]), "another recording"),
        # The number of the first segment.
        (lambda path: path.write_bytes(_flipped(path.read_bytes(), 39)), "out of place"),
    ],
)
def test_a_quick_check_finds_what_is_gone_cut_or_out_of_order(
    keyless: Vault, damage: Callable[[Path], object], told: str
) -> None:
    damage(file_of(keyless, record(keyless)))
    [result] = keyless.verify(quick=True)
    assert not result.ok
    assert told in str(result.problem)


def test_a_changed_byte_is_found_by_the_deep_check_alone(vault: Vault) -> None:
    path = file_of(vault, record(vault))
    path.write_bytes(_flipped(path.read_bytes(), 100))
    assert [one.ok for one in vault.verify(quick=True)] == [True]
    assert [one.ok for one in vault.verify()] == [False]


def test_both_find_keys_that_are_gone_and_files_that_nobody_knows(vault: Vault) -> None:
    first, second = record(vault), record(vault, seed=2)
    with vault._catalog.database.writing() as connection:
        connection.execute(wrapped_keys.delete().where(wrapped_keys.c.recording_id == first))
    stray = second[:-8] + "00000000"
    file_of(vault, stray).write_bytes(file_of(vault, second).read_bytes())
    for quick in (True, False):
        bad = {one.recording_id for one in vault.verify(quick=quick) if not one.ok}
        assert bad == {first, stray}


@pytest.mark.parametrize("quick", [True, False])
def test_what_is_disposed_of_during_a_check_is_no_damage(vault: Vault, quick: bool) -> None:  # noqa: FBT001 - a parameter
    for seed in (1, 2):
        record(vault, seed=seed)
    last = vault.list()[1].id
    check = vault.verifying(quick=quick)
    assert next(check).ok
    vault.life.dispose(last)
    [found] = check
    assert (found.recording_id, found.state, found.ok) == (last, State.DISPOSED, True)


def test_the_command_tells_of_each_and_ends_with_code_3(keyless: Vault) -> None:
    record(keyless)
    run, words = CliRunner(), ["vault", "verify", "--quick", "--vault", str(keyless.path)]
    done = run.invoke(app, words)
    assert (done.exit_code, done.output.count("closed, whole by its looks")) == (0, 1)
    file_of(keyless, keyless.list()[0].id).unlink()
    done = run.invoke(app, [*words, "--json"])
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert (told["ok"], told["quick"]) == (False, True)


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("junk", [1, 4, 30])
def test_nothing_may_follow_the_end(vault: Vault, junk: int, quick: bool) -> None:  # noqa: FBT001 - a parameter
    path = file_of(vault, record(vault))
    path.write_bytes(path.read_bytes() + b"\x01" * junk)
    [result] = vault.verify(quick=quick)
    assert "out of place" in str(result.problem)


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
