"""SIP over a stream (RFC 3261 section 18.3): where one message ends and the next begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from hushtap.taps.siprec.message import (
    LONGEST_BODY,
    LONGEST_HEAD,
    RefusedError,
    content_length,
    parse_head,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

PING: Final = b"\r\n\r\n"
"""Keep-alive that a server answers with ``PONG`` (RFC 5626 section 3.5.1)."""
PONG: Final = b"\r\n"

_END: Final = re.compile(rb"\r?\n\r?\n")
_BLANK: Final = re.compile(rb"[\r\n]{0,4}")


class Framer:
    """The messages of one connection. At most one message, and what came with it, is held."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._looked = 0
        self._whole: int | None = None

    @property
    def within(self) -> bool:
        """Whether a message has begun and is not yet whole."""
        return bool(self._held)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what came and yield whole messages; ``PING`` for a keep-alive.

        Raises:
            RefusedError: 400 or 513, with the head as ``message`` where there is one;
                where the next message would begin is not known any more.
        """
        self._held += data
        while (found := self._next()) is not None:
            yield found

    def _next(self) -> bytes | None:
        if self._whole is None:
            blank = _BLANK.match(self._held)
            count = blank.end() if blank else 0
            if count >= len(PING):
                del self._held[: len(PING)]
                return PING
            if count == len(self._held):
                return None
            del self._held[:count]
            self._whole = self._measure()
        if self._whole is None or len(self._held) < self._whole:
            return None
        message = bytes(self._held[: self._whole])
        del self._held[: self._whole]
        self._whole, self._looked = None, 0
        return message

    def _measure(self) -> int | None:
        """Return the length of the message, once its head is there."""
        end = _END.search(self._held, max(0, self._looked - 3))
        self._looked = len(self._held)
        if end is None or end.end() > LONGEST_HEAD:
            if len(self._held) > LONGEST_HEAD:
                raise RefusedError(513, "the head is too long")
            return None
        head = bytes(self._held[: end.start()])
        length = content_length(parse_head(head))
        if length is None:
            raise RefusedError(400, "no Content-Length on a stream", message=head)
        if length > LONGEST_BODY:
            raise RefusedError(513, "the body is too long", message=head)
        return end.end() + length
