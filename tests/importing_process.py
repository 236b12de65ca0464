"""An import that is killed at one system call after another, each in a process of its own.

One process loads what takes time, and forks for each kill. It says as JSON what it found.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent))

from archives import Archive, importer_of, load
from hushtap.importing import Imported
from hushtap.outputs import sha256_of

if TYPE_CHECKING:
    from types import FrameType

CALLS = {("posix", name) for name in ("fsync", "fdatasync", "rename", "replace", "link", "unlink")}


def killed(folder: Path, number: int) -> bool:
    """Import what lies in ``folder``; be killed before that call. Return whether it was."""
    child = os.fork()
    if child == 0:
        left = number

        def profile(_frame: FrameType, event: str, called: object) -> None:
            nonlocal left
            if event == "c_call" and (called.__module__, called.__name__) in CALLS:  # type: ignore[attr-defined]
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        importer = importer_of(folder)
        sys.setprofile(profile)
        ended = all(isinstance(one, Imported) for one in importer.run(Archive(folder).files()))
        os._exit(0 if ended else 1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def main() -> None:
    template, work, first, step = Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:5])
    load()
    digests = {file.name: sha256_of(file) for file in Archive(template).files()}
    number, seen = first, {"original": 0, "undo": 0}
    while True:
        folder = Path(shutil.copytree(template, work / str(number)))
        archive = Archive(folder)
        was = killed(folder, number)
        for name, digest in digests.items():
            file = archive.archive / name
            if file.exists():
                assert sha256_of(file) == digest, (number, "the original is not whole")
                seen["original"] += 1
            else:
                assert archive.brought_back(digest), (number, "both are lost")
                seen["undo"] += 1
        assert not killed(folder, 10**9)
        archive.check(digests)
        shutil.rmtree(folder)
        if not was:
            break
        number += step
    sys.stdout.write(json.dumps({"kills": (number - first) // step, **seen}))


if __name__ == "__main__":
    main()
