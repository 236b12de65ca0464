"""Several machines with one catalog in PostgreSQL, each with a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hushtap.errors import VaultError
from hushtap.vault.recordings import Consent, State, Vault
from vault.audit.logs import check
from vault.calls import PHONE_LINE, append_all, call

RECORDER = Path(__file__).with_name("recorder_process.py")


@pytest.fixture
def other(vault_in_postgres: Vault, tmp_path: Path) -> Path:
    """The folder of a second machine: settings and keys of the first, and no recordings."""
    place = tmp_path / "other"
    (place / "recordings").mkdir(parents=True)
    (place / "keys").mkdir()
    shutil.copy(vault_in_postgres.path / "vault.toml", place)
    for path in (vault_in_postgres.path / "keys").glob("*.pub"):
        shutil.copy(path, place / "keys")
    return place


def test_a_call_of_another_machine_is_left_to_it(vault_in_postgres: Vault, other: Path) -> None:
    command = [sys.executable, str(RECORDER), str(vault_in_postgres.path), "--samples", "80000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        identity = recorder.stdout.readline().strip()
        assert [info.state for info in Vault.open(other).list()] == [State.OPEN]
        recorder.kill()
    # Who has not the file cannot tell how it ended; who has it can.
    assert Vault.open(other).info(identity).state is State.OPEN
    assert Vault.open(vault_in_postgres.path).info(identity).state is State.INTERRUPTED
    assert Vault.open(other).info(identity).state is State.INTERRUPTED


def test_a_call_ends_as_it_did_whoever_looked_meanwhile(
    vault_in_postgres: Vault, other: Path
) -> None:
    with vault_in_postgres.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(20_000))
        [info] = Vault.open(other).list()
        assert info.state is State.OPEN
        with pytest.raises(VaultError, match="is being written"):
            Vault.open(other).life.dispose(recording.id)
    info = Vault.open(other).info(recording.id)
    assert (info.state, info.samples) == (State.CLOSED, 20_000)
    assert np.array_equal(vault_in_postgres.read(recording.id).samples, call(20_000))
    assert check(vault_in_postgres.path).problems == []


def test_a_refusal_on_the_wrong_machine_is_noted_and_says_so(
    vault_in_postgres: Vault, other: Path
) -> None:
    with vault_in_postgres.record(PHONE_LINE, source="line", policy="abc") as recording:
        append_all(recording, call(20_000))
        with pytest.raises(VaultError, match="another machine goes on recording it"):
            Vault.open(other).life.consent(recording.id, Consent.REFUSED)
    assert vault_in_postgres.info(recording.id).consent is Consent.REFUSED
    assert [due.info.id for due, _ in vault_in_postgres.life.dispose_due()] == [recording.id]
    assert vault_in_postgres.info(recording.id).state is State.DISPOSED
