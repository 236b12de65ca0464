"""A network for tests: a UDP relay that loses, repeats and delays, by a seed."""

from __future__ import annotations

import heapq
import random
import selectors
import socket
import threading
import time
from typing import Self

LOSS, REPEAT = 0.05, 0.05
LONGEST_DELAY_S = 0.08


class Relay:
    """Passes datagrams on from ``ports`` of its own to ``targets``, one each.

    ``loss`` and ``repeat`` are shares of one; each datagram is late by up to ``delay`` seconds.
    ``stall``: from when on after the first one, and for how long, nothing goes on, in seconds.
    ``lost`` and ``passed`` have, by channel, the datagrams that were not and were passed on.
    """

    def __init__(
        self,
        targets: list[tuple[str, int]],
        seed: int = 0,
        *,
        loss: float = LOSS,
        repeat: float = REPEAT,
        delay: float = LONGEST_DELAY_S,
        stall: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self._targets = targets
        self._loss, self._repeat, self._delay, self._stall = loss, repeat, delay, stall
        self._began: float | None = None
        self._random = random.Random(seed)  # noqa: S311 - a network, not a secret
        self._inward = [_socket() for _ in targets]
        self._outward = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ports = [one.getsockname()[1] for one in self._inward]
        self.lost: list[list[bytes]] = [[] for _ in targets]
        self.passed: list[list[bytes]] = [[] for _ in targets]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._closing.set()
        self._thread.join()
        for one in (*self._inward, self._outward):
            one.close()

    def _run(self) -> None:
        waiting: list[tuple[float, int, bytes]] = []
        with selectors.DefaultSelector() as selector:
            for channel, one in enumerate(self._inward):
                selector.register(one, selectors.EVENT_READ, channel)
            while waiting or not self._closing.is_set():
                now = time.monotonic()
                patience = max(0.0, waiting[0][0] - now) if waiting else 0.05
                for key, _ in selector.select(patience):
                    data = self._inward[key.data].recv(4_096)
                    for due in self._fate(key.data, data, time.monotonic()):
                        heapq.heappush(waiting, (due, key.data, data))
                while waiting and waiting[0][0] <= time.monotonic():
                    _, channel, data = heapq.heappop(waiting)
                    self._outward.sendto(data, self._targets[channel])

    def _fate(self, channel: int, data: bytes, now: float) -> list[float]:
        # The first of each stream arrives: it is what places the rest.
        self._began = now if self._began is None else self._began
        if self.passed[channel] and self._random.random() < self._loss:
            self.lost[channel].append(data)
            return []
        self.passed[channel].append(data)
        times = 2 if self._random.random() < self._repeat else 1
        start, length = self._stall
        if start <= now - self._began < start + length:
            now = self._began + start + length
        return [now + self._random.uniform(0, self._delay) for _ in range(times)]


def _socket() -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    one.bind(("127.0.0.1", 0))
    return one
