"""What a desk destroys by time: sounds whose term is over, callers of requests that are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hushtap.web.periodic import Periodic

if TYPE_CHECKING:
    from hushtap.vault.recordings import Vault
    from hushtap.web.cases import TuningCases
    from hushtap.web.disposals import DisposalRequests

EVERY_S: Final = 60.0
"""Seconds between two looks."""


def upkeep(
    vault: Vault, cases: TuningCases, requests: DisposalRequests, every: float = EVERY_S
) -> Periodic:
    """Return what destroys, every ``every`` seconds once started, what is due."""

    def look() -> None:
        requests.forget_callers()
        cases.purge(vault)

    return Periodic("upkeep", every, look)
