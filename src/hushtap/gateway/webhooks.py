"""Tells other systems what happened to calls: signed POSTs, retried, never waited for.

Messages are those of ``hushtap.standardwebhooks``. What is told is in
``hushtap.gateway.notices``: ids, states and counts.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import httpx

from hushtap.errors import HushtapError
from hushtap.observe import Log, LogEvent, Name
from hushtap.standardwebhooks import message, read_keys, signed

if TYPE_CHECKING:
    from hushtap.gateway.config import WebhooksSection
    from hushtap.gateway.notices import Notice
    from hushtap.gateway.outbox import Outbox

_TIMEOUT_S: Final = 10.0
_LONGEST_WAIT_S: Final = 600.0
_GONE: Final = 410
"""The receiver wants no more of it: it is not tried again."""

_log = Log(__name__)


class Outcome(StrEnum):
    """What became of a message."""

    SENT = "sent"
    FAILED = "failed"
    """Given up after the last try."""
    KEPT = "kept"
    """As ``dropped``, but it is told of once the gateway starts again."""
    DROPPED = "dropped"
    """There was no room in the queue, or the gateway ended before it was sent."""


class Webhooks:
    """Sends what ``tell`` is given to one address, in order, one at a time.

    For the gateway's event loop. A receiver that is slow or gone costs nothing but the
    messages that do not fit into the queue, which are counted. ``outbox`` is told what was
    sent, or given up.

    Raises:
        UsageError: the secret cannot be used.
    """

    def __init__(self, section: WebhooksSection, outbox: Outbox | None = None) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        self._section = section
        self._keys = read_keys(section.secret)
        self._outbox = outbox
        self._queue: asyncio.Queue[tuple[Notice, bytes]] = asyncio.Queue(section.queue)
        self._task: asyncio.Task[None] | None = None

    @property
    def depth(self) -> int:
        """How many messages wait."""
        return self._queue.qsize()

    async def start(self) -> None:
        """Begin to send, with what was not told of when the gateway last ended."""
        if self._outbox is not None:
            try:
                owed = await asyncio.to_thread(self._outbox.owed, self._section.queue)
            except (HushtapError, OSError) as error:
                _log.warning(LogEvent.UNDELIVERED, {Name.ERROR: type(error)})
            else:
                for notice in owed:
                    self.tell(notice)
        self._task = asyncio.create_task(self._send_all())

    def tell(self, notice: Notice) -> None:
        """Send this as soon as it can be, or count it as dropped."""
        body = message(notice.told.value, notice.data())
        try:
            self._queue.put_nowait((notice, body))
        except asyncio.QueueFull:
            self._end(notice, Outcome.DROPPED)

    async def stop(self) -> None:
        """Give what waits a moment to be sent, then drop it."""
        if self._task is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._section.patience):
                await self._queue.join()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        while not self._queue.empty():
            self._end(self._queue.get_nowait()[0], Outcome.DROPPED)

    def _end(self, notice: Notice, outcome: Outcome) -> None:
        """Count what became of a message."""
        if self._outbox is not None and notice.told.is_end:
            if outcome is Outcome.DROPPED:
                outcome = Outcome.KEPT
            else:
                self._outbox.settle(notice.recording)
        self.outcomes[outcome] += 1

    async def _send_all(self) -> None:
        # What is configured is what is reached: no proxy of the environment, no redirect.
        async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
            while True:
                notice, body = await self._queue.get()
                outcome = Outcome.DROPPED
                try:
                    outcome = await self._send(client, notice.name, body)
                finally:
                    self._end(notice, outcome)
                    self._queue.task_done()

    async def _send(self, client: httpx.AsyncClient, name: str, body: bytes) -> Outcome:
        for attempt in range(self._section.attempts):
            if attempt:
                wait = min(self._section.wait * 2 ** (attempt - 1), _LONGEST_WAIT_S)
                # So that many gateways do not come back at the same moment.
                await asyncio.sleep(wait * (1 + secrets.randbelow(250) / 1_000))
            try:
                status = await self._post(client, name, body)
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                _log.warning(LogEvent.UNDELIVERED, {Name.ERROR: type(error), Name.COUNT: attempt})
                continue
            if 200 <= status < 300:  # noqa: PLR2004 - as HTTP has it
                return Outcome.SENT
            _log.warning(LogEvent.UNDELIVERED, {Name.STATUS: status, Name.COUNT: attempt})
            if status == _GONE:
                break
        return Outcome.FAILED

    async def _post(self, client: httpx.AsyncClient, name: str, body: bytes) -> int:
        headers = signed(name, body, self._keys)
        # The answer's body says nothing that is needed, and may never end.
        async with client.stream(
            "POST", self._section.url, content=body, headers=headers
        ) as answer:
            return answer.status_code
