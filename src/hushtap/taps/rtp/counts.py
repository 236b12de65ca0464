"""What happened to the packets of one direction."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """Counters of one direction. Lengths are in samples of the call."""

    packets: int = 0
    """Those that are RTP, whatever became of them."""
    malformed: int = 0
    duplicates: int = 0
    late: int = 0
    """Came when their time had been given up."""
    lost: int = 0
    """Never came: gaps in the sequence."""
    lost_samples: int = 0
    quiet_samples: int = 0
    """Not sent, on purpose: gaps in the timestamps alone (DTX, comfort noise)."""
    unknown: int = 0
    """Of a payload type that nothing explains: silence."""
    foreign: int = 0
    """Of another source than the one that was listened to."""
    stray: int = 0
    """Of the right source, with a sequence number and timestamp that cannot be true."""
    switches: int = 0
    """Changes to another source."""
    resets: int = 0
    """Timestamps that jumped, so that what followed was placed by its arrival."""
    keys: int = 0
    """Telephone events (RFC 4733): each silenced by the call."""
    inserted: int = 0
    """Samples of silence put in, less samples taken out, for a sender's clock."""
