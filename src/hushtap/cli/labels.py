"""What the commands that record are told of a call: the same options in each."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hushtap.vault.details import CallDetails


class DirectionName(StrEnum):
    """The directions, as ``hushtap.vault.details`` has them; importing that takes time."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class ConsentName(StrEnum):
    """The consents, likewise."""

    UNKNOWN = "unknown"
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


_PANEL = "What is known of the call"

AgentOption = Annotated[
    str | None,
    typer.Option("--agent", metavar="NAME", help="Who took it.", rich_help_panel=_PANEL),
]
QueueOption = Annotated[
    str | None,
    typer.Option("--queue", metavar="NAME", help="Where it came in.", rich_help_panel=_PANEL),
]
DirectionOption = Annotated[
    DirectionName | None,
    typer.Option("--direction", help="Who called whom.", rich_help_panel=_PANEL),
]
CallerOption = Annotated[
    str | None,
    typer.Option(
        "--caller",
        metavar="REFERENCE",
        envvar="HUSHTAP_CALLER",
        help="A number or a customer's reference: kept as a keyed hash only.",
        rich_help_panel=_PANEL,
    ),
]
CallIdOption = Annotated[
    str | None,
    typer.Option(
        "--call-id", metavar="ID", help="What the switch calls it.", rich_help_panel=_PANEL
    ),
]
ConsentOption = Annotated[
    ConsentName,
    typer.Option(
        "--consent",
        help="What the caller said to being recorded; refused is not recorded.",
        rich_help_panel=_PANEL,
    ),
]


def details_of(
    *,
    agent: str | None,
    queue: str | None,
    direction: DirectionName | None,
    caller: str | None,
    call_id: str | None,
    consent: ConsentName,
) -> CallDetails | None:
    """Return what was said of the call; ``None`` where nothing was.

    Raises:
        UsageError: a value cannot be stored.
    """
    from hushtap.vault.details import CallDetails, Consent, Direction  # noqa: PLC0415

    details = CallDetails(
        agent=agent,
        queue=queue,
        direction=None if direction is None else Direction(direction),
        caller=caller,
        call_id=call_id,
        consent=Consent(consent),
    )
    return None if details == CallDetails() else details
