"""The tuning set: what was flagged as missed, as patterns and, where allowed, as sealed sound.

A pattern holds no digit. A sound is card data: it is sealed under a data key of its own,
wrapped to a key that the desk has only the public half of, and destroyed after some days
or with its recording, whichever comes first.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, select, update

from hushtap.errors import (
    HushtapError,
    NotFoundError,
    UsageError,
    VaultError,
    VerificationError,
)
from hushtap.timeline import Span, to_samples
from hushtap.tuning.patterns import JOINS_S, Pattern, describe, whole_of
from hushtap.vault.audit.events import Activity, Change, Kind, Thing
from hushtap.vault.catalog import State
from hushtap.vault.keys import load_public, save_public
from hushtap.web.store import Store
from hushtap.web.tables import cases

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from hushtap.values import Finding, TranscriptWord
    from hushtap.vault.keymaking import NewKey
    from hushtap.vault.keys import PrivateKey
    from hushtap.vault.recordings import Playback, Vault
    from hushtap.web.review import Flag
    from hushtap.web.rules import CaseRules

PUBLIC: Final = "cases.pub"
"""In the desk's folder: what sounds are sealed to."""
BEFORE_S: Final = 20.0
AFTER_S: Final = 4.0
"""Seconds of sound around a number: the question for it is most often in them."""
LONGEST_BEFORE_S: Final = 150.0
LONGEST_S: Final = 60.0
"""Seconds of a number, at most: what is longer is no case."""
_NONCE: Final = bytes(12)
"""Each data key seals once."""
_DAY: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class TuningCase:
    """A flagged miss. ``id`` is that of its flag; times in seconds since 1970."""

    id: int
    recording: str
    pattern: Pattern
    made: float
    until: float | None
    """When its sound is destroyed; ``None`` where there is none."""
    sound: bytes | None = field(repr=False, default=None)
    wrapped: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was read of a miss before it was muted; ``samples`` only where sound may be kept.

    ``missed`` is the flag's span of its channel; ``samples`` are those ``around`` the
    ``whole`` number, shape ``(n, channels)``; ``days`` is how long sound is kept.
    """

    flag: Flag
    missed: NDArray[np.int16] = field(repr=False)
    whole: Span
    samples: NDArray[np.int16] | None = field(repr=False)
    around: Span
    muted: tuple[Finding, ...] = field(repr=False)
    words: tuple[TranscriptWord, ...] = field(repr=False)
    rate: int
    days: int


class TuningCases(Store):
    """The tuning set of a desk."""

    def make_key(self, vault: Vault, new: NewKey) -> str:
        """Make the key that sounds are sealed to, once, and return its id.

        Raises:
            UsageError: its private half would lie in the vault.
            VaultError: there is one, its files cannot be written, or it cannot be logged.
        """
        from hushtap.vault.keymaking import planned  # noqa: PLC0415 - imports the keys' providers

        if self._public.exists():
            raise VaultError(f"{self._public}: there already; sounds are sealed to it")
        if new.path.resolve().is_relative_to(vault.path.resolve()):
            raise UsageError(
                f"{new.path}: in the vault, beside what it opens; give a place elsewhere"
            )
        plan = planned(new)
        key = Thing(Kind.KEY, plan.key_id)
        with vault.journal.act(Activity.KEY_CHANGE, key, change=Change.ADD):
            save_public(plan.make().public, self._public)
        return plan.key_id

    @property
    def can_seal(self) -> bool:
        """Whether there is a key to seal sounds to."""
        return self._public.exists()

    def hear(
        self, flag: Flag, playback: Playback, rules: CaseRules, others: Iterable[Flag] = ()
    ) -> Heard | None:
        """Read what can be learned of a miss, before it is muted; ``others`` stay unheard.

        ``None`` where it is too long to be a number. Raises ``VaultError``: it cannot be read.
        """
        rate, total = playback.audio_format.sample_rate, playback.info.samples
        longest = to_samples(LONGEST_S, rate)
        if len(flag.span) > longest:
            return None
        whole = whole_of(flag.span, flag.channel, playback.findings, rate)
        around = flag.span
        sounds = rules.sounds and self.can_seal and len(whole) <= longest
        if sounds:
            before, after = to_samples(LONGEST_BEFORE_S, rate), to_samples(AFTER_S, rate)
            around = whole.pad(before, after).clip(0, total)
        samples = playback.read(around.start, around.end)
        missed = samples[flag.span.start - around.start :, flag.channel][: len(flag.span)].copy()
        for other in others:
            # What else is to be muted there is nothing to tune this case by.
            _silence(samples, other, around)
        return Heard(
            flag=flag,
            missed=missed,
            whole=whole,
            samples=samples if sounds else None,
            around=around,
            muted=tuple(playback.findings),
            words=tuple(playback.words),
            rate=rate,
            days=rules.days,
        )

    def keep(self, heard: Heard) -> TuningCase:
        """Keep what was read of a miss as a case; it may be muted by now."""
        flag, rate, around = heard.flag, heard.rate, heard.around
        pattern = describe(
            flag.entity,
            flag.channel,
            flag.span,
            samples=heard.missed,
            at=flag.span.start,
            muted=heard.muted,
            words=heard.words,
            rate=rate,
        )
        row: dict[str, Any] = {
            "id": flag.id,
            "recording": flag.recording,
            "pattern": pattern.as_json(),
            "made": self._clock(),
            "sound": None,
            "wrapped": None,
            "until": None,
        }
        if heard.samples is not None:
            asked = 0.0 if pattern.asked is None else pattern.asked + JOINS_S + 4
            before = to_samples(min(max(asked, BEFORE_S), LONGEST_BEFORE_S), rate)
            start = max(around.start, heard.whole.start - before)
            kept = heard.samples[start - around.start :]
            sealed, wrapped = self._sealed(flag, kept, Span(start, around.end), rate)
            until = self._clock() + heard.days * _DAY
            row |= {"sound": sealed, "wrapped": wrapped, "until": until}
        with self._database.writing() as connection:
            connection.execute(insert(cases).values(row))
        return _case(row)

    def all(self) -> list[TuningCase]:
        """Return the cases, the oldest first."""
        with self._database.reading() as connection:
            found = connection.execute(select(cases).order_by(cases.c.id))
            return [_case(row._asdict()) for row in found]

    def drop(self, case: int) -> None:
        """Destroy a case; see ``owed``. Raises ``UsageError``: there is none of that number."""
        with self._database.writing() as connection:
            if not connection.execute(delete(cases).where(cases.c.id == case)).rowcount:
                raise UsageError(f"there is no case {case}; see hushtap cases list")
        self._database.owed = True
        self._database.emptied()

    def purge(self, vault: Vault) -> int:
        """Destroy the sounds whose term is over or whose recording is gone; return how many.

        What a reader kept from being destroyed before is destroyed now.
        """
        now = self._clock()
        query = select(cases.c.id, cases.c.recording, cases.c.until).where(
            cases.c.sound.is_not(None)
        )
        with self._database.reading() as connection:
            kept = connection.execute(query).all()
        over = [row.id for row in kept if now >= row.until or _is_gone(vault, row.recording)]
        if over:
            gone = {"sound": None, "wrapped": None, "until": None}
            with self._database.writing() as connection:
                connection.execute(update(cases).where(cases.c.id.in_(over)).values(gone))
            self._database.owed = True
        if self._database.owed:
            self._database.emptied()
        return len(over)

    @property
    def owed(self) -> bool:
        """Whether what was destroyed may be in the database's log still: ``purge`` again."""
        return self._database.owed

    def _sealed(
        self, flag: Flag, samples: NDArray[np.int16], around: Span, rate: int
    ) -> tuple[bytes, bytes]:
        """Return the sound with its truth, sealed, and its wrapped key."""
        channels = samples.shape[1]
        head = {
            "sample_rate": rate,
            "channels": channels,
            "start": flag.span.start - around.start,
            "end": flag.span.end - around.start,
        }
        clear = json.dumps(head).encode() + b"\n" + samples.astype("<i2").tobytes()
        data_key, name = secrets.token_bytes(32), _name(flag.id, flag.recording)
        sealed = AESGCM(data_key).encrypt(_NONCE, clear, name.encode())
        return sealed, load_public(self._public).wrap(data_key, name)

    @property
    def _public(self) -> Path:
        return self._database.folder / PUBLIC


