"""A recorder in a process of its own, for tests that kill it or take its disk away.

Prints the recording's id, then one line per step: what it did, or the error it met.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.errors import VaultError
from hushtap.vault.recordings import Recording, Vault
from vault.calls import FINDINGS, PHONE_LINE, WORDS, append_all, call, chunk

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--kill-after", type=int, help="samples after which it kills itself")
    parser.add_argument("--file-limit", type=int, help="bytes that any file may have")
    parser.add_argument("--step", type=int, default=160, help="samples handed over at once")
    parser.add_argument("--hold", action="store_true", help="go on until killed")
    arguments = parser.parse_args()
    vault = Vault.open(arguments.vault)
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    _say(recording.id)
    if arguments.file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (arguments.file_limit, arguments.file_limit))
    recording.add_words(WORDS)
    recording.add_findings(FINDINGS)
    audio = call(arguments.samples)
    if arguments.kill_after is not None:
        append_all(recording, audio[: arguments.kill_after])
        os.kill(os.getpid(), signal.SIGKILL)
    if arguments.hold:
        append_all(recording, audio, arguments.step)
        sys.stdin.read()
    _record(recording, audio)


def _record(recording: Recording, audio: NDArray[np.int16]) -> None:
    try:
        append_all(recording, audio)
        recording.close()
        _say("closed")
    except VaultError as error:
        _say(f"VaultError {error}")
    else:
        return
    refusals: list[Callable[[], None]] = [
        lambda: recording.append(chunk(call(10), 0, 0, 10)),
        lambda: recording.add_words(WORDS),
        recording.close,
    ]
    for again in refusals:
        try:
            again()
            _say("taken")
        except VaultError:
            _say("refused")
    recording.abort()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
