"""Measure searches in a catalog of many recordings: median, 99th percentile and plan of each.

::

    python scripts/measure_catalog.py --recordings 100000 --keep build/big.vault
    python scripts/measure_catalog.py --catalog postgresql://hushtap@localhost/empty

The recordings have rows and keys but no files. Each search is for one page of 50 and
is timed as a user has it: a new connection, the query, and every row made a value.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from hushtap.values import Entity
from hushtap.vault.catalog import Query, State
from hushtap.vault.details import Consent
from hushtap.vault.location import set_catalog
from hushtap.vault.recordings import Vault
from hushtap.vault.schema import found, holds, recordings, wrapped_keys
from hushtap.vault.search import begins, statement

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 50
AGENTS, QUEUES, CALLERS = 400, 20, 30_000


def fill(vault: Vault, count: int) -> None:
    """List ``count`` recordings of a year, one caller in three of them known."""
    chance = random.Random(1)  # noqa: S311 - made-up calls
    callers = [f"{chance.getrandbits(128):032x}" for _ in range(CALLERS)]
    step = timedelta(days=365) / count
    [key] = vault.keyring.recipients()
    rows, keys, counts, held = [], [], [], []
    for number in range(count):
        started = (FIRST + number * step).replace(microsecond=0)
        identity = f"{begins(started)}-{chance.getrandbits(32):08x}"
        findings = {}
        for entity, share in ((Entity.CREDIT_CARD, 0.2), (Entity.CVV, 0.15), (Entity.EMAIL, 0.001)):
            if chance.random() < share:
                findings[entity.value] = chance.randint(1, 3)
        on_hold = chance.random() < 0.0005  # noqa: PLR2004 - a rare thing
        rows.append(
            {
                "id": identity,
                "started": started.isoformat(),
                "sample_rate": 8000,
                "channels": 2,
                "state": State.INTERRUPTED if chance.random() < 0.01 else State.CLOSED,  # noqa: PLR2004 - a share
                "samples": 8000 * chance.randint(20, 900),
                "source": "line",
                "policy": "abc",
                "findings": findings,
                "agent": f"agent-{chance.randrange(AGENTS):03}",
                "queue": f"queue-{chance.randrange(QUEUES):02}",
                "direction": "inbound",
                "caller": chance.choice(callers),
                "call_id": f"{chance.getrandbits(128):032x}",
                "consent": chance.choices(["given", "asked", "refused"], (90, 9, 1))[0],
                "held": on_hold,
            }
        )
        # As long as a real one, and as little to be guessed.
        wrapped = chance.randbytes(1168)
        keys.append({"recording_id": identity, "key_id": key.key_id, "wrapped": wrapped})
        counts += [{"recording_id": identity, "entity": e, "count": c} for e, c in findings.items()]
        if on_hold:
            now = FIRST.isoformat()
            held.append(
                {"recording_id": identity, "case": "case-1", "placed": now, "placed_by": "a"}
            )
    with vault._catalog.database.writing() as connection:  # noqa: SLF001 - no way in for such rows
        for table, values in (
            *((recordings, rows), (wrapped_keys, keys)),
            *((found, counts), (holds, held)),
        ):
            connection.execute(insert(table), values)


def searches(vault: Vault) -> dict[str, dict[str, Any]]:
    """Return what is searched for, by a name."""
    chance = random.Random(2)  # noqa: S311 - made-up calls
    some = vault.search(Query(limit=1000, after=begins(FIRST + timedelta(days=100))))
    one = chance.choice(some)
    middle = FIRST + timedelta(days=200)
    return {
        "first page": {},
        "newest": {"newest": True},
        "a page in the middle": {"after": one.id},
        "a day": {"since": middle, "until": middle + timedelta(days=1)},
        "agent": {"agent": "agent-007"},
        "queue": {"queue": "queue-07"},
        "queue, a page in the middle": {"queue": "queue-07", "after": one.id},
        "queue in a week": {
            "queue": "queue-07",
            "since": middle,
            "until": middle + timedelta(days=7),
        },
        "agent and queue": {"agent": "agent-007", "queue": "queue-07"},
        "state interrupted": {"state": State.INTERRUPTED},
        "state closed": {"state": State.CLOSED, "newest": True},
        "entity, common": {"entity": Entity.CVV},
        "entity, rare": {"entity": Entity.EMAIL},
        "entity that nobody said": {"entity": Entity.US_SSN},
        "entity in a queue": {"entity": Entity.CVV, "queue": "queue-07"},
        "rare entity of an agent": {"entity": Entity.EMAIL, "agent": "agent-007"},
        "entity, hold": {"entity": Entity.CVV, "held": True},
        "rare entity, closed": {"entity": Entity.EMAIL, "state": State.CLOSED},
        "rare entity, consent, no hold": {
            "entity": Entity.EMAIL,
            "consent": Consent.GIVEN,
            "held": False,
        },
        "rare entity in a queue, newest": {
            "entity": Entity.EMAIL,
            "queue": "queue-07",
            "newest": True,
        },
        "hold": {"held": True},
        "no hold": {"held": False},
        "consent refused": {"consent": Consent.REFUSED},
        "consent refused, hold": {"consent": Consent.REFUSED, "held": True},
        "call id": {"call_id": one.call_id},
        "caller": {"caller": one.caller},
        "all at once": {
            "agent": "agent-007",
            "queue": "queue-07",
            "state": State.CLOSED,
            "consent": Consent.GIVEN,
            "held": False,
            "entity": Entity.CREDIT_CARD,
            "since": FIRST,
        },
    }


def plan(vault: Vault, query: Query, caller: str | None) -> str:
    """Return how the database goes about it, in one line."""
    with vault._catalog.database.reading() as connection:  # noqa: SLF001 - to look at it alone
        sql = statement(query, caller).compile(
            dialect=connection.dialect, compile_kwargs={"literal_binds": True}
        )
        word = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{word} {sql}").all()
    return "; ".join(str(row[-1]) for row in rows)


def main() -> None:
    """Make the catalog, unless it is kept from an earlier run, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=200, help="how often each search is made")
    parser.add_argument("--keep", type=Path, help="a folder for the vault, used again if there")
    parser.add_argument("--plans", action="store_true", help="also how each is gone about")
    parser.add_argument("--catalog", help="the URL of an empty PostgreSQL database")
    arguments = parser.parse_args()
    place = arguments.keep or Path(tempfile.mkdtemp()) / "vault"
    try:
        new = not place.exists()
        if new and arguments.catalog:
            set_catalog(place, arguments.catalog)
        vault = Vault.create(place)
        if new:
            began = time.perf_counter()
            fill(vault, arguments.recordings)
            print(f"{arguments.recordings} recordings made in {time.perf_counter() - began:.0f} s")
        if not arguments.catalog:
            size = (place / "catalog.db").stat().st_size / arguments.recordings
            print(f"{size:.0f} bytes of the catalog a recording")
        measure(vault, arguments.times, plans=arguments.plans)
    finally:
        if arguments.keep is None:
            shutil.rmtree(place.parent)


def measure(vault: Vault, times: int, *, plans: bool) -> None:
    """Print p50, p99, p99 of the processor's time, and the size of the page of each search."""
    print(f"{'search':30} {'p50 ms':>7} {'p99 ms':>7} {'p99 cpu':>7} {'rows':>5}")
    worst = 0.0
    for name, wanted in searches(vault).items():
        # The callers of this catalog are hashes already.
        caller = wanted.get("caller")
        query = Query(limit=PAGE, **wanted)
        took, used = [], []
        for _ in range(times):
            began, before = time.perf_counter(), time.process_time()
            rows = len(vault._catalog.search(query, caller))  # noqa: SLF001 - see above
            took.append(1000 * (time.perf_counter() - began))
            used.append(1000 * (time.process_time() - before))
        took.sort()
        used.sort()
        last = min(times - 1, times * 99 // 100)
        worst = max(worst, took[last])
        print(f"{name:30} {took[times // 2]:7.1f} {took[last]:7.1f} {used[last]:7.1f} {rows:5}")
        if plans:
            print(f"    {plan(vault, query, caller)}")
    print(f"worst p99: {worst:.1f} ms")


if __name__ == "__main__":
    main()
