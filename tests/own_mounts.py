"""A way for a command to have mounts of its own, which end with it."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

import pytest


def _words() -> tuple[str, ...]:
    if shutil.which("unshare") is None:
        return ()
    for words in (("unshare", "-m"), ("unshare", "-rm")):
        mount = [*words, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            return words
    return ()


OWN_MOUNTS: Final = _words()
"""Words before a command that may mount then; none where the machine allows it to nobody here."""

needs_own_mounts = pytest.mark.skipif(
    not OWN_MOUNTS,
    reason="may not mount: needs root outside a container (or --privileged), or user namespaces",
)
