"""A live call from a sound card, by PortAudio (PyAudio, the extra ``mic``).

PortAudio's own buffer is too short to sit out a busy moment of the process, so a
thread moves audio from it into a bounded queue. Where even that was too slow the
device drops samples; the hole is measured on the device's clock and filled with
silence, so that the recording keeps its time.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from hushtap.errors import TapError, UsageError
from hushtap.taps.samples import chunked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hushtap.taps.samples import Block
    from hushtap.values import AudioFormat, PcmChunk

_CHUNKS_PER_SECOND = 50
# Ten seconds: longer than any pause of a process that is still fit to record.
_QUEUED_CHUNKS = 10 * _CHUNKS_PER_SECOND
# How soon, in seconds, a reader that waits for room notices that its listener has left.
_PATIENCE = 0.1
_MISSING = "the microphone needs PyAudio: install libportaudio2 and `pip install 'hushtap[mic]'`"


class OverflowedError(Exception):
    """The device dropped audio because it was not read in time."""


class InputStream(Protocol):
    """What a microphone needs of a sound device."""

    def read(self, samples: int) -> bytes:
        """Return ``samples`` per channel as interleaved int16 of this machine's byte order.

        Raises:
            OverflowedError: audio was dropped; the call's own samples are lost too.
            OSError: the device failed or is gone.
        """
        ...

    def time(self) -> float:
        """Return the device's clock in seconds."""
        ...

    def close(self) -> None:
        """Stop the device; a pending ``read`` may fail."""
        ...


@dataclass(frozen=True, slots=True)
class Device:
    """An input device: its PortAudio index, name, channels and preferred rate in Hz."""

    index: int
    name: str
    channels: int
    sample_rate: int


def devices() -> list[Device]:
    """Return every device that can record.

    Raises:
        UsageError: PyAudio is not installed.
    """
    library = _library()
    with _quiet():
        host = library.PyAudio()
    try:
        found = (host.get_device_info_by_index(i) for i in range(host.get_device_count()))
        return [
            Device(
                index=int(info["index"]),
                name=str(info["name"]),
                channels=int(info["maxInputChannels"]),
                sample_rate=int(info["defaultSampleRate"]),
            )
            for info in found
            if int(info["maxInputChannels"]) > 0
        ]
    finally:
        host.terminate()


class MicrophoneTap:
    """A call from a sound card until ``close`` is called.

    ``device`` is an index, a part of a name, or ``None`` for the system's choice;
    ``chunk`` is in samples per channel, 20 ms where it is left out. ``stream``
    stands in for the sound card. ``lost_samples`` counts what became silence.

    Raises:
        UsageError: PyAudio is not installed, or no device answers to that name.
        TapError: the device refuses the format; while iterating: it is gone.
    """

    def __init__(
        self,
        audio: AudioFormat,
        *,
        device: int | str | None = None,
        chunk: int | None = None,
        stream: InputStream | None = None,
    ) -> None:
        self.format = audio
        self.chunk = audio.sample_rate // _CHUNKS_PER_SECOND if chunk is None else chunk
        self.lost_samples = 0
        if stream is None:
            index, self.label = _choose(device)
            stream = _PortAudioStream(audio, index, self.label, self.chunk)
        else:
            self.label = "microphone"
        self._stream = stream
        self._queue: queue.Queue[Block | OSError | None] = queue.Queue(_QUEUED_CHUNKS)
        self._closing = threading.Event()
        self._abandoned = threading.Event()
        self._reader = threading.Thread(target=self._read, name="microphone", daemon=True)

    def __iter__(self) -> Iterator[PcmChunk]:
        """Start the device's reader and yield audio as it comes."""
        return chunked(self._blocks(), self.chunk)

    def close(self) -> None:
        """Stop recording; what was read before is still yielded."""
        self._closing.set()
        if self._reader.ident is None:
            self._stream.close()

    def depth(self) -> int:
        """Return how many chunks wait in the queue, for the metrics."""
        return self._queue.qsize()

    def _blocks(self) -> Iterator[Block]:
        self._reader.start()
        try:
            while (item := self._queue.get()) is not None:
                if isinstance(item, OSError):
                    raise TapError(f"{self.label} stopped: check the device and its cable")
                yield item
        finally:
            self._abandoned.set()
            self._reader.join()

    def _read(self) -> None:
        """Move audio into the queue; runs in the reader's thread."""
        place = StreamClock(self.format.sample_rate)
        end: OSError | None = None
        try:
            while not (self._closing.is_set() or self._abandoned.is_set()):
                try:
                    data = self._stream.read(self.chunk)
                except OverflowedError:
                    place.overflowed(self.chunk)
                    continue
                block = np.frombuffer(data, np.int16).reshape(-1, self.format.channels)
                gap = place.delivered(len(block), self._stream.time())
                self.lost_samples += gap
                for start in range(0, gap, self.chunk):
                    size = min(self.chunk, gap - start)
                    self._put(np.zeros((size, self.format.channels), np.int16))
                self._put(block)
        except OSError as exc:
            end = exc
        finally:
            self._stream.close()
            self._put(end)

    def _put(self, item: Block | OSError | None) -> None:
        """Wait for room while someone listens; meanwhile the device overflows and says so."""
        while not self._abandoned.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=_PATIENCE)
                return


