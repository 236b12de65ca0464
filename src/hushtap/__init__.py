"""Hushtap: spoken card numbers, codes, expiry dates and SSNs never reach the recording.

    >>> import hushtap
    >>> redaction = hushtap.redact("call.wav", policy="pci-ssn", out="redacted")

Names are loaded when they are first used: ``import hushtap`` itself costs nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# Since 1.29, onnxruntime reports to its maker what it runs, keeps files about it and
# has an uploader, all of it decided when it is first imported. A call recorder tells
# nobody anything; see docs/adr/0011-no-telemetry.md.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

if TYPE_CHECKING:
    from hushtap.batch import Redaction, redact
    from hushtap.errors import HushtapError
    from hushtap.pii.policy import Policy, load_policy
    from hushtap.session import Ears, Session
    from hushtap.values import AudioFormat, Entity, Finding, PcmChunk, RedactedChunk
    from hushtap.vault.recordings import CallDetails, Vault

    __version__: str

__all__ = [
    "AudioFormat",
    "CallDetails",
    "Ears",
    "Entity",
    "Finding",
    "HushtapError",
    "PcmChunk",
    "Policy",
    "RedactedChunk",
    "Redaction",
    "Session",
    "Vault",
    "__version__",
    "load_policy",
    "redact",
]

_HOME = {
    "AudioFormat": "hushtap.values",
    "CallDetails": "hushtap.vault.recordings",
    "Ears": "hushtap.session",
    "Entity": "hushtap.values",
    "Finding": "hushtap.values",
    "HushtapError": "hushtap.errors",
    "PcmChunk": "hushtap.values",
    "Policy": "hushtap.pii.policy",
    "RedactedChunk": "hushtap.values",
    "Redaction": "hushtap.batch",
    "Session": "hushtap.session",
    "Vault": "hushtap.vault.recordings",
    "load_policy": "hushtap.pii.policy",
    "redact": "hushtap.batch",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - each name has its own type above
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("hushtap")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'hushtap' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
