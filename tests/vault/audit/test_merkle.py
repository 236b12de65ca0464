"""The tree against the published values of Certificate Transparency and the words of RFC 6962."""

from __future__ import annotations

import hashlib

import pytest

from hushtap.vault.audit.merkle import Frontier, completed_by, leaf_hash, peaks_of

# The inputs and roots that the test suites of Certificate Transparency share.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def defined_root(entries: list[bytes]) -> bytes:
    """The Merkle Tree Hash as RFC 6962, section 2.1 defines it, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    left, right = defined_root(entries[:split]), defined_root(entries[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(entries: list[bytes]) -> Frontier:
    tree = Frontier()
    for entry in entries:
        tree.append(leaf_hash(entry))
    return tree


def test_published_roots() -> None:
    assert (len(INPUTS), len(ROOTS)) == (8, 9)
    for size, root in enumerate(ROOTS):
        assert grown(INPUTS[:size]).root().hex() == root
        assert defined_root(INPUTS[:size]).hex() == root


def test_every_root_up_to_260_entries_is_as_defined() -> None:
    entries = [f"entry {at}".encode() for at in range(260)]
    tree = Frontier()
    for size in range(261):
        assert tree.root() == defined_root(entries[:size])
        if size < 260:
            tree.append(leaf_hash(entries[size]))


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 100, 255, 256])
def test_a_frontier_is_found_again_from_what_each_leaf_completed(size: int) -> None:
    entries = [f"entry {at}".encode() for at in range(size)]
    tree, completed = Frontier(), {}
    for number, entry in enumerate(entries, 1):
        completed[number] = tree.append(leaf_hash(entry))
        assert len(completed[number]) == completed_by(number)
        for height, node in enumerate(completed[number]):
            assert node == defined_root(entries[number - 2**height : number])
    assert [completed[last][height] for last, height in peaks_of(size)] == tree.peaks
