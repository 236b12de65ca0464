"""Verification of an audit log: what was changed since it was written and signed, and where.

Everything is computed anew from the entries. That the root over the first ``n``
entries is the one that a checkpoint of size ``n`` has signed is what a
consistency proof would show to someone who does not have the entries.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hushtap.vault.audit.events import unpack
from hushtap.vault.audit.merkle import HASH_BYTES, Frontier, completed_by, leaf_hash, node_hash
from hushtap.vault.audit.note import Checkpoint
from hushtap.vault.audit.store import TABLES, TRIGGERS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.vault.audit.note import Verifier
    from hushtap.vault.audit.reading import Reader, Row

MOST_PROBLEMS: Final = 100
"""Problems that are told of one by one."""


@dataclass(slots=True)
class Report:
    """What verification found.

    ``size`` is the number of the last entry, ``root`` the hash of the tree over all
    that are there, ``signed`` how many of them the largest sound checkpoint covers.
    ``problems`` are lines that name the place; ``more`` counts those left out.
    """

    origin: str
    size: int
    root: bytes = b""
    signed: int = 0
    checkpoints: int = 0
    problems: list[str] = field(default_factory=list)
    more: int = 0

    @property
    def ok(self) -> bool:
        """Whether the log is what was written, as far as its checkpoints reach."""
        return not self.problems

    def add(self, problem: str) -> None:
        """Add a problem, or count it where there are many."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more += 1


def verify(log: Reader, verifier: Verifier, exported: Iterable[tuple[str, str]] = ()) -> Report:
    """Check every entry, every stored checkpoint, and those that were kept elsewhere.

    Args:
        log: the log.
        verifier: the public half of its key, from a place that whoever could change
            the log could not change.
        exported: names and notes of checkpoints that left the host.
    """
    report = Report(log.origin, log.size)
    if log.origin != verifier.name:
        report.add(f"the log calls itself {log.origin!r}, its key is for {verifier.name!r}")
    _check_schema(log, report)
    claims = _claims(log, verifier, exported, report)
    roots = _check_entries(log, {claim.head.size for claim in claims}, report)
    for claim in claims:
        claim.sound = roots.get(claim.head.size) == claim.head.root
    certain = [claim.head.size for claim in claims if claim.sound]
    for claim in claims:
        if claim.sound:
            continue
        size = claim.head.size
        if size > report.size:
            report.add(
                f"{claim.name} has {size} entries signed, the log has {report.size}: "
                f"{report.size + 1} to {size} were cut off"
            )
            continue
        # Whoever could forge the log's own checkpoints could not forge those kept elsewhere.
        sound = max(
            (
                one.head.size
                for one in claims
                if one.sound and one.head.size < size and (one.kept or not claim.kept)
            ),
            default=0,
        )
        certain = [one for one in certain if one <= sound]
        report.add(
            f"{claim.name}: entries 1 to {size} are not what was signed; "
            f"the change lies in {sound + 1} to {size}"
        )
    report.signed = max(certain, default=0)
    return report


@dataclass(slots=True)
class _Claim:
    name: str
    head: Checkpoint
    kept: bool
    sound: bool = False


def _check_schema(log: Reader, report: Report) -> None:
    found = log.schema()
    for name, sql in (TABLES | TRIGGERS).items():
        if found.get(name) != sql:
            what = "table" if name in TABLES else "guard against changes"
            report.add(f"the {what} {name} is missing or was altered")


def _claims(
    log: Reader, verifier: Verifier, exported: Iterable[tuple[str, str]], report: Report
) -> list[_Claim]:
    """Return the checkpoints that the log's key has signed, by size; tell of the others."""
    notes: list[tuple[str, int | None, str]] = [
        *((f"checkpoint {size}", size, note) for size, note in log.checkpoints()),
        *((name, None, note) for name, note in exported),
    ]
    claims: list[_Claim] = []
    for name, size, note in notes:
        try:
            head = Checkpoint.parse(verifier.open(str(note)))
        except ValueError as error:
            report.add(f"{name}: not a checkpoint of this log's key ({error})")
            continue
        if head.origin != verifier.name or size not in {None, head.size}:
            report.add(f"{name}: a checkpoint of another log or size")
            continue
        claims.append(_Claim(name, head, kept=size is None))
    report.checkpoints = len(claims)
    return sorted(claims, key=lambda claim: claim.head.size)


def _check_entries(log: Reader, sizes: set[int], report: Report) -> dict[int, bytes]:
    """Compare every entry with the hashes stored beside it; return the roots at ``sizes``."""
    tree = Frontier()
    # What is stored, so that one change is told of once and not at each node above it.
    stored = Frontier()
    roots = {0: tree.root()} if 0 in sizes else {}
    expected = 1
    for row in log.rows(first=-(2**63)):
        if row.number != expected:
            report.add(_gap(expected, row.number))
            # Numbers no longer say what a node is over: from here on entries stand alone.
            stored = Frontier(size=-1)
        expected = row.number + 1
        entry = row.entry if isinstance(row.entry, bytes) else str(row.entry).encode()
        leaf = leaf_hash(entry)
        tree.append(leaf)
        if tree.size == row.number and tree.size in sizes:
            roots[tree.size] = tree.root()
        if problem := _entry_problem(row, leaf, stored):
            report.add(f"entry {row.number}: {problem}")
    report.root = tree.root()
    return roots


def _entry_problem(row: Row, leaf: bytes, stored: Frontier) -> str | None:
    """Say what is wrong with one entry, if anything, and add what is stored of it to ``stored``."""
    nodes = row.nodes
    width = completed_by(row.number) * HASH_BYTES
    problem = None
    if not isinstance(nodes, bytes) or len(nodes) != width or row.number < 1:
        stored.size = -1
        problem = "its hashes are not those of its place"
    elif nodes[:HASH_BYTES] != leaf:
        problem = "was changed, or stands in another's place"
    elif not _is_event(row.entry):
        problem = "is not an event in canonical form"
    if stored.size >= 0:
        hashes = [nodes[at : at + HASH_BYTES] for at in range(0, width, HASH_BYTES)]
        for height in range(1, len(hashes)):
            above = node_hash(stored.peaks.pop(), hashes[height - 1])
            if above != hashes[height] and problem is None:
                problem = f"the hash over it and the {2**height - 1} before it was changed"
        stored.peaks.append(hashes[-1])
        stored.size += 1
    return problem


def _is_event(entry: object) -> bool:
    try:
        return isinstance(entry, bytes) and bool(unpack(entry))
    except ValueError:
        return False


def _gap(expected: int, found: int) -> str:
    if found < expected:
        return f"entry {found} does not belong here"
    missing = f"entry {expected} is" if found == expected + 1 else f"{expected} to {found - 1} are"
    return f"{missing} missing"
