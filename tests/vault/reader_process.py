"""Reads a recording, and exports it where a file is named, in a process of its own."""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.errors import VaultError
from hushtap.vault.audit.log import LOG_NAME
from hushtap.vault.recordings import Vault
from vault.audit.logs import log_of

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("recording")
    parser.add_argument("wav", type=Path, nargs="?")
    parser.add_argument("--full-disk", action="store_true")
    arguments = parser.parse_args()
    vault = Vault.open(arguments.vault)
    if arguments.full_disk:
        # No file grows beyond what the log has already: the catalog still has room.
        held = log_of(arguments.vault, 20)
        size = (arguments.vault / f"{LOG_NAME}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    else:
        held = None
    acts: dict[str, Callable[[], object]] = {"read": lambda: vault.read(arguments.recording)}
    if arguments.wav is not None:
        acts["exported"] = lambda: vault.export(arguments.recording, arguments.wav)
    for name, one in acts.items():
        try:
            one()
            sys.stdout.write(f"{name}\n")
        except VaultError as error:
            sys.stdout.write(f"VaultError {error}\n")
    del held


if __name__ == "__main__":
    main()
