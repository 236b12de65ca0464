"""How long recordings are kept: rules by queue and policy, from a TOML file.

The rules lie in the catalog with every policy as its fingerprints, so that a file
that moves or changes later does not change what is disposed of.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select

from hushtap.errors import PolicyError, VaultError
from hushtap.pii.policy import load_policy
from hushtap.values import MuteStyle
from hushtap.vault.audit.events import Activity, Kind, Thing
from hushtap.vault.schema import settings

if TYPE_CHECKING:
    from pathlib import Path

    from hushtap.vault.audit.log import Journal
    from hushtap.vault.catalog import RecordingInfo
    from hushtap.vault.database import Database

MOST_DAYS: Final = 36_500
FOREVER: Final = "forever"

_SETTING: Final = "retention"
_KEYS: Final = {"keep_days", "rule"}
_RULE_KEYS: Final = {"queue", "policy", "keep_days"}
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Rule:
    """For which recordings, and how many days; ``days`` is ``None`` for ever.

    ``policy`` is as it was given, ``policies`` the fingerprints that it stands for.
    """

    days: int | None
    queue: str | None = None
    policy: str | None = None
    policies: tuple[str, ...] = ()

    def fits(self, info: RecordingInfo) -> bool:
        """Return whether it is for this recording."""
        return (self.queue is None or info.queue == self.queue) and (
            self.policy is None or info.policy in self.policies
        )


@dataclass(frozen=True, slots=True)
class Retention:
    """The rules in their order. Where none fits a recording, it has no term."""

    rules: tuple[Rule, ...]

    def rule_of(self, info: RecordingInfo) -> Rule | None:
        """Return the first rule that fits."""
        return next((rule for rule in self.rules if rule.fits(info)), None)

    def term_of(self, info: RecordingInfo) -> timedelta | None:
        """Return how long a recording is kept from its beginning; ``None`` without end."""
        rule = self.rule_of(info)
        return None if rule is None or rule.days is None else timedelta(days=rule.days)

    @property
    def shortest(self) -> timedelta | None:
        """The shortest term of all, if there is one."""
        days = [rule.days for rule in self.rules if rule.days is not None]
        return timedelta(days=min(days)) if days else None

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change with whatever changes a term."""
        return hashlib.sha256(self.packed().encode()).hexdigest()[:16]

    def packed(self) -> str:
        """Return it as the catalog has it: JSON."""
        rules = [
            {"days": one.days, "queue": one.queue, "policy": one.policy, "policies": one.policies}
            for one in self.rules
        ]
        return json.dumps(rules, sort_keys=True)

    @staticmethod
    def unpacked(text: str) -> Retention:
        """Read what ``packed`` gave. Raises ``ValueError``, ``TypeError``, ``KeyError``."""
        rules = [Rule(**fields) for fields in json.loads(text)]
        return Retention(tuple(replace(rule, policies=tuple(rule.policies)) for rule in rules))


def read_retention(path: Path) -> Retention:
    """Return the rules in the file at ``path``.

    Raises:
        PolicyError: it cannot be read or is wrong. One line: file, key, remedy.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise PolicyError(f"{path}: not valid TOML; begin with configs/retention.toml") from None
    _known(path, found, _KEYS, "")
    tables = found.get("rule", [])
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise PolicyError(f"{path}: rule must be [[rule]] tables")
    rules = [_rule(path, number, table) for number, table in enumerate(tables, 1)]
    if "keep_days" in found:
        rules.append(Rule(_days(path, "", found["keep_days"])))
    if not rules:
        raise PolicyError(f"{path}: says nothing; give keep_days, or a [[rule]]")
    return Retention(tuple(rules))


def _rule(path: Path, number: int, table: dict[str, Any]) -> Rule:
    where = f"rule {number}: "
    _known(path, table, _RULE_KEYS, where)
    queue, policy = table.get("queue"), table.get("policy")
    for name, value in (("queue", queue), ("policy", policy)):
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise PolicyError(f"{path}: {where}{name} must be text")
    if queue is None and policy is None:
        raise PolicyError(f"{path}: {where}name a queue or a policy, or put keep_days on top")
    if "keep_days" not in table:
        raise PolicyError(f"{path}: {where}keep_days is missing")
    return Rule(_days(path, where, table["keep_days"]), queue, policy, _fingerprints(policy))


def _fingerprints(policy: str | None) -> tuple[str, ...]:
    """Return what a policy is called in the catalog, whatever stands in place of muted audio."""
    if policy is None:
        return ()
    if _FINGERPRINT.fullmatch(policy):
        return (policy,)
    chosen = load_policy(policy)
    styles = {replace(chosen, style=style).fingerprint for style in MuteStyle}
    return tuple(sorted(styles))


def _days(path: Path, where: str, value: object) -> int | None:
    if value == FOREVER:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_DAYS:
        raise PolicyError(
            f'{path}: {where}keep_days must be a whole number from 1 to {MOST_DAYS}, or "{FOREVER}"'
        )
    return value


def _known(path: Path, table: dict[str, Any], keys: set[str], where: str) -> None:
    for key in table:
        if key not in keys:
            raise PolicyError(
                f"{path}: {where}unknown key {key!r}; keys are {', '.join(sorted(keys))}"
            )


class RetentionSetting:
    """The rules that a vault goes by.

    Raises:
        VaultError: from every method, where catalog or audit log cannot be used.
    """

    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    def get(self) -> Retention | None:
        """Return the rules; ``None`` where none were ever set, and nothing has a term."""
        query = select(settings.c.value).where(settings.c.name == _SETTING)
        with self._database.reading() as connection:
            text = connection.scalar(query)
        if text is None:
            return None
        try:
            return Retention.unpacked(text)
        except (ValueError, TypeError, KeyError):
            raise VaultError(
                f"{self._database.name}: the rules of retention are damaged; set them again"
            ) from None

    def set(self, retention: Retention) -> None:
        """Let the vault go by ``retention`` from now on, once that is on record."""
        thing = Thing(Kind.POLICY, retention.fingerprint)
        values = {"name": _SETTING, "value": retention.packed()}
        with (
            self._journal.act(Activity.POLICY_CHANGE, thing),
            self._database.writing() as connection,
        ):
            connection.execute(delete(settings).where(settings.c.name == _SETTING))
            connection.execute(insert(settings).values(values))
