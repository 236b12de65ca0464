"""What stands in SIP's header fields: lists, parameters, addresses, Via, CSeq."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from hushtap.taps.siprec.message import Headers, Message, RefusedError, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Parameters: TypeAlias = dict[str, str | None]
"""Names in lower case; None where there is no value. The first of a name counts."""

MOST_PARAMETERS: Final = 64
_PIECES: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?$)|<[^>]*(?:>|$)|[^"<,;]+|.', re.DOTALL)
_VIA: Final = re.compile(r"SIP\s*/\s*2\.0\s*/\s*([A-Za-z-]{1,16})\s+([^\s;,]{1,255})")
_SENT_BY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:]+)(?::([0-9]{1,5}))?")
_CSEQ: Final = re.compile(r"([0-9]{1,10})\s+(\S{1,64})")
_SENSIBLE_URI: Final = re.compile(r"[\x21-\x7e]{1,1024}")


@dataclass(frozen=True, slots=True)
class Via:
    """Where a response goes: ``host`` and ``port`` as the sender named itself."""

    transport: str
    host: str
    port: int | None
    parameters: Parameters

    @property
    def branch(self) -> str:
        """What the sender calls the transaction."""
        return self.parameters.get("branch") or ""


@dataclass(frozen=True, slots=True)
class Address:
    """A name-addr: its URI, and the parameters behind it. The name is left out."""

    uri: str = field(repr=False)
    parameters: Parameters = field(repr=False)

    @property
    def tag(self) -> str:
        """The tag, empty where there is none."""
        return self.parameters.get("tag") or ""


def split(text: str, separator: str) -> Iterator[str]:
    """Yield the parts of ``text`` between separators that are outside quotes and brackets."""
    part: list[str] = []
    for match in _PIECES.finditer(text):
        if match[0] == separator:
            yield "".join(part).strip()
            part = []
        else:
            part.append(match[0])
    yield "".join(part).strip()


def parameters(parts: Iterable[str]) -> Parameters:
    """Return ``name=value`` parts as parameters."""
    found: Parameters = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if name.strip() and len(found) < MOST_PARAMETERS:
            found.setdefault(name.strip().lower(), value.strip().strip('"') if equals else None)
    return found


def address(value: str) -> Address:
    """Return the address in a From, To, Contact or Record-Route.

    Raises:
        RefusedError: 400.
    """
    first, *rest = split(value, ";")
    # A display name in quotes may have brackets, too.
    bracketed = re.findall(r"<([^<>]*)>", first)
    uri = bracketed[-1].strip() if bracketed else first
    if not _SENSIBLE_URI.fullmatch(uri):
        raise RefusedError(400, "an address is malformed")
    return Address(uri, parameters(rest))


def listed(values: Iterable[str]) -> list[str]:
    """Return the elements of header values that are lists."""
    return [part for value in values for part in split(value, ",") if part]


def tokens(headers: Headers, name: str) -> list[str]:
    """Return the tokens of a header such as Require, in lower case."""
    return [token.lower() for token in listed(headers.all(name))]


def top_via(message: Message) -> Via:
    """Return the first Via.

    Raises:
        RefusedError: 400.
    """
    first = next(iter(listed(message.headers.all("via"))), "")
    head, *rest = split(first, ";")
    match = _VIA.fullmatch(head)
    sent_by = _SENT_BY.fullmatch(match[2]) if match else None
    if match is None or sent_by is None or int(sent_by[2] or 0) > 65_535:  # noqa: PLR2004
        raise RefusedError(400, "no valid Via")
    port = int(sent_by[2]) if sent_by[2] else None
    return Via(match[1].upper(), sent_by[1].strip("[]").lower(), port, parameters(rest))


def cseq(message: Message) -> tuple[int, str]:
    """Return number and method of CSeq.

    Raises:
        RefusedError: 400.
    """
    match = _CSEQ.fullmatch(message.headers.get("cseq") or "")
    if match is None or int(match[1]) >= 2**32:
        raise RefusedError(400, "no valid CSeq")
    return int(match[1]), match[2]


def check(request: Request) -> None:
    """Refuse a request that lacks what every one has (RFC 3261 section 8.1.1).

    Raises:
        RefusedError: 400.
    """
    top_via(request)
    if cseq(request)[1] != request.method:
        raise RefusedError(400, "CSeq names another method")
    for name in ("from", "to"):
        address(request.headers.get(name) or "")
    if len(set(request.headers.all("call-id"))) != 1 or not request.headers.get("call-id"):
        raise RefusedError(400, "no valid Call-ID")
    if not address(request.headers.get("from") or "").tag and request.method == "INVITE":
        raise RefusedError(400, "From has no tag")


def seconds(value: str | None) -> tuple[int, Parameters] | None:
    """Return a delta-seconds header such as Session-Expires with its parameters; None if absent.

    Raises:
        RefusedError: 400.
    """
    if value is None:
        return None
    first, *rest = split(value, ";")
    if not re.fullmatch(r"[0-9]{1,9}", first):
        raise RefusedError(400, "a number of seconds is malformed")
    return int(first), parameters(rest)


def uri_parameters(uri: str) -> Parameters:
    """Return the parameters within a URI, those of its user part as well."""
    return parameters(part.partition("@")[0] for part in uri.partition("?")[0].split(";")[1:])


def user(uri: str) -> str:
    """Return who a SIP or TEL URI is about: its user, else its host."""
    _, _, rest = uri.partition(":")
    rest = rest.partition("?")[0]
    name, at, host = rest.rpartition("@")
    return (name if at else host).partition(";")[0].partition(":")[0]
