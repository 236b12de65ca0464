"""Bodies of SIP messages: an SDP and metadata, alone or as parts of a multipart (RFC 5621)."""

from __future__ import annotations

import email.errors
import email.parser
import email.policy
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hushtap.taps.siprec.message import RefusedError

if TYPE_CHECKING:
    from hushtap.taps.siprec.message import Message

ACCEPTED: Final = (
    "application/sdp, application/rs-metadata+xml, application/rs-metadata, multipart/mixed"
)

_SDP: Final = "application/sdp"
_METADATA: Final = frozenset({"application/rs-metadata+xml", "application/rs-metadata"})
_MOST_NESTED: Final = 4
"""Multiparts within one body: parts of a real one are never nested; the parser recurses."""


@dataclass(frozen=True, slots=True)
class Bodies:
    """What a message carries that is of use here. None where it is not there."""

    sdp: bytes | None = field(default=None, repr=False)
    metadata: bytes | None = field(default=None, repr=False)


def bodies(message: Message) -> Bodies:
    """Return the bodies of a message; parts of other types (``application/gtd``) are left out.

    Raises:
        RefusedError: 400 or 415.
    """
    if not message.body.strip():
        return Bodies()
    encoding = (message.headers.get("content-encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise RefusedError(415, "the body is encoded", headers=[("Accept-Encoding", "identity")])
    kind = message.headers.get("content-type") or ""
    if len(re.findall(rb"multipart/", message.body, re.IGNORECASE)) > _MOST_NESTED:
        raise RefusedError(400, "the body is nested too deeply")
    head = f"Content-Type: {kind}\r\n\r\n".encode("utf-8", "surrogateescape")
    try:
        whole = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(
            head + message.body
        )
    except (ValueError, LookupError, email.errors.MessageError):
        raise RefusedError(400, "the body is malformed") from None
    found: dict[str, bytes] = {}
    for part in whole.walk():
        one = part.get_content_type()
        name = "sdp" if one == _SDP else "metadata" if one in _METADATA else None
        content = part.get_payload(decode=True) if name else None
        if name and isinstance(content, bytes):
            found.setdefault(name, content)
    if not found and whole.get_content_maintype() != "multipart":
        raise RefusedError(
            415, "a body of this type is not understood", headers=[("Accept", ACCEPTED)]
        )
    return Bodies(found.get("sdp"), found.get("metadata"))
