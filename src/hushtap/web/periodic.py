"""Work that a desk does again and again beside its requests."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from collections.abc import Callable

_LOGGER: Final = logging.getLogger("hushtap.web")
_LAST_S: Final = 15.0
"""Seconds that ``stop`` waits for what is being done."""


class Periodic:
    """Calls ``do`` every ``every`` seconds, in a thread; what fails is told and tried again."""

    def __init__(self, name: str, every: float, do: Callable[[], object]) -> None:
        self._every = every
        self._do = do
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; the first time is after ``every`` seconds."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after what it is doing."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_S)

    def _run(self) -> None:
        while not self._end.wait(self._every):
            try:
                self._do()
            except HushtapError as error:
                _LOGGER.error("%s", error)  # noqa: TRY400 - the text is ours, a trace is not
