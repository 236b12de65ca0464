"""What a desk destroys by time: sounds whose term is over, callers of requests that are."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from hushtap.vault.recordings import Vault
    from hushtap.web.cases import TuningCases
    from hushtap.web.disposals import DisposalRequests

_LOGGER: Final = logging.getLogger("hushtap.web")
EVERY_S: Final = 60.0
"""Seconds between two looks."""


class Upkeep:
    """Looks every ``every`` seconds, in a thread; what fails is told and tried again."""

    def __init__(
        self,
        vault: Vault,
        cases: TuningCases,
        requests: DisposalRequests,
        every: float = EVERY_S,
    ) -> None:
        self._vault = vault
        self._cases = cases
        self._requests = requests
        self._every = every
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the look it is at."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(15)

    def look(self) -> None:
        """Destroy what is due. Raises ``VaultError``."""
        self._requests.forget_callers()
        self._cases.purge(self._vault)

    def _run(self) -> None:
        while not self._end.wait(self._every):
            try:
                self.look()
            except HushtapError as error:
                _LOGGER.error("%s", error)  # noqa: TRY400 - the text is ours, a trace is not
