"""Passwords, time-based codes and recovery codes: how they are made and compared."""

from __future__ import annotations

import hashlib
import secrets
import threading
from typing import TYPE_CHECKING, Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hushtap.errors import UsageError

if TYPE_CHECKING:
    from hushtap.web.settings import Settings

STEP: Final = 30
"""Seconds that a code is good for; one step early and late is taken too (RFC 6238, 5.2)."""
ISSUER: Final = "Hushtap"
RECOVERY_CODES: Final = 10

_LONGEST: Final = 256
_COMMON: Final = ("password", "passwort", "qwertz", "qwerty", "letmein", "hushtap", "12345678")


def check_new_password(password: str, account: str, settings: Settings) -> None:
    """Refuse a weak password without telling it. Raises ``UsageError``."""
    plain = password.casefold()
    if not settings.shortest_password <= len(password) <= _LONGEST:
        raise UsageError(f"give a password of {settings.shortest_password} characters or more")
    few = len(set(password)) < 6  # noqa: PLR2004 - different characters
    if account.casefold() in plain or few or any(word in plain for word in _COMMON):
        raise UsageError("this password is easily guessed: give another")


class Passwords:
    """Argon2id, by default as RFC 9106 recommends it where memory is scarce: 64 MiB, 3 passes.

    Two hashes at a time: sign-ins cannot take the memory that recorders need.
    """

    def __init__(self, settings: Settings) -> None:
        self._hasher = PasswordHasher(
            time_cost=settings.hash_passes, memory_cost=settings.hash_memory_kib
        )
        self._at_once = threading.BoundedSemaphore(2)
        self._nobody: str | None = None

    def hash(self, password: str) -> str:
        """Return what is stored of ``password``."""
        with self._at_once:
            return self._hasher.hash(password)

    def fits(self, stored: str | None, password: str) -> bool:
        """Return whether ``stored`` is of ``password``; as slowly where there is no account."""
        if stored is None and self._nobody is None:
            self._nobody = self.hash(secrets.token_hex(16))
        try:
            with self._at_once:
                self._hasher.verify(stored or self._nobody or "", password[:_LONGEST])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def new_password() -> str:
    """Return a random password to be changed at the first sign-in: 100 bits."""
    return "-".join(secrets.token_hex(3) for _ in range(4)) + secrets.token_hex(1)


def new_totp() -> str:
    """Return a new secret of 160 bits in base 32."""
    return pyotp.random_base32()


def totp_uri(secret: str, account: str) -> str:
    """Return what an authenticator app reads from a picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def totp_step(secret: str, code: str, now: float, last: int) -> int | None:
    """Return the time step that ``code`` is of, if it is good now and later than ``last``."""
    totp = pyotp.TOTP(secret)
    # Of other letters it would be an error in place of a wrong code.
    given = code.encode()
    present = int(now) // STEP
    for step in (present, present - 1, present + 1):
        if step > last and secrets.compare_digest(totp.at(step * STEP).encode(), given):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Return codes of 80 bits, each good once in place of a time-based one."""
    drawn = [secrets.token_hex(10) for _ in range(RECOVERY_CODES)]
    return ["-".join(code[at : at + 5] for at in range(0, 20, 5)) for code in drawn]


def digest(token: str) -> str:
    """Return what is stored of a token or recovery code: they are random, a plain hash is enough.

    Spaces and case do not count.
    """
    return hashlib.sha256(token.strip().lower().encode()).hexdigest()


def form_token(session_token: str) -> str:
    """Return what a form of a session must carry; it does not tell the session's token."""
    return hashlib.sha256(f"form|{session_token}".encode()).hexdigest()
