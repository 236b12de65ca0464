"""Access reviews: whether each account is still needed as it is, said by an administrator."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, insert, select

from hushtap.web.accounts import account_of
from hushtap.web.store import Store
from hushtap.web.tables import access_reviews, accesses, accounts, passkeys, tokens
from hushtap.web.watch import Access

if TYPE_CHECKING:
    from hushtap.web.accounts import Account

TERM: Final = 180 * 24 * 3600
"""Seconds for which a review counts: PCI DSS 7.2.4 asks for one every six months."""


class Decision(StrEnum):
    """What came of a review."""

    CONFIRM = "confirm"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Standing:
    """An account and what is known of its use; times in seconds since 1970, or ``None``.

    ``last`` is when it last signed in, or came with a token from a new place; ``reviewed``
    when somebody said that it is needed as it is. ``due`` where that was too long ago, or
    of another role.
    """

    account: Account
    last: float | None
    tokens: int
    passkeys: int
    reviewed: float | None
    reviewed_by: str | None
    due: bool

    @property
    def rights(self) -> str:
        """What stands for role and reach in a form: a review is of what was shown."""
        return digest_of(self.account)


class AccessReviews(Store):
    """The access reviews of a desk."""

    def all(self) -> list[Standing]:
        """Return every account that is not disabled, those whose review is due first."""
        now = self._clock()
        entered = accesses.c.kind == Access.ENTER
        made = func.max(access_reviews.c.id)
        newest = select(made).group_by(access_reviews.c.account)
        with self._database.reading() as connection:
            last = select(accesses.c.account, func.max(accesses.c.made)).where(entered)
            found = connection.execute(last.group_by(accesses.c.account))
            used = {row.account: float(row[1]) for row in found}
            counts = [
                {
                    name: int(count)
                    for name, count in connection.execute(
                        select(table.c.account, func.count()).group_by(table.c.account)
                    )
                }
                for table in (tokens, passkeys)
            ]
            query = select(access_reviews).where(access_reviews.c.id.in_(newest))
            said = {row.account: row for row in connection.execute(query)}
            rows = connection.execute(select(accounts).order_by(accounts.c.name)).all()
        standings = []
        for account in map(account_of, rows):
            if account.disabled:
                continue
            review = said.get(account.name)
            due = review is None or now - review.made >= TERM or review.role != rights_of(account)
            standing = Standing(
                account=account,
                last=used.get(account.name),
                tokens=counts[0].get(account.name, 0),
                passkeys=counts[1].get(account.name, 0),
                reviewed=None if review is None else review.made,
                reviewed_by=None if review is None else review.decided_by,
                due=due,
            )
            standings.append(standing)
        return sorted(standings, key=lambda one: (not one.due, one.account.name))

    def decide(self, account: Account, decision: Decision, by: str) -> None:
        """Note what an administrator said of an account."""
        row = {
            "account": account.name,
            "decision": decision,
            "decided_by": by,
            "role": rights_of(account),
            "made": self._clock(),
        }
        with self._database.writing() as connection:
            connection.execute(insert(access_reviews).values(row))


def rights_of(account: Account) -> str:
    """Return role and reach as one text: a review is of both."""
    return "|".join((account.role, *account.queues, "", *account.agents))


def digest_of(account: Account) -> str:
    """Return a digest of role and reach."""
    told = json.dumps([account.role, account.queues, account.agents])
    return hashlib.sha256(told.encode()).hexdigest()
