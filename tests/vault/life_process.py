"""Steps in the life of recordings, in a process of its own, for tests that kill it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.errors import VaultError
from hushtap.vault.recordings import CallDetails, Vault
from vault.calls import PHONE_LINE


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("act", choices=["record"])
    parser.add_argument("about", nargs="?")
    arguments = parser.parse_args()
    vault = Vault.open(arguments.vault)
    try:
        details = CallDetails(caller=arguments.about)
        vault.record(PHONE_LINE, source="line", policy="abc", call=details).close()
    except VaultError as error:
        sys.stdout.write(f"VaultError {error}\n")
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
