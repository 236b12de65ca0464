"""The calls in a capture: its streams, paired.

What belongs together, and which channel each party is, is decided so:

1. SIP in the same capture: streams from or to the addresses of one Call-ID. Who sent
   the first INVITE is channel 0; where one party sends several streams (SIPREC), the
   channels are those of its audio lines.
2. The same two addresses and ports, there and back.
3. The same two hosts at the same time, and no third stream between them then.

Without SIP, the stream that begins first is channel 0. A stream without a partner is a
call of one channel: two strangers must never share a recording.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.errors import TapError
from hushtap.taps.pcap.datagrams import Dropped, datagram
from hushtap.taps.pcap.frames import CaptureError, frames
from hushtap.taps.pcap.legs import LONG_PAUSE_S, Leg, Legs
from hushtap.taps.pcap.signalling import Place, Signalling
from hushtap.taps.rtp.codecs import STATIC, Format, PayloadMap
from hushtap.taps.rtp.encrypted import is_ciphertext
from hushtap.values import MAX_CHANNELS, AudioFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_OVERLAP: Final = 0.5
"""Share of the shorter stream for which two of one call are sent at once, at least."""


_Told: TypeAlias = tuple[Leg, Place, dict[int, Format]]
"""A stream that SIP tells of: which party's it is, and what it carries."""


@dataclass(frozen=True, slots=True)
class Channel:
    """The streams of one party, one after the other, and what they carry."""

    legs: tuple[Leg, ...]
    payloads: PayloadMap

    @property
    def formats(self) -> set[Format]:
        """The formats that can be decoded, of all that were sent."""
        kinds = {kind for leg in self.legs for kind in leg.kinds}
        return {self.payloads[k] for k in kinds if k in self.payloads and self.payloads[k].is_audio}

    @property
    def is_encrypted(self) -> bool:
        """Whether its payloads are ciphertext."""
        return any(is_ciphertext(bytes(leg.sample)) for leg in self.legs)


@dataclass(frozen=True, slots=True)
class CapturedCall:
    """One call of a capture: ``number`` counts from 1, of ``of``."""

    path: Path
    channels: tuple[Channel, ...]
    number: int = field(default=1)
    of: int = field(default=1)

    @property
    def first(self) -> float:
        """When its first packet was captured."""
        return min(leg.first for channel in self.channels for leg in channel.legs)

    @property
    def audio_format(self) -> AudioFormat:
        """Its channels, and the highest rate that any of them has."""
        rates = [known.rate for channel in self.channels for known in channel.formats]
        return AudioFormat(max(rates), len(self.channels))


def find_calls(path: Path) -> list[CapturedCall]:
    """Return the calls of a capture in the order of their beginnings.

    Raises:
        TapError: it cannot be read, is no capture, is cut short or damaged, or has no
            audio that can be decoded.
    """
    legs, signalling, dropped = Legs(), Signalling(), Dropped()
    try:
        with path.open("rb") as file:
            for frame in frames(file):
                one = datagram(frame, dropped)
                if one is None or signalling.read(one.payload):
                    continue
                legs.add(one, frame)
    except CaptureError as exc:
        raise TapError(f"{path} {exc}") from None
    except OSError as exc:
        raise TapError(f"{path} cannot be read ({exc.strerror}): check its permissions") from exc
    streams = list(legs.streams())
    calls = [CapturedCall(path, channels) for channels in _paired(streams, signalling)]
    heard = [call for call in calls if any(channel.formats for channel in call.channels)]
    if not heard:
        raise TapError(f"{path} {_why_none(streams, dropped)}")
    heard.sort(key=lambda call: call.first)
    return [replace(call, number=i, of=len(heard)) for i, call in enumerate(heard, 1)]


def _paired(streams: Sequence[Leg], signalling: Signalling) -> list[tuple[Channel, ...]]:
    calls, left = _by_signalling(streams, signalling)
    for partner_of in (_there_and_back, _alone_between_hosts):
        free: list[Leg] = []
        while left:
            leg, *left = left
            partner = partner_of(leg, [*free, *left])
            if partner is None:
                free.append(leg)
                continue
            (left if partner in left else free).remove(partner)
            both = sorted((leg, partner), key=lambda one: one.first)
            calls.append(tuple(Channel((one,), STATIC) for one in both))
        left = free
    return calls + [(Channel((leg,), STATIC),) for leg in left]


def _by_signalling(
    streams: Iterable[Leg], signalling: Signalling
) -> tuple[list[tuple[Channel, ...]], list[Leg]]:
    """Return the calls that SIP tells of, and the streams that it does not."""
    addresses = {
        key: (call_id, *found)
        for call_id, dialog in signalling.dialogs.items()
        for key, found in dialog.places.items()
    }
    told: dict[bytes, list[_Told]] = defaultdict(list)
    left: list[Leg] = []
    for leg in streams:
        source, target = leg.flow
        found = addresses.get((target, True)) or addresses.get((source, False))
        if found is None:
            left.append(leg)
        else:
            call_id, place, payloads = found
            told[call_id].append((leg, place, payloads))
    calls: list[tuple[Channel, ...]] = []
    for group in (one for legs in told.values() for one in _at_a_time(legs)):
        places: dict[Place, tuple[list[Leg], dict[int, Format]]] = {}
        for leg, place, payloads in group:
            legs_there, known = places.setdefault(place, ([], {}))
            legs_there.append(leg)
            known.update(payloads)
        channels = [
            Channel(tuple(legs), {**STATIC, **known}) for _, (legs, known) in sorted(places.items())
        ]
        if len(channels) > MAX_CHANNELS:
            # More than two streams at once are no call of two parties.
            left += [leg for channel in channels for leg in channel.legs]
        else:
            calls.append(tuple(channels))
    return calls, sorted(left, key=lambda leg: leg.first)


def _at_a_time(legs: Iterable[_Told]) -> Iterator[list[_Told]]:
    """Yield ``legs``, in order of time, in groups with no long pause within."""
    group: list[_Told] = []
    end = 0.0
    for told in legs:
        if group and told[0].first - end > LONG_PAUSE_S:
            yield group
            group = []
        end = max(end, told[0].last) if group else told[0].last
        group.append(told)
    if group:
        yield group


def _there_and_back(leg: Leg, others: Iterable[Leg]) -> Leg | None:
    source, target = leg.flow
    back = [one for one in others if one.flow == (target, source) and leg.overlap(one) > 0]
    return max(back, key=leg.overlap, default=None)


def _alone_between_hosts(leg: Leg, others: Iterable[Leg]) -> Leg | None:
    def hosts(one: Leg) -> set[bytes]:
        return {address for address, _ in one.flow}

    same = [one for one in others if hosts(one) == hosts(leg)]
    at_once = [one for one in same if leg.overlap(one) > 0]
    if len(at_once) != 1 or leg.overlap(at_once[0]) < _OVERLAP:
        return None
    third = [one for one in same if one is not at_once[0] and one.overlap(at_once[0]) > 0]
    return None if third else at_once[0]


def _why_none(streams: Sequence[Leg], dropped: Dropped) -> str:
    if dropped.cut:
        return "has packets without their ends: capture them whole (snap length 0)"
    if streams:
        kinds = sorted({kind for leg in streams for kind in leg.kinds})
        shown = ", ".join(map(str, kinds))
        return (
            f"has RTP of payload type {shown} alone, which cannot be decoded:"
            " capture the signalling too, or record G.711, G.722 or L16"
        )
    if dropped.fragments:
        return "has fragments of IP packets alone: capture where they are whole"
    return "holds no RTP: capture the media, not the signalling alone"
