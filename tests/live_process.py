"""A live call in a process of its own, for tests that kill it, fill its disk or trace it.

Prints one line for each event of progress: how much is released. Logs go to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import resource
import signal
import sys
from functools import partial
from pathlib import Path

from hushtap.ears.loading import load_engine
from hushtap.errors import HushtapError
from hushtap.pii.policy import load_policy
from hushtap.session import Ears, Event, Pace, Progress, record_live
from hushtap.taps.file import FileTap
from hushtap.vault.recordings import Vault


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("call", type=Path)
    parser.add_argument("--pace", type=Pace, default=Pace.FAST)
    parser.add_argument("--file-limit", type=int, help="bytes that any file may have")
    parser.add_argument("--kill-at", type=int, help="released samples at which it kills itself")
    parser.add_argument("--leak", action="store_true", help="write the call as it is to a file")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.DEBUG)
    tap = FileTap(arguments.call)
    tap.chunk = tap.format.sample_rate // 50
    if arguments.leak:
        path = Path(os.environ["TMPDIR"]) / "leak.raw"
        path.write_bytes(b"".join(c.samples.tobytes() for c in tap if c.channel == 1))
        path.unlink()
        logging.getLogger("hushtap").debug("heard: nine eight seven")
    with Ears(load_engine("tiny.en")) as ears:
        vault = Vault.open(arguments.vault)
        if arguments.file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (arguments.file_limit, arguments.file_limit))
        try:
            asyncio.run(
                record_live(
                    tap,
                    vault,
                    load_policy("pci-ssn"),
                    ears=ears,
                    pace=arguments.pace,
                    on_event=partial(_show, kill_at=arguments.kill_at),
                )
            )
        except HushtapError as error:
            _say(f"{type(error).__name__} {error}")
            return error.exit_code
    _say("closed")
    return 0


def _show(event: Event, kill_at: int | None) -> None:
    if isinstance(event, Progress):
        _say(f"released {min(event.released)}")
        if kill_at is not None and min(event.released) >= kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
