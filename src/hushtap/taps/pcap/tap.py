"""One call of a capture as a tap: its datagrams at the times of their capture."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, BinaryIO, Final

from hushtap.errors import TapError
from hushtap.taps.pcap.datagrams import Dropped, datagram
from hushtap.taps.pcap.frames import Frame
from hushtap.taps.rtp.directions import Directions
from hushtap.taps.rtp.encrypted import EncryptedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hushtap.taps.pcap.calls import CapturedCall
    from hushtap.taps.pcap.legs import Leg
    from hushtap.taps.rtp.counts import Counts
    from hushtap.values import PcmChunk

PATIENCE_S: Final = 5.0
"""Seconds that a packet may be late by: nobody waits for a capture."""


_STEP_S: Final = 0.1
_ENCRYPTED: Final = "is encrypted (SRTP): capture it where it is in clear"


class PcapTap:
    """One call of a capture. Every iteration reads its packets anew.

    Raises:
        TapError: its audio is encrypted; while iterating: the file is gone or changed.
    """

    def __init__(self, call: CapturedCall) -> None:
        self.path: Path = call.path
        self.format = call.audio_format
        name = call.path.name.encode("utf-8", "backslashreplace").decode()
        self.label = name if call.of == 1 else f"{name} call {call.number}"
        self.counts: tuple[Counts, ...] = ()
        """Of the last iteration, by channel: what was lost, late, pressed ..."""
        self._call = call
        if any(channel.is_encrypted for channel in call.channels):
            raise TapError(f"{self._named} {_ENCRYPTED}")

    @property
    def _named(self) -> str:
        many = self._call.of > 1
        return f"{self.path}, call {self._call.number}," if many else str(self.path)

    def __iter__(self) -> Iterator[PcmChunk]:
        """Yield the call, channels in turn."""
        channels = self._call.channels
        directions = Directions(
            [channel.payloads for channel in channels],
            self.format,
            patience=PATIENCE_S,
            stall=PATIENCE_S,
        )
        self.counts = directions.counts
        legs = [
            _packets(leg, number) for number, channel in enumerate(channels) for leg in channel.legs
        ]
        now = self._call.first
        try:
            with self.path.open("rb") as file:
                for time, channel, offset, size, link in heapq.merge(*legs):
                    directions.push(channel, self._payload(file, offset, size, link), time)
                    if time - now >= _STEP_S:
                        now = time
                        yield from directions.advance(now)
        except EncryptedError:
            raise TapError(f"{self._named} {_ENCRYPTED}") from None
        except OSError as exc:
            raise TapError(f"{self.path} cannot be read ({exc.strerror}): copy it again") from exc
        yield from directions.finish()

    def _payload(self, file: BinaryIO, offset: int, size: int, link: int) -> bytes:
        file.seek(offset)
        found = datagram(Frame(0.0, link, offset, file.read(size)), Dropped())
        if found is None:
            raise TapError(f"{self.path} has changed since it was first read: run it again")
        return found.payload


def _packets(leg: Leg, channel: int) -> Iterator[tuple[float, int, int, int, int]]:
    for time, offset, size in zip(leg.times, leg.offsets, leg.sizes, strict=True):
        yield time, channel, offset, size, leg.link
