"""SIP messages (RFC 3261 section 7): bytes in, bytes out, header values as they stood.

Parsers of SIP elsewhere write anew what they read, and refuse what the field sends; a
response has to repeat Via, From, To and Record-Route to the letter, and needs no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_HEAD: Final = 32_768
"""Bytes of start line and headers; with all its Vias and vendor headers a real one has 4 000."""
LONGEST_BODY: Final = 131_072
"""Bytes of a body; metadata of a conference of fifty has about 40 000."""
MOST_HEADERS: Final = 256

_VERSION: Final = "SIP/2.0"
_TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,64}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_COMPACT: Final = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
}
PHRASES: Final = {
    100: "Trying",
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    420: "Bad Extension",
    422: "Session Interval Too Small",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    491: "Request Pending",
    500: "Server Internal Error",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
    603: "Decline",
}


class RefusedError(TapError):
    """A message is answered with ``status``, or dropped where it cannot be answered.

    The text says what is wrong in words of our own, and is sent to the peer; ``headers``
    go with it. ``message`` is the start of a message that was too long to take.
    """

    def __init__(
        self,
        status: int,
        text: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        message: bytes = b"",
    ) -> None:
        super().__init__(text)
        self.status = status
        self.headers = tuple(headers)
        self.message = message


class Headers:
    """Header fields in their order. Names are compared in lower case, in their long form."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields = tuple(fields)

    def __repr__(self) -> str:
        return f"Headers({len(self._fields)})"

    def get(self, name: str) -> str | None:
        """Return the first value of ``name``, or None."""
        return next((value for one, value in self._fields if one == name), None)

    def all(self, name: str) -> list[str]:
        """Return every value of ``name``, in order."""
        return [value for one, value in self._fields if one == name]

    def but(self, name: str) -> list[tuple[str, str]]:
        """Return all fields but those of ``name``."""
        return [(one, value) for one, value in self._fields if one != name]


@dataclass(frozen=True, slots=True)
class Request:
    """A request. Its repr hides whom it is to, and what it carries."""

    method: str
    uri: str = field(repr=False)
    headers: Headers
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """A response to a request of ours."""

    status: int
    headers: Headers
    body: bytes = field(default=b"", repr=False)


Message: TypeAlias = Request | Response


def parse(data: bytes) -> Message:
    """Return the message in ``data``; what is behind its Content-Length is left out.

    Raises:
        RefusedError: 400, 505 or 513. Nothing is known of who should be told.
    """
    head, _, body = _split(data)
    if len(head) > LONGEST_HEAD or len(body) > LONGEST_BODY:
        raise RefusedError(513, "the message is too long")
    start, headers = _head(head)
    length = content_length(headers)
    if length is not None:
        if length > len(body):
            raise RefusedError(400, "the body is shorter than its Content-Length")
        body = body[:length]
    words = start.split(" ")
    if words[0] == _VERSION:
        if len(words) < 2 or not re.fullmatch(r"[1-6][0-9]{2}", words[1]):  # noqa: PLR2004
            raise RefusedError(400, "no status line")
        return Response(int(words[1]), headers, body)
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]) or not words[1]:  # noqa: PLR2004
        raise RefusedError(400, "no request line")
    if words[2].upper() != _VERSION:
        raise RefusedError(505, "the version is not SIP/2.0")
    return Request(words[0], words[1], headers, body)


def content_length(headers: Headers) -> int | None:
    """Return what Content-Length says, or None where there is none.

    Raises:
        RefusedError: 400, it is no number, or there are two that differ.
    """
    found = {value.strip() for value in headers.all("content-length")}
    if not found:
        return None
    text = found.pop()
    if found or not re.fullmatch(r"[0-9]{1,9}", text):
        raise RefusedError(400, "no valid Content-Length")
    return int(text)


def parse_head(head: bytes) -> Headers:
    """Return the headers of a message of which no more is there than its head.

    Raises:
        RefusedError: 400.
    """
    return _head(head)[1]


def salvaged(data: bytes) -> Request | None:
    """Return the request that damaged or cut bytes begin with, without body, if one is there."""
    head, *rest = re.split(rb"\r?\n\r?\n", data[:LONGEST_HEAD].lstrip(b"\r\n"), maxsplit=1)
    # A line that was cut off is none.
    lines = head if rest else head.rpartition(b"\n")[0]
    try:
        start, headers = _head(lines.rstrip(b"\r"))
    except RefusedError:
        return None
    words = start.split(" ")
    if len(words) < 3 or not _TOKEN.fullmatch(words[0]) or not words[-1].startswith("SIP/"):  # noqa: PLR2004
        return None
    return Request(words[0], words[1], headers)


def respond(
    request: Request,
    status: int,
    *,
    to_tag: str | None = None,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    phrase: str | None = None,
) -> bytes:
    """Return the response to ``request`` (RFC 3261 section 8.2.6) as it is sent.

    ``to_tag`` is added to a To that has none yet.
    """
    lines = [f"{_VERSION} {status} {phrase or PHRASES.get(status, 'Refused')}"]
    lines += [f"Via: {value}" for value in request.headers.all("via")]
    if status // 100 in {1, 2}:
        lines += [f"Record-Route: {value}" for value in request.headers.all("record-route")]
    to = request.headers.get("to") or ""
    if to_tag and not re.search(r";\s*tag\s*=", to.rpartition(">")[2], re.IGNORECASE):
        to = f"{to};tag={to_tag}"
    lines += [f"From: {request.headers.get('from') or ''}", f"To: {to}"]
    lines += [f"Call-ID: {request.headers.get('call-id') or ''}"]
    lines += [f"CSeq: {request.headers.get('cseq') or ''}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return _joined(lines, body)


def request(method: str, uri: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """Return a request of ours as it is sent."""
    return _joined(
        [f"{method} {uri} {_VERSION}", *(f"{name}: {value}" for name, value in headers)], body
    )


def _joined(lines: list[str], body: bytes) -> bytes:
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""])
    return head.encode("utf-8", "surrogateescape") + body


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Return head, separator and body, whether lines end in CRLF or LF."""
    data = data.lstrip(b"\r\n")
    end = re.search(rb"\r?\n\r?\n", data)
    if end is None:
        too_long = len(data) > LONGEST_HEAD
        raise RefusedError(513 if too_long else 400, "the head has no end")
    return data[: end.start()], end[0], data[end.end() :]


def _head(head: bytes) -> tuple[str, Headers]:
    text = head.decode("utf-8", "surrogateescape")
    # A line that begins with white space goes on with the one before (RFC 3261 section 7.3.1).
    text = re.sub(r"[ \t]*\r?\n[ \t]+", " ", text)
    start, *lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MOST_HEADERS:
        raise RefusedError(400, "there are too many headers")
    if _CONTROL.search(start) or any(_CONTROL.search(line) for line in lines):
        raise RefusedError(400, "a header has control characters")
    return start, Headers(map(_field, lines))


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    name = name.rstrip(" \t")
    if not colon or not _TOKEN.fullmatch(name):
        raise RefusedError(400, "a line is no header")
    return _COMPACT.get(name.lower(), name.lower()), value.strip(" \t")
