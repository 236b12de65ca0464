"""The errors of Hushtap, each with the exit code of the command that raised it.

::

    HushtapError                 1   something about a call or its store failed
    ├── UsageError               2   the command or configuration cannot be carried out as asked
    │   └── PolicyError          2   a policy file is wrong
    ├── TapError                 1   audio cannot be read
    ├── BusyError                1   no more calls are taken now
    ├── ModelError               3   weights are missing or are not what the manifest says
    └── VaultError               1   a recording cannot be written or opened
        ├── NotFoundError        1   there is no such recording
        ├── ConsentError         1   the caller does not want to be recorded
        ├── HeldError            1   a legal hold keeps a recording
        ├── ApprovalError        1   a second person has not agreed
        └── VerificationError    3   a recording is not what was sealed

Messages name the file and the fix on one line and never quote what was said.
Library errors are translated where the library is called; the cause is kept
only where its text cannot carry speech.
"""

from __future__ import annotations


class HushtapError(Exception):
    """Base of every error that Hushtap raises on purpose."""

    exit_code = 1


class UsageError(HushtapError):
    """The command or configuration cannot be carried out as asked."""

    exit_code = 2


class PolicyError(UsageError):
    """A policy file is wrong."""


class TapError(HushtapError):
    """Audio cannot be read."""


class BusyError(HushtapError):
    """No more calls are taken now; ``retry_after`` seconds from now they may be."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ModelError(HushtapError):
    """Weights are missing or are not what the manifest says."""

    exit_code = 3


class VaultError(HushtapError):
    """A recording cannot be written or opened."""


class NotFoundError(VaultError):
    """There is no such recording, or several whose ids begin so."""


class ConsentError(VaultError):
    """The caller does not want to be recorded."""


class HeldError(VaultError):
    """A legal hold keeps a recording."""


class ApprovalError(VaultError):
    """A second person has not agreed to what is to be done."""


class VerificationError(VaultError):
    """A recording is not what was sealed."""

    exit_code = 3
