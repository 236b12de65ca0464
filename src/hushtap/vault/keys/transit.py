"""A private key sealed by the transit engine of a HashiCorp Vault or OpenBao server.

Address and token come from ``VAULT_ADDR`` and ``VAULT_TOKEN``, as for its own tools.
"""

from __future__ import annotations

import base64
import logging
import os
import re
from typing import TYPE_CHECKING, Any

from hushtap.errors import UsageError, VaultError

try:
    import hvac
    import requests
    from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, Unauthorized, VaultDown
    from hvac.exceptions import VaultError as ServerError
except ImportError:
    raise VaultError(
        "this key is sealed by a transit engine: pip install 'hushtap[transit]'"
    ) from None

if TYPE_CHECKING:
    from collections.abc import Mapping

for _logger in ("hvac", "urllib3"):
    logging.getLogger(_logger).setLevel(logging.WARNING)

_TIMEOUT_SECONDS = 10
_NAME = re.compile(r"[A-Za-z0-9._-]+")


class TransitKey:
    """A transit key of an authenticated type (aes256-gcm96, chacha20-poly1305), by name."""

    name = "transit"

    def __init__(self, key: str) -> None:
        if not _NAME.fullmatch(key):
            raise UsageError("the name of a transit key is letters, digits, dots, dashes, _")
        self._key = key

    def seal(self, secret: bytes, context: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return ``secret`` sealed by the server, and the name of its key."""
        plain = base64.b64encode(secret).decode()
        answer = self._ask("encrypt_data", plaintext=plain, associated_data=_text(context))
        return str(answer["ciphertext"]).encode(), {"transit_key": self._key}

    def open(self, sealed: bytes, fields: Mapping[str, Any], context: bytes) -> bytes:
        """Return the secret that the server opens."""
        del fields
        answer = self._ask(
            "decrypt_data", ciphertext=sealed.decode("ascii"), associated_data=_text(context)
        )
        return base64.b64decode(answer["plaintext"], validate=True)

    def _ask(self, act: str, **parameters: str) -> dict[str, Any]:
        address = os.environ.get("VAULT_ADDR")
        if not address:
            raise VaultError(f"transit key {self._key}: set VAULT_ADDR to the server's address")
        try:
            client = hvac.Client(url=address, timeout=_TIMEOUT_SECONDS)
            ask = getattr(client.secrets.transit, act)
            return dict(ask(name=self._key, **parameters)["data"])
        except (Forbidden, Unauthorized):
            line = "VAULT_TOKEN may not use it; log in, or ask for the right"
        except InvalidPath:
            line = "there is no transit engine at transit/; enable it"
        except InvalidRequest:
            line = "does not open the key file, or is not there; check its name"
        except VaultDown:
            line = "the server is sealed; unseal it"
        except (ServerError, requests.RequestException) as error:
            line = f"the server does not answer ({type(error).__name__}); check VAULT_ADDR"
        raise VaultError(f"transit key {self._key}: {line}")


def _text(context: bytes) -> str:
    return base64.b64encode(context).decode()
