"""The desk over sample calls, with one person for each role, in a vault that goes at the end.

The sample calls are redacted once, on Hushtap's own path, into a vault in the
cache; each start copies from there, under other names and days.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pyotp

from hushtap.models import cache_folder
from hushtap.resources import folder
from hushtap.timeline import Span
from hushtap.values import RedactedChunk
from hushtap.vault.recordings import CallDetails, Consent, Direction, Vault
from hushtap.web import credentials
from hushtap.web.accounts import Accounts
from hushtap.web.roles import Role
from hushtap.web.server import database_of
from hushtap.web.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hushtap.vault.recordings import OpenedRecording

CALLS: Final = 24
_AGENTS: Final = ("ann", "ben", "cara", "dev")
_QUEUES: Final = ("billing", "orders", "support")
_CONSENTS: Final = (Consent.GIVEN, Consent.GIVEN, Consent.ASKED, Consent.UNKNOWN)

_PEOPLE: Final = (
    ("supervisor", Role.SUPERVISOR, (), ("ann", "ben")),
    ("analyst", Role.QA_ANALYST, ("billing", "support"), ()),
    ("officer", Role.PRIVACY_OFFICER, (), ()),
    ("engineer", Role.TELEPHONY_ENGINEER, (), ()),
    ("auditor", Role.AUDITOR, (), ()),
    ("administrator", Role.ADMINISTRATOR, (), ()),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the demo, and all that it takes to sign in as them."""

    name: str
    role: Role
    password: str
    secret: str
    recovery: tuple[str, ...]


def prepared(said: Callable[[str], None] = lambda _line: None) -> Path:
    """Return the vault of redacted sample calls, made where the cache has none of these samples.

    ``said`` is told what takes time.

    Raises:
        HushtapError: weights or samples are missing, or the cache cannot be written.
    """
    samples = sorted(folder("samples").glob("*.wav"))
    digest = hashlib.sha256()
    for path in samples:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    place = cache_folder().parent / f"desk-demo-{digest.hexdigest()[:16]}"
    if (place / "catalog.db").exists():
        return place
    from hushtap.batch import redact  # noqa: PLC0415 - loads the ears

    said(f"redacting {len(samples)} sample calls, once")
    making = place.with_name(f"{place.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    vault = Vault.create(making)
    for path in samples:
        redact(path, vault=vault, transcript=True)
    making.rename(place)
    return place


def make_vault(place: Path, source: Path, now: datetime | None = None) -> Vault:
    """Return a new vault at ``place`` with calls of the last days, copied from ``source``.

    Raises:
        VaultError: one of the two cannot be used.
    """
    now = (now or datetime.now(UTC)).replace(microsecond=0)
    originals = [Vault.open(source).read(info.id) for info in Vault.open(source).list()]
    vault = Vault.create(place)
    for number, call in enumerate(_calls()):
        opened = originals[number % len(originals)]
        _copy(vault, opened, call, now - timedelta(minutes=17 + 131 * number))
    newest = [info.id for info in vault.list()][::-1]
    vault.life.hold(newest[3], "case-2026-114")
    return vault


def add_people(vault: Vault) -> list[Person]:
    """Make one account for each role, ready to sign in. Raises ``VaultError``."""
    database = database_of(vault)
    # Random passwords that are gone at the end need no slow hash.
    accounts = Accounts(database, Settings(hash_memory_kib=8 * 1024, hash_passes=1))
    people = []
    for name, role, queues, agents in _PEOPLE:
        password, secret = credentials.new_password(), credentials.new_totp()
        accounts.add(name, role, queues=queues, agents=agents, password=password)
        # The code before the present one: what an app shows now is then still good.
        before = pyotp.TOTP(secret).at(datetime.now(UTC) - timedelta(seconds=credentials.STEP))
        codes = accounts.enrol(name, secret, before)
        people.append(Person(name, role, password, secret, tuple(codes)))
    database.close()
    return people


def _calls() -> Iterator[CallDetails]:
    for number in range(CALLS):
        yield CallDetails(
            agent=_AGENTS[number % len(_AGENTS)],
            queue=_QUEUES[(number // 2) % len(_QUEUES)],
            direction=Direction.INBOUND if number % 5 else Direction.OUTBOUND,
            call_id=f"{0x7F3A00 + number:x}",
            consent=_CONSENTS[number % len(_CONSENTS)],
        )


def _copy(vault: Vault, opened: OpenedRecording, call: CallDetails, started: datetime) -> None:
    """Record what was redacted already once more."""
    length = len(opened.samples)
    with vault.record(
        opened.audio_format,
        source="sample call",
        policy=opened.info.policy,
        started=started,
        call=call,
    ) as recording:
        recording.add_words(opened.words)
        recording.add_findings(opened.findings)
        for channel in range(opened.audio_format.channels):
            samples = opened.samples[:, channel].copy()
            recording.append(RedactedChunk(channel, Span(0, length), samples))
