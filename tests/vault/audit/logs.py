"""Logs for the tests of the audit log, and ways to tamper with them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from hushtap.vault.audit.events import Activity, Actor, Event, Kind, Outcome, Thing
from hushtap.vault.audit.log import LOG_NAME, VaultLog
from hushtap.vault.audit.reading import reading
from hushtap.vault.audit.signing import KEY_NAME, VKEY_NAME, load_signer, load_verifier
from hushtap.vault.audit.store import TRIGGERS, Store, create
from hushtap.vault.audit.verify import Report, verify

if TYPE_CHECKING:
    from pathlib import Path

ANN = Actor("ann", "analyst", "10.0.0.7")


def event(number: int, outcome: Outcome = Outcome.BEGUN) -> Event:
    recording = Thing(Kind.RECORDING, f"20261122T054500Z-{number:08x}")
    return Event(Activity.READ, outcome, ANN, (recording,))


def log_of(vault: Path, entries: int) -> VaultLog:
    """Return the log in the folder ``vault``, made where there is none, with more entries."""
    (vault / "keys").mkdir(parents=True, exist_ok=True)
    log = VaultLog(vault)
    log.open()
    for number in range(1, entries + 1):
        log.append(event(number))
    return log


def check(vault: Path, *notes: str) -> Report:
    """Verify the log of a vault against its own key and against checkpoints kept elsewhere."""
    verifier = load_verifier(vault / "keys" / VKEY_NAME)
    with reading(vault / LOG_NAME) as log:
        return verify(log, verifier, [(f"kept {at}", note) for at, note in enumerate(notes, 1)])


def tamper(vault: Path, *statements: str) -> None:
    """Change a log as someone would who can write its file: guards off, statements, guards on."""
    with closing(sqlite3.connect(vault / LOG_NAME)) as connection, connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for sql in TRIGGERS.values():
            connection.execute(sql)


def rewrite(vault: Path, entries: list[bytes]) -> None:
    """Write the whole log anew under its own name and with its own key."""
    signer = load_signer(vault / "keys" / KEY_NAME)
    for path in vault.glob(f"{LOG_NAME}*"):
        path.unlink()
    create(vault / LOG_NAME, signer.name)
    store = Store(vault / LOG_NAME)
    for entry in entries:
        store.append(entry, signer, seal=True)
    store.close()


def entries_of(vault: Path) -> list[bytes]:
    with reading(vault / LOG_NAME) as log:
        return [row.entry for row in log.rows()]
