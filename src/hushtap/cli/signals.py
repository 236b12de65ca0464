"""Ctrl-C and SIGTERM: the first one ends a command in order, the next one at once.

At once is safe: outputs appear whole or not at all, and a recording whose writer
ended is marked as interrupted. See ``hushtap.wholefile`` and ``hushtap.vault``.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

INTERRUPTED: Final = 128 + signal.SIGINT
"""Exit code of a command that Ctrl-C ended."""

_LINE: Final = b"hushtap: ended at once\n"


class InterruptedRunError(HushtapError):
    """Ctrl-C ended the run in order; the message says what that means for its calls."""

    exit_code = INTERRUPTED


class _Desk:
    """What the signals of this process are answered by."""

    asked = False
    listener: Callable[[], bool] | None = None


def install() -> None:
    """Answer SIGINT by ``KeyboardInterrupt`` and SIGTERM by ``SystemExit``, once."""
    _Desk.asked = False
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _answer)


@contextmanager
def answered_by(listener: Callable[[], bool]) -> Iterator[None]:
    """Let ``listener`` answer signals; once it returns False, the process ends at once."""
    _Desk.listener = listener
    try:
        yield
    finally:
        _Desk.listener = None


def leave(code: int) -> NoReturn:
    """End the process, whose work is done and told of, with ``code``.

    No signal stirs up an interpreter that is about to end. And none is torn down
    around a thread that waits for a device or a pipe which gives nothing: what
    that thread still holds would be reported as leaked, or be freed under it.
    """

    def at_once(_number: int, _frame: FrameType | None) -> NoReturn:
        os._exit(code)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, at_once)
    if any(thread.daemon for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            # A stream that is closed or gone has nothing left to give.
            with suppress(AttributeError, OSError, ValueError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _answer(number: int, _frame: FrameType | None) -> None:
    if _Desk.listener is not None:
        if _Desk.listener():
            return
    elif not _Desk.asked:
        _Desk.asked = True
        # As exceptions, so that half-written files go and recordings are closed.
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)
    try:
        # Not through Python's streams, which the interrupted code may hold.
        os.write(2, _LINE)
    finally:
        os._exit(128 + number)
