"""Roles, permissions and scopes: one table. What it does not say is denied."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"
    """Nobody is signed in yet."""
    HALF = "half"
    """The password was right; the second factor is due."""
    OWN = "own"
    """One's own account: everybody who is signed in."""
    CALLS_LIST = "calls:list"
    CALLS_LISTEN = "calls:listen"
    """Sound, waveform and transcript."""
    CALLS_LIVE = "calls:live"
    """Sound of calls that are up, a fixed delay late."""
    CALLS_FLAG = "calls:flag"
    """Mute what was missed; say what was muted wrongly."""
    CALLS_COMMENT = "calls:comment"
    CALLS_REVIEW = "calls:review"
    """The review queue and one's scores."""
    CALLS_DISPOSE = "calls:dispose"
    """Ask for a disposal, or agree to one that another asked for."""
    CALLS_GOVERN = "calls:govern"
    """Legal holds, what the caller said to being recorded, access and erasure by caller."""
    CALLS_EXPORT = "calls:export"
    """Ask for a call as a file, and fetch it once another has agreed."""
    EXPORTS_SEE = "exports:see"
    EXPORTS_AGREE = "exports:agree"
    BREACHES_HANDLE = "breaches:handle"
    CASES_LIST = "cases:list"
    FIGURES_READ = "figures:read"
    ALERTS_HANDLE = "alerts:handle"
    """Access that is out of the ordinary: see it, and note that it was looked into."""
    LOG_READ = "log:read"
    ACCESS_REVIEW = "access:review"
    """Confirm that an account is still needed as it is, or revoke it."""
    PEOPLE_READ = "people:read"
    PEOPLE_CHANGE = "people:change"


class Reach(StrEnum):
    """Which calls a role gets to see."""

    NONE = "none"
    QUEUES = "queues"
    """Those of the queues in the account."""
    TEAM = "team"
    """Those that the agents in the account took."""
    ALL = "all"


class Role(StrEnum):
    """What a person is at the desk."""

    TELEPHONY_ENGINEER = "telephony-engineer"
    QA_ANALYST = "qa-analyst"
    SUPERVISOR = "supervisor"
    PRIVACY_OFFICER = "privacy-officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_JUDGES: Final = frozenset(
    {
        Permission.CALLS_LIST,
        Permission.CALLS_LISTEN,
        Permission.CALLS_FLAG,
        Permission.CALLS_COMMENT,
        Permission.CALLS_REVIEW,
        Permission.CASES_LIST,
        Permission.FIGURES_READ,
    }
)

TABLE: Final[dict[Role, tuple[frozenset[Permission], Reach]]] = {
    Role.TELEPHONY_ENGINEER: (
        frozenset({Permission.CALLS_LIST, Permission.FIGURES_READ}),
        Reach.ALL,
    ),
    Role.QA_ANALYST: (_JUDGES, Reach.QUEUES),
    Role.SUPERVISOR: (
        _JUDGES | {Permission.CALLS_LIVE, Permission.CALLS_EXPORT, Permission.EXPORTS_SEE},
        Reach.TEAM,
    ),
    Role.PRIVACY_OFFICER: (
        frozenset(
            {
                Permission.ALERTS_HANDLE,
                Permission.BREACHES_HANDLE,
                Permission.CALLS_DISPOSE,
                Permission.CALLS_GOVERN,
                Permission.CALLS_LIST,
                Permission.CASES_LIST,
                Permission.EXPORTS_AGREE,
                Permission.EXPORTS_SEE,
                Permission.FIGURES_READ,
                Permission.LOG_READ,
            }
        ),
        Reach.ALL,
    ),
    Role.AUDITOR: (frozenset({Permission.LOG_READ}), Reach.NONE),
    Role.ADMINISTRATOR: (
        frozenset({Permission.ACCESS_REVIEW, Permission.PEOPLE_READ, Permission.PEOPLE_CHANGE}),
        Reach.NONE,
    ),
}


def may(role: Role, permission: Permission) -> bool:
    """Return whether ``role``, fully signed in, has ``permission``."""
    return permission is Permission.OWN or permission in TABLE[role][0]


def reach(role: Role) -> Reach:
    """Return which calls ``role`` gets to see."""
    return TABLE[role][1]