def unsealed(case: TuningCase, private: PrivateKey) -> tuple[NDArray[np.int16], dict[str, Any]]:
    """Return the sound of a case, shape ``(n, channels)``, and its truth as JSON has it.

    Raises:
        UsageError: none is kept.
        VerificationError: it is not what was sealed, or sealed to another key.
    """
    if case.sound is None or case.wrapped is None:
        raise UsageError(f"case {case.id}: no sound of it is kept")
    name = _name(case.id, case.recording)
    try:
        data_key = private.unwrap(case.wrapped, name)
        clear = AESGCM(data_key).decrypt(_NONCE, case.sound, name.encode())
    except (InvalidTag, HushtapError):
        raise VerificationError(
            f"case {case.id}: its sound does not open with key {private.public.key_id}"
        ) from None
    head, _, data = clear.partition(b"\n")
    told = json.loads(head)
    samples = np.frombuffer(data, "<i2").reshape(-1, told["channels"])
    span = {
        "channel": case.pattern.side,
        "start": told["start"] / told["sample_rate"],
        "end": told["end"] / told["sample_rate"],
        "entity": str(case.pattern.entity),
        "sensitive": True,
        "number": 0,
    }
    return samples, {key: told[key] for key in ("sample_rate", "channels")} | {"spans": [span]}


def _silence(samples: NDArray[np.int16], other: Flag, around: Span) -> None:
    part = other.span.clip(around.start, around.end)
    samples[part.start - around.start : part.end - around.start, other.channel] = 0


def _is_gone(vault: Vault, recording: str) -> bool:
    try:
        return vault.info(recording).state is State.DISPOSED
    except NotFoundError:
        return True


def _name(case: int, recording: str) -> str:
    return f"case/{case}/{recording}"


def _case(row: dict[str, Any]) -> TuningCase:
    return TuningCase(**row | {"pattern": Pattern.of_json(row["pattern"])})
