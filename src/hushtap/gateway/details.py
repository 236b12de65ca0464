"""What a sender says of a call, as far as it may be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import ConsentError, UsageError
from hushtap.vault.recordings import CallDetails, Consent, Direction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_TEXTS: Final = ("agent", "queue", "caller", "call_id")


def details_from(said: Mapping[str, str | None]) -> CallDetails:
    """Return the details in ``said``, which is what a stranger sent.

    ``agent``, ``queue``, ``caller``, ``call_id``, ``direction`` and ``consent`` are taken.
    One that may not be stored is left out: the call is recorded all the same.

    Raises:
        ConsentError: ``consent`` is no word that is known: nobody can say that it was given.
    """
    kept: dict[str, Any] = {name: said[name] for name in _TEXTS if said.get(name)}
    for name in list(kept):
        try:
            CallDetails(**{name: kept[name]})
        except UsageError:
            del kept[name]
    if said.get("direction") in list(Direction):
        kept["direction"] = Direction(str(said["direction"]))
    consent = said.get("consent") or Consent.UNKNOWN
    if consent not in list(Consent):
        raise ConsentError("the consent that the sender tells of is none that is known")
    return CallDetails(consent=Consent(consent), **kept)


def picked(said: str | None, allowed: Collection[str], otherwise: str | None) -> str | None:
    """Return the queue whose policy judges a call: ``said`` where settings allow it to be said.

    Who may name any queue could pick the policy that mutes least.
    """
    return said if said in allowed else otherwise
