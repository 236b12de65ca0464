"""Standard streams that may be closed, full or gone, and what that means for a command.

Results that cannot be told end a command with one line; progress and complaints
that cannot be shown never do.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD: Final = (0, 1, 2)


class OutputError(HushtapError):
    """Standard output does not take what a command has to tell."""


@contextmanager
def guarded() -> Iterator[None]:
    """Put guards in place of ``sys.stdout`` and ``sys.stderr``; flush standard output at the end.

    Within, printing raises ``OutputError`` where standard output fails, and nothing
    where the other does. A stream that the caller closed takes everything silently.
    """
    _keep_descriptors()
    out, err = sys.stdout, sys.stderr
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = cast("TextIO", _Results(out or nowhere))
        sys.stderr = cast("TextIO", _Remarks(err or nowhere))
        try:
            yield
            sys.stdout.flush()
        finally:
            sys.stdout, sys.stderr = out, err


def _keep_descriptors() -> None:
    """Keep a file of ours from becoming a standard stream, where libraries would print into it."""
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


class _Guard:
    """A text stream; what it does not do itself, the stream behind it does."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A file name in another encoding must not end a run.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a stream has
        return getattr(self._stream, name)


class _Results(_Guard):
    """Standard output: a failure is told once, as an error of ours."""

    def write(self, text: str) -> int:
        if text == "":
            # Typer asks so what kind of stream this is, and swallows what it is told.
            return 0
        with self._translated():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._translated():
            self._stream.flush()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            _give_up(self._stream)
            raise OutputError(
                f"standard output cannot be written ({exc.strerror}): send it elsewhere"
            ) from exc


class _Remarks(_Guard):
    """Standard error: where it fails, there is nobody to tell."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            _give_up(self._stream)


def _give_up(stream: TextIO) -> None:
    """Let the rest of ``stream`` go nowhere: the interpreter writes it when it ends, and fails."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
