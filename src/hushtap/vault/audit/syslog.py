"""Entries as syslog messages (RFC 5424) over TLS (RFC 5425), with the peer's word for them.

Syslog has no acknowledgement. What stands in for it: after the last message this
side closes its half of the connection and waits until the peer closes too. An
orderly close says that the peer has read everything; a reset, silence or an
alert says that it may not have, and the messages count as not sent.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import ssl
import struct
import termios
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hushtap.errors import UsageError, VaultError
from hushtap.vault.audit.events import Outcome, canonical
from hushtap.vault.files import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

PORT: Final = 6514
"""Of syslog over TLS (RFC 5425, section 4.1)."""

TIMEOUT_S: Final = 15.0
"""Seconds without progress after which the peer counts as gone."""

_LOG_AUDIT: Final = 13 * 8
_NOTICE, _WARNING = 5, 4


@dataclass(frozen=True, slots=True)
class SyslogPeer:
    """A syslog server that speaks TLS. ``ca``, ``cert`` and ``key`` are PEM files.

    Without ``ca`` the system's certificates are trusted; ``cert`` and ``key`` are
    for servers that ask for one. The server's name is always checked.
    """

    host: str
    port: int = PORT
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @property
    def name(self) -> str:
        """What it is called in the log's list of targets."""
        return f"syslog+tls://{self.host}:{self.port}"

    def send(self, origin: str, entries: Sequence[tuple[int, bytes]], note: str | None) -> None:
        """Send entries with their numbers, then a checkpoint; return once the peer has read them.

        Raises:
            UsageError: a certificate file cannot be used.
            VaultError: the peer cannot be reached, is not who it should be, or may
                not have read everything.
        """
        context = self._context()
        try:
            with (
                socket.create_connection((self.host, self.port), TIMEOUT_S) as plain,
                context.wrap_socket(plain, server_hostname=self.host) as tls,
            ):
                tls.sendall(b"".join(frames(origin, entries, note)))
                _closed_by_peer(tls)
        except ssl.SSLCertVerificationError as error:
            raise VaultError(
                f"{self.name}: its certificate is not trusted (X509 error {error.verify_code}); "
                "name its authority with --ca"
            ) from None
        except TimeoutError:
            raise VaultError(f"{self.name}: no answer in {TIMEOUT_S:.0f} s") from None
        except ssl.SSLError as error:
            raise VaultError(f"{self.name}: TLS failed ({error.reason or 'unknown'})") from None
        except OSError as error:
            raise VaultError(f"{self.name}: cannot be reached ({reason(error)})") from None

    def _context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except OSError as error:
            files = ", ".join(str(path) for path in (self.ca, self.cert, self.key) if path)
            why = "no usable PEM" if isinstance(error, ssl.SSLError) else reason(error)
            raise UsageError(f"{files}: cannot be used for TLS ({why})") from None
        return context


def frames(origin: str, entries: Iterable[tuple[int, bytes]], note: str | None) -> Iterable[bytes]:
    """Yield messages in the framing of RFC 5425: their length in bytes, a space, the message."""
    host = "-"
    for number, entry in entries:
        fields = json.loads(entry)
        host = str(fields["host"])
        severity = _WARNING if fields["outcome"] == Outcome.FAILURE else _NOTICE
        head = f"<{_LOG_AUDIT + severity}>1 {fields['time']} {host} hushtap - {fields['activity']}"
        yield _frame(head, message(origin, number, entry))
    if note is not None:
        head = f"<{_LOG_AUDIT + _NOTICE}>1 - {host} hushtap - checkpoint"
        yield _frame(head, canonical({"checkpoint": note, "log": origin}))


def message(origin: str, number: int, entry: bytes) -> bytes:
    """Return an entry with its place, as canonical JSON: ``entry`` is in it byte for byte."""
    fields: dict[str, Any] = {"entry": json.loads(entry), "log": origin, "number": number}
    return canonical(fields)


def _frame(head: str, body: bytes) -> bytes:
    content = f"{head} - ".encode() + body
    return b"%d %b" % (len(content), content)


def _closed_by_peer(tls: ssl.SSLSocket) -> None:
    """Close this half and wait for the other. Raises ``OSError`` unless the peer has read all.

    A system that still holds something unread when its program closes sends a
    reset instead of an end; one that closed earlier acknowledges nothing more.
    """
    try:
        tls.unwrap()
    except ssl.SSLEOFError:
        # An end without the alert of TLS, which many servers leave out.
        pass
    else:
        # The same socket, without TLS: the alert alone may have been sent at any time.
        tls.shutdown(socket.SHUT_WR)
        while tls.recv(4096):
            pass
    (unread,) = struct.unpack("i", fcntl.ioctl(tls.fileno(), termios.TIOCOUTQ, bytes(4)))
    if unread:
        raise ConnectionAbortedError(errno.ECONNABORTED, os.strerror(errno.ECONNABORTED))
