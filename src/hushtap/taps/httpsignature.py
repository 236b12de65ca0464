"""The signature of a handshake as AudioHook makes it: a part of RFC 9421, HMAC-SHA256.

One signature, over named header fields and the two parts of the request that its own
headers do not hold. What is not in canonical form is refused, so what was signed is what
was read. https://developer.genesys.cloud/devapps/audiohook/security. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED: Final = (
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
)
"""What has to be signed."""
OLDEST_S: Final = 10.0
"""Seconds that a signature is good for."""
SKEW_S: Final = 3.0
"""Seconds that the signer's clock may be ahead."""
LEAST_NONCE: Final = 22
"""Characters: 128 bits in base64."""
REMEMBERED: Final = 100_000
"""Nonces of the last seconds: more handshakes than a gateway takes in that time."""

_LONGEST: Final = 4_096
_INPUT: Final = re.compile(
    r'([a-z][a-z0-9_]*)=(\((("[a-z0-9@-]+")( "[a-z0-9@-]+")*)\)'
    r'((;(keyid|nonce|alg)="[ !#-\[\]-~]*"|;(created|expires)=[0-9]{1,12})*))'
)
_PARAMETER: Final = re.compile(r';([a-z]+)=(?:"([^"]*)"|([0-9]+))')
_SIGNATURE: Final = re.compile(r"([a-z][a-z0-9_]*)=:([A-Za-z0-9+/]+={0,2}):")


class Signatures:
    """Checks handshakes against ``keys``: the secret of each API key. For one thread.

    What was signed before ``since``, in seconds since 1970, is refused: somebody may have
    seen it used before there was this object to remember it.
    """

    def __init__(self, keys: Mapping[str, bytes], since: float = 0.0) -> None:
        self._keys = keys
        self._forgotten = since + SKEW_S
        """Signatures up to this time are not remembered, so they may have been used."""
        self._nonces: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()
        """When each came, and when it was signed."""

    def is_right(self, target: str, headers: Mapping[str, str], now: float) -> bool:
        """Return whether a request is signed, now, and for the first time.

        ``target`` is its path and query; names of ``headers`` are in lower case, fields of
        one name joined by ``", "``; ``now`` is in seconds since 1970.
        """
        given, mark = headers.get("signature-input", ""), headers.get("signature", "")
        if max(len(given), len(mark)) > _LONGEST:
            return False
        read, signature = _INPUT.fullmatch(given), _SIGNATURE.fullmatch(mark)
        if read is None or signature is None or read[1] != signature[1]:
            return False
        pairs = [(name, text or number) for name, text, number in _PARAMETER.findall(read[6])]
        said = dict(pairs)
        components = [part.strip('"') for part in read[3].split(" ")]
        if len(said) < len(pairs) or len(set(components)) < len(components):
            return False
        key_id = said.get("keyid", "")
        secret = self._keys.get(key_id)
        base = _base(components, target, headers, read[2])
        if base is None or not set(REQUIRED) <= set(components) or not _in_time(said, now):
            return False
        # An unknown key takes as long as a wrong signature.
        expected = hmac.new(secret or b"?", base.encode(), hashlib.sha256).digest()
        right = hmac.compare_digest(base64.b64encode(expected).decode("ascii"), signature[2])
        known = secret is not None and headers.get("x-api-key") == key_id
        good = right and known and said.get("alg", "hmac-sha256") == "hmac-sha256"
        return good and self._is_new(key_id, said.get("nonce", ""), int(said["created"]), now)

    def _is_new(self, key_id: str, nonce: str, created: int, now: float) -> bool:
        old = now - OLDEST_S - 2 * SKEW_S
        while self._nonces and next(iter(self._nonces.values()))[0] < old:
            _, (_, signed) = self._nonces.popitem(last=False)
            # Our clock may be set back, and make it young again.
            self._forgotten = max(self._forgotten, signed)
        if created <= self._forgotten:
            return False
        if len(nonce) < LEAST_NONCE or (key_id, nonce) in self._nonces:
            return False
        if len(self._nonces) >= REMEMBERED:
            # What cannot be remembered could come again.
            return False
        self._nonces[key_id, nonce] = now, created
        return True


def _in_time(said: Mapping[str, str], now: float) -> bool:
    if "created" not in said:
        return False
    age = now - int(said["created"])
    expires = int(said.get("expires", "999999999999"))
    return -SKEW_S <= age <= OLDEST_S and now < expires


def _base(
    components: list[str], target: str, headers: Mapping[str, str], parameters: str
) -> str | None:
    """Return what is signed (RFC 9421 section 2.5); None where a part of it is not there."""
    derived = {"@request-target": target, "@authority": headers.get("host", "").lower()}
    lines: list[str] = []
    for name in components:
        value = derived.get(name) if name.startswith("@") else headers.get(name)
        if not value or name in {"signature", "signature-input"}:
            return None
        lines.append(f'"{name}": {value.strip()}')
    return "\n".join([*lines, f'"@signature-params": {parameters}'])
