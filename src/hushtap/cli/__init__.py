"""The command ``hushtap``. Results go to stdout, progress and errors to stderr.

Exit codes: 0 done, 1 something about a call or its store failed, 2 wrong use,
3 weights or a recording are not what they should be, 130 interrupted.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from hushtap.cli import signals
from hushtap.cli.streams import guarded
from hushtap.errors import HushtapError

if TYPE_CHECKING:
    from hushtap.cli.commands import app

__all__ = ["app", "main", "run"]


def main() -> NoReturn:
    """Run the command and exit. An unexpected error shows its type alone.

    Its text could carry speech; ``HUSHTAP_DEBUG=1`` shows it with its traceback.
    """
    # First of all, and before anything is imported that takes time.
    signals.install()
    code = 0
    try:
        code = run()
    except KeyboardInterrupt:
        code = signals.INTERRUPTED
    signals.leave(code)


def run() -> int:
    """Run the command; return its exit code once all it had to tell is told.

    Leaves the process and its signals alone, for those who go on afterwards:
    ``main`` ends the process at once where a thread still waits for something.

    Raises:
        KeyboardInterrupt: it was interrupted, and has said so.
    """
    try:
        with guarded():
            try:
                from hushtap.cli.commands import app  # noqa: PLC0415

                app()
            except SystemExit as ended:
                if _by_a_signal(ended):
                    _complain("interrupted")
                return ended.code if isinstance(ended.code, int) else 0
            except KeyboardInterrupt:
                _complain("interrupted")
                raise
            except Exception as exc:  # noqa: BLE001 - the last line of defence
                return _failed(exc)
    except HushtapError as exc:
        # Standard output failed only now that it was emptied.
        return _failed(exc)
    return 0


def _failed(exc: Exception) -> int:
    if isinstance(exc, HushtapError):
        _complain(str(exc))
    else:
        _complain(f"unexpected {type(exc).__name__}: set HUSHTAP_DEBUG=1 to see where")
    if os.environ.get("HUSHTAP_DEBUG") == "1":
        import traceback  # noqa: PLC0415 - for this alone

        traceback.print_exc()
    return exc.exit_code if isinstance(exc, HushtapError) else HushtapError.exit_code


def _by_a_signal(ended: SystemExit) -> bool:
    """Return whether Typer made ``ended`` from a ``KeyboardInterrupt``."""
    cause: BaseException | None = ended
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or cause.__context__
    return cause is not None


def _complain(line: str) -> None:
    from hushtap.cli.output import complain  # noqa: PLC0415

    complain(line)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - it has its own type above
    if name == "app":
        from hushtap.cli.commands import app  # noqa: PLC0415

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
