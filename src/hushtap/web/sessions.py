"""Sessions: kept on the server, named by a random token that only the browser has."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import delete, insert, select, update

from hushtap.web.accounts import Account, account_of
from hushtap.web.credentials import digest, form_token
from hushtap.web.roles import Permission
from hushtap.web.store import Store
from hushtap.web.tables import accounts, sessions

_SEEN_EVERY = 20
"""Seconds between two notes that a session is used: not each piece of audio writes."""


class Stage(StrEnum):
    """How far a sign-in got."""

    PASSWORD = "password"  # noqa: S105 - a stage
    """The password was right; a code is due."""
    SETUP = "setup"
    """The password was right; a new one, or the first second factor, is due."""
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in, since when and from where; ``form`` is what its forms must carry."""

    id: str
    stage: Stage
    account: Account
    created: float
    seen: float
    address: str
    browser: str
    form: str = field(default="", repr=False)
    token: str | None = None
    """The name of the API token in whose place it stands; ``scopes`` is what that may do."""
    scopes: frozenset[Permission] = frozenset()


class Sessions(Store):
    """The sessions of a desk."""

    def begin(
        self, account: str, stage: Stage, address: str, browser: str, *, instead: str | None = None
    ) -> str:
        """Begin a session and return its token; the one ``instead`` of which it is, ends."""
        token, now = secrets.token_urlsafe(32), self._clock()
        row = {
            "id": digest_of(token),
            "account": account,
            "stage": stage,
            "created": now,
            "seen": now,
            "address": address[:64],
            "browser": _browser(browser),
        }
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.created < now - self._longest))
            if instead is not None:
                connection.execute(delete(sessions).where(sessions.c.id == digest_of(instead)))
            connection.execute(insert(sessions).values(row))
        return token

    def find(self, token: str) -> Session | None:
        """Return the session of ``token``, if it is good still; it was used now then."""
        now = self._clock()
        with self._database.reading() as connection:
            query = (
                select(
                    *(sessions.c[name] for name in ("id", "stage", "seen", "address", "browser")),
                    sessions.c.created.label("begun"),
                    accounts,
                )
                .join(accounts, accounts.c.name == sessions.c.account)
                .where(sessions.c.id == digest_of(token))
            )
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        stage, begun = Stage(row.stage), row.begun
        settings = self._settings
        if stage is not Stage.FULL:
            ended = now - begun > settings.half
        else:
            ended = now - row.seen > settings.idle or now - begun > settings.longest
        if ended or row.disabled or row.locked_until > now:
            self.end(row.id)
            return None
        if now - row.seen > _SEEN_EVERY:
            with self._database.writing() as connection:
                this = update(sessions).where(sessions.c.id == row.id)
                connection.execute(this.values(seen=now))
        return Session(
            id=row.id,
            stage=stage,
            account=account_of(row),
            created=begun,
            seen=row.seen,
            address=row.address,
            browser=row.browser,
            form=form_token(token),
        )

    def of(self, account: str) -> list[tuple[str, float, float, str, str]]:
        """Return (id, created, seen, address, browser) of each session of ``account`` in use."""
        now = self._clock()
        query = (
            select(sessions)
            .where(
                sessions.c.account == account,
                sessions.c.stage == Stage.FULL,
                sessions.c.seen >= now - self._settings.idle,
                sessions.c.created >= now - self._settings.longest,
            )
            .order_by(sessions.c.seen.desc())
        )
        with self._database.reading() as connection:
            return [
                (row.id, row.created, row.seen, row.address, row.browser)
                for row in connection.execute(query)
            ]

    def end(self, session_id: str, *, account: str | None = None) -> bool:
        """End a session, only of ``account`` where one is given; return whether there was one."""
        this = delete(sessions).where(sessions.c.id == session_id)
        if account is not None:
            this = this.where(sessions.c.account == account)
        with self._database.writing() as connection:
            return bool(connection.execute(this).rowcount)

    def end_others(self, account: str, session_id: str) -> int:
        """End every session of ``account`` but one; return how many."""
        others = (sessions.c.account == account, sessions.c.id != session_id)
        with self._database.writing() as connection:
            return connection.execute(delete(sessions).where(*others)).rowcount

    @property
    def _longest(self) -> int:
        return self._settings.longest


def digest_of(token: str) -> str:
    """Return what is stored of a session's token."""
    return digest(f"session|{token.encode().hex()}")


def _browser(text: str) -> str:
    """Return the browser's family of a User-Agent; the rest tells more than is needed."""
    for mark, name in (
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ):
        if mark in text:
            return name
    return "other"
