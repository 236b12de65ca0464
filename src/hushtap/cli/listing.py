"""``hushtap vault list``: recordings by what is known of them, a page at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hushtap.cli.labels import ConsentName
from hushtap.cli.output import clock, complain, print_json, print_table
from hushtap.errors import UsageError
from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.vault.recordings import Query, RecordingInfo, Vault

AT_ONCE: Final = 1000
"""Recordings in memory at a time, where all are listed."""


class StateName(StrEnum):
    """The states, as ``hushtap.vault.search`` has them; importing that takes time."""

    OPEN = "open"
    CLOSED = "closed"
    INTERRUPTED = "interrupted"
    DISPOSED = "disposed"


SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Begun then or later: 2026-11-01, 2026-11-01T09."),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", metavar="TIME", help="Begun before then. Times are UTC.")
]
AgentFilter = Annotated[str | None, typer.Option("--agent", metavar="NAME", help="Who took it.")]
QueueFilter = Annotated[
    str | None, typer.Option("--queue", metavar="NAME", help="Where it came in.")
]
EntityFilter = Annotated[
    str | None, typer.Option("--entity", metavar="NAME", help="With a finding such as CVV.")
]
StateFilter = Annotated[StateName | None, typer.Option("--state", help="Where it stands.")]
HoldFilter = Annotated[
    bool | None, typer.Option("--hold/--no-hold", help="Under a legal hold, or not.")
]
ConsentFilter = Annotated[
    ConsentName | None, typer.Option("--consent", help="What the caller said.")
]
CallerFilter = Annotated[
    str | None,
    typer.Option("--caller", metavar="REFERENCE", help="Whose call it was."),
]
CallIdFilter = Annotated[
    str | None, typer.Option("--call-id", metavar="ID", help="What the switch called it.")
]


def query_of(
    *,
    since: str | None,
    until: str | None,
    agent: str | None,
    queue: str | None,
    entity: str | None,
    state: StateName | None,
    held: bool | None,
    consent: ConsentName | None,
    caller: str | None,
    call_id: str | None,
) -> Query:
    """Return what the filters ask for. Raises ``UsageError``."""
    from hushtap.values import Entity  # noqa: PLC0415
    from hushtap.vault.recordings import Consent, Query, State  # noqa: PLC0415

    if entity is not None and entity not in list(Entity):
        raise UsageError(f"--entity {entity!r}: give one of {', '.join(Entity)}")
    return Query(
        since=None if since is None else moment("--since", since),
        until=None if until is None else moment("--until", until),
        agent=agent,
        queue=queue,
        entity=None if entity is None else Entity(entity),
        state=None if state is None else State(state),
        held=held,
        consent=None if consent is None else Consent(consent),
        caller=caller,
        call_id=call_id,
    )


def moment(option: str, text: str) -> datetime:
    """Read a date or a time in ISO 8601; UTC where it has no zone. Raises ``UsageError``."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text!r}: give a date or time as 2026-11-01T09:00") from None


def pages(vault: Vault, query: Query) -> Iterator[RecordingInfo]:
    """Yield all that fits, or as many as the query's limit, a bounded number in memory."""
    left = query.limit
    while left is None or left > 0:
        page = vault.search(replace(query, limit=AT_ONCE if left is None else min(left, AT_ONCE)))
        yield from page
        if len(page) < (AT_ONCE if left is None else min(left, AT_ONCE)):
            return
        left = None if left is None else left - len(page)
        query = replace(query, after=page[-1].id)


def info_as_json(info: RecordingInfo) -> dict[str, Any]:
    """Return what is known of a recording, for a program."""
    return {
        "recording": info.id,
        "started": info.started.isoformat(),
        "state": str(info.state),
        "sample_rate": info.audio_format.sample_rate,
        "channels": info.audio_format.channels,
        "samples": info.samples,
        "seconds": round(to_seconds(info.samples, info.audio_format.sample_rate), 6),
        "source": info.source,
        "policy_fingerprint": info.policy,
        "findings": dict(info.findings),
        "agent": info.agent,
        "queue": info.queue,
        "direction": None if info.direction is None else str(info.direction),
        "caller_hash": info.caller,
        "call_id": info.call_id,
        "consent": str(info.consent),
        "held": info.held,
    }


def list_recordings(
    vault: Path,
    query: Query,
    *,
    as_json: bool,
) -> None:
    """Print the recordings that fit."""
    from hushtap.vault.recordings import Vault  # noqa: PLC0415

    rows = []
    last = None
    count = 0
    for info in pages(Vault.open(vault), query):
        last, count = info.id, count + 1
        if as_json:
            print_json(info_as_json(info))
            continue
        found = ", ".join(f"{entity} {number}" for entity, number in sorted(info.findings.items()))
        state = f"{info.state}, held" if info.held else str(info.state)
        length = clock(to_seconds(info.samples, info.audio_format.sample_rate))
        consent = "" if info.consent == "unknown" else str(info.consent)
        rows.append(
            (
                *(info.id, state, length, found, info.agent or "", info.queue or ""),
                *(consent, info.source),
            )
        )
    if not as_json:
        columns = ("recording", "state", "length", "found", "agent", "queue", "consent", "source")
        empty = [at for at in range(4, 7) if not any(row[at] for row in rows)]
        kept = [at for at in range(len(columns)) if at not in empty]
        print_table([columns[at] for at in kept], [[row[at] for at in kept] for row in rows])
        if count == query.limit:
            complain(f"more may follow: --after {last}")
