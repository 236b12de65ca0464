"""Appends to a log in a process of its own: prints each number once that entry is on record."""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from hushtap.errors import VaultError
from hushtap.vault.audit.events import Outcome
from hushtap.vault.audit.log import VaultLog
from vault.audit.logs import event


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("entries", type=int)
    parser.add_argument("--file-limit", type=int, help="bytes that any file may have")
    arguments = parser.parse_args()
    log = VaultLog(arguments.vault)
    if arguments.file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (arguments.file_limit, arguments.file_limit))
    for at in range(arguments.entries):
        try:
            number = log.append(event(at, (Outcome.BEGUN, Outcome.SUCCESS)[at % 2]))
        except VaultError as error:
            sys.stdout.write(f"VaultError {error}\n")
        else:
            sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
