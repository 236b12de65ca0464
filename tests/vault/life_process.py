"""Steps in the life of recordings, in a process of its own, for tests that kill it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.errors import VaultError
from hushtap.vault.recordings import CallDetails, Vault
from vault.calls import PHONE_LINE, append_all, call, go_on


def record_on(vault: Vault) -> None:
    """Record a second, say its id, and go on once a line is read."""
    audio = call(40_000)
    recording = vault.record(PHONE_LINE, source="line", policy="abc")
    append_all(recording, audio[:8000])
    sys.stdout.write(f"{recording.id}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    go_on(recording, audio, 8000)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("act", choices=["record", "record-on", "dispose"])
    parser.add_argument("about", nargs="?")
    arguments = parser.parse_args()
    vault = Vault.open(arguments.vault)
    try:
        if arguments.act == "dispose":
            vault.life.dispose(arguments.about)
        elif arguments.act == "record-on":
            record_on(vault)
        else:
            details = CallDetails(caller=arguments.about)
            vault.record(PHONE_LINE, source="line", policy="abc", call=details).close()
    except VaultError as error:
        sys.stdout.write(f"{type(error).__name__} {error}\n")
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
