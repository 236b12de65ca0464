"""Keys of SRTP in SDP (RFC 4568): ``a=crypto`` lines read, one chosen, one answered."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hushtap.taps.rtp.srtp import SUITES, Key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CRYPTO: Final = re.compile(
    r"([0-9]{1,9})\s+([A-Z0-9_]{1,64})\s+inline:([A-Za-z0-9+/=]{1,128})"
    r"(?:\|(?:2\^[0-9]{1,2}|[0-9]{1,20}))?(?:\|([0-9]{1,10}):([0-9]{1,3}))?(?:\s+(.*))?"
)
_LONGEST_MKI: Final = 16
_HARMLESS: Final = ("UNENCRYPTED_SRTCP", "KDR=0", "WSH=")
"""Session parameters that change nothing in what is received as RTP."""


@dataclass(frozen=True, slots=True)
class Crypto:
    """One offered key, with the number that the answer repeats."""

    tag: str
    key: Key = field(repr=False)


def read(value: str) -> Crypto | None:
    """Return what an ``a=crypto`` value offers; None where it cannot be taken."""
    match = _CRYPTO.fullmatch(value.strip())
    if match is None or match[2] not in SUITES:
        return None
    tag, name, inline, mki, mki_length, session = match.groups()
    if any(not one.startswith(_HARMLESS) for one in (session or "").split()):
        return None
    suite = SUITES[name]
    try:
        secret = base64.b64decode(inline + "=" * (-len(inline) % 4), validate=True)
    except binascii.Error:
        return None
    size = int(mki_length or 0)
    if len(secret) != suite.key_bytes or (mki and not 0 < size <= _LONGEST_MKI):
        return None
    if mki and int(mki) >= 256**size:
        return None
    return Crypto(tag, Key(name, secret, int(mki).to_bytes(size, "big") if mki else b""))


def first(values: Iterable[str]) -> Crypto | None:
    """Return the first that can be taken: the offer lists what is liked best first."""
    return next((found for value in values if (found := read(value))), None)


def answer(chosen: Crypto, random: Callable[[int], bytes]) -> str:
    """Return the ``a=crypto`` value of an answer, with a key for what we would send: nothing."""
    own = random(SUITES[chosen.key.suite].key_bytes)
    return f"{chosen.tag} {chosen.key.suite} inline:{base64.b64encode(own).decode()}"
