"""Where a server listens, and that nothing leaves this machine in clear unless told to."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from hushtap.addresses import is_loopback, parse_address
from hushtap.errors import UsageError

LEAST_SECRET: Final = 16
"""Characters of a token, at least."""


class Section(BaseModel):
    """A part of the gateway's settings: frozen, and without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Listen(Section):
    """A TCP address, its TLS, and whether it may be plain beyond loopback.

    ``listen`` is ``HOST:PORT`` with a numeric host, IPv6 in brackets.
    """

    listen: str
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allow_plain: bool = False

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of ``listen``."""
        return parse_address(self.listen)

    @property
    def is_loopback(self) -> bool:
        """Whether nothing outside this machine reaches it."""
        return is_loopback(self.address)

    @property
    def exposed(self) -> bool:
        """Whether other machines reach it without TLS."""
        return self.tls_cert is None and not self.is_loopback

    def tls(self) -> ssl.SSLContext | None:
        """Return the context of the certificate, if there is one. Raises ``UsageError``."""
        if self.tls_cert is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key)
        except OSError as error:
            # An SSLError is one; neither quotes what is in the files.
            raise UsageError(
                f"{self.tls_cert}: no certificate with its private key ({type(error).__name__}); "
                "give PEM files as tls_cert and tls_key"
            ) from None
        return context

    @field_validator("listen")
    @classmethod
    def _is_address(cls, value: str) -> str:
        parse_address(value)
        return value

    @model_validator(mode="after")
    def _is_not_exposed(self) -> Self:
        if self.exposed and not self.allow_plain:
            raise ValueError(
                f"{self.listen} is reached from other machines, in clear: bind to 127.0.0.1, "
                "give tls_cert and tls_key, or say allow_plain = true"
            )
        return self


def read_secret(path: Path) -> tuple[str, ...]:
    """Return the lines of a file with secrets, one or more. Raises ``UsageError``."""
    try:
        lines = path.read_text(encoding="utf-8").split()
    except OSError as error:
        raise UsageError(f"{path}: the secret cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        lines = []
    if not lines or min(map(len, lines)) < LEAST_SECRET:
        raise UsageError(f"{path}: give a secret of {LEAST_SECRET} characters or more, one a line")
    return tuple(lines)
