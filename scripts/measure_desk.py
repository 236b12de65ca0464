"""Measure the review desk: the list, seeking in a long call, and many listeners at once.

::

    python scripts/measure_desk.py --recordings 100000 --hours 3 --listeners 50 --folder build/desk

The desk runs in a process of its own on a port of the loopback, without TLS; what asks is
this process. Times are from the request to the first byte of sound, or to the whole page.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import socket
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np

from hushtap.timeline import Span
from hushtap.values import AudioFormat, RedactedChunk
from hushtap.vault.recordings import CallDetails, Query, Vault
from hushtap.web.app import make_app
from hushtap.web.roles import Role
from hushtap.web.server import database_of
from hushtap.web.sessions import Sessions, Stage
from hushtap.web.settings import Settings
from measure_catalog import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

RATE = 8000
TEAM = [f"agent-{number:03}" for number in range(12)]
QUEUES = [f"queue-{number:02}" for number in range(5)]
SETTINGS = Settings(secure=False, hash_memory_kib=1024, hash_passes=1)
HOST = "127.0.0.1"


def record(vault: Vault, seconds: int, seed: int) -> str:
    """Record noise on two channels, as one of the team took it; return the recording's id."""
    rng = np.random.default_rng(seed)
    minute = rng.integers(-3000, 3000, 60 * RATE).astype(np.int16)
    with vault.record(
        AudioFormat(RATE, 2), source="line", policy="measured", call=CallDetails(agent=TEAM[0])
    ) as recording:
        for at in range(0, seconds * RATE, len(minute)):
            part = minute[: seconds * RATE - at]
            for channel in range(2):
                recording.append(RedactedChunk(channel, Span(at, at + len(part)), part))
    return recording.id


def serve(folder: Path, port: int) -> None:
    """Serve the desk over the vault in ``folder``."""
    import uvicorn  # noqa: PLC0415 - in the other process

    vault = Vault.open(folder)
    app = make_app(vault, database_of(vault), SETTINGS)
    uvicorn.run(
        app, host=HOST, port=port, log_level="critical", access_log=False, lifespan="off", ws="none"
    )


def timed(ask: Callable[[], object], times: int) -> list[float]:
    """Return the milliseconds that each of ``times`` takes."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        ask()
        found.append(1000 * (time.perf_counter() - began))
    return found


def tell(what: str, milliseconds: Iterable[float]) -> None:
    """Print median and 95th percentile."""
    values = np.array([*milliseconds])
    half, most = np.percentile(values, [50, 95])
    print(f"{what:44} p50 {half:7.1f} ms  p95 {most:7.1f} ms  of {len(values)}", flush=True)


def first_sound(client: httpx.Client, path: str, start: int) -> None:
    """Ask for sound from byte ``start`` on, and return once the first of it is there."""
    with client.stream("GET", path, headers={"range": f"bytes={start}-"}) as answer:
        answer.raise_for_status()
        next(answer.iter_bytes(1600))


def lists(clients: dict[str, httpx.Client], times: int) -> None:
    """Measure the list as those see it who see all calls, a team's and some queues'."""
    pages = {"list": "/calls", "list of one entity": "/calls?entity=CVV"}
    pages["list of a long ago day"] = "/calls?since=2026-03-01&until=2026-03-01"
    for role, client in clients.items():
        for name, path in pages.items():
            client.get(path).raise_for_status()

            def ask(client: httpx.Client = client, path: str = path) -> None:
                client.get(path).raise_for_status()

            tell(f"{name}, {role}", timed(ask, times))
        # Each another search: its figures were not counted before.
        searches = iter(f"/calls?shortest=0.{number:05}" for number in range(times))

        def ask_anew(client: httpx.Client = client, some: Iterator[str] = searches) -> None:
            client.get(next(some)).raise_for_status()

        tell(f"list, its figures counted, {role}", timed(ask_anew, times))


def seeks(client: httpx.Client, recording: str, seconds: int, times: int) -> None:
    """Measure how soon sound comes from anywhere in a long call."""
    chance, path = random.Random(3), f"/calls/{recording}/audio"  # noqa: S311 - places
    began = time.perf_counter()
    client.get(f"/calls/{recording}").raise_for_status()
    print(f"{'opening the long call':44} {time.perf_counter() - began:.1f} s", flush=True)

    def seek() -> None:
        first_sound(client, path, 44 + 4 * RATE * chance.randrange(seconds - 2))

    seek()
    tell("seek in the long call", timed(seek, times))


def listeners(make: Callable[[int], httpx.Client], recordings: list[str], rounds: int) -> None:
    """Measure how soon each of many hears something, all of them starting within a second."""
    found: list[list[float]] = [[], []]
    barrier = threading.Barrier(len(recordings))

    def listen(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - waits
        with make(number) as client:
            client.get(f"/calls/{recordings[number]}").raise_for_status()
            for turn in range(rounds):
                barrier.wait()
                time.sleep(chance.random())
                path = f"/calls/{recordings[number]}/audio"
                found[turn > 0] += timed(partial(first_sound, client, path, 44), 1)

    threads = [threading.Thread(target=listen, args=(n,)) for n in range(len(recordings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The first time of each is put on record before it.
    for what, times in zip(("", " again"), found, strict=True):
        tell(f"start of sound{what}, {len(recordings)} listeners", times)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--listeners", type=int, default=50)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="keeps the vault for another run")
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="hushtap-desk-"))
    vault = Vault.create(folder)
    seconds = round(args.hours * 3600)
    if len(vault.search(Query(limit=10))) < 10:  # noqa: PLR2004 - it was filled before
        fill(vault, args.recordings)
        for number in range(args.listeners):
            record(vault, 300, number)
        record(vault, seconds, 99)
    real = sorted(
        (one for one in vault.search(Query(agent=TEAM[0])) if one.policy == "measured"),
        key=lambda one: one.samples,
        reverse=True,
    )
    recordings = [one.id for one in real]
    database = database_of(vault)
    app = make_app(vault, database, SETTINGS)
    tokens = {}
    sessions = Sessions(database, SETTINGS)
    names = [f"s{number}" for number in range(args.listeners)]
    known = {one.name for one in app.state.accounts.list()}
    for name, role in {
        "officer": Role.PRIVACY_OFFICER,
        "judge": Role.QA_ANALYST,
        **dict.fromkeys(names, Role.SUPERVISOR),
    }.items():
        if name not in known:
            app.state.accounts.add(name, role, agents=TEAM, queues=QUEUES, password="x" * 20)
        tokens[name] = sessions.begin(name, Stage.FULL, HOST, "Firefox/1")
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, port))
    server.start()

    def client(name: str) -> httpx.Client:
        # Kept from the cookie jar: it would not send a cookie of no host.
        headers = {"cookie": f"hushtap={tokens[name]}"}
        return httpx.Client(base_url=f"http://{HOST}:{port}", headers=headers, timeout=60)

    try:
        officer = client("officer")
        while True:
            try:
                officer.get("/healthz").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        people = {"all calls": officer, "5 queues": client("judge"), "12 agents": client("s0")}
        lists(people, args.times)
        seeks(client("s0"), recordings[0], seconds, 2 * args.times)
        listeners(lambda n: client(names[n]), recordings[1 : args.listeners + 1], 4)
    finally:
        server.terminate()
        server.join(10)


if __name__ == "__main__":
    main()
