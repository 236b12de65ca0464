from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hushtap.errors import VaultError, VerificationError
from hushtap.vault.files import sole_use_or_refusal
from hushtap.vault.keyring import KeyState, NewKey, Role
from hushtap.vault.keys import (
    Passphrase,
    PrivateKey,
    Unprotected,
    load_private,
    save_public,
)
from hushtap.vault.keytable import KeyTable
from hushtap.vault.recordings import Vault
from vault.calls import PHONE_LINE, append_all, call
from vault.rotations import (
    copied,
    hashes,
    main_key,
    many,
    new_key,
    opened_by,
    private_of,
    record,
    rotate,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
MANY = 210
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A vault of two calls and of many more that are only listed; and the data keys of these."""
    vault = Vault.create(tmp_path_factory.mktemp("filled") / "vault")
    keys = many(vault, MANY)
    record(vault, seed=1)
    record(vault, seed=2)
    return vault.path, keys


@pytest.fixture
def full(filled: tuple[Path, dict[str, bytes]], tmp_path: Path) -> Vault:
    return copied(filled[0], tmp_path / "vault")


def escrow(vault: Vault, place: Path) -> PrivateKey:
    key_id = vault.keyring.add(NewKey(place, Unprotected(), None, "the safe"), Role.ESCROW)
    private = load_private(place)
    assert private.public.key_id == key_id
    return private


def states(vault: Vault) -> list[tuple[Role, KeyState, int]]:
    return [(key.role, key.state, key.opens) for key in vault.keyring.list()]


# --- several recipients


def test_a_recording_is_sealed_to_every_active_key_and_each_opens_it(
    vault: Vault, tmp_path: Path
) -> None:
    before = record(vault)
    escrow(vault, tmp_path / "escrow.key")
    after = record(vault, seed=2)
    main = vault.keyring.list()[0].key_id
    assert states(vault) == [(Role.MAIN, "active", 2), (Role.ESCROW, "active", 1)]
    for private in (None, tmp_path / "escrow.key"):
        opened = Vault.open(vault.path, private_key=private).read(after)
        assert np.array_equal(opened.samples, call(500, seed=2))
    with pytest.raises(VaultError, match=f"was sealed to key {main}; name that private key"):
        Vault.open(vault.path, private_key=tmp_path / "escrow.key").read(before)


def test_a_recorder_that_is_open_already_seals_to_a_key_that_was_added(
    vault: Vault, tmp_path: Path
) -> None:
    recorder = Vault.open(vault.path)
    record(recorder)
    escrow(vault, tmp_path / "escrow.key")
    record(recorder)
    assert [key.opens for key in vault.keyring.list()] == [2, 1]


def test_a_recording_is_never_added_for_other_keys_than_the_active_ones(
    vault: Vault, tmp_path: Path
) -> None:
    info = vault.info(record(vault))
    catalog, [main] = vault._catalog, vault.keyring.recipients()
    other = PrivateKey.generate().public
    new = Vault.open(vault.path)
    safe = escrow(new, tmp_path / "escrow.key").public
    for keys in ([main], [safe], [main, safe, other], []):
        assert not catalog.add(info, {key.key_id: b"wrapped" for key in keys})
    assert [key.opens for key in vault.keyring.list()] == [1, 0]


def test_a_row_in_the_catalog_alone_makes_nobody_a_recipient(vault: Vault) -> None:
    stranger = PrivateKey.generate().public
    KeyTable(vault._catalog.database).add(stranger.key_id, "stranger", Role.ESCROW)
    with pytest.raises(VaultError, match=f"public half of key {stranger.key_id} is missing"):
        record(vault)
    assert [*(vault.path / "recordings").iterdir()] == []


def test_there_is_one_main_key(vault: Vault) -> None:
    with pytest.raises(VaultError, match="is the main key already; rotate it"):
        vault.keyring.add(new_key(vault.keyring), Role.MAIN)
    [key] = vault.keyring.list()
    with pytest.raises(VaultError, match="is the only main key"):
        vault.keyring.retire(key.key_id)
    with pytest.raises(VaultError, match="active: retire it first"):
        vault.keyring.destroy(key.key_id)


# --- rotation


def test_rotation_changes_who_opens_and_no_file(
    full: Vault, filled: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    safe = escrow(full, tmp_path / "escrow.key")
    before, old = hashes(full), main_key(full)
    told: list[tuple[int, int]] = []
    done = rotate(full, old, lambda *at: told.append(at))
    assert len(before) == 2
    assert hashes(full) == before
    assert (done.taken, done.left, done.retired) == (MANY + 2, 0, (old.public.key_id,))
    assert told[0] == (0, 2 * (MANY + 2))
    assert told[-1] == (2 * (MANY + 2), 2 * (MANY + 2))
    assert [at for at, _ in told] == sorted(at for at, _ in told)
    assert states(full) == [
        (Role.MAIN, "retired", 0),
        (Role.ESCROW, "active", MANY + 2),
        (Role.MAIN, "active", MANY + 2),
    ]
    new = main_key(full)
    assert new.public.key_id == done.key_id
    for private in (new, safe):
        assert opened_by(full, private).items() >= filled[1].items()
    assert [result.problem for result in full.verify() if result.samples] == [None, None]
    with pytest.raises(VaultError, match="name that private key"):
        Vault.open(full.path, private_key=full.path / "keys" / "private.key").read(
            full.list()[-1].id
        )


def test_a_retired_key_seals_nothing_whoever_asks_it(vault: Vault) -> None:
    recorder = Vault.open(vault.path)
    first, old = record(recorder), main_key(vault)
    old_id = old.public.key_id
    rotate(vault, old)
    for ring in (vault.keyring, Vault.open(vault.path).keyring):
        with pytest.raises(VaultError, match=f"public half of key {old_id} is missing"):
            ring.recipient(old_id)
    # Even with its public half put back, and by a recorder that had it in memory.
    save_public(old.public, vault.path / "keys" / "again.pub")
    info = vault.info(record(recorder))
    assert set(vault._catalog.find(info.id)[1]) == {main_key(vault).public.key_id}
    assert not vault._catalog.add(info, {old_id: old.public.wrap(bytes(32), info.id)})
    table = KeyTable(vault._catalog.database)
    sealed = old.public.wrap(bytes(32), first)
    assert table.seal_to(old_id, main_key(vault).public.key_id, [(first, sealed)]) == 0
    assert [key.opens for key in vault.keyring.list()] == [0, 2]


def test_a_retired_key_opens_what_only_it_can_open(vault: Vault, tmp_path: Path) -> None:
    old = main_key(vault)
    early = record(vault)
    safe = escrow(vault, tmp_path / "escrow.key")
    late = record(vault)
    (vault.path / "keys" / "private.key").rename(tmp_path / "old.key")
    done = rotate(vault, safe)
    assert (done.taken, done.retired) == (1, (old.public.key_id,))
    assert [key.opens for key in vault.keyring.list()] == [1, 1, 1]
    assert Vault.open(vault.path).read(late).complete
    assert Vault.open(vault.path, private_key=tmp_path / "old.key").read(early).complete
    with pytest.raises(VaultError, match="alone opens 1 recording"):
        vault.keyring.destroy(old.public.key_id)


def test_a_destroyed_key_opens_nothing_and_its_private_half_is_gone(vault: Vault) -> None:
    old = main_key(vault).public.key_id
    recording = record(vault)
    rotate(vault, main_key(vault))
    vault.keyring.destroy(old)
    assert [key.state for key in vault.keyring.list()] == ["destroyed", "active"]
    assert [*(vault.path / "keys").glob("private.key")] == []
    assert Vault.open(vault.path).read(recording).complete
    with pytest.raises(VaultError, match="has been here before"):
        KeyTable(vault._catalog.database).add(old, "again", Role.ESCROW)


def test_the_escrow_key_brings_back_a_vault_whose_main_key_was_lost(
    vault: Vault, tmp_path: Path
) -> None:
    escrow(vault, tmp_path / "escrow.key")
    ids = [record(vault, seed=seed) for seed in range(3)]
    (vault.path / "keys" / "private.key").unlink()
    with pytest.raises(VaultError, match="no key here"):
        Vault.open(vault.path).read(ids[0])
    rotate(vault, load_private(tmp_path / "escrow.key"))
    again = Vault.open(vault.path)
    for seed, recording_id in enumerate(ids):
        assert np.array_equal(again.read(recording_id).samples, call(500, seed=seed))


def test_a_damaged_wrapped_key_is_left_with_the_old_key_and_counted(vault: Vault) -> None:
    ids, old = [record(vault) for _ in range(3)], main_key(vault)
    with vault._catalog.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE wrapped_keys SET wrapped = zeroblob(1168) WHERE recording_id = ?", (ids[1],)
        )
    done = rotate(vault, old)
    assert (done.taken, done.left) == (2, 1)
    assert [key.opens for key in vault.keyring.list()] == [1, 2]
    assert Vault.open(vault.path).read(ids[2]).complete


def test_a_new_key_that_does_not_open_all_that_was_sealed_to_it_takes_nothing_over(
    vault: Vault,
) -> None:
    many(vault, 130)
    recording, old = record(vault), main_key(vault)
    with pytest.raises(KilledError):
        rotate(vault, old, kill_at(3))
    due = vault.keyring.unfinished()
    assert due is not None
    with vault._catalog.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE wrapped_keys SET wrapped = zeroblob(1168)"
            " WHERE key_id = ? AND recording_id = ?",
            (due, recording),
        )
    with pytest.raises(VerificationError):
        rotate(vault, old)
    assert [key.state for key in vault.keyring.list()] == ["active", "active"]
    old_file = vault.path / "keys" / "private.key"
    assert Vault.open(vault.path, private_key=old_file).read(recording).complete


class KilledError(Exception):
    """Stands for the end of a process, where a real one is not needed."""


def kill_at(call_number: int) -> Callable[[int, int], None]:
    calls = 0

    def progress(_done: int, _of: int) -> None:
        nonlocal calls
        calls += 1
        if calls == call_number:
            raise KilledError

    return progress


def test_what_is_due_is_asked_for_and_nothing_else_is_taken(vault: Vault) -> None:
    record(vault)
    ring, old = vault.keyring, main_key(vault)
    assert ring.unfinished() is None
    with pytest.raises(VaultError, match="no key"):
        ring.rotate(PrivateKey.generate(), new_key(ring))
    with pytest.raises(VaultError, match="is not the one"):
        ring.rotate(old, PrivateKey.generate())
    with pytest.raises(KilledError):
        rotate(vault, old, kill_at(1))
    due = ring.unfinished()
    with pytest.raises(VaultError, match=f"a rotation to key {due} is to be finished"):
        ring.rotate(old, new_key(ring))
    with pytest.raises(VaultError, match="is not the one"):
        ring.rotate(old, PrivateKey.generate())
    assert rotate(vault, old).key_id == due
    assert ring.unfinished() is None


def test_a_retirement_that_was_interrupted_is_finished_by_the_next_rotation(
    vault: Vault, tmp_path: Path
) -> None:
    safe = escrow(vault, tmp_path / "escrow.key").public.key_id
    record(vault)
    KeyTable(vault._catalog.database).retire(safe)
    main = main_key(vault)
    assert vault.keyring.unfinished() == main.public.key_id
    assert rotate(vault, main).retired == (safe,)
    assert vault.keyring.unfinished() is None
    assert states(vault) == [(Role.MAIN, "active", 1), (Role.ESCROW, "retired", 0)]


def test_one_process_at_a_time_changes_keys(vault: Vault) -> None:
    ring = vault.keyring
    with sole_use_or_refusal(ring.folder / "keys.lock"):
        for change in (
            lambda: rotate(vault, main_key(vault)),
            lambda: ring.retire(ring.list()[0].key_id),
            lambda: ring.add(new_key(ring), Role.ESCROW),
        ):
            with pytest.raises(VaultError, match="another process is changing keys"):
                change()
    assert len(ring.list()) == 1
    rotate(vault, main_key(vault))


def test_a_key_file_that_is_there_is_taken_only_as_it_was_meant(
    vault: Vault, tmp_path: Path
) -> None:
    ring, place = vault.keyring, tmp_path / "new.key"
    planted = NewKey(place, Unprotected(), None, "planted")
    ring.add(planted, Role.ESCROW)
    guarded = NewKey(place, Passphrase("tea and toast"), "tea and toast", "guarded")
    with pytest.raises(VaultError, match="under other protection"):
        ring.rotate(main_key(vault), guarded)
    assert len(ring.list()) == 2


# --- killed


def run(script: str, *arguments: str, under: tuple[str, ...] = ()) -> int:
    command = [*under, sys.executable, str(HERE / script), *arguments]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, check=False, env=environment, stdout=subprocess.DEVNULL
    ).returncode


def assert_nothing_is_lost_and_it_goes_on(
    path: Path, old: PrivateKey, keys: dict[str, bytes], before: dict[str, str]
) -> None:
    vault = Vault.open(path)
    by_id = {key.key_id: key for key in vault.keyring.list()}
    if by_id[old.public.key_id].state is KeyState.ACTIVE:
        assert opened_by(vault, old).items() >= keys.items()
    else:
        assert opened_by(vault, main_key(vault)).items() >= keys.items()
    for info in vault.list()[-2:]:
        assert vault.read(info.id).complete
    if vault.keyring.unfinished() is not None or len(by_id) == 1:
        rotate(vault, old)
    assert vault.keyring.unfinished() is None
    assert states(vault) == [(Role.MAIN, "retired", 0), (Role.MAIN, "active", MANY + 2)]
    assert opened_by(vault, main_key(vault)).items() >= keys.items()
    assert [result.ok for result in Vault.open(path).verify() if result.samples] == [True, True]
    assert hashes(vault) == before


@pytest.mark.parametrize("told", [pytest.param(1, marks=slow), 2, pytest.param(3, marks=slow)])
def test_a_rotation_killed_between_two_batches_goes_on(
    full: Vault, filled: tuple[Path, dict[str, bytes]], told: int
) -> None:
    old, before = main_key(full), hashes(full)
    assert run("rotation_process.py", str(full.path), "--kill-at", str(told)) == -signal.SIGKILL
    assert len(full.keyring.list()) == 2
    assert_nothing_is_lost_and_it_goes_on(full.path, old, filled[1], before)


@slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace (apt-get install strace)")
def test_a_rotation_killed_within_a_write_goes_on(
    filled: tuple[Path, dict[str, bytes]], tmp_path: Path
) -> None:
    path, keys = filled
    log = tmp_path / "writes"
    whole = copied(path, tmp_path / "whole")
    quiet = ("strace", "-f", "-qq", "-o")
    assert not run(
        "rotation_process.py", str(whole.path), under=(*quiet, str(log), "-e", "trace=pwrite64")
    )
    writes = len(log.read_bytes().splitlines())
    assert writes > 50
    for share in (n / 20 for n in range(20)):
        vault = copied(path, tmp_path / f"{share}")
        old, before = main_key(vault), hashes(vault)
        fault = f"inject=pwrite64:signal=SIGKILL:when={1 + int(share * writes)}"
        under = (*quiet, os.devnull, "-e", "trace=pwrite64", "-e", fault)
        assert run("rotation_process.py", str(vault.path), under=under) == -signal.SIGKILL
        assert_nothing_is_lost_and_it_goes_on(vault.path, old, keys, before)


def test_recorders_go_on_while_keys_rotate(
    full: Vault, filled: tuple[Path, dict[str, bytes]]
) -> None:
    lasting = Vault.open(full.path).record(PHONE_LINE, source="line", policy="abc")
    old, ids = main_key(full), []
    command = [sys.executable, str(HERE / "calls_process.py"), str(full.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None

        def another(*_told: int) -> None:
            assert recorder.stdout is not None
            ids.append(recorder.stdout.readline().strip())

        another()
        rotate(full, old, another)
        after = [recorder.stdout.readline().strip() for _ in range(20)]
        recorder.kill()
    append_all(lasting, call(500))
    lasting.close()
    assert len(ids) >= 4
    new = main_key(full).public.key_id
    for recording_id in [*ids, *after, lasting.id]:
        assert set(full._catalog.find(recording_id)[1]) == {new}
        assert np.array_equal(Vault.open(full.path).read(recording_id).samples, call(500))
    assert opened_by(full, private_of(full, new)).items() >= filled[1].items()


# --- disposal


@pytest.mark.parametrize("kept_in", ["vault", "vault_in_postgres"])
def test_a_recording_whose_keys_go_in_the_midst_of_a_rotation_stays_shut(
    kept_in: str, request: pytest.FixtureRequest
) -> None:
    vault: Vault = request.getfixturevalue(kept_in)
    recording, old = record(vault), main_key(vault)
    record(vault)
    table = KeyTable(vault._catalog.database)
    new = PrivateKey.generate().public
    table.add(new.key_id, "new", Role.ESCROW)
    batch = table.unsealed_to(new.key_id, old.public.key_id, "", 10)
    sealed = [(one, new.wrap(old.unwrap(wrapped, one), one)) for one, wrapped in batch]
    assert len(sealed) == 2
    assert vault.destroy_keys(recording) == 1
    assert table.seal_to(new.key_id, old.public.key_id, sealed) == 1
    assert [key.opens for key in vault.keyring.list()] == [1, 1]
    with pytest.raises(VaultError, match="its keys were destroyed"):
        vault.read(recording)
