"""The people of the desk: who they are, and whether somebody is the one they say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, delete, insert, select, update

from hushtap.errors import UsageError
from hushtap.vault.details import looks_sensitive
from hushtap.web import credentials
from hushtap.web.errors import SignInError
from hushtap.web.roles import Reach, Role, reach
from hushtap.web.store import Store
from hushtap.web.tables import accounts, identities, passkeys, recovery, sessions, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
WRONG: Final = "That name, password or code is not right, or the account is locked."
"""One answer for all of it: nobody learns which names there are."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person. ``queues`` and ``agents`` say whose calls are in reach, as the role takes them."""

    name: str
    role: Role
    queues: tuple[str, ...]
    agents: tuple[str, ...]
    temporary: bool
    """The password was given by somebody else and is to be changed."""
    has_totp: bool
    locked_until: float
    disabled: bool
    created: float


class Accounts(Store):
    """The accounts of a desk."""

    def _made(self) -> None:
        self._passwords = credentials.Passwords(self._settings)

    def add(
        self,
        name: str,
        role: Role,
        *,
        queues: Iterable[str] = (),
        agents: Iterable[str] = (),
        password: str | None = None,
    ) -> str:
        """Make an account; return its first password, to be changed at the first sign-in.

        One that is given as ``password`` is its owner's and stays.

        Raises:
            UsageError: the name is taken or no name, or the role reaches nothing so.
        """
        queues, agents = sorted(set(queues)), sorted(set(agents))
        self.check_new(name, role, queues=queues, agents=agents)
        temporary = password is None
        password = password or credentials.new_password()
        row = {
            "name": name,
            "role": role,
            "queues": queues,
            "agents": agents,
            "password": self._passwords.hash(password),
            "temporary": temporary,
            "totp": None,
            "totp_step": 0,
            "failures": 0,
            "locked_until": 0.0,
            "disabled": False,
            "created": self._clock(),
        }
        with self._database.writing() as connection:
            if connection.scalar(select(accounts.c.name).where(accounts.c.name == name)):
                raise _taken(name)
            connection.execute(insert(accounts).values(row))
        return password

    def check_new(
        self, name: str, role: Role, *, queues: Iterable[str] = (), agents: Iterable[str] = ()
    ) -> None:
        """Refuse what ``add`` would refuse, without telling what was typed.

        Raises:
            UsageError: the name is taken or no name, or the role reaches nothing so.
        """
        if not _NAME.fullmatch(name):
            raise UsageError("that is no name: a-z, 0-9 and . _ @ - only, 64 at most")
        told = [name, *queues, *agents]
        if any(looks_sensitive(one) or not one.isprintable() for one in told):
            raise UsageError(
                "a name, queue or agent looks like a card number or an SSN, or is none"
            )
        wants = {Reach.QUEUES: ("queue", queues), Reach.TEAM: ("agent", agents)}.get(reach(role))
        if wants and not wants[1]:
            raise UsageError(f"a {role} sees the calls of some: give --{wants[0]}")
        with self._database.reading() as connection:
            if connection.scalar(select(accounts.c.name).where(accounts.c.name == name)):
                raise _taken(name)

    def list(self) -> list[Account]:
        """Return all accounts by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.name))
            return [account_of(row) for row in rows]

    def get(self, name: str) -> Account:
        """Return one account. Raises ``UsageError``: there is none."""
        return account_of(self._row(name))

    def disable(self, name: str, *, disabled: bool = True) -> None:
        """Let nobody in by an account any more, from this moment. Raises ``UsageError``."""
        self._row(name)
        with self._database.writing() as connection:
            this = update(accounts).where(accounts.c.name == name)
            connection.execute(this.values(disabled=disabled))
            connection.execute(delete(sessions).where(sessions.c.account == name))

    def reset(self, name: str) -> str:
        """Give an account a new first password; unlock it; end its sessions.

        Its second factor, passkeys and tokens are gone.

        Raises:
            UsageError: there is none, or its owner signs in at a provider.
        """
        self._row(name)
        with self._database.reading() as connection:
            if connection.scalar(select(identities.c.subject).where(identities.c.account == name)):
                raise UsageError(f"{name} signs in at a provider: it is reset there")
        password = credentials.new_password()
        values = {
            "password": self._passwords.hash(password),
            "temporary": True,
            "totp": None,
            "failures": 0,
            "locked_until": 0.0,
        }
        with self._database.writing() as connection:
            connection.execute(update(accounts).where(accounts.c.name == name).values(values))
            for table in (recovery, passkeys, tokens, sessions):
                connection.execute(delete(table).where(table.c.account == name))
        return password

    def check_password(self, name: str, password: str) -> Account:
        """Return the account that ``password`` is of. Raises ``SignInError``."""
        with self._database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        usable = row is not None and self._usable(row)
        fits = self._passwords.fits(row.password if row is not None else None, password)
        if row is None or not usable or not fits:
            if row is not None and usable:
                self._failed(name)
            raise SignInError(WRONG)
        return account_of(row)

    def admit(self, name: str) -> Account:
        """Return an account that somebody may enter now, who they are being known otherwise.

        Raises:
            SignInError: it is locked or disabled, or has a first password still.
        """
        with self._database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        if row is None or not self._usable(row) or row.temporary:
            raise SignInError(WRONG)
        return account_of(row)

    def check_code(self, name: str, code: str) -> None:
        """Take a time-based or a recovery code, each once. Raises ``SignInError``."""
        row = self._row(name)
        if not self._usable(row) or not self._take(row, "".join(code.split())):
            self._failed(name)
            raise SignInError(WRONG)
        with self._database.writing() as connection:
            done = update(accounts).where(accounts.c.name == name)
            connection.execute(done.values(failures=0, locked_until=0.0))

    def change_password(self, name: str, password: str) -> None:
        """Set a password that its owner chose. Raises ``UsageError``: weak, or the old one."""
        credentials.check_new_password(password, name, self._settings)
        if self._passwords.fits(self._row(name).password, password):
            raise UsageError("this is the old password: give another")
        hashed = self._passwords.hash(password)
        with self._database.writing() as connection:
            this = update(accounts).where(accounts.c.name == name)
            connection.execute(this.values(password=hashed, temporary=False))

    def enrol(self, name: str, secret: str, code: str) -> tuple[str, ...]:
        """Take ``secret`` for the second factor once ``code`` proves it; return recovery codes.

        Raises:
            SignInError: the code is not of the secret.
        """
        step = credentials.totp_step(secret, "".join(code.split()), self._clock(), 0)
        if step is None:
            raise SignInError("That code is not right: look at the clock of the phone, try again.")
        codes = credentials.new_recovery_codes()
        with self._database.writing() as connection:
            this = update(accounts).where(accounts.c.name == name)
            connection.execute(this.values(totp=self._database.seal(secret), totp_step=step))
            connection.execute(delete(recovery).where(recovery.c.account == name))
            rows = [{"account": name, "code": credentials.digest(code)} for code in codes]
            connection.execute(insert(recovery), rows)
        return tuple(codes)

    def recovery_codes_left(self, name: str) -> int:
        """Return how many recovery codes were not used yet."""
        with self._database.reading() as connection:
            query = select(recovery.c.code).where(recovery.c.account == name)
            return len(connection.execute(query).all())

    def _take(self, row: Row[Any], code: str) -> bool:
        if row.totp is None:
            return False
        secret = self._database.unseal(row.totp)
        step = credentials.totp_step(secret, code, self._clock(), row.totp_step)
        with self._database.writing() as connection:
            if step is not None:
                # Of two requests with the same code, one finds it taken.
                this = (accounts.c.name == row.name, accounts.c.totp_step < step)
                taken = update(accounts).where(*this).values(totp_step=step)
                return bool(connection.execute(taken).rowcount)
            that = (recovery.c.account == row.name, recovery.c.code == credentials.digest(code))
            return bool(connection.execute(delete(recovery).where(*that)).rowcount)

    def _failed(self, name: str) -> None:
        with self._database.writing() as connection:
            this = accounts.c.name == name
            failures = (connection.scalar(select(accounts.c.failures).where(this)) or 0) + 1
            values: dict[str, float] = {"failures": failures}
            if failures >= self._settings.tries:
                values = {"failures": 0, "locked_until": self._clock() + self._settings.locked}
                connection.execute(delete(sessions).where(sessions.c.account == name))
            connection.execute(update(accounts).where(this).values(values))

    def _usable(self, row: Row[Any]) -> bool:
        return not row.disabled and row.locked_until <= self._clock()

    def _row(self, name: str) -> Row[Any]:
        with self._database.reading() as connection:
            row = connection.execute(select(accounts).where(accounts.c.name == name)).one_or_none()
        if row is None:
            raise UsageError("there is no such account; list them")
        return row


def _taken(name: str) -> UsageError:
    return UsageError(f"there is an account {name} already; reset it or choose another")


def account_of(row: Row[*tuple[Any, ...]]) -> Account:
    """Return the account in a row of the database."""
    return Account(
        name=row.name,
        role=Role(row.role),
        queues=tuple(row.queues),
        agents=tuple(row.agents),
        temporary=row.temporary,
        has_totp=row.totp is not None,
        locked_until=row.locked_until,
        disabled=row.disabled,
        created=row.created,
    )
