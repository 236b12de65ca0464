"""What can be set about the desk; times in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """The rules of signing in. The defaults are those of PCI DSS 8.2.8, 8.3.4 and ASVS 5.0.

    ``idle`` and ``longest`` end a session, ``half`` one whose second factor is due;
    ``tries`` wrong passwords or codes lock an account for ``locked``. ``hash_...`` is
    what Argon2id takes of memory and time. ``attempts`` a minute are taken from one
    address. ``secure`` is off only where the desk is served without TLS on the loopback.
    """

    idle: int = 15 * 60
    longest: int = 12 * 3600
    half: int = 5 * 60
    tries: int = 10
    locked: int = 30 * 60
    attempts: int = 20
    shortest_password: int = 12
    hash_memory_kib: int = 64 * 1024
    hash_passes: int = 3
    secure: bool = True
