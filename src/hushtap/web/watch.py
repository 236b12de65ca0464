"""Who listened to what from where, and what of that is out of the ordinary.

What is odd is no crime: it is shown to the privacy officer, who looks into it. Every
rule looks at one account; an alert that is not settled is counted up, not repeated.
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, func, insert, select, update

from hushtap.errors import UsageError
from hushtap.web.rules import AlertRules
from hushtap.web.store import Store
from hushtap.web.tables import accesses, alerts

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement

    from hushtap.vault.recordings import RecordingInfo
    from hushtap.web.database import DeskDatabase
    from hushtap.web.sessions import Session

HABIT: Final = 20
"""Listenings after which an account has a habit, that a new queue is no part of."""
TRIES: Final = 8
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_SATURDAY: Final = 5


class Access(StrEnum):
    """What an account did."""

    LISTEN = "listen"
    ENTER = "enter"
    REFUSED = "refused"
    """It asked for a call out of its reach."""


class Rule(StrEnum):
    """What is out of the ordinary."""

    BULK = "bulk"
    HOURS = "hours"
    PLACE = "place"
    QUEUE = "queue"
    REFUSED = "refused"


MEANINGS: Final = {
    Rule.BULK: "Opened very many calls within an hour",
    Rule.HOURS: "Listened at an odd hour",
    Rule.PLACE: "Signed in, or used a token, from a new network",
    Rule.QUEUE: "Listened to a queue that it never listens to",
    Rule.REFUSED: "Asked for calls that are not in its reach",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """What one account did; ``amount`` times since ``made`` (seconds since 1970)."""

    id: int
    rule: Rule
    account: str
    address: str
    amount: int
    made: float
    settled_by: str | None
    settled: float | None
    tries: int

    @property
    def meaning(self) -> str:
        """What the rule says, in words."""
        return MEANINGS[self.rule]


class Watch(Store):
    """The accesses and alerts of a desk, under ``rules``."""

    def __init__(
        self,
        database: DeskDatabase,
        rules: AlertRules | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(database, clock=clock)
        self._rules = rules or AlertRules()

    def entered(self, account: str, address: str) -> None:
        """Note that somebody signed in, or came with a token."""
        now, since = self._clock(), self._clock() - self._rules.places_days * _DAY
        with self._database.writing() as connection:
            connection.execute(delete(accesses).where(accesses.c.made < since))
            here = (accesses.c.account == account, accesses.c.kind == Access.ENTER)
            known = {
                network(one) for one in connection.scalars(select(accesses.c.address).where(*here))
            }
            self._add(connection, Access.ENTER, account, address)
            if known and network(address) not in known:
                self._alert(connection, Rule.PLACE, account, address, now)

    def reached(self, account: str, address: str) -> None:
        """Note that a token of somebody is used, where that is from a new place."""
        here = (accesses.c.account == account, accesses.c.kind == Access.ENTER)
        with self._database.reading() as connection:
            known = connection.scalars(select(accesses.c.address).where(*here)).all()
        if network(address) not in map(network, known):
            self.entered(account, address)

    def listened(self, session: Session, info: RecordingInfo) -> None:
        """Note that somebody begins to listen to a call."""
        account, address, now = session.account.name, session.address, self._clock()
        queue = info.queue or ""
        heard = (accesses.c.account == account, accesses.c.kind == Access.LISTEN)
        with self._database.writing() as connection:
            before = _count(connection, *heard)
            same = _count(connection, *heard, accesses.c.queue == queue)
            self._add(connection, Access.LISTEN, account, address, recording=info.id, queue=queue)
            if before >= HABIT and not same:
                self._alert(connection, Rule.QUEUE, account, address, now)
            if self._odd(now):
                self._alert(connection, Rule.HOURS, account, address, now)
            calls = select(func.count(func.distinct(accesses.c.recording))).where(
                *heard, accesses.c.made > now - _HOUR
            )
            if (connection.scalar(calls) or 0) >= self._rules.recordings:
                self._alert(connection, Rule.BULK, account, address, now)

    def refused(self, session: Session, recording: str) -> None:
        """Note that somebody asked for a call that is not in their reach."""
        account, address, now = session.account.name, session.address, self._clock()
        with self._database.writing() as connection:
            self._add(connection, Access.REFUSED, account, address, recording=recording)
            here = (accesses.c.account == account, accesses.c.kind == Access.REFUSED)
            if _count(connection, *here, accesses.c.made > now - _HOUR) >= self._rules.refused:
                self._alert(connection, Rule.REFUSED, account, address, now)

    def alerts(self, *, most: int = 200) -> list[Alert]:
        """Return the alerts, those that are not settled first, the newest first."""
        query = select(alerts).order_by(alerts.c.settled.is_not(None), alerts.c.id.desc())
        with self._database.reading() as connection:
            return [_alert(row) for row in connection.execute(query.limit(most))]

    def unsettled(self) -> int:
        """Return how many alerts nobody has looked into."""
        with self._database.reading() as connection:
            query = select(func.count()).where(alerts.c.settled.is_(None))
            return int(connection.scalar(query) or 0)

    def get(self, alert: int) -> Alert:
        """Return one alert. Raises ``UsageError``: there is none."""
        with self._database.reading() as connection:
            row = connection.execute(select(alerts).where(alerts.c.id == alert)).one_or_none()
        if row is None:
            raise UsageError("there is no such alert")
        return _alert(row)

    def settle(self, alert: int, account: str) -> None:
        """Note who looked into an alert; the first who did."""
        values = {"settled_by": account, "settled": self._clock()}
        with self._database.writing() as connection:
            here = (alerts.c.id == alert, alerts.c.settled.is_(None))
            connection.execute(update(alerts).where(*here).values(values))

    def due(self) -> list[Alert]:
        """Return the alerts that are to be sent now, the oldest first."""
        now = self._clock()
        here = (alerts.c.delivered.is_(None), alerts.c.tries < TRIES, alerts.c.due <= now)
        with self._database.reading() as connection:
            rows = connection.execute(select(alerts).where(*here).order_by(alerts.c.id).limit(50))
            return [_alert(row) for row in rows]

    def tried(self, alert: Alert, *, delivered: bool) -> None:
        """Note whether an alert was sent; where not, it is due again, each time later."""
        now, tries = self._clock(), alert.tries + 1
        values: dict[str, float] = {"tries": tries, "due": now + 15 * 3**tries}
        if delivered:
            values["delivered"] = now
        with self._database.writing() as connection:
            connection.execute(update(alerts).where(alerts.c.id == alert.id).values(values))

    def _odd(self, now: float) -> bool:
        rules = self._rules
        local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(rules.zone))
        weekend = local.weekday() >= _SATURDAY and not rules.weekends
        return weekend or not rules.begin <= local.hour < rules.end

    def _add(
        self,
        connection: Connection,
        kind: Access,
        account: str,
        address: str,
        *,
        recording: str = "",
        queue: str = "",
    ) -> None:
        row = {
            "kind": kind,
            "account": account,
            "recording": recording,
            "queue": queue,
            "address": address,
            "made": self._clock(),
        }
        connection.execute(insert(accesses).values(row))

    def _alert(
        self, connection: Connection, rule: Rule, account: str, address: str, now: float
    ) -> None:
        same = (
            alerts.c.rule == rule,
            alerts.c.account == account,
            alerts.c.settled.is_(None),
            alerts.c.made > now - _DAY,
        )
        counted = update(alerts).where(*same).values(amount=alerts.c.amount + 1)
        if connection.execute(counted).rowcount:
            return
        row = {"rule": rule, "account": account, "address": address, "amount": 1, "made": now}
        connection.execute(insert(alerts).values(row | {"tries": 0, "due": now}))


def network(address: str) -> str:
    """Return the /24 or /64 that an address is in; what is none stands for itself."""
    plain = address.removeprefix("ipv6/").partition("%")[0]
    try:
        version = ipaddress.ip_address(plain).version
    except ValueError:
        return address
    prefix = 24 if version == 4 else 64  # noqa: PLR2004 - of IP
    return str(ipaddress.ip_network(f"{plain}/{prefix}", strict=False))


def _count(connection: Connection, *where: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(accesses).where(*where)) or 0)


def _alert(row: Any) -> Alert:  # noqa: ANN401 - a row
    return Alert(
        id=row.id,
        rule=Rule(row.rule),
        account=row.account,
        address=row.address,
        amount=row.amount,
        made=row.made,
        settled_by=row.settled_by,
        settled=row.settled,
        tries=row.tries,
    )