class StreamClock:
    """Tells from the device's clock how many samples an overflow swallowed.

    A read returns at or after the capture of its last sample, so the earliest
    start that any read implies is the best estimate of the true one.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._start: float | None = None
        self._count = 0
        self._lost = 0

    def overflowed(self, samples: int) -> None:
        """Note that a read of ``samples`` failed and that more was dropped before it."""
        self._lost += samples

    def delivered(self, samples: int, now: float) -> int:
        """Take a read of ``samples`` that ended at ``now``; return the hole before it."""
        gap = 0
        if self._lost and self._start is not None:
            elapsed = round((now - self._start) * self._rate)
            gap = max(self._lost, elapsed - samples - self._count)
        elif self._lost:
            gap = self._lost
        self._count += gap + samples
        self._lost = 0
        start = now - self._count / self._rate
        self._start = start if self._start is None else min(self._start, start)
        return gap


class _PortAudioStream:
    """``InputStream`` on PyAudio's blocking interface."""

    def __init__(self, audio: AudioFormat, index: int | None, label: str, chunk: int) -> None:
        self._library = _library()
        self._started = False
        with _quiet():
            self._host = self._library.PyAudio()
        try:
            with _quiet():
                self._stream: Any = self._host.open(
                    rate=audio.sample_rate,
                    channels=audio.channels,
                    format=self._library.paInt16,
                    input=True,
                    input_device_index=index,
                    frames_per_buffer=chunk,
                    # What nobody reads yet is not recorded.
                    start=False,
                )
        except (OSError, ValueError) as exc:
            self._host.terminate()
            raise TapError(
                f"{label} does not record {audio.channels} channels at {audio.sample_rate} Hz:"
                " try another rate, or another device of `hushtap doctor`"
            ) from exc

    def read(self, samples: int) -> bytes:
        try:
            if not self._started:
                self._stream.start_stream()
                self._started = True
            data: bytes = self._stream.read(samples, exception_on_overflow=True)
        except OSError as exc:
            if exc.errno == self._library.paInputOverflowed:
                raise OverflowedError from exc
            raise
        return data

    def time(self) -> float:
        return float(self._stream.get_time())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()
        self._host.terminate()


def _choose(device: int | str | None) -> tuple[int | None, str]:
    if device is None:
        return None, "default microphone"
    found = devices()
    for candidate in found:
        by_name = isinstance(device, str) and device.lower() in candidate.name.lower()
        if by_name or candidate.index == device:
            return candidate.index, candidate.name
    known = ", ".join(f"{item.index} ({item.name})" for item in found) or "none is connected"
    raise UsageError(f"no microphone {device!r}: choose from {known}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what sound libraries print about absent cards off the terminal.

    They write to the descriptor itself: while this lasts, whatever else is printed is lost.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _library() -> Any:  # noqa: ANN401 - PyAudio publishes no types
    try:
        import pyaudio  # noqa: PLC0415 - an optional extra that needs a system library
    except ImportError as exc:
        raise UsageError(_MISSING) from exc
    return pyaudio
