"""Measure what keys cost: wrapping, rotation, destruction, and the hybrid against X25519 alone.

    python scripts/measure_keys.py [--recordings N] [--folder DIR]

Recordings are listed without files: rotation does not touch those. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import insert

from hushtap.vault.keyring import NewKey
from hushtap.vault.keys import PrivateKey, Unprotected, load_private
from hushtap.vault.recordings import Vault
from hushtap.vault.schema import recordings, wrapped_keys

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 2000
_ROW = {
    "started": "2026-01-01T00:00:00+00:00",
    "sample_rate": 8000,
    "channels": 2,
    "state": "closed",
    "samples": 0,
    "source": "line",
    "policy": "abc",
    "findings": {},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="where the vault is made: the disk to measure")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        result = {"wrapping": _wrapping()} | _rotation(Path(folder), arguments.recordings)
    print(json.dumps(result, indent=1))


def _wrapping() -> dict[str, Any]:
    data_key, identity = secrets.token_bytes(32), "20260101T000000Z-00000000"
    private = PrivateKey.generate()
    wrapped = private.public.wrap(data_key, identity)
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    classic = X25519PrivateKey.generate()
    public, info = classic.public_key(), identity.encode()
    short = suite.encrypt(data_key, public, info=info)
    return {
        "hybrid": {
            "bytes": len(wrapped),
            "wrap_us": _microseconds(lambda: private.public.wrap(data_key, identity)),
            "unwrap_us": _microseconds(lambda: private.unwrap(wrapped, identity)),
        },
        "x25519": {
            "bytes": len(short),
            "wrap_us": _microseconds(lambda: suite.encrypt(data_key, public, info=info)),
            "unwrap_us": _microseconds(lambda: suite.decrypt(short, classic, info=info)),
        },
    }


def _microseconds(act: Callable[[], object]) -> float:
    """Return the processor time of one call."""
    begin = time.process_time()
    for _ in range(_ROUNDS):
        act()
    return round((time.process_time() - begin) / _ROUNDS * 1e6, 1)


def _rotation(folder: Path, count: int) -> dict[str, Any]:
    vault = Vault.create(folder / "vault")
    [recipient] = vault.keyring.recipients()
    names = [f"20260101T{n:06}Z-{n:08x}" for n in range(count)]
    catalog = folder / "vault" / "catalog.db"
    with vault._catalog.database.writing() as connection:  # noqa: SLF001 - rows without files
        connection.execute(insert(recordings), [{"id": name} | _ROW for name in names])
        sealed = [
            {
                "recording_id": name,
                "key_id": recipient.key_id,
                "wrapped": recipient.wrap(secrets.token_bytes(32), name),
            }
            for name in names
        ]
        connection.execute(insert(wrapped_keys), sealed)
    size = catalog.stat().st_size
    old = load_private(folder / "vault" / "keys" / "private.key")
    new = NewKey(folder / "new.key", Unprotected(), None, "new")
    wall, processor = time.perf_counter(), time.process_time()
    done = vault.keyring.rotate(old, new)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    begin = time.perf_counter()
    gone = [vault.destroy_keys(name) for name in names[:100]]
    destroying = (time.perf_counter() - begin) / len(gone)
    begin = time.perf_counter()
    vault.keyring.list()
    return {
        "rotation": {
            "recordings": done.taken,
            "seconds": round(wall, 2),
            "processor_seconds": round(processor, 2),
            "per_second": round(done.taken / wall),
        },
        "list_keys_ms": round((time.perf_counter() - begin) * 1e3, 1),
        "destroy_ms": round(destroying * 1e3, 1),
        "catalog_bytes_a_recording": round(size / count),
        "processors": os.cpu_count(),
    }


if __name__ == "__main__":
    main()
