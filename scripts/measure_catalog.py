"""Measure a vault of many recordings: searches, checks, the report and a rotation of its keys.

::

    python scripts/measure_catalog.py --postgres --json
    python scripts/measure_catalog.py --recordings 100000 --catalog postgresql://hushtap@localhost/empty
    python scripts/measure_catalog.py --recordings 100000 --only searches --plans

Every recording has its row, its real wrapped key and a real sealed file of its own, of 20 ms:
what a longer one takes beside that is what its bytes take (``megabytes_a_second``). Each
search is for one page of 50 and is timed as a user has it: a new connection or one of the
pool, the query, and every row made a value. Each measure has a process of its own, which
tells the most memory it ever had.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import insert

from hushtap.timeline import Span
from hushtap.values import AudioFormat, Entity, RedactedChunk
from hushtap.vault.catalog import Query, State
from hushtap.vault.container import Header, Kind, SegmentWriter
from hushtap.vault.details import Consent
from hushtap.vault.keyring import NewKey
from hushtap.vault.keys import Unprotected, load_private
from hushtap.vault.location import set_catalog
from hushtap.vault.payloads import Closing, Opening, pack_notes, pack_record, pack_run
from hushtap.vault.recordings import Vault
from hushtap.vault.schema import found, holds, recordings, wrapped_keys
from hushtap.vault.search import begins, statement

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.vault.keys import PublicKey

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PAGE = 50
AGENTS, QUEUES, CALLERS = 400, 20, 30_000
RATE, CHANNELS, SAMPLES = 8000, 2, 160
_AT_ONCE = 1000
"""Rows in one transaction."""


def fill(vault: Vault, count: int) -> None:
    """List ``count`` recordings of a year, one caller in three of them known."""
    chance = random.Random(1)  # noqa: S311 - made-up calls
    callers = [f"{chance.getrandbits(128):032x}" for _ in range(CALLERS)]
    step = timedelta(days=365) / count
    [key] = vault.keyring.recipients()
    made: tuple[list[dict[str, Any]], ...] = ([], [], [], [])
    rows, keys, counts, held = made
    for number in range(count):
        if len(rows) == _AT_ONCE:
            _store(vault, *made)
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
                "sample_rate": RATE,
                "channels": CHANNELS,
                "state": State.INTERRUPTED if chance.random() < 0.01 else State.CLOSED,  # noqa: PLR2004 - a share
                "samples": SAMPLES,
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
        wrapped = seal(vault.path / "recordings" / f"{identity}.hush", identity, started, key)
        keys.append({"recording_id": identity, "key_id": key.key_id, "wrapped": wrapped})
        counts += [{"recording_id": identity, "entity": e, "count": c} for e, c in findings.items()]
        if on_hold:
            now = FIRST.isoformat()
            held.append(
                {"recording_id": identity, "case": "case-1", "placed": now, "placed_by": "a"}
            )
    _store(vault, *made)


def _store(vault: Vault, *rows: list[dict[str, Any]]) -> None:
    """List what was made, and forget it."""
    with vault._catalog.database.writing() as connection:  # noqa: SLF001 - no way in for such rows
        for table, values in zip((recordings, wrapped_keys, found, holds), rows, strict=True):
            if values:
                connection.execute(insert(table), values)
            values.clear()


def seal(path: Path, identity: str, started: datetime, key: PublicKey) -> bytes:
    """Seal a call of ``SAMPLES`` at ``path``; return its data key as wrapped for ``key``."""
    data_key = secrets.token_bytes(32)
    writer = SegmentWriter(path, Header(identity, RATE, CHANNELS), data_key)
    writer.seal(Kind.OPEN, pack_record(Opening(started.isoformat(), "line", "abc", "1")), 0)
    writer.seal(Kind.NOTES, pack_notes((), ()), 0)
    silence = b"".join(pack_run(channel, 0, bytes(2 * SAMPLES)) for channel in range(CHANNELS))
    writer.seal(Kind.AUDIO, silence, SAMPLES)
    lengths = (SAMPLES,) * CHANNELS
    closing = Closing("closed", writer.number, lengths, writer.digest.hex())
    writer.seal(Kind.CLOSE, pack_record(closing), SAMPLES)
    writer.close()
    return key.wrap(data_key, identity)


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


def measure_searches(place: Path, times: int, *, plans: bool) -> dict[str, Any]:
    """Return p50 and p99, both also of the processor's time, and the size of each page."""
    vault = Vault.open(place)
    figures = {}
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
        figures[name] = {
            "p50_ms": round(took[times // 2], 1),
            "p99_ms": round(took[last], 1),
            "p99_cpu_ms": round(used[last], 1),
            "rows": rows,
        } | ({"plan": plan(vault, query, caller)} if plans else {})
    worst = max(figures, key=lambda name: figures[name]["p99_ms"])
    return {"worst": {"search": worst} | figures[worst], "searches": figures}


def measure_check(place: Path, *, quick: bool) -> dict[str, Any]:
    """Return how many recordings were checked in a second; all must be sound."""
    vault = Vault.open(place)
    return _rate(lambda: sum(1 if one.ok else 1 / 0 for one in vault.verifying(quick=quick)))


def measure_report(place: Path) -> dict[str, Any]:
    """Return how many recordings the quarterly report goes through in a second."""
    vault = Vault.open(place)

    def act() -> int:
        report = vault.life.report()
        assert not report.strays  # noqa: S101 - a script
        return report.endless + report.within

    return _rate(act)


def measure_rotation(place: Path) -> dict[str, Any]:
    """Return how many recordings a new key took over in a second: unwrap, wrap, prove, drop."""
    vault = Vault.open(place)
    old = load_private(place / "keys" / "private.key")
    new = NewKey(place / "keys" / "second.key", Unprotected(), None, "second")
    return _rate(lambda: vault.keyring.rotate(old, new).taken)


def _rate(act: Callable[[], float]) -> dict[str, Any]:
    began, before = time.perf_counter(), time.process_time()
    count = act()
    took, used = time.perf_counter() - began, time.process_time() - before
    return {
        "recordings": count,
        "seconds": round(took, 1),
        "cpu_seconds": round(used, 1),
        "a_second": round(count / took),
        "a_cpu_second": round(count / used),
    }


def measure_bytes(place: Path) -> dict[str, Any]:
    """Return how many megabytes of long recordings a check goes through in a second."""
    vault = Vault.create(place)
    noise = np.random.default_rng(1).integers(-1000, 1000, 300 * RATE).astype(np.int16)
    for _ in range(4):
        with vault.record(AudioFormat(RATE, CHANNELS), source="line", policy="abc") as recording:
            for start in range(0, len(noise), RATE):
                for channel in range(CHANNELS):
                    part = noise[start : start + RATE]
                    span = Span(start, start + len(part))
                    recording.append(RedactedChunk(channel, span, part))
    size = sum(path.stat().st_size for path in (place / "recordings").glob("*.hush"))
    began = time.perf_counter()
    assert all(one.ok for one in vault.verify())  # noqa: S101 - a script
    return {"megabytes_a_second": round(size / (time.perf_counter() - began) / 1e6)}


def alone(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what ``act`` does in a process of its own, and the most memory that had, in MB."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_with_memory, act).result()


def _with_memory(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    figures = act()
    # Not ``ru_maxrss``: that has the most of the process that this one began as.
    lines = Path("/proc/self/status").read_text().splitlines()
    [most] = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return figures | {"most_mb": round(most / 1024)}


MEASURES: dict[str, Callable[[Path], dict[str, Any]]] = {
    "quick check": partial(measure_check, quick=True),
    "check": partial(measure_check, quick=False),
    "report": measure_report,
    "rotation": measure_rotation,
}


def measure(place: Path, count: int, arguments: argparse.Namespace) -> dict[str, Any]:
    """Make a vault of ``count`` recordings at ``place``, and measure it."""
    (place / "recordings").parent.mkdir(parents=True, exist_ok=True)
    vault = Vault.create(place)
    began = time.perf_counter()
    fill(vault, count)
    print(f"{count} made in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    # As every command does: an opening has the tables counted.
    Vault.open(place)
    figures: dict[str, Any] = {"recordings": count}
    if (place / "catalog.db").exists():
        figures["bytes_a_recording"] = round((place / "catalog.db").stat().st_size / count)
    searching = partial(measure_searches, times=arguments.times, plans=arguments.plans)
    acts: dict[str, Callable[[Path], dict[str, Any]]] = {"searches": searching, **MEASURES}
    for name, act in acts.items():
        if arguments.only in {None, name}:
            figures[name] = alone(partial(act, place))
            print(f"{name}: {told(figures[name])}", file=sys.stderr)
    return figures


def told(figures: dict[str, Any]) -> str:
    """Return figures in one line; of searches, the slowest."""
    return json.dumps({name: value for name, value in figures.items() if name != "searches"})


def main() -> None:
    """Make each vault and measure it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recordings", type=int, action="append", help="10000 and 100000")
    parser.add_argument("--times", type=int, default=200, help="how often each search is made")
    parser.add_argument("--only", choices=["searches", *MEASURES], help="one measure")
    parser.add_argument("--plans", action="store_true", help="also how each search is gone about")
    parser.add_argument("--catalog", help="an empty PostgreSQL database, in place of a file")
    parser.add_argument("--postgres", action="store_true", help="a file, then the tests' server")
    parser.add_argument("--folder", type=Path, help="where vaults are made: the disk to measure")
    parser.add_argument(
        "--files", type=Path, help="where sealed files are made; a tmpfs saves 2 syncs of each"
    )
    parser.add_argument("--json", action="store_true", help="all figures, as JSON")
    arguments = parser.parse_args()
    figures = measure_all(arguments)
    if arguments.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, one in figures.items():
            for what, of_it in one.get("searches", {}).get("searches", {}).items():
                print(f"{name}, {what}: {told(of_it)}")


def measure_all(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make each vault, measure it, and leave nothing."""
    figures: dict[str, Any] = {}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=arguments.folder))
        if arguments.only is None:
            figures["bytes"] = alone(partial(measure_bytes, Path(folder) / "bytes"))
        new_database: Callable[[], str] | None = None
        if arguments.postgres:
            new_database = _server(stack)
        for count in arguments.recordings or [10_000, 100_000]:
            urls: dict[str, str | None] = {"sqlite": None}
            if arguments.catalog:
                urls = {"postgresql": arguments.catalog}
            elif new_database is not None:
                urls["postgresql"] = new_database()
            for name, url in urls.items():
                place = Path(folder) / f"{name}-{count}"
                place.mkdir()
                if url is not None:
                    set_catalog(place, url)
                files = tempfile.mkdtemp(dir=arguments.files or folder)
                stack.callback(shutil.rmtree, files)
                (place / "recordings").symlink_to(files)
                print(f"{name}:", file=sys.stderr)
                figures[f"{name} {count}"] = measure(place, count, arguments)
    return figures


def _server(stack: ExitStack) -> Callable[[], str]:
    """Start the server that tests have, with its disk; return what makes an empty database."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from vault.postgres_server import PostgresServer  # noqa: PLC0415 - only where it is wanted

    server = stack.enter_context(PostgresServer(fsync=True))
    os.environ["PGPASSFILE"] = str(server.passfile)
    return server.new_database


if __name__ == "__main__":
    main()
