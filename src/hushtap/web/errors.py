"""What the desk answers where it does not do as asked.

::

    DeskError               500
    ├── SignInError         401   not signed in, or the wrong password or code
    ├── ForbiddenError      403   the role does not have it, or the form is not ours
    ├── MissingError        404   unknown, or none of this person's calls: nobody can tell which
    └── TooManyError        429   too many tries
"""

from __future__ import annotations

from hushtap.errors import HushtapError


class DeskError(HushtapError):
    """Base of what the desk refuses. Its text is shown."""

    status = 500


class SignInError(DeskError):
    """Not signed in, or the wrong password or code."""

    status = 401


class ForbiddenError(DeskError):
    """The role does not have it, or the form is not ours."""

    status = 403


class MissingError(DeskError):
    """Unknown, or not this person's."""

    status = 404


class TooManyError(DeskError):
    """Too many tries from one address."""

    status = 429
