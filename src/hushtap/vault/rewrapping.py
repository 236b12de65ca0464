"""Sealing the data keys of recordings to other keys, in batches that recorders can wait for."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hushtap.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hushtap.vault.keys import PrivateKey, PublicKey
    from hushtap.vault.keytable import KeyTable

_AT_ONCE = 100
"""Recordings in one transaction: recorders wait for milliseconds, a kill costs as little."""


def seal_to_all(
    table: KeyTable,
    opener: PrivateKey,
    recipients: Sequence[PublicKey],
    target: str,
    progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Seal what ``opener`` opens to every recipient; tell what ``target`` took and left.

    ``progress`` is told how many are done, of how many.
    """
    opened_by = opener.public.key_id
    done = 0
    of = sum(table.count_unsealed_to(key.key_id, opened_by) for key in recipients)
    progress(done, of)
    taken = left = 0
    for recipient in recipients:
        for sealed, failed in _seal_to(table, opener, recipient):
            done += sealed + failed
            progress(done, max(of, done))
            if recipient.key_id == target:
                taken, left = taken + sealed, left + failed
    return taken, left


def prove(table: KeyTable, private: PrivateKey) -> None:
    """See that ``private`` opens all that is sealed to it.

    Raises:
        VerificationError: it does not open one of them.
    """
    after = ""
    while batch := table.sealed_to(private.public.key_id, after, _AT_ONCE):
        for after, wrapped in batch:
            private.unwrap(wrapped, after)


def take_covered(table: KeyTable, key_id: str) -> bool:
    """Take from a retired key what an active main key opens; return whether there was any."""
    found = False
    while table.drop_covered(key_id, _AT_ONCE):
        found = True
    return found


def _seal_to(
    table: KeyTable, opener: PrivateKey, recipient: PublicKey
) -> Iterator[tuple[int, int]]:
    """Work through the recordings once, in batches; yield how many it sealed and could not.

    Once is enough: what is recorded meanwhile is sealed to ``recipient`` from its beginning.
    """
    opened_by, after = opener.public.key_id, ""
    while batch := table.unsealed_to(recipient.key_id, opened_by, after, _AT_ONCE):
        after = batch[-1][0]
        rows = []
        for recording_id, wrapped in batch:
            with suppress(VerificationError):
                data_key = opener.unwrap(wrapped, recording_id)
                rows.append((recording_id, recipient.wrap(data_key, recording_id)))
        yield table.seal_to(recipient.key_id, opened_by, rows), len(batch) - len(rows)
