"""Who is the agent, and what a recording is filed under. No standard says; settings do.

For each stream, the first of these that tells: a pattern that its participant's address
matches; the near or far end of a forking telephone (Cisco); whom the client calls the
calling party; the order of the participants, else of the labels, else of the lines.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from hushtap.errors import UsageError
from hushtap.taps.siprec.fields import address, uri_parameters, user
from hushtap.taps.siprec.message import RefusedError
from hushtap.taps.siprec.metadata import Metadata, Participant
from hushtap.vault.details import LONGEST, CallDetails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hushtap.taps.siprec.message import Request

AGENT: Final = 0
"""The agent's channel."""
CALLER: Final = 1

_TELEPHONE: Final = re.compile(r"\+?(?:[\s().\-/]*[0-9]){7,}[\s().\-/]*", re.ASCII)
"""What may be a subscriber's number (RFC 3966) rather than an extension."""

_CALL_IDS: Final = ("sipsessionid", "ucid", "callid", "call-id")


@dataclass(frozen=True, slots=True)
class Rule:
    """How agent and caller are told apart.

    ``agents`` are patterns (``*``, ``?``) of addresses of record or their users;
    ``agent_first`` tells whether the agent is the first in order, where order decides.
    ``queue_header`` and ``call_id_header`` are headers of the INVITE, ``queue_element``
    is an element of the metadata: their first value is taken.
    """

    agents: tuple[str, ...] = ()
    agent_first: bool = False
    queue_header: str | None = None
    queue_element: str | None = None
    call_id_header: str | None = None


def channels(
    labels: Sequence[str | None], known: Metadata, request: Request, rule: Rule
) -> list[int]:
    """Return the channel of each audio stream, given by their labels in the order of the SDP.

    Where two streams would share a channel although one can tell them apart by order,
    order decides; from the third on, streams are mixed into the channel of their like.
    """
    told = [_told(label, known, request, rule) for label in labels]
    ranks = _ranks(labels, known)
    by_order = [AGENT if (rank == 0) == rule.agent_first else CALLER for rank in ranks]
    if len(told) == 2 and None not in told and told[0] == told[1]:  # noqa: PLR2004
        return by_order
    if len(told) == 2 and (told[0] is None) != (told[1] is None):  # noqa: PLR2004
        sure = 0 if told[1] is None else 1
        other = CALLER if told[sure] == AGENT else AGENT
        return [one if one is not None else other for one in told]
    return [ours if ours is not None else order for ours, order in zip(told, by_order, strict=True)]


def details(known: Metadata, request: Request, rule: Rule) -> CallDetails:
    """Return what the catalog is told of a call; what it may not store is left out."""
    agent, caller = _parties(known, rule)
    agent_told = _identity(agent)
    if agent_told and not (agent and _matches(agent, rule)) and _TELEPHONE.fullmatch(agent_told):
        # The order may be wrong, and this the caller's number, which is not stored in clear.
        agent_told = None
    header = request.headers.get
    queue = (header(rule.queue_header.lower()) if rule.queue_header else None) or (
        known.texts.get(rule.queue_element.lower()) if rule.queue_element else None
    )
    call_id = header(rule.call_id_header.lower()) if rule.call_id_header else None
    call_id = call_id or next((known.texts[one] for one in _CALL_IDS if one in known.texts), None)
    call_id = call_id or _from_parameters(request).get("x-refci") or header("call-id")
    found = CallDetails()
    for name, value in {
        "agent": agent_told,
        "queue": queue,
        "caller": _identity(caller),
        "call_id": call_id,
    }.items():
        text = (value or "")[:LONGEST].strip()
        with suppress(UsageError):
            found = found if not text else _with(found, name, text)
    return found


def _with(found: CallDetails, name: str, text: str) -> CallDetails:
    values = {one: getattr(found, one) for one in ("agent", "queue", "caller", "call_id")}
    return CallDetails(**{**values, name: text})


def _told(label: str | None, known: Metadata, request: Request, rule: Rule) -> int | None:
    heard = known.heard_in(label) if label is not None else []
    people = [known.participants[who] for who in heard]
    if any(_matches(one, rule) for one in people):
        return AGENT
    if people and rule.agents and any(_matches(one, rule) for one in known.participants.values()):
        return CALLER
    end = _from_parameters(request)
    if "x-nearend" in end or "x-farend" in end:
        return AGENT if "x-nearend" in end else CALLER
    if any(one.calling for one in people):
        return CALLER
    if people and any(one.calling for one in known.participants.values()):
        return AGENT
    return None


def _ranks(labels: Sequence[str | None], known: Metadata) -> list[int]:
    """Return for each stream its place in order, from 0."""
    order = list(known.participants)
    heard = [known.heard_in(label) if label is not None else [] for label in labels]
    keys: list[int]
    firsts = [order.index(who[0]) for who in heard if who]
    if len(set(firsts)) == len(labels):
        keys = firsts
    else:
        numbers = [int(one[:9]) for one in labels if one and one.isascii() and one.isdecimal()]
        keys = numbers if len(set(numbers)) == len(labels) else list(range(len(labels)))
    return [sorted(keys).index(key) for key in keys]


def _parties(known: Metadata, rule: Rule) -> tuple[Participant | None, Participant | None]:
    """Return the agent and the caller, as far as the participants tell."""
    people = list(known.participants.values())
    if not people:
        return None, None
    sure = [one for one in people if _matches(one, rule)]
    calling = [one for one in people if one.calling]
    if sure and len(sure) < len(people):
        agent = sure[0]
    elif calling and len(people) > 1:
        agent = next((one for one in people if not one.calling), people[0])
    else:
        agent = people[0 if rule.agent_first or len(people) == 1 else 1]
    return agent, next((one for one in people if one is not agent), None)


def _matches(one: Participant, rule: Rule) -> bool:
    return any(
        fnmatchcase(text.lower(), pattern.lower())
        for aor in one.aors
        for text in (aor, user(aor))
        for pattern in rule.agents
    )


def _identity(one: Participant | None) -> str | None:
    if one is None:
        return None
    return next((name for aor in one.aors if (name := user(aor))), None) or one.name


def _from_parameters(request: Request) -> dict[str, str | None]:
    with suppress(RefusedError):
        return uri_parameters(address(request.headers.get("from") or "").uri)
    return {}
