"""Figures of calls without the people in them: one line of JSON a recording."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import VaultError
from hushtap.timeline import to_seconds
from hushtap.vault.audit.events import Activity, Kind, Thing
from hushtap.vault.catalog import State
from hushtap.vault.files import whole_file
from hushtap.vault.search import Query

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.audit.log import Journal, VaultLog
    from hushtap.vault.callers import Callers
    from hushtap.vault.catalog import Catalog, RecordingInfo

_AT_ONCE: Final = 1000


def export(
    catalog: Catalog,
    callers: Callers,
    journal: Journal,
    log: VaultLog,
    *,
    query: Query,
    file: Path,
    force: bool,
) -> int:
    """Write what fits ``query`` to ``file``, once that is on record; return how many lines.

    What is open or disposed of is left out. Memory does not grow with their number.

    Raises:
        VaultError: ``file`` exists and ``force`` is not set, or it, the catalog or the
            audit log cannot be used.
    """
    if file.resolve().is_relative_to(log.path.parent.resolve()):
        raise VaultError(f"{file}: lies inside the vault; name a file outside it")
    count = 0
    with (
        journal.act(Activity.EXPORT, Thing(Kind.VAULT, log.origin)),
        whole_file(file, replace=force) as out,
    ):
        query = replace(query, limit=_AT_ONCE)
        caller = None if query.caller is None else callers.known(query.caller)
        while page := catalog.search(query, caller):
            for info in page:
                if info.state in {State.CLOSED, State.INTERRUPTED}:
                    out.write(json.dumps(line(info, callers)).encode() + b"\n")
                    count += 1
            query = replace(query, after=page[-1].id)
    return count


def line(info: RecordingInfo, callers: Callers) -> dict[str, Any]:
    """Return what is told of one recording: neither its id nor its caller, nor its exact time."""
    return {
        "hour": f"{info.started:%Y-%m-%dT%H}Z",
        "agent": None if info.agent is None else callers.pseudonym(info.agent),
        "queue": info.queue,
        "direction": None if info.direction is None else str(info.direction),
        "consent": str(info.consent),
        "state": str(info.state),
        "seconds": round(to_seconds(info.samples, info.audio_format.sample_rate)),
        "channels": info.audio_format.channels,
        "findings": dict(info.findings),
    }
