"""Mutes a span of the first recording of the vault named; killed half way by its test."""

import sys
from pathlib import Path

from hushtap.timeline import Span
from hushtap.values import Entity
from hushtap.vault.recordings import Vault

vault = Vault.open(Path(sys.argv[1]))
print("ready", flush=True)  # noqa: T201 - its test waits for it
vault.mute(vault.list()[0].id, 1, Span(4000, 12_000), Entity.US_SSN)
