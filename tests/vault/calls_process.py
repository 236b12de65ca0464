"""A recorder in a process of its own that takes one short call after another, until killed.

Prints the id of each recording once it is closed.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.vault.recordings import Vault
from vault.rotations import record


def main() -> None:
    vault = Vault.open(Path(sys.argv[1]))
    while True:
        sys.stdout.write(f"{record(vault)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
