"""The Merkle tree of RFC 6962, section 2.1, as it grows: its complete subtrees, nothing else.

Written here because the one Python library that keeps such a tree is under a
licence that this project cannot take over (docs/adr/0013-audit-log.md).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HASH_BYTES: Final = 32


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one entry, of 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above ``left`` and ``right``."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Frontier:
    """What is needed of a tree to grow it: the roots of its complete subtrees, widest first.

    A tree of ``size`` leaves has one for each bit that is set in ``size``.
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; return it and the roots of the subtrees that it completes.

        Item ``h`` of the answer is the root of the ``2**h`` newest leaves.
        """
        nodes = [leaf]
        rest = self.size
        while rest & 1:
            nodes.append(node_hash(self.peaks.pop(), nodes[-1]))
            rest >>= 1
        self.peaks.append(nodes[-1])
        self.size += 1
        return nodes

    def root(self) -> bytes:
        """Return the root of the tree; that of an empty one is the hash of nothing."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def peaks_of(size: int) -> Iterator[tuple[int, int]]:
    """Yield ``(last leaf, height)`` of the complete subtrees of a tree, widest first.

    Leaves are counted from 1.
    """
    last = 0
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            last += 1 << height
            yield last, height


def completed_by(number: int) -> int:
    """Return how many hashes ``Frontier.append`` gives for leaf ``number``, counted from 1."""
    return (number & -number).bit_length()
