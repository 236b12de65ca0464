"""Calls in a process of its own whose ears never answer.

``hung_process.py live|redact FOLDER``: says a line once it hangs. Its signals are
answered as those of the command.
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hushtap.batch import Redactor
from hushtap.cli import signals
from hushtap.cli.live import _run
from hushtap.outputs import plan
from hushtap.pii.policy import load_policy
from hushtap.session import Ears, LiveResult, Pace, record_live
from hushtap.taps.file import FileTap
from hushtap.taps.folders import find_audio
from hushtap.values import PcmChunk
from hushtap.vault.recordings import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.ears.engine import Heard
    from hushtap.values import AudioFormat


def hang() -> None:
    sys.stdout.write("hangs\n")
    sys.stdout.flush()
    threading.Event().wait()


class HungEar:
    def listen(self, *_windows: object) -> list[Heard]:
        hang()
        raise AssertionError


class Endless:
    """A file over and over: a call that only a signal ends."""

    def __init__(self, path: Path) -> None:
        self._tap = FileTap(path, chunk=160)
        self.format: AudioFormat = self._tap.format
        self.label = "endless"

    def __iter__(self) -> Iterator[PcmChunk]:
        start = 0
        while True:
            end = start
            for chunk in self._tap:
                end = start + chunk.span.end
                yield PcmChunk(chunk.channel, chunk.span.shift(start), chunk.samples)
            start = end


def live(folder: Path) -> LiveResult:
    vault = Vault.create(folder / "vault")
    with Ears(HungEar()) as ears:
        record = partial(
            record_live,
            Endless(folder / "call.wav"),
            vault,
            load_policy("pci-ssn"),
            ears=ears,
            pace=Pace.REALTIME,
        )
        result, stopped = _run(record)
    assert stopped
    return result


def redact(folder: Path) -> None:
    [job] = plan(find_audio([folder / "call.wav"]), folder / "out")
    list(Redactor(ear=HungEar()).redact_all([job], vault=Vault.create(folder / "vault")))


if __name__ == "__main__":
    signals.install()
    with suppress(KeyboardInterrupt, signals.InterruptedRunError):
        {"live": live, "redact": redact}[sys.argv[1]](Path(sys.argv[2]))
    signals.leave(signals.INTERRUPTED)
