"""A recording server as the gateway runs it, on ports that are free, with a vault of its own."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import soundfile

from hushtap.ears.engine import Heard
from hushtap.ears.shared import Ears
from hushtap.gateway.admission import Admission
from hushtap.gateway.calls import Calls
from hushtap.gateway.config import LimitsSection, PolicySection
from hushtap.gateway.policies import Policies
from hushtap.gateway.siprec import SiprecServer
from hushtap.gateway.siprec_config import SiprecSection
from hushtap.vault.recordings import RecordingInfo, State, Vault

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.ears.shared import Ear

T = TypeVar("T")


class DeafEar:
    """Hears nothing in any window: everything is let go."""

    def listen(
        self, windows: Sequence[NDArray[np.float32]], words: Sequence[bool] | None = None
    ) -> list[Heard]:
        return [Heard((), looped=False) for _ in windows]


class Rig:
    """The server, its loop in a thread, and what it recorded."""

    def __init__(
        self, folder: Path, ear: Ear, limits: LimitsSection, section: Mapping[str, object]
    ) -> None:
        self.vault = Vault.create(folder / "vault")
        self.folder = folder
        self.ears = Ears(ear)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        defaults: dict[str, object] = {
            "udp": "127.0.0.1:0",
            "tcp": "127.0.0.1:0",
            "ports": "42000-42199",
            "rest": 0,
        }
        self.section = SiprecSection.model_validate(defaults | dict(section))
        self.server: SiprecServer
        self.calls: Calls
        self._limits = limits

    def start(self) -> None:
        self._thread.start()
        self.run(self._start())

    async def _start(self) -> None:
        admission = Admission(self._limits, self.ears.metrics)
        policies = Policies(PolicySection())
        self.calls = Calls(self.vault, policies, ears=self.ears, admission=admission, longest=600.0)
        self.server = SiprecServer(self.section, self.calls)
        await self.server.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def port(self, transport: str) -> int:
        return self.server.addresses[transport][1]

    def wait_for_calls(self, count: int) -> None:
        """Return once so many calls are up."""
        self.run(self._wait_for_calls(count))

    async def _wait_for_calls(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.server._sessions) < count:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.01)

    def settle(self) -> None:
        """Return once every call that ended is written."""
        self.run(self._settle())

    async def _settle(self) -> None:
        while self.server._tasks or self.calls.up():
            await asyncio.wait_for(self.calls.gone(), 30)
            if self.server._tasks:
                await asyncio.wait(set(self.server._tasks), timeout=30)

    def recordings(self) -> list[RecordingInfo]:
        return sorted(self.vault.list(), key=lambda one: one.id)

    def audio(self, info: RecordingInfo) -> NDArray[np.int16]:
        """Return a recording's samples, a column a channel."""
        path = self.folder / f"{info.id}.wav"
        self.vault.export(info.id, path)
        samples, _ = soundfile.read(path, dtype="int16", always_2d=True)
        return np.asarray(samples, np.int16)

    async def _stop(self) -> None:
        await self.server.stop()
        await self.calls.gone()
        await asyncio.get_running_loop().shutdown_default_executor()

    def stop(self) -> None:
        try:
            self.run(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self.ears.close()


@contextmanager
def rig(
    folder: Path,
    section: Mapping[str, object] | None = None,
    *,
    ear: Ear | None = None,
    limits: LimitsSection | None = None,
) -> Iterator[Rig]:
    """Run a server; ``section`` are keys of ``[siprec]``."""
    made = Rig(folder, ear or DeafEar(), limits or LimitsSection(), section or {})
    try:
        made.start()
        yield made
    finally:
        made.stop()


def certificate(folder: Path) -> dict[str, Path]:
    """Make a certificate for 127.0.0.1; return the keys of a section that name it."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext"),
            *("subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    return {"tls_cert": cert, "tls_key": key}


def found_at(heard: NDArray[np.int16], sent: NDArray[np.int16]) -> int:
    """Return where ``sent`` begins in ``heard``, by correlation of the two."""
    size = 1 << int(np.ceil(np.log2(len(heard) + len(sent))))
    spectrum = np.fft.rfft(heard.astype(float), size) * np.fft.rfft(sent.astype(float), size).conj()
    return int(np.argmax(np.fft.irfft(spectrum)[: len(heard)]))


__all__ = ["DeafEar", "LimitsSection", "Rig", "State", "found_at", "rig"]
