"""What became of the packets of calls, as all taps count it: for the metrics."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from hushtap.timeline import to_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.taps.rtp.counts import Counts
    from hushtap.taps.tracks import Tracks


class Fate(StrEnum):
    """What may become of a packet that was sent, or of its time."""

    TAKEN = "taken"
    DROPPED = "dropped"
    """There was no room for it: it becomes silence."""
    REFUSED = "refused"
    """From another address or source than the one listened to, or not authentic."""
    LOST = "lost"
    """Never came."""
    LATE = "late"
    """Came when its time had been given up."""
    DUPLICATE = "duplicate"
    MALFORMED = "malformed"
    """No RTP, or with numbers that cannot be true."""
    UNKNOWN = "unknown"
    """Of a payload type without a decoder: silence."""


class Gap(StrEnum):
    """Why there is silence that nobody sent."""

    CONCEALED = "concealed"
    """In place of what was lost, late or dropped."""
    QUIET = "quiet"
    """Nothing was sent, on purpose."""


class MediaFigures:
    """Packets by their fate, and seconds of silence by its reason. They add up."""

    def __init__(self) -> None:
        self.packets: Counter[Fate] = Counter()
        self.silence = dict.fromkeys(Gap, 0.0)

    def add(self, other: MediaFigures) -> None:
        """Count what ``other`` did, too."""
        self.packets.update(other.packets)
        for gap, seconds in other.silence.items():
            self.silence[gap] += seconds


def of_rtp(directions: Iterable[Counts], rate: int, *, dropped: int, refused: int) -> MediaFigures:
    """Return the figures of the RTP directions of a call of ``rate`` Hz."""
    found = MediaFigures()
    found.packets.update({Fate.DROPPED: dropped, Fate.REFUSED: refused})
    for one in directions:
        bad = one.late + one.duplicates + one.unknown + one.foreign + one.stray
        found.packets.update(
            {
                Fate.TAKEN: max(0, one.packets - bad),
                Fate.REFUSED: one.foreign,
                Fate.LOST: one.lost,
                Fate.LATE: one.late,
                Fate.DUPLICATE: one.duplicates,
                Fate.MALFORMED: one.malformed + one.stray,
                Fate.UNKNOWN: one.unknown,
            }
        )
        found.silence[Gap.CONCEALED] += to_seconds(one.lost_samples, rate)
        found.silence[Gap.QUIET] += to_seconds(one.quiet_samples, rate)
    return found


def of_tracks(tracks: Tracks, rate: int) -> MediaFigures:
    """Return the figures of a stream that keeps its order."""
    found = MediaFigures()
    found.packets.update({Fate.TAKEN: max(0, tracks.pieces - tracks.late), Fate.LATE: tracks.late})
    found.silence[Gap.CONCEALED] = to_seconds(tracks.filled, rate)
    return found
