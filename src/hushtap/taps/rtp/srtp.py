"""SRTP (RFC 3711, RFC 7714): packets checked and decrypted by libsrtp, or dropped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pylibsrtp import Error, Policy, Session


@dataclass(frozen=True, slots=True)
class Suite:
    """A crypto suite: libsrtp's number for it, bytes of key with salt, and of its tag."""

    profile: int
    key_bytes: int
    tag_bytes: int


SUITES: Final = {
    "AES_CM_128_HMAC_SHA1_80": Suite(Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
    "AES_CM_128_HMAC_SHA1_32": Suite(Policy.SRTP_PROFILE_AES128_CM_SHA1_32, 30, 4),
    "AEAD_AES_128_GCM": Suite(Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 0),
    "AEAD_AES_256_GCM": Suite(Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44, 0),
}
"""By their names in SDP (RFC 4568 section 6.2, RFC 7714 section 14.2)."""

LONGEST: Final = 1_500
"""Bytes of the longest packet that libsrtp's wrapper takes."""


@dataclass(frozen=True, slots=True)
class Key:
    """Key and salt of one direction; ``mki`` is what stands before the tag of each packet."""

    suite: str
    secret: bytes = field(repr=False)
    mki: bytes = field(default=b"", repr=False)


class Unprotector:
    """The packets under one key. Replays, and what was tampered with, come to nothing."""

    def __init__(self, key: Key) -> None:
        suite = SUITES[key.suite]
        self._mki, self._tag = key.mki, suite.tag_bytes
        self._session = Session(
            Policy(
                key=key.secret,
                ssrc_type=Policy.SSRC_ANY_INBOUND,
                srtp_profile=suite.profile,
            )
        )

    def open(self, data: bytes) -> bytes | None:
        """Return the RTP packet in ``data``; None where it is none under this key."""
        if self._mki:
            # The tag does not cover the MKI (RFC 3711 section 4.2), and libsrtp is not told of it.
            end = len(data) - self._tag
            begin = end - len(self._mki)
            if begin < 0 or data[begin:end] != self._mki:
                return None
            data = data[:begin] + data[end:]
        if len(data) > LONGEST:
            return None
        try:
            opened: bytes = self._session.unprotect(data)
        except Error:
            return None
        return opened
