"""Make the golden vault of the present versions: run once when a version is new, and commit.

::

    python tests/vault/make_golden.py tests/vault/golden/schema4
    python tests/vault/make_golden.py tests/vault/golden/schema4-postgresql --postgresql

Run it under another host's name, elsewhere: the audit log and what is sealed name both.
What an earlier version wrote is never made again: those files are what it wrote.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.outputs import sha256_of
from hushtap.vault.breaches import Answers
from hushtap.vault.exposure import Scope
from hushtap.vault.keyring import NewKey, Role
from hushtap.vault.keys import Passphrase, Unprotected, load_private
from hushtap.vault.location import SETTINGS, catalog_place, set_catalog
from hushtap.vault.recordings import CallDetails, Consent, Direction, Vault
from hushtap.vault.retention import Retention, Rule
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call
from vault.lives import day
from vault.postgres_server import HERE, PROGRAMS, USER, PostgresServer

PASSPHRASE = "tea and toast"  # noqa: S105 - of a key that opens nothing but what is committed
ORIGINAL = b"what an archive held"
CALLER = "+1 202 555 0143"
DETAILS = CallDetails(
    *("ann", "billing", Direction.INBOUND, CALLER, "id-7"),
    consent=Consent.GIVEN,
)


def fill(vault: Vault) -> None:
    """Lay down one of everything that a vault holds."""
    for number in (1, 2, 3):
        details = DETAILS if number != 2 else None
        recording = vault.record(
            PHONE_LINE, source="line", policy="abc", started=day(number), call=details
        )
        recording.add_words(WORDS)
        recording.add_findings(FINDINGS)
        append_all(recording, call(400, seed=number))
        if number == 2:
            recording.abort()
        else:
            recording.close()
    first, _, third = vault.list()
    escrow = NewKey(vault.path / "escrow.key", Passphrase(PASSPHRASE), PASSPHRASE, "safe")
    vault.keyring.add(escrow, Role.ESCROW)
    opener = load_private(vault.path / "keys" / "private.key")
    new = NewKey(vault.path / "keys" / "main-2.key", Unprotected(), None, "second")
    vault.keyring.rotate(opener, new)
    vault.life.hold(first.id, "case-1")
    vault.life.retention.set(Retention((Rule(30, queue="billing"), Rule(None))))
    vault.life.dispose(third.id, "order-77")
    vault.life.approvals.ask(first.id)
    vault.life.breaches.open(Scope(since=day(1)), Answers("an account was taken over"))
    vault.life.undo.make_key(NewKey(vault.path / "undo.key", Unprotected(), None, "undo"))
    original = vault.path.with_name("original.wav")
    original.write_bytes(ORIGINAL)
    kept = vault.life.undo.keep(original, sha256_of(original), first.id, timedelta(days=36_500))
    vault.life.undo.remove_original(original, kept)
    vault._log.close()


def _tidy(folder: Path) -> None:
    for lock in folder.rglob("*.lock"):
        lock.unlink()


def main() -> None:
    """Make one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--postgresql", action="store_true")
    arguments = parser.parse_args()
    if not arguments.postgresql:
        fill(Vault.create(arguments.folder))
        _tidy(arguments.folder)
        return
    assert PROGRAMS is not None
    with PostgresServer() as server:
        os.environ["PGPASSFILE"] = str(server.passfile)
        set_catalog(arguments.folder, server.new_database())
        fill(Vault.create(arguments.folder))
        name = str(catalog_place(arguments.folder)).rpartition("/")[2]
        dump = subprocess.run(
            *(
                [
                    *(str(PROGRAMS / "pg_dump"), "--inserts", "--no-owner", "--no-comments"),
                    *("-h", HERE, "-p", str(server.port), "-U", USER, name),
                ],
            ),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    # Commands of psql are none of SQL.
    lines = [line for line in dump.splitlines(keepends=True) if not line.startswith("\\")]
    (arguments.folder / "catalog.sql").write_text("".join(lines))
    (arguments.folder / SETTINGS).unlink()
    _tidy(arguments.folder)


if __name__ == "__main__":
    main()
