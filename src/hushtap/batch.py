"""Calls from files, as fast as the ears can hear, with the mutes of a live call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hushtap.ears.engine import MAX_BATCH
from hushtap.pipeline import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hushtap.ears.engine import Engine
    from hushtap.values import PcmChunk, RedactedChunk

WINDOWS_AHEAD: Final = 2 * MAX_BATCH
"""Windows gathered before the ears listen: enough to fill batches, little to hold."""


def run(call: Call, chunks: Iterable[PcmChunk], engine: Engine) -> Iterator[RedactedChunk]:
    """Yield the redacted audio of a call, in order per channel.

    Memory is bounded by ``WINDOWS_AHEAD`` windows and the policy's ``max_hold``.
    """
    waiting = []
    for chunk in chunks:
        call.feed(chunk)
        waiting += call.windows()
        if len(waiting) >= WINDOWS_AHEAD:
            _listen(call, waiting, engine)
        yield from call.released()
    call.finish()
    _listen(call, waiting + call.windows(), engine)
    yield from call.released()


def _listen(call: Call, windows: list, engine: Engine) -> None:
    heard = engine.listen([window.audio for window in windows])
    for window, result in zip(windows, heard, strict=True):
        call.heard(window, result)
    windows.clear()
