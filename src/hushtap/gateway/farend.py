"""A connection that brings one call, from its first byte to its last."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING

from hushtap.errors import BusyError, ConsentError, TapError
from hushtap.observe import Log, LogEvent, Name, Reason

if TYPE_CHECKING:
    from hushtap.gateway.calls import GatewayCall
    from hushtap.observe import Value

_log = Log(__name__)


class Ending(StrEnum):
    """How a connection ended."""

    DONE = "done"
    """The far end hung up, was silent for too long, or the gateway let it go."""
    BUSY = "busy"
    REFUSED = "refused"
    """The caller does not want to be recorded, or the sender has no right to send."""
    MALFORMED = "malformed"
    """What came makes no sense."""
    FAILED = "failed"
    """It is our fault."""


class RefusedError(TapError):
    """The sender has no right to send."""


class FarEnd(ABC):
    """One connection. ``first`` and ``idle``: seconds until it must bring a call, and audio."""

    def __init__(self, *, first: float, idle: float) -> None:
        self.call: GatewayCall | None = None
        self._idle = idle
        self._patience = asyncio.timeout(first)
        self._let_go = False

    @abstractmethod
    async def read(self) -> None:
        """Read until the far end hangs up; hand its audio to ``call``, see ``begin``.

        Raises:
            TapError: what came makes no sense.
            HushtapError: as ``Calls.admit``.
            OSError: the connection was lost: it hung up.
        """

    @abstractmethod
    async def close(self, ending: Ending) -> None:
        """Say goodbye and close. May raise ``OSError``."""

    def begin(self, call: GatewayCall) -> None:
        """Let ``call`` be that of the connection: once it is over, the far end is let go."""
        self.call = call
        reading = asyncio.current_task()
        assert reading is not None  # noqa: S101 - run() is one
        self._watch = asyncio.create_task(self._wait_over(call, reading))
        self.heard()

    def heard(self) -> None:
        """Take note that there is audio: the far end is not idle."""
        self._patience.reschedule(asyncio.get_running_loop().time() + self._idle)

    async def run(self) -> None:
        """Take the call, until one side ends it. Cancel it to end the call in order."""
        reason: Reason | None = Reason.TAP_FAILED
        ending = Ending.FAILED
        try:
            ending = await self._read()
            if ending is Ending.DONE:
                reason = None
        except asyncio.CancelledError:
            ending, reason = Ending.DONE, None
            if not self._let_go:
                raise
        finally:
            try:
                with suppress(OSError):
                    await self.close(ending)
            finally:
                if self.call is not None:
                    self._watch.cancel()
                    await self.call.end(reason)

    async def _read(self) -> Ending:
        fields: dict[Name, Value]
        try:
            async with self._patience:
                await self.read()
        except (TimeoutError, OSError):
            # Silent for too long, or the connection was lost: either way it hung up.
            return Ending.DONE
        except BusyError:
            return Ending.BUSY
        except (ConsentError, RefusedError) as error:
            ending, fields = Ending.REFUSED, {Name.ERROR: type(error)}
        except TapError:
            ending, fields = Ending.MALFORMED, {Name.REASON: Reason.TAP_FAILED}
        except Exception as error:  # noqa: BLE001 - it must not matter to the others how it broke
            ending, fields = Ending.FAILED, {Name.ERROR: type(error)}
        else:
            return Ending.DONE
        _log.warning(LogEvent.FAILED_CLOSED, fields)
        return ending

    async def _wait_over(self, call: GatewayCall, reading: asyncio.Task[object]) -> None:
        await call.wait_over()
        self._let_go = True
        reading.cancel()
