"""Recorders that are killed at random points, each a fork of one process that loads once.

Says as JSON what it found. ``sys.setprofile`` tells of every call into C, so that a kill
falls between any two of them: writes, syncs, statements of the database.
"""

from __future__ import annotations

import argparse
import json
import mmap
import os
import random
import signal
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from hushtap.vault.recordings import State, Vault
from vault.audit.logs import check
from vault.calls import FINDINGS, PHONE_LINE, WORDS, call, chunk

if TYPE_CHECKING:
    from types import FrameType

STEP = 160
LENGTH = 20_000
_TOLD = struct.Struct("qqqq")
"""Calls until it had begun, until the last samples, until the end; samples handed over."""


def recorder(vault: Path, kill_at: int | None, told: mmap.mmap) -> None:
    """Record a call, and tell in ``told`` how far it is. Never returns."""
    audio = call(LENGTH)
    calls = 0

    def profile(_frame: FrameType, event: str, _called: object) -> None:
        nonlocal calls
        if event == "c_call":
            calls += 1
            if calls == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    mine = Vault.open(vault)
    sys.setprofile(profile)
    recording = mine.record(PHONE_LINE, source="line", policy="abc")
    began = calls
    recording.add_words(WORDS)
    recording.add_findings(FINDINGS)
    for start in range(0, LENGTH, STEP):
        for channel in range(2):
            recording.append(chunk(audio, channel, start, start + STEP))
        _TOLD.pack_into(told, 0, began, calls, calls, start + STEP)
    taken = calls
    recording.close()
    sys.setprofile(None)
    _TOLD.pack_into(told, 0, began, taken, calls, LENGTH)
    os._exit(0)


def run(vault: Path, kill_at: int | None, told: mmap.mmap) -> bool:
    """Fork a recorder; return whether it was killed."""
    _TOLD.pack_into(told, 0, 0, 0, 0, 0)
    child = os.fork()
    if child == 0:
        try:
            recorder(vault, kill_at, told)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("vault", type=Path)
    parser.add_argument("points", type=int)
    arguments = parser.parse_args()
    told = mmap.mmap(-1, _TOLD.size)
    # What is loaded when first needed must not be counted: forks have it from here.
    warm = Vault.open(arguments.vault)
    with warm.record(PHONE_LINE, source="line", policy="abc") as recording:
        recording.add_findings(FINDINGS)
    warm.read(recording.id)
    warm._log.close()
    del warm, recording
    assert not run(arguments.vault, None, told)
    began, taken, calls, _ = _TOLD.unpack_from(told)
    chance = random.Random(7)  # noqa: S311 - points to be killed at
    # To begin and to end take most of the calls; half of the points lie between.
    few = arguments.points // 4
    points = chance.sample(range(1, began), few) + chance.sample(range(taken, calls), few)
    points += chance.sample(range(began, taken), arguments.points - 2 * few)
    known = {info.id for info in Vault.open(arguments.vault).list()}
    found = {"interrupted": 0, "closed": 0, "never begun": 0, "most lost": 0}
    for at in sorted(points):
        # The last points may come too late: how many calls it takes differs a little.
        killed = run(arguments.vault, at, told)
        handed = _TOLD.unpack_from(told)[3]
        vault = Vault.open(arguments.vault)
        new = [info for info in vault.list() if info.id not in known]
        assert len(new) <= 1
        if not new:
            assert handed == 0
            found["never begun"] += 1
            continue
        [info] = new
        known.add(info.id)
        opened = vault.read(info.id)
        got = len(opened.samples)
        assert np.array_equal(opened.samples, call(LENGTH)[:got]), at
        assert info.state is State.INTERRUPTED or (info.state is State.CLOSED and got == LENGTH)
        assert killed or info.state is State.CLOSED
        found[str(info.state)] += 1
        found["most lost"] = max(found["most lost"], handed - got)
    vault = Vault.open(arguments.vault)
    problems = [result.problem for result in vault.verify() if not result.ok]
    # A file that was begun, and of which the catalog was not told yet, holds nothing.
    assert all("not in the catalog" in str(problem) for problem in problems), problems
    assert check(vault.path).problems == []
    sys.stdout.write(json.dumps(found | {"calls": [began, taken, calls]}))


if __name__ == "__main__":
    main()
