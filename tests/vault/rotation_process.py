"""A rotation in a process of its own, for tests that kill it.

With ``--kill-at N`` it kills itself when it is told of progress for the N-th time.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.vault.recordings import Vault
from vault.rotations import main_key, rotate


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("--kill-at", type=int, default=-1)
    arguments = parser.parse_args()
    told = 0

    def progress(_done: int, _of: int) -> None:
        nonlocal told
        told += 1
        if told == arguments.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    vault = Vault.open(arguments.vault)
    rotate(vault, main_key(vault), progress)
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
