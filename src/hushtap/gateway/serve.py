"""One process, many calls: taps, ears, vault and control put together, from start to drain."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import HushtapError
from hushtap.gateway.admission import Admission
from hushtap.gateway.calls import Calls
from hushtap.gateway.control import Control
from hushtap.gateway.figures import Figures
from hushtap.gateway.http import Desk
from hushtap.gateway.notify import State, notify
from hushtap.gateway.outbox import Outbox
from hushtap.gateway.policies import Policies
from hushtap.gateway.supervisors import Supervisors
from hushtap.gateway.web import WebServer
from hushtap.gateway.webhooks import Webhooks
from hushtap.live import analyzer_of
from hushtap.observe import Log, LogEvent, Name

if TYPE_CHECKING:
    from collections.abc import Callable

    from hushtap.ears.shared import Ears
    from hushtap.gateway.config import Settings
    from hushtap.gateway.policies import Loaded
    from hushtap.gateway.taps import TapServer
    from hushtap.vault.recordings import Vault

TAPS: Final = {
    "rtp": ("hushtap.gateway.rtp", "RtpServer"),
    "siprec": ("hushtap.gateway.siprec", "SiprecServer"),
    "audiosocket": ("hushtap.gateway.audiosocket", "AudioSocketServer"),
    "twilio": ("hushtap.gateway.twilio", "TwilioServer"),
    "audiohook": ("hushtap.gateway.audiohook", "AudioHookServer"),
}
"""The tap of each section, imported where the section is there."""

THREADS: Final = 16
"""Threads for the turns of calls, which wait for the disk now and then."""

BEAT_S: Final = 1.0
"""Seconds between two signs of life."""

_log = Log(__name__)


class Gateway:
    """Everything that serves. Use ``run``.

    Raises:
        UsageError: a setting cannot be used.
    """

    def __init__(self, settings: Settings, vault: Vault, ears: Ears) -> None:
        limits = settings.limits
        self._settings = settings
        self._vault = vault
        self._ears = ears
        self._policies = Policies(settings.policy)
        self.calls = Calls(
            vault,
            self._policies,
            ears=ears,
            admission=Admission(limits, ears.metrics),
            longest=limits.longest,
            monitored=settings.monitor.delay if settings.monitor else None,
        )
        self.webhooks: Webhooks | None = None
        if settings.webhooks is not None:
            outbox = Outbox(vault)
            self.webhooks = Webhooks(settings.webhooks, outbox)
            self.calls.begun, self.calls.tell = outbox.owe, self.webhooks.tell
        monitor = settings.monitor
        self.supervisors = Supervisors(monitor, self.calls, vault) if monitor else None
        self.figures = Figures(
            self.calls, ears.metrics, webhooks=self.webhooks, supervisors=self.supervisors
        )
        desk = Desk(
            *(settings.http, self.calls),
            ears=ears,
            figures=self.figures,
            control=Control(vault),
            supervisors=self.supervisors,
        )
        self.web = WebServer(desk.app, settings.http, section="http")
        self.taps = [self._tap(name) for name in TAPS if getattr(settings, name, None) is not None]
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    def stop(self) -> None:
        """Take no more calls, and end once those that are up have ended."""
        self._stopping.set()

    def abandon(self) -> None:
        """End now: silence for what was not cleared yet."""
        self._stopping.set()
        self._hurry.set()

    async def reload(self) -> None:
        """Read the policies again, for calls to come, and who may listen, also to those up.

        Where a policy is wrong, all stay as they were; so do the listeners where their file is.
        """
        problems: list[HushtapError] = []
        # First and on its own: a wrong policy keeps no listener in.
        if self.supervisors is not None:
            try:
                self.supervisors.used = await asyncio.to_thread(self.supervisors.load)
            except HushtapError as error:
                problems.append(error)
        try:
            await asyncio.to_thread(self._reload)
        except HushtapError as error:
            problems.append(error)
        for problem in problems:
            _log.warning(LogEvent.RELOADED, {Name.ERROR: type(problem)})
        if not problems:
            _log.info(LogEvent.RELOADED)

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until ``stop`` or ``abandon``; ``ready`` is called once calls are taken.

        Raises:
            UsageError: an address cannot be bound.
        """
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(THREADS, "hushtap-turn"))
        loop.set_exception_handler(_note)
        # Seconds of imports, that the first call should not wait for.
        await asyncio.to_thread(_warm, self._policies.used)
        beating = asyncio.create_task(self._beat())
        started: list[TapServer | WebServer] = []
        if self.webhooks is not None:
            await self.webhooks.start()
        try:
            servers: list[TapServer | WebServer] = [self.web, *self.taps]
            for server in servers:
                await server.start()
                started.append(server)
            _log.info(LogEvent.STARTED, {Name.COUNT: len(self.taps)})
            notify(State.READY)
            ready()
            await self._stopping.wait()
            await self._drain()
        finally:
            for server in reversed(started):
                await server.stop()
            if self.webhooks is not None:
                await self.webhooks.stop()
            beating.cancel()
            _log.info(LogEvent.STOPPED)

    async def _drain(self) -> None:
        notify(State.STOPPING)
        _log.info(LogEvent.DRAINING, {Name.COUNT: len(self.calls.up())})
        self.calls.drain()
        for tap in self.taps:
            await tap.drain()
        gone = asyncio.create_task(self.calls.gone())
        hurry = asyncio.create_task(self._hurry.wait())
        await asyncio.wait(
            {gone, hurry},
            timeout=self._settings.limits.drain,
            return_when=asyncio.FIRST_COMPLETED,
        )
        hurry.cancel()
        if not gone.done():
            await self.calls.abandon()
            await gone

    async def _beat(self) -> None:
        while True:
            self.figures.beat()
            self.calls.admission.note()
            if self._ears.alive:
                # Without ears nothing is recorded any more: let the watchdog restart all.
                notify(State.ALIVE)
            await asyncio.sleep(BEAT_S)

    def _reload(self) -> None:
        loaded = self._policies.load()
        _warm(loaded)
        used = {policy.fingerprint for policy in self._policies.used.all()}
        # On record before a call gets it.
        for fingerprint in {policy.fingerprint for policy in loaded.all()} - used:
            self._vault.policy_changed(fingerprint)
        self._policies.used = loaded

    def _tap(self, name: str) -> TapServer:
        module, made_by = TAPS[name]
        make: Any = getattr(import_module(module), made_by)
        section = getattr(self._settings, name)
        tap: TapServer = make(section, self.calls, idle=self._settings.limits.idle)
        return tap


def _warm(loaded: Loaded) -> None:
    for policy in loaded.all():
        analyzer_of(policy.entities)


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log the class of an error that nobody waits for: its text could quote what came."""
    error = context.get("exception")
    kind = type(error) if isinstance(error, BaseException) else RuntimeError
    with suppress(TypeError):
        _log.warning(LogEvent.FAILED_CLOSED, {Name.ERROR: kind})
