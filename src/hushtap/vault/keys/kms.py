"""A private key sealed by AWS KMS. Credentials and region come as boto3 looks for them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from hushtap.errors import VaultError

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
except ImportError:
    raise VaultError("this key is sealed by AWS KMS: pip install 'hushtap[kms]'") from None

if TYPE_CHECKING:
    from collections.abc import Mapping

# Their debug lines show requests, and these hold the key.
for _logger in ("boto3", "botocore", "urllib3"):
    logging.getLogger(_logger).setLevel(logging.WARNING)

_LIMITS = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 3})


class KmsKey:
    """A symmetric KMS key, by id, ARN or alias."""

    name = "aws-kms"

    def __init__(self, key: str) -> None:
        self._key = key

    def seal(self, secret: bytes, context: bytes) -> tuple[bytes, dict[str, Any]]:
        """Return ``secret`` sealed by the service, and the name of its key."""
        answer = self._ask("encrypt", Plaintext=secret, EncryptionContext=_context(context))
        return bytes(answer["CiphertextBlob"]), {"kms_key": self._key}

    def open(self, sealed: bytes, fields: Mapping[str, Any], context: bytes) -> bytes:
        """Return the secret that the service opens."""
        del fields
        answer = self._ask("decrypt", CiphertextBlob=sealed, EncryptionContext=_context(context))
        return bytes(answer["Plaintext"])

    def _ask(self, act: str, **parameters: object) -> dict[str, Any]:
        try:
            # A session of its own: credentials that changed meanwhile are seen.
            client = boto3.session.Session().client("kms", config=_LIMITS)
            return dict(getattr(client, act)(KeyId=self._key, **parameters))
        except NoCredentialsError:
            line = "there are no AWS credentials; set up those that boto3 looks for"
        except NoRegionError:
            line = "no AWS region is set; set AWS_DEFAULT_REGION"
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            line = _REFUSALS.get(code, f"refused ({code}); see the service's own log")
        except BotoCoreError as error:
            line = f"the service does not answer ({type(error).__name__}); check the network"
        raise VaultError(f"KMS key {self._key}: {line}")


_REFUSALS = {
    "AccessDeniedException": "these AWS credentials may not use it; "
    "ask for kms:Encrypt and kms:Decrypt",
    "NotFoundException": "there is no such key; check id, account and region",
    "DisabledException": "is disabled; enable it",
    "KMSInvalidStateException": "is to be deleted or was; cancel its deletion",
    "InvalidCiphertextException": "does not open the key file; restore it from a backup",
    "IncorrectKeyException": "did not seal the key file; name the right one",
}


def _context(context: bytes) -> dict[str, str]:
    return {"hushtap": context.decode()}
