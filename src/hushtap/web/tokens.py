"""Tokens of the API: each of one account, with some of its rights, until a day.

A token is random (256 bits), shown once, and stored as a hash.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, insert, select, update

from hushtap.errors import UsageError
from hushtap.vault.details import looks_sensitive
from hushtap.web.accounts import account_of
from hushtap.web.credentials import digest
from hushtap.web.roles import Permission, may
from hushtap.web.store import Store
from hushtap.web.tables import accounts, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hushtap.web.accounts import Account
    from hushtap.web.roles import Role

PREFIX: Final = "hushtap_"
"""Secret scanners find a token by it."""
MOST: Final = 20
LONGEST_DAYS: Final = 366
SCOPES: Final = (
    Permission.CALLS_LIST,
    Permission.CALLS_LISTEN,
    Permission.CALLS_FLAG,
)
"""What a token can carry at most."""
_DAY: Final = 24 * 3600
_USED_EVERY: Final = 60


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret; times in seconds since 1970."""

    id: str
    account: str
    label: str
    scopes: frozenset[Permission]
    made: float
    expires: float
    used: float | None


class Tokens(Store):
    """The tokens of a desk."""

    def make(self, account: Account, label: str, scopes: Iterable[Permission], days: int) -> str:
        """Make a token and return it; it cannot be shown again.

        Raises:
            UsageError: the label or the days are none, there are no scopes or one that the
                role lacks, or there are too many tokens.
        """
        label, wanted = " ".join(label.split()), sorted(set(scopes))
        if not 0 < len(label) <= 40 or not label.isprintable() or looks_sensitive(label):  # noqa: PLR2004
            raise UsageError("give the token a name of 1 to 40 letters")
        if not 1 <= days <= LONGEST_DAYS:
            raise UsageError(f"a token is good for 1 to {LONGEST_DAYS} days")
        if not wanted or not set(wanted) <= set(scopes_of(account.role)):
            raise UsageError("choose one or more of the rights that the account has")
        text, now = PREFIX + secrets.token_urlsafe(32), self._clock()
        row = {
            "id": secrets.token_hex(4),
            "digest": _digest(text),
            "account": account.name,
            "label": label,
            "scopes": wanted,
            "made": now,
            "expires": now + days * _DAY,
        }
        with self._database.writing() as connection:
            connection.execute(delete(tokens).where(tokens.c.expires < now))
            mine = select(func.count()).where(tokens.c.account == account.name)
            if (connection.scalar(mine) or 0) >= MOST:
                raise UsageError(f"{MOST} tokens are there already: revoke one")
            connection.execute(insert(tokens).values(row))
        return text

    def find(self, text: str) -> tuple[Token, Account] | None:
        """Return a token that is good now, and its account."""
        now = self._clock()
        names = ("id", "label", "scopes", "made", "expires", "used")
        query = (
            select(*(tokens.c[name].label(f"token_{name}") for name in names), accounts)
            .join(accounts, accounts.c.name == tokens.c.account)
            .where(tokens.c.digest == _digest(text), tokens.c.expires >= now)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None or row.disabled or row.locked_until > now:
            return None
        if row.token_used is None or now - row.token_used > _USED_EVERY:
            with self._database.writing() as connection:
                this = update(tokens).where(tokens.c.id == row.token_id)
                connection.execute(this.values(used=now))
        account = account_of(row)
        # What the role has lost since is lost for its tokens.
        scopes = frozenset(Permission(one) for one in row.token_scopes)
        token = Token(
            id=row.token_id,
            account=account.name,
            label=row.token_label,
            scopes=scopes & set(scopes_of(account.role)),
            made=row.token_made,
            expires=row.token_expires,
            used=row.token_used,
        )
        return token, account

    def of(self, account: str) -> list[Token]:
        """Return the tokens of an account that are good still, the oldest first."""
        query = (
            select(tokens)
            .where(tokens.c.account == account, tokens.c.expires >= self._clock())
            .order_by(tokens.c.made)
        )
        with self._database.reading() as connection:
            return [
                Token(
                    id=row.id,
                    account=account,
                    label=row.label,
                    scopes=frozenset(Permission(one) for one in row.scopes),
                    made=row.made,
                    expires=row.expires,
                    used=row.used,
                )
                for row in connection.execute(query)
            ]

    def drop(self, account: str, token: str) -> None:
        """Revoke one of an account."""
        here = (tokens.c.account == account, tokens.c.id == token)
        with self._database.writing() as connection:
            connection.execute(delete(tokens).where(*here))


def scopes_of(role: Role) -> list[Permission]:
    """Return what a token of ``role`` can carry."""
    return [one for one in SCOPES if may(role, one)]


def _digest(text: str) -> str:
    return digest(f"token|{text.encode().hex()}")
