"""``hushtap serve`` in a process of its own, with ears that hear nothing: for signals and kills."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.rig import DeafEar
from hushtap.cli import signals
from hushtap.cli.output import make_vault
from hushtap.cli.serve import _log_to_stderr, run
from hushtap.ears.shared import Ears
from hushtap.gateway.config import read_settings


def main() -> int:
    """Serve by the settings that the first argument names."""
    signals.install()
    settings = read_settings(Path(sys.argv[1]))
    _log_to_stderr()
    with Ears(DeafEar()) as ears:
        return run(settings, make_vault(settings.vault.path), ears, as_json=True)


if __name__ == "__main__":
    sys.exit(main())
